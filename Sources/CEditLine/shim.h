// libedit's readline interface. Its globals are set here, in C, where they are plain variables.
#include <stdio.h>
#include <editline/readline.h>

static inline void editline_set_completion(rl_completion_func_t *completion) { rl_attempted_completion_function = completion; }
static inline void editline_set_word_breaks(const char *characters) { rl_completer_word_break_characters = (char *)characters; }
static inline void editline_end_completion_without_space(void) { rl_completion_append_character = 0; rl_attempted_completion_over = 1; }
static inline const char *editline_buffer(void) { return rl_line_buffer; }

/// Version of the line editor, as it says itself.
static inline const char *loam_editline_version(void) { return rl_library_version; }
