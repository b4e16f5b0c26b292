// Debian's Lua 5.4, found through pkg-config.
#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>
