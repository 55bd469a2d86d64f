/* How far it is: one line, made from plain numbers. */
#ifndef SOCKCAT_REPORT_PROGRESS_H
#define SOCKCAT_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	uint64_t bytes[2];	/* relayed, [0] from the first address to the second */
	uint64_t elapsed;	/* microseconds since the relay began */
	uint64_t rate;		/* bytes a second, of late: see progress_rate() */
	uint64_t size, done;	/* of what is to come; size 0 = not known */
	bool server;		/* the next two count */
	uint64_t open, sessions;
	bool over;		/* the last word: no rate of late, no time left */
};

enum { PROGRESS_TEXT = 256 };

/* "1.5 MiB  512.0 KiB/s  average 480.0 KiB/s  0:00:03  50%  ETA 0:00:03", at most that
 * many columns: what matters least is left out first.  Only ASCII. */
void progress_format(char to[PROGRESS_TEXT], const struct progress *p, unsigned columns);

/* What had been relayed when, of late.  Zeroed before use. */
enum { PROGRESS_PAST = 5 };
struct progress_past {
	struct {
		uint64_t when, bytes;
	} at[PROGRESS_PAST];
	unsigned next, n;
};

/* To be called four times a second. */
void progress_note(struct progress_past *past, uint64_t now, uint64_t bytes);

/* Bytes a second since the oldest that is known, so within about the last second. */
uint64_t progress_rate(const struct progress_past *past, uint64_t now, uint64_t bytes);

#endif
