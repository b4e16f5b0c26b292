// load, loadfile, dofile and the file searcher of require, for text chunks only unless a state allows others: Lua does not verify
// bytecode, so a bad binary chunk can crash the process.
#include <string.h>
#include "Bridge.h"

void loam_allow_binary_chunks(lua_State *L) { bridge_of(L)->allows_binary = 1; }

static const char *default_mode(lua_State *L) { return bridge_of(L)->allows_binary ? "bt" : "t"; }

int loam_load_text(lua_State *L, const char *source, size_t length, const char *chunk_name) {
  return luaL_loadbufferx(L, source, length, chunk_name, "t");
}

int loam_load_file(lua_State *L, const char *path) { return luaL_loadfilex(L, path, default_mode(L)); }

// Where binary chunks are not allowed "t" or "bt" (the default) becomes "t"; "b" stays and refuses the text, as it should.
static const char *allowed_mode(lua_State *L, int index) {
  const char *mode = luaL_optstring(L, index, default_mode(L));
  if (bridge_of(L)->allows_binary) return mode;
  return strchr(mode, 't') != NULL ? "t" : "b";
}

// Pieces come from a Lua function; each must stay alive while the parser reads it, so it is kept in stack slot 5.
static const char *read_piece(lua_State *L, void *unused, size_t *size) {
  (void)unused;
  luaL_checkstack(L, 2, "too many nested functions");
  lua_pushvalue(L, 1);
  lua_call(L, 0, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    *size = 0;
    return NULL;
  }
  if (!lua_isstring(L, -1)) luaL_error(L, "reader function must return a string");
  lua_replace(L, 5);
  return lua_tolstring(L, 5, size);
}

static int finish_load(lua_State *L, int status, int environment) {
  if (status != LUA_OK) {
    luaL_pushfail(L);
    lua_insert(L, -2);
    return 2;
  }
  if (environment != 0) {
    lua_pushvalue(L, environment);
    if (lua_setupvalue(L, -2, 1) == NULL) lua_pop(L, 1);
  }
  return 1;
}

static int refuse_binary(lua_State *L, const char *name) {
  luaL_pushfail(L);
  lua_pushfstring(L, "%s: binary chunks are not loaded here (mode is 'b'); load the source text instead", name);
  return 2;
}

static int load(lua_State *L) {
  int environment = lua_isnone(L, 4) ? 0 : 4;
  const char *mode = allowed_mode(L, 3);
  size_t length;
  const char *source = lua_tolstring(L, 1, &length);
  if (source != NULL) {
    const char *name = luaL_optstring(L, 2, source);
    if (!bridge_of(L)->allows_binary && mode[0] == 'b' && length > 0 && source[0] == LUA_SIGNATURE[0]) return refuse_binary(L, "load");
    return finish_load(L, luaL_loadbufferx(L, source, length, name, mode), environment);
  }
  const char *name = luaL_optstring(L, 2, "=(load)");
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 5);
  return finish_load(L, lua_load(L, read_piece, NULL, name, bridge_of(L)->allows_binary ? mode : "t"), environment);
}

static int load_file(lua_State *L) {
  const char *path = luaL_optstring(L, 1, NULL);
  const char *mode = allowed_mode(L, 2);
  int environment = lua_isnone(L, 3) ? 0 : 3;
  if (!bridge_of(L)->allows_binary && mode[0] == 'b') return refuse_binary(L, "loadfile");
  tell_file(path, 0);
  return finish_load(L, luaL_loadfilex(L, path, mode), environment);
}

static int finish_do(lua_State *L, int status, lua_KContext context) {
  (void)status;
  (void)context;
  return lua_gettop(L) - 1;
}

static int do_file(lua_State *L) {
  const char *path = luaL_optstring(L, 1, NULL);
  lua_settop(L, 1);
  tell_file(path, 0);
  if (luaL_loadfilex(L, path, default_mode(L)) != LUA_OK) return lua_error(L);
  lua_callk(L, 0, LUA_MULTRET, 0, finish_do);
  return finish_do(L, 0, 0);
}

// The second searcher of `require`. Upvalue 1 is the package table.
static int search_file(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  lua_getfield(L, lua_upvalueindex(1), "searchpath");
  lua_pushvalue(L, 1);
  if (lua_getfield(L, lua_upvalueindex(1), "path") != LUA_TSTRING) luaL_error(L, "'package.path' must be a string");
  lua_call(L, 2, 2);
  if (lua_isnil(L, -2)) return 1; // the list of files tried
  lua_pop(L, 1);
  const char *path = lua_tostring(L, -1);
  tell_file(path, 0);
  if (luaL_loadfilex(L, path, default_mode(L)) != LUA_OK)
    return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s", name, path, lua_tostring(L, -1));
  lua_insert(L, -2);
  return 2;
}

void install_chunks(lua_State *L) {
  static const luaL_Reg functions[] = {{"load", load}, {"loadfile", load_file}, {"dofile", do_file}, {NULL, NULL}};
  lua_pushglobaltable(L);
  luaL_setfuncs(L, functions, 0);
  lua_getfield(L, -1, LUA_LOADLIBNAME);
  lua_getfield(L, -1, "searchers");
  lua_pushvalue(L, -2);
  lua_pushcclosure(L, search_file, 1);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 3);
}
