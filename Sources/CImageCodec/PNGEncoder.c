#include "CImageCodec.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  uint8_t *bytes;
  size_t count, capacity;
  char *message;
  png_structp png;
  png_infop info;
  png_text *texts;
} writer_state;

static void on_error(png_structp png, png_const_charp text) {
  writer_state *state = png_get_error_ptr(png);
  snprintf(state->message, LOAM_MESSAGE_CAPACITY, "%s", text);
  longjmp(png_jmpbuf(png), 1);
}

// While writing, a warning means that something asked for would be missing from the file.
static void on_warning(png_structp png, png_const_charp text) { on_error(png, text); }

static void on_write(png_structp png, png_bytep source, size_t count) {
  writer_state *state = png_get_io_ptr(png);
  if (state->count + count > state->capacity) {
    size_t capacity = 2 * (state->count + count) + 4096;
    uint8_t *grown = realloc(state->bytes, capacity);
    if (!grown) png_error(png, "not enough memory for the encoded picture");
    state->bytes = grown;
    state->capacity = capacity;
  }
  memcpy(state->bytes + state->count, source, count);
  state->count += count;
}

static void on_flush(png_structp png) { (void)png; }

static int encode(writer_state *state, const uint8_t *rgb, uint32_t width, uint32_t height, int level,
                  const loam_png_text *texts, size_t text_count) {
  if (setjmp(png_jmpbuf(state->png))) return 0;
  png_structp png = state->png;
  png_set_write_fn(png, state, on_write, on_flush);
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  // All that decides the compressed bytes is set here, so that they depend on the pixels and zlib's version only.
  png_set_compression_level(png, level);
  png_set_compression_mem_level(png, 8);
  png_set_compression_strategy(png, 1 /* Z_FILTERED */);
  png_set_compression_window_bits(png, 15);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
  png_set_IHDR(png, state->info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (text_count > 0) {
    state->texts = calloc(text_count, sizeof(png_text));
    if (!state->texts) png_error(png, "not enough memory for the text chunks");
    for (size_t i = 0; i < text_count; i++) {
      state->texts[i].compression = PNG_ITXT_COMPRESSION_NONE;
      state->texts[i].key = (png_charp)texts[i].keyword;
      state->texts[i].text = (png_charp)texts[i].text;
      state->texts[i].itxt_length = texts[i].text_length;
      state->texts[i].lang = (png_charp) "";
      state->texts[i].lang_key = (png_charp) "";
    }
    png_set_text(png, state->info, state->texts, (int)text_count);
  }
  png_write_info(png, state->info);
  for (uint32_t y = 0; y < height; y++) png_write_row(png, (png_const_bytep)(rgb + (size_t)3 * width * y));
  png_write_end(png, NULL);
  return 1;
}

int loam_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, int compression_level,
                    const loam_png_text *texts, size_t text_count, uint8_t **encoded, size_t *encoded_count,
                    char *message) {
  writer_state state = {.message = message};
  snprintf(message, LOAM_MESSAGE_CAPACITY, "libpng could not be started (memory or version)");
  state.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
  if (state.png) state.info = png_create_info_struct(state.png);
  int done = state.info && encode(&state, rgb, width, height, compression_level, texts, text_count);
  if (state.png) png_destroy_write_struct(&state.png, &state.info);
  free(state.texts);
  if (!done) {
    free(state.bytes);
    return 0;
  }
  *encoded = state.bytes;
  *encoded_count = state.count;
  return 1;
}

void loam_png_free(uint8_t *encoded) { free(encoded); }
