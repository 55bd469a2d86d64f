/* An echo that keeps message boundaries: socketpair. */
#include "addr/fd.h"
#include "base/platform.h"

/* What the kernel takes as one message under any limit it is likely to have. */
enum { MESSAGE = 64 * 1024 };

struct echo {
	struct fd_layer x;
	struct timer news;	/* tells the reader of the end, but not at once */
	bool over;		/* nothing more will be written */
};

static enum io echo_open(struct layer *l)
{
	struct echo *x = (struct echo *)l;
	int type = (int)part_num(l->part, OPT_SOCKTYPE, SOCK_DGRAM);
	int fds[2];

	if (sys_socketpair(type, fds, true) < 0)
		return fail_sys(l->end->fail, PHASE_BIND, "cannot make a socket pair");
	x->news = (struct timer){ .fn = endpoint_woken, .owner = l->end };
	if (fd_take(&x->x, fds[0], fds[1]) != IO_OK)
		return IO_FAIL;
	l->end->rkind = l->end->wkind = FD_NONE;
	/* a stream has no boundaries to keep, but blocks too long for one message */
	l->end->messages &= l->end->other && l->end->other->messages;
	return IO_OK;
}

/* A datagram socket has no end of its own: it is at its end when all that was
 * written has been read. */
static enum io echo_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	const struct echo *x = (struct echo *)l;
	enum io r = fd_read(l, to, cap, n);

	return r == IO_READ && x->over ? IO_EOF : r;
}

static enum io echo_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	return fd_write(l, from, l->end->messages || len < MESSAGE ? len : MESSAGE, n);
}

static enum io echo_shut(struct layer *l)
{
	struct echo *x = (struct echo *)l;
	enum io r = fd_shut(l);

	if (r == IO_WRITE || r == IO_FAIL)
		return r;
	x->over = !part_has(l->part, OPT_SHUT_NONE);
	if (!timer_set(l->end->loop, &x->news, loop_now(l->end->loop)))
		return fail_memory(l->end->fail);
	return x->over ? IO_OK : r;
}

static void echo_free(struct layer *l)
{
	struct echo *x = (struct echo *)l;

	timer_stop(l->end->loop, &x->news);
	fd_free(l);
}

const struct layer_ops socketpair_ops = {
	.size = sizeof(struct echo),
	.open = echo_open,
	.read = echo_read,
	.write = echo_write,
	.shut = echo_shut,
	.free = echo_free,
};
