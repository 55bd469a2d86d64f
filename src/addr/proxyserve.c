/* socks-server, connect-server: the client on the session's other side names the host
 * to connect to, as far as allow= lets it.
 *
 * Its request is read from the other endpoint, which is open before this one, and its
 * answer is written there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr/dial.h"
#include "addr/fd.h"
#include "addr/socket.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"
#include "endpoint/apply.h"
#include "proto/proxyserve.h"
#include "spec/allow.h"

struct served {
	struct fd_layer x;
	enum { SERVED_START, SERVED_ASKS, SERVED_DIALS, SERVED_GRANT, SERVED_DENY } state;
	struct proxyserve client;
	struct dial dial;
	struct buf in, out;
	struct fail why;	/* while the client is told: SERVED_DENY */
	char port[8];
	char target[2 * SOCKS_TEXT_MAX];	/* host:port for messages, escaped */
};

/* ---- allow= ----------------------------------------------------------------- */

static enum io check_list(const struct part *p, const struct optval *v, struct fail *f)
{
	const char *at = v->text;
	struct allow_rule rule;
	size_t len = 0;
	enum allow r;

	while ((r = allow_next(&at, &rule, &len)) == ALLOW_RULE)
		;
	if (r == ALLOW_END)
		return IO_OK;
	return fail_at(f, p->spec->input, v->at, v->len,
		       "allow=%.*s: this is no target such as host.example:443, "
		       "*.example.com, 10.0.0.0/8:22-80, [2001:db8::]/32 or *",
		       (int)len, at);
}

static enum io served_prepare(struct part *p, struct fail *f)
{
	bool some = false;

	for (unsigned i = 0; i < p->nvals; i++)
		if (p->val[i].opt->id == OPT_ALLOW) {
			some = true;
			if (check_list(p, &p->val[i], f) != IO_OK)
				return IO_FAIL;
		}
	if (!some)
		return fail_at(f, p->spec->input, 0, strcspn(p->spec->input, ","),
			       "without allow= this would be a relay for everybody to "
			       "everywhere; say what its clients may reach: "
			       "allow=*.example.com:443 or allow=10.0.0.0/8");
	return socket_prepare(p, f);
}

/* Some rule of the part admits the address to; or, to being NULL, may admit one. */
static bool is_allowed(const struct part *p, const struct socks_host *host,
		       const struct name *to)
{
	for (unsigned i = 0; i < p->nvals; i++) {
		const char *at = p->val[i].text;
		struct allow_rule rule;
		size_t len;

		if (p->val[i].opt->id != OPT_ALLOW)
			continue;
		while (allow_next(&at, &rule, &len) == ALLOW_RULE)
			if (to ? allow_has(&rule, host->name, to)
			       : allow_may(&rule, host->name, host->port))
				return true;
	}
	return false;
}

static bool admits(const struct layer *l, const struct name *to)
{
	return is_allowed(l->part, &((const struct served *)l)->client.to, to);
}

/* ---- the client ------------------------------------------------------------- */

/* The client's endpoint is what has to be waited for.  Its owner, the session, is
 * woken by it as by ours. */
static enum io wait_for_client(struct endpoint *client, enum io r)
{
	unsigned want = r == IO_READ ? READY_READ : r == IO_WRITE ? READY_WRITE : 0;

	if (r != IO_READ && r != IO_WRITE)
		return r;
	if (!endpoint_want(client, want | READY_ERROR))
		return fail_sys(client->fail, PHASE_INTERNAL, "cannot wait for %s",
				client->spec->input);
	return IO_WAIT;
}

static enum io flush(struct served *s)
{
	struct endpoint *client = s->x.l.end->other;

	return wait_for_client(client, layer_flush(client->writer, &s->out));
}

static enum io read_more(struct served *s)
{
	struct endpoint *client = s->x.l.end->other;
	enum io r = layer_more(client->reader, &s->in);

	if (r == IO_EOF)
		return fail_say(client->fail, PHASE_PROXY, 0,
				"%.96s: the client hung up before it had asked for a host",
				s->x.l.end->spec->input);
	return wait_for_client(client, r);
}

static enum io begin(struct served *s)
{
	const struct endpoint *client = s->x.l.end->other;

	if (!client || !client->server || client->nopen < client->nlayers ||
	    client->spec->writer)
		return fail_say(s->x.l.end->fail, PHASE_USAGE, 0,
				"%.96s serves the clients of a listener: sockcat "
				"tcp-listen:1080,fork %.96s",
				s->x.l.end->spec->input, s->x.l.end->spec->input);
	buf_init(&s->in, PROXYSERVE_MAX);
	buf_init(&s->out, PROXYSERVE_MAX);
	return IO_OK;
}

/* The failure so far becomes the session's when the client has been told. */
static void tell(struct served *s)
{
	struct fail *f = s->x.l.end->fail;

	s->why = *f;
	*f = (struct fail){ 0 };
	s->state = SERVED_DENY;
}

static void deny(struct served *s, enum socks_answer answer)
{
	if (!proxyserve_answer(&s->client, answer, NULL, &s->out))
		buf_free(&s->out);
	tell(s);
}

/* ---- the host --------------------------------------------------------------- */

static void note_target(struct served *s)
{
	const struct socks_host *to = &s->client.to;
	char host[sizeof(s->target) - 16];

	text_escape(host, sizeof(host), to->name, strlen(to->name));
	snprintf(s->target, sizeof(s->target), strchr(host, ':') ? "[%s]:%u" : "%s:%u",
		 host, to->port);
	snprintf(s->port, sizeof(s->port), "%u", to->port);
	log_say(LEVEL_NOTICE, "the client asks for %s by %s", s->target,
		proxyserve_protocol(&s->client));
}

static void not_allowed(struct served *s)
{
	fail_say(s->x.l.end->fail, PHASE_PROXY, EACCES,
		 "%.64s: a client asked for %.80s, which allow= does not include",
		 s->x.l.end->spec->input, s->target);
	deny(s, SOCKS_FORBIDDEN);
}

/* What came behind the request is for the host; nothing more is read until it is
 * there. */
static enum io asked(struct served *s)
{
	struct endpoint *client = s->x.l.end->other;

	note_target(s);
	if (!layer_unread(client->reader, s->in.data, s->in.len))
		return fail_memory(client->fail);
	buf_free(&s->in);
	s->state = SERVED_DIALS;
	s->dial.admits = admits;
	if (!is_allowed(s->x.l.part, &s->client.to, NULL))
		not_allowed(s);
	else
		endpoint_want(client, READY_ERROR);
	return IO_OK;
}

static enum io hear(struct served *s)
{
	const char *why;

	for (;;) {
		enum proxyserve_step step =
			proxyserve_read(&s->client, &s->in, &s->out, &why);
		enum io r = step == PROXY_MORE ? flush(s) : IO_OK;

		if (r == IO_OK && step == PROXY_MORE)
			r = read_more(s);
		if (r != IO_OK)
			return r;
		if (step == PROXY_ASKED)
			return asked(s);
		if (step == PROXY_REFUSED) {
			fail_say(s->x.l.end->fail, PHASE_PROXY, 0,
				 "%.96s: the client is no client of a proxy's: %s",
				 s->x.l.end->spec->input, why);
			tell(s);
			return IO_OK;
		}
	}
}

static enum socks_answer answer_to(const struct fail *f)
{
	if (f->phase == PHASE_RESOLVE)
		return SOCKS_NO_HOST;
	switch (f->code) {
	case EACCES: case EPERM: return SOCKS_FORBIDDEN;
	case ECONNREFUSED: return SOCKS_REFUSED;
	case ENETUNREACH: case EAFNOSUPPORT: return SOCKS_NO_NETWORK;
	case EHOSTUNREACH: case EHOSTDOWN: return SOCKS_NO_HOST;
	case ETIMEDOUT: return SOCKS_TTL_EXPIRED;
	default: return SOCKS_FAILED;
	}
}

/* The client has its answer, so a shortage is no reason to try again later. */
static void dial_failed(struct served *s)
{
	struct fail *f = s->x.l.end->fail;
	enum socks_answer answer = answer_to(f);

	log_say(LEVEL_NOTICE, "no connection to %s, as a client asked for", s->target);
	if (f->code == EMFILE || f->code == ENFILE || f->code == ENOBUFS)
		f->code = 0;
	deny(s, answer);
}

static enum io dialled(struct served *s, int fd)
{
	struct endpoint *e = s->x.l.end;
	struct socks_host at = { .port = 0 };
	struct name local = { .len = sizeof(local.sa) };

	e->rfd = e->wfd = fd;
	e->target = s->client.to.name;
	if (apply_phase(s->x.l.part, fd, PH_CONNECTED, e->fail) != IO_OK ||
	    fd_take(&s->x, fd, fd) != IO_OK)
		return IO_FAIL;
	if (getsockname(fd, (struct sockaddr *)&local.sa, &local.len) == 0)
		name_host(&local, at.name, sizeof(at.name));
	at.port = name_port(&local);
	if (!proxyserve_answer(&s->client, SOCKS_GRANTED, &at, &s->out))
		return fail_memory(e->fail);
	log_say(LEVEL_INFO, "connected to %s, as the client asked for", s->target);
	s->state = SERVED_GRANT;
	return IO_OK;
}

static enum io reach(struct served *s)
{
	struct layer *l = &s->x.l;
	enum io r;
	int fd;

	r = dial_run(&s->dial, l, s->client.to.name, s->port, &fd);
	s->x.broken = s->dial.broken;
	if (r == IO_OK)
		return dialled(s, fd);
	if (r != IO_FAIL)
		return r;
	dial_failed(s);
	return IO_OK;
}

/* ---- the transport ---------------------------------------------------------- */

/* The failure is told; that the client hears the end behind it is all that is left. */
static enum io told(struct served *s)
{
	struct endpoint *e = s->x.l.end;
	enum io r = flush(s);

	if (r == IO_OK)
		r = wait_for_client(e->other, endpoint_shut(e->other));
	if (r == IO_WAIT)
		return r;
	e->other->told = r != IO_FAIL;
	*e->fail = s->why;
	return IO_FAIL;
}

static enum io step(struct served *s)
{
	switch (s->state) {
	case SERVED_START:
		s->state = SERVED_ASKS;
		return begin(s);
	case SERVED_ASKS:
		return hear(s);
	case SERVED_DIALS:
		return reach(s);
	case SERVED_GRANT:
		return flush(s);
	case SERVED_DENY:
		return told(s);
	}
	return IO_FAIL;
}

static enum io served_open(struct layer *l)
{
	struct served *s = (struct served *)l;
	bool granted;
	enum io r;

	do {
		granted = s->state == SERVED_GRANT;
		r = step(s);
	} while (r == IO_OK && !granted);
	return r;
}

static void served_free(struct layer *l)
{
	struct served *s = (struct served *)l;

	dial_free(&s->dial, l->end->loop);
	buf_free(&s->in);
	buf_free(&s->out);
	fd_free(l);
}

const struct layer_ops proxy_serve_ops = {
	.size = sizeof(struct served),
	.prepare = served_prepare,
	.unprepare = socket_unprepare,
	.open = served_open,
	.read = fd_read,
	.write = fd_write,
	.shut = fd_shut,
	.describe = fd_describe,
	.free = served_free,
};
