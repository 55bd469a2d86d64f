/* One probe: opens an address, takes the times, closes it. */
#include "relay/probe.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/platform.h"
#include "spec/defaults.h"

/* So much is read of what nobody asked for. */
enum { BUDGET = 16 };

/* ---- limits ---------------------------------------------------------------- */

static uint64_t limit_of(const struct spec *s, unsigned option, uint64_t otherwise)
{
	const struct part *p = spec_with(s, option);

	return p ? part_usec(p, option, otherwise) : otherwise;
}

/* Only an answer can tell whether anybody is there. */
static bool has_to_ask(const struct probe *p)
{
	const struct part *q = p->spec->part, *end = q + p->spec->nparts;

	if (q->type->protocol != IPPROTO_UDP)
		return false;
	while (++q < end && !(q->type->flags & TYPE_HANDSHAKE))
		;
	return q == end;
}

static uint64_t nearer(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

/* When the present state has to be over; 0 = never. */
static uint64_t deadline(const struct probe *p)
{
	uint64_t open =
		limit_of(p->spec, OPT_CONNECT_TIMEOUT,
			 has_to_ask(p) ? DEFAULT_PROBE_ANSWER : DEFAULT_PROBE);
	uint64_t shake = limit_of(p->spec, OPT_HANDSHAKE_TIMEOUT, DEFAULT_HANDSHAKE);

	if (p->state == PROBE_SHUTS)
		return p->since + DEFAULT_ANSWER;
	open += open ? p->since : 0;
	shake = shake && p->shaking && p->state == PROBE_OPENS ? p->shaking + shake : 0;
	return nearer(nearer(open, shake), p->until);
}

static void timed_out(struct probe *p)
{
	const char *typed = p->spec->input;

	if (p->state == PROBE_SHUTS)
		return;
	if (p->state == PROBE_OPENS && p->shaking)
		fail_say(&p->fail, PHASE_CONNECT, ETIMEDOUT,
			 "%.96s: the %s handshake did not end in time", typed,
			 p->end.layer[p->end.nopen]->part->name);
	else if (p->state == PROBE_OPENS)
		fail_say(&p->fail, PHASE_CONNECT, ETIMEDOUT,
			 "%s: no connection within the time limit (host down, or a "
			 "firewall drops the packets)",
			 typed);
	else if (has_to_ask(p))
		fail_say(&p->fail, PHASE_CONNECT, ETIMEDOUT,
			 "%s: no answer (open and silent, or a firewall drops the "
			 "packets)",
			 typed);
	else
		fail_say(&p->fail, PHASE_RECEIVE, ETIMEDOUT,
			 "%s: it is open, but no byte came within the time limit", typed);
}

/* ---- steps ----------------------------------------------------------------- */

/* Where nobody listens on a port from which this machine's own connections come, one
 * can meet itself. */
static bool is_own(const struct probe *p)
{
	struct name local, peer;

	return endpoint_local(&p->end, &local) && endpoint_peer(&p->end, &peer) &&
	       name_port(&peer) && name_equal(&local, &peer);
}

static enum io open_stack(struct probe *p)
{
	enum io r = p->end.nlayers ? IO_OK : endpoint_build(&p->end);

	if (r == IO_OK)
		r = endpoint_open(&p->end);
	if (r == IO_EOF)
		return fail_say(&p->fail, PHASE_EARLY, 0,
				"%s: the stream ended while it was opened",
				p->spec->input);
	if (!p->shaking && p->end.nopen)
		p->shaking = loop_now(p->loop);
	if (r != IO_OK)
		return r;
	if (is_own(p))
		return fail_say(&p->fail, PHASE_CONNECT, ECONNREFUSED,
				"%s: only this probe itself was met at that port",
				p->spec->input);
	p->opened = sys_now();
	p->state = has_to_ask(p) ? PROBE_ASKS : p->banner ? PROBE_HEARS : PROBE_SHUTS;
	return IO_OK;
}

static enum io ask(struct probe *p)
{
	size_t n;
	enum io r = endpoint_write(&p->end, "", 0, &n);

	if (r == IO_OK)
		p->state = PROBE_HEARS;
	return r;
}

static enum io hear(struct probe *p)
{
	struct probe_times *t = &p->times;
	struct loop_services *all = loop_services(p->loop);
	size_t n = 0;
	enum io r = endpoint_read(&p->end, all->scratch, all->scratch_size, &n);

	if (r == IO_EOF && !p->end.messages)
		return fail_say(&p->fail, PHASE_EARLY, 0,
				"%s: it is open, but was closed before its first byte",
				p->spec->input);
	if (r != IO_OK && r != IO_EOF)
		return r;
	t->first = sys_now() - p->opened;
	t->first += !t->first;
	t->nwords = !p->banner ? 0 : n < PROBE_WORDS ? n : PROBE_WORDS;
	memcpy(t->words, all->scratch, t->nwords);
	p->state = PROBE_SHUTS;
	return IO_OK;
}

static void take_times(struct probe *p)
{
	if (p->end.story)
		memcpy(p->times.span, p->end.story->span, sizeof(p->times.span));
	p->times.total = sys_now() - p->started;
	p->end.fail = &p->late;
	p->since = loop_now(p->loop);
}

/* A layer's last words get their answer; without any the transport's are enough.  What
 * has come is read, for a close on unread bytes would be a reset. */
static enum io say_goodbye(struct probe *p)
{
	struct loop_services *all = loop_services(p->loop);
	enum io r = endpoint_shut(&p->end);
	size_t n;

	if (r != IO_OK && r != IO_EOF)
		return r;
	r = p->end.messages ? IO_EOF : IO_OK;
	for (unsigned i = 0; i < BUDGET && r == IO_OK; i++)
		r = layer_read(p->end.layer[0], all->scratch, all->scratch_size, &n);
	return p->end.nlayers > 1 && r == IO_READ ? IO_READ : IO_OK;
}

/* Goes as far as it can.  IO_OK: all is done. */
static enum io step(struct probe *p)
{
	enum io r = IO_OK;

	if (p->state == PROBE_OPENS)
		r = open_stack(p);
	if (r == IO_OK && p->state == PROBE_ASKS)
		r = ask(p);
	if (r == IO_OK && p->state == PROBE_HEARS)
		r = hear(p);
	if (r == IO_OK && p->end.fail == &p->fail)
		take_times(p);
	return r == IO_OK ? say_goodbye(p) : r;
}

/* ---- life ------------------------------------------------------------------ */

static void finish(struct probe *p)
{
	p->state = PROBE_OVER;
	timer_stop(p->loop, &p->timer);
	loop_reap(p->loop, &p->reap);
}

/* What the kernel heard by ICMP. */
static void name_closed(struct probe *p)
{
	if (p->state < PROBE_ASKS || !has_to_ask(p) || p->fail.code != ECONNREFUSED)
		return;
	p->fail = (struct fail){ 0 };
	fail_say(&p->fail, PHASE_CONNECT, ECONNREFUSED,
		 "%s: closed (the host says that nothing listens there)",
		 p->spec->input);
}

/* False: it will not be woken. */
static bool wait_for(struct probe *p, enum io r)
{
	const uint64_t due = deadline(p);
	unsigned want = r == IO_READ ? READY_READ : r == IO_WRITE ? READY_WRITE : 0;

	if (due && loop_now(p->loop) >= due) {
		timed_out(p);
		return false;
	}
	if (due && !timer_set(p->loop, &p->timer, due)) {
		fail_memory(&p->fail);
		return false;
	}
	if (!p->end.nlayers || endpoint_want(&p->end, want))
		return true;
	fail_sys(&p->fail, PHASE_INTERNAL, "cannot wait for %s", p->spec->input);
	return false;
}

static void run(void *owner, unsigned ready)
{
	struct probe *p = owner;
	enum io r;

	(void)ready;
	if (p->state == PROBE_OVER)
		return;
	p->end.ready = 0;
	r = step(p);
	if (r == IO_FAIL)
		name_closed(p);
	if (r == IO_OK || r == IO_EOF || r == IO_FAIL || !wait_for(p, r))
		finish(p);
}

static void gone(void *owner, unsigned ready)
{
	struct probe *p = owner;

	(void)ready;
	endpoint_free(&p->end);
	p->ended(p->owner, p);
}

void probe_start(struct probe *p)
{
	p->state = PROBE_OPENS;
	p->fail = p->late = (struct fail){ 0 };
	p->times = (struct probe_times){ 0 };
	p->timer = (struct timer){ .fn = run, .owner = p };
	p->again = (struct task){ .fn = run, .owner = p };
	p->reap = (struct task){ .fn = gone, .owner = p };
	p->end = (struct endpoint){
		.spec = p->spec,
		.loop = p->loop,
		.fail = &p->fail,
		.wake = run,
		.owner = p,
		.session = &p->id,
		.reads = true,
		.writes = true,
	};
	p->shaking = 0;
	p->since = loop_now(p->loop);
	p->started = sys_now();
	loop_again(p->loop, &p->again);
}

void probe_free(struct probe *p)
{
	if (!p->loop)
		return;
	timer_stop(p->loop, &p->timer);
	loop_cancel(p->loop, &p->again);
	loop_cancel(p->loop, &p->reap);
	endpoint_free(&p->end);
	p->state = PROBE_OVER;
}
