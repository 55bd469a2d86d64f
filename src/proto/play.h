/* One side of a recorded conversation: what it says next, and whether it hears what was
 * recorded.
 *
 * The order of the recording is the order of cause and effect: a block is said when all
 * bytes that the other side said before it have come.  What comes early is welcome.  An
 * end is not waited for: whoever piped his question into the recorder ended at once, and
 * the one who asks now may want to hear the answer first. */
#ifndef SOCKCAT_PROTO_PLAY_H
#define SOCKCAT_PROTO_PLAY_H

#include "proto/recording.h"

struct play {
	const struct recording *rec;	/* ref: of one session, recording_keep() */
	bool client;		/* whom we play, else the server */
	bool messages;		/* each block is one, else all are a stream */
	bool loose;		/* see play_hear() */
	size_t in, out;		/* the next block to hear, to say; rec->n: none */
	size_t heard, said;	/* bytes of those that have been */
	uint64_t bytes;		/* that came and were right */
	size_t newlines;	/* loose: the last that came, in a row */
};

/* The first five members are set.  deaf: nothing will be heard, nor waited for. */
void play_init(struct play *p, bool deaf);

/* The block that is to be said now, or to be gone on with: NULL: there is none, unless
 * something more is heard. */
const struct block *play_speaks(const struct play *p);

/* How long that came after the block before it; microseconds. */
uint64_t play_pause(const struct play *p);

/* What has not been said of it (no end): so many bytes at *data.  n of them are said now:
 * call it for an empty message, too. */
size_t play_line(const struct play *p, const unsigned char **data);
void play_said(struct play *p, size_t n);

/* The block that is to be heard now, or of which the rest is; NULL: all has been. */
const struct block *play_listens(const struct play *p);

/* What has not been heard of it. */
size_t play_expects(const struct play *p, const unsigned char **data);

/* The next bytes of the stream, or a whole message.  False: they are not as recorded, or
 * nothing more was; the first *right were, and then play_expects() says what else should
 * have come.
 *
 * loose: never false.  What the other side says in one turn, before it is answered, has
 * been heard when as many line ends in a row have come as the turn closes with, whether
 * with CR or without; or anything, if it closes with none.  Of messages any will do. */
bool play_hear(struct play *p, const unsigned char *from, size_t len, size_t *right);

#endif
