/* What sessions and servers tell of themselves. */
#include "relay/tell.h"

#include "base/event.h"
#include "base/platform.h"

static void tell_of_address(enum event_kind kind, const struct spec *spec, int code)
{
	event_tell(&(struct event){
		.kind = kind, .side = -1, .address = spec->input, .code = code });
}

void tell_server_ready(const struct spec *listener)
{
	if (event_wanted())
		tell_of_address(EVENT_READY, listener, 0);
}

void tell_drain(const struct spec *listener, unsigned alive)
{
	if (event_wanted())
		tell_of_address(EVENT_DRAIN, listener, (int)alive);
}

void tell_ready(struct session *s)
{
	if (!event_wanted() || s->accepted || s->ready_told)
		return;
	s->ready_told = true;
	tell_of_address(EVENT_READY, s->spec[s->first], 0);
}

void tell_eof(const struct session *s, unsigned side)
{
	if (!event_wanted())
		return;
	event_tell(&(struct event){
		.kind = EVENT_EOF,
		.session = s->id,
		.side = (int)side,
		.address = s->spec[side]->input,
		.usec = loop_now(s->loop) - s->begun,
	});
}

void tell_failure(const struct spec *spec, const struct fail *f)
{
	if (!event_wanted())
		return;
	event_tell(&(struct event){
		.kind = EVENT_ERROR,
		.side = -1,
		.address = spec ? spec->input : NULL,
		.fail = f,
		.code = fail_exit_code(f),
	});
}

static void describe_side(const struct session *s, unsigned i, struct event_side *to)
{
	const struct endpoint *e = &s->in[i];

	*to = (struct event_side){
		.address = s->spec[i]->input,
		.bytes = s->pump[i].bytes,
		.blocks = s->pump[i].blocks,
	};
	if (!e->nlayers)
		return;
	endpoint_local(e, &to->local);
	endpoint_peer(e, &to->peer);
	for (unsigned k = 0; k < SPANS; k++)
		to->span[k] = e->span[k];
	if (e->network && e->rfd >= 0)
		to->tcp.known = sys_tcp_state(e->rfd, &to->tcp.rtt, &to->tcp.rttvar,
					      &to->tcp.retransmits);
}

void tell_end(const struct session *s)
{
	const bool failed = s->fail.phase != PHASE_NONE;
	struct event_side ends[2];
	struct event ev = {
		.kind = EVENT_ERROR,
		.session = s->id,
		.side = -1,
		.fail = failed ? &s->fail : NULL,
		.code = fail_exit_code(&s->fail),
		.ends = ends,
	};

	if (!event_wanted())
		return;
	for (unsigned i = 0; i < 2; i++)
		describe_side(s, i, &ends[i]);
	ev.usec = loop_now(s->loop) - s->begun;
	if (failed)
		event_tell(&ev);
	ev.kind = EVENT_CLOSE;
	event_tell(&ev);
}
