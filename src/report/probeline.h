/* What --probe prints: a line for each probe, and a summary of many. */
#ifndef SOCKCAT_REPORT_PROBELINE_H
#define SOCKCAT_REPORT_PROBELINE_H

#include "base/buf.h"
#include "base/event.h"

enum { PROBE_WORDS = 64 };

/* What came of a probe that found its address open.  Microseconds; 0 = there was no
 * such phase. */
struct probe_times {
	uint32_t span[SPANS];
	uint64_t first;			/* from the open stack to the first byte */
	uint64_t total;
	char words[PROBE_WORDS];	/* what came first, unescaped */
	size_t nwords;			/* so many bytes of it; 0 = none shall be shown */
};

/* "tcp:host:22 open connect=0.213ms first=4.120ms total=4.333ms \"SSH-2.0-x\"": of what
 * came, the first line.  False: no room. */
bool probeline_one(struct buf *to, const char *address, const struct probe_times *t);

/* "tcp:host:22 count=10 failed=0 min=0.1ms median=... p99=... max=..."; the numbers are
 * those of the n totals, which are sorted, and missing if there is none. */
bool probeline_summary(struct buf *to, const char *address, uint64_t *total, size_t n,
		       size_t failed);

#endif
