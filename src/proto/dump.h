/* Traffic made readable: bytes in, text out. */
#ifndef SOCKCAT_PROTO_DUMP_H
#define SOCKCAT_PROTO_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* What stands at the head of one block. */
struct dump_mark {
	char arrow;		/* '>' left to right, '<' right to left */
	const char *stamp;	/* ref: time as text */
	const char *who;	/* ref: dump_classic: the connection, escaped, or NULL */
	uint64_t offset;	/* bytes of this direction before the block */
	bool colour;		/* dump_classic: with terminal colours */
};

/* The most text that a block of len bytes becomes in any format: the maximum for
 * the buffer.  stamp and who at their full length are part of it. */
size_t dump_room(const struct dump_mark *m, size_t len);

/* All append to out; false when it would pass its maximum or memory is short. */

/* socat's formats: -v (text), -x (hex), both (hex and text side by side).  The head
 * is "> STAMP  length=5 from=0 to=4"; an empty block says to=from.
 *
 * Text: NL and TAB as they are; \a \b \v \f \r \\ as in C; all else that is not
 * printable ASCII is a dot.  The last line ends where the data ends.
 * Both: lines of up to 16 bytes, a new one after each NL; "--" behind the block. */
bool dump_socat(struct buf *out, const struct dump_mark *m, bool text, bool hex,
		const void *data, size_t len);

/* Offset, hex, ASCII; each line with the arrow in front:
 *
 *	> 10:00:00.123456  5 bytes  tcp 127.0.0.1:51234 → 127.0.0.1:80
 *	> 00000000  68 65 6c 6c 6f                                    |hello|
 */
bool dump_classic(struct buf *out, const struct dump_mark *m, const void *data,
		  size_t len);

/* dump_classic's line for the end of the direction. */
bool dump_end(struct buf *out, const struct dump_mark *m);

#endif
