/* Bytes as text: base64 (RFC 4648, section 4), with padding, in one line. */
#ifndef SOCKCAT_PROTO_BASE64_H
#define SOCKCAT_PROTO_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends 4 characters for each 3 bytes or part of them; false when out would pass
 * its maximum or memory is short. */
bool base64_put(struct buf *out, const void *data, size_t len);

#endif
