/* Tells a script when all that listens can be reached, and where. */
#ifndef SOCKCAT_REPORT_READY_H
#define SOCKCAT_REPORT_READY_H

#include "base/buf.h"
#include "base/event.h"

enum ready_format {
	READY_JSON,	/* one line, see sockcat(1) */
	READY_PORT,	/* the port, or the path where there is none; one line each */
};

struct ready_setup {
	const char *file;	/* ref: written whole or not at all; NULL = none */
	int fd;			/* own: is written to and closed, from 3 on; -1 = none */
	enum ready_format format;
};

struct ready {
	struct event_sink sink;
	struct ready_setup setup;
	char *new;		/* own: the file until it is complete, or NULL */
	int new_fd;		/* own; -1 = none */
	struct buf text;	/* own: what is known so far */
	bool told;
};

/* Listens to events.  An old file of that name goes, so that nobody takes it for ours;
 * the descriptor must be open for writing and is not passed on to programs.
 * PHASE_USAGE or PHASE_WRITE. */
enum io ready_start(struct ready *r, const struct ready_setup *setup, struct fail *f);

/* For a process that was forked off: the file and who waits stay the parent's. */
void ready_leave(struct ready *r);

/* The file goes with us. */
void ready_end(struct ready *r);

#endif
