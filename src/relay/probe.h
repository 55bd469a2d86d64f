/* One probe: an address is opened as a session would, each phase timed, and closed. */
#ifndef SOCKCAT_RELAY_PROBE_H
#define SOCKCAT_RELAY_PROBE_H

#include "endpoint/endpoint.h"
#include "report/probeline.h"

enum probe_state { PROBE_OPENS, PROBE_ASKS, PROBE_HEARS, PROBE_SHUTS, PROBE_OVER };

struct probe {
	/* set by the caller, and all else zero */
	const struct spec *spec;	/* ref: prepared */
	struct loop *loop;		/* ref */
	bool banner;			/* wait for the first byte as well */
	unsigned id;			/* for events: the session's number */
	uint64_t until;			/* on the loop's clock; 0 = only its own limits */
	/* Its stack is freed by then: the owner may start it again, or free it. */
	void (*ended)(void *owner, struct probe *p);
	void *owner;			/* ref */

	/* what came of it */
	struct fail fail;		/* PHASE_NONE: it is open */
	struct probe_times times;

	/* its own */
	enum probe_state state;
	struct endpoint end;
	struct fail late;		/* of its closing: nobody minds */
	struct timer timer;
	struct task again, reap;
	/* on the loop's clock: when its opening or its closing began, and when the
	 * transport was open; 0 = not yet */
	uint64_t since, shaking;
	uint64_t started, opened;	/* sys_now() when it began, when all was open */
};

/* Begins, or begins anew after it has ended.  Times are taken only while somebody hears
 * events (base/event.h).
 *
 * What has no connection (UDP) is sent an empty datagram, and open if it answers:
 * refused is PHASE_CONNECT with ECONNREFUSED, silence with ETIMEDOUT. */
void probe_start(struct probe *p);

/* Whenever; fine for one that never began. */
void probe_free(struct probe *p);

#endif
