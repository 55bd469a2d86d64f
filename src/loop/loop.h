/* Waiting: descriptors, deadlines, things to run again, things to free.
 *
 * One turn, in this order and no other:
 *
 *	wait -> wake descriptors -> due timers -> again-list -> reap
 *
 * Only the reap step frees what others may point to, so whatever a wake-up
 * does, the objects of its callers still exist when it returns.  A backend looks
 * at watch.want again just before each call, so that interest withdrawn earlier
 * in the turn is honoured. */
#ifndef SOCKCAT_LOOP_LOOP_H
#define SOCKCAT_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/io.h"

/* READY_ERROR as interest: nothing but errors and hang-up (the kernel reports
 * those always; with this alone in want, they are passed on).  When one of those
 * comes, everything in want is ready: the next read or write tells what it is.
 * READY_WAKE never comes from the kernel. */
enum { READY_READ = 1, READY_WRITE = 2, READY_WAKE = 4, READY_ERROR = 8 };

/* The one callback type of the whole program. */
typedef void wake_fn(void *owner, unsigned ready);

struct loop;
struct backend;

/* An fd we are interested in.  Lives inside its owner, zeroed before first use
 * and whenever fd becomes another one; withdraw it with watch_set(l, w, 0) before
 * closing the fd or freeing it. */
struct watch {
	int fd;
	unsigned slot;		/* the loop's and the backend's: 0 = not registered */
	unsigned char want;	/* READY_* asked for, as last set; 0 = not watched */
	bool always;		/* not for the kernel (regular file): ready each turn */
	bool background;	/* set by the owner: does not keep loop_run() going */
	wake_fn *fn;
	void *owner;		/* ref */
};

struct timer {
	uint64_t due;		/* microseconds on the loop's clock */
	unsigned slot;		/* place in the heap + 1; 0 = not set */
	wake_fn *fn;
	void *owner;		/* ref */
};

/* Something to run again before sleeping, or to free at the end of the turn.
 * fn is called with (owner, READY_WAKE). */
struct task {
	struct task *next;
	bool queued;
	wake_fn *fn;
	void *owner;		/* ref */
};

/* How the kernel is asked.  poll, epoll and kqueue each fill one of these. */
struct backend {
	const char *name;
	void *(*open)(void);			/* NULL with errno */
	/* Make the kernel's view match want (w->want still holds the old).
	 * False with errno; EPERM = the kernel will not poll this fd. */
	bool (*set)(void *self, struct watch *w, unsigned want);
	/* Sleeps up to timeout_us (-1 = for ever, 0 = not at all) and keeps what the
	 * kernel says for wake(); false with errno (EINTR is not an error). */
	bool (*wait)(void *self, int64_t timeout_us);
	/* Calls fn of the watches that the last wait() found ready.  What is
	 * withdrawn meanwhile is not called, even if it is set again. */
	void (*wake)(void *self);
	void (*close)(void *self);
};

extern const struct backend poll_backend;
/* name is NULL where the system lacks it */
extern const struct backend epoll_backend;
extern const struct backend kqueue_backend;

/* The backend by name, the best one for NULL; NULL for an unknown or absent one. */
const struct backend *backend_find(const char *name);

/* The i-th one that this system has, best first; NULL behind the last. */
const struct backend *backend_row(size_t i);

/* For backends: microseconds as the timeout of poll(2), rounded up so that no
 * turn wakes before its timer is due; -1 stays -1. */
int backend_milliseconds(int64_t timeout_us);

/* NULL with PHASE_INTERNAL if memory or descriptors are short. */
struct loop *loop_new(const struct backend *b, struct fail *f);

/* Calls nobody any more.  The services (signals, children, resolver) have been
 * ended before. */
void loop_free(struct loop *l);

/* Turns until loop_stop(), or until there is nothing left to wait for: no
 * watch, no timer, no task and nobody holding it.  IO_FAIL if the kernel
 * refuses to wait; else IO_OK. */
enum io loop_run(struct loop *l, struct fail *f);

/* loop_run() returns at the end of this turn; at once if called before it. */
void loop_stop(struct loop *l);

/* Somebody waits for what is no watch, timer or task (a child's end, the
 * resolver's answer): loop_run() goes on until released as often as held. */
void loop_hold(struct loop *l);
void loop_release(struct loop *l);

/* The loop's clock, microseconds, monotonic; taken once a turn after waiting. */
uint64_t loop_now(const struct loop *l);

/* Set the interest in w->fd (0 withdraws).  No system call if unchanged.  A fd
 * that the kernel refuses to poll becomes w->always.  Two watches may share one
 * fd.  False only for real failures (EBADF, ENOMEM, ENOSPC). */
bool watch_set(struct loop *l, struct watch *w, unsigned want);

/* due <= now fires in this or the next turn; setting again moves it. */
bool timer_set(struct loop *l, struct timer *t, uint64_t due);
void timer_stop(struct loop *l, struct timer *t);

/* Once more in this turn or the next, without sleeping between. */
void loop_again(struct loop *l, struct task *t);

/* At the end of the turn.  Withdraws t, and any other task of the same owner,
 * from the again-list: what is about to be freed does not run again. */
void loop_reap(struct loop *l, struct task *t);

/* Withdraws t from the again-list or the reap-list, if it is in one. */
void loop_cancel(struct loop *l, struct task *t);

/* Loop-wide services, made by main and found by whoever needs them.  Not for
 * anything else. */
struct resolver;
struct children;
struct arrivals;
struct loop_services {
	struct resolver *resolver;	/* ref */
	struct children *children;	/* ref */
	/* own: the one relay buffer; SCRATCH_SPARE longer */
	unsigned char *scratch;
	/* SCRATCH_SIZE, or what loop_scratch() was told */
	size_t scratch_size;
	/* own: for many datagrams at once (addr/arrivals.h); NULL until it is needed */
	struct arrivals *arrivals;
	/* What goes wrong is written down here by whoever runs, and taken away by whom it
	 * happened to before anybody else runs (relay/session.c): few fail, so few own a
	 * record. */
	struct fail fail;
};
enum { SCRATCH_SIZE = 256 * 1024, SCRATCH_SPARE = 64 };
struct loop_services *loop_services(struct loop *l);

/* Another size (at least 1) for the relay buffer, whose content is lost.  Not
 * while anybody reads into it.  False: no memory, the old one stays. */
bool loop_scratch(struct loop *l, size_t size);

#endif
