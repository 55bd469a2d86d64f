/* Line ends on the wire and here, where they are NL. */
#ifndef SOCKCAT_PROTO_NEWLINE_H
#define SOCKCAT_PROTO_NEWLINE_H

#include <stdbool.h>
#include <stddef.h>

/* As socat's options of these names have it:
 * CR: NL becomes CR on the way out, CR becomes NL on the way in.
 * CRNL: NL becomes CR NL on the way out, whatever stands before it; every CR is
 * dropped on the way in. */
enum newline { NEWLINE_CR, NEWLINE_CRNL };

/* On the way in, in place.  Returns the new length, <= len. */
size_t newline_in(enum newline kind, unsigned char *data, size_t len);

/* On the way out: as much of from as fits into to.  Returns the bytes written,
 * which are a prefix of the whole translation.  half: the CR of the first NL has
 * gone out before, see newline_sent(). */
size_t newline_out(enum newline kind, bool half, const unsigned char *from, size_t len,
		   unsigned char *to, size_t cap);

/* How many bytes of from went out whole when sent bytes of their translation did.
 * *half, which is what newline_out() was told, becomes true if the next is a NL
 * whose CR has gone; false if not. */
size_t newline_sent(enum newline kind, bool *half, const unsigned char *from, size_t len,
		    size_t sent);

#endif
