/* A recorded conversation as text that people read, change and write themselves.
 *
 *	# a comment, as far as the line goes
 *	1: 0.000312 > "GET / HTTP/1.1\r\n"
 *		"Host: localhost\r\n\r\n"
 *	1: 0.000518 < "HTTP/1.0 200 OK\r\n\r\n" x00ff10
 *	1: 0.000519 < end
 *
 * A block begins with an arrow: > the client says this, < the server does.  In front of
 * it may stand the number of the session (else it is 1) and the time since the session
 * began, as seconds or with a unit, or behind + the time since the session's block before
 * (else it is +0).  Behind it stands what is said, in pieces: "text", in which \n \r \t
 * \\ \" and \x with two digits have their meaning and every other byte its own; x and
 * pairs of hexadecimal digits; or alone the word end, for the end of the stream.  A line
 * that begins with a piece goes on with the block above. */
#ifndef SOCKCAT_PROTO_RECORDING_H
#define SOCKCAT_PROTO_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* One block: what was said at once, or one message. */
struct block {
	unsigned session;
	bool server;		/* said by the server, else by the client */
	bool end;		/* its end of the stream, len is 0 */
	bool later;		/* usec counts from the session's block before */
	uint64_t usec;		/* when */
	size_t at, len;		/* bytes.data[at .. at + len) of the recording */
	size_t line;		/* of the file, counted from 1 */
};

/* --- writing ---------------------------------------------------------------------- */

/* Append one block; data NULL is an end.  False: no memory, or out's maximum is in the
 * way (recording_room() is always enough). */
bool recording_put(struct buf *out, const struct block *b, const void *data);
size_t recording_room(size_t len);

/* --- reading ---------------------------------------------------------------------- */

struct recording {
	struct block *block;	/* own */
	size_t n, cap;
	struct buf bytes;	/* own: what the blocks say, one behind the other */
	struct buf line;	/* own: the line that is not complete */
	size_t lines;		/* how many were read */
	/* why it failed, a sentence; NULL: no memory, or the text is longer than max */
	const char *wrong;
	size_t column;		/* where, in bytes from 1, in line number `lines` */
};

/* Text of at most max bytes can be read. */
void recording_init(struct recording *r, size_t max);

/* The next piece of the file, cut anywhere; and its end.  False: see wrong; then only
 * recording_free() may follow. */
bool recording_add(struct recording *r, const void *text, size_t len);
bool recording_end(struct recording *r);

/* Keeps the blocks of one session only (0: the one that comes first), gives each its time
 * since that began, and looks whether they make sense: false as above.  There may be
 * none. */
bool recording_keep(struct recording *r, unsigned session);

void recording_free(struct recording *r);

#endif
