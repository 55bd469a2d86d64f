/* How far it is: one line, made from plain numbers. */
#include "report/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { SECOND = 1000 * 1000 };

/* ---- the rate ----------------------------------------------------------------- */

static uint64_t per_second(uint64_t bytes, uint64_t usec)
{
	return usec ? (uint64_t)((double)bytes * SECOND / (double)usec) : 0;
}

void progress_note(struct progress_past *past, uint64_t now, uint64_t bytes)
{
	past->at[past->next].when = now;
	past->at[past->next].bytes = bytes;
	past->next = (past->next + 1) % PROGRESS_PAST;
	past->n += past->n < PROGRESS_PAST;
}

uint64_t progress_rate(const struct progress_past *past, uint64_t now, uint64_t bytes)
{
	unsigned oldest = past->n < PROGRESS_PAST ? 0 : past->next;

	if (!past->n || now <= past->at[oldest].when || bytes < past->at[oldest].bytes)
		return 0;
	return per_second(bytes - past->at[oldest].bytes, now - past->at[oldest].when);
}

/* ---- the pieces --------------------------------------------------------------- */

/* As they stand in the line. */
enum piece { SESSIONS, BYTES, BACK, RATE, AVERAGE, ELAPSED, PERCENT, ETA, PIECES };

enum { PIECE_TEXT = 64 };

/* What is left out first.  BYTES never is. */
static const enum piece dispensable[] = { AVERAGE, ELAPSED, BACK,     RATE,
					  ETA,	   PERCENT, SESSIONS };

static void put_size(char *to, const char *before, uint64_t bytes, const char *after)
{
	char size[16];

	text_from_size(size, sizeof(size), bytes);
	snprintf(to, PIECE_TEXT, "%s%s%s", before, size, after);
}

static void put_time(char *to, const char *before, uint64_t seconds)
{
	snprintf(to, PIECE_TEXT, "%s%llu:%02u:%02u", before,
		 (unsigned long long)(seconds / 3600), (unsigned)(seconds / 60 % 60),
		 (unsigned)(seconds % 60));
}

/* Both ways, as soon as there are two. */
static void put_bytes(char text[][PIECE_TEXT], const struct progress *p)
{
	if (p->bytes[0] && p->bytes[1]) {
		put_size(text[BYTES], "> ", p->bytes[0], "");
		put_size(text[BACK], "< ", p->bytes[1], "");
	} else {
		put_size(text[BYTES], "", p->bytes[0] + p->bytes[1], "");
	}
}

/* The last percent is full only when all is there. */
static void put_percent(char *to, const struct progress *p)
{
	double share = (double)p->done / (double)p->size;

	snprintf(to, PIECE_TEXT, "%u%%",
		 p->done >= p->size ? 100u : (unsigned)(share * 100));
}

/* By the average: of late there may have been a pause, or a buffer filled at once. */
static void put_eta(char *to, const struct progress *p)
{
	uint64_t speed = per_second(p->done, p->elapsed);
	uint64_t left = p->size > p->done ? p->size - p->done : 0;

	if (speed)
		put_time(to, "ETA ", left / speed + (left % speed != 0));
}

static void put_pieces(char text[][PIECE_TEXT], const struct progress *p)
{
	uint64_t all = p->bytes[0] + p->bytes[1];

	if (p->server)
		snprintf(text[SESSIONS], PIECE_TEXT, "%llu of %llu sessions open",
			 (unsigned long long)p->open, (unsigned long long)p->sessions);
	put_bytes(text, p);
	if (!p->over)
		put_size(text[RATE], "", p->rate, "/s");
	put_size(text[AVERAGE], "average ", per_second(all, p->elapsed), "/s");
	put_time(text[ELAPSED], "", p->elapsed / SECOND);
	if (p->size)
		put_percent(text[PERCENT], p);
	if (p->size && !p->over)
		put_eta(text[ETA], p);
}

/* ---- the line ----------------------------------------------------------------- */

static size_t join(char to[PROGRESS_TEXT], char text[][PIECE_TEXT])
{
	size_t len = 0;

	to[0] = '\0';
	for (unsigned i = 0; i < PIECES; i++)
		if (*text[i])
			len += (size_t)snprintf(to + len, PROGRESS_TEXT - len, "%s%s",
						len ? "  " : "", text[i]);
	return len;
}

void progress_format(char to[PROGRESS_TEXT], const struct progress *p, unsigned columns)
{
	char text[PIECES][PIECE_TEXT] = { "" };
	unsigned gone = 0;

	put_pieces(text, p);
	while (join(to, text) > columns && gone < PIECES - 1)
		*text[dispensable[gone++]] = '\0';
	if (columns < PROGRESS_TEXT)
		to[columns] = '\0';
}
