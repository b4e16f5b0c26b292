// Functions of the standard library that open files tell a listener of each before they do, so that a stored result can be checked against
// what it was made from.
#include <string.h>
#include "Bridge.h"

static loam_file_listener listener;

void loam_listen_to_files(loam_file_listener heard) { listener = heard; }

void tell_file(const char *path, int writes) {
  if (listener != NULL && path != NULL) listener(path, writes);
}

// The function that stood here before, in upvalue `index`, as if it had been called itself: its messages name it as they always did.
static int pass_on(lua_State *L, int index) { return lua_tocfunction(L, lua_upvalueindex(index))(L); }

static const char *text_at(lua_State *L, int index) { return lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : NULL; }

static int open_file(lua_State *L) {
  const char *mode = text_at(L, 2);
  int writes = mode != NULL && strpbrk(mode, "wa+") != NULL;
  if (!writes || strchr(mode, 'w') == NULL) tell_file(text_at(L, 1), 0);
  if (writes) tell_file(text_at(L, 1), 1);
  return pass_on(L, 1);
}

static int read_file(lua_State *L) {
  tell_file(text_at(L, 1), 0);
  return pass_on(L, 1);
}

static int write_file(lua_State *L) {
  tell_file(text_at(L, 1), 1);
  return pass_on(L, 1);
}

// A module that is loaded already is used all the same: its file is looked for once more. Upvalue 1 is the package table.
static int require_module(lua_State *L) {
  if (listener != NULL && lua_type(L, 1) == LUA_TSTRING) {
    int top = lua_gettop(L);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    int is_made_here = lua_istable(L, -1) && lua_getfield(L, -1, lua_tostring(L, 1)) != LUA_TNIL;
    lua_settop(L, top);
    if (!is_made_here && lua_getfield(L, lua_upvalueindex(1), "searchpath") == LUA_TFUNCTION
        && (lua_pushvalue(L, 1), lua_getfield(L, lua_upvalueindex(1), "path")) == LUA_TSTRING && lua_pcall(L, 2, 1, 0) == LUA_OK)
      tell_file(text_at(L, -1), 0);
    lua_settop(L, top);
  }
  return pass_on(L, 2);
}

void install_files(lua_State *L) {
  static const luaL_Reg functions[] = {{"open", open_file}, {"lines", read_file}, {"input", read_file}, {"output", write_file}, {NULL, NULL}};
  lua_getglobal(L, LUA_IOLIBNAME);
  for (const luaL_Reg *function = functions; function->name != NULL; function++) {
    lua_getfield(L, -1, function->name);
    lua_pushcclosure(L, function->func, 1);
    lua_setfield(L, -2, function->name);
  }
  lua_pop(L, 1);
  lua_getglobal(L, LUA_LOADLIBNAME);
  lua_getglobal(L, "require");
  lua_pushcclosure(L, require_module, 2);
  lua_setglobal(L, "require");
}
