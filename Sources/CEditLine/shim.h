// libedit's readline interface. Its globals are set here, in C, where they are plain variables.
#include <stdio.h>
#include <editline/readline.h>

static inline void editline_set_completion(rl_completion_func_t *completion) { rl_attempted_completion_function = completion; }
// libedit looks at the first of these, other makers of this interface at the second.
static inline void editline_set_word_breaks(const char *characters) {
  rl_basic_word_break_characters = characters;
  rl_completer_word_break_characters = (char *)characters;
}
static inline void editline_end_completion_without_space(void) { rl_completion_append_character = 0; rl_attempted_completion_over = 1; }
static inline const char *editline_buffer(void) { return rl_line_buffer; }
static inline int editline_history_length(void) { return history_length; }

/// Lets a function take what a terminal sends between its marks of a paste; the opening mark has been read.
static inline void editline_set_paste(rl_command_func_t *paste) {
  rl_initialize();
  // A function is found by its last character, which means itself again afterwards.
  rl_add_defun("loam-paste", paste, '~');
  rl_parse_and_bind("bind ^[[200~ loam-paste");
  rl_parse_and_bind("bind ~ ed-insert");
}

/// Version of the line editor, as it says itself.
static inline const char *loam_editline_version(void) { return rl_library_version; }
