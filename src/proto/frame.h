/* Messages in a stream: where one ends and the next begins. */
#ifndef SOCKCAT_PROTO_FRAME_H
#define SOCKCAT_PROTO_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum frame_kind {
	/* the length first, in 8, 16 or 32 bits, high byte first (DNS over TCP, RFC
	 * 1035 section 4.2.2, is LEN16); LE: low byte first */
	FRAME_LEN8,
	FRAME_LEN16,
	FRAME_LEN16LE,
	FRAME_LEN32,
	FRAME_LEN32LE,
	FRAME_LINE,		/* NL behind each */
	FRAME_NUL,		/* a zero byte behind each */
	FRAME_SLIP,		/* RFC 1055 */
	FRAME_COBS,		/* consistent overhead byte stuffing, 0 behind */
	FRAME_NETSTRING,	/* "5:hello," */
	FRAME_OCTET,		/* "5 hello", syslog over TCP, RFC 6587 section 3.4.1 */
	FRAME_KINDS
};

/* By any of its names, case-blind; FRAME_KINDS if there is none. */
enum frame_kind frame_find(const char *name);

/* "len8, len16 ...", for messages. */
const char *frame_names(void);
const char *frame_name(enum frame_kind kind);

/* The longest message that the framing itself has room for; SIZE_MAX = any. */
size_t frame_limit(enum frame_kind kind);

/* Why this message cannot be framed, as the end of the sentence "a message ...";
 * NULL: it can. */
const char *frame_refuses(enum frame_kind kind, const unsigned char *msg, size_t len);

/* Appends a message that is not refused, framed, to out.  False: no memory, or out's
 * maximum is in the way (frame_room() is always enough). */
bool frame_put(enum frame_kind kind, const unsigned char *msg, size_t len,
	       struct buf *out);
size_t frame_room(enum frame_kind kind, size_t len);

enum frame_found {
	FRAME_MORE,	/* all was taken, no message is complete yet */
	FRAME_MESSAGE,	/* here is one */
	FRAME_LONG,	/* the message is longer than max */
	FRAME_BAD,	/* these bytes are not of this framing */
	FRAME_MEMORY,
};

/* One direction of a stream being taken apart.  No more than max bytes of a message
 * are ever held. */
struct frame {
	enum frame_kind kind;
	struct buf msg;		/* own: the message so far; msg.max is its limit */
	bool whole;		/* msg is complete: the next take begins another */
	bool body;		/* behind the length that stands in front */
	bool escaped;		/* SLIP: the byte before was ESC */
	bool begun;		/* COBS: a block has been seen */
	bool zero;		/* COBS: a zero comes before the next block */
	unsigned digits;	/* of the length, seen so far */
	size_t left;		/* the length so far; in the body, what is missing */
};

void frame_init(struct frame *f, enum frame_kind kind, size_t max);
void frame_free(struct frame *f);

/* Takes bytes until a message is complete; *used <= len says how many.  After
 * FRAME_MESSAGE f->msg holds it until the next call.  After FRAME_LONG, FRAME_BAD and
 * FRAME_MEMORY the stream cannot be taken apart any further. */
enum frame_found frame_take(struct frame *f, const unsigned char *from, size_t len,
			    size_t *used);

/* No byte of a message that is not complete has been taken. */
bool frame_between(const struct frame *f);

/* The stream has ended.  FRAME_MORE: between two messages; FRAME_MESSAGE: f->msg is the
 * last line, which lacks only its end; FRAME_BAD: within a message. */
enum frame_found frame_end(struct frame *f);

#endif
