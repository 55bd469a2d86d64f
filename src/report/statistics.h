/* What a run has moved and met, and the table that tells it. */
#ifndef SOCKCAT_REPORT_STATISTICS_H
#define SOCKCAT_REPORT_STATISTICS_H

#include <stdint.h>

#include "base/fail.h"

/* What went one way. */
struct flow {
	uint64_t bytes, reads, writes;
	uint64_t messages;	/* 0 where neither end keeps any apart */
};

struct totals {
	struct flow way[2];	/* [0] from the first address to the second */
	uint64_t sessions;	/* begun, the open ones included */
	uint64_t open;
	/* sessions by what ended them: [PHASE_NONE] and [PHASE_SIGNAL] are no failures */
	uint64_t failed[PHASES];
	/* the most that processes other than this one have had, in bytes */
	uint64_t others_memory;
};

/* Logs them, whatever the level: a table, and how much memory the process has had; in
 * the socat dialect its two lines. */
void statistics_show(const struct totals *t);

#endif
