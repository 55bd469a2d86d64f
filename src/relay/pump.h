/* One direction: read, write, keep what did not fit. */
#ifndef SOCKCAT_RELAY_PUMP_H
#define SOCKCAT_RELAY_PUMP_H

#include "endpoint/endpoint.h"

struct pump;
struct way;	/* relay/way.h */

/* What was read and did not fit: whoever has it writes it. */
struct left {
	/* A step.  IO_OK: all is written, and the pump's `left` is NULL again. */
	enum io (*write)(struct pump *p);
	void (*drop)(struct left *l);	/* frees it, nothing is written any more */
};

struct pump {
	struct endpoint *from, *to;	/* ref */
	struct left *left;		/* own; NULL almost always */
	const struct way *way;		/* ref: a quicker one than copying, or NULL */
	size_t block;			/* bytes read at once, 1 .. scratch size */
	uint64_t bytes;			/* written */
	uint64_t expects;		/* bytes that will come; 0 = not known */
	uint64_t blocks, writes;	/* how often was read and written */
	/* what the last read and write asked for; IO_OK = try */
	enum io from_wait, to_wait;
	/* what those layers of `to` wait for that have not yet sent all they took */
	enum io owed_wait;
	unsigned char pace;		/* the way's own, 0 at first */
	/* not the kernel but `from` itself has news, which only it can tell: no way until
	 * it has told */
	bool woken;
	bool off;			/* direction not in use (-u, -U) */
	/* read and forget, so that closing sends no reset */
	bool discard;
	bool eof;			/* from has ended */
	/* to's shut said IO_EOF: no answer of its own will follow */
	bool shut_eof;
	bool done;			/* all written and shut */
};

/* A step.  IO_OK: nothing to do until woken (from_wait, to_wait say for what).
 * IO_WAIT: budget spent, run again before sleeping.  IO_EOF: this direction is
 * complete.  IO_FAIL: the record of the endpoint that failed says why.
 * from_ready, to_ready: what woke its ends (READY_*): an operation that answered
 * IO_READ is not tried again before READY_READ or READY_WAKE. */
enum io pump_run(struct pump *p, unsigned from_ready, unsigned to_ready);

/* To be called when all pumps of the session have run, whether or not this one is in
 * use: what layers of `to` have taken from it, or made themselves (a handshake, an
 * alert), goes on its way.  False: the fail record says why not. */
bool pump_settle(struct pump *p);

/* The interest this pump has in its two ends. */
unsigned pump_wants_from(const struct pump *p);
unsigned pump_wants_to(const struct pump *p);

/* Once, when all else is set: chooses the way.  A socket is not read before the kernel
 * says that something has come. */
void pump_begin(struct pump *p);

void pump_free(struct pump *p);

/* ---- for ways ---------------------------------------------------------------------- */

/* Reads once and writes that, through the loop's buffer: what every way falls back to
 * when it moved nothing, to learn why; unless the kernel says that it has to wait.  n:
 * bytes read.  Answers like pump_run(), with the waits in from_wait and to_wait. */
enum io pump_copy(struct pump *p, size_t *n);

/* Writes len bytes that have been read; what does not fit is kept. */
enum io pump_put(struct pump *p, const unsigned char *from, size_t len);

/* What a write answered, when all it took is counted and what it left is kept. */
enum io pump_wrote(struct pump *p, enum io r);

/* So much has gone to `to` in one call. */
void pump_count(struct pump *p, size_t n);

/* Whether a transport that gave less than was asked for has no more at the moment, so
 * that the kernel will tell when it has.  Not a pipe: of one that was opened when its
 * last writer had gone the kernel never tells the end. */
bool pump_has_drained(const struct pump *p);

#endif
