/* Connected streams by name: tcp and its kin. */
#include <assert.h>

#include "addr/dial.h"
#include "addr/fd.h"
#include "addr/socket.h"
#include "base/mem.h"
#include "endpoint/apply.h"

struct stream {
	struct fd_layer x;
	struct dial *dial;		/* own: until it has reached somebody */
};

static_assert(sizeof(void *) != 8 || sizeof(struct stream) <= 72,
	      "DESIGN.md says what a session owns");

static void end_dial(struct stream *s)
{
	if (s->dial)
		dial_free(s->dial, s->x.l.end->loop);
	mem_free(s->dial);
	s->dial = NULL;
}

static enum io stream_open(struct layer *l)
{
	struct stream *s = (struct stream *)l;
	enum io r;
	int fd;

	if (!s->dial)
		s->dial = mem_new(1, sizeof(*s->dial));
	if (!s->dial)
		return fail_memory(l->end->fail);
	r = dial_run(s->dial, l, l->part->arg[0], l->part->arg[1], &fd);
	if (r != IO_OK)
		return r;
	s->x.broken = s->dial->broken;
	end_dial(s);
	l->end->target = l->part->arg[0];
	l->end->rfd = l->end->wfd = fd;
	if (apply_phase(l->part, fd, PH_CONNECTED, l->end->fail) != IO_OK)
		return IO_FAIL;
	return fd_take_socket(&s->x, fd);
}

static void stream_free(struct layer *l)
{
	end_dial((struct stream *)l);
	fd_free(l);
}

const struct layer_ops stream_ops = {
	.size = sizeof(struct stream),
	.prepare = socket_prepare,
	.unprepare = socket_unprepare,
	.open = stream_open,
	.read = fd_read,
	.write = fd_write,
	.shut = fd_shut,
	.describe = fd_describe,
	.free = stream_free,
};
