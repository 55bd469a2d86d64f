/* Signals become wake-ups of the loop.
 *
 * A handler has no argument of its own choice, so what it needs is static: the
 * pipe and one flag per signal.  The flags keep a signal from being lost when the
 * pipe is full; the byte in the pipe only wakes the loop. */
#include "loop/signal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/spool.h"

struct caught {
	signal_fn *fn;			/* NULL = not caught */
	void *owner;			/* ref */
	struct sigaction before;	/* as we found it */
	volatile sig_atomic_t came;
};

static struct {
	bool open;
	int pipe[2];			/* own */
	struct watch watch;
	struct sigaction sigpipe;	/* as we found it */
	struct caught by[NSIG];
} signals;

static void handler(int signo)
{
	const int saved = errno;
	ssize_t n;

	signals.by[signo].came = 1;
	do
		n = write(signals.pipe[1], "", 1);
	while (n < 0 && errno == EINTR);
	errno = saved;
}

static void empty_pipe(void)
{
	char bytes[256];
	ssize_t n;

	do
		n = read(signals.pipe[0], bytes, sizeof(bytes));
	while (n == (ssize_t)sizeof(bytes) || (n < 0 && errno == EINTR));
}

/* The pipe is emptied before the flags are read: a signal that comes between
 * the two leaves a byte, and the loop looks once more. */
static void deliver(void *owner, unsigned ready)
{
	(void)owner;
	(void)ready;
	empty_pipe();
	for (int signo = 1; signals.open && signo < NSIG; signo++) {
		struct caught *c = &signals.by[signo];

		if (!c->came)
			continue;
		c->came = 0;
		if (c->fn != NULL)
			c->fn(c->owner, signo);
	}
}

/* A write to a closed pipe shall be an answer (EPIPE), not an end. */
static void ignore_sigpipe(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, &signals.sigpipe);
}

static bool start(struct loop *l)
{
	if (sys_pipe(signals.pipe, true) < 0)
		return false;
	signals.watch = (struct watch){
		.fd = signals.pipe[0],
		.background = true,
		.fn = deliver,
	};
	if (!watch_set(l, &signals.watch, READY_READ)) {
		sys_close(signals.pipe[0]);
		sys_close(signals.pipe[1]);
		return false;
	}
	ignore_sigpipe();
	spool_wake_by(signals.pipe[0]);
	signals.open = true;
	return true;
}

/* Whoever started us may have blocked it. */
static void unblock(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void leave_alone(struct caught *c, int signo)
{
	if (c->fn != NULL)
		sigaction(signo, &c->before, NULL);
	*c = (struct caught){0};
}

bool signal_catch(struct loop *l, int signo, signal_fn *fn, void *owner)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	struct caught *c;

	if (signo < 1 || signo >= NSIG) {
		errno = EINVAL;
		return false;
	}
	c = &signals.by[signo];
	if (fn == NULL) {
		leave_alone(c, signo);
		return true;
	}
	if (!signals.open && !start(l))
		return false;
	sigfillset(&sa.sa_mask);
	if (c->fn == NULL && sigaction(signo, &sa, &c->before) < 0)
		return false;
	c->fn = fn;
	c->owner = owner;
	unblock(signo);
	return true;
}

/* Every handler as we found it: what was ignored (nohup) stays ignored. */
static void restore_handlers(void)
{
	for (int signo = 1; signo < NSIG; signo++)
		if (signals.by[signo].fn != NULL)
			sigaction(signo, &signals.by[signo].before, NULL);
	sigaction(SIGPIPE, &signals.sigpipe, NULL);
}

void signal_reset_for_child(void)
{
	sigset_t none;

	if (signals.open)
		restore_handlers();
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

void signal_leave(struct loop *l)
{
	if (!signals.open)
		return;
	restore_handlers();
	signals.open = false;
	spool_wake_by(-1);
	watch_set(l, &signals.watch, 0);
	sys_close(signals.pipe[0]);
	sys_close(signals.pipe[1]);
	for (int signo = 1; signo < NSIG; signo++)
		signals.by[signo] = (struct caught){0};
}

/* Such a signal only asks something: coming too late, it must not end a program
 * that has done its work and is about to say so. */
static void be_deaf_to(int signo)
{
	signals.by[signo].before = (struct sigaction){ .sa_handler = SIG_IGN };
}

void signal_end(struct loop *l)
{
	be_deaf_to(SIGUSR1);
	be_deaf_to(SIGUSR2);
	signal_leave(l);
}
