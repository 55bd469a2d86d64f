/* Datagram addresses that name their peer: connect, sendto and datagram over UDP;
 * sendto over UNIX sockets goes to addr/unixclient.c. */
#include <errno.h>
#include <string.h>

#include "addr/dgram.h"
#include "addr/socket.h"
#include "addr/unixclient.h"
#include "base/log.h"
#include "base/platform.h"
#include "endpoint/apply.h"
#include "endpoint/tell.h"

enum way {
	WAY_CONNECT,	/* the kernel knows the peer and tells of refusals */
	WAY_SENDTO,	/* answers from there only */
	WAY_DATAGRAM,	/* to a group, answers from anybody */
};

/* ---- one address ------------------------------------------------------- */

/* Where sourceport= says which senders may answer, it is no port of ours. */
static enum io bind_socket(const struct part *p, enum way way, int fd, int family,
			   struct fail *f)
{
	struct name at;

	if (way != WAY_DATAGRAM)
		return socket_bind(p, fd, NULL, family, f);
	if (socket_bind_name(p, family, &at))
		return socket_bind(p, fd, &at, family, f);
	return apply_phase(p, fd, PH_BOUND, f);
}

/* Is there a route?  An unconnected socket would tell only when it sends. */
static bool reachable(const struct part *p, const struct name *to)
{
	int fd = socket_new(p, to->sa.ss_family, SOCK_DGRAM, 0);
	bool ok = fd >= 0 && dgram_aim(fd, to);
	int err = errno;

	sys_close(fd);
	errno = err;
	return ok || err == EACCES;	/* broadcast is not set there */
}

static enum io aim(struct dgram *d, enum way way, int fd, struct fail *f)
{
	char text[NAME_TEXT];

	if (way == WAY_CONNECT ? dgram_aim(fd, &d->to) : reachable(d->x.l.part, &d->to))
		return IO_OK;
	return fail_sys(f, PHASE_CONNECT, "%s: cannot send to %s",
			d->x.l.part->spec->input,
			name_text(&d->to, text, sizeof(text)));
}

static void log_target(const struct dgram *d, enum way way)
{
	char text[NAME_TEXT];

	log_say(LEVEL_NOTICE, "%s %s",
		way == WAY_CONNECT ? "opening connection to" : "sending datagrams to",
		name_log(&d->to, text, sizeof(text)));
}

static enum io try_address(struct dgram *d, enum way way, const struct addrinfo *ai,
			   int *fd, struct fail *f)
{
	const struct part *p = d->x.l.part;
	int family = ai->ai_family;

	d->to = (struct name){ .len = ai->ai_addrlen };
	memcpy(&d->to.sa, ai->ai_addr, ai->ai_addrlen);
	log_target(d, way);
	if (socket_make(p, family, ai->ai_socktype, ai->ai_protocol, fd, f) != IO_OK)
		return IO_FAIL;
	if (bind_socket(p, way, *fd, family, f) == IO_OK && aim(d, way, *fd, f) == IO_OK)
		return IO_OK;
	sys_close(*fd);
	*fd = -1;
	return IO_FAIL;
}

/* ---- the host's addresses in turn -------------------------------------- */

/* A host bound to one family by bind= has no use for the other's addresses. */
static bool fits(const struct part *p, const struct addrinfo *ai)
{
	struct name at;

	return !p->prepared || socket_bind_name(p, ai->ai_family, &at);
}

/* Those of the preferred family first (wanted), then the rest. */
static enum io try_all(struct dgram *d, enum way way, bool wanted, int *fd,
		       struct fail *first)
{
	const struct part *p = d->x.l.part;
	int prefer = p->spec->rules.prefer;

	for (const struct addrinfo *ai = d->names.list; ai; ai = ai->ai_next) {
		struct fail f = { 0 };

		if ((!prefer || ai->ai_family == prefer) != wanted || !fits(p, ai))
			continue;
		if (try_address(d, way, ai, fd, &f) == IO_OK)
			return IO_OK;
		log_say(LEVEL_INFO, "%s", f.text);
		if (first->phase == PHASE_NONE)
			*first = f;
	}
	return IO_FAIL;
}

static enum io none_fits(struct endpoint *e, const struct fail *first)
{
	if (first->phase == PHASE_NONE)
		return fail_say(
			e->fail, PHASE_CONNECT, EAFNOSUPPORT,
			"%s: no address of that host fits bind= or the IP version asked for",
			e->spec->input);
	if (e->fail->phase == PHASE_NONE)
		*e->fail = *first;
	return IO_FAIL;
}

static enum io find_host(struct dgram *d)
{
	const struct part *p = d->x.l.part;
	struct endpoint *e = d->x.l.end;
	int family = p->type->family ? p->type->family : p->spec->rules.family;

	d->names.fn = endpoint_woken;
	d->names.owner = e;
	return resolve_run(e->loop, &d->names, p->arg[0], p->arg[1],
			   (int)part_num(p, OPT_FAMILY, family), p->type->socktype,
			   p->type->protocol, socket_resolve_flags(p), e->fail);
}

static enum io inet_open(struct dgram *d, enum way way)
{
	struct endpoint *e = d->x.l.end;
	struct fail first = { 0 };
	enum io r = find_host(d);
	int fd;

	if (r != IO_OK)
		return r;
	endpoint_resolved(e, d->x.l.part->arg[0]);
	if (try_all(d, way, true, &fd, &first) != IO_OK &&
	    try_all(d, way, false, &fd, &first) != IO_OK)
		return none_fits(e, &first);
	resolve_free(&d->names);
	d->connected = way == WAY_CONNECT;
	d->strict = way != WAY_DATAGRAM;
	e->target = d->x.l.part->arg[0];
	e->peer = &d->to;
	return dgram_take(d, fd, fd);
}

static enum io connect_open(struct layer *l)
{
	return inet_open((struct dgram *)l, WAY_CONNECT);
}

static enum io sendto_open(struct layer *l)
{
	if (l->part->type->family == AF_UNIX)
		return unixclient_open((struct dgram *)l, l->part->arg[0], SOCK_DGRAM);
	return inet_open((struct dgram *)l, WAY_SENDTO);
}

static enum io datagram_open(struct layer *l)
{
	return inet_open((struct dgram *)l, WAY_DATAGRAM);
}

const struct layer_ops dgram_connect_ops = {
	DGRAM_OPS, .prepare = socket_prepare, .unprepare = socket_unprepare,
	.open = connect_open,
};

const struct layer_ops dgram_sendto_ops = {
	DGRAM_OPS, .prepare = socket_prepare, .unprepare = socket_unprepare,
	.open = sendto_open,
};

const struct layer_ops dgram_datagram_ops = {
	DGRAM_OPS, .prepare = socket_prepare, .unprepare = socket_unprepare,
	.open = datagram_open,
};
