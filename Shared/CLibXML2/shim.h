#pragma once
#include <libxml/xmlversion.h>
// Debian's headers would include ICU, whose types clash with the copy inside Foundation; nothing here needs them.
#undef LIBXML_ICU_ENABLED
#include <libxml/parser.h>
#include <libxml/xmlreader.h>
#include <libxml/tree.h>
