// coroutine.resume, wrap and close, which tell the interrupt which coroutine runs. A hook belongs to one coroutine, and
// Debian's Lua has no compile-time hook that would name them all; knowing the running one is enough: whoever becomes
// running while the flag is up is armed at that moment.
#include "Bridge.h"

static lua_State *coroutine_at(lua_State *L, int index) {
  lua_State *co = lua_tothread(L, index);
  luaL_argexpected(L, co != NULL, index, "coroutine");
  return co;
}

// Moves `count` arguments over, resumes, and moves the results back; -1 with a message on top when it failed.
static int resume_on(lua_State *L, lua_State *co, int count) {
  if (!lua_checkstack(co, count)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  loam_interrupt *interrupt = bridge_of(L)->interrupt;
  lua_xmove(L, co, count);
  int results = 0;
  lua_State *previous = loam_interrupt_enter(interrupt, co);
  int status = lua_resume(co, L, count, &results);
  loam_interrupt_enter(interrupt, previous);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, results);
  return results;
}

// Runs the pending to-be-closed variables of a coroutine; its status and error value are then on its own stack.
static int reset(lua_State *L, lua_State *co) {
  loam_interrupt *interrupt = bridge_of(L)->interrupt;
  lua_State *previous = loam_interrupt_enter(interrupt, co);
  int status = lua_resetthread(co);
  loam_interrupt_enter(interrupt, previous);
  return status;
}

static int resume(lua_State *L) {
  lua_State *co = coroutine_at(L, 1);
  int results = resume_on(L, co, lua_gettop(L) - 1);
  int failed = results < 0;
  if (failed) results = 1;
  lua_pushboolean(L, !failed);
  lua_insert(L, -results - 1);
  return results + 1;
}

static int call_wrapped(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  int results = resume_on(L, co, lua_gettop(L));
  if (results >= 0) return results;
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) { // it died by an error: close its variables, which may replace the error
    status = reset(L, co);
    lua_xmove(co, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushcclosure(L, call_wrapped, 1);
  return 1;
}

static const char *state_of(lua_State *L, lua_State *co) {
  if (L == co) return "running";
  int status = lua_status(co);
  if (status == LUA_YIELD) return "suspended";
  if (status != LUA_OK) return "dead";
  lua_Debug frame;
  if (lua_getstack(co, 0, &frame)) return "normal";
  return lua_gettop(co) == 0 ? "dead" : "suspended";
}

static int close_coroutine(lua_State *L) {
  lua_State *co = coroutine_at(L, 1);
  const char *state = state_of(L, co);
  if (state[0] != 'd' && state[0] != 's') return luaL_error(L, "cannot close a %s coroutine", state);
  if (reset(L, co) == LUA_OK) {
    lua_pushboolean(L, 1);
    return 1;
  }
  lua_pushboolean(L, 0);
  lua_xmove(co, L, 1);
  return 2;
}

void install_coroutines(lua_State *L) {
  static const luaL_Reg functions[] = {{"resume", resume}, {"wrap", wrap}, {"close", close_coroutine}, {NULL, NULL}};
  lua_getglobal(L, LUA_COLIBNAME);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
