/* The loop, with each backend that this system has: the order of a turn, interest
 * withdrawn within it, signals, children, names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/platform.h"
#include "loop/child.h"
#include "loop/loop.h"
#include "loop/resolve.h"
#include "loop/signal.h"

/* What happened, one letter each; and what the test's callbacks may need. */
struct world {
	struct loop *loop;
	struct fail fail;
	char log[64];
	struct watch a, b;
	struct timer timer;
	struct task again, reap;
	int pipe[2], more[2];
	unsigned calls, ready;
	struct child child;
	struct resolve name;
};

static const struct backend *backend;	/* the one that is tried */

static void note(struct world *w, char what)
{
	const size_t n = strlen(w->log);

	assert_true(n + 1 < sizeof(w->log));
	w->log[n] = what;
}

static int make_world(void **state)
{
	struct world *w = test_calloc(1, sizeof(*w));

	w->loop = loop_new(backend, &w->fail);
	assert_non_null(w->loop);
	assert_int_equal(sys_pipe(w->pipe, true), 0);
	assert_int_equal(sys_pipe(w->more, true), 0);
	w->a.owner = w->b.owner = w->timer.owner = w;
	w->again.owner = w->reap.owner = w;
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;

	children_end(w->loop);
	resolver_end(w->loop);
	signal_end(w->loop);
	loop_free(w->loop);
	for (int i = 0; i < 2; i++) {
		sys_close(w->pipe[i]);
		sys_close(w->more[i]);
	}
	test_free(w);
	return 0;
}

static void run(struct world *w)
{
	assert_int_equal(loop_run(w->loop, &w->fail), IO_OK);
}

static void watch(struct world *w, struct watch *x, int fd, unsigned want, wake_fn *fn)
{
	x->fd = fd;
	x->fn = fn;
	assert_true(watch_set(w->loop, x, want));
}

static void fill(int fd)
{
	assert_int_equal(write(fd, "x", 1), 1);
}

/* Callbacks for many. */

static void stop_at_once(void *owner, unsigned ready)
{
	struct world *w = owner;

	w->ready = ready;
	w->calls++;
	loop_stop(w->loop);
}

static void withdraw_a(void *owner, unsigned ready)
{
	struct world *w = owner;

	w->ready = ready;
	w->calls++;
	watch_set(w->loop, &w->a, 0);
}

static void note_r(void *owner, unsigned ready)
{
	(void)ready;
	note(owner, 'r');
}

static void note_t(void *owner, unsigned ready)
{
	assert_int_equal(ready, READY_WAKE);
	note(owner, 't');
}

static void note_a(void *owner, unsigned ready)
{
	assert_int_equal(ready, READY_WAKE);
	note(owner, 'a');
}

/* The order of a turn. */

static void turn_read(void *owner, unsigned ready)
{
	struct world *w = owner;

	assert_int_equal(ready, READY_READ);
	note(w, 'f');
	loop_reap(w->loop, &w->reap);
	loop_again(w->loop, &w->again);
	timer_set(w->loop, &w->timer, loop_now(w->loop));
	watch_set(w->loop, &w->a, 0);
}

static void one_turn_wakes_fires_runs_again_and_reaps(void **state)
{
	struct world *w = *state;

	w->again.fn = note_a;
	w->reap.fn = note_r;
	w->timer.fn = note_t;
	fill(w->pipe[1]);
	watch(w, &w->a, w->pipe[0], READY_READ, turn_read);
	run(w);
	assert_string_equal(w->log, "ftar");
}

static void nothing_left_ends_it(void **state)
{
	struct world *w = *state;

	run(w);
	w->timer.fn = note_t;
	timer_set(w->loop, &w->timer, loop_now(w->loop) + 1000);
	run(w);
	assert_string_equal(w->log, "t");
}

static void background_does_not_keep_it_going(void **state)
{
	struct world *w = *state;

	w->a.background = true;
	watch(w, &w->a, w->pipe[0], READY_READ, stop_at_once);
	run(w);
	assert_int_equal(w->calls, 0);
	watch_set(w->loop, &w->a, 0);
	run(w);
}

static void a_stop_before_the_start_counts(void **state)
{
	struct world *w = *state;

	watch(w, &w->a, w->pipe[0], READY_READ, stop_at_once);
	loop_stop(w->loop);
	run(w);
	assert_int_equal(w->calls, 0);
	fill(w->pipe[1]);
	run(w);
	assert_int_equal(w->calls, 1);
	watch_set(w->loop, &w->a, 0);
}

/* Interest. */

static void withdraw_the_other(void *owner, unsigned ready)
{
	struct world *w = owner;

	(void)ready;
	w->calls++;
	watch_set(w->loop, &w->a, 0);
	watch_set(w->loop, &w->b, 0);
}

static void what_is_withdrawn_in_a_turn_is_not_called(void **state)
{
	struct world *w = *state;

	fill(w->pipe[1]);
	fill(w->more[1]);
	watch(w, &w->a, w->pipe[0], READY_READ, withdraw_the_other);
	watch(w, &w->b, w->more[0], READY_READ, withdraw_the_other);
	run(w);
	assert_int_equal(w->calls, 1);
}

/* The other watch goes, its memory too, and its descriptor's number comes back
 * for something that has nothing to say. */
struct victim {
	struct watch watch;
	struct victim *other;
	struct world *world;
};

static void replace_the_other(void *owner, unsigned ready)
{
	struct victim *v = owner;
	struct world *w = v->world;
	int quiet[2];

	(void)ready;
	w->calls++;
	watch_set(w->loop, &v->watch, 0);
	if (v->other == NULL)
		return;
	watch_set(w->loop, &v->other->watch, 0);
	assert_int_equal(sys_pipe(quiet, true), 0);
	assert_int_equal(dup2(quiet[0], v->other->watch.fd), v->other->watch.fd);
	watch(w, &w->a, v->other->watch.fd, READY_READ, stop_at_once);
	memset(v->other, 0x5a, sizeof(*v->other));
	mem_free(v->other);
	w->timer.fn = stop_at_once;
	timer_set(w->loop, &w->timer, loop_now(w->loop) + 5000);
	sys_close(quiet[0]);
	w->more[1] = quiet[1];
}

static void a_freed_watch_and_a_reused_number_do_not_confuse(void **state)
{
	struct world *w = *state;
	struct victim *v[2];
	const int old = w->more[1];

	for (int i = 0; i < 2; i++) {
		v[i] = mem_new(1, sizeof(*v[i]));
		v[i]->world = w;
		v[i]->watch.owner = v[i];
	}
	v[0]->other = v[1];
	v[1]->other = v[0];
	fill(w->pipe[1]);
	fill(w->more[1]);
	watch(w, &v[0]->watch, w->pipe[0], READY_READ, replace_the_other);
	watch(w, &v[1]->watch, w->more[0], READY_READ, replace_the_other);
	run(w);
	assert_int_equal(w->calls, 2);		/* the survivor, then the timer */
	assert_int_equal(w->ready, READY_WAKE);
	watch_set(w->loop, &w->a, 0);
	mem_free(w->a.fd == w->pipe[0] ? v[1] : v[0]);
	sys_close(old);
}

static void set_again_the_other(void *owner, unsigned ready)
{
	struct world *w = owner;

	(void)ready;
	w->calls++;
	if (w->calls > 1) {
		withdraw_the_other(w, ready);
		return;
	}
	withdraw_the_other(w, ready);
	watch_set(w->loop, &w->a, READY_READ);
	watch_set(w->loop, &w->b, READY_READ);
}

static void what_is_set_again_waits_for_the_next_turn(void **state)
{
	struct world *w = *state;

	fill(w->pipe[1]);
	fill(w->more[1]);
	watch(w, &w->a, w->pipe[0], READY_READ, set_again_the_other);
	watch(w, &w->b, w->more[0], READY_READ, set_again_the_other);
	run(w);
	assert_int_equal(w->calls, 4);	/* two callbacks, each counting twice */
}

static void note_and_withdraw(void *owner, unsigned ready)
{
	struct world *w = owner;

	note(w, ready == READY_READ ? 'i' : ready == READY_WRITE ? 'o' : '?');
	if (ready == READY_READ)
		watch_set(w->loop, &w->a, 0);
	else
		watch_set(w->loop, &w->b, 0);
}

static int lowest_free(void)
{
	const int fd = dup(0);

	close(fd);
	return fd;
}

static void two_watches_may_share_a_descriptor(void **state)
{
	struct world *w = *state;
	int pair[2], before;

	assert_int_equal(sys_socketpair(SOCK_STREAM, pair, true), 0);
	before = lowest_free();
	fill(pair[1]);
	for (int i = 0; i < 3; i++) {
		watch(w, &w->a, pair[0], READY_READ, note_and_withdraw);
		watch(w, &w->b, pair[0], READY_WRITE, note_and_withdraw);
		run(w);
		assert_int_equal(strlen(w->log), 2 * (i + 1));
		assert_non_null(strchr(w->log, 'i'));
		assert_non_null(strchr(w->log, 'o'));
	}
	assert_int_equal(lowest_free(), before);	/* no copy is left open */
	close(pair[0]);
	close(pair[1]);
}

static void the_first_of_two_may_go_first(void **state)
{
	struct world *w = *state;

	watch(w, &w->a, w->pipe[0], READY_READ, stop_at_once);
	watch(w, &w->b, w->pipe[0], READY_READ, stop_at_once);
	watch_set(w->loop, &w->a, 0);
	fill(w->pipe[1]);
	run(w);
	assert_int_equal(w->calls, 1);
	watch_set(w->loop, &w->b, 0);
}

static void count_to_three(void *owner, unsigned ready)
{
	struct world *w = owner;

	w->ready = ready;
	if (++w->calls == 3)
		watch_set(w->loop, &w->a, 0);
}

static void a_regular_file_is_ready_each_turn(void **state)
{
	struct world *w = *state;
	FILE *file = tmpfile();

	assert_non_null(file);
	watch(w, &w->a, fileno(file), READY_READ, count_to_three);
	run(w);
	assert_int_equal(w->calls, 3);
	assert_int_equal(w->ready, READY_READ);
	watch_set(w->loop, &w->a, READY_READ | READY_WRITE);
	w->calls = 2;
	run(w);
	assert_int_equal(w->ready, READY_READ | READY_WRITE);
	fclose(file);
}

static void a_regular_file_that_waits_for_errors_lets_it_sleep(void **state)
{
	struct world *w = *state;
	FILE *file = tmpfile();

	assert_non_null(file);
	watch(w, &w->a, fileno(file), READY_READ, stop_at_once);
	run(w);
	watch_set(w->loop, &w->a, READY_ERROR);
	w->calls = 0;
	w->timer.fn = stop_at_once;
	timer_set(w->loop, &w->timer, loop_now(w->loop) + 3000);
	run(w);
	if (w->a.always)
		assert_int_equal(w->ready, READY_WAKE);
	watch_set(w->loop, &w->a, 0);
	timer_stop(w->loop, &w->timer);
	fclose(file);
}

static void many_files_are_all_served(void **state)
{
	enum { FILES = 9 };
	struct world *w = *state;
	struct watch x[FILES] = {0};
	FILE *file = tmpfile();

	w->timer.fn = stop_at_once;
	timer_set(w->loop, &w->timer, loop_now(w->loop) + 2000);
	for (int i = 0; i < FILES; i++) {
		x[i] = (struct watch){ .always = true, .owner = w };
		watch(w, &x[i], fileno(file), READY_WRITE, note_r);
	}
	for (int i = 0; i < FILES; i += 2)
		watch_set(w->loop, &x[i], 0);
	loop_again(w->loop, &w->again);
	w->again.fn = stop_at_once;
	run(w);
	assert_string_equal(w->log, "rrrr");
	for (int i = 1; i < FILES; i += 2)
		watch_set(w->loop, &x[i], 0);
	timer_stop(w->loop, &w->timer);
	fclose(file);
}

static void a_reader_that_left_is_told_to_an_idle_writer(void **state)
{
	struct world *w = *state;

	watch(w, &w->a, w->pipe[1], READY_ERROR, withdraw_a);
	w->timer.fn = stop_at_once;
	timer_set(w->loop, &w->timer, loop_now(w->loop) + 2000);
	run(w);
	assert_int_equal(w->calls, 1);		/* room to write is no error */
	assert_int_equal(w->ready, READY_WAKE);
	sys_close(w->pipe[0]);
	w->pipe[0] = -1;
	run(w);
	assert_int_equal(w->calls, 2);
	assert_int_equal(w->ready, READY_ERROR);
}

static void hang_up_is_readiness_for_whoever_reads_or_writes(void **state)
{
	struct world *w = *state;

	watch(w, &w->a, w->pipe[0], READY_READ, withdraw_a);
	sys_close(w->pipe[1]);
	w->pipe[1] = -1;
	run(w);
	assert_int_equal(w->ready, READY_READ);
	sys_close(w->more[0]);
	w->more[0] = -1;
	watch(w, &w->a, w->more[1], READY_WRITE, withdraw_a);
	run(w);
	assert_int_equal(w->ready & READY_WRITE, READY_WRITE);
}

static void a_closed_descriptor_is_refused_or_ready(void **state)
{
	struct world *w = *state;

	w->a.fd = 987;
	w->a.fn = withdraw_a;
	if (!watch_set(w->loop, &w->a, READY_READ)) {
		assert_int_equal(errno, EBADF);
		assert_int_equal(w->a.want, 0);
		return;
	}
	run(w);
	assert_int_equal(w->calls, 1);
}

static void interest_changes_without_a_new_registration(void **state)
{
	struct world *w = *state;
	int pair[2];

	assert_int_equal(sys_socketpair(SOCK_STREAM, pair, true), 0);
	watch(w, &w->a, pair[0], READY_READ, stop_at_once);
	assert_true(watch_set(w->loop, &w->a, READY_READ | READY_WRITE));
	run(w);
	assert_int_equal(w->ready, READY_WRITE);
	fill(pair[1]);
	assert_true(watch_set(w->loop, &w->a, READY_READ | READY_ERROR));
	run(w);
	assert_int_equal(w->ready, READY_READ);
	watch_set(w->loop, &w->a, 0);
	close(pair[0]);
	close(pair[1]);
}

static void more_than_fit_into_one_batch_are_all_heard(void **state)
{
	enum { PIPES = 300 };	/* more than a backend takes in one go */
	struct world *w = *state;
	struct watch x[PIPES] = {0};
	int p[PIPES][2];

	for (int i = 0; i < PIPES; i++) {
		assert_int_equal(sys_pipe(p[i], true), 0);
		x[i].owner = w;
		fill(p[i][1]);
		watch(w, &x[i], p[i][0], READY_READ, note_r);
	}
	for (int i = 0; i < PIPES; i++) {
		watch_set(w->loop, &x[i], 0);
		x[i].fn = stop_at_once;
		watch_set(w->loop, &x[i], READY_READ);
	}
	for (unsigned last = 0; w->calls < PIPES; last = w->calls) {
		run(w);
		assert_true(w->calls > last);
	}
	for (int i = 0; i < PIPES; i++) {
		watch_set(w->loop, &x[i], 0);
		sys_close(p[i][0]);
		sys_close(p[i][1]);
	}
}

/* Timers. */

static void set_at_once(void *owner, unsigned ready)
{
	struct world *w = owner;

	(void)ready;
	if (++w->calls < 5)
		timer_set(w->loop, &w->timer, 0);
}

static void a_timer_due_at_once_does_not_stop_the_others(void **state)
{
	struct world *w = *state;

	w->timer.fn = set_at_once;
	timer_set(w->loop, &w->timer, 0);
	w->again.fn = note_a;
	loop_again(w->loop, &w->again);
	run(w);
	assert_int_equal(w->calls, 5);
	assert_string_equal(w->log, "a");
}

static void a_timer_never_fires_early(void **state)
{
	struct world *w = *state;
	const uint64_t due = sys_now() + 2345;

	w->timer.fn = note_t;
	timer_set(w->loop, &w->timer, due);
	run(w);
	assert_true(loop_now(w->loop) >= due);
	assert_string_equal(w->log, "t");
}

static void waiting_is_rounded_up(void **state)
{
	(void)state;
	assert_int_equal(backend_milliseconds(-1), -1);
	assert_int_equal(backend_milliseconds(0), 0);
	assert_int_equal(backend_milliseconds(1), 1);
	assert_int_equal(backend_milliseconds(1000), 1);
	assert_int_equal(backend_milliseconds(1001), 2);
	assert_int_equal(backend_milliseconds(INT64_MAX), INT32_MAX);
}

/* Again and reap. */

static void again_and_again(void *owner, unsigned ready)
{
	struct world *w = owner;

	(void)ready;
	if (++w->calls < 4)
		loop_again(w->loop, &w->again);
	loop_again(w->loop, &w->again);
	if (w->calls == 4)
		loop_cancel(w->loop, &w->again);
}

static void again_runs_once_for_each_asking(void **state)
{
	struct world *w = *state;

	w->again.fn = again_and_again;
	loop_again(w->loop, &w->again);
	loop_again(w->loop, &w->again);
	run(w);
	assert_int_equal(w->calls, 4);
}

static void reap_it(void *owner, unsigned ready)
{
	struct world *w = owner;

	(void)ready;
	note(w, 'x');
	loop_reap(w->loop, &w->reap);
}

static void what_is_to_be_reaped_does_not_run_again(void **state)
{
	struct world *w = *state;
	struct task first = { .fn = reap_it, .owner = w };
	struct task other = { .fn = note_t, .owner = w };

	w->again.fn = note_a;
	w->reap.fn = note_r;
	loop_again(w->loop, &first);
	loop_again(w->loop, &w->again);
	loop_again(w->loop, &other);
	run(w);
	assert_string_equal(w->log, "xr");
	loop_again(w->loop, &w->again);		/* the queue is still in order */
	run(w);
	assert_string_equal(w->log, "xra");
}

static void reaping_waits_for_no_run(void **state)
{
	struct world *w = *state;

	w->reap.fn = note_r;
	loop_reap(w->loop, &w->reap);
	assert_string_equal(w->log, "");
	run(w);
	assert_string_equal(w->log, "r");
}

static void the_scratch_has_the_size_asked_for(void **state)
{
	struct world *w = *state;
	struct loop_services *s = loop_services(w->loop);

	assert_int_equal(s->scratch_size, SCRATCH_SIZE);
	assert_true(loop_scratch(w->loop, 3));
	assert_int_equal(s->scratch_size, 3);
	memset(s->scratch, 1, 3 + SCRATCH_SPARE);
	assert_false(loop_scratch(w->loop, SIZE_MAX));
	mem_fail_at(1);
	assert_false(loop_scratch(w->loop, 4));
	assert_int_equal(s->scratch_size, 3);
}

static void shortages_are_told(void **state)
{
	struct fail f = {0};
	struct rlimit limit, none;

	(void)state;
	for (unsigned n = 1; n <= 3; n++) {
		f = (struct fail){0};
		mem_fail_at(n);
		assert_null(loop_new(backend, &f));
		assert_int_equal(f.phase, PHASE_INTERNAL);
	}
	mem_fail_at(0);
	if (backend == &poll_backend)
		return;
	f = (struct fail){0};
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_null(loop_new(backend, &f));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(f.code, EMFILE);
	assert_non_null(strstr(f.text, backend->name));
}

/* Signals. */

static void on_signal(void *owner, int signo)
{
	struct world *w = owner;

	note(w, signo == SIGUSR1 ? '1' : signo == SIGUSR2 ? '2' : '?');
	if (signo == SIGUSR2)
		loop_stop(w->loop);
}

static void raise_two(void *owner, unsigned ready)
{
	struct world *w = owner;

	(void)ready;
	raise(SIGUSR1);
	assert_string_equal(w->log, "");	/* never from the handler */
	raise(SIGUSR2);
	timer_set(w->loop, &w->timer, loop_now(w->loop) + 5000000);
}

static void signals_are_told_by_the_loop(void **state)
{
	struct world *w = *state;

	assert_true(signal_catch(w->loop, SIGUSR1, on_signal, NULL));
	assert_true(signal_catch(w->loop, SIGUSR1, on_signal, w)); /* the last wins */
	assert_true(signal_catch(w->loop, SIGUSR2, on_signal, w));
	assert_false(signal_catch(w->loop, 0, on_signal, w));
	assert_int_equal(errno, EINVAL);
	run(w);					/* keeps nothing going */
	w->timer.fn = raise_two;
	timer_set(w->loop, &w->timer, 0);
	run(w);
	assert_string_equal(w->log, "12");
	timer_stop(w->loop, &w->timer);
}

static void a_flood_of_signals_loses_none_of_another_kind(void **state)
{
	struct world *w = *state;

	signal_catch(w->loop, SIGUSR1, on_signal, w);
	signal_catch(w->loop, SIGUSR2, on_signal, w);
	for (int i = 0; i < 70000; i++)		/* more than a pipe holds */
		raise(SIGUSR1);
	raise(SIGUSR2);
	loop_hold(w->loop);
	run(w);
	loop_release(w->loop);
	assert_string_equal(w->log, "12");
}

static void handlers_are_left_as_found(void **state)
{
	struct world *w = *state;
	struct sigaction sa, ignore = { .sa_handler = SIG_IGN };
	sigset_t blocked;

	signal(SIGUSR1, SIG_DFL);
	sigaction(SIGHUP, &ignore, NULL);
	signal_catch(w->loop, SIGHUP, on_signal, w);
	signal_catch(w->loop, SIGUSR1, on_signal, w);
	sigaction(SIGPIPE, NULL, &sa);
	assert_ptr_equal(sa.sa_handler, SIG_IGN);
	sigfillset(&blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	signal_reset_for_child();
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	assert_false(sigismember(&blocked, SIGUSR1));
	sigaction(SIGHUP, NULL, &sa);
	assert_ptr_equal(sa.sa_handler, SIG_IGN);
	sigaction(SIGUSR1, NULL, &sa);
	assert_ptr_equal(sa.sa_handler, SIG_DFL);
	sigaction(SIGPIPE, NULL, &sa);
	assert_ptr_equal(sa.sa_handler, SIG_DFL);
	signal_end(w->loop);
	signal(SIGHUP, SIG_DFL);
}

static void a_question_that_comes_too_late_harms_nobody(void **state)
{
	struct world *w = *state;
	struct sigaction sa;

	signal_catch(w->loop, SIGUSR1, on_signal, w);
	signal_end(w->loop);
	raise(SIGUSR1);
	sigaction(SIGPIPE, NULL, &sa);
	assert_ptr_equal(sa.sa_handler, SIG_DFL);
	signal(SIGUSR1, SIG_DFL);
}

static void a_signal_no_longer_caught_is_as_before(void **state)
{
	struct world *w = *state;
	struct sigaction sa;

	signal(SIGUSR1, SIG_DFL);
	signal_catch(w->loop, SIGUSR1, on_signal, w);
	assert_true(signal_catch(w->loop, SIGUSR1, NULL, NULL));
	sigaction(SIGUSR1, NULL, &sa);
	assert_ptr_equal(sa.sa_handler, SIG_DFL);
}

/* Children. */

static pid_t child_that_exits(int status)
{
	const pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(status);
	return pid;
}

static void child_ended(void *owner, unsigned ready)
{
	struct world *w = owner;

	assert_int_equal(ready, READY_WAKE);
	w->calls++;
}

static void the_end_of_a_child_is_told(void **state)
{
	struct world *w = *state;

	assert_true(children_start(w->loop, &w->fail));
	run(w);					/* nobody to wait for */
	w->child = (struct child){ .fn = child_ended, .owner = w };
	w->child.pid = child_that_exits(7);
	child_watch(w->loop, &w->child);
	run(w);
	assert_int_equal(w->calls, 1);
	assert_true(w->child.ended);
	assert_true(WIFEXITED(w->child.status));
	assert_int_equal(WEXITSTATUS(w->child.status), 7);
}

static bool is_zombie_or_runs(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void a_child_that_ended_before_it_was_watched_counts(void **state)
{
	struct world *w = *state;
	siginfo_t info;

	assert_true(children_start(w->loop, &w->fail));
	w->child = (struct child){ .fn = child_ended, .owner = w };
	w->child.pid = child_that_exits(3);
	assert_int_equal(waitid(P_PID, (id_t)w->child.pid, &info, WEXITED | WNOWAIT), 0);
	child_watch(w->loop, &w->child);
	run(w);
	assert_int_equal(w->calls, 1);
	assert_int_equal(WEXITSTATUS(w->child.status), 3);
}

static void a_forgotten_child_is_reaped_in_silence(void **state)
{
	struct world *w = *state;
	struct child other = { .fn = child_ended, .owner = w };

	assert_true(children_start(w->loop, &w->fail));
	w->child = (struct child){ .fn = child_ended, .owner = w };
	w->child.pid = child_that_exits(1);
	child_watch(w->loop, &w->child);
	child_forget(w->loop, &w->child);
	child_forget(w->loop, &w->child);
	run(w);					/* does not keep it going */
	assert_int_equal(w->calls, 0);
	while (is_zombie_or_runs(w->child.pid)) {
		other.pid = child_that_exits(0);
		child_watch(w->loop, &other);
		run(w);
	}
	assert_false(w->child.ended);
}

/* Names. */

static enum io ask(struct world *w, struct resolve *r, const char *host,
		   const char *service, int family)
{
	w->fail = (struct fail){0};
	return resolve_run(w->loop, r, host, service, family, SOCK_STREAM, 0, 0,
			   &w->fail);
}

static unsigned port_of(const struct addrinfo *a)
{
	struct sockaddr_in in;

	memcpy(&in, a->ai_addr, sizeof(in));	/* the port lies at one place in both */
	return ntohs(in.sin_port);
}

static void answered(void *owner, unsigned ready)
{
	struct world *w = owner;

	assert_int_equal(ready, READY_WAKE);
	w->calls++;
}

static void question_of(struct world *w)
{
	w->name = (struct resolve){ .fn = answered, .owner = w };
}

static void numbers_are_answered_at_once(void **state)
{
	struct world *w = *state;

	question_of(w);
	assert_int_equal(ask(w, &w->name, "127.0.0.1", "80", AF_UNSPEC), IO_OK);
	assert_int_equal(w->name.list->ai_family, AF_INET);
	assert_int_equal(port_of(w->name.list), 80);
	assert_int_equal(ask(w, &w->name, "127.0.0.1", "80", AF_UNSPEC), IO_OK);
	resolve_free(&w->name);
	assert_null(w->name.list);
	assert_int_equal(ask(w, &w->name, "[::1]", "65535", AF_UNSPEC), IO_OK);
	assert_int_equal(w->name.list->ai_family, AF_INET6);
	assert_int_equal(port_of(w->name.list), 65535);
	resolve_free(&w->name);
	assert_int_equal(ask(w, &w->name, NULL, "8080", AF_INET), IO_OK);
	assert_int_equal(port_of(w->name.list), 8080);
	resolve_free(&w->name);
	assert_int_equal(ask(w, &w->name, "::1", NULL, AF_UNSPEC), IO_OK);
	resolve_free(&w->name);
	assert_int_equal(ask(w, &w->name, "127.1", "80", AF_INET), IO_OK);
	resolve_free(&w->name);
	assert_null(loop_services(w->loop)->resolver);	/* no thread was needed */
}

/* What an address and a port say is read without getaddrinfo(3), which would say the same. */
static void figures_mean_what_the_library_takes_them_for(void **state)
{
	static const char *const host[] = { "127.0.0.1", "::1", "10.255.0.3", "fe80::7",
					    "::ffff:1.2.3.4" };
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++) {
		struct addrinfo *a;

		question_of(w);
		assert_int_equal(getaddrinfo(host[i], "443", &hints, &a), 0);
		assert_int_equal(ask(w, &w->name, host[i], "443", AF_UNSPEC), IO_OK);
		assert_ptr_equal(w->name.list, &w->name.figures);
		assert_null(w->name.list->ai_next);
		assert_int_equal(w->name.list->ai_family, a->ai_family);
		assert_int_equal(w->name.list->ai_socktype, a->ai_socktype);
		assert_int_equal(w->name.list->ai_protocol, a->ai_protocol);
		assert_int_equal(w->name.list->ai_addrlen, a->ai_addrlen);
		assert_memory_equal(w->name.list->ai_addr, a->ai_addr, a->ai_addrlen);
		freeaddrinfo(a);
		resolve_free(&w->name);
		assert_null(w->name.list);
	}
}

static void figures_of_the_other_family_are_refused(void **state)
{
	struct world *w = *state;

	question_of(w);
	assert_int_equal(ask(w, &w->name, "127.0.0.1", "80", AF_INET6), IO_FAIL);
	assert_int_equal(w->fail.phase, PHASE_RESOLVE);
	assert_int_equal(ask(w, &w->name, "::1", "80", AF_INET), IO_FAIL);
	assert_int_equal(w->fail.phase, PHASE_RESOLVE);
	assert_int_equal(ask(w, &w->name, "127.0.0.1", "80", AF_UNIX), IO_FAIL);
	assert_int_equal(w->fail.phase, PHASE_RESOLVE);
	assert_int_equal(ask(w, &w->name, "::1", "80", AF_UNIX), IO_FAIL);
	assert_int_equal(w->fail.phase, PHASE_RESOLVE);
	assert_null(w->name.list);
}

static void a_name_is_answered_by_the_loop(void **state)
{
	struct world *w = *state;

	question_of(w);
	assert_int_equal(ask(w, &w->name, "localhost", "80", AF_UNSPEC), IO_WAIT);
	assert_int_equal(ask(w, &w->name, "localhost", "80", AF_UNSPEC), IO_WAIT);
	run(w);
	assert_int_equal(w->calls, 1);
	assert_int_equal(ask(w, &w->name, "localhost", "80", AF_UNSPEC), IO_OK);
	assert_int_equal(port_of(w->name.list), 80);
	resolve_free(&w->name);
}

static void refusals_name_what_was_typed(void **state)
{
	static const struct { const char *host, *service, *says; } bad[] = {
		{ "127.0.0.1", "no-such-one", "\"no-such-one\": no such service" },
		{ "127.0.0.1", "65536", "\"65536\" is no port" },
		{ "127.0.0.1", "-1", "\"-1\" is no port" },
		{ "127.0.0.1", " 80", "\" 80\" is no port" },
		{ "127.0.0.1", "", "\"\" is no port" },
		{ NULL, "99999999999999999999999", "is no port" },
	};
	struct world *w = *state;

	question_of(w);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(ask(w, &w->name, bad[i].host, bad[i].service, AF_UNSPEC),
				 IO_FAIL);
		assert_int_equal(w->fail.phase, PHASE_RESOLVE);
		assert_non_null(strstr(w->fail.text, bad[i].says));
	}
	assert_int_equal(ask(w, &w->name, "127.0.0.1", "80", AF_INET6), IO_FAIL);
	assert_non_null(strstr(w->fail.text, "\"127.0.0.1\": it has no address"));
}

static void an_unknown_name_is_a_failure(void **state)
{
	char label[80] = "";
	struct world *w = *state;

	memset(label, 'x', 70);		/* longer than any: nobody has to be asked */
	question_of(w);
	assert_int_equal(ask(w, &w->name, label, "80", AF_UNSPEC), IO_WAIT);
	run(w);
	assert_int_equal(ask(w, &w->name, label, "80", AF_UNSPEC), IO_FAIL);
	assert_int_equal(w->fail.phase, PHASE_RESOLVE);
	assert_non_null(strstr(w->fail.text, "cannot resolve \"xxxx"));
	assert_null(w->name.asked);
	resolve_free(&w->name);
}

static void a_forgotten_question_keeps_nothing_going(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++) {
		question_of(w);
		assert_int_equal(ask(w, &w->name, "localhost", "80", AF_UNSPEC), IO_WAIT);
		resolve_free(&w->name);
		run(w);
	}
	assert_int_equal(w->calls, 0);
}

static void questions_without_an_answer_yet_may_be_left(void **state)
{
	struct world *w = *state;
	struct resolve r[12];

	for (size_t i = 0; i < 12; i++) {
		r[i] = (struct resolve){ .fn = answered, .owner = w };
		assert_int_equal(ask(w, &r[i], "localhost", "80", AF_UNSPEC), IO_WAIT);
	}
	resolver_end(w->loop);
	for (size_t i = 0; i < 12; i++) {
		assert_null(r[i].asked);
		resolve_free(&r[i]);
	}
	run(w);
	assert_int_equal(w->calls, 0);
}

/* Whoever is woken first forgets all the others, answered or not. */
static struct resolve crowd[30];

static void forget_the_others(void *owner, unsigned ready)
{
	struct world *w = owner;

	(void)ready;
	w->calls++;
	for (size_t i = 0; i < 30; i++)
		resolve_free(&crowd[i]);
}

static void an_answered_question_may_be_forgotten_by_another(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < 30; i++) {
		crowd[i] = (struct resolve){ .fn = forget_the_others, .owner = w };
		assert_int_equal(ask(w, &crowd[i], "localhost", "80", AF_INET), IO_WAIT);
	}
	run(w);
	assert_int_equal(w->calls, 1);
}

static void shortage_of_memory_is_an_answer(void **state)
{
	struct world *w = *state;

	for (unsigned n = 1; n < 5; n++) {
		question_of(w);
		mem_fail_at(n);
		if (ask(w, &w->name, "localhost", "80", AF_UNSPEC) == IO_FAIL)
			assert_int_equal(w->fail.phase, PHASE_INTERNAL);
		mem_fail_at(0);
		resolve_free(&w->name);
	}
}

static void backends_are_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(backend_find("poll"), &poll_backend);
	assert_ptr_equal(backend_find(NULL), backend_row(0));
	assert_null(backend_find("nonsense"));
	assert_null(backend_find(""));
	for (size_t i = 0; backend_row(i) != NULL; i++)
		assert_ptr_equal(backend_find(backend_row(i)->name), backend_row(i));
}

#define IN_A_WORLD(fn) cmocka_unit_test_setup_teardown(fn, make_world, end_world)

static int try_backend(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(one_turn_wakes_fires_runs_again_and_reaps),
		IN_A_WORLD(nothing_left_ends_it),
		IN_A_WORLD(background_does_not_keep_it_going),
		IN_A_WORLD(a_stop_before_the_start_counts),
		IN_A_WORLD(what_is_withdrawn_in_a_turn_is_not_called),
		IN_A_WORLD(a_freed_watch_and_a_reused_number_do_not_confuse),
		IN_A_WORLD(what_is_set_again_waits_for_the_next_turn),
		IN_A_WORLD(two_watches_may_share_a_descriptor),
		IN_A_WORLD(the_first_of_two_may_go_first),
		IN_A_WORLD(a_regular_file_is_ready_each_turn),
		IN_A_WORLD(a_regular_file_that_waits_for_errors_lets_it_sleep),
		IN_A_WORLD(many_files_are_all_served),
		IN_A_WORLD(a_reader_that_left_is_told_to_an_idle_writer),
		IN_A_WORLD(hang_up_is_readiness_for_whoever_reads_or_writes),
		IN_A_WORLD(a_closed_descriptor_is_refused_or_ready),
		IN_A_WORLD(interest_changes_without_a_new_registration),
		IN_A_WORLD(more_than_fit_into_one_batch_are_all_heard),
		IN_A_WORLD(a_timer_due_at_once_does_not_stop_the_others),
		IN_A_WORLD(a_timer_never_fires_early),
		cmocka_unit_test(waiting_is_rounded_up),
		IN_A_WORLD(again_runs_once_for_each_asking),
		IN_A_WORLD(what_is_to_be_reaped_does_not_run_again),
		IN_A_WORLD(reaping_waits_for_no_run),
		IN_A_WORLD(the_scratch_has_the_size_asked_for),
		cmocka_unit_test(shortages_are_told),
		IN_A_WORLD(signals_are_told_by_the_loop),
		IN_A_WORLD(a_flood_of_signals_loses_none_of_another_kind),
		IN_A_WORLD(handlers_are_left_as_found),
		IN_A_WORLD(a_question_that_comes_too_late_harms_nobody),
		IN_A_WORLD(a_signal_no_longer_caught_is_as_before),
		IN_A_WORLD(the_end_of_a_child_is_told),
		IN_A_WORLD(a_child_that_ended_before_it_was_watched_counts),
		IN_A_WORLD(a_forgotten_child_is_reaped_in_silence),
		IN_A_WORLD(numbers_are_answered_at_once),
		IN_A_WORLD(figures_mean_what_the_library_takes_them_for),
		IN_A_WORLD(figures_of_the_other_family_are_refused),
		IN_A_WORLD(a_name_is_answered_by_the_loop),
		IN_A_WORLD(refusals_name_what_was_typed),
		IN_A_WORLD(an_unknown_name_is_a_failure),
		IN_A_WORLD(a_forgotten_question_keeps_nothing_going),
		IN_A_WORLD(questions_without_an_answer_yet_may_be_left),
		IN_A_WORLD(an_answered_question_may_be_forgotten_by_another),
		IN_A_WORLD(shortage_of_memory_is_an_answer),
		cmocka_unit_test(backends_are_found_by_name),
	};

	return cmocka_run_group_tests_name(backend->name, tests, NULL, NULL);
}

int main(void)
{
	int failed = 0;

	for (size_t i = 0; (backend = backend_row(i)) != NULL; i++)
		failed += try_backend();
	return failed;
}
