#include "CImageCodec.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Everything that must survive the jump lives here, in the frame of the function that called the one with setjmp.
typedef struct {
  const uint8_t *bytes;
  size_t count, position;
  char *message;
  png_structp png;
  png_infop info;
  uint8_t *rgba;
  png_bytep *rows;
} reader_state;

static void on_error(png_structp png, png_const_charp text) {
  reader_state *state = png_get_error_ptr(png);
  snprintf(state->message, LOAM_MESSAGE_CAPACITY, "%s (at byte %zu of %zu)", text, state->position, state->count);
  longjmp(png_jmpbuf(png), 1);
}

// Warnings concern chunks that do not change the pixels; libpng has already left such a chunk out.
static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void on_read(png_structp png, png_bytep destination, size_t wanted) {
  reader_state *state = png_get_io_ptr(png);
  if (wanted > state->count - state->position) {
    state->position = state->count;
    png_error(png, "the data end too early");
  }
  memcpy(destination, state->bytes + state->position, wanted);
  state->position += wanted;
}

static void open_reader(reader_state *state) {
  state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
  if (!state->png) return;
  state->info = png_create_info_struct(state->png);
  // Size limits are the caller's duty: it knows how many bytes the file has.
  png_set_user_limits(state->png, 0x7fffffff, 0x7fffffff);
  png_set_chunk_malloc_max(state->png, 1 << 20);
  png_set_read_fn(state->png, state, on_read);
}

static void close_reader(reader_state *state) {
  if (state->png) png_destroy_read_struct(&state->png, &state->info, NULL);
  free(state->rgba);
  free(state->rows);
}

static int read_header(reader_state *state, loam_png_header *header) {
  if (setjmp(png_jmpbuf(state->png))) return 0;
  png_read_info(state->png, state->info);
  header->width = png_get_image_width(state->png, state->info);
  header->height = png_get_image_height(state->png, state->info);
  header->bit_depth = png_get_bit_depth(state->png, state->info);
  header->color_type = png_get_color_type(state->png, state->info);
  header->is_interlaced = png_get_interlace_type(state->png, state->info) != PNG_INTERLACE_NONE;
  header->raw_bytes = (png_get_rowbytes(state->png, state->info) + 1) * (size_t)header->height;
  return 1;
}

static void blend(const uint8_t *rgba, size_t pixels, const uint8_t background[3], uint8_t *rgb) {
  for (size_t i = 0; i < pixels; i++) {
    unsigned alpha = rgba[4 * i + 3];
    for (size_t c = 0; c < 3; c++) {
      unsigned mixed = rgba[4 * i + c] * alpha + background[c] * (255 - alpha);
      rgb[3 * i + c] = (uint8_t)((mixed + 127) / 255);
    }
  }
}

static int decode(reader_state *state, const uint8_t background[3], uint8_t *rgb, size_t rgb_count) {
  if (setjmp(png_jmpbuf(state->png))) return 0;
  png_structp png = state->png;
  png_read_info(png, state->info);
  size_t width = png_get_image_width(png, state->info);
  size_t height = png_get_image_height(png, state->info);
  if (rgb_count / 3 / width != height || rgb_count != 3 * width * height)
    png_error(png, "the space for the pixels has another size than the picture");

  png_set_expand(png);    // palettes, 1/2/4 bits and tRNS become full 8-bit channels
  png_set_strip_16(png);  // the high byte, as Pillow does
  png_set_gray_to_rgb(png);
  png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
  png_set_interlace_handling(png);
  png_read_update_info(png, state->info);
  if (png_get_rowbytes(png, state->info) != 4 * width) png_error(png, "unexpected layout after conversion");

  state->rgba = malloc(4 * width * height);
  state->rows = malloc(height * sizeof(png_bytep));
  if (!state->rgba || !state->rows) png_error(png, "not enough memory for the pixels");
  for (size_t y = 0; y < height; y++) state->rows[y] = state->rgba + 4 * width * y;
  png_read_image(png, state->rows);
  png_read_end(png, NULL);
  blend(state->rgba, width * height, background, rgb);
  return 1;
}

int loam_png_read_header(const uint8_t *bytes, size_t count, loam_png_header *header, char *message) {
  reader_state state = {.bytes = bytes, .count = count, .message = message};
  snprintf(message, LOAM_MESSAGE_CAPACITY, "libpng could not be started (memory or version)");
  open_reader(&state);
  int done = state.png && state.info && read_header(&state, header);
  close_reader(&state);
  return done;
}

int loam_png_decode(const uint8_t *bytes, size_t count, const uint8_t background[3], uint8_t *rgb, size_t rgb_count,
                    char *message) {
  reader_state state = {.bytes = bytes, .count = count, .message = message};
  snprintf(message, LOAM_MESSAGE_CAPACITY, "libpng could not be started (memory or version)");
  open_reader(&state);
  int done = state.png && state.info && decode(&state, background, rgb, rgb_count);
  close_reader(&state);
  return done;
}

const char *loam_png_version(void) { return png_get_libpng_ver(NULL); }
