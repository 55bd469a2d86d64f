/* --workers: several processes serve one listening address.
 *
 * The parent makes the sockets, starts the workers and keeps the sockets open; it takes
 * nobody itself.  A worker is forked off with one of the sockets, throws away what is the
 * parent's and serves it as a lone process would.  One that ends is told of and replaced;
 * who waited at its socket is served by the next.
 *
 * Each worker has a channel to the parent.  Down go signals, a byte each, because a
 * terminal or service manager sends its own to all and one must not count twice; up goes
 * what the worker has to say.  Its end is the end of the other: a worker whose parent is
 * gone lets its sessions finish and ends. */
#ifndef SOCKCAT_WORKERS_H
#define SOCKCAT_WORKERS_H

#include <signal.h>
#include <stdatomic.h>

#include "cli/options.h"
#include "endpoint/sharing.h"
#include "loop/child.h"
#include "loop/signal.h"
#include "report/statistics.h"

/* In memory that the parent and all workers have in common. */
struct ledger {
	atomic_uint begun;		/* sessions, of all: numbers them */
	struct account {
		struct totals past;	/* of what ended in the worker that lives */
		struct totals now;	/* of all in it, when it was asked last */
		uint64_t memory;	/* the most that any at this place has had */
	} of[];
};

struct worker {
	struct workers *all;		/* ref */
	unsigned number;		/* counts from 1 */
	struct child child;
	bool lives;
	bool up;			/* it serves */
	bool owes;			/* it was asked to count */
	int channel;			/* own: our end; -1 = none */
	struct watch watch;		/* of that */
	struct timer timer;		/* its start */
	uint64_t begun;			/* when it was started last */
	uint64_t pause;			/* from then to the next start, at least */
};

struct workers {
	unsigned n;			/* set by the caller; 0 = no workers */
	struct loop *loop;		/* the same */
	struct sharing sharing;
	struct ledger *ledger;		/* own */
	struct worker *worker;		/* own: [n] */
	struct worker *self;		/* ref: in a worker, which of them; else NULL */
	struct totals past;		/* of workers that have ended */
	struct timer patience;		/* with those that count */
	sigset_t mask;			/* signals blocked before the fork */
	bool told;			/* all have been up: the caller knows */
	int early;			/* the status of one that ended before that */
	bool stopping;
	/* set by the caller: all serve; the counts that were asked for are there; in a
	 * worker, the parent passes a signal on */
	void (*ready)(void *owner);
	void (*counted)(void *owner);
	signal_fn *passed;
	void *owner;			/* ref */
};

/* What the command line must not have beside --workers, in the words of its user.
 * side: which address serves, -1 = none. */
enum io workers_check(const struct cli *c, const struct spec spec[2], int side,
		      struct fail *f);

/* Before the sockets are made. */
enum io workers_init(struct workers *w, struct fail *f);

/* Starts workers and lives until all have ended; listener: open.  Returns in each worker,
 * too, at once and with w->self set: its signals are blocked, the parent's loop and
 * endpoints still there to be freed.  IO_FAIL: they could not be started. */
enum io workers_run(struct workers *w, const struct endpoint *listener, struct fail *f);

/* In the parent: hands a signal to all; _stop: none is replaced from now on. */
void workers_signal(struct workers *w, int signo);
void workers_stop(struct workers *w, int signo);

/* Asks all to count; w->counted() when they have, or one has not in a second. */
void workers_ask(struct workers *w);

/* Adds what is known of all: what they counted last, and of those who have ended. */
void workers_count(const struct workers *w, struct totals *t);

/* After the loop. */
void workers_free(struct workers *w);

/* In a worker, in its own loop: hears what the parent passes on, and unblocks signals;
 * max-children= of the address becomes its share. */
enum io workers_join(struct workers *w, struct loop *l, struct spec *listener,
		     struct fail *f);

/* In a worker: it serves; it has counted. */
void workers_up(struct workers *w);
void workers_counted(struct workers *w, const struct totals *t);

/* In a worker: where its sessions are summed up as they end. */
struct totals *workers_past(struct workers *w);

#endif
