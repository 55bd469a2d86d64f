/* BSD and macOS: kqueue, level-triggered.  slot is the registered descriptor
 * plus one: the watch's own, or a copy of it where another watch has that one
 * already. */
#include "loop/loop.h"

#if defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || \
	defined(__DragonFly__) || defined(__APPLE__)

#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/event.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/platform.h"

enum { BATCH = 256 };

struct kqueue {
	int fd;			/* own */
	int at, n;		/* event[at .. n) are still to be delivered */
	bool *taken;		/* own: taken[fd] = some watch has registered it */
	unsigned cap;		/* of taken */
	struct kevent event[BATCH];
};

static void *kqueue_open(void)
{
	struct kqueue *k = mem_new(1, sizeof(*k));

	if (k == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	k->fd = kqueue();
	if (k->fd < 0) {
		mem_free(k);
		return NULL;
	}
	sys_cloexec(k->fd);
	return k;
}

static void kqueue_close(void *self)
{
	struct kqueue *k = self;

	sys_close(k->fd);
	mem_free(k->taken);
	mem_free(k);
}

static bool change(const struct kqueue *k, struct watch *w, int filter, unsigned flags)
{
	struct kevent ev = {
		.ident = w->slot - 1,
		.filter = (short)filter,
		.flags = (unsigned short)flags,
		.udata = w,
	};

	return kevent(k->fd, &ev, 1, NULL, 0, NULL) == 0;
}

/* How the write filter is asked for this interest.  Hang-up alone has no filter
 * of its own: the write filter tells of it, and EV_CLEAR keeps it from firing
 * all the time while there is nothing but room to write. */
static unsigned write_flags(unsigned want)
{
	if (want & READY_WRITE)
		return EV_ADD;
	if (want & READY_ERROR)
		return EV_ADD | EV_CLEAR;
	return 0;
}

static bool change_read(const struct kqueue *k, struct watch *w, unsigned old,
			unsigned want)
{
	if ((old & READY_READ) == (want & READY_READ))
		return true;
	return change(k, w, EVFILT_READ, want & READY_READ ? EV_ADD : EV_DELETE);
}

/* EV_CLEAR sticks to a filter once added, so that changing it means removing
 * the filter first. */
static bool change_write(const struct kqueue *k, struct watch *w, unsigned old,
			 unsigned want)
{
	const unsigned flags = write_flags(want);

	if (write_flags(old) == flags)
		return true;
	if (write_flags(old) != 0)
		change(k, w, EVFILT_WRITE, EV_DELETE);
	return flags == 0 || change(k, w, EVFILT_WRITE, flags);
}

/* Descriptors without such a filter; and regular files, which at their end
 * would not be readable here, though read(2) has an answer: the end. */
static bool unpollable(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_taken(const struct kqueue *k, int fd)
{
	return (unsigned)fd < k->cap && k->taken[fd];
}

static bool mark(struct kqueue *k, int fd)
{
	if ((unsigned)fd >= k->cap) {
		const unsigned cap = 2 * (unsigned)fd + 64;
		bool *taken = mem_resize(k->taken, cap, sizeof(*taken));

		if (taken == NULL) {
			errno = ENOMEM;
			return false;
		}
		memset(taken + k->cap, 0, (cap - k->cap) * sizeof(*taken));
		k->taken = taken;
		k->cap = cap;
	}
	k->taken[fd] = true;
	return true;
}

/* What the batch at hand still says about w must not be delivered: w may be
 * gone, or mean another descriptor, when its turn comes. */
static void forget(struct kqueue *k, const struct watch *w)
{
	for (int i = k->at; i < k->n; i++)
		if (k->event[i].udata == w)
			k->event[i].udata = NULL;
}

static void drop(struct kqueue *k, struct watch *w)
{
	const int fd = (int)w->slot - 1;

	change_read(k, w, READY_READ, 0);
	change_write(k, w, READY_WRITE, 0);
	k->taken[fd] = false;
	if (fd != w->fd)
		sys_close(fd);
	w->slot = 0;
	forget(k, w);
}

static bool enlist(struct kqueue *k, struct watch *w)
{
	const int fd = is_taken(k, w->fd) ? sys_dup(w->fd) : w->fd;

	if (fd < 0)
		return false;
	if (!mark(k, fd)) {
		if (fd != w->fd)
			sys_close(fd);
		return false;
	}
	w->slot = (unsigned)fd + 1;
	return true;
}

static bool add(struct kqueue *k, struct watch *w, unsigned want)
{
	int cause;

	if (unpollable(w->fd)) {
		errno = EPERM;
		return false;
	}
	if (!enlist(k, w))
		return false;
	if (change_read(k, w, 0, want) && change_write(k, w, 0, want))
		return true;
	cause = errno;
	drop(k, w);
	errno = cause == EINVAL || cause == ENODEV || cause == ENXIO ? EPERM : cause;
	return false;
}

static bool kqueue_set(void *self, struct watch *w, unsigned want)
{
	struct kqueue *k = self;

	if (w->slot == 0)
		return want == 0 || add(k, w, want);
	if (want == 0) {
		drop(k, w);
		return true;
	}
	return change_read(k, w, w->want, want) && change_write(k, w, w->want, want);
}

static bool kqueue_wait(void *self, int64_t timeout_us)
{
	struct kqueue *k = self;
	const struct timespec span = {
		.tv_sec = (time_t)(timeout_us / 1000000),
		.tv_nsec = (long)(timeout_us % 1000000 * 1000),
	};

	k->at = 0;
	k->n = kevent(k->fd, NULL, 0, k->event, BATCH, timeout_us < 0 ? NULL : &span);
	if (k->n >= 0)
		return true;
	k->n = 0;
	return errno == EINTR;
}

/* The read filter's end may be half a one: it is for readers only.  The write
 * filter's says that nobody takes what is written. */
static unsigned from_kernel(const struct kevent *ev, unsigned want)
{
	if (ev->filter == EVFILT_READ)
		return READY_READ & want;
	if (ev->flags & EV_EOF)
		return want;
	return READY_WRITE & want;
}

static void kqueue_wake(void *self)
{
	struct kqueue *k = self;

	while (k->at < k->n) {
		const struct kevent *ev = &k->event[k->at++];
		struct watch *w = (struct watch *)ev->udata;
		unsigned ready;

		if (w == NULL)
			continue;
		ready = from_kernel(ev, w->want);
		if (ready != 0)
			w->fn(w->owner, ready);
	}
}

const struct backend kqueue_backend = {
	.name = "kqueue",
	.open = kqueue_open,
	.set = kqueue_set,
	.wait = kqueue_wait,
	.wake = kqueue_wake,
	.close = kqueue_close,
};

#else

const struct backend kqueue_backend = { .name = NULL };

#endif
