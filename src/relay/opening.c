/* Opening the two sides of a session: limits, retries, shortages. */
#include "relay/opening.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "relay/tell.h"
#include "spec/defaults.h"

enum {
	SECOND = 1000 * 1000,
	HUNGER_PAUSE = SECOND / 20,	/* until a shortage is looked at again */
	HUNGER_LIMIT = 30 * SECOND,
};

/* ---- one side --------------------------------------------------------------- */

bool opening_goes(const struct session *s, unsigned from)
{
	return from == 0 ? s->setup->left_to_right : s->setup->right_to_left;
}

static void describe_end(struct session *s, struct endpoint *e, unsigned side)
{
	e->loop = s->loop;
	e->fail = s->fail;
	e->missing = &s->missing;
	e->wake = session_woken;
	e->owner = s;
	e->side = (unsigned char)side;
	e->session = &s->id;
	e->other = &s->in[!side];
	e->shared = s->accepted;
	e->reads = opening_goes(s, side);
	e->writes = opening_goes(s, !side) && !e->spec->writer;
}

enum io session_build(struct session *s, unsigned side)
{
	describe_end(s, &s->in[side], side);
	s->out[side] = &s->in[side];
	return endpoint_build(&s->in[side]);
}

void opening_undo(struct session *s, unsigned side)
{
	if (s->out[side] && s->out[side] != &s->in[side]) {
		endpoint_free(s->out[side]);
		mem_free(s->out[side]);
	}
	s->out[side] = NULL;
	endpoint_free(&s->in[side]);
}

void opening_starves(struct session *s, bool starving)
{
	if (s->starved && s->starving != starving)
		*s->starved += starving ? 1 : -1u;
	s->starving = starving;
}

/* ---- when it fails ---------------------------------------------------------- */

static bool retries(const struct spec *spec)
{
	return spec_with(spec, OPT_RETRY) || spec_with(spec, OPT_FOREVER);
}

/* What may be better next time: the network, a file that is not there yet. */
static bool may_pass(enum phase p)
{
	return (p >= PHASE_RESOLVE && p <= PHASE_IDENTITY) || p == PHASE_READ ||
	       p == PHASE_WRITE;
}

bool opening_again(const struct spec *spec, unsigned tries, enum phase why,
		   uint64_t *pause)
{
	const struct part *retry = spec_with(spec, OPT_RETRY);
	const struct part *forever = spec_with(spec, OPT_FOREVER);
	const struct part *interval = spec_with(spec, OPT_INTERVAL);

	*pause = interval ? part_usec(interval, OPT_INTERVAL, DEFAULT_INTERVAL)
			  : DEFAULT_INTERVAL;
	if (!may_pass(why))
		return false;
	return (forever && part_has(forever, OPT_FOREVER)) ||
	       (retry && (long long)tries < part_num(retry, OPT_RETRY, 0));
}

static bool may_retry(const struct session *s, unsigned side, uint64_t *pause)
{
	if (s->accepted && side == s->first)
		return false;
	return opening_again(s->in[side].spec, s->tries, s->fail->phase, pause);
}

static void pause_until(struct session *s, unsigned side, uint64_t due)
{
	*s->fail = (struct fail){ 0 };
	opening_undo(s, side);
	s->state = SESSION_PAUSE;
	s->since = due;
	session_set_timer(s, due);
}

/* A client that was let in when descriptors ran short is not sent away: some
 * other session will end. */
static bool waits_for_room(struct session *s, unsigned side)
{
	int err = s->fail->code;
	uint64_t now = loop_now(s->loop);

	if (!s->accepted || side == s->first || s->fail->phase == PHASE_RESOLVE ||
	    (err != EMFILE && err != ENFILE && err != ENOBUFS && err != ENOMEM))
		return false;
	if (!s->starving)
		s->active = now;
	if (now > s->active + HUNGER_LIMIT)
		return false;
	opening_starves(s, true);
	pause_until(s, side, now + HUNGER_PAUSE);
	return true;
}

/* Build it again after a while, or give up. */
static void open_failed(struct session *s, unsigned side)
{
	uint64_t pause;

	if (waits_for_room(s, side))
		return;
	if (!may_retry(s, side, &pause)) {
		session_end(s);
		return;
	}
	s->tries++;
	log_fail(s->tries == 1 ? LEVEL_WARNING : LEVEL_INFO, s->fail);
	tell_retry(s->in[side].spec, s->id, s->tries, s->fail);
	pause_until(s, side, loop_now(s->loop) + pause);
}

/* The half of the side that is being opened. */
static struct endpoint *half_open(struct session *s, unsigned side)
{
	struct endpoint *in = &s->in[side];

	return in->nopen < in->nlayers || !s->out[side] ? in : s->out[side];
}

/* And the member of its stack. */
static const struct part *part_open(struct session *s, unsigned side)
{
	const struct endpoint *e = half_open(s, side);

	return &e->spec->part[e->nopen < e->nlayers ? e->nopen : 0];
}

/* It waits for a peer: a listener, or a layer for which a proxy listens. */
static bool listens(struct session *s, unsigned side)
{
	return part_open(s, side)->type->flags & TYPE_LISTENS;
}

/* The limit for all that opening this side takes; 0 = none. */
static uint64_t open_limit(struct session *s, unsigned side)
{
	const struct spec *spec = s->in[side].spec;
	bool waits = listens(s, side);
	unsigned id = waits ? OPT_ACCEPT_TIMEOUT : OPT_CONNECT_TIMEOUT;
	const struct part *p = spec_with(spec, id);

	if (part_is_called(part_open(s, side)))
		return 0;	/* somebody has come */
	if (p)
		return part_usec(p, id, 0);
	return !waits && retries(spec) && !s->setup->socat ? DEFAULT_CONNECT_TRY : 0;
}

/* The same for what the layers above the transport say to each other. */
static uint64_t handshake_limit(const struct session *s, unsigned side)
{
	const struct part *p = spec_with(s->in[side].spec, OPT_HANDSHAKE_TIMEOUT);

	if (!s->shaking)
		return 0;
	return p ? part_usec(p, OPT_HANDSHAKE_TIMEOUT, 0) : DEFAULT_HANDSHAKE;
}

/* When the opening has to be over; 0 = never. */
static uint64_t deadline(struct session *s, unsigned side)
{
	uint64_t open = open_limit(s, side), shake = handshake_limit(s, side);

	open += open ? s->since : 0;
	shake += shake ? s->shaking : 0;
	return !open || (shake && shake < open) ? shake : open;
}

/* A transport may have one, too: a proxy's, which hears its client out. */
static bool shakes(struct session *s, unsigned side)
{
	return half_open(s, side)->nopen ||
	       (part_open(s, side)->type->flags & TYPE_HANDSHAKE);
}

static void note_handshake(struct session *s, unsigned side)
{
	if (listens(s, side))
		s->shaking = 0;
	else if (!s->shaking && shakes(s, side))
		s->shaking = loop_now(s->loop);
}

static void open_timed_out(struct session *s, unsigned side)
{
	const struct endpoint *e = half_open(s, side);
	const char *typed = s->in[side].spec->input;

	if (s->shaking) {
		fail_say(s->fail, PHASE_CONNECT, ETIMEDOUT,
			 "%.96s: the %s handshake did not end in time (handshake-timeout= sets how long it may take)",
			 typed, e->layer[e->nopen]->part->name);
		open_failed(s, side);
		return;
	}
	if (listens(s, side)) {
		if (!s->setup->socat || s->setup->strict)
			fail_say(s->fail, PHASE_CONNECT, ETIMEDOUT,
				 "%s: nobody connected within accept-timeout=", typed);
		session_end(s);
		return;
	}
	fail_say(
		s->fail, PHASE_CONNECT, ETIMEDOUT,
		"%s: no connection within the time limit (host down, or a firewall drops the packets)",
		typed);
	open_failed(s, side);
}

/* The writing half of "a!!b" is an endpoint of its own. */
static enum io build_writer(struct session *s, unsigned side)
{
	struct endpoint *w = mem_new(1, sizeof(*w));

	if (!w)
		return fail_memory(s->fail);
	w->spec = s->in[side].spec->writer;
	describe_end(s, w, side);
	w->reads = false;
	w->writes = opening_goes(s, !side);
	s->out[side] = w;
	return endpoint_build(w);
}

static enum io open_both_halves(struct session *s, unsigned side)
{
	enum io r = IO_OK;

	if (!s->out[side])
		r = session_build(s, side);
	if (r == IO_OK)
		r = endpoint_open(&s->in[side]);
	if (r != IO_OK || !s->in[side].spec->writer)
		return r;
	/* what comes there meanwhile waits for the relay */
	endpoint_want(&s->in[side], 0);
	if (s->out[side] == &s->in[side] && build_writer(s, side) != IO_OK)
		return IO_FAIL;
	return endpoint_open(s->out[side]);
}

static bool wait_for(struct session *s, struct endpoint *e, unsigned want)
{
	e->ready = 0;
	if (endpoint_want(e, want))
		return true;
	fail_sys(s->fail, PHASE_INTERNAL, "cannot wait for %s", e->spec->input);
	session_end(s);
	return false;
}

static unsigned want_of(enum io r)
{
	return r == IO_READ ? READY_READ : r == IO_WRITE ? READY_WRITE : 0;
}

/* False: the session has ended, or goes on to its next try. */
static bool within_limits(struct session *s, unsigned side)
{
	uint64_t due = deadline(s, side);

	if (!due)
		return true;
	if (loop_now(s->loop) < due)
		return session_set_timer(s, due);
	open_timed_out(s, side);
	return false;
}

/* True when the side is open. */
bool opening_run(struct session *s, unsigned side)
{
	enum io r = open_both_halves(s, side);

	if (r == IO_OK)
		return true;
	if (r == IO_FAIL || r == IO_EOF) {
		if (r == IO_EOF)
			fail_say(s->fail, PHASE_EARLY, 0,
				 "%s: the stream ended while it was opened",
				 s->in[side].spec->input);
		open_failed(s, side);
		return false;
	}
	if (half_open(s, side)->reachable)
		tell_ready(s);
	note_handshake(s, side);
	if (within_limits(s, side) && s->out[side]->nlayers)
		wait_for(s, half_open(s, side), want_of(r));
	return false;
}

/* ---- the client that waits meanwhile ----------------------------------------- */

void opening_rest(struct session *s)
{
	endpoint_want(s->out[s->first], 0);
	endpoint_want(&s->in[s->first], 0);
}

/* Unless who opens the second side talks to it, and watches it for that. */
void opening_watch_client(struct session *s)
{
	struct endpoint *e = &s->in[s->first];

	if (!s->accepted || s->watched || s->state == SESSION_DEAD)
		return;
	s->watched = true;
	if (!e->rwatch.want)
		endpoint_want(e, READY_ERROR);
}

/* Hanging up alone is no reason: what it sent before may be all it wanted. */
bool opening_client_gone(struct session *s)
{
	struct endpoint *e = &s->in[s->first];
	socklen_t len = sizeof(int);
	int err = 0;

	if (!s->accepted || !(e->ready & READY_ERROR))
		return false;
	e->ready = 0;
	endpoint_want(e, 0);
	return getsockopt(e->rfd, SOL_SOCKET, SO_ERROR, &err, &len) == 0 && err != 0;
}
