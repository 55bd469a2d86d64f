/* What is on its way in one direction of the shape layer: pieces with a due time. */
#ifndef SOCKCAT_LAYER_LANE_H
#define SOCKCAT_LAYER_LANE_H

#include "proto/shape.h"

/* Bytes that a lane holds, its own needs included; it takes one more piece, or one
 * more round of reading, as long as it holds less. */
enum { LANE_MOST = 1024 * 1024 };

struct held {
	struct held *next;	/* ref */
	uint64_t due;
	bool late;		/* the next one passes it */
	size_t at, len;		/* data[at .. len) is still to go */
	unsigned char data[];
};

struct lane {
	struct shape plan;
	struct held *first;	/* own, and those behind it */
	struct held *last;	/* ref */
	size_t size;		/* of all, with their headers */
	bool ended;		/* no more comes in */
	uint64_t end;		/* when that may be told */
};

/* Takes in up to len bytes of a stream, or a whole message, and says in *n how many.
 * The caller has looked at lane_takes().  False: no memory. */
bool lane_stream(struct lane *q, const unsigned char *from, size_t len, uint64_t now,
		 size_t *n);
bool lane_message(struct lane *q, const unsigned char *from, size_t len, uint64_t now);

/* May more come in now?  If not, *when says when to look again; SHAPE_NEVER: never. */
bool lane_takes(const struct lane *q, uint64_t now, uint64_t *when);

/* The first one if it is due, else NULL. */
struct held *lane_due(const struct lane *q, uint64_t now);

/* When the first one is due, else the end; SHAPE_NEVER if neither is there. */
uint64_t lane_next(const struct lane *q);

/* No more comes in; the first call counts. */
void lane_end(struct lane *q, uint64_t now);

/* All has gone and it is time to say that it was all. */
bool lane_over(const struct lane *q, uint64_t now);

/* The first one has gone. */
void lane_drop(struct lane *q);

void lane_free(struct lane *q);

#endif
