/* Messages over a stream: option frame says where one ends and the next begins. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "endpoint/endpoint.h"
#include "proto/frame.h"
#include "spec/defaults.h"

enum {
	STRETCH = 16384,     /* read from below at once */
	MOST = SCRATCH_SIZE, /* what the relay takes at once */
	PATIENCE = 64,	     /* stretches without a message, then others' turn */
};

/* What the options say, once for all sessions. */
struct framing {
	enum frame_kind kind;
	size_t max;
};

struct frame_layer {
	struct layer l;
	struct frame in;
	struct buf ahead; /* own: read from below, not yet taken apart */
	size_t taken;	  /* so much of it is */
	struct buf out;	  /* own: a message on its way down */
	bool sending;	  /* out has begun to go; the caller comes again with it */
	struct timer again; /* set while a peer has used up our patience */
};

/* ---- once ------------------------------------------------------------------ */

static enum io frame_prepare(struct part *p, struct fail *f)
{
	const struct optval *kind = part_val(p, OPT_FRAME);
	const struct optval *max = part_val(p, OPT_FRAME_MAX);
	struct framing *s;

	if (part_needs_stream(p, f) != IO_OK)
		return IO_FAIL;
	if (!kind)
		return fail_say(f, PHASE_USAGE, 0, "%.96s: frame needs frame=: %s",
				p->spec->input, frame_names());
	if (frame_find(kind->text) == FRAME_KINDS)
		return fail_at(f, p->spec->input, kind->at, kind->len,
			       "there is no framing \"%s\", only %s", kind->text,
			       frame_names());
	if (max && (max->num < 1 || max->num > MOST))
		return fail_at(f, p->spec->input, max->at, max->len,
			       "frame-max takes 1 to %d bytes", MOST);
	s = mem_new(1, sizeof(*s));
	if (!s)
		return fail_memory(f);
	s->kind = frame_find(kind->text);
	s->max = max ? (size_t)max->num : DEFAULT_FRAME_MAX;
	p->prepared = s;
	return IO_OK;
}

static void frame_unprepare(struct part *p)
{
	mem_free(p->prepared);
	p->prepared = NULL;
}

static enum io frame_open(struct layer *l)
{
	struct frame_layer *x = (struct frame_layer *)l;
	const struct framing *s = l->part->prepared;
	size_t limit = frame_limit(s->kind);

	if (l->end->messages) /* which the types could not tell */
		return fail_say(l->end->fail, PHASE_USAGE, 0,
				"%.96s: frame needs a stream below it, and here are "
				"messages already",
				l->end->spec->input);
	frame_init(&x->in, s->kind, s->max);
	buf_init(&x->ahead, STRETCH);
	buf_init(&x->out, frame_room(s->kind, s->max));
	l->end->messages = true;
	l->end->longest = s->max < limit ? s->max : limit;
	return IO_OK;
}

/* ---- reading ---------------------------------------------------------------- */

static enum io hand_up(struct frame_layer *x, void *to, size_t cap, size_t *n)
{
	const struct buf *msg = &x->in.msg;

	if (msg->len > cap)
		return fail_say(x->l.end->fail, PHASE_RECEIVE, 0,
				"%.96s: a message of %zu bytes is longer than the %zu "
				"that -b allows",
				x->l.end->spec->input, msg->len, cap);
	*n = msg->len;
	if (*n)
		memcpy(to, msg->data, *n);
	return IO_OK;
}

static enum io cannot_go_on(struct frame_layer *x, enum frame_found why)
{
	const char *typed = x->l.end->spec->input, *name = frame_name(x->in.kind);
	struct fail *f = x->l.end->fail;

	if (why == FRAME_MEMORY)
		return fail_memory(f);
	if (why == FRAME_LONG)
		return fail_say(f, PHASE_RECEIVE, 0,
				"%.96s: a message is longer than %zu bytes (frame-max=), "
				"or this is not frame=%s",
				typed, x->in.msg.max, name);
	return fail_say(f, PHASE_RECEIVE, 0, "%.96s: what it sends is not frame=%s",
			typed, name);
}

static enum io at_end(struct frame_layer *x, void *to, size_t cap, size_t *n)
{
	switch (frame_end(&x->in)) {
	case FRAME_MORE:
		return IO_EOF;
	case FRAME_MESSAGE:
		return hand_up(x, to, cap, n);
	default:
		return fail_say(x->l.end->fail, PHASE_EARLY, 0,
				"%.96s: the stream ended within a message (frame=%s)",
				x->l.end->spec->input, frame_name(x->in.kind));
	}
}

/* Who waits between two messages keeps no memory for them. */
static void rest(struct frame_layer *x)
{
	buf_free(&x->ahead);
	if (frame_between(&x->in))
		frame_free(&x->in);
}

static enum io read_ahead(struct frame_layer *x)
{
	unsigned char *room;
	size_t n = 0;
	enum io r;

	x->taken = x->ahead.len = 0;
	room = buf_room(&x->ahead, STRETCH);
	if (!room)
		return fail_memory(x->l.end->fail);
	r = layer_read(x->l.below, room, STRETCH, &n);
	x->ahead.len = n;
	if (r != IO_OK)
		rest(x);
	return r;
}

static enum io frame_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct frame_layer *x = (struct frame_layer *)l;
	unsigned stretches = 0;
	enum io r;

	do {
		size_t used = 0, len = x->ahead.len - x->taken;
		enum frame_found found = len ? frame_take(&x->in,
							  x->ahead.data + x->taken, len,
							  &used)
					     : FRAME_MORE;

		x->taken += used;
		if (found == FRAME_MESSAGE)
			return hand_up(x, to, cap, n);
		if (found != FRAME_MORE)
			return cannot_go_on(x, found);
		r = stretches++ < PATIENCE ? read_ahead(x)
					   : endpoint_pause(l->end, &x->again);
	} while (r == IO_OK);
	return r == IO_EOF ? at_end(x, to, cap, n) : r;
}

/* ---- writing ----------------------------------------------------------------- */

static enum io put(struct frame_layer *x, const void *from, size_t len)
{
	const struct framing *s = x->l.part->prepared;
	const char *why = len > s->max ? "is longer than frame-max= allows"
				       : frame_refuses(s->kind, from, len);

	if (why)
		return fail_say(x->l.end->fail, PHASE_SEND, 0,
				"%.96s: a message of %zu bytes %s (frame=%s)",
				x->l.end->spec->input, len, why, frame_name(s->kind));
	if (!frame_put(s->kind, from, len, &x->out))
		return fail_memory(x->l.end->fail);
	x->sending = true;
	return IO_OK;
}

/* A message is taken when all of it has gone below; until then the caller comes
 * again with the same bytes, and what is left of them in `out` goes on. */
static enum io frame_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct frame_layer *x = (struct frame_layer *)l;
	enum io r;

	if (!x->sending && put(x, from, len) != IO_OK)
		return IO_FAIL;
	r = layer_flush(l->below, &x->out);
	if (r != IO_OK)
		return r;
	buf_free(&x->out);
	x->sending = false;
	*n = len;
	return IO_OK;
}

static void frame_layer_free(struct layer *l)
{
	struct frame_layer *x = (struct frame_layer *)l;

	timer_stop(l->end->loop, &x->again);
	frame_free(&x->in);
	buf_free(&x->ahead);
	buf_free(&x->out);
}

const struct layer_ops frame_ops = {
	.size = sizeof(struct frame_layer),
	.prepare = frame_prepare,
	.unprepare = frame_unprepare,
	.open = frame_open,
	.read = frame_read,
	.write = frame_write,
	.free = frame_layer_free,
};
