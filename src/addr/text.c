/* A string as input, and the address at which nothing ever happens. */
#include <string.h>
#include <unistd.h>

#include "addr/fd.h"

/* ---- text ------------------------------------------------------------------------ */

struct text {
	struct fd_layer x;
	size_t at;		/* bytes of the string that have been read */
};

static enum io text_open(struct layer *l)
{
	return fd_inherit((struct fd_layer *)l, -1, l->end->writes ? STDOUT_FILENO : -1);
}

static enum io text_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct text *x = (struct text *)l;
	size_t left = strlen(l->part->arg[0]) - x->at;

	if (left == 0)
		return IO_EOF;
	*n = left < cap ? left : cap;
	memcpy(to, l->part->arg[0] + x->at, *n);
	x->at += *n;
	return IO_OK;
}

const struct layer_ops text_ops = {
	.size = sizeof(struct text),
	.open = text_open,
	.read = text_read,
	.write = fd_write,
	.shut = fd_shut,
	.free = fd_free,
};

/* ---- stall ------------------------------------------------------------------------- */

/* A timer that means nothing keeps the loop going, so that it is signals and
 * time limits that end the session. */
enum { STALL_USEC = 1000 * 1000 * 1000 };

struct stall {
	struct layer l;
	struct timer timer;
};

static enum io never(struct layer *l)
{
	struct stall *x = (struct stall *)l;

	x->timer.fn = endpoint_woken;
	x->timer.owner = l->end;
	return timer_set(l->end->loop, &x->timer, loop_now(l->end->loop) + STALL_USEC)
		       ? IO_WAIT : fail_memory(l->end->fail);
}

static enum io stall_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	(void)to;
	(void)cap;
	(void)n;
	return never(l);
}

static enum io stall_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	(void)from;
	(void)len;
	(void)n;
	return never(l);
}

static enum io stall_shut(struct layer *l)
{
	(void)l;
	return IO_OK;
}

static void stall_free(struct layer *l)
{
	struct stall *x = (struct stall *)l;

	timer_stop(l->end->loop, &x->timer);
}

const struct layer_ops stall_ops = {
	.size = sizeof(struct stall),
	.read = stall_read,
	.write = stall_write,
	.shut = stall_shut,
	.free = stall_free,
};
