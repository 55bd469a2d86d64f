/* Sending and receiving datagrams, boundaries kept. */
#include "addr/dgram.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "addr/hub.h"
#include "addr/socket.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "endpoint/apply.h"

enum {
	TURNS = 64,		/* datagrams of strangers passed over in one go */
	PAUSE_USEC = 1000,	/* until a full queue is tried again */
	IP4_LONGEST = 65507,	/* 65535 less the IP and UDP headers */
	IP6_LONGEST = 65527,
	CUT_MOST = 64,		/* datagrams that the kernel cuts out of one piece, */
	CUT_BYTES = 65000,	/* and the length of that: udp(7) */
};

/* ---- receiving --------------------------------------------------------- */

bool dgram_note(const struct part *p, struct arrival *a, struct environment *env)
{
	bool pktinfo;

	if (a->beside.len == 0 || (!env && !log_wants(LEVEL_INFO)))
		return true;
	pktinfo = part_has(p, OPT_IP_PKTINFO) || part_has(p, OPT_IPV6_RECVPKTINFO);
	return ancillary_describe(&a->beside, pktinfo, env);
}

/* Errors that an earlier datagram caused somewhere on its way. */
static bool from_the_net(int err)
{
	return err == ECONNREFUSED || err == ECONNRESET || err == EHOSTUNREACH ||
	       err == ENETUNREACH || err == EHOSTDOWN || err == ENETDOWN ||
	       err == ENOPROTOOPT || err == EPROTO || err == EMSGSIZE;
}

static bool is_wanted(struct dgram *d, const struct name *from)
{
	char text[NAME_TEXT], peer[NAME_TEXT];

	if (!d->strict)
		return socket_admits(d->x.l.part, from);
	if (name_equal(from, &d->to))
		return true;
	log_say(LEVEL_INFO, "ignoring a datagram from %s: only %s may answer",
		dgram_text(from, text), dgram_text(&d->to, peer));
	return false;
}

/* Whether it is for us; then its sender is known. */
static bool take(struct dgram *d, struct arrival *a)
{
	if (!is_wanted(d, &a->from))
		return false;
	if (!d->strict) {
		d->from.len = a->from.len;
		memcpy(&d->from.sa, &a->from.sa, a->from.len);
		d->x.l.end->sender = &d->from;
	}
	dgram_note(d->x.l.part, a, NULL);
	return true;
}

static enum io receive_failed(struct dgram *d)
{
	struct endpoint *e = d->x.l.end;

	return fail_sys(e->fail, d->heard ? PHASE_RECEIVE : PHASE_CONNECT,
			"cannot receive from %s", e->spec->input);
}

/* What was read is n bytes long, of which cap are there. */
static enum io deliver(struct dgram *d, size_t n, size_t cap)
{
	struct endpoint *e = d->x.l.end;

	if (n > cap)
		return fail_say(
			e->fail, PHASE_RECEIVE, EMSGSIZE,
			"%s: a datagram of %zu bytes is longer than the %zu that -b allows",
			e->spec->input, n, cap);
	d->heard = true;
	d->active = loop_now(e->loop);
	d->spent = d->once;
	if (n > 0 || !part_has(d->x.l.part, OPT_NULL_EOF))
		return IO_OK;
	d->spent = true;
	return IO_EOF;
}

static enum io read_queue(struct dgram *d, void *to, size_t cap, size_t *n)
{
	struct datagram *g = hub_pop(d);
	enum io r;

	if (!g)
		return d->spent ? IO_EOF : IO_WAIT;
	*n = g->len;
	memcpy(to, g->data, g->len < cap ? g->len : cap);
	mem_free(g);
	r = deliver(d, *n, cap);
	if (d->spent)
		hub_forget(d);
	return r;
}

enum io dgram_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct dgram *d = (struct dgram *)l;

	if (d->hub)
		return read_queue(d, to, cap, n);
	if (d->spent || l->end->rfd < 0)
		return IO_EOF;
	for (unsigned i = 0; i < TURNS; i++) {
		struct arrival a;
		enum io r = arrival_receive(l->end->rfd, to, cap, 0, &a);

		if (r == IO_READ)
			return IO_READ;
		if (r == IO_FAIL && (d->connected || !from_the_net(errno)))
			return receive_failed(d);
		if (r == IO_OK && take(d, &a)) {
			*n = a.len;
			return deliver(d, a.len, cap);
		}
	}
	return IO_READ;
}

/* ---- receiving many ---------------------------------------------------- */

static enum io take_queue(struct dgram *d, struct arrivals *in, struct iovec *v,
			  unsigned *n)
{
	enum io r = IO_OK;

	while (r == IO_OK && *n < in->max) {
		void *to = in->of[*n].data;
		size_t len;

		r = read_queue(d, to, in->cap, &len);
		if (r == IO_OK)
			v[(*n)++] = (struct iovec){ .iov_base = to, .iov_len = len };
	}
	return r;
}

/* IO_OK: it is in v or not for us, and others may follow. */
static enum io take_one(struct dgram *d, struct arrival *a, size_t cap, struct iovec *v,
			unsigned *n)
{
	enum io r;

	if (!take(d, a))
		return IO_OK;
	r = deliver(d, a->len, cap);
	if (r != IO_OK)
		return r;
	v[(*n)++] = (struct iovec){ .iov_base = a->data, .iov_len = a->len };
	return d->spent ? IO_EOF : IO_OK;
}

static enum io take_socket(struct dgram *d, struct arrivals *in, struct iovec *v,
			   unsigned *n)
{
	enum io r = arrivals_receive(in, d->x.l.end->rfd);

	if (r == IO_FAIL)
		return d->connected || !from_the_net(errno) ? receive_failed(d) : IO_OK;
	for (unsigned i = 0; i < in->n && r == IO_OK; i++)
		r = take_one(d, &in->of[i], in->cap, v, n);
	return r == IO_OK && in->n < in->max ? IO_READ : r;
}

static struct arrivals *room_for_many(struct loop *l)
{
	struct loop_services *s = loop_services(l);

	if (!s->arrivals)
		s->arrivals = arrivals_new(ARRIVAL_IP);
	return s->arrivals;
}

enum io dgram_read_many(struct layer *l, struct iovec *v, unsigned *n)
{
	struct dgram *d = (struct dgram *)l;
	struct arrivals *in = room_for_many(l->end->loop);

	*n = 0;
	if (!in)
		return fail_memory(l->end->fail);
	if (d->hub)
		return take_queue(d, in, v, n);
	if (d->spent || l->end->rfd < 0)
		return IO_EOF;
	return take_socket(d, in, v, n);
}

/* ---- sending ----------------------------------------------------------- */

bool dgram_aim(int fd, const struct name *to)
{
	return connect(fd, (const struct sockaddr *)&to->sa, to->len) == 0;
}

/* n pieces, which are one datagram or, with a length to cut them to, so many. */
static ssize_t send_pieces(struct dgram *d, int fd, const struct iovec *v, unsigned n,
			   size_t cut)
{
	struct msghdr m = { .msg_iov = (struct iovec *)v, .msg_iovlen = n };
	struct ancillary beside;
	ssize_t put;

	beside.len = 0;
	if (!d->connected) {
		m.msg_name = &d->to.sa;
		m.msg_namelen = d->to.len;
	}
	if (!d->connected && d->local.len)
		ancillary_from(&beside, &d->local);
	if (cut && !ancillary_cut(&beside, cut)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	m.msg_control = beside.len ? beside.space : NULL;
	m.msg_controllen = beside.len;
	do
		put = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put;
}

static ssize_t send_once(struct dgram *d, int fd, const void *from, size_t len)
{
	const struct iovec v = { .iov_base = (void *)from, .iov_len = len };

	return send_pieces(d, fd, &v, 1, 0);
}

/* A UNIX server that came back has its old name on a new socket. */
static bool reconnect(struct dgram *d, int fd)
{
	return d->connected && d->to.sa.ss_family == AF_UNIX &&
	       (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET) &&
	       dgram_aim(fd, &d->to);
}

static ssize_t send_datagram(struct dgram *d, int fd, const void *from, size_t len)
{
	ssize_t put = send_once(d, fd, from, len);

	if (put < 0 && reconnect(d, fd))
		return send_once(d, fd, from, len);
	if (put < 0 && errno == EINVAL && d->local.len) {
		/* a broadcast came to an address that nothing can be sent from */
		d->local.len = 0;
		return send_once(d, fd, from, len);
	}
	return put;
}

static enum io later(struct dgram *d)
{
	struct endpoint *e = d->x.l.end;

	d->pause.fn = endpoint_woken;
	d->pause.owner = e;
	return timer_set(e->loop, &d->pause, loop_now(e->loop) + PAUSE_USEC)
		       ? IO_WAIT : fail_memory(e->fail);
}

/* One of many sessions watches a descriptor of its own for the common socket;
 * whether an unconnected UNIX socket's receiver has room cannot be polled. */
static enum io blocked(struct dgram *d)
{
	struct endpoint *e = d->x.l.end;

	if (d->to.sa.ss_family == AF_UNIX && !d->connected)
		return later(d);
	if (d->hub && e->wfd < 0)
		e->wfd = sys_dup(hub_fd(d->hub));
	return e->wfd >= 0 ? IO_WRITE : later(d);
}

static size_t longest(const struct name *to)
{
	struct name plain = *to;

	name_unmap(&plain);
	return plain.sa.ss_family == AF_INET6 ? IP6_LONGEST : IP4_LONGEST;
}

static enum io too_long(struct dgram *d, size_t len)
{
	struct endpoint *e = d->x.l.end;

	if (e->network && len > longest(&d->to))
		return fail_say(
			e->fail, PHASE_SEND, EMSGSIZE,
			"%s: a datagram of %zu bytes is longer than the %zu that UDP can carry",
			e->spec->input, len, longest(&d->to));
	return fail_say(
		e->fail, PHASE_SEND, EMSGSIZE,
		"%s: a datagram of %zu bytes is too long (-b limits it, sndbuf= or the path's MTU allow less)",
		e->spec->input, len);
}

static enum io send_failed(struct dgram *d, size_t len)
{
	struct endpoint *e = d->x.l.end;
	enum phase phase;
	char text[NAME_TEXT];

	switch (errno) {
	case EAGAIN:
		return blocked(d);
	case ENOBUFS:
	case ENOMEM:
		return later(d);
	case EMSGSIZE:
		return too_long(d, len);
	default:
		phase = d->connected && !d->heard ? PHASE_CONNECT : PHASE_SEND;
		return fail_sys(e->fail, phase, "%s: cannot send to %s", e->spec->input,
				dgram_text(&d->to, text));
	}
}

enum io dgram_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct dgram *d = (struct dgram *)l;
	struct endpoint *e = l->end;
	int fd = d->hub ? hub_fd(d->hub) : e->wfd;
	ssize_t put;

	if (fd < 0)
		return fail_say(e->fail, PHASE_SEND, EBADF, "%s only receives",
				e->spec->input);
	if (!d->connected && d->to.len <= (socklen_t)sizeof(sa_family_t))
		return fail_say(
			e->fail, PHASE_SEND, EDESTADDRREQ,
			"%s: cannot answer a sender without a name (it has to bind one)",
			e->spec->input);
	put = send_datagram(d, fd, from, len);
	if (put < 0)
		return send_failed(d, len);
	d->active = loop_now(e->loop);
	*n = len;
	return IO_OK;
}

/* ---- many at once ------------------------------------------------------ */

/* How many of them the kernel can cut out of one piece: of one length, only the last may
 * be shorter. */
static unsigned count_alike(const struct iovec *v, unsigned n)
{
	const size_t len = v[0].iov_len;
	size_t sum = 0;
	unsigned i = 0;

	while (i < n && i < CUT_MOST && v[i].iov_len == len && sum + len <= CUT_BYTES) {
		sum += len;
		i++;
	}
	if (i > 0 && i < n && i < CUT_MOST && v[i].iov_len > 0 && v[i].iov_len < len &&
	    sum + v[i].iov_len <= CUT_BYTES)
		i++;
	return len ? i : 1;
}

/* Refused is what the system, the route or its device can't do; anything else would
 * have met a single datagram, too. */
static bool is_refusal(int err)
{
	return err == EINVAL || err == EMSGSIZE || err == EIO || err == EOPNOTSUPP ||
	       err == ENOPROTOOPT;
}

enum io dgram_write_many(struct layer *l, const struct iovec *v, unsigned n,
			 unsigned *done)
{
	struct dgram *d = (struct dgram *)l;
	const int fd = d->hub ? hub_fd(d->hub) : l->end->wfd;
	const unsigned alike =
		d->singly || !l->end->network ? 1 : count_alike(v, n);
	size_t put;

	if (alike > 1 && fd >= 0) {
		if (send_pieces(d, fd, v, alike, v[0].iov_len) >= 0) {
			d->active = loop_now(l->end->loop);
			*done = alike;
			return IO_OK;
		}
		if (!is_refusal(errno))
			return send_failed(d, v[0].iov_len);
		d->singly = true;
	}
	*done = 1;
	return dgram_write(l, v[0].iov_base, v[0].iov_len, &put);
}

/* ---- no more to send --------------------------------------------------- */

/* Nothing in a datagram socket tells of an end.  socat since 1.8.1 sends an empty
 * one from udp-connect. */
static bool tells_end(const struct dgram *d)
{
	const struct part *p = d->x.l.part;

	if (part_has(p, OPT_SHUT_NONE) || part_has(p, OPT_END_CLOSE))
		return false;
	return part_has(p, OPT_SHUT_NULL) ||
	       (p->spec->rules.socat && d->connected && d->x.l.end->network &&
		!(p->type->flags & TYPE_LISTENS) && !part_has(p, OPT_SHUT_DOWN) &&
		!part_has(p, OPT_SHUT_CLOSE));
}

enum io dgram_shut(struct layer *l)
{
	struct dgram *d = (struct dgram *)l;
	size_t n;
	enum io r;

	if (!tells_end(d))
		return IO_EOF;
	r = dgram_write(l, "", 0, &n);
	return r == IO_OK ? IO_EOF : r;
}

/* ---- from birth to death ----------------------------------------------- */

const char *dgram_text(const struct name *n, char to[NAME_TEXT])
{
	struct name plain = *n;

	name_unmap(&plain);
	return name_log(&plain, to, NAME_TEXT);
}

const char *dgram_word(const struct part *p)
{
	return p->type->family == AF_UNIX ? "" : "UDP ";
}

enum io dgram_take(struct dgram *d, int rfd, int wfd)
{
	struct endpoint *e = d->x.l.end;

	if (fd_take(&d->x, rfd, wfd) != IO_OK)
		return IO_FAIL;
	e->messages = true;
	return apply_phase(d->x.l.part, rfd >= 0 ? rfd : wfd, PH_CONNECTED, e->fail);
}

static bool add_pair(struct environment *env, const char *pair)
{
	const char *value = strchr(pair, '=') + 1;
	char name[32];

	snprintf(name, sizeof(name), "%.*s", (int)(value - pair - 1), pair);
	return environment_add(env, name, value);
}

bool dgram_describe(struct layer *l, struct environment *env)
{
	const struct dgram *d = (struct dgram *)l;
	const struct environment *told = d->peer ? &d->peer->told : &d->told;

	for (size_t i = 0; i < told->n; i++)
		if (!add_pair(env, told->pair[i]))
			return false;
	return fd_describe(l, env);
}

void dgram_free(struct layer *l)
{
	struct dgram *d = (struct dgram *)l;

	socket_unlink_unix(l->part, d->path ? d->path : l->part->arg[0], &d->file);
	timer_stop(l->end->loop, &d->pause);
	timer_stop(l->end->loop, &d->expiry);
	resolve_free(&d->names);
	if (d->peer)
		hub_leave(d);
	else if (d->hub && hub_close(d->hub))
		l->end->rfd = l->end->wfd = -1;
	fd_free(l);
	mem_free(d->path);
	environment_free(&d->told);
}
