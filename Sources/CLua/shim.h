// Debian's Lua 5.4, found through pkg-config.
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

/// Release of the Lua that is linked, such as "Lua 5.4.4".
static inline const char *loam_lua_release(void) { return LUA_RELEASE; }
