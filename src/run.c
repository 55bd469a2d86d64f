/* One run: addresses, signals, a session or a server, and cleaning up. */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addresses.h"
#include "base/log.h"
#include "cli/explain.h"
#include "loop/child.h"
#include "loop/resolve.h"
#include "loop/signal.h"
#include "meter.h"
#include "probing.h"
#include "relay/count.h"
#include "relay/server.h"
#include "relay/tell.h"
#include "report/report.h"

struct run {
	const struct cli *cli;		/* ref */
	struct spec spec[2];		/* own */
	struct loop *loop;		/* own */
	struct session *session;	/* ref: the only one, while it lives */
	struct server server;		/* own, if serving */
	struct probing probing;		/* own, if the command line wants it */
	struct totals past;		/* of sessions that ended */
	atomic_uint begun;		/* sessions so far */
	struct meter meter;
	struct timer watchdog;		/* the service manager's, if it wants one */
	bool serving;
	struct fail *fail;		/* ref: the caller's */
	bool over;			/* the session or server said so, and reported */
	int signo;
};

/* --- signals -------------------------------------------------------------------- */

static bool reload_address(struct spec *s)
{
	struct fail f = { 0 };
	enum io r = spec_reload(s, &f);

	if (r == IO_OK)
		log_say(LEVEL_NOTICE, "%s: its files are read again", s->input);
	if (r == IO_FAIL) {
		log_fail(LEVEL_ERROR, &f);
		tell_failure(s, &f);
		log_say(LEVEL_WARNING, "%s: what was read before stays in use", s->input);
	}
	return r != IO_EOF;
}

/* A server reads its files again, if it has any; false: SIGHUP is an end like any. */
static bool reload(struct run *r)
{
	bool left, right;

	if (!r->serving || r->signo != 0 || r->cli->rules.socat)
		return false;
	left = reload_address(&r->spec[0]);
	right = reload_address(&r->spec[1]);
	return left || right;
}

static void on_end(void *owner, int signo)
{
	struct run *r = owner;
	const bool again = r->signo != 0;

	if (children_signal(r->loop, signo) || (signo == SIGHUP && reload(r)))
		return;
	log_say(LEVEL_NOTICE, "exiting on signal %d", signo);
	r->signo = signo;
	if (r->session) {
		session_stop(r->session, signo);
	} else if (!r->serving) {
		loop_stop(r->loop);
	} else if (r->cli->rules.socat || again) {
		server_stop(&r->server, signo);
		loop_stop(r->loop);
	} else {
		if (r->server.live)
			log_say(LEVEL_NOTICE,
				"%u sessions may finish; another signal ends them",
				r->server.live);
		server_drain(&r->server);
	}
}

/* As of now, or of the end. */
static void show_statistics(const struct run *r)
{
	struct totals t = { 0 };

	if (r->serving)
		count_server(&r->server, &t);
	else
		count_all(&r->past, &t);
	if (r->session)
		count_session(r->session, &t);
	statistics_show(&t);
}

static void on_usr1(void *owner, int signo)
{
	struct run *r = owner;

	(void)signo;
	if (r->cli->setup.progress)
		meter_print(&r->meter);
	else
		show_statistics(r);
}

/* What was ignored when we were started (nohup) stays so. */
static bool catch_end(struct run *r, int signo)
{
	struct sigaction old;

	if (sigaction(signo, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		return true;
	return signal_catch(r->loop, signo, on_end, r);
}

static enum io catch_signals(struct run *r)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	bool ok = signal_catch(r->loop, SIGUSR1, on_usr1, r);

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		ok = ok && catch_end(r, ends[i]);
	return ok ? IO_OK : fail_sys(r->fail, PHASE_INTERNAL, "cannot catch signals");
}

/* --- the loop ------------------------------------------------------------------- */

static const struct backend *choose_backend(struct fail *f)
{
	const char *const name = getenv("SOCKCAT_LOOP");
	const struct backend *b = backend_find(name && *name ? name : NULL);
	const char *e = epoll_backend.name, *k = kqueue_backend.name;

	if (!b)
		fail_say(f, PHASE_USAGE, EINVAL,
			 "SOCKCAT_LOOP=%s: there is no such way of waiting here; there "
			 "is poll%s%s%s%s",
			 name, e ? ", " : "", e ? e : "", k ? ", " : "", k ? k : "");
	return b;
}

/* --- life ----------------------------------------------------------------------- */

static void show_life(void *owner, unsigned ready)
{
	struct run *r = owner;

	(void)ready;
	report_alive();
	timer_set(r->loop, &r->watchdog, loop_now(r->loop) + report_watchdog());
}

static enum io start_watchdog(struct run *r)
{
	r->watchdog = (struct timer){ .fn = show_life, .owner = r };
	if (!report_watchdog() ||
	    timer_set(r->loop, &r->watchdog, loop_now(r->loop) + report_watchdog()))
		return IO_OK;
	return fail_memory(r->fail);
}

static enum io make_loop(struct run *r)
{
	const struct backend *b = choose_backend(r->fail);

	r->loop = b ? loop_new(b, r->fail) : NULL;
	if (!r->loop || !children_start(r->loop, r->fail) ||
	    !resolver_start(r->loop, r->fail))
		return IO_FAIL;
	if (r->cli->setup.block > SCRATCH_SIZE &&
	    !loop_scratch(r->loop, r->cli->setup.block))
		return fail_memory(r->fail);
	if (r->cli->setup.progress && !meter_start(&r->meter, r->loop, r->cli->size))
		return fail_memory(r->fail);
	if (start_watchdog(r) != IO_OK)
		return IO_FAIL;
	return catch_signals(r);
}

static void session_over(void *owner, struct session *s)
{
	struct run *r = owner;

	meter_end(&r->meter);
	*r->fail = s->fail;
	r->over = true;
	r->session = NULL;
	r->meter.session = NULL;
	count_session(s, &r->past);
	loop_stop(r->loop);
}

static void server_ready(void *owner, struct server *v)
{
	(void)owner;
	tell_server_ready(v->spec[v->side]);
	log_daemonised();
}

static void server_over(void *owner, struct server *v)
{
	struct run *r = owner;

	*r->fail = v->fail;
	r->over = true;
	loop_stop(r->loop);
}

static enum io start_session(struct run *r)
{
	r->session = session_new(r->loop, &r->spec[0], &r->spec[1], &r->cli->setup,
				 r->fail);
	if (!r->session)
		return IO_FAIL;
	r->meter.session = r->session;
	r->session->id = 1;
	r->session->ended = session_over;
	r->session->owner = r;
	session_start(r->session);
	return IO_OK;
}

static enum io start_server(struct run *r, unsigned side)
{
	const struct part *limit = spec_with(&r->spec[side], OPT_MAX_CHILDREN);

	r->serving = true;
	r->server = (struct server){
		.spec = { &r->spec[0], &r->spec[1] },
		.side = side,
		.setup = &r->cli->setup,
		.loop = r->loop,
		.begun = &r->begun,
		.past = &r->past,
		.opened = server_ready,
		.ended = server_over,
		.owner = r,
		.max = limit ? (unsigned)part_num(limit, OPT_MAX_CHILDREN, 0) : 0,
	};
	r->meter.server = &r->server;
	return server_start(&r->server);
}

static enum io relay(struct run *r, int side)
{
	if (spec_prepare(&r->spec[0], r->fail) != IO_OK ||
	    spec_prepare(&r->spec[1], r->fail) != IO_OK || make_loop(r) != IO_OK)
		return IO_FAIL;
	tell_start(&r->spec[0], &r->spec[1]);
	if ((side < 0 ? start_session(r) : start_server(r, (unsigned)side)) == IO_FAIL)
		return IO_FAIL;
	return loop_run(r->loop, r->fail);
}

static enum io probe(struct run *r)
{
	enum io answer = make_loop(r);

	if (answer == IO_OK)
		answer = probing_start(&r->probing, r->cli, r->loop, r->fail);
	if (answer == IO_OK)
		answer = loop_run(r->loop, r->fail);
	r->over = r->probing.over;
	return answer;
}

static void clean_up(struct run *r)
{
	probing_free(&r->probing);
	if (r->serving)
		server_free(&r->server);
	if (r->loop) {
		resolver_end(r->loop);
		children_end(r->loop);
		signal_end(r->loop);
		loop_free(r->loop);
	}
	for (unsigned side = 0; side < 2; side++) {
		spec_unprepare(&r->spec[side]);
		spec_free(&r->spec[side]);
	}
}

enum io run(const struct cli *c, struct fail *f, bool *reported, int *signo)
{
	struct run r = { .cli = c, .fail = f };
	enum io answer = IO_FAIL;
	int side;

	if (c->probe)
		answer = probe(&r);
	else if (addresses_read(c, r.spec, &side, f) == IO_OK)
		answer = relay(&r, side);
	meter_end(&r.meter);
	if (r.loop && c->setup.statistics && !c->rules.socat)
		show_statistics(&r);
	clean_up(&r);
	*reported = r.over;
	*signo = r.signo;
	return answer;
}

enum io run_explain(const struct cli *c, FILE *to, struct fail *f)
{
	struct run r = { .cli = c, .fail = f };
	struct plan plan = { .cli = c, .spec = r.spec };
	enum io answer = IO_FAIL;

	if (addresses_read(c, r.spec, &plan.server, f) == IO_OK &&
	    spec_check(&r.spec[0], f) == IO_OK && spec_check(&r.spec[1], f) == IO_OK)
		answer = explain_print(to, &plan, f);
	clean_up(&r);
	return answer;
}
