// The border between Swift and Lua. Everything that may raise a Lua error (a longjmp) happens in this target,
// so that no jump ever crosses a Swift frame. Swift calls only
//   - functions of the Lua API that cannot raise, or only for lack of memory (the allocator here never fails: it aborts);
//   - the `loam_` functions below, which call the others protected.
#ifndef LOAM_CLUABRIDGE_H
#define LOAM_CLUABRIDGE_H

#include <stddef.h>
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

// MARK: Calls from Lua into Swift

/// What a Swift entry returns when it failed: the error value is on top of the stack.
enum {
  LOAM_FAILED_MESSAGE = -1, ///< A message of Swift's own: the caller's file and line are put before it.
  LOAM_FAILED_VALUE = -2,   ///< A Lua error passing through: raised again as it is.
};

/// Runs one declared function: returns the number of results pushed, or one of the failures above.
typedef int (*loam_entry)(lua_State *L, void *context);

/// Drops the one reference that a userdata holds.
typedef void (*loam_release)(void *object);

/// Pushes a Lua function that runs `entry(L, context)`; the context must outlive the state.
void loam_push_function(lua_State *L, void *context);

/// The context of a function made by loam_push_function, or NULL for any other value.
void *loam_function_context(lua_State *L, int index);

// MARK: States

typedef struct loam_interrupt loam_interrupt;

/// Makes a state with all standard libraries, text chunks only, interruptible coroutines and patterns, and warnings on
/// standard error. NULL when the state itself cannot be made.
lua_State *loam_state_new(loam_entry entry, loam_release release, loam_interrupt *interrupt);

/// Bytes that the state's Lua code may have from now on; 0: as many as the system gives.
void loam_limit_memory(lua_State *L, size_t bytes);

/// Closes the state; every finaliser runs here.
void loam_state_close(lua_State *L);

// MARK: Protected calls

/// Calls the function below `arguments` values; a handler keeps the error value and stores a traceback. Returns the status.
int loam_call(lua_State *L, int arguments, int results);

/// Pushes the traceback that the last failing loam_call stored (a string or nil) and forgets it.
void loam_push_traceback(lua_State *L);

/// Marks the value on top as an error that passes through Swift, with the traceback below it; pops the traceback only.
void loam_keep_traceback(lua_State *L);

/// Pushes the text that tostring() gives for the value at `index`; never fails (a failing __tostring gives its message).
void loam_push_text(lua_State *L, int index);

/// Replaces the key on top by table[key], metamethods included; returns the status (the error value is on top if not 0).
int loam_get(lua_State *L, int table);

/// table[key] = value with metamethods, for key and value on top; pops both, or leaves one error value and a status.
int loam_set(lua_State *L, int table);

/// One step of a table traversal: replaces the key on top by the next key and its value (returns 1), or pops it (0).
/// A key that has vanished from the table ends the traversal.
int loam_next(lua_State *L, int table);

/// The length operator, metamethods included; -1 when it failed.
long long loam_length(lua_State *L, int index);

/// Global variables, raw access through the registry's globals table.
void loam_push_globals(lua_State *L);

// MARK: Chunks

/// From now on the state loads binary chunks too, by `load` and its kin and from files. A bad one can crash the process.
void loam_allow_binary_chunks(lua_State *L);

/// Loads a text chunk; returns the status, with the function or the message on top.
int loam_load_text(lua_State *L, const char *source, size_t length, const char *chunk_name);

/// Loads a text file (NULL: standard input); a first line starting with # is skipped.
int loam_load_file(lua_State *L, const char *path);

// MARK: Files

/// Is told of a path before Lua's own functions open it; `writes` is 1 when the file may be changed.
typedef void (*loam_file_listener)(const char *path, int writes);

/// From now on the listener is told, in all states; NULL ends that.
void loam_listen_to_files(loam_file_listener listener);

// MARK: Objects

/// Pushes a userdata that owns `object`; the metatable is on top of the stack and is replaced.
void loam_push_object(lua_State *L, void *object);

/// The object of a userdata whose metatable is the one at address `metatable`; NULL for another value. `*released`
/// becomes 1 when the type is right but the object was closed.
void *loam_object(lua_State *L, int index, const void *metatable, int *released);

/// The address of the metatable of a host object at `index`, or NULL for any other value.
const void *loam_object_metatable(lua_State *L, int index);

/// Fills the metatable on top with __gc, __close, __eq (same object), __name, __metatable and the field access:
/// below it lie three tables: methods, getters, setters (name -> light userdata context), which stay there.
/// `get_index`, `set_index` and `missing` are contexts for all other keys, or NULL.
void loam_fill_metatable(lua_State *L, const char *name, void *get_index, void *set_index, void *missing);

// MARK: Interruption

/// A flag that stops Lua code wherever it runs. Never freed: signal handlers may hold it.
loam_interrupt *loam_interrupt_new(void);

/// Raises the flag and arms the hook of the running coroutine; returns how often it was raised since it was cleared.
/// May be called from a signal handler and from any thread.
int loam_interrupt_raise(loam_interrupt *interrupt);
void loam_interrupt_clear(loam_interrupt *interrupt);
int loam_interrupt_is_raised(const loam_interrupt *interrupt);

/// The flag itself, which is not 0 while it is up.
const int *loam_interrupt_flag(const loam_interrupt *interrupt);

/// Says which coroutine runs now; returns the one that ran before. NULL: none.
lua_State *loam_interrupt_enter(loam_interrupt *interrupt, lua_State *L);

/// From now on SIGINT raises `interrupt`. If `repeated_ends_program`, the second one while the first is still pending warns and the
/// third ends the process with status 130. Blocking system calls are not restarted.
void loam_interrupt_handle_sigint(loam_interrupt *interrupt, int repeated_ends_program);

/// Says that the main thread waits in the line editor from now on, or no longer: until it comes back, a raised flag breaks its reading off.
void loam_interrupt_waits_for_line(loam_interrupt *interrupt, int waits);

// MARK: Macros of the C API that Swift does not import

static inline void loam_pop(lua_State *L, int count) { lua_settop(L, -count - 1); }
static inline int loam_registry_index(void) { return LUA_REGISTRYINDEX; }
static inline int loam_collect(lua_State *L) { return lua_gc(L, LUA_GCCOLLECT); }
static inline long long loam_lua_kilobytes(lua_State *L) { return lua_gc(L, LUA_GCCOUNT); }
static inline lua_State *loam_main_thread(lua_State *L) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State *main = lua_tothread(L, -1);
  lua_settop(L, -2);
  return main;
}

#endif
