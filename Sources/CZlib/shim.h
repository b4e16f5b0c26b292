#include <zlib.h>

// inflateInit2 is a macro, which Swift does not see. Window bits 15 + 32: zlib or gzip, told by the header.
static inline int loam_inflate_init_any(z_stream *stream) { return inflateInit2(stream, 15 + 32); }
