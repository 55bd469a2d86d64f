/* Faults on purpose: what happens to which byte or message of one direction, and when. */
#include "proto/shape.h"

enum {
	WHOLE = 1000000, /* millionths */
	SECOND = 1000000,
	BURST = SECOND / 20, /* what goes out at once after a silence */
	CHOPPED = 4096,	     /* taken in at once where the pieces may be tiny */
};

/* ---- chance ------------------------------------------------------------------ */

uint64_t chance_next(struct chance *c)
{
	uint64_t z = c->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint32_t chance_below(struct chance *c, uint32_t below)
{
	return (uint32_t)((chance_next(c) >> 32) * below >> 32);
}

static bool happens(struct chance *c, uint32_t share)
{
	return share && chance_below(c, WHOLE) < share;
}

bool shape_is_random(const struct shape_rules *r)
{
	return r->jitter || r->chop_min != r->chop_max || r->corrupt || r->loss ||
	       r->dup || r->reorder;
}

void shape_init(struct shape *s, const struct shape_rules *r, uint64_t seed)
{
	struct chance c = { .state = seed };

	*s = (struct shape){ .rules = r };
	s->jitter.state = chance_next(&c);
	s->chop.state = chance_next(&c);
	s->corrupt.state = chance_next(&c);
	s->fate.state = chance_next(&c);
}

/* ---- the direction as a whole ------------------------------------------------ */

enum shape_state shape_state(const struct shape *s)
{
	const struct shape_rules *r = s->rules;

	if (s->passed >= r->reset_after)
		return SHAPE_RESET;
	if (s->passed >= r->close_after)
		return SHAPE_CLOSED;
	return s->passed >= r->stall_after ? SHAPE_STALLED : SHAPE_FLOWS;
}

uint64_t shape_free_at(const struct shape *s)
{
	return s->free;
}

static void cap_at(size_t *len, uint64_t most)
{
	if (*len > most)
		*len = (size_t)most;
}

/* Up to the next byte from which on something else happens. */
static void cap_before(size_t *len, uint64_t passed, uint64_t mark)
{
	if (mark > passed)
		cap_at(len, mark - passed);
}

size_t shape_room(const struct shape *s, size_t len)
{
	const struct shape_rules *r = s->rules;
	uint64_t burst = r->rate / (SECOND / BURST);

	if (r->rate)
		cap_at(&len, burst ? burst : 1);
	if (r->chop_max)
		cap_at(&len, CHOPPED);
	cap_before(&len, s->passed, r->reset_after);
	cap_before(&len, s->passed, r->close_after);
	cap_before(&len, s->passed, r->stall_after);
	cap_before(&len, s->passed, r->drop_after);
	return len;
}

/* ---- when ---------------------------------------------------------------------- */

/* The line is busy with len bytes.  One that was silent may send a burst at once. */
static uint64_t sent_at(struct shape *s, size_t len, uint64_t now)
{
	uint64_t rate = s->rules->rate, start = now > BURST ? now - BURST : 0;

	if (!rate)
		return now;
	if (s->free > start)
		start = s->free;
	s->owed += (uint64_t)len * SECOND;
	s->free = start + s->owed / rate;
	s->owed %= rate;
	return s->free > now ? s->free : now;
}

static uint64_t due(struct shape *s, size_t len, uint64_t now)
{
	const struct shape_rules *r = s->rules;
	uint64_t at = sent_at(s, len, now) + r->latency;

	if (r->jitter)
		at += chance_below(&s->jitter, (uint32_t)(r->jitter + 1));
	if (at < s->last)
		at = s->last;
	s->last = at;
	return at;
}

/* ---- what ---------------------------------------------------------------------- */

/* A piece that was begun goes on when the rest of it comes. */
static size_t chopped(struct shape *s, size_t len)
{
	const struct shape_rules *r = s->rules;

	if (!r->chop_max)
		return len;
	if (!s->piece)
		s->piece = r->chop_min +
			   chance_below(&s->chop, r->chop_max - r->chop_min + 1);
	cap_at(&len, s->piece);
	s->piece -= (uint32_t)len;
	return len;
}

struct shape_fate shape_piece(struct shape *s, size_t len, uint64_t now)
{
	struct shape_fate f = { .lost = s->passed >= s->rules->drop_after };

	f.len = chopped(s, len);
	f.due = due(s, f.len, now);
	s->passed += f.len;
	return f;
}

/* Each message draws the same number of chances, whatever the rules: to change the
 * share of one fault leaves the others where they were. */
struct shape_fate shape_message(struct shape *s, size_t len, uint64_t now)
{
	const struct shape_rules *r = s->rules;
	uint32_t loss = chance_below(&s->fate, WHOLE);
	uint32_t dup = chance_below(&s->fate, WHOLE);
	uint32_t reorder = chance_below(&s->fate, WHOLE);
	struct shape_fate f = {
		.len = len,
		.due = due(s, len, now),
		.lost = s->passed >= r->drop_after || loss < r->loss,
		.twice = dup < r->dup,
		.late = reorder < r->reorder,
	};

	s->passed += len;
	return f;
}

uint64_t shape_end(struct shape *s, uint64_t now)
{
	return due(s, 0, now);
}

void shape_corrupt(struct shape *s, unsigned char *data, size_t len)
{
	uint32_t share = s->rules->corrupt;

	for (size_t i = 0; share && i < len; i++)
		if (happens(&s->corrupt, share))
			data[i] ^= (unsigned char)(1u << chance_below(&s->corrupt, 8));
}
