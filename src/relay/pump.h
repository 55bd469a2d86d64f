/* One direction: read, write, keep what did not fit. */
#ifndef SOCKCAT_RELAY_PUMP_H
#define SOCKCAT_RELAY_PUMP_H

#include "endpoint/endpoint.h"

struct chunk;	/* a length and that many bytes, allocated only for what did not fit */

struct pump {
	struct endpoint *from, *to;	/* ref */
	/* what the last read and write asked for; IO_OK = try */
	enum io from_wait, to_wait;
	/* what those layers of `to` wait for that have not yet sent all they took */
	enum io owed_wait;
	/* own: read, not yet written; NULL almost always */
	struct chunk *left;
	size_t block;			/* bytes read at once, 1 .. scratch size */
	bool off;			/* direction not in use (-u, -U) */
	/* read and forget, so that closing sends no reset */
	bool discard;
	bool eof;			/* from has ended */
	/* to's shut said IO_EOF: no answer of its own will follow */
	bool shut_eof;
	bool done;			/* all written and shut */
	uint64_t bytes;			/* written */
	uint64_t expects;		/* bytes that will come; 0 = not known */
	uint64_t blocks, writes;	/* how often was read and written */
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

void pump_free(struct pump *p);

#endif
