/* Other ends of the input than its own: readbytes, escape, ignoreeof. */
#include <string.h>

#include "endpoint/endpoint.h"

enum { FOLLOW_USEC = 250000 }; /* how often to look whether a file has grown */

struct limit {
	struct layer l;
	bool limited, ended;
	uint64_t left; /* bytes still to be read, if limited */
	int escape;    /* the byte that ends the input, -1 = none */
	bool follow;   /* the end is not the end */
	struct timer again;
};

/* socat takes 0 for no limit; as a number of bytes it makes no sense. */
static enum io limit_prepare(struct part *p, struct fail *f)
{
	const struct optval *v = part_val(p, OPT_READBYTES);

	if (!v || v->num > 0 || p->spec->rules.socat)
		return IO_OK;
	return fail_at(f, p->spec->input, v->at, v->len,
		       "readbytes must be at least 1 (leave it out for no limit)");
}

static enum io limit_open(struct layer *l)
{
	struct limit *x = (struct limit *)l;
	long long bytes = part_num(l->part, OPT_READBYTES, 0);

	x->limited = bytes > 0;
	x->left = (uint64_t)bytes;
	x->escape = (int)part_num(l->part, OPT_ESCAPE, -1);
	x->follow = part_has(l->part, OPT_IGNOREEOF);
	x->again.fn = endpoint_woken;
	x->again.owner = l->end;
	return IO_OK;
}

static enum io at_end(struct limit *x)
{
	struct loop *loop = x->l.end->loop;

	if (!x->follow)
		return IO_EOF;
	if (!timer_set(loop, &x->again, loop_now(loop) + FOLLOW_USEC))
		return fail_memory(x->l.end->fail);
	return IO_WAIT;
}

/* Cuts what was read where the limit or the escape byte says. */
static size_t cut(struct limit *x, const void *data, size_t n)
{
	const char *escape;

	if (x->limited && n >= x->left) {
		n = (size_t)x->left;
		x->ended = true;
	}
	x->left -= x->limited ? n : 0;
	escape = x->escape >= 0 ? memchr(data, x->escape, n) : NULL;
	if (escape) {
		n = (size_t)(escape - (const char *)data);
		x->ended = true;
	}
	return n;
}

/* Of a stream no more is taken than may be; a message has to be taken whole. */
static size_t allowed(const struct limit *x, size_t cap)
{
	return x->limited && !x->l.end->messages && cap > x->left ? (size_t)x->left : cap;
}

static enum io limit_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct limit *x = (struct limit *)l;
	size_t got;
	enum io r;

	if (x->ended)
		return IO_EOF;
	r = layer_read(l->below, to, allowed(x, cap), &got);
	if (r == IO_EOF)
		return at_end(x);
	if (r != IO_OK)
		return r;
	*n = cut(x, to, got);
	/* an empty message is still one, but not when it was cut to nothing */
	return *n == 0 && x->ended ? IO_EOF : IO_OK;
}

static void limit_free(struct layer *l)
{
	struct limit *x = (struct limit *)l;

	timer_stop(l->end->loop, &x->again);
}

const struct layer_ops limit_ops = {
	.size = sizeof(struct limit),
	.prepare = limit_prepare,
	.open = limit_open,
	.read = limit_read,
	.free = limit_free,
};
