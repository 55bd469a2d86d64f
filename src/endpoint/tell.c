/* What an endpoint tells of itself while it opens. */
#include "endpoint/tell.h"

static void tell(struct endpoint *e, enum event_kind kind, const char *text,
		 uint64_t usec, const struct environment *known)
{
	struct name local, peer;
	struct event ev = {
		.kind = kind,
		.session = e->session ? *e->session : 0,
		.side = e->side,
		.address = e->spec->input,
		.layer = e->layer[e->nopen]->part->name,
		.text = text,
		.usec = usec,
		.detail = known ? known->pair : NULL,
		.ndetail = known ? known->n : 0,
	};

	ev.local = endpoint_local(e, &local) ? &local : NULL;
	ev.peer = endpoint_peer(e, &peer) ? &peer : NULL;
	event_tell(&ev);
}

void endpoint_reachable(struct endpoint *e, const char *text)
{
	e->reachable = true;
	if (event_wanted())
		tell(e, EVENT_LISTEN, text, 0, NULL);
}

/* The time since the last of these, or since the opening began. */
static uint64_t lap(struct endpoint *e)
{
	uint64_t now = loop_now(e->loop), usec = now - e->since;

	e->since = now;
	return usec;
}

static uint64_t spend(struct endpoint *e, enum span on)
{
	uint64_t usec = lap(e);

	e->span[on] += (uint32_t)(usec < UINT32_MAX ? usec : UINT32_MAX);
	return usec;
}

void endpoint_resolved(struct endpoint *e, const char *host)
{
	struct name numeric;
	uint64_t usec;

	if (name_numeric(&numeric, host, 0))
		return;
	usec = spend(e, SPAN_RESOLVE);
	if (event_wanted())
		tell(e, EVENT_RESOLVE, host, usec, NULL);
}

static enum event_kind kind_of(const struct endpoint *e)
{
	const struct type *t = e->spec->part[e->nopen].type;

	if (t->groups & G_TLS)
		return EVENT_TLS;
	if (t->groups & (G_SOCKS | G_HTTP | G_PROXYHDR))
		return EVENT_PROXY;
	if (e->nopen || !(t->groups & G_SOCKET))
		return EVENT_OPEN;
	return e->server ? EVENT_ACCEPT : EVENT_CONNECT;
}

static enum span span_of(enum event_kind kind)
{
	return kind == EVENT_TLS     ? SPAN_TLS
	       : kind == EVENT_PROXY ? SPAN_PROXY
				     : SPAN_CONNECT;
}

/* With what the layer lets programs know of it. */
static void tell_opened(struct endpoint *e, enum event_kind kind, uint64_t usec)
{
	struct layer *l = e->layer[e->nopen];
	struct environment known = { 0 };

	if (e->nopen && l->ops->describe)
		(void)l->ops->describe(l, &known);
	tell(e, kind, NULL, usec, &known);
	environment_free(&known);
}

void endpoint_opened(struct endpoint *e)
{
	const struct type *t = e->spec->part[e->nopen].type;
	enum event_kind kind = kind_of(e);
	uint64_t usec;

	if (e->nopen && !(t->flags & TYPE_HANDSHAKE))
		return;
	usec = spend(e, span_of(kind));
	if (event_wanted())
		tell_opened(e, kind, usec);
}
