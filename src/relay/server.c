/* A listener with fork: sessions without number, in this process and loop. */
#include "relay/server.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "relay/count.h"
#include "relay/opening.h"
#include "relay/tell.h"

enum {
	CROWD = 256, /* so many sessions leave memory worth giving back */
	BURST = 64,  /* connections taken before others get their turn */
	SHORTAGE_USEC = 100 *
			1000, /* until a shortage of descriptors is looked at again */
};

static bool by_messages(const struct server *v)
{
	return v->spec[v->side]->part[0].type->flags & TYPE_MESSAGES;
}

/* ---- end ------------------------------------------------------------------------- */

static void close_listener(struct server *v)
{
	timer_stop(v->loop, &v->resume);
	timer_stop(v->loop, &v->unused);
	loop_cancel(v->loop, &v->again);
	if (v->spare)
		session_discard(v->spare);
	v->spare = NULL;
	endpoint_free(&v->listener);
}

static void end(struct server *v)
{
	close_listener(v);
	if (!v->ended)
		return;
	v->past->failed[v->fail.phase]++;
	if (v->setup->strict && v->fail.phase == PHASE_NONE && v->missing)
		v->fail = *v->missing;
	v->ended(v->owner, v);
	v->ended = NULL;
}

void server_drain(struct server *v)
{
	if (!v->draining)
		tell_drain(v->spec[v->side], v->live);
	v->draining = true;
	if (!v->live)
		end(v);
	else
		close_listener(v);
}

void server_stop(struct server *v, int signo)
{
	struct session *next;

	server_drain(v);
	for (struct session *s = v->sessions; s; s = next) {
		next = s->next;
		session_stop(s, signo);
	}
}

void server_free(struct server *v)
{
	while (v->sessions) {
		struct session *s = v->sessions;

		v->sessions = s->next;
		session_discard(s);
	}
	close_listener(v);
	mem_free(v->missing);
	v->missing = NULL;
}

/* ---- sessions ---------------------------------------------------------------------- */

/* A server that cannot keep time would wait for ever: rather end. */
static void keep_time(struct server *v, struct timer *t, uint64_t pause)
{
	if (timer_set(v->loop, t, loop_now(v->loop) + pause))
		return;
	fail_memory(&v->fail);
	log_fail(LEVEL_ERROR, &v->fail);
	tell_failure(v->spec[v->side], &v->fail);
	server_drain(v);
}

static void set_timer(struct server *v, uint64_t pause)
{
	keep_time(v, &v->resume, pause);
}

static void await_use(struct server *v)
{
	if (v->setup->exit_idle && !v->live && !v->draining)
		keep_time(v, &v->unused, v->setup->exit_idle);
}

static void arm_accept_timeout(struct server *v)
{
	const struct part *p = spec_with(v->spec[v->side], OPT_ACCEPT_TIMEOUT);
	uint64_t limit = p ? part_usec(p, OPT_ACCEPT_TIMEOUT, 0) : 0;

	if (limit)
		set_timer(v, limit);
}

static void resume(struct server *v)
{
	v->paused = false;
	timer_stop(v->loop, &v->resume);
	if (!v->listener.nopen)
		return;
	endpoint_want(&v->listener, READY_READ);
	arm_accept_timeout(v);
}

static void session_ended(void *owner, struct session *s)
{
	struct server *v = owner;

	count_session(s, v->past);
	if (s->fail->phase != PHASE_NONE && s->fail->phase != PHASE_SIGNAL)
		fail_say(fail_record(&v->missing), s->fail->phase, s->fail->code, "%s",
			 s->fail->text);
	if (s->next)
		s->next->prev = s->prev;
	if (s->prev)
		s->prev->next = s->next;
	else
		v->sessions = s->next;
	v->live--;
	if (v->draining && !v->live)
		end(v);
	else if (!v->live && v->crowd >= CROWD)
		loop_again(v->loop, &v->again);	/* when the last one is freed */
	await_use(v);
	if (v->paused && !v->draining)
		resume(v);
}

static void adopt(struct server *v, struct session *s)
{
	s->id = atomic_fetch_add(v->begun, 1) + 1;
	s->next = v->sessions;
	if (s->next)
		s->next->prev = s;
	v->sessions = s;
	timer_stop(v->loop, &v->unused);
	if (++v->live > v->crowd)
		v->crowd = v->live;
	session_start(s);
}

static enum io make_spare(struct server *v)
{
	struct fail f = { 0 };
	struct session *s;

	if (v->spare)
		return IO_OK;
	s = session_new(v->loop, v->spec[0], v->spec[1], v->setup, &f);
	if (!s)
		return IO_FAIL;
	s->first = (unsigned char)v->side;
	s->accepted = true;
	s->owner = v;
	s->ended = session_ended;
	s->starved = &v->starved;
	if (session_build(s, v->side) != IO_OK) {
		session_discard(s);
		return IO_FAIL;
	}
	v->spare = s;
	return IO_OK;
}

/* ---- accepting ------------------------------------------------------------- */

static void pause_until_room(struct server *v)
{
	v->paused = true;
	endpoint_want(&v->listener, 0);
}

/* Out of descriptors or memory: the connections wait in the backlog until a
 * session ends or the timer looks again. */
static void pause_for_shortage(struct server *v)
{
	if (!v->short_told)
		log_say(LEVEL_WARNING,
			"%s: out of descriptors or memory with %u sessions; new connections wait (ulimit -n raises the limit)",
			v->spec[v->side]->input, v->live);
	pause_until_room(v);
	v->short_told = true;
	set_timer(v, SHORTAGE_USEC);
}

/* False: nothing more to accept for now. */
static bool accept_next(struct server *v)
{
	if (v->max && v->live >= v->max && !by_messages(v)) {
		pause_until_room(v);
		return false;
	}
	if ((v->starved && !by_messages(v)) || make_spare(v) != IO_OK) {
		pause_for_shortage(v);
		return false;
	}
	switch (endpoint_accept(&v->listener, &v->spare->in[v->side])) {
	case IO_OK: {
		struct session *s = v->spare;

		v->spare = NULL;
		if (v->draining)
			session_discard(s);
		else
			adopt(v, s);
		return true;
	}
	case IO_WAIT:
		pause_for_shortage(v);
		return false;
	case IO_FAIL:
		log_fail(LEVEL_ERROR, &v->fail);
		tell_failure(v->spec[v->side], &v->fail);
		server_drain(v);
		return false;
	default:
		v->short_told = false;	/* all who waited are in */
		return false;
	}
}

/* Where more connections wait, the next turn says so, and is cheaper than an accept(2)
 * that finds nobody.  After a shortage one tells when all who waited are in. */
static void accept_some(struct server *v)
{
	const bool one = !by_messages(v) && !v->short_told;
	unsigned n = one ? 1 : BURST;

	while (n && accept_next(v))
		n--;
	if (!n && !one)
		loop_again(v->loop, &v->again);
	else if (!v->paused && v->listener.nopen)
		arm_accept_timeout(v);
}

/* ---- listening ------------------------------------------------------------- */

static enum io listen_failed(struct server *v)
{
	uint64_t pause;

	if (!opening_again(v->spec[v->side], v->tries, v->fail.phase, &pause)) {
		log_fail(LEVEL_ERROR, &v->fail);
		tell_failure(v->spec[v->side], &v->fail);
		end(v);
		return IO_FAIL;
	}
	v->tries++;
	log_fail(v->tries == 1 ? LEVEL_WARNING : LEVEL_INFO, &v->fail);
	tell_retry(v->spec[v->side], 0, v->tries, &v->fail);
	v->fail = (struct fail){ 0 };
	endpoint_free(&v->listener);
	set_timer(v, pause);
	return IO_WAIT;
}

static void run(void *owner, unsigned ready);

static enum io build(struct server *v)
{
	v->listener.spec = v->spec[v->side];
	v->listener.loop = v->loop;
	v->listener.fail = &v->fail;
	v->listener.missing = &v->missing;
	v->listener.wake = run;
	v->listener.owner = v;
	v->listener.side = (unsigned char)v->side;
	v->listener.listening = v->listener.shared = true;
	v->listener.reads = v->listener.writes = true;
	return endpoint_build(&v->listener);
}

static enum io open_listener(struct server *v)
{
	enum io r = v->listener.nlayers ? IO_OK : build(v);

	if (r == IO_OK)
		r = endpoint_open(&v->listener);
	if (r == IO_OK)
		r = spec_become(v->spec[!v->side], &v->fail);
	if (r == IO_FAIL || r == IO_EOF)
		return listen_failed(v);
	if (r != IO_OK)
		return endpoint_want(&v->listener, r == IO_READ ? READY_READ : 0)
			       ? IO_WAIT
			       : IO_FAIL;
	v->tries = 0;
	if (!v->holds) {
		resume(v);
		await_use(v);
	}
	v->opened(v->owner, v);
	return IO_OK;
}

static void timed(void *owner, unsigned ready)
{
	struct server *v = owner;

	if (v->listener.nopen && !v->paused) {
		log_say(LEVEL_NOTICE, "%s: nobody connected within accept-timeout=",
			v->spec[v->side]->input);
		server_drain(v);
	} else if (v->paused) {
		resume(v);
	} else {
		run(v, ready);
	}
}

static void unused(void *owner, unsigned ready)
{
	struct server *v = owner;

	(void)ready;
	log_say(LEVEL_NOTICE, "%s: nobody was here for the time of --exit-idle",
		v->spec[v->side]->input);
	server_drain(v);
}

static void run(void *owner, unsigned ready)
{
	struct server *v = owner;

	(void)ready;
	if (!v->live && v->crowd >= CROWD) {
		v->crowd = 0;
		sys_trim_memory();
	}
	v->listener.ready = 0;
	if (!v->listener.nopen)
		open_listener(v);
	else if (!v->paused)
		accept_some(v);
}

enum io server_start(struct server *v)
{
	v->resume = (struct timer){ .fn = timed, .owner = v };
	v->unused = (struct timer){ .fn = unused, .owner = v };
	v->again = (struct task){ .fn = run, .owner = v };
	return open_listener(v);
}
