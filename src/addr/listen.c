/* Listening streams: tcp and its kin, UNIX sockets, and accept-fd. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "addr/activation.h"
#include "addr/fd.h"
#include "addr/place.h"
#include "addr/socket.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"
#include "endpoint/apply.h"
#include "endpoint/tell.h"

struct listener {
	struct fd_layer x;
	struct socket_file file;
	enum {
		LISTEN_START, LISTEN_WAIT, LISTEN_HANDED, LISTEN_OPEN
	} __attribute__((packed)) state;
	bool pathless;			/* accept-fd: not ours to unlink */
};

static_assert(sizeof(void *) != 8 || sizeof(struct listener) <= 96,
	      "DESIGN.md says what a session owns");

/* ---- listening ------------------------------------------------------------------- */

static enum io listen_inet(struct listener *x, int *fd)
{
	return place_listen(x->x.l.end, true, fd);
}

static enum io listen_unix(struct listener *x, int *fd)
{
	const struct part *p = x->x.l.part;
	int type = (int)part_num(p, OPT_SOCKTYPE, p->type->socktype);
	struct fail *f = x->x.l.end->fail;
	struct name at;

	if (socket_unix_name(p, p->arg[0], &at, f) != IO_OK ||
	    socket_make(p, AF_UNIX, type, 0, fd, f) != IO_OK)
		return IO_FAIL;
	if (socket_bind_unix(p, *fd, &at, &x->file, f) == IO_OK)
		return IO_OK;
	sys_close(*fd);
	return IO_FAIL;
}

static enum io let_in(const struct listener *x, int fd)
{
	const struct part *p = x->x.l.part;
	struct fail *f = x->x.l.end->fail;

	if (!x->pathless && listen(fd, (int)part_num(p, OPT_BACKLOG, sys_backlog())) < 0)
		return fail_sys(f, PHASE_BIND, "cannot listen on %s", p->spec->input);
	socket_hurry(fd);
	return apply_phase(p, fd, PH_LISTEN, f);
}

static enum io start_listening(struct listener *x, int fd)
{
	struct endpoint *e = x->x.l.end;
	const struct part *p = x->x.l.part;
	const struct sharing *s = sharing_of(e);
	char text[NAME_TEXT];
	struct name at;

	e->rfd = e->wfd = fd;
	if (let_in(x, fd) != IO_OK)
		return IO_FAIL;
	for (unsigned i = 0; s && i < s->nmore; i++)
		if (let_in(x, s->more[i]) != IO_OK)
			return IO_FAIL;
	endpoint_local(e, &at);
	log_say(LEVEL_NOTICE, "%slistening on %s", place_families(p, fd, &at),
		name_log(&at, text, sizeof(text)));
	endpoint_reachable(e, NULL);
	return IO_OK;
}

/* ---- accepting ------------------------------------------------------------------- */

static bool is_transient(int err)
{
	return err == EINTR || err == ECONNABORTED || err == EPROTO || err == ENETDOWN ||
	       err == EHOSTDOWN || err == EHOSTUNREACH || err == ENETUNREACH ||
	       err == ENOPROTOOPT || err == EOPNOTSUPP;
}

static bool is_shortage(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

static void log_accepted(const struct part *p, int fd, struct name *peer)
{
	struct name at = { .len = sizeof(at.sa) };
	char from[NAME_TEXT], to[NAME_TEXT];

	if (!log_wants(LEVEL_NOTICE))
		return;
	if (getsockname(fd, (struct sockaddr *)&at.sa, &at.len) < 0)
		at.len = 0;
	if (!p->spec->rules.socat) {
		name_unmap(peer);
		name_unmap(&at);
	}
	log_say(LEVEL_NOTICE, "accepting connection from %s on %s",
		name_log(peer, from, sizeof(from)), name_log(&at, to, sizeof(to)));
}

/* One admitted connection, for the endpoint e.  IO_READ: nobody waits.  IO_WAIT: the
 * process or the system is short of descriptors or memory; try again later. */
static enum io accept_one(struct layer *l, struct endpoint *e, int *fd)
{
	for (;;) {
		struct name peer = { .len = sizeof(peer.sa) };

		*fd = sys_accept(l->end->rfd, (struct sockaddr *)&peer.sa, &peer.len,
				 true);
		if (*fd >= 0) {
			if (socket_admits(l->part, &peer)) {
				log_accepted(l->part, *fd, &peer);
				endpoint_met(e, &peer);
				return IO_OK;
			}
			sys_close(*fd);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return IO_READ;
		} else if (is_shortage(errno)) {
			return IO_WAIT;
		} else if (!is_transient(errno)) {
			return fail_sys(l->end->fail, PHASE_CONNECT,
					"cannot accept on %s", l->part->spec->input);
		}
	}
}

static enum io take_over(struct listener *x, int fd)
{
	struct endpoint *e = x->x.l.end;

	x->state = LISTEN_OPEN;
	e->server = true;
	e->rfd = e->wfd = fd;
	if (apply_phase(x->x.l.part, fd, PH_CONNECTED, e->fail) != IO_OK)
		return IO_FAIL;
	return x->pathless ? fd_take(&x->x, fd, fd) : fd_take_socket(&x->x, fd);
}

/* Without fork: one connection, and the listening socket is gone. */
static enum io accept_only(struct listener *x)
{
	struct endpoint *e = x->x.l.end;
	int fd, listening = e->rfd;
	enum io r = accept_one(&x->x.l, e, &fd);

	if (r == IO_WAIT)
		return fail_sys(e->fail, PHASE_CONNECT, "cannot accept on %s",
				x->x.l.part->spec->input);
	if (r != IO_OK)
		return r;
	endpoint_want(e, 0);
	sys_close(listening);
	return take_over(x, fd);
}

static enum io run(struct listener *x, enum io (*make)(struct listener *x, int *fd))
{
	struct endpoint *e = x->x.l.end;
	int fd;

	switch (x->state) {
	case LISTEN_START:
		if (sharing_take(e, &fd))
			e->rfd = e->wfd = fd;
		else if (make(x, &fd) != IO_OK || start_listening(x, fd) != IO_OK)
			return IO_FAIL;
		x->state = LISTEN_WAIT;
		/* fall through */
	case LISTEN_WAIT:
		return e->listening ? IO_OK : accept_only(x);
	case LISTEN_HANDED:
		return take_over(x, e->rfd);
	case LISTEN_OPEN:
		break;
	}
	return IO_OK;
}

static enum io listen_open(struct layer *l)
{
	return run((struct listener *)l,
		   l->part->type->family == AF_UNIX ? listen_unix : listen_inet);
}

static enum io listen_accept(struct layer *l, struct endpoint *child)
{
	int fd;
	enum io r = accept_one(l, child, &fd);

	if (r != IO_OK)
		return r;
	child->rfd = child->wfd = fd;
	((struct listener *)child->layer[0])->state = LISTEN_HANDED;
	return IO_OK;
}

static void listen_free(struct layer *l)
{
	struct listener *x = (struct listener *)l;

	fd_free(l);
	socket_unlink_unix(l->part, l->part->arg[0], &x->file);
}

#define LISTEN_OPS .size = sizeof(struct listener), .accept = listen_accept, \
	.read = fd_read, .write = fd_write, .shut = fd_shut, .describe = fd_describe, \
	.free = listen_free

const struct layer_ops listen_ops = {
	LISTEN_OPS,
	.prepare = socket_prepare,
	.unprepare = socket_unprepare,
	.open = listen_open,
};

/* ---- a listener that somebody else made: accept-fd:N ---------------------------- */

static bool listens(int fd)
{
	int yes = 0;
	socklen_t len = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0 && yes;
}

static enum io inherit(struct listener *x, int theirs, int *fd)
{
	const struct part *p = x->x.l.part;
	struct fail *f = x->x.l.end->fail;

	x->pathless = true;
	*fd = sys_dup(theirs);
	if (*fd < 0)
		return fail_sys(f, PHASE_BIND, "%s: cannot use that descriptor",
				p->spec->input);
	/* whoever hands over a listener has done with it: its flags are ours */
	if (listens(*fd) && sys_nonblock(*fd))
		return IO_OK;
	sys_close(*fd);
	return fail_say(f, PHASE_BIND, EINVAL,
			"%s: that descriptor is no socket that listens", p->spec->input);
}

static enum io inherit_number(struct listener *x, int *fd)
{
	const char *number = x->x.l.part->arg[0];
	long long n = -1;

	text_number(number, strlen(number), 0, INT_MAX, &n, NULL);
	return inherit(x, (int)n, fd);
}

static enum io accept_fd_open(struct layer *l)
{
	return run((struct listener *)l, inherit_number);
}

const struct layer_ops accept_fd_ops = { LISTEN_OPS, .open = accept_fd_open };

/* ---- sd:NAME ---------------------------------------------------------------------- */

static enum io inherit_activated(struct listener *x, int *fd)
{
	return inherit(x, activation_fd(x->x.l.part), fd);
}

static enum io sd_open(struct layer *l)
{
	return run((struct listener *)l, inherit_activated);
}

const struct layer_ops sd_ops = {
	LISTEN_OPS,
	.prepare = activation_prepare,
	.unprepare = activation_unprepare,
	.open = sd_open,
};
