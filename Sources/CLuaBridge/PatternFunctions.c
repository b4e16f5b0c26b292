// string.find, match, gmatch and gsub over the interruptible engine.
#define _GNU_SOURCE // memmem
#include <ctype.h>
#include <string.h>
#include "PatternMatcher.h"

// A start position as the manual defines it: negative from the end, clipped to 1; as an offset.
static size_t start_offset(lua_Integer position, size_t length) {
  if (position > 0) return (size_t)position - 1;
  if (position == 0 || position < -(lua_Integer)length) return 0;
  return length + (size_t)position;
}

static int is_plain(const char *pattern, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (pattern[i] != 0 && strchr("^$*+?.([%-", pattern[i]) != NULL) return 0;
  return 1;
}

static int search(lua_State *L, int finds) {
  size_t length, pattern_length;
  const char *subject = luaL_checklstring(L, 1, &length);
  const char *pattern = luaL_checklstring(L, 2, &pattern_length);
  size_t offset = start_offset(luaL_optinteger(L, 3, 1), length);
  if (offset > length) {
    luaL_pushfail(L);
    return 1;
  }
  if (finds && (lua_toboolean(L, 4) || is_plain(pattern, pattern_length))) {
    const char *found = pattern_length == 0 ? subject + offset : memmem(subject + offset, length - offset, pattern, pattern_length);
    if (found != NULL) {
      lua_pushinteger(L, (found - subject) + 1);
      lua_pushinteger(L, (found - subject) + (lua_Integer)pattern_length);
      return 2;
    }
  } else {
    matcher m;
    int anchored = pattern_length > 0 && pattern[0] == '^';
    matcher_begin(&m, L, subject, length, pattern, pattern_length);
    pattern += anchored;
    for (const char *s = subject + offset; s <= m.subject_end; s++) {
      const char *end = matcher_at(&m, s, pattern);
      if (end != NULL) {
        if (!finds) return matcher_push_captures(&m, s, end);
        lua_pushinteger(L, (s - subject) + 1);
        lua_pushinteger(L, end - subject);
        return matcher_push_captures(&m, NULL, NULL) + 2;
      }
      if (anchored) break;
    }
  }
  luaL_pushfail(L);
  return 1;
}

static int find(lua_State *L) { return search(L, 1); }
static int match_once(lua_State *L) { return search(L, 0); }

// Upvalues: 1 subject, 2 pattern, 3 offset of the next attempt, 4 offset where the last match ended (-1: none yet).
static int next_match(lua_State *L) {
  size_t length, pattern_length;
  const char *subject = lua_tolstring(L, lua_upvalueindex(1), &length);
  const char *pattern = lua_tolstring(L, lua_upvalueindex(2), &pattern_length);
  lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
  matcher m;
  matcher_begin(&m, L, subject, length, pattern, pattern_length);
  for (const char *s = subject + lua_tointeger(L, lua_upvalueindex(3)); s <= m.subject_end; s++) {
    const char *end = matcher_at(&m, s, pattern);
    if (end == NULL || end - subject == last) continue; // an empty match right after a match does not count
    lua_pushinteger(L, end - subject);
    lua_copy(L, -1, lua_upvalueindex(3));
    lua_replace(L, lua_upvalueindex(4));
    return matcher_push_captures(&m, s, end);
  }
  return 0;
}

static int gmatch(lua_State *L) {
  size_t length;
  luaL_checklstring(L, 1, &length);
  luaL_checkstring(L, 2);
  size_t offset = start_offset(luaL_optinteger(L, 3, 1), length);
  lua_settop(L, 2);
  lua_pushinteger(L, (lua_Integer)(offset > length ? length + 1 : offset));
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, next_match, 4);
  return 1;
}

// Adds the replacement string, which stands at stack position 3, with its %1 ... %9, %0 and %%.
static void add_template(matcher *m, luaL_Buffer *result, const char *start, const char *end) {
  size_t length;
  const char *text = lua_tolstring(m->L, 3, &length);
  const char *text_end = text + length;
  for (const char *escape; (escape = memchr(text, '%', (size_t)(text_end - text))) != NULL; text = escape + 2) {
    luaL_addlstring(result, text, (size_t)(escape - text));
    char which = escape[1]; // Lua's strings end with a zero, so this is never outside
    if (which == '%') {
      luaL_addchar(result, '%');
    } else if (which == '0') {
      luaL_addlstring(result, start, (size_t)(end - start));
    } else if (isdigit((unsigned char)which)) {
      matcher_push_capture(m, which - '1', start, end);
      luaL_tolstring(m->L, -1, NULL);
      lua_remove(m->L, -2);
      luaL_addvalue(result);
    } else {
      luaL_error(m->L, "invalid use of '%%' in replacement string");
    }
  }
  luaL_addlstring(result, text, (size_t)(text_end - text));
}

// Adds what replaces one match; returns whether that differs from keeping the match.
static int add_replacement(matcher *m, luaL_Buffer *result, const char *start, const char *end, int kind) {
  lua_State *L = m->L;
  if (kind == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, matcher_push_captures(m, start, end), 1);
  } else if (kind == LUA_TTABLE) {
    matcher_push_capture(m, 0, start, end);
    lua_gettable(L, 3);
  } else {
    add_template(m, result, start, end);
    return 1;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(result, start, (size_t)(end - start));
    return 0;
  }
  if (!lua_isstring(L, -1)) return luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(result);
  return 1;
}

static int gsub(lua_State *L) {
  size_t length, pattern_length;
  const char *subject = luaL_checklstring(L, 1, &length);
  const char *pattern = luaL_checklstring(L, 2, &pattern_length);
  int kind = lua_type(L, 3);
  luaL_argexpected(L, kind == LUA_TNUMBER || kind == LUA_TSTRING || kind == LUA_TFUNCTION || kind == LUA_TTABLE, 3,
                   "string/function/table");
  lua_Integer limit = luaL_optinteger(L, 4, (lua_Integer)length + 1);
  int anchored = pattern_length > 0 && pattern[0] == '^';
  matcher m;
  matcher_begin(&m, L, subject, length, pattern, pattern_length);
  pattern += anchored;
  luaL_Buffer result;
  luaL_buffinit(L, &result);
  const char *s = subject, *last = NULL;
  lua_Integer count = 0;
  int changed = 0;
  while (count < limit) {
    const char *end = matcher_at(&m, s, pattern);
    if (end != NULL && end != last) {
      count++;
      changed |= add_replacement(&m, &result, s, end, kind);
      s = last = end;
    } else if (s < m.subject_end) {
      luaL_addchar(&result, *s);
      s++;
    } else {
      break;
    }
    if (anchored) break;
  }
  if (changed) {
    luaL_addlstring(&result, s, (size_t)(m.subject_end - s));
    luaL_pushresult(&result);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, count);
  return 2;
}

void install_patterns(lua_State *L) {
  static const luaL_Reg functions[] = {{"find", find}, {"match", match_once}, {"gmatch", gmatch}, {"gsub", gsub}, {NULL, NULL}};
  lua_getglobal(L, LUA_STRLIBNAME);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
