#pragma once
#include <gmime/gmime.h>

// The checks of GObject's types are macros.
static inline int gmime_is_part(GMimeObject *object) { return GMIME_IS_PART(object); }
static inline int gmime_is_multipart(GMimeObject *object) { return GMIME_IS_MULTIPART(object); }
static inline int gmime_is_encrypted(GMimeObject *object) { return GMIME_IS_MULTIPART_ENCRYPTED(object); }
static inline int gmime_is_message(GMimeObject *object) { return GMIME_IS_MESSAGE_PART(object); }
