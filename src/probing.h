/* --probe: which probes there are, one after the other or side by side, and what is said
 * of them. */
#ifndef SOCKCAT_PROBING_H
#define SOCKCAT_PROBING_H

#include "cli/options.h"
#include "relay/probe.h"

/* What one of them found. */
struct finding {
	bool done;
	bool open;
	uint64_t total;		/* microseconds, if open */
	char *line;		/* own: to be printed when those before it are; or NULL */
};

/* A place at which one probe after the other is made. */
struct job {
	struct probing *all;	/* ref */
	unsigned place;		/* which finding it is at work for */
	unsigned tries;		/* that failed so far */
	char *text;		/* own: the address with its one port; NULL = idle */
	struct spec spec;	/* own: of text */
	struct timer pause;
	struct probe probe;
};

/* Zeroed before. */
struct probing {
	const struct cli *cli;		/* ref */
	struct loop *loop;		/* ref */
	struct fail *fail;		/* ref: the caller's, filled when all is over */
	char *typed;			/* own: the address with its secrets */
	struct spec spec;		/* own: of that, with a range if it has one */
	struct finding *finding;	/* own: [n] */
	struct job *job;		/* own: [njobs] */
	unsigned n, njobs;
	unsigned next, printed, done, failed;
	uint64_t until;			/* --wait, on the loop's clock; 0 = none */
	struct fail first;		/* that failed for good */
	struct event_sink sink;		/* hears nothing: times are taken for it */
	bool over;			/* all has been done and said */
};

/* Begins, and stops the loop when all is over.  IO_FAIL: PHASE_USAGE and what prepare
 * finds. */
enum io probing_start(struct probing *p, const struct cli *c, struct loop *l,
		      struct fail *f);

/* Whenever, while the loop still is. */
void probing_free(struct probing *p);

#endif
