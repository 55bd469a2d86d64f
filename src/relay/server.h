/* A listener with fork: sessions without number, in this process and loop. */
#ifndef SOCKCAT_RELAY_SERVER_H
#define SOCKCAT_RELAY_SERVER_H

#include <stdatomic.h>

#include "relay/session.h"
#include "report/statistics.h"

struct server {
	struct endpoint listener;
	const struct spec *spec[2];	/* ref: left and right */
	unsigned side;			/* which of them listens */
	const struct relay_setup *setup;	/* ref */
	struct loop *loop;		/* ref */
	struct session *sessions;	/* own: those alive */
	struct session *spare;		/* own: built for the next connection */
	unsigned live, max;		/* max = 0: no limit */
	atomic_uint *begun;		/* ref: sessions so far, which numbers them */
	/* most alive at once since memory was last given back */
	unsigned crowd;
	bool paused;			/* out of descriptors or at max-children */
	bool draining;			/* told to end: sessions finish, nobody new */
	/* sessions that wait for descriptors themselves */
	unsigned starved;
	bool short_told;		/* this shortage has been logged */
	unsigned tries;			/* failed attempts to listen */
	struct timer resume;		/* after a shortage; next try; accept-timeout */
	struct timer unused;		/* has no sessions; see exit_idle */
	struct task again;		/* more connections wait than one turn takes */
	struct fail fail;		/* the listener's */
	/* the first of what it had to turn away and of what sessions failed of */
	struct fail *missing;		/* own; or NULL */
	struct totals *past;		/* ref: of what ended: sessions, the listener */
	bool holds;			/* keeps its socket open, takes nobody */
	/* it listens; and it never will again, and its sessions are over */
	void (*opened)(void *owner, struct server *v);
	void (*ended)(void *owner, struct server *v);
	void *owner;			/* ref */
};

/* The caller has set spec, side, setup, loop, max, begun, past, holds, opened, ended and
 * owner; all else is zero.  IO_WAIT: not listening yet (a name, or retry=); ended() tells
 * if it never will. */
enum io server_start(struct server *v);
/* stop listening; ended() when the last session is gone */
void server_drain(struct server *v);
/* The same, and its sessions end now. */
void server_stop(struct server *v, int signo);
void server_free(struct server *v);

#endif
