/* What an endpoint tells of itself while it opens. */
#include "endpoint/tell.h"

#include "base/mem.h"
#include "base/platform.h"

/* Begun when first asked for; NULL without memory. */
static struct story *story_of(struct endpoint *e)
{
	if (!e->story)
		e->story = mem_new(1, sizeof(*e->story));
	return e->story;
}

/* The kernel forgets the addresses of a connection that has ended, but its close shall
 * tell them. */
static void remember(struct endpoint *e, const struct name *local,
		     const struct name *peer)
{
	if (!story_of(e))
		return;
	if (local)
		e->story->ends[0] = *local;
	if (peer)
		e->story->ends[1] = *peer;
}

/* A UNIX socket without a name says nothing about who is there. */
static const struct name *named(bool known, const struct name *n)
{
	return known && (n->sa.ss_family != AF_UNIX || n->len > sizeof(sa_family_t))
		       ? n
		       : NULL;
}

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
		.protocol = endpoint_protocol(e),
		.text = text,
		.usec = usec,
		.detail = known ? known->pair : NULL,
		.ndetail = known ? known->n : 0,
	};

	remember(e, named(endpoint_local(e, &local), &local),
		 named(endpoint_peer(e, &peer), &peer));
	if (e->story) {
		ev.local = &e->story->ends[0];
		ev.peer = &e->story->ends[1];
	}
	event_tell(&ev);
}

void endpoint_met(struct endpoint *e, const struct name *peer)
{
	struct name plain = *peer;

	if (!event_wanted())
		return;
	if (!e->spec->rules.socat)
		name_unmap(&plain);
	remember(e, NULL, named(true, &plain));
}

void endpoint_reachable(struct endpoint *e, const char *text)
{
	e->reachable = true;
	if (event_wanted())
		tell(e, EVENT_LISTEN, text, 0, NULL);
}

/* ---- time ------------------------------------------------------------------ */

void endpoint_begins(struct endpoint *e)
{
	if (event_wanted() && story_of(e) && !e->story->since)
		e->story->since = sys_now();
}

/* The time since the last of these, or since the opening began. */
static uint64_t lap(struct endpoint *e)
{
	struct story *s = story_of(e);
	uint64_t now = sys_now(), usec = s && s->since ? now - s->since : 0;

	if (s)
		s->since = now;
	return usec;
}

static uint64_t spend(struct endpoint *e, enum span on)
{
	uint64_t usec = lap(e);

	usec += !usec;	/* it was done, however quick: 0 says that it was not */
	if (e->story)
		e->story->span[on] += (uint32_t)(usec < UINT32_MAX ? usec : UINT32_MAX);
	return usec;
}

/* ---- steps of the opening -------------------------------------------------- */

void endpoint_resolved(struct endpoint *e, const char *host)
{
	struct name numeric;

	if (event_wanted() && !name_numeric(&numeric, host, 0))
		tell(e, EVENT_RESOLVE, host, spend(e, SPAN_RESOLVE), NULL);
}

static enum event_kind kind_of_transport(const struct endpoint *e, const struct type *t)
{
	if (e->server)
		return EVENT_ACCEPT;
	/* what makes sockets, but for those that anybody may send to */
	return t->socktype && !e->reachable ? EVENT_CONNECT : EVENT_OPEN;
}

static enum event_kind kind_of_layer(const struct type *t)
{
	if (t->groups & G_TLS)
		return EVENT_TLS;
	return t->groups & (G_SOCKS | G_HTTP | G_PROXYHDR) ? EVENT_PROXY : EVENT_OPEN;
}

/* How long it took: that nobody came is no time spent on him who has. */
static uint64_t time_for(struct endpoint *e, enum event_kind kind)
{
	switch (kind) {
	case EVENT_ACCEPT: lap(e); return 0;
	case EVENT_CONNECT: return spend(e, SPAN_CONNECT);
	case EVENT_PROXY: return spend(e, SPAN_PROXY);
	case EVENT_TLS: return spend(e, SPAN_TLS);
	default: return spend(e, SPAN_OPEN);
	}
}

/* With what the layer lets programs know of it. */
static void tell_opened(struct endpoint *e, enum event_kind kind)
{
	struct layer *l = e->layer[e->nopen];
	struct environment known = { 0 };
	uint64_t usec = time_for(e, kind);

	if (e->nopen && l->ops->describe)
		(void)l->ops->describe(l, &known);
	tell(e, kind, NULL, usec, &known);
	environment_free(&known);
}

void endpoint_opened(struct endpoint *e)
{
	const struct type *t = e->spec->part[e->nopen].type;

	if (!event_wanted() || (e->nopen && !(t->flags & TYPE_HANDSHAKE)))
		return;
	tell_opened(e, e->nopen ? kind_of_layer(t) : kind_of_transport(e, t));
}
