/* The opening handshake of a WebSocket (RFC 6455, section 4): a request and an answer
 * in HTTP/1.1, and what an address says about them.  wsclient.c and wsserver.c hold the
 * two parts. */
#ifndef SOCKCAT_LAYER_WSOPEN_H
#define SOCKCAT_LAYER_WSOPEN_H

#include "base/buf.h"
#include "endpoint/endpoint.h"
#include "proto/http1.h"

struct wsopen {
	enum {
		WSOPEN_BEGIN,
		WSOPEN_ASK,	/* client: the request goes out */
		WSOPEN_ANSWER,	/* client: the answer comes in */
		WSOPEN_REQUEST,	/* server: the request comes in */
		WSOPEN_GRANT,	/* server: 101 goes out */
		WSOPEN_REFUSE,	/* server: another status goes out, */
		WSOPEN_PART,	/* and the client has time to read it */
	} state;
	struct buf in, out;	/* own; empty outside the handshake */
	struct buf accept;	/* own: client: what the key's answer must be */
	unsigned interim;	/* client: answers so far that do not count */
};

/* Checks the options that say how to ask or whom to admit. */
enum io wsopen_prepare(const struct part *p, struct fail *f);

/* Runs the handshake over l->below.  A step; after IO_OK frames follow.  Begins with
 * a struct of zeros. */
enum io wsopen_run(struct wsopen *o, struct layer *l);

/* Gives back what it holds; also in the middle, and twice. */
void wsopen_free(struct wsopen *o);

/* ---- between the parts ------------------------------------------------------ */

/* Each a step; what wsopen_run() does for its role. */
enum io wsopen_client(struct wsopen *o, struct layer *l);
enum io wsopen_server(struct wsopen *o, struct layer *l);

/* path=, or the layer's argument; NULL = neither. */
const char *wsopen_path(const struct part *p);

/* The next value of an option that may be repeated, NULL behind the last; *i counts
 * and begins with 0. */
const struct optval *wsopen_next(const struct part *p, unsigned id, unsigned *i);

/* Appends the headers of ws-header=; false when out would pass its maximum or memory
 * is short. */
bool wsopen_put_headers(struct buf *out, const struct part *p);

/* The handshake has succeeded, with this head: gives back what came behind it. */
enum io wsopen_done(struct wsopen *o, struct layer *l, const struct http1_head *head,
		    struct http1_text path, struct http1_text protocol);

/* The connection has ended before the handshake did. */
enum io wsopen_broken_off(const struct layer *l);

#endif
