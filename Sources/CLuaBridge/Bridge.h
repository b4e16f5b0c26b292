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
} loam_bridge;

static inline loam_bridge *bridge_of(lua_State *L) { return *(loam_bridge **)lua_getextraspace(L); }

/// Runs a declared function on the arguments on the stack and raises its failure.
int invoke(lua_State *L, void *context);

/// Adds "file:line: " of the innermost Lua frame to the string on top.
void prefix_position(lua_State *L);

/// Raises "interrupted" if the flag is up; for long loops in C.
void check_interrupt(lua_State *L);

/// Replace functions of the standard library; each runs unprotected inside open_libraries.
void install_chunks(lua_State *L);
void install_coroutines(lua_State *L);
void install_patterns(lua_State *L);
void install_debug_guard(lua_State *L);

#endif
