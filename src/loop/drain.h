/* Sees to it that a spool is written: a moment after something was added, and as soon as
 * a slow reader takes more. */
#ifndef SOCKCAT_LOOP_DRAIN_H
#define SOCKCAT_LOOP_DRAIN_H

#include "base/spool.h"
#include "loop/loop.h"

/* Zeroed before first use. */
struct drain {
	struct spool *spool;	/* ref */
	struct loop *loop;	/* ref */
	struct timer timer;
	struct watch watch;
};

/* Call it whenever records were added. */
void drain_run(struct drain *d, struct loop *l, struct spool *s);

/* Nothing is watched any more: before the spool is closed, while the loop still is. */
void drain_stop(struct drain *d);

/* From now on all text is written by this loop while its readers are slow; NULL: by none
 * any more, before the loop is freed. */
void drain_texts(struct loop *l);

#endif
