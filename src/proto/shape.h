/* Faults on purpose: what happens to which byte or message of one direction, and when.
 *
 * All that is left to chance comes from a seed, and each kind of fault has a sequence
 * of its own that counts bytes or messages: the same bytes meet the same fate, however
 * they arrive. */
#ifndef SOCKCAT_PROTO_SHAPE_H
#define SOCKCAT_PROTO_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHAPE_NEVER UINT64_MAX

/* What the user wants; times in microseconds, shares in millionths. */
struct shape_rules {
	uint64_t latency;	/* each byte is as much later */
	uint64_t jitter;	/* and up to so much more */
	uint64_t rate;		/* bytes a second, 0 = any */
	uint32_t chop_min, chop_max;	/* lengths of pieces, 0 = as they come */
	/* after so many bytes, or SHAPE_NEVER */
	uint64_t stall_after, reset_after, close_after, drop_after;
	uint32_t corrupt;	/* of the bytes: one bit is another */
	uint32_t loss, dup, reorder;	/* of the messages */
};

/* Nothing happens. */
#define SHAPE_NONE                                                                    \
	((struct shape_rules){ .stall_after = SHAPE_NEVER, .reset_after = SHAPE_NEVER, \
			       .close_after = SHAPE_NEVER, .drop_after = SHAPE_NEVER })

/* True if a rule asks for chance. */
bool shape_is_random(const struct shape_rules *r);

/* A sequence of numbers that looks random (splitmix64). */
struct chance {
	uint64_t state;
};
uint64_t chance_next(struct chance *c);
/* 0 .. below - 1; below must not be 0. */
uint32_t chance_below(struct chance *c, uint32_t below);

/* One direction. */
struct shape {
	const struct shape_rules *rules;	/* ref */
	struct chance jitter, chop, corrupt, fate;
	uint64_t passed;	/* bytes that came in */
	uint64_t free;		/* when the line of `rate` is free again */
	uint64_t last;		/* due time of the last piece: none overtakes it */
	uint64_t owed;		/* of a microsecond, what rounding left over */
	uint32_t piece;		/* what is missing of the chopped piece begun */
};

void shape_init(struct shape *s, const struct shape_rules *r, uint64_t seed);

/* What has happened to the direction as a whole by now. */
enum shape_state {
	SHAPE_FLOWS,
	SHAPE_STALLED,	/* nothing comes in or goes out any more */
	SHAPE_RESET,	/* the connection breaks */
	SHAPE_CLOSED,	/* this was the end of the stream */
};
enum shape_state shape_state(const struct shape *s);

/* Not before this time may more come in (rate). */
uint64_t shape_free_at(const struct shape *s);

/* How much of a stream may come in at once, <= len; not 0 unless len is. */
size_t shape_room(const struct shape *s, size_t len);

/* What becomes of what came in. */
struct shape_fate {
	size_t len;	/* so much of it, from the front; all of a message */
	uint64_t due;	/* it may go on at this time */
	bool lost;	/* it never does */
	bool twice;	/* it does so twice */
	bool late;	/* the next one goes before it */
};

/* The next piece of a stream: len bytes (> 0, within shape_room()) are there. */
struct shape_fate shape_piece(struct shape *s, size_t len, uint64_t now);

/* The next message. */
struct shape_fate shape_message(struct shape *s, size_t len, uint64_t now);

/* The end of the stream comes now: when may it go on? */
uint64_t shape_end(struct shape *s, uint64_t now);

/* Flips what has to be flipped, in the order the bytes came in. */
void shape_corrupt(struct shape *s, unsigned char *data, size_t len);

#endif
