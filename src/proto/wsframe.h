/* WebSocket frames (RFC 6455, section 5): headers, masks, closes, and the keys of
 * the opening handshake (section 4). */
#ifndef SOCKCAT_PROTO_WSFRAME_H
#define SOCKCAT_PROTO_WSFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Section 11.8. */
enum {
	WSFRAME_MORE = 0,	/* goes on with the message that was begun */
	WSFRAME_TEXT = 1,
	WSFRAME_BINARY = 2,
	WSFRAME_CLOSE = 8,	/* this and above are control frames */
	WSFRAME_PING = 9,
	WSFRAME_PONG = 10,
};

/* Why a session is closed (section 7.4.1). */
enum {
	WSCLOSE_NORMAL = 1000,
	WSCLOSE_AWAY = 1001,
	WSCLOSE_PROTOCOL = 1002,
	WSCLOSE_NONE = 1005,	/* the peer said none; never sent */
	WSCLOSE_DATA = 1007,	/* text that is not UTF-8 */
	WSCLOSE_SIZE = 1009,
	WSCLOSE_PRIVATE = 3000,	/* from here on the application's own */
};

enum {
	WSFRAME_HEAD = 14,	/* the longest header, in bytes */
	WSFRAME_CONTROL = 125,	/* the longest payload of a control frame */
};

struct wsframe {
	unsigned char opcode;	/* WSFRAME_* */
	bool fin;		/* the last, or only, frame of its message */
	bool masked;
	unsigned char mask[4];
	uint64_t len;		/* of the payload, below 2^63 */
};

static inline bool wsframe_is_control(const struct wsframe *f)
{
	return f->opcode >= WSFRAME_CLOSE;
}

/* Size of the header whose first two bytes these are: 2 to WSFRAME_HEAD. */
size_t wsframe_size(const unsigned char *head);

/* Reads a whole header; NULL, or a clause that says what is wrong with it: reserved
 * bits and opcodes, a length not in its shortest form, control frames that are long
 * or in pieces. */
const char *wsframe_read(const unsigned char *head, struct wsframe *f);

/* Whether the frame may come now; NULL, or what is wrong.  Inside: a message has
 * begun and not ended.  From_client: its sender has to mask it, a server must not. */
const char *wsframe_fits(const struct wsframe *f, bool inside, bool from_client);

/* Writes the header in its shortest form; returns its size. */
size_t wsframe_put(unsigned char head[WSFRAME_HEAD], const struct wsframe *f);

/* Masks or unmasks bytes, the first of which is at that offset of the payload. */
void wsframe_mask(const struct wsframe *f, uint64_t at, void *data, size_t len);

/* Reads the payload of a close: its status, or WSCLOSE_NONE; NULL, or what is wrong
 * with it.  The reason is behind the first two bytes. */
const char *wsframe_read_close(const unsigned char *payload, size_t len,
			       unsigned *status);

/* Payload of a close, at most 2 bytes; returns its length. */
size_t wsframe_put_close(unsigned char payload[2], unsigned status);

/* Appends the client's key, and what a server has to answer to it; false when out
 * would pass its maximum or memory is short. */
bool wsframe_put_key(struct buf *out, const unsigned char random[16]);
bool wsframe_put_accept(struct buf *out, const char *key, size_t len);

/* Whether it is a key: 16 bytes in base64. */
bool wsframe_is_key(const char *key, size_t len);

#endif
