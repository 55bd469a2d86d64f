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
#include "base/spool.h"
#include "loop/child.h"
#include "loop/drain.h"
#include "loop/resolve.h"
#include "loop/signal.h"
#include "meter.h"
#include "probing.h"
#include "process.h"
#include "relay/count.h"
#include "relay/server.h"
#include "relay/tell.h"
#include "report/report.h"
#include "workers.h"

struct run {
	const struct cli *cli;		/* ref */
	struct spec spec[2];		/* own */
	struct loop *loop;		/* own */
	struct session *session;	/* ref: the only one, while it lives */
	struct server server;		/* own, if serving */
	struct probing probing;		/* own, if the command line wants it */
	struct totals past;		/* of sessions that ended */
	atomic_uint begun;		/* sessions so far */
	struct workers workers;		/* own; n = 0: we are alone */
	struct meter meter;
	struct timer watchdog;		/* the service manager's, if it wants one */
	bool serving;
	struct fail *fail;		/* ref: the caller's */
	bool over;			/* the session or server said so, and reported */
	int signo;
};

/* --- signals -------------------------------------------------------------------- */

static bool is_worker(const struct run *r)
{
	return r->workers.self;
}

static bool is_parent(const struct run *r)
{
	return r->workers.n && !r->workers.self;
}

static bool reload_address(const struct run *run, struct spec *s)
{
	struct fail f = { 0 };
	enum io r = spec_reload(s, &f);

	if (r == IO_OK && is_worker(run))
		log_say(LEVEL_INFO, "worker %u: %s: its files are read again",
			run->workers.self->number, s->input);
	else if (r == IO_OK)
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
	left = reload_address(r, &r->spec[0]);
	right = reload_address(r, &r->spec[1]);
	if (is_parent(r) && (left || right))
		workers_signal(&r->workers, SIGHUP);
	return left || right;
}

/* A peer's datagrams stay with its worker as long as all the sockets are there; a
 * connection must not wait where nobody takes it any more. */
static void stop_workers(struct run *r, int signo)
{
	if (!(r->spec[r->server.side].part[0].type->flags & TYPE_MESSAGES)) {
		server_free(&r->server);
		sharing_close(&r->workers.sharing);
	}
	report_stopping();
	workers_stop(&r->workers, signo);
}

static void on_end(void *owner, int signo)
{
	struct run *r = owner;
	const bool again = r->signo != 0;

	if (children_signal(r->loop, signo) || (signo == SIGHUP && reload(r)))
		return;
	spool_hurry();
	if (!is_worker(r))
		log_say(LEVEL_NOTICE, "exiting on signal %d", signo);
	r->signo = signo;
	if (r->session) {
		session_stop(r->session, signo);
	} else if (is_parent(r)) {
		stop_workers(r, signo);
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
static void show_statistics(struct run *r)
{
	struct totals t = { 0 };

	if (is_parent(r))
		workers_count(&r->workers, &t);
	if (r->serving)
		count_server(&r->server, &t);
	else
		count_all(&r->past, &t);
	if (r->session)
		count_session(r->session, &t);
	if (is_worker(r))
		workers_counted(&r->workers, &t);
	else
		statistics_show(&t);
}

static void on_usr1(void *owner, int signo)
{
	struct run *r = owner;

	(void)signo;
	if (is_parent(r))
		workers_ask(&r->workers);
	else if (r->cli->setup.progress)
		meter_print(&r->meter);
	else
		show_statistics(r);
}

/* The parent's signals, to a worker. */
static void on_passed(void *owner, int signo)
{
	if (signo == SIGUSR1)
		on_usr1(owner, signo);
	else
		on_end(owner, signo);
}

/* Its own: what a terminal sends to all, it sends to the parent, too; and whoever ends
 * one worker wants another in its place. */
static void on_worker_signal(void *owner, int signo)
{
	struct run *r = owner;

	if (signo == SIGTERM)
		server_drain(&r->server);
}

/* What was ignored when we were started (nohup) stays so. */
static bool catch_end(struct run *r, int signo)
{
	struct sigaction old;

	if (sigaction(signo, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
		return true;
	return signal_catch(r->loop, signo, is_worker(r) ? on_worker_signal : on_end, r);
}

static enum io catch_signals(struct run *r)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	signal_fn *const usr1 = is_worker(r) ? on_worker_signal : on_usr1;
	bool ok = signal_catch(r->loop, SIGUSR1, usr1, r);

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		ok = ok && catch_end(r, ends[i]);
	return ok ? IO_OK : fail_sys(r->fail, PHASE_INTERNAL, "cannot catch signals");
}

/* --- the loop ------------------------------------------------------------------- */

/* A parent has little to wait for, and nothing of it in the kernel, which its children
 * would share. */
static const struct backend *choose_backend(const struct run *r, struct fail *f)
{
	const char *const name = getenv("SOCKCAT_LOOP");
	const struct backend *b = backend_find(name && *name ? name : NULL);
	const char *e = epoll_backend.name, *k = kqueue_backend.name;

	if (is_parent(r) && b)
		return &poll_backend;
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
	const struct backend *b = choose_backend(r, r->fail);

	r->loop = b ? loop_new(b, r->fail) : NULL;
	if (!r->loop || !children_start(r->loop, r->fail) ||
	    !resolver_start(r->loop, r->fail))
		return IO_FAIL;
	drain_texts(r->loop);
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
	*r->fail = *s->fail;
	r->over = true;
	r->session = NULL;
	r->meter.session = NULL;
	count_session(s, &r->past);
	loop_stop(r->loop);
}

static void all_ready(void *owner)
{
	struct run *r = owner;

	tell_server_ready(r->server.spec[r->server.side]);
	log_daemonised();
}

static void server_open(void *owner, struct server *v)
{
	struct run *r = owner;

	(void)v;
	if (is_parent(r))
		loop_stop(r->loop);
	else if (is_worker(r))
		workers_up(&r->workers);
	else
		all_ready(r);
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
		.begun = is_worker(r) ? &r->workers.ledger->begun : &r->begun,
		.past = is_worker(r) ? workers_past(&r->workers) : &r->past,
		.holds = is_parent(r),
		.opened = server_open,
		.ended = server_over,
		.owner = r,
		.max = limit ? (unsigned)part_num(limit, OPT_MAX_CHILDREN, 0) : 0,
	};
	r->meter.server = &r->server;
	return server_start(&r->server);
}

static void end_loop(struct run *r)
{
	if (!r->loop)
		return;
	drain_texts(NULL);
	resolver_end(r->loop);
	children_end(r->loop);
	if (is_worker(r))
		signal_leave(r->loop);
	else
		signal_end(r->loop);
	loop_free(r->loop);
	r->loop = NULL;
}

/* The life of a worker, once what it has of its parent is gone. */
static enum io work(struct run *r, unsigned side)
{
	enum io answer;

	server_free(&r->server);
	end_loop(r);
	report_forked();
	process_raise_limits();
	r->past = (struct totals){ 0 };
	answer = make_loop(r);
	if (answer == IO_OK)
		answer = workers_join(&r->workers, r->loop, &r->spec[side], r->fail);
	if (answer == IO_OK && start_server(r, side) == IO_FAIL)
		answer = IO_FAIL;
	if (answer == IO_OK)
		answer = loop_run(r->loop, r->fail);
	show_statistics(r);
	return answer;
}

static void show_counted(void *owner)
{
	show_statistics(owner);
}

static enum io start_workers(struct run *r, unsigned side)
{
	struct workers *w = &r->workers;

	w->loop = r->loop;
	w->ready = all_ready;
	w->counted = show_counted;
	w->passed = on_passed;
	w->owner = r;
	if (workers_init(w, r->fail) != IO_OK)
		return IO_FAIL;
	r->spec[side].sharing = &w->sharing;
	return start_server(r, side) == IO_FAIL ? IO_FAIL : IO_OK;
}

/* The parent; and each of its workers, which comes back from workers_run(), too. */
static enum io share(struct run *r, unsigned side)
{
	enum io answer = start_workers(r, side);

	if (answer == IO_OK)
		answer = loop_run(r->loop, r->fail);
	if (answer != IO_OK || !r->server.listener.nopen)
		return answer;
	answer = workers_run(&r->workers, &r->server.listener, r->fail);
	return answer == IO_OK && is_worker(r) ? work(r, side) : answer;
}

static enum io relay(struct run *r, int side)
{
	r->workers.n = r->cli->workers;
	if (spec_prepare(&r->spec[0], r->fail) != IO_OK ||
	    spec_prepare(&r->spec[1], r->fail) != IO_OK || make_loop(r) != IO_OK)
		return IO_FAIL;
	tell_start(&r->spec[0], &r->spec[1]);
	if (r->workers.n)
		return share(r, (unsigned)side);
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
	end_loop(r);
	workers_free(&r->workers);
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
	if (r.loop && c->setup.statistics && !c->rules.socat && !is_worker(&r))
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
