/* The contract that every layer and transport keeps. */
#ifndef SOCKCAT_ENDPOINT_LAYER_H
#define SOCKCAT_ENDPOINT_LAYER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"
#include "base/io.h"
#include "spec/spec.h"

struct endpoint;
struct layer;
struct buf;
struct environment;
struct iovec;

enum { LAYER_MANY = 64 };	/* messages at once, at most */

/* Every function is optional; a missing read or write means that the bytes pass
 * through untouched, and then the layer costs nothing once open.
 *
 *  - A layer calls only layer_read, layer_write, layer_shut, layer_unread,
 *    layer_flush and layer_fill on l->below.
 *  - IO_OK from write means that *n > 0 bytes went below (for messages: the
 *    whole message, len may be 0).  A layer owes nothing: what it could not pass
 *    down it has not accepted, and the caller will come again with the same
 *    bytes.  One that cannot help keeping bytes (TLS records) flushes them
 *    before it accepts more.  The exception is a layer whose purpose is to send
 *    later: it keeps a bounded amount, says so by having settle, and its shut
 *    waits until all has gone.
 *  - IO_EOF from write: nobody listens there any more, and that is no failure
 *    (a program that only talks).
 *  - IO_OK from read means *n bytes (0 only where endpoint.messages is set).
 *  - Whatever the layer below answers is passed up unchanged, unless it is an
 *    end that came too early.  So the top answer always names the real wait.
 *  - Bytes read beyond one's own message are given back with layer_unread.
 *  - What is lost without ending the session is noted in end->missing.
 *  - Only a transport has descriptors.  While it races several it watches them
 *    itself and answers IO_WAIT; a layer that keeps time owns a timer, answers
 *    IO_WAIT and calls endpoint_wake() when it is due.
 *  - After IO_FAIL no call but free follows, unless the phase is PHASE_EARLY: that
 *    ends the reading only. */
struct layer_ops {
	/* of the struct that starts with struct layer; zeroed by the core */
	size_t size;

	/* Once per part, before anything opens: check arguments and options, load
	 * files.  What it makes it hangs on p->prepared. */
	enum io (*prepare)(struct part *p, struct fail *f);
	void (*unprepare)(struct part *p);	/* frees p->prepared */

	/* Reads the files again that prepare has read (SIGHUP), without waiting
	 * for anybody.  Sessions under way keep what they began with.  IO_FAIL:
	 * p->prepared is as it was. */
	enum io (*reload)(struct part *p, struct fail *f);

	/* a step; what is below is already open */
	enum io (*open)(struct layer *l);

	/* Listening transports only (endpoint.listening): IO_OK = child, built
	 * but not opened, now holds one connection and its open() will find it;
	 * IO_READ = none waiting. */
	enum io (*accept)(struct layer *l, struct endpoint *child);

	enum io (*read)(struct layer *l, void *to, size_t cap, size_t *n);
	enum io (*write)(struct layer *l, const void *from, size_t len, size_t *n);

	/* Of message transports, both of these or none.  Reads the *n messages that have
	 * come, LAYER_MANY at most, into memory that is the caller's until his step ends.
	 * IO_OK: there may be more; else what follows them, as read would answer. */
	enum io (*read_many)(struct layer *l, struct iovec *v, unsigned *n);

	/* Writes the first *done >= 1 of n messages, each whole, as many as go at once.
	 * Answers like write; IO_OK also where fewer than n were written. */
	enum io (*write_many)(struct layer *l, const struct iovec *v, unsigned n,
			      unsigned *done);

	/* Go on with what was accepted and not yet sent.  A step: the last thing that is
	 * done when the session was woken, and done while the layers above are being
	 * opened.  IO_OK: nothing is owed. */
	enum io (*settle)(struct layer *l);

	/* Say that no more will be written.  A step.  IO_EOF = said, or cannot be
	 * said here (datagrams, terminals): the other direction gets no end of its
	 * own from this, so the session only lingers for its answer window. */
	enum io (*shut)(struct layer *l);

	/* Adds what programs on the other side may know of this one
	 * (PEERADDR, OPENSSL_X509_SUBJECT ...); false = out of memory. */
	bool (*describe)(struct layer *l, struct environment *env);

	/* own resources only, also of a half-open layer */
	void (*free)(struct layer *l);
};

struct back {
	size_t n;			/* > 0 */
	unsigned char byte[];
};

struct layer {
	const struct layer_ops *ops;	/* ref */
	struct layer *below;		/* ref; NULL for the transport */
	struct endpoint *end;		/* ref */
	const struct part *part;	/* ref: arguments and options */
	struct back *back;		/* own: bytes given back, read first; or NULL */
};

/* What a layer may do with the one below it (or with itself, from above). */
enum io layer_read(struct layer *l, void *to, size_t cap, size_t *n);
enum io layer_write(struct layer *l, const void *from, size_t len, size_t *n);
enum io layer_shut(struct layer *l);

/* Give bytes back, to be read again before any others.  False: out of memory. */
bool layer_unread(struct layer *l, const void *from, size_t n);

/* Write all of out and empty it; IO_OK when it is empty. */
enum io layer_flush(struct layer *l, struct buf *out);
/* Read until in holds at least n bytes; IO_EOF if the end comes before. */
enum io layer_fill(struct layer *l, struct buf *in, size_t n);
/* Read once, what is there, into in, which is not full: for messages whose length is
 * not known before their end is seen.  What lies behind it: layer_unread. */
enum io layer_more(struct layer *l, struct buf *in);

#endif
