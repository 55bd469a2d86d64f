/* One WebSocket session: what both of its directions share.  ws.c opens, writes and ends,
 * wsread.c reads. */
#ifndef SOCKCAT_LAYER_WS_H
#define SOCKCAT_LAYER_WS_H

#include "base/buf.h"
#include "endpoint/endpoint.h"
#include "layer/wsopen.h"
#include "proto/utf8.h"
#include "proto/wsframe.h"

enum {
	WS_UTF8_REST = 3,
	WS_PATIENCE = 64, /* frames without data, before others get their turn */
};

struct ws {
	struct layer l;
	struct wsopen opening;
	bool open;
	bool text;    /* messages go out as text */
	uint64_t max; /* of a message that is kept together, in bytes */

	enum { READ_HEAD, READ_CONTROL, READ_DATA, READ_ENDED } reading;
	struct wsframe frame; /* that is being read, and how far */
	uint64_t at;
	struct buf head; /* own: of the next frame; the payload of a control frame */
	bool inside;	 /* a message has begun, */
	bool is_text;	 /* of text */
	struct utf8 in;
	struct buf message; /* own: what has come of one that is kept together */
	unsigned status;    /* of the peer's Close */
	struct timer again; /* set while a peer has used up our patience */

	struct buf out; /* own: frames on their way down: one write's, and a few bytes */
	bool busy;	/* one of them has the caller's last bytes, */
	size_t taken;	/* so many */
	bool waits;	/* the caller will come again when there is room */
	struct utf8 sent;
	unsigned char rest[WS_UTF8_REST]; /* of a character that has not come whole */
	struct buf pong;		  /* own: payload of the one that is owed */
	bool owes_pong;
	bool closed; /* our Close is in out, or gone */
};

/* layer_ops.read. */
enum io ws_read(struct layer *l, void *to, size_t cap, size_t *n);

/* A step: sends the rest of what is on its way, then the pong that is owed. */
enum io ws_flush(struct ws *w);

/* Tells the peer with a Close, unless one is sent or it would land within another
 * frame.  Does not wait, and touches no failure. */
void ws_close(struct ws *w, unsigned status);

#endif
