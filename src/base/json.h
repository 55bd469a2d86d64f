/* JSON (RFC 8259), written member by member into a buffer.
 *
 * Each function returns false, as buf_add() does, when there is no room; what is in
 * the buffer is of no use then. */
#ifndef SOCKCAT_BASE_JSON_H
#define SOCKCAT_BASE_JSON_H

#include "base/buf.h"

/* A string in quotes.  What is no UTF-8 becomes U+FFFD; NULL becomes null. */
bool json_text(struct buf *b, const char *s);

/* "name": with a comma before it unless it is the first in its object. */
bool json_name(struct buf *b, const char *name);

/* A whole member: a string, an integer. */
bool json_add(struct buf *b, const char *name, const char *value);
bool json_add_number(struct buf *b, const char *name, long long value);

#endif
