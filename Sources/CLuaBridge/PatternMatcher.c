// Lua's patterns (manual 6.4.1) with an engine that can be interrupted: Lua's own runs in C without ever looking up, so
// that a pattern which backtracks for hours could not be stopped. Results and messages are those of Lua 5.4.
#include <ctype.h>
#include <string.h>
#include "PatternMatcher.h"

enum { DEPTH_LIMIT = 200, STEPS_BETWEEN_LOOKS = 1 << 12 };

static const char *match(matcher *m, const char *s, const char *p);

void matcher_begin(matcher *m, lua_State *L, const char *subject, size_t length, const char *pattern, size_t pattern_length) {
  m->L = L;
  m->subject = subject;
  m->subject_end = subject + length;
  m->pattern_end = pattern + pattern_length;
  m->steps = 0;
  m->count = 0;
}

const char *matcher_at(matcher *m, const char *s, const char *pattern) {
  m->count = 0;
  m->depth = DEPTH_LIMIT;
  return match(m, s, pattern);
}

static void look(matcher *m) {
  if (++m->steps % STEPS_BETWEEN_LOOKS == 0) check_interrupt(m->L);
}

// MARK: One character

static int in_class(int c, int letter) {
  int result;
  switch (tolower(letter)) {
    case 'a': result = isalpha(c); break;
    case 'c': result = iscntrl(c); break;
    case 'd': result = isdigit(c); break;
    case 'g': result = isgraph(c); break;
    case 'l': result = islower(c); break;
    case 'p': result = ispunct(c); break;
    case 's': result = isspace(c); break;
    case 'u': result = isupper(c); break;
    case 'w': result = isalnum(c); break;
    case 'x': result = isxdigit(c); break;
    case 'z': result = c == 0; break; // from Lua 5.1, still understood
    default: return letter == c;
  }
  return isupper(letter) ? !result : result != 0;
}

// The end of the item (a character, a class or a set) that begins at p.
static const char *item_end(matcher *m, const char *p) {
  char first = *p++;
  if (first == '%') {
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (ends with '%%')");
    return p + 1;
  }
  if (first != '[') return p;
  if (*p == '^') p++;
  do { // a ']' in the first place stands for itself
    if (p == m->pattern_end) luaL_error(m->L, "malformed pattern (missing ']')");
    if (*p++ == '%' && p < m->pattern_end) p++;
  } while (*p != ']' || p == m->pattern_end);
  return p + 1;
}

// Whether c is in the set that begins at p with '[' and ends at `last` with ']'.
static int in_set(int c, const char *p, const char *last) {
  int wanted = 1;
  if (p[1] == '^') {
    wanted = 0;
    p++;
  }
  while (++p < last) {
    if (*p == '%') {
      p++;
      if (in_class(c, (unsigned char)*p)) return wanted;
    } else if (p[1] == '-' && p + 2 < last) {
      p += 2;
      if ((unsigned char)p[-2] <= c && c <= (unsigned char)*p) return wanted;
    } else if ((unsigned char)*p == c) {
      return wanted;
    }
  }
  return !wanted;
}

static int matches_item(matcher *m, const char *s, const char *p, const char *end) {
  if (s >= m->subject_end) return 0;
  int c = (unsigned char)*s;
  switch (*p) {
    case '.': return 1;
    case '%': return in_class(c, (unsigned char)p[1]);
    case '[': return in_set(c, p, end - 1);
    default: return (unsigned char)*p == c;
  }
}

// MARK: Repetitions

static const char *match_longest(matcher *m, const char *s, const char *p, const char *end) {
  ptrdiff_t count = 0;
  while (matches_item(m, s + count, p, end)) count++;
  for (; count >= 0; count--) {
    look(m);
    const char *result = match(m, s + count, end + 1);
    if (result != NULL) return result;
  }
  return NULL;
}

static const char *match_shortest(matcher *m, const char *s, const char *p, const char *end) {
  for (;; s++) {
    look(m);
    const char *result = match(m, s, end + 1);
    if (result != NULL) return result;
    if (!matches_item(m, s, p, end)) return NULL;
  }
}

// MARK: Captures and the special items

static const char *begin_capture(matcher *m, const char *s, const char *p, ptrdiff_t kind) {
  if (m->count >= CAPTURE_LIMIT) luaL_error(m->L, "too many captures");
  m->captures[m->count].start = s;
  m->captures[m->count].length = kind;
  m->count++;
  const char *result = match(m, s, p);
  if (result == NULL) m->count--;
  return result;
}

static const char *end_capture(matcher *m, const char *s, const char *p) {
  int last = m->count - 1;
  while (last >= 0 && m->captures[last].length != CAPTURE_OPEN) last--;
  if (last < 0) luaL_error(m->L, "invalid pattern capture");
  m->captures[last].length = s - m->captures[last].start;
  const char *result = match(m, s, p);
  if (result == NULL) m->captures[last].length = CAPTURE_OPEN;
  return result;
}

static const char *match_again(matcher *m, const char *s, int digit) {
  int number = digit - '1';
  if (number < 0 || number >= m->count || m->captures[number].length == CAPTURE_OPEN)
    luaL_error(m->L, "invalid capture index %%%d", number + 1);
  size_t length = (size_t)m->captures[number].length;
  if ((size_t)(m->subject_end - s) < length || memcmp(m->captures[number].start, s, length) != 0) return NULL;
  return s + length;
}

static const char *match_balanced(matcher *m, const char *s, const char *p) {
  if (p >= m->pattern_end - 1) luaL_error(m->L, "malformed pattern (missing arguments to '%%b')");
  if (s >= m->subject_end || *s != p[0]) return NULL;
  char opening = p[0], closing = p[1];
  for (ptrdiff_t open = 1; ++s < m->subject_end;) {
    if (*s == closing) {
      if (--open == 0) return s + 1;
    } else if (*s == opening) {
      open++;
    }
  }
  return NULL;
}

// Whether the border between the character before s and the one at s is where the set begins to hold.
static int at_frontier(matcher *m, const char *s, const char *set, const char *end) {
  int before = s == m->subject ? 0 : (unsigned char)s[-1];
  int here = s == m->subject_end ? 0 : (unsigned char)*s;
  return !in_set(before, set, end - 1) && in_set(here, set, end - 1);
}

// Matches the pattern from p on at s. Items without a choice go round the loop; a choice recurses.
static const char *match(matcher *m, const char *s, const char *p) {
  if (m->depth-- == 0) luaL_error(m->L, "pattern too complex");
  look(m);
  while (s != NULL && p != m->pattern_end) {
    if (*p == '(') {
      s = p[1] == ')' ? begin_capture(m, s, p + 2, CAPTURE_POSITION) : begin_capture(m, s, p + 1, CAPTURE_OPEN);
      break;
    }
    if (*p == ')') {
      s = end_capture(m, s, p + 1);
      break;
    }
    if (*p == '$' && p + 1 == m->pattern_end) {
      s = s == m->subject_end ? s : NULL;
      break;
    }
    if (*p == '%' && p + 1 != m->pattern_end) {
      if (p[1] == 'b') {
        s = match_balanced(m, s, p + 2);
        p += 4;
        continue;
      }
      if (p[1] == 'f') {
        p += 2;
        if (p == m->pattern_end || *p != '[') luaL_error(m->L, "missing '[' after '%%f' in pattern");
        const char *end = item_end(m, p);
        s = at_frontier(m, s, p, end) ? s : NULL;
        p = end;
        continue;
      }
      if (isdigit((unsigned char)p[1])) {
        s = match_again(m, s, (unsigned char)p[1]);
        p += 2;
        continue;
      }
    }
    const char *end = item_end(m, p);
    char repetition = end == m->pattern_end ? 0 : *end;
    if (repetition == '*') {
      s = match_longest(m, s, p, end);
      break;
    }
    if (repetition == '-') {
      s = match_shortest(m, s, p, end);
      break;
    }
    int matches = matches_item(m, s, p, end);
    if (repetition == '+') {
      s = matches ? match_longest(m, s + 1, p, end) : NULL;
      break;
    }
    if (repetition == '?') {
      const char *result = matches ? match(m, s + 1, end + 1) : NULL;
      if (result != NULL) {
        s = result;
        break;
      }
      p = end + 1;
      continue;
    }
    s = matches ? s + 1 : NULL;
    p = end;
  }
  m->depth++;
  return s;
}

// MARK: Results

void matcher_push_capture(matcher *m, int number, const char *start, const char *end) {
  if (number >= m->count) {
    if (number != 0) luaL_error(m->L, "invalid capture index %%%d", number + 1);
    lua_pushlstring(m->L, start, (size_t)(end - start));
    return;
  }
  ptrdiff_t length = m->captures[number].length;
  if (length == CAPTURE_OPEN) luaL_error(m->L, "unfinished capture");
  if (length == CAPTURE_POSITION)
    lua_pushinteger(m->L, (m->captures[number].start - m->subject) + 1);
  else
    lua_pushlstring(m->L, m->captures[number].start, (size_t)length);
}

int matcher_push_captures(matcher *m, const char *start, const char *end) {
  int count = m->count == 0 && start != NULL ? 1 : m->count;
  luaL_checkstack(m->L, count, "too many captures");
  for (int number = 0; number < count; number++) matcher_push_capture(m, number, start, end);
  return count;
}
