/* --workers: several processes serve one listening address. */
#include "workers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/event.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "base/spool.h"
#include "base/text.h"
#include "relay/count.h"

enum {
	SECOND = 1000 * 1000,
	LEAST_PAUSE = SECOND / 10,
	LONGEST_PAUSE = 10 * SECOND,
	STEADY = 10 * SECOND,	/* who has lived so long did not die of its start */
	PATIENCE = SECOND,	/* with workers that count */
};

/* What a worker says, a byte each. */
enum { SAYS_UP = 'u', SAYS_COUNTED = 'c' };

static struct account *account_of(const struct workers *w, const struct worker *k)
{
	return &w->ledger->of[k - w->worker];
}

static unsigned alive(const struct workers *w)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w->n; i++)
		n += w->worker[i].lives;
	return n;
}

static void stop_waiting(void *loop, unsigned ready)
{
	(void)ready;
	loop_stop(loop);
}

/* ---- birth and death of all ------------------------------------------------------ */

static size_t ledger_size(const struct workers *w)
{
	return sizeof(*w->ledger) + w->n * sizeof(w->ledger->of[0]);
}

enum io workers_init(struct workers *w, struct fail *f)
{
	w->sharing.want = w->n;
	w->sharing.given = -1;
	w->ledger = sys_common_memory(ledger_size(w));
	w->worker = mem_new(w->n, sizeof(*w->worker));
	if (!w->ledger || !w->worker)
		return fail_memory(f);
	for (unsigned i = 0; i < w->n; i++)
		w->worker[i] = (struct worker){
			.all = w,
			.number = i + 1,
			.channel = -1,
			.timer = { .fn = stop_waiting, .owner = w->loop },
			.pause = LEAST_PAUSE,
		};
	return IO_OK;
}

void workers_free(struct workers *w)
{
	if (!w->n)
		return;
	sharing_close(&w->sharing);
	for (unsigned i = 0; w->worker && i < w->n; i++)
		sys_close(w->worker[i].channel);
	mem_free(w->worker);
	if (w->ledger)
		sys_common_memory_free(w->ledger, ledger_size(w));
	*w = (struct workers){ 0 };
}

/* ---- counting -------------------------------------------------------------------- */

void workers_count(const struct workers *w, struct totals *t)
{
	count_all(&w->past, t);
	for (unsigned i = 0; w->ledger && i < w->n; i++) {
		count_all(&w->ledger->of[i].now, t);
		t->others_memory += w->ledger->of[i].memory;
	}
}

static void all_counted(void *owner, unsigned ready)
{
	struct workers *w = owner;

	(void)ready;
	timer_stop(w->loop, &w->patience);
	for (unsigned i = 0; i < w->n; i++)
		w->worker[i].owes = false;
	w->counted(w->owner);
}

static bool all_have_counted(const struct workers *w)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->worker[i].owes)
			return false;
	return true;
}

static void has_counted(struct worker *k)
{
	struct workers *w = k->all;

	if (!k->owes)
		return;
	k->owes = false;
	if (all_have_counted(w))
		all_counted(w, 0);
}

/* Of a worker that has ended, what its sessions had come to. */
static void close_account(struct worker *k)
{
	struct account *a = account_of(k->all, k);

	count_all(&a->past, &k->all->past);
	a->past = a->now = (struct totals){ 0 };
	has_counted(k);
}

/* ---- what passes between the parent and a worker --------------------------------- */

static void send_byte(const struct worker *k, int byte)
{
	const char c = (char)byte;

	(void)send(k->channel, &c, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void workers_signal(struct workers *w, int signo)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->worker[i].lives)
			send_byte(&w->worker[i], signo);
}

void workers_ask(struct workers *w)
{
	w->patience = (struct timer){ .fn = all_counted, .owner = w };
	for (unsigned i = 0; i < w->n; i++)
		w->worker[i].owes = w->worker[i].lives;
	workers_signal(w, SIGUSR1);
	if (all_have_counted(w) ||
	    !timer_set(w->loop, &w->patience, loop_now(w->loop) + PATIENCE))
		all_counted(w, 0);
}

static void is_up(struct worker *k)
{
	struct workers *w = k->all;

	k->up = true;
	for (unsigned i = 0; i < w->n; i++)
		if (!w->worker[i].up)
			return;
	if (!w->told)
		w->ready(w->owner);
	w->told = true;
}

static void hear(void *owner, unsigned ready)
{
	struct worker *k = owner;
	char said[16];
	const ssize_t n = read(k->channel, said, sizeof(said));

	(void)ready;
	if (n == 0)	/* how it ended is told by wait(2) */
		watch_set(k->all->loop, &k->watch, 0);
	for (ssize_t i = 0; i < n; i++)
		if (said[i] == SAYS_UP)
			is_up(k);
		else
			has_counted(k);
}

/* ---- the end of one -------------------------------------------------------------- */

static void tell(const struct worker *k, const char *reason, int code)
{
	event_tell(&(struct event){
		.kind = EVENT_WORKER,
		.side = -1,
		.worker = k->number,
		.worker_pid = k->child.pid,
		.reason = reason,
		.code = code,
	});
}

/* As shells tell it. */
static int status_of(const struct worker *k)
{
	const int status = k->child.status;

	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void tell_end(const struct worker *k, uint64_t pause)
{
	const bool killed = WIFSIGNALED(k->child.status);
	const int code = status_of(k), signo = code - 128;
	char wait[32] = "at once", how[96];

	if (pause)
		text_from_duration(wait, sizeof(wait), pause);
	if (killed)
		snprintf(how, sizeof(how), "was killed by signal %d (%.32s)", signo,
			 strsignal(signo));
	else
		snprintf(how, sizeof(how), "has ended with status %d", code);
	log_say(LEVEL_WARNING, "worker %u (process %ld) %s; another takes its place%s%s",
		k->number, (long)k->child.pid, how, pause ? " in " : " ", wait);
	tell(k, killed ? "killed" : "ended", code);
}

/* How long until its place is filled: at once, unless its starts follow each other too
 * fast. */
static uint64_t next_pause(struct worker *k)
{
	const uint64_t lived = loop_now(k->all->loop) - k->begun, pause = k->pause;

	k->pause = lived >= STEADY		? LEAST_PAUSE
		   : pause < LONGEST_PAUSE / 2 ? 2 * pause
					       : LONGEST_PAUSE;
	return lived < pause ? pause - lived : 0;
}

static void replace(struct worker *k)
{
	struct loop *l = k->all->loop;
	const uint64_t pause = next_pause(k);

	tell_end(k, pause);
	if (!pause || !timer_set(l, &k->timer, loop_now(l) + pause))
		loop_stop(l);
}

static void ended(void *owner, unsigned ready)
{
	struct worker *k = owner;
	struct workers *w = k->all;

	(void)ready;
	k->lives = false;
	watch_set(w->loop, &k->watch, 0);
	sys_close(k->channel);
	k->channel = -1;
	close_account(k);
	w->early = status_of(k);
	if (!w->stopping && w->told)
		replace(k);
	else if (!w->stopping || !alive(w))
		loop_stop(w->loop);
}

/* ---- the start of one ------------------------------------------------------------ */

/* In the child.  What it is not to keep open it closes here, but for what its caller
 * frees: the parent's end of a channel in another process would hide the parent's end. */
static void become(struct worker *k, const int ends[2], const struct endpoint *listener)
{
	struct workers *w = k->all;
	const unsigned i = k->number - 1;
	const int place = i && w->sharing.nmore ? w->sharing.more[i - 1] : listener->rfd;
	const int mine = sys_dup(place);

	for (unsigned other = 0; other < w->n; other++) {
		sys_close(w->worker[other].channel);
		w->worker[other].channel = -1;
	}
	sys_close(ends[0]);
	k->channel = ends[1];
	sharing_close(&w->sharing);
	w->sharing.given = mine;
	w->self = k;
}

static void adopt(struct worker *k, pid_t pid, int channel)
{
	struct loop *l = k->all->loop;

	k->lives = true;
	k->begun = loop_now(l);
	k->channel = channel;
	k->watch = (struct watch){
		.fd = channel, .background = true, .fn = hear, .owner = k };
	watch_set(l, &k->watch, READY_READ);
	k->child = (struct child){ .pid = pid, .fn = ended, .owner = k };
	child_watch(l, &k->child);
	log_say(LEVEL_NOTICE, "worker %u is process %ld", k->number, (long)pid);
	tell(k, "started", 0);
}

/* No signal comes between the fork and the handlers of a worker's own. */
static enum io start(struct worker *k, const struct endpoint *listener, struct fail *f)
{
	struct workers *w = k->all;
	sigset_t all;
	int ends[2];
	pid_t pid;

	if (sys_socketpair(SOCK_STREAM, ends, true) < 0)
		return fail_sys(f, PHASE_INTERNAL, "cannot start worker %u", k->number);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &w->mask);
	pid = fork();
	if (pid == 0) {
		become(k, ends, listener);
		return IO_OK;
	}
	sigprocmask(SIG_SETMASK, &w->mask, NULL);
	sys_close(ends[1]);
	if (pid > 0) {
		adopt(k, pid, ends[0]);
		return IO_OK;
	}
	sys_close(ends[0]);
	return fail_sys(f, PHASE_INTERNAL, "cannot start worker %u", k->number);
}

/* One that cannot be replaced now may be later. */
static enum io try_start(struct worker *k, const struct endpoint *listener,
			 struct fail *f)
{
	struct loop *l = k->all->loop;
	struct fail mine = { 0 };

	if (start(k, listener, &mine) == IO_OK)
		return IO_OK;
	if (k->all->told && timer_set(l, &k->timer, loop_now(l) + k->pause)) {
		log_fail(LEVEL_WARNING, &mine);
		return IO_OK;
	}
	*f = mine;
	return IO_FAIL;
}

static enum io start_all(struct workers *w, const struct endpoint *listener,
			 struct fail *f)
{
	enum io r = IO_OK;

	for (unsigned i = 0; i < w->n && !w->self && r == IO_OK; i++)
		if (!w->worker[i].lives && !w->worker[i].timer.slot)
			r = try_start(&w->worker[i], listener, f);
	return r;
}

enum io workers_run(struct workers *w, const struct endpoint *listener, struct fail *f)
{
	for (;;) {
		if (!w->stopping && start_all(w, listener, f) != IO_OK)
			return IO_FAIL;
		if (w->self || (w->stopping && !alive(w)))
			return IO_OK;
		if (loop_run(w->loop, f) != IO_OK)
			return IO_FAIL;
		if (!w->told && !w->stopping && alive(w) < w->n)
			return fail_say(f, PHASE_CHILD, w->early ? w->early : 1,
					"a worker ended before it served");
	}
}

void workers_stop(struct workers *w, int signo)
{
	w->stopping = true;
	for (unsigned i = 0; i < w->n; i++)
		timer_stop(w->loop, &w->worker[i].timer);
	workers_signal(w, signo);
	if (!alive(w))
		loop_stop(w->loop);
}

/* ---- in a worker ----------------------------------------------------------------- */

/* The parent passed on what came to it, or is gone. */
static void obey(void *owner, unsigned ready)
{
	struct worker *k = owner;
	struct workers *w = k->all;
	char signo[16];
	const ssize_t n = read(k->channel, signo, sizeof(signo));

	(void)ready;
	if (n == 0) {
		watch_set(w->loop, &k->watch, 0);
		log_say(LEVEL_WARNING, "worker %u: its parent is gone", k->number);
		w->passed(w->owner, SIGTERM);
	}
	for (ssize_t i = 0; i < n; i++)
		w->passed(w->owner, signo[i]);
}

/* All together may have as many as were asked for. */
static void take_share(const struct workers *w, struct spec *s)
{
	for (struct part *p = s->part; p < s->part + s->nparts; p++)
		for (struct optval *v = p->val; v < p->val + p->nvals; v++)
			if (v->opt->id == OPT_MAX_CHILDREN)
				v->num = v->num / w->n +
					 (w->self->number <= v->num % w->n);
}

enum io workers_join(struct workers *w, struct loop *l, struct spec *listener,
		     struct fail *f)
{
	struct worker *k = w->self;

	w->loop = l;
	take_share(w, listener);
	k->watch = (struct watch){
		.fd = k->channel, .background = true, .fn = obey, .owner = k };
	spool_wake_by(k->channel); /* signals come from there */
	sigprocmask(SIG_SETMASK, &w->mask, NULL);
	return watch_set(l, &k->watch, READY_READ) ? IO_OK : fail_memory(f);
}

void workers_up(struct workers *w)
{
	send_byte(w->self, SAYS_UP);
}

void workers_counted(struct workers *w, const struct totals *t)
{
	struct account *a = account_of(w, w->self);
	const uint64_t memory = sys_peak_memory();

	a->now = *t;
	if (a->memory < memory)
		a->memory = memory;
	send_byte(w->self, SAYS_COUNTED);
}

struct totals *workers_past(struct workers *w)
{
	return &account_of(w, w->self)->past;
}
