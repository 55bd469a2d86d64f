/* poll(2): everywhere.  The array handed to the kernel has no gaps; slot is
 * the index of a watch in it, plus one. */
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>

#include "base/mem.h"

struct poll {
	struct pollfd *fd;	/* own */
	struct watch **watch;	/* own: the one that fd[i] belongs to */
	unsigned n, cap;
	int ready;		/* what the last wait found */
};

static short to_kernel(unsigned want)
{
	int events = 0;

	if (want & READY_READ)
		events |= POLLIN;
	if (want & READY_WRITE)
		events |= POLLOUT;
	return (short)events;
}

static unsigned from_kernel(int events, unsigned want)
{
	unsigned ready = 0;

	if (events & (POLLERR | POLLHUP | POLLNVAL))
		return want;
	if (events & POLLIN)
		ready |= READY_READ;
	if (events & POLLOUT)
		ready |= READY_WRITE;
	return ready & want;
}

static void *poll_open(void)
{
	struct poll *p = mem_new(1, sizeof(*p));

	if (p == NULL)
		errno = ENOMEM;
	return p;
}

static void poll_close(void *self)
{
	struct poll *p = self;

	mem_free(p->fd);
	mem_free(p->watch);
	mem_free(p);
}

static bool make_room(struct poll *p)
{
	const unsigned cap = p->cap == 0 ? 16 : 2 * p->cap;
	struct pollfd *fd;
	struct watch **watch;

	if (p->n < p->cap)
		return true;
	fd = mem_resize(p->fd, cap, sizeof(*fd));
	if (fd != NULL)
		p->fd = fd;
	watch = mem_resize(p->watch, cap, sizeof(struct watch *));
	if (watch != NULL)
		p->watch = watch;
	if (fd == NULL || watch == NULL) {
		errno = ENOMEM;
		return false;
	}
	p->cap = cap;
	return true;
}

static bool add(struct poll *p, struct watch *w, unsigned want)
{
	if (!make_room(p))
		return false;
	p->fd[p->n] = (struct pollfd){ .fd = w->fd, .events = to_kernel(want) };
	p->watch[p->n] = w;
	w->slot = ++p->n;
	return true;
}

/* The last one fills the gap.  If that happens during poll_wake() at an index
 * already passed, its turn comes with the next wait. */
static void drop(struct poll *p, struct watch *w)
{
	const unsigned i = w->slot - 1;

	w->slot = 0;
	p->n--;
	if (i == p->n)
		return;
	p->fd[i] = p->fd[p->n];
	p->watch[i] = p->watch[p->n];
	p->watch[i]->slot = i + 1;
}

static bool poll_set(void *self, struct watch *w, unsigned want)
{
	struct poll *p = self;

	if (want != 0 && w->slot == 0)
		return add(p, w, want);
	if (want != 0)
		p->fd[w->slot - 1].events = to_kernel(want);
	else if (w->slot != 0)
		drop(p, w);
	return true;
}

static bool poll_wait(void *self, int64_t timeout_us)
{
	struct poll *p = self;

	p->ready = poll(p->fd, p->n, backend_milliseconds(timeout_us));
	if (p->ready >= 0)
		return true;
	p->ready = 0;
	return errno == EINTR || errno == EAGAIN;
}

static void poll_wake(void *self)
{
	struct poll *p = self;

	for (unsigned i = 0; i < p->n && p->ready > 0; i++) {
		struct watch *w = p->watch[i];
		const int events = p->fd[i].revents;
		unsigned ready;

		if (events == 0)
			continue;
		p->ready--;
		p->fd[i].revents = 0;
		ready = from_kernel(events, w->want);
		if (ready != 0)
			w->fn(w->owner, ready);
	}
}

const struct backend poll_backend = {
	.name = "poll",
	.open = poll_open,
	.set = poll_set,
	.wait = poll_wait,
	.wake = poll_wake,
	.close = poll_close,
};
