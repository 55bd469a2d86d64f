/* Linux: epoll, level-triggered.  slot is the registered descriptor plus one:
 * the watch's own, or a copy of it where another watch has that one already. */
#include "loop/loop.h"

#ifdef __linux__

#include <errno.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/platform.h"

/* Headers older than the call (Linux 5.11): the kernel then says ENOSYS. */
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 (-1)
#endif

enum { BATCH = 256 };

struct epoll {
	int fd;			/* own */
	bool coarse;		/* the kernel counts in milliseconds only */
	int at, n;		/* event[at .. n) are still to be delivered */
	struct epoll_event event[BATCH];
};

static uint32_t to_kernel(unsigned want)
{
	uint32_t events = 0;

	if (want & READY_READ)
		events |= EPOLLIN;
	if (want & READY_WRITE)
		events |= EPOLLOUT;
	return events;
}

static unsigned from_kernel(uint32_t events, unsigned want)
{
	unsigned ready = 0;

	if (events & (EPOLLERR | EPOLLHUP))
		return want;
	if (events & EPOLLIN)
		ready |= READY_READ;
	if (events & EPOLLOUT)
		ready |= READY_WRITE;
	return ready & want;
}

static void *epoll_open(void)
{
	struct epoll *e = mem_new(1, sizeof(*e));

	if (e == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	e->fd = epoll_create1(EPOLL_CLOEXEC);
	if (e->fd < 0) {
		mem_free(e);
		return NULL;
	}
	return e;
}

static void epoll_close(void *self)
{
	struct epoll *e = self;

	sys_close(e->fd);
	mem_free(e);
}

static bool control(const struct epoll *e, int op, int fd, struct watch *w, unsigned want)
{
	struct epoll_event ev = { .events = to_kernel(want), .data.ptr = w };

	return epoll_ctl(e->fd, op, fd, &ev) == 0;
}

/* The kernel takes each descriptor once; a second watch gets a copy. */
static bool add_copy(const struct epoll *e, struct watch *w, unsigned want)
{
	const int copy = sys_dup(w->fd);

	if (copy < 0)
		return false;
	if (!control(e, EPOLL_CTL_ADD, copy, w, want)) {
		sys_close(copy);
		return false;
	}
	w->slot = (unsigned)copy + 1;
	return true;
}

static bool add(const struct epoll *e, struct watch *w, unsigned want)
{
	if (control(e, EPOLL_CTL_ADD, w->fd, w, want)) {
		w->slot = (unsigned)w->fd + 1;
		return true;
	}
	return errno == EEXIST && add_copy(e, w, want);
}

/* What the batch at hand still says about w must not be delivered: w may be
 * gone, or mean another descriptor, when its turn comes. */
static void forget(struct epoll *e, const struct watch *w)
{
	for (int i = e->at; i < e->n; i++)
		if (e->event[i].data.ptr == w)
			e->event[i].data.ptr = NULL;
}

static void drop(struct epoll *e, struct watch *w)
{
	const int fd = (int)w->slot - 1;

	control(e, EPOLL_CTL_DEL, fd, w, 0);
	if (fd != w->fd)
		sys_close(fd);
	w->slot = 0;
	forget(e, w);
}

static bool epoll_set(void *self, struct watch *w, unsigned want)
{
	struct epoll *e = self;

	if (want == 0) {
		if (w->slot != 0)
			drop(e, w);
		return true;
	}
	if (w->slot == 0)
		return add(e, w, want);
	if (to_kernel(w->want) == to_kernel(want))
		return true;
	return control(e, EPOLL_CTL_MOD, (int)w->slot - 1, w, want);
}

/* Asks with microseconds where the kernel can.  EPERM is what older container
 * sandboxes say to calls that they do not know. */
static int sleep_for(struct epoll *e, int64_t timeout_us)
{
	if (timeout_us > 0 && !e->coarse) {
		const struct { int64_t sec, nsec; } span = {
			.sec = timeout_us / 1000000,
			.nsec = timeout_us % 1000000 * 1000,
		};
		const long n = syscall(SYS_epoll_pwait2, e->fd, e->event, BATCH, &span,
				       NULL, 0);

		if (n >= 0 || (errno != ENOSYS && errno != EPERM))
			return (int)n;
		e->coarse = true;
	}
	return epoll_wait(e->fd, e->event, BATCH, backend_milliseconds(timeout_us));
}

static bool epoll_sleep(void *self, int64_t timeout_us)
{
	struct epoll *e = self;

	e->at = 0;
	e->n = sleep_for(e, timeout_us);
	if (e->n >= 0)
		return true;
	e->n = 0;
	return errno == EINTR;
}

static void epoll_wake(void *self)
{
	struct epoll *e = self;

	while (e->at < e->n) {
		const struct epoll_event *ev = &e->event[e->at++];
		struct watch *w = ev->data.ptr;
		unsigned ready;

		if (w == NULL)
			continue;
		ready = from_kernel(ev->events, w->want);
		if (ready != 0)
			w->fn(w->owner, ready);
	}
}

const struct backend epoll_backend = {
	.name = "epoll",
	.open = epoll_open,
	.set = epoll_set,
	.wait = epoll_sleep,
	.wake = epoll_wake,
	.close = epoll_close,
};

#else

const struct backend epoll_backend = { .name = NULL };

#endif
