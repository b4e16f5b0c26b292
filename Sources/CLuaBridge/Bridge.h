// What the files of this target share; not visible to Swift.
#ifndef LOAM_BRIDGE_H
#define LOAM_BRIDGE_H

#include "CLuaBridge.h"

/// One per state, reached from every coroutine through Lua's extra space.
typedef struct loam_bridge {
  loam_entry entry;
  loam_release release;
  loam_interrupt *interrupt;
  int warnings;
  int allows_binary; // chunks
  int runs_lua;      // whether an error can be raised: Lua code runs, called protected, and no Swift frame is above it
  size_t used;       // bytes that Lua has
  size_t limit;      // bytes that it may have; 0: no limit
} loam_bridge;

static inline loam_bridge *bridge_of(lua_State *L) { return *(loam_bridge **)lua_getextraspace(L); }

/// Runs a declared function on the arguments on the stack and raises its failure.
int invoke(lua_State *L, void *context);

/// Adds "file:line: " of the innermost Lua frame to the string on top.
void prefix_position(lua_State *L);

/// Raises "interrupted" if the flag is up; for long loops in C.
void check_interrupt(lua_State *L);

/// Tells who listens that a file is about to be opened; NULL is no file.
void tell_file(const char *path, int writes);

/// Replace functions of the standard library; each runs unprotected inside open_libraries.
void install_chunks(lua_State *L);
void install_files(lua_State *L);
void install_programs(lua_State *L);
void install_coroutines(lua_State *L);
void install_patterns(lua_State *L);
void install_sorting(lua_State *L);
void install_debug_guard(lua_State *L);

#endif
