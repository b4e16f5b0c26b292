// Calls in both directions: Lua -> Swift through one trampoline, Swift -> Lua protected.
#include <string.h>
#include "Bridge.h"

static char traceback_key, passing_key;

void prefix_position(lua_State *L) {
  // A failing getter or operator is called from C frames of this bridge: the line of interest is the first Lua frame.
  lua_Debug frame;
  for (int level = 1; level <= 8 && lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline > 0) {
      lua_pushfstring(L, "%s:%d: ", frame.short_src, frame.currentline);
      lua_insert(L, -2);
      lua_concat(L, 2);
      return;
    }
  }
}

int invoke(lua_State *L, void *context) {
  if (context == NULL) return luaL_error(L, "this function was detached from its host");
  loam_bridge *bridge = bridge_of(L);
  int before = bridge->runs_lua;
  bridge->runs_lua = 0;
  int count = bridge->entry(L, context);
  bridge->runs_lua = before;
  if (count >= 0) return count;
  // The Swift frame is gone: from here on a jump is harmless.
  if (count == LOAM_FAILED_MESSAGE && lua_type(L, -1) == LUA_TSTRING) prefix_position(L);
  return lua_error(L);
}

static int trampoline(lua_State *L) { return invoke(L, lua_touserdata(L, lua_upvalueindex(1))); }

void loam_push_function(lua_State *L, void *context) {
  lua_pushlightuserdata(L, context);
  lua_pushcclosure(L, trampoline, 1);
}

void *loam_function_context(lua_State *L, int index) {
  if (lua_tocfunction(L, index) != trampoline) return NULL;
  if (lua_getupvalue(L, index, 1) == NULL) return NULL;
  void *context = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return context;
}

// Keeps the error value as it is, whatever its type, and stores a traceback beside it. An error that already passed
// through Swift keeps the traceback of the place where it was raised.
static int keep_error(lua_State *L) {
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &passing_key);
  int passing = lua_touserdata(L, 2) != NULL && lua_touserdata(L, 2) == lua_topointer(L, 1);
  lua_settop(L, 1);
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &passing_key);
  if (!passing) {
    luaL_traceback(L, L, NULL, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &traceback_key);
  }
  return 1;
}

int loam_call(lua_State *L, int arguments, int results) {
  int base = lua_gettop(L) - arguments;
  lua_pushcfunction(L, keep_error);
  lua_insert(L, base);
  loam_bridge *bridge = bridge_of(L);
  int before = bridge->runs_lua;
  bridge->runs_lua = 1;
  int status = lua_pcall(L, arguments, results, base);
  bridge->runs_lua = before;
  lua_remove(L, base);
  return status;
}

void loam_push_traceback(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &traceback_key);
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &traceback_key);
}

void loam_keep_traceback(lua_State *L) {
  // Only the address: a script's pcall may catch the error, and then nobody would let go of the value.
  lua_pushlightuserdata(L, (void *)lua_topointer(L, -1));
  lua_rawsetp(L, LUA_REGISTRYINDEX, &passing_key);
  lua_insert(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &traceback_key);
}

// Runs a C function protected on the `arguments` values on top; one error value replaces them when it fails.
static int protect(lua_State *L, lua_CFunction function, int arguments, int results) {
  lua_pushcfunction(L, function);
  lua_insert(L, -arguments - 1);
  return lua_pcall(L, arguments, results, 0);
}

static int text(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

void loam_push_text(lua_State *L, int index) {
  lua_pushvalue(L, index);
  if (protect(L, text, 1, 1) != LUA_OK && lua_type(L, -1) != LUA_TSTRING) {
    const char *kind = luaL_typename(L, -1);
    lua_pop(L, 1);
    lua_pushfstring(L, "(error object is a %s value)", kind);
  }
}

static int get(lua_State *L) {
  lua_gettable(L, 1);
  return 1;
}

int loam_get(lua_State *L, int table) {
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  return protect(L, get, 2, 1);
}

static int set(lua_State *L) {
  lua_settable(L, 1);
  return 0;
}

int loam_set(lua_State *L, int table) {
  lua_pushvalue(L, table);
  lua_insert(L, -3);
  return protect(L, set, 3, 0);
}

static int next(lua_State *L) { return lua_next(L, 1) ? 2 : 0; }

int loam_next(lua_State *L, int table) {
  int top = lua_gettop(L) - 1;
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  if (protect(L, next, 2, LUA_MULTRET) != LUA_OK) lua_settop(L, top);
  return lua_gettop(L) > top;
}

static int length(lua_State *L) {
  lua_pushinteger(L, luaL_len(L, 1));
  return 1;
}

long long loam_length(lua_State *L, int index) {
  lua_pushvalue(L, index);
  long long count = protect(L, length, 1, 1) == LUA_OK ? lua_tointeger(L, -1) : -1;
  lua_pop(L, 1);
  return count;
}

void loam_push_globals(lua_State *L) { lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); }
