// PNG decoding and encoding over libpng as plain functions.
//
// libpng reports errors by longjmp. Every function here catches that jump inside C and returns 0 for failure
// with a sentence in `message`, so that no jump ever crosses a Swift frame.
#ifndef LOAM_IMAGE_CODEC_H
#define LOAM_IMAGE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#define LOAM_MESSAGE_CAPACITY 256

typedef struct {
  uint32_t width, height;
  int32_t bit_depth;
  int32_t color_type;     // as in IHDR: 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGB + alpha
  int32_t is_interlaced;  // 1 for Adam7
  size_t raw_bytes;       // bytes of the unfiltered scan lines, before any conversion
} loam_png_header;

typedef struct {
  const char *keyword;  // 1 to 79 Latin-1 characters
  const char *text;     // UTF-8
  size_t text_length;
} loam_png_text;

/// Reads the header only. Returns 1, or 0 with a message of at most LOAM_MESSAGE_CAPACITY bytes.
int loam_png_read_header(const uint8_t *bytes, size_t count, loam_png_header *header, char *message);

/// Decodes into 8-bit RGB of `header.width * header.height * 3` bytes, laid over the given background.
/// 16-bit samples keep their high byte. Returns 1, or 0 with a message.
int loam_png_decode(const uint8_t *bytes, size_t count, const uint8_t background[3], uint8_t *rgb, size_t rgb_count,
                    char *message);

/// Encodes 8-bit RGB. Text goes into uncompressed iTXt chunks in the order given. The caller releases `*encoded` with
/// loam_png_free. Returns 1, or 0 with a message.
int loam_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, int compression_level,
                    const loam_png_text *texts, size_t text_count, uint8_t **encoded, size_t *encoded_count,
                    char *message);

void loam_png_free(uint8_t *encoded);

/// Version of the libpng that is linked.
const char *loam_png_version(void);

#endif
