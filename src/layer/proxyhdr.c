/* The PROXY protocol: a client's side tells for whom it speaks, a server's side
 * believes it to those who may. */
#include "proto/proxyhdr.h"

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "endpoint/admit.h"
#include "endpoint/endpoint.h"

struct proxyhdr_layer {
	struct layer l;
	bool begun;		 /* it is known whom to believe, or what to send */
	bool stranger;		 /* no header is to be read from this client */
	struct buf buf;		 /* the header, as far as it has come or not yet gone */
	struct name peer, local; /* what the header names */
	struct environment told; /* and what else it says */
};

/* How programs hear of what a header carries, and how TLS tells them the same. */
static const struct {
	const char *ours, *tls;
} names[PROXYHDR_VALUES] = {
	[PROXYHDR_ALPN] = { "PROXYHDR_ALPN", "OPENSSL_ALPN" },
	[PROXYHDR_AUTHORITY] = { "PROXYHDR_AUTHORITY", "OPENSSL_SNI" },
	[PROXYHDR_UNIQUE_ID] = { "PROXYHDR_UNIQUE_ID", NULL },
	[PROXYHDR_TLS_VERSION] = { "PROXYHDR_TLS_VERSION", "OPENSSL_PROTO_VERSION" },
	[PROXYHDR_TLS_CN] = { "PROXYHDR_TLS_CN", "OPENSSL_X509_COMMONNAME" },
	[PROXYHDR_TLS_CIPHER] = { "PROXYHDR_TLS_CIPHER", "OPENSSL_CIPHER" },
};

/* ---- before anything opens ------------------------------------------------------ */

/* What only the other side's layer could heed. */
static enum io check_role(const struct part *p, struct fail *f)
{
	bool server = part_is_called(p);

	for (unsigned i = 0; i < p->nvals; i++) {
		const struct optval *v = &p->val[i];
		bool clients = v->opt->id == OPT_PROXYHDR_VERSION;

		if (clients == server)
			return fail_at(f, p->spec->input, v->at, v->len, clients ?
				"over a listener both versions are accepted, so leave "
				"proxyhdr-version out" :
				"this is for proxyhdr over a listener, which reads "
				"headers; here one is sent");
	}
	return IO_OK;
}

static bool is_optional(const struct part *p)
{
	return strcmp(part_text(p, OPT_PROXYHDR, "require"), "optional") == 0;
}

static enum io check_values(const struct part *p, struct fail *f)
{
	const struct optval *need = part_val(p, OPT_PROXYHDR);
	const struct optval *version = part_val(p, OPT_PROXYHDR_VERSION);

	if (need && !is_optional(p) && strcmp(need->text, "require") != 0)
		return fail_at(f, p->spec->input, need->at, need->len,
			       "proxyhdr can be require or optional");
	if (version && version->num != 1 && version->num != 2)
		return fail_at(f, p->spec->input, version->at, version->len,
			       "the PROXY protocol has the versions 1 and 2");
	return IO_OK;
}

static enum io proxyhdr_prepare(struct part *p, struct fail *f)
{
	if (part_needs_stream(p, f) != IO_OK || check_role(p, f) != IO_OK)
		return IO_FAIL;
	return check_values(p, f);
}

/* ---- the client's side ------------------------------------------------------------ */

/* The value of "NAME=value" if that is its name. */
static const char *value_of(const char *pair, const char *name)
{
	size_t n = name ? strlen(name) : 0;

	return n && strncmp(pair, name, n) == 0 && pair[n] == '=' ? pair + n + 1 : NULL;
}

static void take_pair(struct proxyhdr *h, const char *pair)
{
	for (unsigned i = 0; i < PROXYHDR_VALUES; i++) {
		const char *value = value_of(pair, names[i].ours);

		value = value ? value : value_of(pair, names[i].tls);
		if (value)
			h->value[i] = (struct proxyhdr_bytes){ value, strlen(value) };
	}
	h->tls |= h->value[PROXYHDR_TLS_VERSION].data != NULL;
	/* a TLS server takes only certificates that it has checked */
	if (value_of(pair, "OPENSSL_X509_SUBJECT") ||
	    value_of(pair, "PROXYHDR_TLS_VERIFIED"))
		h->certificate = h->verified = true;
}

/* Each layer that can say who the client is begins anew: what is known of a proxy
 * further out must not be said of its client. */
static void begin_anew(struct proxyhdr *h)
{
	memset(h->value, 0, sizeof(h->value));
	h->tls = h->certificate = h->verified = false;
}

static void take_values(struct proxyhdr *h, const struct environment *known)
{
	for (size_t i = 0; i < known->n; i++) {
		if (value_of(known->pair[i], "PROXYHDR_VERSION") ||
		    value_of(known->pair[i], "OPENSSL_PROTO_VERSION"))
			begin_anew(h);
		take_pair(h, known->pair[i]);
	}
}

static bool is_unnamed(const struct name *n)
{
	char text[NAME_TEXT];

	return n->sa.ss_family == AF_UNIX && !*name_host(n, text, sizeof(text));
}

/* Who stands at the other side, if that is open, and no program or file. */
static void take_names(struct proxyhdr *h, const struct endpoint *other)
{
	const struct type *t;

	if (!other || !other->nlayers || other->nopen < other->nlayers)
		return;
	t = other->spec->part[0].type;
	h->datagram = t->socktype == SOCK_DGRAM;
	h->named = !(t->flags & TYPE_PROGRAM) && endpoint_peer(other, &h->from) &&
		   endpoint_local(other, &h->to) &&
		   !(is_unnamed(&h->from) && is_unnamed(&h->to));
	name_unmap(&h->from);
	name_unmap(&h->to);
}

static enum io compose(struct proxyhdr_layer *x)
{
	struct endpoint *other = x->l.end->other;
	struct environment known = { 0 };
	struct proxyhdr h = {
		.version = (unsigned)part_num(x->l.part, OPT_PROXYHDR_VERSION, 2),
	};
	bool ok;

	buf_init(&x->buf, PROXYHDR_MAX);
	take_names(&h, other);
	ok = !h.named || !other->server || endpoint_describe(other, &known);
	take_values(&h, &known);
	ok = ok && proxyhdr_encode(&h, &x->buf);
	environment_free(&known);
	x->begun = true;
	return ok ? IO_OK : fail_memory(x->l.end->fail);
}

static enum io send_header(struct proxyhdr_layer *x)
{
	if (!x->begun && compose(x) != IO_OK)
		return IO_FAIL;
	return layer_flush(x->l.below, &x->buf);
}

/* ---- the server's side: whom it believes -------------------------------------- */

static bool in_range(const char *text, const struct name *peer)
{
	struct range r;

	return range_parse(text, strlen(text), &r) && range_has(&r, peer);
}

/* Unasked only what comes from this host.  Who else could say a name, could say any. */
static bool may_speak(const struct part *p, const struct name *peer)
{
	if (peer->len && peer->sa.ss_family == AF_UNIX)
		return true;
	if (part_val(p, OPT_PROXY_FROM))
		return admit_by_range(p, OPT_PROXY_FROM, peer);
	return in_range("127.0.0.0/8", peer) || in_range("::1", peer);
}

/* By a reset: an end would look like an empty answer, and which of the two a client
 * gets must not depend on whether it has sent something. */
static enum io refuse(struct layer *l, const struct name *who, const char *why)
{
	char text[NAME_TEXT];

	endpoint_abort(l->end);
	return fail_say(l->end->fail, PHASE_PROXY, 0, "%.64s: refused %.64s: %s",
			l->end->spec->input, name_log(who, text, sizeof(text)), why);
}

static enum io check_range(struct layer *l)
{
	struct name peer;

	endpoint_peer(l->end, &peer);
	if (admit_by_range(l->part, OPT_RANGE, &peer))
		return IO_OK;
	return refuse(l, &peer, "its address is outside range=");
}

/* ---- the server's side: what it is told --------------------------------------- */

/* Programs get text, so bytes that are none are left out. */
static bool add_text(struct environment *env, const char *name,
		     const struct proxyhdr_bytes *b)
{
	const unsigned char *byte = b->data;
	char text[PROXYHDR_MAX];

	if (!byte)
		return true;
	for (size_t i = 0; i < b->len; i++)
		if (byte[i] < ' ' || byte[i] == 0x7f)
			return true;
	memcpy(text, byte, b->len);
	text[b->len] = '\0';
	return environment_add(env, name, text);
}

static bool keep_told(struct proxyhdr_layer *x, const struct proxyhdr *h)
{
	struct environment *env = &x->told;

	if (!environment_add(env, "PROXYHDR_VERSION", h->version == 1 ? "1" : "2"))
		return false;
	for (unsigned i = 0; i < PROXYHDR_VALUES; i++)
		if (!add_text(env, names[i].ours, &h->value[i]))
			return false;
	return !h->verified || environment_add(env, "PROXYHDR_TLS_VERIFIED", "1");
}

static void log_told(struct endpoint *e, const struct name *proxy)
{
	char by[NAME_TEXT], from[NAME_TEXT], to[NAME_TEXT];

	if (!log_wants(LEVEL_NOTICE))
		return;
	log_say(LEVEL_NOTICE, "proxy %s brings %s, who connected to %s",
		name_log(proxy, by, sizeof(by)), name_log(e->peer, from, sizeof(from)),
		name_log(e->local, to, sizeof(to)));
}

static enum io believe(struct proxyhdr_layer *x, const struct proxyhdr *h)
{
	struct endpoint *e = x->l.end;
	struct name proxy;

	endpoint_peer(e, &proxy);
	if (!keep_told(x, h))
		return fail_memory(e->fail);
	if (!h->named)
		return IO_OK;
	x->peer = h->from;
	x->local = h->to;
	e->peer = &x->peer;
	e->local = &x->local;
	log_told(e, &proxy);
	return IO_OK;
}

/* ---- the server's side: reading ----------------------------------------------- */

static enum io wrong(struct layer *l, const char *why)
{
	endpoint_abort(l->end);
	return fail_say(l->end->fail, PHASE_PROXY, 0,
			"%.96s: a PROXY protocol header came, but %s",
			l->end->spec->input, why);
}

/* What was read is the client's own data. */
static enum io without_header(struct proxyhdr_layer *x)
{
	struct layer *l = &x->l;

	if (is_optional(l->part))
		return layer_unread(l->below, x->buf.data, x->buf.len)
			       ? IO_OK
			       : fail_memory(l->end->fail);
	endpoint_abort(l->end);
	return fail_say(l->end->fail, PHASE_PROXY, 0,
			"%.96s: what came does not begin with a PROXY protocol header "
			"(proxyhdr=optional takes that, too)", l->end->spec->input);
}

static enum io ended(struct proxyhdr_layer *x)
{
	if (is_optional(x->l.part))
		return without_header(x);
	return fail_say(x->l.end->fail, PHASE_EARLY, 0,
			"%.96s: the stream ended %s its PROXY protocol header",
			x->l.end->spec->input, x->buf.len ? "inside" : "before");
}

/* So many bytes as are certainly the header's: what follows is not for us. */
static enum io read_header(struct proxyhdr_layer *x)
{
	struct layer *l = &x->l;
	struct proxyhdr h;
	const char *why;
	size_t size;

	for (;;) {
		size_t n = 0;
		unsigned char *room;
		enum io r;

		switch (proxyhdr_decode(x->buf.data, x->buf.len, &h, &size, &why)) {
		case PROXYHDR_DONE:
			return believe(x, &h);
		case PROXYHDR_NONE:
			return without_header(x);
		case PROXYHDR_BAD:
			return wrong(l, why);
		case PROXYHDR_MORE:
			break;
		}
		room = buf_room(&x->buf, size - x->buf.len);
		if (!room)
			return fail_memory(l->end->fail);
		r = layer_read(l->below, room, size - x->buf.len, &n);
		if (r != IO_OK)
			return r == IO_EOF ? ended(x) : r;
		x->buf.len += n;
	}
}

/* Of strangers nothing is read: what they send is data where a header is optional. */
static enum io meet(struct proxyhdr_layer *x)
{
	struct layer *l = &x->l;
	struct name proxy;

	endpoint_peer(l->end, &proxy);
	buf_init(&x->buf, PROXYHDR_MAX);
	x->begun = true;
	x->stranger = !may_speak(l->part, &proxy);
	if (!x->stranger || is_optional(l->part))
		return IO_OK;
	return refuse(l, &proxy, part_val(l->part, OPT_PROXY_FROM) ?
		"it is no proxy within proxy-from=" :
		"only proxies on this host are believed (proxy-from= names others)");
}

static enum io receive_header(struct proxyhdr_layer *x)
{
	enum io r;

	if (!x->begun && meet(x) != IO_OK)
		return IO_FAIL;
	r = x->stranger ? IO_OK : read_header(x);
	if (r != IO_OK)
		return r;
	buf_free(&x->buf);
	return check_range(&x->l);
}

/* ---- both ------------------------------------------------------------------------ */

static enum io proxyhdr_open(struct layer *l)
{
	struct proxyhdr_layer *x = (struct proxyhdr_layer *)l;

	return l->end->server ? receive_header(x) : send_header(x);
}

static bool proxyhdr_describe(struct layer *l, struct environment *env)
{
	const struct environment *told = &((struct proxyhdr_layer *)l)->told;

	for (size_t i = 0; i < told->n; i++) {
		const char *pair = told->pair[i];
		size_t n = strcspn(pair, "=");
		char name[64];

		memcpy(name, pair, n);
		name[n] = '\0';
		if (!environment_add(env, name, pair + n + 1))
			return false;
	}
	return true;
}

static void proxyhdr_free(struct layer *l)
{
	struct proxyhdr_layer *x = (struct proxyhdr_layer *)l;

	if (l->end->peer == &x->peer)
		l->end->peer = l->end->local = NULL;
	buf_free(&x->buf);
	environment_free(&x->told);
}

const struct layer_ops proxyhdr_ops = {
	.size = sizeof(struct proxyhdr_layer),
	.prepare = proxyhdr_prepare,
	.open = proxyhdr_open,
	.describe = proxyhdr_describe,
	.free = proxyhdr_free,
};
