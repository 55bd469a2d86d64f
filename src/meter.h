/* --progress: tells on standard error, while it goes on, how far the relay is. */
#ifndef SOCKCAT_METER_H
#define SOCKCAT_METER_H

#include "relay/server.h"
#include "report/line.h"
#include "report/progress.h"

struct meter {
	struct loop *loop;		/* ref; NULL = there is none */
	const struct session *session;	/* ref: the one, or */
	const struct server *server;	/* ref: all of this; both NULL = none yet */
	uint64_t size;			/* of what is to come, as given; 0 = not given */
	struct line line;
	struct timer timer;
	struct progress_past past;
	uint64_t since;			/* when the server began */
	uint64_t due;			/* where there is no terminal: of the next line */
};

/* From now on, four times a second.  The caller sets session or server when there is
 * one.  False: no memory. */
bool meter_start(struct meter *m, struct loop *l, uint64_t size);

/* Once, as a line that stays. */
void meter_print(struct meter *m);

/* The last word, if anything was relayed.  While its session still exists; a second
 * call, and one without meter_start(), do nothing. */
void meter_end(struct meter *m);

#endif
