/* Faults on purpose: latency, rate, pieces, loss and their kin, in each direction. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "endpoint/endpoint.h"
#include "layer/lane.h"

enum {
	UP,	    /* what is written: towards the address */
	DOWN,	    /* what is read from it */
	TURNS = 64, /* reads in a row that leave nothing to hand up */
};

/* Who may wait for the time to come. */
enum { SENDER, WRITER, READER, WAITERS };

#define HOUR_USEC 3600000000u

/* What the options say, and how many sessions have begun. */
struct shaping {
	struct shape_rules rules[2];
	uint64_t seed, sessions;
};

struct shaper {
	struct layer l;
	struct lane lane[2];
	struct timer timer;
	uint64_t wake[WAITERS]; /* when each wants to be called again */
	bool messages;	  /* what is below has them; a layer above may make its own */
	bool shut;	  /* close-after: the layer below is told */
	bool held;	  /* the loop waits for a session that has stalled */
	bool hurried;	  /* the other side sends each piece by itself */
	struct fail lost; /* why nothing more comes, told behind what did come */
};

/* ---- once ---------------------------------------------------------------------- */

static enum io wrong(const struct part *p, const struct optval *v, const char *why,
		     struct fail *f)
{
	return fail_at(f, p->spec->input, v->at, v->len, "%.*s %s",
		       (int)strcspn(v->opt->names, " "), v->opt->names, why);
}

/* Nothing of the kind can be done to what is (or is not) cut into messages. */
static enum io check_kind(const struct part *p, bool messages, struct fail *f)
{
	static const unsigned of_messages[] = { OPT_LOSS, OPT_DUP, OPT_REORDER };
	const struct optval *v = part_val(p, OPT_CHOP);

	if (messages)
		return v ? wrong(p, v, "is for streams, and here are messages", f)
			 : IO_OK;
	for (size_t i = 0; i < sizeof(of_messages) / sizeof(*of_messages); i++) {
		v = part_val(p, of_messages[i]);
		if (v)
			return wrong(p, v, "is for messages, and here is a stream", f);
	}
	return IO_OK;
}

static enum io check_values(const struct part *p, struct fail *f)
{
	bool any = false;

	for (unsigned i = 0; i < p->nvals; i++) {
		const struct optval *v = &p->val[i];

		any |= v->opt->act.ways;
		if (v->opt->id == OPT_RATE && v->num == 0)
			return wrong(p, v,
				     "is at least 1 (stall-after=0 lets nothing "
				     "through)",
				     f);
		if (v->usec > HOUR_USEC)
			return wrong(p, v, "is an hour at most", f);
	}
	if (any)
		return IO_OK;
	return fail_say(f, PHASE_USAGE, 0,
			"%.96s: shape needs something to do, such as latency=50ms or "
			"rate=100k",
			p->spec->input);
}

/* What the types say.  Of some addresses only open tells whether they have messages. */
static bool below_has_messages(const struct part *p, bool *certain)
{
	const struct part *q = p->spec->part;

	*certain = (q->type->flags & TYPE_MESSAGES) || q->type->protocol;
	for (; q < p; q++)
		if (q->type->flags & TYPE_MESSAGES)
			return true;
	return false;
}

static uint64_t number(const struct part *p, unsigned id, enum opt_way way,
		       uint64_t otherwise)
{
	const struct optval *v = part_val_way(p, id, way);

	return !v ? otherwise : v->usec ? v->usec : (uint64_t)v->num;
}

static struct shape_rules rules(const struct part *p, enum opt_way way)
{
	const struct optval *chop = part_val_way(p, OPT_CHOP, way);

	return (struct shape_rules){
		.latency = number(p, OPT_LATENCY, way, 0),
		.jitter = number(p, OPT_JITTER, way, 0),
		.rate = number(p, OPT_RATE, way, 0),
		.chop_min = chop ? (uint32_t)chop->num : 0,
		.chop_max = chop ? (uint32_t)chop->num2 : 0,
		.stall_after = number(p, OPT_STALL_AFTER, way, SHAPE_NEVER),
		.reset_after = number(p, OPT_RESET_AFTER, way, SHAPE_NEVER),
		.close_after = number(p, OPT_CLOSE_AFTER, way, SHAPE_NEVER),
		.drop_after = number(p, OPT_DROP_AFTER, way, SHAPE_NEVER),
		.corrupt = (uint32_t)number(p, OPT_CORRUPT, way, 0),
		.loss = (uint32_t)number(p, OPT_LOSS, way, 0),
		.dup = (uint32_t)number(p, OPT_DUP, way, 0),
		.reorder = (uint32_t)number(p, OPT_REORDER, way, 0),
	};
}

static uint64_t seed(const struct part *p, const struct shaping *s)
{
	struct chance any = { .state = sys_now() ^ (uint64_t)getpid() << 40 };
	uint32_t n = chance_below(&any, INT_MAX);

	if (part_val(p, OPT_SEED))
		return (uint64_t)part_num(p, OPT_SEED, 0);
	if (shape_is_random(&s->rules[UP]) || shape_is_random(&s->rules[DOWN]))
		log_say(LEVEL_NOTICE, "%s: chance comes from seed=%u", p->spec->input, n);
	return n;
}

static enum io shape_prepare(struct part *p, struct fail *f)
{
	bool certain, messages = below_has_messages(p, &certain);
	struct shaping *s;

	if (check_values(p, f) != IO_OK ||
	    ((certain || messages) && check_kind(p, messages, f) != IO_OK))
		return IO_FAIL;
	s = mem_new(1, sizeof(*s));
	if (!s)
		return fail_memory(f);
	s->rules[UP] = rules(p, WAY_UP);
	s->rules[DOWN] = rules(p, WAY_DOWN);
	s->seed = seed(p, s);
	p->prepared = s;
	return IO_OK;
}

static void shape_unprepare(struct part *p)
{
	mem_free(p->prepared);
	p->prepared = NULL;
}

/* ---- waiting ------------------------------------------------------------------- */

static bool set_timer(struct shaper *x)
{
	uint64_t next = SHAPE_NEVER;

	for (unsigned i = 0; i < WAITERS; i++)
		if (x->wake[i] < next)
			next = x->wake[i];
	if (next != SHAPE_NEVER)
		return timer_set(x->l.end->loop, &x->timer, next);
	timer_stop(x->l.end->loop, &x->timer);
	return true;
}

/* Each is woken once: who cannot go on then waits for something else. */
static void due(void *owner, unsigned ready)
{
	struct shaper *x = owner;
	uint64_t now = sys_now();

	(void)ready;
	for (unsigned i = 0; i < WAITERS; i++)
		if (x->wake[i] <= now)
			x->wake[i] = SHAPE_NEVER;
	set_timer(x); /* there is room: it has just been taken out */
	endpoint_wake(x->l.end);
}

/* Answers r, to be called again at that time.  Nothing comes of a stall, but the session
 * goes on, and the loop has to know. */
static enum io until(struct shaper *x, unsigned who, uint64_t when, enum io r)
{
	x->wake[who] = when;
	if (!set_timer(x))
		return fail_memory(x->l.end->fail);
	if (r == IO_WAIT && when == SHAPE_NEVER && !x->held) {
		x->held = true;
		loop_hold(x->l.end->loop);
	}
	return r;
}

/* ---- the beginning -------------------------------------------------------------- */

/* The n-th session has the n-th pair of sequences, so that many short sessions do not
 * all meet the same fate. */
static enum io shape_open(struct layer *l)
{
	struct shaper *x = (struct shaper *)l;
	struct shaping *s = l->part->prepared;
	struct chance c = { .state = s->seed + s->sessions++ };

	x->messages = l->end->messages;
	if (check_kind(l->part, x->messages, l->end->fail) != IO_OK)
		return IO_FAIL;
	for (unsigned i = UP; i <= DOWN; i++)
		shape_init(&x->lane[i].plan, &s->rules[i], chance_next(&c));
	x->timer = (struct timer){ .fn = due, .owner = x };
	for (unsigned i = 0; i < WAITERS; i++)
		x->wake[i] = SHAPE_NEVER;
	if (s->rules[UP].chop_max)
		endpoint_hurry(l->end);
	return IO_OK;
}

/* ---- towards the address ----------------------------------------------------------- */

static enum io reset(struct shaper *x, unsigned way)
{
	const struct shaping *s = x->l.part->prepared;

	endpoint_abort(x->l.end);
	return fail_say(x->l.end->fail, way == UP ? PHASE_SEND : PHASE_RECEIVE,
			ECONNRESET, "%.96s: reset by shape: reset-after=%llu",
			x->l.end->spec->input,
			(unsigned long long)s->rules[way].reset_after);
}

/* All that was let in before has gone: what is to follow it? */
static enum io after_last(struct shaper *x)
{
	enum io r;

	switch (shape_state(&x->lane[UP].plan)) {
	case SHAPE_RESET:
		return reset(x, UP);
	case SHAPE_CLOSED:
		r = x->shut ? IO_OK : layer_shut(x->l.below);
		x->shut |= r == IO_OK || r == IO_EOF;
		return x->shut ? IO_OK : r;
	default:
		return IO_OK;
	}
}

/* Sends what is due.  IO_OK: it has gone; IO_EOF: nobody listens any more. */
static enum io send_due(struct shaper *x)
{
	struct lane *q = &x->lane[UP];
	uint64_t now = sys_now();
	struct held *h;

	while ((h = lane_due(q, now))) {
		size_t n = 0;
		enum io r = layer_write(x->l.below, h->data + h->at, h->len - h->at, &n);

		if (r == IO_EOF)
			lane_free(q);
		if (r != IO_OK)
			return until(x, SENDER, SHAPE_NEVER, r);
		h->at += n;
		if (h->at == h->len)
			lane_drop(q);
	}
	if (q->first)
		return until(x, SENDER, q->first->due, IO_OK);
	return until(x, SENDER, SHAPE_NEVER, after_last(x));
}

static bool let_in(struct shaper *x, unsigned way, const void *from, size_t len,
		   size_t *n)
{
	*n = len;
	return x->messages ? lane_message(&x->lane[way], from, len, sys_now())
			   : lane_stream(&x->lane[way], from, len, sys_now(), n);
}

static enum io shape_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct shaper *x = (struct shaper *)l;
	enum io r = send_due(x);
	uint64_t when;

	if (r != IO_OK)
		return until(x, WRITER, SHAPE_NEVER, r);
	if (x->shut)
		return IO_EOF;
	if (!lane_takes(&x->lane[UP], sys_now(), &when))
		return until(x, WRITER, when, IO_WAIT);
	if (!let_in(x, UP, from, len, n))
		return fail_memory(l->end->fail);
	r = send_due(x);
	if (r == IO_FAIL || r == IO_EOF)
		return r;
	return until(x, WRITER, SHAPE_NEVER, IO_OK);
}

static enum io shape_settle(struct layer *l)
{
	struct shaper *x = (struct shaper *)l;
	enum io r = send_due(x);

	if (r == IO_EOF)
		return IO_OK;
	return r == IO_OK && x->lane[UP].first ? IO_WAIT : r;
}

static enum io shape_shut(struct layer *l)
{
	struct shaper *x = (struct shaper *)l;
	struct lane *q = &x->lane[UP];
	enum io r;

	lane_end(q, sys_now());
	r = send_due(x);
	if (r != IO_OK && r != IO_EOF)
		return until(x, WRITER, SHAPE_NEVER, r);
	if (q->first)
		return until(x, WRITER, q->last->due, IO_WAIT);
	if (shape_state(&q->plan) == SHAPE_STALLED)
		return until(x, WRITER, SHAPE_NEVER, IO_WAIT);
	if (!lane_over(q, sys_now()))
		return until(x, WRITER, q->end, IO_WAIT);
	return x->shut ? IO_OK : layer_shut(l->below);
}

/* ---- from the address -------------------------------------------------------------- */

static enum io hand_up(struct shaper *x, void *to, size_t cap, size_t *n)
{
	struct held *h = x->lane[DOWN].first;
	struct endpoint *other = x->l.end->other;

	*n = h->len - h->at;
	if (*n > cap && x->messages)
		return fail_say(x->l.end->fail, PHASE_RECEIVE, EMSGSIZE,
				"a message from %s is longer than %zu bytes",
				x->l.end->spec->input, cap);
	if (x->lane[DOWN].plan.rules->chop_max && other && !x->hurried)
		x->hurried = endpoint_hurry(other);
	if (*n > cap)
		*n = cap;
	if (*n)
		memcpy(to, h->data + h->at, *n);
	h->at += *n;
	if (h->at == h->len)
		lane_drop(&x->lane[DOWN]);
	return until(x, READER, SHAPE_NEVER, IO_OK);
}

/* Whatever ended the stream below is told when what came before it has gone up. */
static enum io take_in(struct shaper *x, unsigned char *to, size_t cap)
{
	struct lane *q = &x->lane[DOWN];
	struct fail *f = x->l.end->fail;
	size_t got = 0, n = 0;
	enum io r;

	if (!x->messages)
		cap = shape_room(&q->plan, cap);
	r = layer_read(x->l.below, to, cap, &got);
	if (r == IO_EOF || r == IO_FAIL)
		lane_end(q, sys_now());
	if (r == IO_FAIL) {
		x->lost = *f;
		*f = (struct fail){ 0 };
	}
	if (r != IO_OK)
		return q->ended ? IO_OK : r;
	return let_in(x, DOWN, to, got, &n) ? IO_OK : fail_memory(f);
}

static enum io at_end(struct shaper *x)
{
	if (x->lost.phase == PHASE_NONE)
		return IO_EOF;
	*x->l.end->fail = x->lost;
	return IO_FAIL;
}

/* Nothing is on its way up: the last word, or IO_OK. */
static enum io up_to_date(struct shaper *x, uint64_t now)
{
	const struct lane *q = &x->lane[DOWN];

	switch (shape_state(&q->plan)) {
	case SHAPE_RESET:
		return reset(x, DOWN);
	case SHAPE_CLOSED:
		return IO_EOF;
	case SHAPE_STALLED:
		return IO_WAIT;
	default:
		return lane_over(q, now) ? at_end(x) : IO_OK;
	}
}

static enum io shape_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct shaper *x = (struct shaper *)l;
	struct lane *q = &x->lane[DOWN];

	for (unsigned i = 0; i < TURNS; i++) {
		uint64_t now = sys_now(), when = SHAPE_NEVER;
		enum io r;

		if (lane_due(q, now))
			return hand_up(x, to, cap, n);
		r = q->first ? IO_OK : up_to_date(x, now);
		if (r == IO_EOF || r == IO_FAIL)
			return r;
		if (r != IO_OK)
			return until(x, READER, SHAPE_NEVER, r);
		if (q->ended || !lane_takes(q, now, &when))
			return until(x, READER, q->ended ? lane_next(q) : when, IO_WAIT);
		r = take_in(x, to, cap);
		if (r != IO_OK)
			return until(x, READER, lane_next(q), r);
	}
	return until(x, READER, 0, IO_WAIT);
}

/* ---- death ------------------------------------------------------------------ */

static void shaper_free(struct layer *l)
{
	struct shaper *x = (struct shaper *)l;

	timer_stop(l->end->loop, &x->timer);
	if (x->held)
		loop_release(l->end->loop);
	lane_free(&x->lane[UP]);
	lane_free(&x->lane[DOWN]);
}

const struct layer_ops shape_ops = {
	.size = sizeof(struct shaper),
	.prepare = shape_prepare,
	.unprepare = shape_unprepare,
	.open = shape_open,
	.read = shape_read,
	.write = shape_write,
	.settle = shape_settle,
	.shut = shape_shut,
	.free = shaper_free,
};
