// Making and closing states: allocator, warnings, standard libraries with their replacements.
#include <stdio.h>
#include <stdlib.h>
#include "Bridge.h"

void loam_limit_memory(lua_State *L, size_t bytes) { bridge_of(L)->limit = bytes; }

// While Lua code runs a request beyond the limit is refused: Lua then collects garbage, asks once more, and raises "not enough memory". While
// Swift runs no request is ever refused, so no push from Swift can raise.
static void *allocate(void *context, void *block, size_t old_size, size_t size) {
  loam_bridge *bridge = context;
  size_t before = block == NULL ? 0 : old_size;
  if (size == 0) {
    bridge->used -= before;
    free(block);
    return NULL;
  }
  size_t limit = bridge->limit;
  if (limit != 0 && bridge->runs_lua && size > before && size - before > limit - (bridge->used < limit ? bridge->used : limit)) return NULL;
  void *result = realloc(block, size);
  if (result == NULL) {
    if (bridge->runs_lua) return NULL;
    fprintf(stderr, "loam: out of memory: the system refused %zu bytes to Lua\n", size);
    abort();
  }
  bridge->used += size - before;
  return result;
}

static void warn(void *context, const char *message, int continued) {
  loam_bridge *bridge = context;
  int starts = !(bridge->warnings & 2);
  if (starts && !continued && message[0] == '@') { // control messages of warn()
    if (message[1] == 'o' && message[2] == 'n' && message[3] == 0) bridge->warnings |= 1;
    if (message[1] == 'o' && message[2] == 'f' && message[3] == 'f' && message[4] == 0) bridge->warnings &= ~1;
    return;
  }
  if (bridge->warnings & 1) {
    if (starts) fputs("Lua warning: ", stderr);
    fputs(message, stderr);
    if (!continued) fputs("\n", stderr);
  }
  bridge->warnings = continued ? bridge->warnings | 2 : bridge->warnings & ~2;
}

static int panic(lua_State *L) {
  const char *message = lua_tostring(L, -1);
  fprintf(stderr, "loam: a Lua error left every protected call: %s\n", message ? message : "(not a string)");
  return 0;
}

static int open_libraries(lua_State *L) {
  luaL_openlibs(L);
  install_chunks(L);
  install_files(L);
  install_programs(L);
  install_coroutines(L);
  install_patterns(L);
  install_sorting(L);
  install_debug_guard(L);
  return 0;
}

lua_State *loam_state_new(loam_entry entry, loam_release release, loam_interrupt *interrupt) {
  loam_bridge *bridge = malloc(sizeof *bridge);
  if (bridge == NULL) return NULL;
  *bridge = (loam_bridge){.entry = entry, .release = release, .interrupt = interrupt, .warnings = 1};
  lua_State *L = lua_newstate(allocate, bridge);
  if (L == NULL) {
    free(bridge);
    return NULL;
  }
  *(loam_bridge **)lua_getextraspace(L) = bridge;
  lua_atpanic(L, panic);
  lua_setwarnf(L, warn, bridge);
  lua_pushcfunction(L, open_libraries);
  if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
    loam_state_close(L);
    return NULL;
  }
  return L;
}

void loam_state_close(lua_State *L) {
  loam_bridge *bridge = bridge_of(L);
  lua_close(L);
  free(bridge);
}
