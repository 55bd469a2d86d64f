/* A binary heap of deadlines, the earliest on top. */
#include "loop/timer.h"

#include "base/mem.h"

/* Puts t at index i and tells it so. */
static void place(struct timers *h, unsigned i, struct timer *t)
{
	h->heap[i] = t;
	t->slot = i + 1;
}

static void rise(struct timers *h, unsigned i, struct timer *t)
{
	while (i > 0) {
		const unsigned parent = (i - 1) / 2;

		if (h->heap[parent]->due <= t->due)
			break;
		place(h, i, h->heap[parent]);
		i = parent;
	}
	place(h, i, t);
}

/* The earlier child of i, or n if there is none. */
static unsigned earlier_child(const struct timers *h, unsigned i)
{
	const unsigned left = 2 * i + 1;

	if (left >= h->n)
		return h->n;
	if (left + 1 < h->n && h->heap[left + 1]->due < h->heap[left]->due)
		return left + 1;
	return left;
}

static void sink(struct timers *h, unsigned i, struct timer *t)
{
	for (;;) {
		const unsigned child = earlier_child(h, i);

		if (child == h->n || h->heap[child]->due >= t->due)
			break;
		place(h, i, h->heap[child]);
		i = child;
	}
	place(h, i, t);
}

/* t may stand too low or too high at index i: one of the two moves it. */
static void settle(struct timers *h, unsigned i, struct timer *t)
{
	rise(h, i, t);
	sink(h, t->slot - 1, t);
}

static bool make_room(struct timers *h)
{
	const unsigned cap = h->cap == 0 ? 16 : 2 * h->cap;
	struct timer **heap;

	if (h->n < h->cap)
		return true;
	heap = mem_resize(h->heap, cap, sizeof(struct timer *));
	if (heap == NULL)
		return false;
	h->heap = heap;
	h->cap = cap;
	return true;
}

bool timers_set(struct timers *h, struct timer *t, uint64_t due)
{
	if (t->slot == 0 && !make_room(h))
		return false;
	t->due = due;
	if (t->slot != 0)
		settle(h, t->slot - 1, t);
	else
		rise(h, h->n++, t);
	return true;
}

void timers_stop(struct timers *h, struct timer *t)
{
	struct timer *last;
	unsigned i;

	if (t->slot == 0)
		return;
	i = t->slot - 1;
	t->slot = 0;
	last = h->heap[--h->n];
	if (last != t)
		settle(h, i, last);
}

struct timer *timers_first(const struct timers *h)
{
	return h->n == 0 ? NULL : h->heap[0];
}

void timers_free(struct timers *h)
{
	for (unsigned i = 0; i < h->n; i++)
		h->heap[i]->slot = 0;
	mem_free(h->heap);
	*h = (struct timers){0};
}
