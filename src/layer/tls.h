/* One TLS session: tls.c is the layer, tlsbio.c its way to the layer below.
 *
 * OpenSSL reads and writes through a BIO of ours that calls layer_read() and
 * layer_write().  What the layer below answered last is kept and returned
 * as it was: only it knows what the wait is really for. */
#ifndef SOCKCAT_LAYER_TLS_H
#define SOCKCAT_LAYER_TLS_H

#include "base/buf.h"
#include "endpoint/endpoint.h"
#include "layer/tlspeer.h"

/* How far the end of our own direction has come. */
enum shut_state {
	SHUT_NOT,
	SHUT_NOTIFY, /* close_notify is on its way down */
	SHUT_BELOW,  /* it is there, and the layer below is told */
};

struct tls {
	struct layer l;
	struct tlspeer peer;
	SSL *ssl;	/* own; NULL before the first open step */
	enum io answer; /* the layer below's, last time it was asked */
	bool open;	/* handshake done */
	bool failed;	/* no more TLS may be spoken */
	bool heard;	/* something has been read after the handshake */
	bool fed;	/* this step has read enough: no more is asked for below */
	bool full;	/* below there was all that was asked for, and may be more */
	bool dry;	/* below there was less than asked for: once, it is not asked */
	bool deaf;	/* nobody listens below: what is written is swallowed */
	bool spoken;	/* something has been written */
	bool gathers;	/* what the library writes goes to out */
	bool known;	/* DTLS: the client has sent its cookie back */
	enum shut_state shut;
	struct buf out;	      /* own: on its way down; no memory when that is done */
	size_t ahead;	      /* of the caller's bytes: in out, and not yet accepted */
	size_t streak;	      /* bytes written since the start or the last pause */
	uint64_t wrote;	      /* when that was last, by the loop's clock */
	unsigned long behind; /* the library's error after the bytes read last, or 0 */
	struct fail *lost;    /* own: why the connection broke; NULL = it did not */
	struct timer again;   /* DTLS: the handshake's last flight got no answer */
};

/* For the context that all sessions of an address share.  NULL: out of memory. */
BIO_METHOD *tlsbio_method(void);

/* What the library writes while t->gathers is set goes to t->out, to be passed down by
 * tlsbio_send().  Sets it; the caller clears it.  False: out of memory. */
bool tlsbio_gather(struct tls *t);

/* There is room for one more record of full size. */
bool tlsbio_has_room(const struct tls *t);

/* Passes down what was gathered.  A step; IO_OK: t->out is empty, also because the
 * connection is lost (tlsbio_lost) or nobody listens (t->deaf). */
enum io tlsbio_send(struct tls *t);

/* The connection is broken: t->lost says why. */
bool tlsbio_lost(const struct tls *t);

#endif
