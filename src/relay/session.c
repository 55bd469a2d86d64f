/* Two endpoints and two pumps, from birth to death. */
#include "relay/session.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "relay/closing.h"
#include "relay/count.h"
#include "relay/opening.h"
#include "relay/tell.h"
#include "spec/defaults.h"

enum {
	/* how long an answer may take after an end that the far side can't see
	 * (datagrams, terminals), or until it closes what only we were writing to */
	WINDOW = DEFAULT_ANSWER,
	SOCAT_BLOCK = 8192,
};

static_assert(sizeof(void *) != 8 || sizeof(struct session) <= 816,
	      "DESIGN.md says what a session owns");

void session_woken(void *owner, unsigned ready)
{
	(void)ready;
	session_run(owner);
}

static void reap(void *owner, unsigned ready)
{
	(void)ready;
	session_discard(owner);
}

/* ---- birth ------------------------------------------------------------------------ */

struct session *session_new(struct loop *l, const struct spec *left,
			    const struct spec *right, const struct relay_setup *setup,
			    struct fail *f)
{
	struct session *s = mem_new(1, sizeof(*s));

	if (!s) {
		fail_memory(f);
		return NULL;
	}
	s->loop = l;
	s->in[0].spec = left;
	s->in[1].spec = right;
	s->setup = setup;
	s->fail = &loop_services(l)->fail;
	s->timer = (struct timer){ .fn = session_woken, .owner = s };
	s->next_run = (struct task){ .fn = session_woken, .owner = s };
	return s;
}

void session_start(struct session *s)
{
	s->begun = s->since = loop_now(s->loop);
	session_run(s);
}

/* ---- failure ----------------------------------------------------------------------- */

static void keep_failure(struct session *s, struct fail *own)
{
	*own = *s->fail;
	s->fail = own;
	for (unsigned i = 0; i < 2; i++) {
		s->in[i].fail = own;
		if (s->out[i])
			s->out[i]->fail = own;
	}
}

/* Before anybody else runs.  What comes after the first failure is a consequence of it,
 * and forgotten.  False: there is no memory to keep it in, and it stays where it is. */
static bool take_failure(struct session *s)
{
	struct fail *shared, *own;

	if (s->fail->phase == PHASE_NONE)
		return true;
	shared = &loop_services(s->loop)->fail;
	if (s->fail == shared) {
		own = mem_new(1, sizeof(*own));
		if (!own)
			return false;
		keep_failure(s, own);
	}
	*shared = (struct fail){ 0 };
	return true;
}

/* ---- death ------------------------------------------------------------------------- */

/* What its layers have to complain of in their last moments, nobody minds. */
void session_discard(struct session *s)
{
	struct fail *shared = &loop_services(s->loop)->fail;

	timer_stop(s->loop, &s->timer);
	loop_cancel(s->loop, &s->next_run);
	pump_free(&s->pump[0]);
	pump_free(&s->pump[1]);
	opening_undo(s, !s->first);
	opening_undo(s, s->first);
	*shared = (struct fail){ 0 };
	if (s->fail != shared)
		mem_free(s->fail);
	mem_free(s->missing);
	mem_free(s);
}

/* socat's sessions are processes, and each tells what it has done. */
static void report_for_socat(const struct session *s)
{
	struct totals t = { 0 };

	if (!s->setup->statistics || !s->setup->socat)
		return;
	count_session(s, &t);
	statistics_show(&t);
}

/* What a program's own end means for ours. */
static void note_program(struct session *s, const struct endpoint *e)
{
	const bool asked = s->setup->child_status || s->setup->strict;

	if (e->child_status > 0 && (asked || s->setup->socat))
		fail_say(s->fail, PHASE_CHILD, e->child_status, "%s: the program failed",
			 e->spec->input);
	if (e->child_status >= 0 || !asked)
		return;
	fail_say(s->fail, PHASE_CHILD, 0,
		 "%s: the program goes on, so its status is not known", e->spec->input);
	log_fail(LEVEL_ERROR, s->fail);
}

static void note_child(struct session *s)
{
	for (unsigned i = 0; i < 2; i++) {
		note_program(s, &s->in[i]);
		if (s->out[i] != &s->in[i])
			note_program(s, s->out[i]);
	}
}

/* Which of many it was: the client's 5-tuple, as long as the kernel knows it. */
static void name_client(struct session *s)
{
	const struct endpoint *e = &s->in[s->first];
	size_t used = strlen(s->fail->text);
	char who[2 * NAME_TEXT];
	struct name peer;

	if (!s->accepted || s->setup->socat || !endpoint_peer(e, &peer))
		return;
	snprintf(s->fail->text + used, sizeof(s->fail->text) - used, " [%s]",
		 endpoint_text(e, who, sizeof(who)));
}

/* How loud a failure is: with children-shutup= less for one of many. */
static enum level loudness(const struct session *s)
{
	const struct part *p = spec_with(s->in[s->first].spec, OPT_CHILDREN_SHUTUP);
	long long n = s->accepted && p ? part_num(p, OPT_CHILDREN_SHUTUP, 0) : 0;

	return n <= 0 ? LEVEL_ERROR : n < LEVEL_DEBUG ? (enum level)n : LEVEL_DEBUG;
}

/* One of its streams ended in the middle. */
static bool lost_its_end(const struct session *s)
{
	return s->missing && s->missing->phase == PHASE_EARLY;
}

void session_end(struct session *s)
{
	bool opening = s->state == SESSION_FIRST || s->state == SESSION_SECOND ||
		       s->state == SESSION_PAUSE;
	bool kept;

	if (s->state == SESSION_DEAD)
		return;
	s->state = SESSION_DEAD;
	opening_starves(s, false);
	if (s->fail->phase == PHASE_NONE && s->missing &&
	    (s->setup->strict || lost_its_end(s)))
		*s->fail = *s->missing;
	if (s->fail->phase != PHASE_NONE && s->fail->phase != PHASE_SIGNAL) {
		name_client(s);
		log_fail(loudness(s), s->fail);
	} else if (!opening) {
		note_child(s);
	}
	/* a client must not take an unreachable target for an empty answer */
	if (opening && s->accepted && !s->in[s->first].told && !s->setup->socat)
		endpoint_abort(&s->in[s->first]);
	/* nor half a conversation that went wrong for all of it */
	if (s->fail->phase == PHASE_MATCH && !s->setup->socat)
		for (unsigned i = 0; i < 2; i++)
			endpoint_abort(&s->in[i]);
	report_for_socat(s);
	kept = take_failure(s);	/* for layers that end otherwise after one */
	tell_end(s);
	if (s->ended)
		s->ended(s->owner, s);
	if (!kept)
		*s->fail = (struct fail){ 0 };
	loop_cancel(s->loop, &s->next_run);	/* never again */
	s->next_run.fn = reap;
	loop_reap(s->loop, &s->next_run);
}

void session_stop(struct session *s, int signo)
{
	fail_say(s->fail, PHASE_SIGNAL, signo, "ended by signal %d", signo);
	session_end(s);
}

/* False: no memory, and the session has ended for it. */
bool session_set_timer(struct session *s, uint64_t due)
{
	if (timer_set(s->loop, &s->timer, due))
		return true;
	fail_memory(s->fail);
	session_end(s);
	return false;
}

/* ---- relaying -------------------------------------------------------------- */

static bool has_dump(const struct spec *s)
{
	for (unsigned i = 0; i < s->nparts; i++)
		if (s->part[i].type->groups & G_TAP)
			return true;
	return false;
}

/* In a dump socat's blocks are seen. */
static bool shows_blocks(const struct session *s)
{
	return s->setup->socat && (has_dump(s->in[0].spec) || has_dump(s->in[1].spec));
}

/* What is read at once.  A stream cut into messages gets pieces that can be sent,
 * by a datagram if nobody says otherwise. */
static size_t block_size(const struct session *s, const struct pump *p)
{
	bool cut = p->to->messages && !p->from->messages;
	size_t block = s->setup->block;

	if (!block)
		block = cut || shows_blocks(s) ? SOCAT_BLOCK
						  : loop_services(s->loop)->scratch_size;
	return cut && p->to->longest && p->to->longest < block ? p->to->longest : block;
}

static void start_pump(struct session *s, unsigned i)
{
	struct pump *p = &s->pump[i];
	unsigned from = s->in[i].spec->part[0].type->flags;
	const struct spec *to = s->in[!i].spec;

	to = to->writer ? to->writer : to;
	p->from = &s->in[i];
	p->to = s->out[!i];
	p->block = block_size(s, p);
	p->expects = s->setup->progress ? count_expected(p->from) : 0;
	p->off = !opening_goes(s, i) || !(from & TYPE_READS) ||
		 !(to->part[0].type->flags & TYPE_WRITES) || p->to->direct;
	pump_begin(p);
}

static void log_start_of_relay(const struct session *s)
{
	char left[2 * NAME_TEXT], right[2 * NAME_TEXT];

	log_say(LEVEL_NOTICE, "starting data transfer loop with FDs [%d,%d] and [%d,%d]",
		s->in[0].rfd, s->out[0]->wfd, s->in[1].rfd, s->out[1]->wfd);
	if (log_wants(LEVEL_INFO))
		log_say(LEVEL_INFO, "session %u: %s | %s", s->id,
			endpoint_text(&s->in[0], left, sizeof(left)),
			endpoint_text(&s->in[1], right, sizeof(right)));
}

static void start_relay(struct session *s)
{
	for (unsigned i = 0; i < 2; i++)
		start_pump(s, i);
	timer_stop(s->loop, &s->timer);
	s->state = SESSION_RELAY;
	s->relaying = s->since = s->active = loop_now(s->loop);
	tell_ready(s);
	log_start_of_relay(s);
	log_daemonised();
}

static bool over(const struct pump *p)
{
	return p->off || p->done;
}

/* With one direction only, its target may still have sent something.  Closing
 * on unread bytes would turn into a reset that destroys what we sent: they are
 * read and forgotten until it closes, for a window at most. */
static void drain_target(struct session *s, unsigned i)
{
	struct pump *back = &s->pump[!i];

	if (!back->off || back->discard || !s->out[!i]->network ||
	    s->out[!i] != &s->in[!i] || s->setup->socat || s->pump[i].shut_eof)
		return;
	back->off = false;
	back->discard = true;
}

/* A stream that ended too early ends its direction only: what the other one
 * still carries is not lost with it. */
static enum io ended_early(struct session *s, struct pump *p)
{
	struct fail *missing = fail_record(&s->missing);

	if (!missing)
		return IO_FAIL;
	*missing = *s->fail;
	*s->fail = (struct fail){ 0 };
	p->eof = true;
	return pump_run(p, 0, 0);
}

static bool run_pumps(struct session *s)
{
	unsigned in[2] = { s->in[0].ready, s->in[1].ready };
	unsigned out[2] = { s->out[0]->ready, s->out[1]->ready };

	for (unsigned i = 0; i < 2; i++)
		s->in[i].ready = s->out[i]->ready = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct pump *p = &s->pump[i];
		bool was_over = over(p);
		enum io r = pump_run(p, in[i], out[!i]);

		if (r == IO_FAIL && s->fail->phase == PHASE_EARLY)
			r = ended_early(s, p);
		if (r == IO_FAIL && !p->discard)
			return false;
		if (r == IO_FAIL)
			p->done = true;
		if (r == IO_WAIT)
			loop_again(s->loop, &s->next_run);
		if (!was_over && p->done) {
			s->active = loop_now(s->loop);
			log_say(LEVEL_NOTICE, "socket %u (fd %d) is at EOF", i + 1,
				p->from->rfd);
			tell_eof(s, i);
			drain_target(s, i);
		}
	}
	return pump_settle(&s->pump[0]) && pump_settle(&s->pump[1]);
}

/* How long the direction that is left may stay silent; 0 = for ever. */
static uint64_t linger_limit(const struct session *s)
{
	for (unsigned i = 0; i < 2; i++)
		if (over(&s->pump[i]) && !s->pump[i].off && !over(&s->pump[!i])) {
			if (s->setup->linger_set)
				return s->setup->linger ? s->setup->linger : 1;
			return s->pump[i].shut_eof || s->pump[!i].discard ||
					       lost_its_end(s)
				       ? WINDOW
				       : 0;
		}
	return 0;
}

static uint64_t silence_limit(const struct session *s)
{
	uint64_t linger = linger_limit(s), idle = s->setup->idle_set ? s->setup->idle : 0;

	return !linger || (idle && idle < linger) ? idle : linger;
}

/* No end has come that way.  Where none could be told to the other end (datagrams,
 * terminals), any answer is one. */
static void note_silence(struct session *s, unsigned i, bool idle)
{
	const struct pump *p = &s->pump[i];
	const char *from = s->in[i].spec->input;

	if (over(p) || p->discard)
		return;
	if (idle)
		fail_say(fail_record(&s->missing), PHASE_RECEIVE, ETIMEDOUT,
			 "the limit of -T came before the end of %s", from);
	else if (!s->pump[!i].shut_eof)
		fail_say(fail_record(&s->missing), PHASE_RECEIVE, ETIMEDOUT,
			 "the limit of -t came before the end of %s", from);
	else if (!p->blocks)
		fail_say(fail_record(&s->missing), PHASE_RECEIVE, ETIMEDOUT,
			 "no answer from %s within the time limit (-t sets it)", from);
}

/* A limit that cuts what is still on its way, or what a layer owes, is a failure, any
 * other an end. */
static void silence_over(struct session *s)
{
	const uint64_t linger = linger_limit(s);
	const bool idle = s->setup->idle_set && (!linger || s->setup->idle < linger);

	for (unsigned i = 0; i < 2; i++)
		note_silence(s, i, idle);
	for (unsigned i = 0; i < 2 && (!s->setup->socat || s->setup->strict); i++) {
		const char *to = s->in[!i].spec->input;

		if (s->pump[i].left)
			fail_say(s->fail, PHASE_SEND, ETIMEDOUT,
				 "%s did not take the last bytes within the time limit",
				 to);
		else if (s->pump[i].owed_wait != IO_OK)
			fail_say(s->fail, PHASE_SEND, ETIMEDOUT,
				 "%s was not done within the time limit", to);
	}
	s->reason = idle ? "idle" : "linger";
	session_end(s);
}

/* False: the session has ended. */
static bool watch_silence(struct session *s)
{
	uint64_t now = loop_now(s->loop), moved = s->pump[0].bytes + s->pump[1].bytes;
	uint64_t limit = silence_limit(s);

	if (moved != s->moved) {
		s->moved = moved;
		s->active = now;
	}
	if (!limit) {
		timer_stop(s->loop, &s->timer);
		return true;
	}
	if (now >= s->active + limit) {
		silence_over(s);
		return false;
	}
	return session_set_timer(s, s->active + limit);
}

/* What the pump that writes to this side wants of it.  While somebody reads
 * there, he will meet the error behind the last bytes, and must be the first. */
static unsigned wants_to(const struct session *s, unsigned side)
{
	const struct endpoint *e = s->out[side];
	unsigned want = pump_wants_to(&s->pump[!side]);

	return e->rfd == e->wfd && !over(&s->pump[side]) ? want & ~(unsigned)READY_ERROR
							 : want;
}

static void set_interest(struct session *s)
{
	unsigned want[2];

	for (unsigned i = 0; i < 2; i++)
		want[i] = pump_wants_from(&s->pump[i]) |
			  (s->out[i] == &s->in[i] ? wants_to(s, i) : 0);
	for (unsigned i = 0; i < 2; i++) {
		struct endpoint *out = s->out[i] == &s->in[i] ? NULL : s->out[i];

		if (endpoint_want(&s->in[i], want[i]) &&
		    (!out || endpoint_want(out, pump_wants_to(&s->pump[!i]))))
			continue;
		fail_sys(s->fail, PHASE_INTERNAL, "cannot wait for %s",
			 s->in[i].spec->input);
		session_end(s);
		return;
	}
}

/* False: both directions are complete. */
static bool relay(struct session *s)
{
	if (!run_pumps(s)) {
		session_end(s);
		return true;
	}
	if (over(&s->pump[0]) && over(&s->pump[1]))
		return false;
	if (watch_silence(s))
		set_interest(s);
	return true;
}

/* ---- the driver ------------------------------------------------------------ */

static void enter(struct session *s, enum session_state state)
{
	s->state = state;
	s->since = loop_now(s->loop);
	s->shaking = 0;
	timer_stop(s->loop, &s->timer);
}

static void advance(struct session *s)
{
	if ((s->state == SESSION_PAUSE || s->state == SESSION_SECOND) &&
	    opening_client_gone(s)) {
		s->reason = "client gone";
		fail_say(fail_record(&s->missing), PHASE_RECEIVE, ECONNRESET,
			 "%s: a client broke off before %s was open",
			 s->in[s->first].spec->input, s->in[!s->first].spec->input);
		session_end(s);
		return;
	}
	switch (s->state) {
	case SESSION_PAUSE:
		if (loop_now(s->loop) < s->since)
			return;
		enter(s, s->out[s->first] ? SESSION_SECOND : SESSION_FIRST);
		advance(s);
		return;
	case SESSION_FIRST:
		if (!opening_run(s, s->first))
			return;
		opening_rest(s);
		s->tries = 0;
		enter(s, SESSION_SECOND);
		/* fall through */
	case SESSION_SECOND:
		if (!opening_run(s, !s->first)) {
			opening_watch_client(s);
			return;
		}
		opening_starves(s, false);
		start_relay(s);
		/* fall through */
	case SESSION_RELAY:
		if (relay(s))
			return;
		enter(s, SESSION_CLOSE);
		/* fall through */
	case SESSION_CLOSE:
		if (closing_run(s) || loop_now(s->loop) >= s->since + WINDOW)
			session_end(s);
		else
			session_set_timer(s, s->since + WINDOW);
		return;
	case SESSION_DEAD:
		return;
	}
}

void session_run(struct session *s)
{
	advance(s);
	if (s->state != SESSION_DEAD && !take_failure(s))
		session_end(s);
}
