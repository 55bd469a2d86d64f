/* What lies between us and a program. */
#include "addr/channel.h"

#include <fcntl.h>

#include "base/platform.h"
#include "endpoint/apply.h"

static enum io failed(const struct fd_layer *x)
{
	return fail_sys(x->l.end->fail, PHASE_CONNECT, "%s: cannot make a channel to it",
			x->l.end->spec->input);
}

static enum io make_pair(struct fd_layer *x, struct channel *c)
{
	const struct layer *l = &x->l;
	int type = (int)part_num(l->part, OPT_SOCKTYPE, SOCK_STREAM);
	int fds[2];

	if (sys_socketpair(type, fds, false) < 0)
		return failed(x);
	*c = (struct channel){ .in = fds[1], .out = fds[1] };
	sys_nonblock(fds[0]);
	l->end->rfd = l->end->wfd = fds[0];	/* for whoever frees it */
	if (apply_phase(l->part, fds[0], PH_SOCKET, l->end->fail) != IO_OK)
		return IO_FAIL;
	return fd_take(x, fds[0], fds[0]);
}

static enum io make_pipes(struct fd_layer *x, struct channel *c)
{
	struct endpoint *e = x->l.end;
	int in[2], out[2];

	if (endpoint_needs_writing(e)) {
		if (sys_pipe(in, false) < 0)
			return failed(x);
		c->in = in[0];
		e->wfd = in[1];
		sys_nonblock(in[1]);
	}
	if (endpoint_needs_reading(e)) {
		if (sys_pipe(out, false) < 0)
			return failed(x);
		c->out = out[1];
		e->rfd = out[0];
		sys_nonblock(out[0]);
	}
	return fd_take(x, e->rfd, e->wfd);
}

static enum io make_terminal(struct fd_layer *x, struct channel *c, char pty[PTY_NAME])
{
	int master = pty_make(pty);

	if (master < 0)
		return failed(x);
	if (pty_take(x, master, pty) != IO_OK)
		return IO_FAIL;
	c->in = c->out = pty_slave(pty, O_RDWR);
	return c->in < 0 ? failed(x) : IO_OK;
}

bool channel_is_terminal(const struct part *p)
{
	return part_has(p, OPT_PTY) || part_has(p, OPT_PTMX) || part_has(p, OPT_OPENPTY);
}

enum io channel_make(struct fd_layer *x, struct channel *c, char pty[PTY_NAME])
{
	const struct part *p = x->l.part;

	*c = (struct channel){ .in = -1, .out = -1 };
	if (channel_is_terminal(p))
		return make_terminal(x, c, pty);
	return part_has(p, OPT_PIPES) ? make_pipes(x, c) : make_pair(x, c);
}

void channel_close(struct channel *c)
{
	sys_close(c->in);
	if (c->out != c->in)
		sys_close(c->out);
}
