/* A path through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6). */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "base/text.h"
#include "endpoint/endpoint.h"
#include "endpoint/tell.h"
#include "loop/resolve.h"
#include "proto/http1.h"

enum { SECRET_MAX = 1024, QUOTED = 60 };

/* What the options say, found out before anything opens. */
struct wishes {
	unsigned minor;		/* of the HTTP version: 0 or 1 */
	unsigned port;
	char *who;		/* own: user:password, or NULL */
};

struct tunnel {
	struct layer l;
	enum { TUNNEL_ASK, TUNNEL_SEND, TUNNEL_ANSWER } state;
	struct resolve names;
	struct buf out, in;
	unsigned interim; /* answers so far that do not count */
};

/* ---- before anything opens -------------------------------------------------- */

static enum io wrong_value(const struct part *p, const struct optval *v, const char *why,
			   struct fail *f)
{
	return fail_at(f, p->spec->input, v->at, v->len, "%s", why);
}

static enum io read_version(const struct part *p, struct wishes *w, struct fail *f)
{
	const struct optval *v = part_val(p, OPT_HTTP_VERSION);

	if (v && strcmp(v->text, "1.0") != 0 && strcmp(v->text, "1.1") != 0)
		return wrong_value(p, v, "http-version is 1.0 or 1.1", f);
	w->minor = v && strcmp(v->text, "1.1") == 0;
	return IO_OK;
}

static enum io read_port(const struct part *p, struct wishes *w, struct fail *f)
{
	const char *text = p->arg[1];
	const struct servent *known;
	long long port;

	if (text_number(text, strlen(text), 0, 65535, &port, NULL)) {
		w->port = (unsigned)port;
		return IO_OK;
	}
	known = getservbyname(text, "tcp");
	if (!known)
		return fail_at(f, p->spec->input, p->arg_at[1], p->arg_len[1],
			       "\"%s\" is no port that this system knows", text);
	w->port = ntohs((uint16_t)known->s_port);
	return IO_OK;
}

/* The first line of the file. */
static char *read_secret(const char *path)
{
	char text[SECRET_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	sys_close(fd);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	return mem_text(text, strcspn(text, "\r\n"));
}

static enum io read_credentials(const struct part *p, struct wishes *w, struct fail *f)
{
	const char *said = part_text(p, OPT_PROXY_AUTHORIZATION, NULL);
	const char *path = part_text(p, OPT_PROXY_AUTHORIZATION_FILE, NULL);

	if (!said && !path)
		return IO_OK;
	errno = ENOMEM;
	w->who = said ? mem_text(said, strlen(said)) : read_secret(path);
	if (!w->who && errno == ENOMEM)
		return fail_memory(f);
	if (!w->who)
		return fail_sys(f, PHASE_CONFIG,
				"cannot read proxy-authorization-file=%s", path);
	if (strchr(w->who, ':') && http1_is_value(w->who))
		return IO_OK;
	return wrong_value(p,
			   part_val(p, said ? OPT_PROXY_AUTHORIZATION
					    : OPT_PROXY_AUTHORIZATION_FILE),
			   "a user and a password are needed, USER:PASSWORD in one line",
			   f);
}

static enum io tunnel_prepare(struct part *p, struct fail *f)
{
	struct wishes *w = mem_new(1, sizeof(*w));

	if (!w)
		return fail_memory(f);
	p->prepared = w;
	if (part_needs_proxy(p, f) != IO_OK)
		return IO_FAIL;
	if (part_val(p, OPT_PROXYPORT))
		return wrong_value(p, part_val(p, OPT_PROXYPORT),
				   "here the proxy's port stands behind its name: "
				   "connect+tcp:PROXY:PORT:HOST:PORT",
				   f);
	if (!http1_is_target(p->arg[0]))
		return fail_at(f, p->spec->input, p->arg_at[0], p->arg_len[0],
			       "this is no name of a host");
	if (read_version(p, w, f) != IO_OK || read_port(p, w, f) != IO_OK)
		return IO_FAIL;
	return read_credentials(p, w, f);
}

static void tunnel_unprepare(struct part *p)
{
	struct wishes *w = p->prepared;

	mem_free(w->who);
	mem_free(w);
	p->prepared = NULL;
}

/* ---- the question ----------------------------------------------------------- */

/* The host's own address for proxy-resolve: the first one serves. */
static enum io resolve_host(struct tunnel *t, char *target, size_t cap)
{
	const struct part *p = t->l.part;
	const struct wishes *w = p->prepared;
	struct endpoint *e = t->l.end;
	struct name at;
	enum io r;

	t->names.fn = endpoint_woken;
	t->names.owner = e;
	r = resolve_run(e->loop, &t->names, p->arg[0], p->arg[1], p->spec->rules.family,
			SOCK_STREAM, IPPROTO_TCP, 0, e->fail);
	if (r != IO_OK)
		return r;
	endpoint_resolved(e, p->arg[0]);
	at.len = t->names.list->ai_addrlen;
	memcpy(&at.sa, t->names.list->ai_addr, at.len);
	name_set_port(&at, w->port);
	name_text(&at, target, cap);
	return IO_OK;
}

static enum io name_host_and_port(struct tunnel *t, char *target, size_t cap)
{
	const struct part *p = t->l.part;
	const struct wishes *w = p->prepared;
	const char *host = p->arg[0];
	bool bare = strchr(host, ':') && *host != '[';

	if (part_has(p, OPT_PROXY_RESOLVE))
		return resolve_host(t, target, cap);
	if ((size_t)snprintf(target, cap, bare ? "[%s]:%u" : "%s:%u", host, w->port) >=
	    cap)
		return fail_say(t->l.end->fail, PHASE_USAGE, 0,
				"%.96s: no name is that long", t->l.end->spec->input);
	return IO_OK;
}

static enum io ask(struct tunnel *t)
{
	const struct wishes *w = t->l.part->prepared;
	char target[NI_MAXHOST + 16];
	enum io r = name_host_and_port(t, target, sizeof(target));

	if (r != IO_OK)
		return r;
	buf_init(&t->out, HTTP1_MAX);
	buf_init(&t->in, HTTP1_MAX);
	if (!http1_put_request(&t->out, "CONNECT", target, w->minor) ||
	    (w->minor && !http1_put_field(&t->out, "Host", target)) ||
	    (w->who && !http1_put_basic(&t->out, "Proxy-Authorization", w->who)) ||
	    !http1_put_end(&t->out))
		return fail_memory(t->l.end->fail);
	log_say(LEVEL_INFO, "asking the proxy for %s", target);
	return IO_OK;
}

/* ---- the answer ------------------------------------------------------------- */

static enum io refused(const struct tunnel *t, unsigned status, const char *why)
{
	return fail_say(t->l.end->fail, PHASE_PROXY, (int)status, "%.96s: %s",
			t->l.end->spec->input, why);
}

/* What else talks there, as far as its first bytes tell. */
static enum io no_proxy(const struct tunnel *t, const char *why)
{
	unsigned char first = t->in.data[0];
	char said[64];

	if (first == 0x15 || first == 0x16)
		return refused(t, 0,
			       "what answers speaks TLS: put tls between connect and "
			       "the transport, as in connect+tls+tcp:PROXY:443:HOST:PORT");
	if (first == 0 || first == 4 || first == 5)
		return refused(t, 0,
			       "what answers is no HTTP proxy, it may speak SOCKS: try "
			       "socks5 instead of connect");
	if (why && memcmp(t->in.data, "HTTP/1", t->in.len < 6 ? t->in.len : 6) == 0)
		return fail_say(t->l.end->fail, PHASE_PROXY, 0,
				"%.96s: the proxy's answer is broken: %s",
				t->l.end->spec->input, why);
	text_escape(said, sizeof(said), t->in.data, t->in.len < 24 ? t->in.len : 24);
	return fail_say(t->l.end->fail, PHASE_PROXY, 0,
			"%.96s: what answers is no HTTP proxy: it says \"%s\"",
			t->l.end->spec->input, said);
}

/* 407: which way of asking for a name and a password, and where to give them. */
static enum io wants_credentials(const struct tunnel *t, const struct http1_head *h)
{
	const struct wishes *w = t->l.part->prepared;
	struct http1_text scheme = http1_field(h, "Proxy-Authenticate");
	char ways[QUOTED];

	if (!scheme.len || http1_lists(h, "Proxy-Authenticate", "Basic"))
		return refused(t, h->status,
			       w->who ? "the proxy does not accept this user and password"
				      : "the proxy wants a user and a password: give "
					"proxyauth=USER:PASSWORD or proxyauthfile=FILE");
	text_escape(ways, sizeof(ways), scheme.at, scheme.len);
	return fail_say(t->l.end->fail, PHASE_PROXY, (int)h->status,
			"%.96s: the proxy wants a login by %s; sockcat knows Basic only",
			t->l.end->spec->input, ways);
}

static const char *meaning(unsigned status)
{
	switch (status) {
	case 400: return "the proxy does not understand the request "
			 "(http-version=1.1 may help)";
	case 403: return "the proxy does not allow this host or port";
	case 404: case 405: case 501:
		return "it knows no CONNECT, so it is a web server, not a proxy";
	case 500: case 502: return "the proxy cannot reach the host";
	case 503: return "the proxy cannot reach the host now";
	case 504: return "the host does not answer the proxy";
	default: return "the proxy refuses";
	}
}

/* A body of plain text that has come along is often the reason: its first line. */
static struct http1_text explanation(const struct tunnel *t, const struct http1_head *h)
{
	static const char plain[] = "text/plain";
	struct http1_text type = http1_field(h, "Content-Type");
	struct http1_text body = { (const char *)t->in.data + h->size,
				   t->in.len - h->size };
	uint64_t length;

	if (type.len < sizeof(plain) - 1 ||
	    !text_same(type.at, sizeof(plain) - 1, plain))
		return h->reason;
	if (http1_length(h, &length) && length < body.len)
		body.len = (size_t)length;
	for (size_t i = 0; i < body.len; i++)
		if (body.at[i] == '\r' || body.at[i] == '\n')
			body.len = i;
	return body.len ? body : h->reason;
}

static enum io refusal(const struct tunnel *t, const struct http1_head *h)
{
	struct http1_text words = explanation(t, h);
	char said[QUOTED];

	if (h->status == 407 || h->status == 401)
		return wants_credentials(t, h);
	if (h->status / 100 == 3) {
		words = http1_field(h, "Location");
		text_escape(said, sizeof(said), words.at, words.len);
		return fail_say(t->l.end->fail, PHASE_PROXY, (int)h->status,
				"%.96s: the proxy sends us elsewhere (%s), and that is "
				"no way to the host",
				t->l.end->spec->input, said);
	}
	text_escape(said, sizeof(said), words.at, words.len);
	return fail_say(t->l.end->fail, PHASE_PROXY, (int)h->status,
			"%.96s: %s: %u %s", t->l.end->spec->input, meaning(h->status),
			h->status, said);
}

static enum io connected(struct tunnel *t, const struct http1_head *h)
{
	if (!layer_unread(t->l.below, t->in.data + h->size, t->in.len - h->size))
		return fail_memory(t->l.end->fail);
	buf_free(&t->in);
	buf_free(&t->out);
	t->l.end->target = t->l.part->arg[0];
	log_say(LEVEL_INFO, "the proxy has connected us with %s:%s", t->l.part->arg[0],
		t->l.part->arg[1]);
	return IO_OK;
}

static enum io hung_up(const struct tunnel *t)
{
	return refused(t, 0,
		       t->in.len ? "the proxy hung up in the middle of its answer"
				 : "the proxy hung up without an answer (if it wants "
				   "TLS: connect+tls+tcp:PROXY:443:HOST:PORT)");
}

/* Interim answers (1xx) come before the one that counts, but not without end. */
static enum io read_answer(struct tunnel *t)
{
	struct http1_head head;
	const char *why;
	enum io r;

	for (;;)
		switch (http1_read_answer(t->in.data, t->in.len, &head, &why)) {
		case HTTP1_BAD:
			return no_proxy(t, why);
		case HTTP1_OK:
			if (head.status >= 200)
				return head.status < 300 ? connected(t, &head)
							 : refusal(t, &head);
			if (t->interim++ == HTTP1_INTERIM)
				return refused(t, 0, "the proxy gives interim answers "
						     "(1xx) only");
			buf_drop(&t->in, head.size);
			break;
		case HTTP1_MORE:
			r = layer_more(t->l.below, &t->in);
			if (r != IO_OK)
				return r == IO_EOF ? hung_up(t) : r;
		}
}

/* ---- the layer -------------------------------------------------------------- */

static enum io tunnel_open(struct layer *l)
{
	struct tunnel *t = (struct tunnel *)l;
	enum io r;

	switch (t->state) {
	case TUNNEL_ASK:
		r = ask(t);
		if (r != IO_OK)
			return r;
		t->state = TUNNEL_SEND;
		/* fall through */
	case TUNNEL_SEND:
		r = layer_flush(l->below, &t->out);
		if (r != IO_OK)
			return r;
		t->state = TUNNEL_ANSWER;
		/* fall through */
	case TUNNEL_ANSWER:
		return read_answer(t);
	}
	return IO_FAIL;
}

static void tunnel_free(struct layer *l)
{
	struct tunnel *t = (struct tunnel *)l;

	resolve_free(&t->names);
	buf_free(&t->out);
	buf_free(&t->in);
}

const struct layer_ops connect_ops = {
	.size = sizeof(struct tunnel),
	.prepare = tunnel_prepare,
	.unprepare = tunnel_unprepare,
	.open = tunnel_open,
	.free = tunnel_free,
};
