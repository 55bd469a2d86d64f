/* Whether bytes are UTF-8 (RFC 3629), however they are cut into pieces. */
#ifndef SOCKCAT_PROTO_UTF8_H
#define SOCKCAT_PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Where in a character the last piece ended; all zero = between two. */
struct utf8 {
	unsigned char have;	/* bytes of the character so far, 0 to 3 */
	unsigned char left;	/* bytes it still needs, 0 to 3 */
	unsigned char low, high;	/* what the next byte may be */
};

/* Looks at the next piece.  False: no UTF-8, whatever follows; overlong forms,
 * surrogates and what is above U+10FFFF are none. */
bool utf8_check(struct utf8 *u, const void *data, size_t len);

#endif
