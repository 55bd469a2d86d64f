/* Datagram addresses that wait: recv, recvfrom and listen, over UDP and UNIX. */
#include <errno.h>

#include "addr/hub.h"
#include "addr/place.h"
#include "addr/socket.h"
#include "base/log.h"
#include "base/platform.h"
#include "endpoint/apply.h"
#include "endpoint/tell.h"
#include "spec/defaults.h"

/* ---- the socket -------------------------------------------------------- */

static enum io bind_unix(struct dgram *d, int *fd)
{
	const struct part *p = d->x.l.part;
	struct fail *f = d->x.l.end->fail;
	struct name at;

	if (socket_unix_name(p, p->arg[0], &at, f) != IO_OK ||
	    socket_make(p, AF_UNIX, SOCK_DGRAM, 0, fd, f) != IO_OK)
		return IO_FAIL;
	if (socket_bind_unix(p, *fd, &at, &d->file, f) == IO_OK)
		return IO_OK;
	sys_close(*fd);
	return IO_FAIL;
}

static void log_listening(struct dgram *d, bool waits_for_one)
{
	struct endpoint *e = d->x.l.end;
	struct name at;
	char text[NAME_TEXT];

	endpoint_local(e, &at);
	name_log(&at, text, sizeof(text));
	if (waits_for_one && d->x.l.part->spec->rules.socat)
		log_say(LEVEL_NOTICE, "receiving on %s", text);
	else
		log_say(LEVEL_NOTICE, "%slistening on %s%s",
			place_families(d->x.l.part, e->rfd, &at), dgram_word(d->x.l.part),
			text);
}

static enum io make(struct dgram *d, int *fd)
{
	return d->x.l.part->type->family == AF_UNIX
		       ? bind_unix(d, fd) : place_listen(d->x.l.end, false, fd);
}

/* Bound and ready to receive; waits_for_one: socat's words differ there. */
static enum io start(struct dgram *d, bool answers, bool waits_for_one)
{
	struct endpoint *e = d->x.l.end;
	const struct part *p = d->x.l.part;
	int fd;
	const bool taken = sharing_take(e, &fd);

	if (!taken && make(d, &fd) != IO_OK)
		return IO_FAIL;
	if (dgram_take(d, fd, answers ? fd : -1) != IO_OK ||
	    apply_phase(p, fd, PH_LISTEN, e->fail) != IO_OK)
		return IO_FAIL;
	if (answers)
		ancillary_ask_local(fd);
	if (taken)
		return IO_OK;
	log_listening(d, waits_for_one);
	endpoint_reachable(e, NULL);
	return IO_OK;
}

/* ---- the first sender -------------------------------------------------- */

static bool is_fatal(int err)
{
	return err == EBADF || err == ENOTSOCK || err == EINVAL;
}

/* Leaves the datagram where it is; those that are not admitted go. */
static enum io find_sender(struct dgram *d)
{
	struct endpoint *e = d->x.l.end;
	struct arrival a;
	struct name at;

	endpoint_local(e, &at);
	for (;;) {
		unsigned char none[1];
		enum io r = arrival_receive(e->rfd, none, sizeof(none), MSG_PEEK, &a);

		if (r == IO_READ)
			return IO_READ;
		if (r == IO_FAIL && is_fatal(errno))
			return fail_sys(e->fail, PHASE_RECEIVE, "cannot receive on %s",
					e->spec->input);
		if (r == IO_OK && socket_admits(d->x.l.part, &a.from))
			break;
		arrival_receive(e->rfd, none, sizeof(none), 0, &a);
	}
	d->to = a.from;
	ancillary_local(&a.beside, &at, &d->local);
	return dgram_note(d->x.l.part, &a, &d->told) ? IO_OK : fail_memory(e->fail);
}

static void know_peer(struct dgram *d)
{
	struct endpoint *e = d->x.l.end;

	e->server = true;
	e->peer = &d->to;
	if (d->local.len)
		e->local = &d->local;
	else if (d->hub)
		e->local = hub_name(d->hub);
}

/* Would the kernel send to the peer from the address that the peer knows? */
static bool goes_from(const struct part *p, const struct name *to,
		      const struct name *local)
{
	struct name at = { .len = sizeof(at.sa) };
	int fd = socket_new(p, to->sa.ss_family, SOCK_DGRAM, 0);
	bool same = fd >= 0 && dgram_aim(fd, to) &&
		    getsockname(fd, (struct sockaddr *)&at.sa, &at.len) == 0;

	name_set_port(&at, name_port(local));
	sys_close(fd);
	return same && name_equal(&at, local);
}

/* A connected socket tells of refusals and can be handed to a program; but then
 * the kernel chooses the address it sends from, and only the one the peer knows
 * will do. */
static void connect_back(struct dgram *d)
{
	d->connected = (!d->local.len || goes_from(d->x.l.part, &d->to, &d->local)) &&
		       dgram_aim(d->x.l.end->rfd, &d->to);
}

/* One of many sessions: all is there already. */
static enum io take_up(struct dgram *d, uint64_t idle)
{
	struct endpoint *e = d->x.l.end;

	e->messages = true;
	e->network = d->to.sa.ss_family != AF_UNIX;
	know_peer(d);
	return dgram_expires(d, idle);
}

/* ---- recvfrom, recv, listen -------------------------------------------- */

static enum io recv_open(struct layer *l)
{
	return start((struct dgram *)l, false, true);
}

static enum io recvfrom_open(struct layer *l)
{
	struct dgram *d = (struct dgram *)l;
	enum io r;

	if (d->peer)
		return take_up(d, 0);
	if (l->end->rfd < 0 && start(d, true, true) != IO_OK)
		return IO_FAIL;
	if (l->end->listening)
		return hub_new(d, true);
	r = find_sender(d);
	if (r != IO_OK)
		return r;
	hub_log_peer(l->part, &d->to, true);
	know_peer(d);
	d->strict = d->to.sa.ss_family != AF_UNIX;
	d->once = true;
	return IO_OK;
}

static enum io listen_open(struct layer *l)
{
	struct dgram *d = (struct dgram *)l;
	enum io r;

	if (d->peer)
		return take_up(d, part_usec(l->part, OPT_IDLE, DEFAULT_IDLE));
	if (l->end->rfd < 0 && start(d, true, false) != IO_OK)
		return IO_FAIL;
	if (l->end->listening)
		return hub_new(d, false);
	r = find_sender(d);
	if (r != IO_OK)
		return r;
	hub_log_peer(l->part, &d->to, false);
	know_peer(d);
	d->strict = true;
	connect_back(d);
	return dgram_expires(d, part_usec(l->part, OPT_IDLE, 0));
}

static enum io serve_accept(struct layer *l, struct endpoint *child)
{
	return hub_accept(((struct dgram *)l)->hub, child);
}

const struct layer_ops dgram_recv_ops = {
	DGRAM_OPS, .prepare = socket_prepare, .unprepare = socket_unprepare,
	.open = recv_open,
};

const struct layer_ops dgram_recvfrom_ops = {
	DGRAM_OPS, .prepare = socket_prepare, .unprepare = socket_unprepare,
	.open = recvfrom_open, .accept = serve_accept,
};

const struct layer_ops dgram_listen_ops = {
	DGRAM_OPS, .prepare = socket_prepare, .unprepare = socket_unprepare,
	.open = listen_open, .accept = serve_accept,
};
