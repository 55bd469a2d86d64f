/* Traffic made readable: bytes in, text out. */
#ifndef SOCKCAT_PROTO_DUMP_H
#define SOCKCAT_PROTO_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { DUMP_STAMP = 48 };

/* What stands at the head of one block.  Only dump_socat() leaves the last four out. */
struct dump_mark {
	char arrow;		/* '>' left to right, '<' right to left */
	const char *stamp;	/* ref: time as text, shorter than DUMP_STAMP */
	uint64_t offset;	/* bytes of this direction before the block */
	unsigned session;	/* its number; 0 = there is but one */
	const char *who;	/* ref: the connection, escaped, or NULL */
	bool colour;		/* for terminals: cyan to the right, else yellow */
	unsigned columns;	/* of the terminal; 0 = none: 16 bytes a line */
};

/* The most text that a block of len bytes becomes in any one format: the maximum for
 * the buffer.  who as in the mark. */
size_t dump_room(const char *who, size_t len);

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
 *	> 10:00:00.123456  #2  5 bytes  tcp 127.0.0.1:51234 → 127.0.0.1:80
 *	> 00000000  68 65 6c 6c 6f                                    |hello|
 *
 * A line has as many of 32, 16, 8 or 4 bytes as its terminal has room for, at least 4;
 * offsets get more than 8 digits when they need them. */
bool dump_classic(struct buf *out, const struct dump_mark *m, const void *data,
		  size_t len);

/* The same head, and lines as they end in the data, each with the arrow in front:
 *
 *	> HTTP/1.1 200 OK\r\n
 *
 * UTF-8 stands as it is; \n \r \t \\ as in C; all else as \xff.  A line without \n goes
 * on in the next block. */
bool dump_lines(struct buf *out, const struct dump_mark *m, const void *data, size_t len);

/* A head alone, with what it has to tell in place of the length ("end"). */
bool dump_note(struct buf *out, const struct dump_mark *m, const char *what);

#endif
