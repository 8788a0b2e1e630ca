#pragma once
#include <zlib.h>

// Both are macros that pass the version of the header along.
static inline int switchyard_inflate_init(z_streamp stream, int window) { return inflateInit2(stream, window); }

static inline int switchyard_deflate_init(z_streamp stream, int level, int window) {
    return deflateInit2(stream, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
}
