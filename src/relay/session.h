/* Two endpoints and two pumps, from birth to death. */
#ifndef SOCKCAT_RELAY_SESSION_H
#define SOCKCAT_RELAY_SESSION_H

#include "relay/pump.h"

/* What the command line says for all sessions.  Zero = not given. */
struct relay_setup {
	size_t block;			/* -b */
	bool linger_set;		/* -t given */
	uint64_t linger;		/* -t, microseconds */
	bool idle_set;
	uint64_t idle;			/* -T */
	uint64_t exit_idle;		/* a server ends after so long without sessions */
	bool left_to_right, right_to_left;	/* both unless -u or -U */
	bool socat;			/* that dialect's ways where they differ */
	bool statistics;
	bool progress;			/* how much will come is of interest */
	bool child_status;		/* the program's own status becomes ours */
	bool strict;			/* a loss that ended nothing is a failure, too */
};

enum session_state {
	SESSION_FIRST,		/* opening the address that comes first */
	SESSION_SECOND,		/* opening the other */
	SESSION_RELAY,		/* both directions, or what is left of them */
	SESSION_PAUSE,		/* waits for the next try (retry=, forever) */
	SESSION_CLOSE,		/* both are complete; see relay/closing.h */
	SESSION_DEAD,		/* waits for the reaper */
} __attribute__((packed));

struct server;

struct session {
	enum session_state state;
	/* which side is opened first: the listener's, else 0 */
	unsigned char first;
	bool accepted;			/* the first side was handed to us, open */
	bool watched;			/* opening_watch_client() has been called */
	/* its second side waits for descriptors or memory */
	bool starving;
	bool ready_told;		/* of many sessions, their server tells */
	unsigned id;			/* for logs: counts from 1 */
	unsigned tries;			/* opens that failed so far */
	/* [0] left, [1] right; the spec of each is set from the beginning */
	struct endpoint in[2];
	/* ref: &in[i]; own: the second half of a dual address */
	struct endpoint *out[2];
	struct pump pump[2];		/* [0] left to right */
	const struct relay_setup *setup;	/* ref */
	struct loop *loop;		/* ref */
	struct timer timer;		/* the nearest of connect, linger, idle, retry */
	uint64_t begun;			/* when the session began */
	uint64_t relaying;		/* when its relay began; 0 = not yet */
	uint64_t since;			/* when the present state began */
	/* when the transport of the side being opened was ready for the layers above
	 * it; 0 = not yet */
	uint64_t shaking;
	uint64_t active;		/* when a byte moved or a direction ended last */
	uint64_t moved;			/* bytes, as of then */
	struct task next_run;		/* in the end: its reaping */
	/* ref: the loop's, until something goes wrong here; then own */
	struct fail *fail;
	/* ref: what ended it, where that is no failure and not the end of both sides */
	const char *reason;
	/* what was lost though the session went on, told when all is over: a stream that
	 * ended in its middle (PHASE_EARLY), and to the strict whatever else */
	struct fail *missing;		/* own; or NULL */
	/* ref: the server's count of those that do, or NULL */
	unsigned *starved;
	void (*ended)(void *owner, struct session *s);	/* just before it is freed */
	void *owner;			/* ref: the server, or main's */
	struct session *prev, *next;	/* the owner's list */
};

/* A session whose two addresses are still closed.  NULL: out of memory, told in f.
 * The caller sets first, id, ended and owner; a server builds in[first] and has
 * its connection handed over before session_start(). */
struct session *session_new(struct loop *l, const struct spec *left,
			    const struct spec *right, const struct relay_setup *setup,
			    struct fail *f);

/* Builds one side, ready for endpoint_open() or endpoint_accept(). */
enum io session_build(struct session *s, unsigned side);

/* Opens as much as can be opened at once. */
void session_start(struct session *s);

/* The one driver; whatever its endpoints, timers and tasks have to say arrives here. */
void session_run(struct session *s);

/* The one end: reports, resets who must not mistake this for an empty answer,
 * and hands the session to the reaper. */
void session_end(struct session *s);

/* Ended from outside: a signal.  Nothing more is read; s->fail says why. */
void session_stop(struct session *s, int signo);

/* Never started: frees it at once. */
void session_discard(struct session *s);

#endif
