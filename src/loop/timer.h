/* A heap of deadlines.  Pure: knows no clock and no loop. */
#ifndef SOCKCAT_LOOP_TIMER_H
#define SOCKCAT_LOOP_TIMER_H

#include "loop/loop.h"

struct timers {
	struct timer **heap;	/* own; heap[0] is the earliest */
	unsigned n, cap;
};

/* Sets or moves.  False: no memory. */
bool timers_set(struct timers *h, struct timer *t, uint64_t due);
void timers_stop(struct timers *h, struct timer *t);
/* The earliest, or NULL. */
struct timer *timers_first(const struct timers *h);
void timers_free(struct timers *h);

#endif
