// Userdata that hold one retained pointer to a Swift object.
#include "Bridge.h"

static char object_key; // in every host metatable, so that foreign ones are told apart

static int release(lua_State *L) {
  // May be called twice, and on a half-made object: the pointer is taken out before it is released.
  void **slot = lua_touserdata(L, 1);
  if (slot == NULL || loam_object_metatable(L, 1) == NULL) return 0;
  void *object = *slot;
  *slot = NULL;
  if (object != NULL) bridge_of(L)->release(object);
  return 0;
}

static int same(lua_State *L) {
  const void *left = loam_object_metatable(L, 1), *right = loam_object_metatable(L, 2);
  int equal = 0;
  if (left != NULL && left == right) {
    void *object = *(void **)lua_touserdata(L, 1);
    equal = object != NULL && object == *(void **)lua_touserdata(L, 2);
  }
  lua_pushboolean(L, equal);
  return 1;
}

void loam_push_object(lua_State *L, void *object) {
  void **slot = lua_newuserdatauv(L, sizeof *slot, 0);
  *slot = NULL;
  lua_insert(L, -2);
  lua_setmetatable(L, -2);
  *slot = object;
}

void *loam_object(lua_State *L, int index, const void *metatable, int *released) {
  *released = 0;
  void **slot = lua_touserdata(L, index);
  if (slot == NULL || !lua_getmetatable(L, index)) return NULL;
  int matches = lua_topointer(L, -1) == metatable;
  lua_pop(L, 1);
  if (!matches) return NULL;
  *released = *slot == NULL;
  return *slot;
}

const void *loam_object_metatable(lua_State *L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return NULL;
  const void *metatable = lua_topointer(L, -1);
  int ours = lua_rawgetp(L, -1, &object_key) != LUA_TNIL;
  lua_pop(L, 2);
  return ours ? metatable : NULL;
}

// Upvalues: 1 methods, 2 getters, 3 context for other keys, 4 context that reports a missing name.
static int get_field(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
    lua_pop(L, 1);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TLIGHTUSERDATA) {
      void *getter = lua_touserdata(L, -1);
      lua_settop(L, 1);
      return invoke(L, getter);
    }
    lua_pop(L, 1);
    return invoke(L, lua_touserdata(L, lua_upvalueindex(4)));
  }
  void *other = lua_touserdata(L, lua_upvalueindex(3));
  return invoke(L, other != NULL ? other : lua_touserdata(L, lua_upvalueindex(4)));
}

// Upvalues: 1 setters, 2 context for other keys, 3 context that reports a missing name.
static int set_field(lua_State *L) {
  if (lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TLIGHTUSERDATA) {
      void *setter = lua_touserdata(L, -1);
      lua_pop(L, 1);
      lua_remove(L, 2);
      invoke(L, setter);
      return 0;
    }
    lua_pop(L, 1);
    return invoke(L, lua_touserdata(L, lua_upvalueindex(3)));
  }
  void *other = lua_touserdata(L, lua_upvalueindex(2));
  invoke(L, other != NULL ? other : lua_touserdata(L, lua_upvalueindex(3)));
  return 0;
}

void loam_fill_metatable(lua_State *L, const char *name, void *get_index, void *set_index, void *missing) {
  int metatable = lua_gettop(L), methods = metatable - 3, getters = metatable - 2, setters = metatable - 1;
  lua_pushboolean(L, 1);
  lua_rawsetp(L, metatable, &object_key);
  lua_pushstring(L, name);
  lua_setfield(L, metatable, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, metatable, "__metatable");
  lua_pushcfunction(L, release);
  lua_setfield(L, metatable, "__gc");
  lua_pushcfunction(L, release);
  lua_setfield(L, metatable, "__close");
  lua_pushcfunction(L, same);
  lua_setfield(L, metatable, "__eq");
  lua_pushvalue(L, methods);
  lua_pushvalue(L, getters);
  lua_pushlightuserdata(L, get_index);
  lua_pushlightuserdata(L, missing);
  lua_pushcclosure(L, get_field, 4);
  lua_setfield(L, metatable, "__index");
  lua_pushvalue(L, setters);
  lua_pushlightuserdata(L, set_index);
  lua_pushlightuserdata(L, missing);
  lua_pushcclosure(L, set_field, 3);
  lua_setfield(L, metatable, "__newindex");
}

// debug.setmetatable could put a host metatable on a foreign block, or take it off an object that owns memory.
static int guarded_setmetatable(lua_State *L) {
  int ours = loam_object_metatable(L, 1) != NULL;
  if (lua_istable(L, 2)) {
    ours = ours || lua_rawgetp(L, 2, &object_key) != LUA_TNIL;
    lua_settop(L, 2);
  }
  if (ours) return luaL_error(L, "the metatable of a Loam object cannot be changed or used elsewhere");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

void install_debug_guard(lua_State *L) {
  lua_getglobal(L, LUA_DBLIBNAME);
  lua_getfield(L, -1, "setmetatable");
  lua_pushcclosure(L, guarded_setmetatable, 1);
  lua_setfield(L, -2, "setmetatable");
  lua_pop(L, 1);
}
