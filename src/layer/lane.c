/* What is on its way in one direction of the shape layer: pieces with a due time. */
#include "layer/lane.h"

#include <string.h>

#include "base/mem.h"

enum { LATE_USEC = 100000 }; /* as long a late message waits for one to pass it */

static void append(struct lane *q, struct held *h)
{
	if (q->first)
		q->last->next = h;
	else
		q->first = h;
	q->last = h;
}

/* The late one at the end lets this one pass, and goes right behind it. */
static void overtake(struct lane *q, struct held *h)
{
	struct held *late = q->last, **at = &q->first;

	while (*at != late)
		at = &(*at)->next;
	*at = h;
	h->next = late;
	late->due = h->due;
	late->late = false;
}

static bool add(struct lane *q, const unsigned char *from, size_t len,
		const struct shape_fate *fate)
{
	struct held *h = mem_new(1, sizeof(*h) + len);
	bool passes = q->first && q->last->late;

	if (!h)
		return false;
	h->late = fate->late && !passes;
	h->due = fate->due + (h->late ? LATE_USEC : 0);
	h->len = len;
	if (len)
		memcpy(h->data, from, len);
	shape_corrupt(&q->plan, h->data, len);
	q->size += sizeof(*h) + len;
	if (passes)
		overtake(q, h);
	else
		append(q, h);
	return true;
}

bool lane_stream(struct lane *q, const unsigned char *from, size_t len, uint64_t now,
		 size_t *n)
{
	len = shape_room(&q->plan, len);
	for (*n = 0; *n < len;) {
		struct shape_fate f = shape_piece(&q->plan, len - *n, now);

		if (!f.lost && !add(q, from + *n, f.len, &f))
			return false;
		*n += f.len;
	}
	return true;
}

bool lane_message(struct lane *q, const unsigned char *from, size_t len, uint64_t now)
{
	struct shape_fate f = shape_message(&q->plan, len, now);

	if (f.lost)
		return true;
	return add(q, from, len, &f) && (!f.twice || add(q, from, len, &f));
}

bool lane_takes(const struct lane *q, uint64_t now, uint64_t *when)
{
	*when = lane_next(q);
	if (shape_state(&q->plan) != SHAPE_FLOWS || q->size >= LANE_MOST)
		return false;
	*when = shape_free_at(&q->plan);
	return *when <= now;
}

struct held *lane_due(const struct lane *q, uint64_t now)
{
	return q->first && q->first->due <= now ? q->first : NULL;
}

uint64_t lane_next(const struct lane *q)
{
	return q->first ? q->first->due : q->ended ? q->end : SHAPE_NEVER;
}

void lane_end(struct lane *q, uint64_t now)
{
	if (q->ended)
		return;
	q->ended = true;
	q->end = shape_end(&q->plan, now);
}

bool lane_over(const struct lane *q, uint64_t now)
{
	return q->ended && !q->first && q->end <= now;
}

void lane_drop(struct lane *q)
{
	struct held *h = q->first;

	q->first = h->next;
	q->size -= sizeof(*h) + h->len;
	mem_free(h);
}

void lane_free(struct lane *q)
{
	while (q->first)
		lane_drop(q);
}
