/* Connected streams by path: unix-connect, abstract-connect. */
#include <errno.h>

#include "addr/fd.h"
#include "addr/socket.h"
#include "base/log.h"
#include "base/platform.h"
#include "endpoint/apply.h"

/* How long until a full backlog is asked again: connect(2) to a UNIX socket
 * answers EAGAIN at once and nothing can be polled for. */
enum { BACKLOG_USEC = 10 * 1000 };

struct unix_stream {
	struct fd_layer x;
	struct timer again;
	int fd;				/* made, not yet connected; 0 = none */
	struct socket_file file;	/* of bind= */
};

static enum io unix_socket(struct unix_stream *s, int *fd)
{
	const struct part *p = s->x.l.part;
	const char *bind_path = part_text(p, OPT_BIND, NULL);
	int type = (int)part_num(p, OPT_SOCKTYPE, p->type->socktype);
	struct fail *f = s->x.l.end->fail;
	struct name at;

	if (socket_make(p, AF_UNIX, type, 0, fd, f) != IO_OK)
		return IO_FAIL;
	s->fd = *fd;
	if (!bind_path)
		return apply_phase(p, *fd, PH_BOUND, f);
	if (socket_unix_name(p, bind_path, &at, f) != IO_OK)
		return IO_FAIL;
	return socket_bind_unix(p, *fd, &at, &s->file, f);
}

static enum io connected(struct unix_stream *s, int fd)
{
	struct layer *l = &s->x.l;

	s->fd = 0;
	l->end->rfd = l->end->wfd = fd;
	if (apply_phase(l->part, fd, PH_CONNECTED, l->end->fail) != IO_OK)
		return IO_FAIL;
	return fd_take_socket(&s->x, fd);
}

static enum io unix_stream_open(struct layer *l)
{
	struct unix_stream *s = (struct unix_stream *)l;
	struct endpoint *e = l->end;
	char text[NAME_TEXT];
	struct name to;
	int fd = s->fd;

	if (socket_unix_name(l->part, l->part->arg[0], &to, e->fail) != IO_OK)
		return IO_FAIL;
	if (!fd) {
		if (log_wants(LEVEL_NOTICE))
			log_say(LEVEL_NOTICE, "opening connection to %s",
				name_log(&to, text, sizeof(text)));
		if (unix_socket(s, &fd) != IO_OK)
			return IO_FAIL;
	}
	if (connect(fd, (struct sockaddr *)&to.sa, to.len) == 0)
		return connected(s, fd);
	if (errno != EAGAIN && errno != EINTR)
		return fail_sys(e->fail, PHASE_CONNECT, "cannot connect to %s",
				name_text(&to, text, sizeof(text)));
	s->again.fn = endpoint_woken;
	s->again.owner = e;
	if (!timer_set(e->loop, &s->again, loop_now(e->loop) + BACKLOG_USEC))
		return fail_memory(e->fail);
	return IO_WAIT;
}

static void unix_stream_free(struct layer *l)
{
	struct unix_stream *s = (struct unix_stream *)l;

	socket_unlink_unix(l->part, part_text(l->part, OPT_BIND, NULL), &s->file);
	if (s->fd > 0)
		sys_close(s->fd);
	timer_stop(l->end->loop, &s->again);
	fd_free(l);
}

const struct layer_ops unix_stream_ops = {
	.size = sizeof(struct unix_stream),
	.prepare = socket_prepare,
	.unprepare = socket_unprepare,
	.open = unix_stream_open,
	.read = fd_read,
	.write = fd_write,
	.shut = fd_shut,
	.describe = fd_describe,
	.free = unix_stream_free,
};
