/* One turn: wait, wake, timers, again-list, reap. */
#include "loop/loop.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/platform.h"
#include "loop/timer.h"

/* First come, first served. */
struct queue {
	struct task *first;	/* ref */
	struct task **end;	/* ref: where the next one is hung */
	unsigned n;
};

struct loop {
	const struct backend *backend;	/* ref */
	void *kernel;			/* own: the backend's */
	struct timers timers;
	struct queue again, reap;
	struct watch **always;		/* own: those no kernel polls; slot = index + 1 */
	unsigned nalways, capalways;
	unsigned eager;			/* always-watches that want to read or write */
	unsigned held;			/* watches and others that keep it going */
	bool stopped;
	uint64_t now;
	struct loop_services services;
};

enum { READY_DATA = READY_READ | READY_WRITE };

/* Backends. */

const struct backend *backend_row(size_t i)
{
	static const struct backend *const known[] = {
		&epoll_backend, &kqueue_backend, &poll_backend,
	};

	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
		if (known[k]->name != NULL && i-- == 0)
			return known[k];
	return NULL;
}

const struct backend *backend_find(const char *name)
{
	const struct backend *b;

	for (size_t i = 0; (b = backend_row(i)) != NULL; i++)
		if (name == NULL || strcmp(b->name, name) == 0)
			break;
	return b;
}

int backend_milliseconds(int64_t timeout_us)
{
	if (timeout_us < 0)
		return -1;
	if (timeout_us > (int64_t)INT32_MAX * 1000)
		return INT32_MAX;
	return (int)((timeout_us + 999) / 1000);
}

/* Queues. */

static void queue_add(struct queue *q, struct task *t)
{
	t->next = NULL;
	t->queued = true;
	*q->end = t;
	q->end = &t->next;
	q->n++;
}

static struct task *queue_take(struct queue *q)
{
	struct task *t = q->first;

	if (t == NULL)
		return NULL;
	q->first = t->next;
	if (q->first == NULL)
		q->end = &q->first;
	t->queued = false;
	q->n--;
	return t;
}

/* Takes out t itself, and with owner not NULL every task of that owner. */
static void queue_withdraw(struct queue *q, const struct task *t, const void *owner)
{
	struct task **at = &q->first;

	while (*at != NULL) {
		struct task *one = *at;

		if (one == t || (owner != NULL && one->owner == owner)) {
			*at = one->next;
			one->queued = false;
			q->n--;
		} else {
			at = &one->next;
		}
	}
	q->end = at;
}

void loop_again(struct loop *l, struct task *t)
{
	if (!t->queued)
		queue_add(&l->again, t);
}

void loop_cancel(struct loop *l, struct task *t)
{
	if (!t->queued)
		return;
	queue_withdraw(&l->again, t, NULL);
	queue_withdraw(&l->reap, t, NULL);
}

void loop_reap(struct loop *l, struct task *t)
{
	if (l->again.n > 0)
		queue_withdraw(&l->again, t, t->owner);
	if (!t->queued)
		queue_add(&l->reap, t);
}

/* Life and death. */

/* A loop without its kernel side, or NULL. */
static struct loop *make(const struct backend *b)
{
	struct loop *l = mem_new(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->backend = b;
	l->again.end = &l->again.first;
	l->reap.end = &l->reap.first;
	l->now = sys_now();
	if (!loop_scratch(l, SCRATCH_SIZE)) {
		mem_free(l);
		return NULL;
	}
	return l;
}

struct loop *loop_new(const struct backend *b, struct fail *f)
{
	struct loop *l = make(b);

	if (l == NULL) {
		fail_memory(f);
		return NULL;
	}
	l->kernel = b->open();
	if (l->kernel == NULL) {
		fail_sys(f, PHASE_INTERNAL, "cannot start the event loop (%s)", b->name);
		mem_free(l->services.scratch);
		mem_free(l);
		return NULL;
	}
	return l;
}

void loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	l->backend->close(l->kernel);
	timers_free(&l->timers);
	mem_free(l->always);
	mem_free(l->services.arrivals);
	mem_free(l->services.scratch);
	mem_free(l);
}

struct loop_services *loop_services(struct loop *l)
{
	return &l->services;
}

bool loop_scratch(struct loop *l, size_t size)
{
	unsigned char *scratch;

	if (size > SIZE_MAX - SCRATCH_SPARE)
		return false;
	scratch = mem_new(size + SCRATCH_SPARE, 1);
	if (scratch == NULL)
		return false;
	mem_free(l->services.scratch);
	l->services.scratch = scratch;
	l->services.scratch_size = size;
	return true;
}

/* Interest. */

void loop_hold(struct loop *l)
{
	l->held++;
}

void loop_release(struct loop *l)
{
	l->held--;
}

static bool always_add(struct loop *l, struct watch *w)
{
	if (l->nalways == l->capalways) {
		const unsigned cap = l->capalways == 0 ? 8 : 2 * l->capalways;
		struct watch **always =
			mem_resize(l->always, cap, sizeof(struct watch *));

		if (always == NULL) {
			errno = ENOMEM;
			return false;
		}
		l->always = always;
		l->capalways = cap;
	}
	l->always[l->nalways] = w;
	w->slot = ++l->nalways;
	return true;
}

static void always_drop(struct loop *l, struct watch *w)
{
	struct watch *last = l->always[--l->nalways];

	l->always[w->slot - 1] = last;
	last->slot = w->slot;
	w->slot = 0;
}

static bool always_set(struct loop *l, struct watch *w, unsigned want)
{
	if (w->slot == 0 && want != 0 && !always_add(l, w))
		return false;
	if (w->slot != 0 && want == 0)
		always_drop(l, w);
	l->eager -= (w->want & READY_DATA) != 0;
	l->eager += (want & READY_DATA) != 0;
	return true;
}

static bool kernel_set(struct loop *l, struct watch *w, unsigned want)
{
	if (l->backend->set(l->kernel, w, want))
		return true;
	if (errno != EPERM)
		return false;
	w->always = true;
	return always_set(l, w, want);
}

bool watch_set(struct loop *l, struct watch *w, unsigned want)
{
	if (w->want == want)
		return true;
	if (!(w->always ? always_set(l, w, want) : kernel_set(l, w, want)))
		return false;
	if (!w->background) {
		l->held -= w->want != 0;
		l->held += want != 0;
	}
	w->want = (unsigned char)want;
	return true;
}

bool timer_set(struct loop *l, struct timer *t, uint64_t due)
{
	return timers_set(&l->timers, t, due);
}

void timer_stop(struct loop *l, struct timer *t)
{
	timers_stop(&l->timers, t);
}

uint64_t loop_now(const struct loop *l)
{
	return l->now;
}

/* The turn. */

/* How long the kernel may sleep.  The clock is asked anew: this turn's work may
 * have taken a while. */
static int64_t patience(const struct loop *l)
{
	const struct timer *t = timers_first(&l->timers);
	uint64_t now;

	if (l->again.n > 0 || l->eager > 0)
		return 0;
	if (t == NULL)
		return -1;
	now = sys_now();
	if (t->due <= now)
		return 0;
	return t->due - now > INT64_MAX ? INT64_MAX : (int64_t)(t->due - now);
}

/* Withdrawing swaps the last one into the gap: that one may wait for the next
 * turn.  New ones stand behind n and wait, too. */
static void wake_always(struct loop *l)
{
	const unsigned n = l->nalways;

	for (unsigned i = 0; i < n && i < l->nalways; i++) {
		struct watch *w = l->always[i];
		const unsigned ready = w->want & READY_DATA;

		if (ready != 0)
			w->fn(w->owner, ready);
	}
}

/* At most as many as were set at the beginning, so that one which is due again
 * at once cannot keep the turn from ending. */
static void fire_timers(struct loop *l)
{
	for (unsigned n = l->timers.n; n > 0; n--) {
		struct timer *t = timers_first(&l->timers);

		if (t == NULL || t->due > l->now)
			break;
		timers_stop(&l->timers, t);
		t->fn(t->owner, READY_WAKE);
	}
}

/* Those that ask for it again while they run come next turn. */
static void run_again(struct loop *l)
{
	for (unsigned n = l->again.n; n > 0; n--) {
		struct task *t = queue_take(&l->again);

		if (t == NULL)
			break;
		t->fn(t->owner, READY_WAKE);
	}
}

static void reap(struct loop *l)
{
	struct task *t;

	while ((t = queue_take(&l->reap)) != NULL)
		t->fn(t->owner, READY_WAKE);
}

static bool turn(struct loop *l)
{
	if (!l->backend->wait(l->kernel, patience(l)))
		return false;
	l->now = sys_now();
	l->backend->wake(l->kernel);
	wake_always(l);
	fire_timers(l);
	run_again(l);
	reap(l);
	return true;
}

enum io loop_run(struct loop *l, struct fail *f)
{
	while (!l->stopped && (l->held > 0 || l->timers.n > 0 || l->again.n > 0))
		if (!turn(l))
			return fail_sys(f, PHASE_INTERNAL, "cannot wait for events (%s)",
					l->backend->name);
	reap(l);
	l->stopped = false;
	return IO_OK;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
