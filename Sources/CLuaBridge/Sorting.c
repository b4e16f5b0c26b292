// table.sort without a comparison of the caller's runs no Lua code, so that no hook stops it: on long tables it gets one that looks at the interrupt.
#include "Bridge.h"

// Fewer elements are sorted within a second.
static const lua_Integer LONG_TABLE = 2000000;

static int less(lua_State *L) {
  check_interrupt(L);
  lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
  return 1;
}

static int sort(lua_State *L) {
  if (lua_type(L, 1) == LUA_TTABLE && lua_isnoneornil(L, 2) && luaL_len(L, 1) > LONG_TABLE) {
    lua_settop(L, 1);
    lua_pushcfunction(L, less);
  }
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void install_sorting(lua_State *L) {
  lua_getglobal(L, LUA_TABLIBNAME);
  lua_getfield(L, -1, "sort");
  lua_pushcclosure(L, sort, 1);
  lua_setfield(L, -2, "sort");
  lua_pop(L, 1);
}
