/* A stack of layers, built from a spec, opened bottom up, shut top down. */
#ifndef SOCKCAT_ENDPOINT_ENDPOINT_H
#define SOCKCAT_ENDPOINT_ENDPOINT_H

#include "base/event.h"
#include "base/name.h"
#include "endpoint/layer.h"
#include "loop/loop.h"

/* What stands behind a descriptor.  FD_NONE: there is none, or it is read or written in a
 * way of its own.  FD_DGRAM: a socket that keeps message boundaries. */
enum fd_kind {
	FD_NONE, FD_FILE, FD_PIPE, FD_TTY, FD_SOCKET, FD_DGRAM, FD_OTHER
} __attribute__((packed));

/* Of an endpoint, for those who hear events. */
struct story {
	uint64_t since;			/* when the last step of its opening was done */
	uint32_t span[SPANS];		/* microseconds spent on each kind */
	struct name ends[2];		/* local and peer as told; len 0 = none */
};

struct endpoint {
	/* own: in one block, behind the layers themselves; [0] is the transport */
	struct layer **layer;
	unsigned char nlayers, nopen;
	unsigned char side;		/* 0 = first address, 1 = second */
	/* set by the server before open: bind and listen, don't accept */
	bool listening;
	/* set by the transport when the peer came to us: layers play the server */
	bool server;
	/* one of many sessions: leave inherited descriptors to the others */
	bool shared;
	/* set by the transport, or by a layer that makes them: one read is one message */
	bool messages;
	/* set by the transport: failures are send/receive, not local */
	bool network;
	/* its program got the other side's descriptors: nothing to relay */
	bool direct;
	/* its transport waits for peers, who can reach it */
	bool reachable;
	/* its peer has been told that the session failed: no need to abort */
	bool told;
	/* directions that the session will use, set before open */
	bool reads, writes;
	/* set by the transport.  Not FD_NONE: to read from rfd, or write to wfd, what can
	 * be moved at once is all that its ops would do; only what an end or an error
	 * means they alone know */
	enum fd_kind rkind, wkind;
	/* the longest message that may be written; 0 = whoever sends it will see */
	size_t longest;
	/* ref: topmost layer that touches the bytes; NULL = none can */
	struct layer *reader, *writer;
	/* own; set by the transport, often the same; -1 = none */
	int rfd, wfd;
	unsigned ready;			/* READY_* since the owner last looked */
	/* set by the transport: its program's exit code as shells tell it
	 * (128 + signal), 0 = fine, -1 = not known */
	int child_status;
	struct watch rwatch;
	struct watch *wwatch;		/* own; NULL before wfd was watched for itself */
	/* ref: who is at the far end, for the next layer up */
	const char *target;
	/* ref, own of the transport or a layer: where getpeername(2) can't know */
	const struct name *peer;
	const struct name *local;	/* ref: the same for getsockname(2) */
	struct story *story;		/* own; NULL unless somebody hears events */
	const unsigned *session;	/* ref: its number; NULL = of none */
	/* ref: who sent the message read last, where anybody may; or NULL */
	const struct name *sender;
	/* ref: the session's other side, or NULL; its spec is set before it is built */
	struct endpoint *other;
	const struct spec *spec;	/* ref */
	struct loop *loop;		/* ref */
	/* ref: where to write what goes wrong.  Another one from step to step: the
	 * loop's, and from its first failure on the session's */
	struct fail *fail;
	/* ref: the session's, for fail_record(): a loss that does not end it, such as a
	 * datagram for which there is no room.  --strict makes that its failure in the
	 * end.  NULL: nobody minds */
	struct fail **missing;
	wake_fn *wake;			/* called when a watch fires or endpoint_wake() */
	void *owner;			/* ref: for wake */
};

/* Runs prepare for every part of the address (and its writer half).  Once, at start. */
enum io spec_prepare(struct spec *s, struct fail *f);
void spec_unprepare(struct spec *s);

/* The same for the parts that look at nothing but words then (TYPE_WORDS); in the place
 * of spec_prepare. */
enum io spec_check(struct spec *s, struct fail *f);

/* Runs reload for every part that has one, up to the first that fails.  IO_EOF: none
 * has. */
enum io spec_reload(struct spec *s, struct fail *f);

/* What the process becomes for an address that is opened many times comes before the
 * first time, so that all find the same. */
enum io spec_become(const struct spec *s, struct fail *f);

/* Allocates the layers.  The caller has set spec, loop, fail, missing, wake,
 * owner, side, session, other, shared, listening, reads and writes before; all else is
 * zero.  rfd and wfd become -1. */
enum io endpoint_build(struct endpoint *e);

/* Bottom up; a step, resumes at the layer that had to wait. */
enum io endpoint_open(struct endpoint *e);

/* Hands one waiting connection of a listening endpoint to child, which is built. */
enum io endpoint_accept(struct endpoint *e, struct endpoint *child);

enum io endpoint_read(struct endpoint *e, void *to, size_t cap, size_t *n);
enum io endpoint_write(struct endpoint *e, const void *from, size_t len, size_t *n);

/* Goes on with what layers have accepted and not yet sent (layer_ops.settle): IO_OK
 * when there is nothing, else what the lowest that owes something waits for. */
enum io endpoint_settle(struct endpoint *e);

/* Top down; a step.  IO_EOF: see layer_ops.shut. */
enum io endpoint_shut(struct endpoint *e);

/* Top down; closes rfd and wfd, withdraws the watches.  The struct can be built
 * again after.  Fine for one that was never built (all zero). */
void endpoint_free(struct endpoint *e);

/* The next close sends RST instead of FIN, where the transport has that. */
void endpoint_abort(struct endpoint *e);

/* From now on each write is a packet of its own, where the transport gathers small
 * ones.  False: it is not open. */
bool endpoint_hurry(struct endpoint *e);

/* What to wait for on this endpoint: READY_READ | READY_WRITE | READY_ERROR.  False with
 * errno. */
bool endpoint_want(struct endpoint *e, unsigned want);

/* A layer's own timer, child or resolver has news: the owner runs. */
void endpoint_wake(struct endpoint *e);

/* The same with the types of the callbacks: fits wake_fn with owner = endpoint. */
void endpoint_woken(void *endpoint, unsigned ready);

/* IO_WAIT, after which others get their turn and then the owner again: for a step that
 * a peer could keep busy without end.  again: the layer's own, all zero at first, and
 * stopped by its free. */
enum io endpoint_pause(struct endpoint *e, struct timer *again);

/* Descriptors that the transport has to get: those of the directions in use, and both
 * where a layer above has a handshake of its own (TLS with -u). */
bool endpoint_needs_reading(const struct endpoint *e);
bool endpoint_needs_writing(const struct endpoint *e);

/* Reader and writer are the transport itself. */
bool endpoint_is_raw(const struct endpoint *e);

/* Addresses of the two ends as far as known; false (and len 0) if not a socket. */
bool endpoint_peer(const struct endpoint *e, struct name *out);
bool endpoint_local(const struct endpoint *e, struct name *out);

/* IPPROTO_* of the two; 0 = not IP, or not known. */
int endpoint_protocol(const struct endpoint *e);

/* "tcp 127.0.0.1:51234 → 127.0.0.1:8080" (from → to as the connection was made), or
 * the address as typed for what is no socket.  Returns to. */
const char *endpoint_text(const struct endpoint *e, char *to, size_t cap);

/* For programs: NAME=value pairs without prefix, see layer_ops.describe. */
struct environment {
	char **pair;		/* own, each own */
	size_t n;
};
bool environment_add(struct environment *env, const char *name, const char *value);
void environment_free(struct environment *env);
bool endpoint_describe(struct endpoint *e, struct environment *env);

#endif
