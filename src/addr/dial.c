/* Connecting by name: every address of the host in a race (RFC 8305). */
#include "addr/dial.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "addr/socket.h"
#include "base/log.h"
#include "base/platform.h"
#include "endpoint/apply.h"
#include "endpoint/tell.h"

/* RFC 8305 section 5: the recommended delay between two attempts. */
enum { STAGGER_USEC = 250 * 1000 };

/* ---- order --------------------------------------------------------------------- */

static int family_of(const struct part *p)
{
	int family = p->type->family != AF_UNSPEC ? p->type->family
						  : p->spec->rules.family;

	return (int)part_num(p, OPT_FAMILY, family);
}

static const struct addrinfo *next_of(const struct addrinfo *a, int family, bool same)
{
	while (a && (a->ai_family == family) != same)
		a = a->ai_next;
	return a;
}

/* The resolver's order (RFC 6724) within each family, the families taking turns. */
static void interleave(struct dial *d, int prefer)
{
	const struct addrinfo *list = d->names.list;
	int first = next_of(list, prefer, true) ? prefer : list->ai_family;
	const struct addrinfo *turn[2] = { next_of(list, first, true),
					   next_of(list, first, false) };

	for (unsigned i = 0; (turn[0] || turn[1]) && d->norder < DIAL_MAX; i ^= 1) {
		if (!turn[i])
			continue;
		d->order[d->norder++] = turn[i];
		turn[i] = next_of(turn[i]->ai_next, first, i == 0);
	}
}

static struct name address_of(const struct addrinfo *ai)
{
	struct name n = { .len = ai->ai_addrlen };

	memcpy(&n.sa, ai->ai_addr, ai->ai_addrlen);
	return n;
}

/* ---- attempts ------------------------------------------------------------------ */

static void attempt_fired(void *owner, unsigned ready)
{
	struct attempt *a = owner;

	(void)ready;
	a->ready = true;
	endpoint_wake(a->end);
}

static void attempt_close(struct dial *d, struct attempt *a, struct loop *l)
{
	if (a->watch.fd < 0)
		return;
	watch_set(l, &a->watch, 0);
	sys_close(a->watch.fd);
	a->watch.fd = -1;
	d->live--;
}

static void attempt_failed(struct dial *d, const struct addrinfo *ai, struct layer *l)
{
	struct name to = address_of(ai);
	struct fail f = { 0 };
	char text[NAME_TEXT];
	int err = errno;

	name_text(&to, text, sizeof(text));
	errno = err;
	fail_sys(&f, PHASE_CONNECT, "%s: cannot connect to %s", l->end->spec->input,
		 text);
	log_say(LEVEL_INFO, "%s", f.text);
	if (d->first.phase == PHASE_NONE)
		d->first = f;
}

/* A socket bound as asked and connecting, or the failure in f. */
static enum io launch(struct layer *l, const struct addrinfo *ai, int *fd, struct fail *f)
{
	const struct part *p = l->part;
	struct name to = address_of(ai);
	char text[NAME_TEXT];

	if (log_wants(LEVEL_NOTICE))
		log_say(LEVEL_NOTICE, "opening connection to %s",
			name_log(&to, text, sizeof(text)));
	if (socket_make(p, ai->ai_family, ai->ai_socktype, ai->ai_protocol, fd, f) !=
	    IO_OK)
		return IO_FAIL;
	if (socket_bind(p, *fd, NULL, ai->ai_family, f) != IO_OK) {
		sys_close(*fd);
		return IO_FAIL;
	}
	socket_hurry(*fd);
	if (connect(*fd, ai->ai_addr, ai->ai_addrlen) < 0 && errno != EINPROGRESS &&
	    errno != EINTR) {
		int err = errno;

		sys_close(*fd);
		errno = err;
		return fail_sys(f, PHASE_CONNECT, "%s: cannot connect to %s",
				p->spec->input, name_text(&to, text, sizeof(text)));
	}
	return IO_OK;
}

/* A host bound to one family by bind= has no use for the other's addresses. */
static bool family_bound_away(const struct part *p, int family)
{
	struct name at;

	return p->prepared && !socket_bind_name(p, family, &at);
}

static void refused_here(struct dial *d, const struct name *to, struct layer *l)
{
	char text[NAME_TEXT];

	if (d->first.phase == PHASE_NONE)
		fail_say(&d->first, PHASE_PROXY, EACCES, "%.96s: %s is not allowed",
			 l->end->spec->input, name_text(to, text, sizeof(text)));
}

/* On this machine the answer has come by the time connect(2) returns: who asks saves a
 * turn of the loop, and the kernel a watch. */
static bool has_answer(struct attempt *a)
{
	struct pollfd p = { .fd = a->watch.fd, .events = POLLOUT };

	a->ready = poll(&p, 1, 0) > 0;
	a->made = a->ready && p.revents == POLLOUT;
	return a->ready;
}

static enum io await_answer(struct dial *d, struct attempt *a, struct loop *l)
{
	if (!watch_set(l, &a->watch, READY_WRITE))
		return fail_sys(a->end->fail, PHASE_CONNECT,
				"cannot wait for a connection");
	timer_set(l, &d->stagger, loop_now(l) + STAGGER_USEC);
	return IO_OK;
}

static enum io start_next(struct dial *d, struct layer *l)
{
	unsigned i = d->next++;
	struct attempt *a = &d->attempt[i];
	struct name to = address_of(d->order[i]);
	struct fail f = { 0 };
	int fd;

	a->watch = (struct watch){ .fd = -1, .fn = attempt_fired, .owner = a };
	a->end = l->end;
	a->ready = a->made = false;
	if (family_bound_away(l->part, d->order[i]->ai_family))
		return IO_OK;
	if (d->admits && !d->admits(l, &to)) {
		refused_here(d, &to, l);
		return IO_OK;
	}
	if (launch(l, d->order[i], &fd, &f) != IO_OK) {
		log_say(LEVEL_INFO, "%s", f.text);
		if (d->first.phase == PHASE_NONE)
			d->first = f;
		return IO_OK;
	}
	a->watch.fd = fd;
	d->live++;
	return has_answer(a) ? IO_OK : await_answer(d, a, l->end->loop);
}

/* 0 or errno. */
static int answer(const struct attempt *a)
{
	socklen_t len = sizeof(errno);
	int err = 0;

	getsockopt(a->watch.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

/* The winner's index, or -1; losers that have been refused are closed. */
static int look(struct dial *d, struct layer *l)
{
	for (unsigned i = 0; i < d->next; i++) {
		struct attempt *a = &d->attempt[i];
		int err;

		if (a->watch.fd < 0 || !a->ready)
			continue;
		err = a->made ? 0 : answer(a);
		/* nobody listening is "refused": a reset comes from whoever accepted */
		d->broken = err == ECONNRESET ? err : 0;
		if (!err || d->broken)
			return (int)i;
		attempt_close(d, a, l->end->loop);
		errno = err;
		attempt_failed(d, d->order[i], l);
	}
	return -1;
}

static enum io begin(struct dial *d, struct layer *l, const char *host,
		     const char *service)
{
	const struct part *p = l->part;
	enum io r;

	d->names.fn = endpoint_woken;
	d->names.owner = l->end;
	r = resolve_run(l->end->loop, &d->names, host, service, family_of(p),
			(int)part_num(p, OPT_SOCKTYPE, p->type->socktype),
			p->type->protocol, socket_resolve_flags(p), l->end->fail);
	if (r != IO_OK)
		return r;
	endpoint_resolved(l->end, host);
	interleave(d, p->spec->rules.prefer);
	d->stagger = (struct timer){ .fn = endpoint_woken, .owner = l->end };
	d->started = true;
	return IO_OK;
}

static enum io all_failed(struct dial *d, struct layer *l)
{
	if (d->first.phase == PHASE_NONE)
		return fail_say(
			l->end->fail, PHASE_CONNECT, EAFNOSUPPORT,
			"%s: no address of that host fits bind= or the IP version asked for",
			l->end->spec->input);
	if (l->end->fail->phase == PHASE_NONE)
		*l->end->fail = d->first;
	return IO_FAIL;
}

/* The winner's socket is the caller's, all else is over. */
static enum io finish(struct dial *d, struct attempt *won, struct loop *l, int *fd)
{
	watch_set(l, &won->watch, 0);
	*fd = won->watch.fd;
	won->watch.fd = -1;
	d->live--;
	dial_free(d, l);
	return IO_OK;
}

enum io dial_run(struct dial *d, struct layer *l, const char *host, const char *service,
		 int *fd)
{
	enum io r = d->started ? IO_OK : begin(d, l, host, service);
	int won;

	while (r == IO_OK && (won = look(d, l)) < 0 && d->next < d->norder &&
	       (!d->live || !d->stagger.slot))
		r = start_next(d, l);
	if (r != IO_OK)
		return r;
	if (won >= 0)
		return finish(d, &d->attempt[won], l->end->loop, fd);
	return d->live ? IO_WAIT : all_failed(d, l);
}

void dial_free(struct dial *d, struct loop *l)
{
	for (unsigned i = 0; i < d->next; i++)
		attempt_close(d, &d->attempt[i], l);
	if (d->started)
		timer_stop(l, &d->stagger);
	resolve_free(&d->names);
}
