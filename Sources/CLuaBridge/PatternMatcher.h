// The matching engine of string.find, match, gmatch and gsub.
#ifndef LOAM_PATTERN_MATCHER_H
#define LOAM_PATTERN_MATCHER_H

#include "Bridge.h"

enum { CAPTURE_LIMIT = 32, CAPTURE_OPEN = -1, CAPTURE_POSITION = -2 };

/// A pattern applied to a subject.
typedef struct matcher {
  lua_State *L;
  const char *subject, *subject_end;
  const char *pattern_end;
  int depth;          // nesting still allowed: the engine recurses on the C stack
  unsigned steps;     // counted to look at the interrupt now and then
  int count;          // captures begun so far
  struct {
    const char *start;
    ptrdiff_t length; // or CAPTURE_OPEN, CAPTURE_POSITION
  } captures[CAPTURE_LIMIT];
} matcher;

/// Prepares a matcher for one subject and pattern.
void matcher_begin(matcher *m, lua_State *L, const char *subject, size_t length, const char *pattern, size_t pattern_length);

/// Matches at exactly `s`; the end of the match, or NULL. Forgets the captures of an attempt before.
const char *matcher_at(matcher *m, const char *s, const char *pattern);

/// Pushes one capture; number 0 is the whole match when the pattern has none.
void matcher_push_capture(matcher *m, int number, const char *start, const char *end);

/// Pushes all captures, or the whole match if there are none and `start` is given; returns their number.
int matcher_push_captures(matcher *m, const char *start, const char *end);

#endif
