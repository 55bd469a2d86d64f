/* What sessions and servers tell of themselves. */
#include "relay/tell.h"

#include <string.h>

#include "base/event.h"
#include "base/platform.h"

static void tell_of_address(enum event_kind kind, const struct spec *spec, int code)
{
	event_tell(&(struct event){
		.kind = kind, .side = -1, .address = spec->input, .code = code });
}

void tell_start(const struct spec *left, const struct spec *right)
{
	event_tell(&(struct event){
		.kind = EVENT_START,
		.side = -1,
		.ends = (const struct event_side[2]){ { .address = left->input },
						      { .address = right->input } },
	});
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
	tell_of_address(EVENT_READY, s->in[s->first].spec, 0);
}

void tell_eof(const struct session *s, unsigned side)
{
	if (!event_wanted())
		return;
	event_tell(&(struct event){
		.kind = EVENT_EOF,
		.session = s->id,
		.side = (int)side,
		.address = s->in[side].spec->input,
		.bytes = s->pump[side].bytes,
		.usec = sys_now() - s->begun,
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

void tell_retry(const struct spec *spec, unsigned session, unsigned tries,
		const struct fail *f)
{
	if (!event_wanted())
		return;
	event_tell(&(struct event){
		.kind = EVENT_ERROR,
		.session = session,
		.side = -1,
		.address = spec->input,
		.fail = f,
		.tries = tries,
		.code = fail_exit_code(f),
	});
}

static void describe_side(const struct session *s, unsigned i, struct event_side *to)
{
	const struct endpoint *e = &s->in[i];

	*to = (struct event_side){
		.address = s->in[i].spec->input,
		.bytes = s->pump[i].bytes,
		.blocks = s->pump[i].blocks,
	};
	if (!e->nlayers)
		return;
	if (e->story) {
		to->local = e->story->ends[0];
		to->peer = e->story->ends[1];
		memcpy(to->span, e->story->span, sizeof(to->span));
	}
	to->protocol = endpoint_protocol(e);
	if (e->network && e->rfd >= 0)
		to->tcp.known = sys_tcp_state(e->rfd, &to->tcp.rtt, &to->tcp.rttvar,
					      &to->tcp.retransmits);
}

static const char *reason(const struct session *s)
{
	if (s->fail->phase != PHASE_NONE)
		return fail_phase_name(s->fail->phase);
	return s->reason ? s->reason : "eof";
}

/* A signal ends a session, but is no failure of its own. */
void tell_end(const struct session *s)
{
	const bool failed = s->fail->phase != PHASE_NONE;
	struct event_side ends[2];
	struct event ev = {
		.kind = EVENT_ERROR,
		.session = s->id,
		.side = -1,
		.fail = failed ? s->fail : NULL,
		.code = fail_exit_code(s->fail),
		.ends = ends,
		.reason = reason(s),
	};

	if (!event_wanted())
		return;
	for (unsigned i = 0; i < 2; i++)
		describe_side(s, i, &ends[i]);
	ev.usec = sys_now() - s->begun;
	if (failed && s->fail->phase != PHASE_SIGNAL)
		event_tell(&ev);
	ev.kind = EVENT_CLOSE;
	event_tell(&ev);
}
