/* Moving bytes without copying them: splice(2) and sendfile(2).
 *
 * From a pipe, to a pipe, or from a file that is one call.  Between all else the bytes go
 * through a pipe of ours, borrowed from a pool for as long as something is in it.  Little
 * at a time is cheaper to copy, so each direction begins that way and changes with what
 * comes.  What moved nothing is done again by pump_copy(), which knows what ends and
 * errors mean. */
#include "relay/way.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/platform.h"

enum {
	MUCH = 32 * 1024,	/* read at once: worth changing over */
	/* moved when there was nothing before: not worth it any more.  Right behind
	 * others, so few bytes are but the end of what somebody wrote at once */
	LITTLE = 1024,
	AT_ONCE = 512 * 1024,	/* what a pipe may hold, if the system lets us */
	OF_A_FILE = 16 * 1024 * 1024,
	/* at most, for all directions together: half of what a user may have as a rule
	 * (pipe-user-pages-soft, proc(5)) */
	PIPES = 64,
	SPARE = 16,		/* empty ones that are kept */
};

/* pump.pace.  PACE_FLOW: the last thing that was tried has moved something. */
enum { PACE_COPY, PACE_SPLICE, PACE_FLOW };

/* Holds what `to` has not taken yet: the pump's left. */
struct pipe {
	struct left left;
	int fd[2];		/* own */
	size_t holds;
	struct pipe *next;	/* own: the next one in the pool */
};

static struct pipe *pool;	/* own: empty ones */
static unsigned npipes, nspare;

static enum io pipe_write(struct pump *p);
static void pipe_drop(struct left *l);

/* ---- the pool ---------------------------------------------------------------------- */

static struct pipe *pipe_new(void)
{
	struct pipe *x = npipes < PIPES ? mem_new(1, sizeof(*x)) : NULL;

	if (!x)
		return NULL;
	if (sys_pipe(x->fd, true) < 0) {
		mem_free(x);
		return NULL;
	}
	x->left = (struct left){ .write = pipe_write, .drop = pipe_drop };
	/* more than the system allows us is refused, and the pipe stays as it was */
	fcntl(x->fd[0], F_SETPIPE_SZ, AT_ONCE);
	npipes++;
	return x;
}

static struct pipe *pipe_borrow(void)
{
	struct pipe *x = pool;

	if (!x)
		return pipe_new();
	pool = x->next;
	nspare--;
	return x;
}

static void pipe_close(struct pipe *x)
{
	sys_close(x->fd[0]);
	sys_close(x->fd[1]);
	mem_free(x);
	npipes--;
}

static void pipe_return(struct pipe *x)
{
	if (nspare >= SPARE) {
		pipe_close(x);
		return;
	}
	nspare++;
	x->next = pool;
	pool = x;
}

/* With bytes in it that nobody wants any more. */
static void pipe_drop(struct left *l)
{
	pipe_close((struct pipe *)l);
}

static enum io to_is_full(struct pump *p)
{
	p->to_wait = IO_WRITE;
	return IO_WRITE;
}

/* The first time there is nothing, the kernel will tell when there is more; the second
 * time it may never. */
static enum io nothing_came(struct pump *p, size_t *moved)
{
	if (p->pace != PACE_FLOW)
		return pump_copy(p, moved);
	p->pace = PACE_SPLICE;
	p->from_wait = IO_READ;
	return IO_READ;
}

/* ---- through a pipe of ours -------------------------------------------------------- */

static ssize_t move(int from, int to, size_t len)
{
	ssize_t n;

	do
		n = splice(from, NULL, to, NULL, len, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	return n;
}

static bool read_all(struct pipe *x, unsigned char *to)
{
	while (x->holds) {
		const ssize_t n = read(x->fd[0], to, x->holds);

		if (n <= 0 && (n == 0 || errno != EINTR))
			return false;
		if (n > 0) {
			x->holds -= (size_t)n;
			to += n;
		}
	}
	return true;
}

/* `to` can't be spliced to, or has an error to tell: it gets the bytes by hand, and the
 * next ones, too. */
static enum io write_by_hand(struct pump *p, struct pipe *x)
{
	const size_t len = x->holds;
	unsigned char *bytes = mem_new(len, 1);
	enum io r = IO_FAIL;

	p->way = NULL;
	if (!bytes)
		return fail_memory(p->to->fail);
	p->left = NULL;
	if (read_all(x, bytes))
		r = pump_put(p, bytes, len);
	else
		fail_sys(p->to->fail, PHASE_INTERNAL, "cannot read from a pipe");
	pipe_close(x);
	mem_free(bytes);
	return r;
}

static enum io pipe_write(struct pump *p)
{
	struct pipe *x = (struct pipe *)p->left;

	while (x->holds) {
		const ssize_t n = move(x->fd[0], p->to->wfd, x->holds);

		if (n < 0 && errno == EAGAIN)
			return to_is_full(p);
		if (n <= 0)
			return write_by_hand(p, x);
		x->holds -= (size_t)n;
		pump_count(p, (size_t)n);
	}
	p->left = NULL;
	pipe_return(x);
	return IO_OK;
}

/* Socket to socket, or to a file. */
static enum io move_through(struct pump *p, size_t *moved)
{
	struct pipe *x = pipe_borrow();
	ssize_t n;

	if (!x)
		return pump_copy(p, moved);
	n = move(p->from->rfd, x->fd[1], AT_ONCE);
	if (n <= 0) {
		const bool none = n < 0 && errno == EAGAIN;

		pipe_return(x);
		return none ? nothing_came(p, moved) : pump_copy(p, moved);
	}
	*moved = x->holds = (size_t)n;
	p->blocks++;
	p->left = &x->left;
	return pipe_write(p);
}

/* ---- straight from or to a pipe of others ------------------------------------------ */

/* Nothing moved, and the kernel doesn't say which of the two was in the way. */
static enum io find_out(struct pump *p, size_t *moved)
{
	struct pollfd to = { .fd = p->to->wfd, .events = POLLOUT };
	int waiting = 0;

	if (ioctl(p->from->rfd, FIONREAD, &waiting) == 0 && waiting > 0 &&
	    poll(&to, 1, 0) == 0)
		return to_is_full(p);
	return nothing_came(p, moved);
}

static enum io moved_straight(struct pump *p, size_t n)
{
	p->blocks++;
	pump_count(p, n);
	return IO_OK;
}

static enum io move_straight(struct pump *p, size_t *moved)
{
	const ssize_t n = move(p->from->rfd, p->to->wfd, AT_ONCE);

	if (n < 0 && errno == EAGAIN)
		return find_out(p, moved);
	if (n <= 0)
		return pump_copy(p, moved);
	*moved = (size_t)n;
	return moved_straight(p, *moved);
}

static enum io send_file(struct pump *p, size_t *moved)
{
	const ssize_t n = sendfile(p->to->wfd, p->from->rfd, NULL, OF_A_FILE);

	if (n < 0 && errno == EAGAIN)
		return to_is_full(p);
	if (n <= 0)
		return pump_copy(p, moved);
	*moved = (size_t)n;
	return moved_straight(p, *moved);
}

/* ---- the way ---------------------------------------------------------------------- */

static bool by_splice(const struct pump *p)
{
	const enum fd_kind from = p->from->rkind, to = p->to->wkind;

	if (from == FD_FILE)
		return to == FD_SOCKET || to == FD_PIPE;
	return (from == FD_SOCKET || from == FD_PIPE) &&
	       (to == FD_SOCKET || to == FD_PIPE || to == FD_FILE || to == FD_OTHER);
}

/* Whoever gives a size for blocks wants them so. */
static bool splice_fits(const struct pump *p)
{
	return !p->off && by_splice(p) && endpoint_is_raw(p->from) &&
	       endpoint_is_raw(p->to) &&
	       p->block == loop_services(p->from->loop)->scratch_size;
}

static enum io move_some(struct pump *p, size_t *moved)
{
	if (p->from->rkind == FD_FILE)
		return send_file(p, moved);
	if (p->from->rkind == FD_PIPE || p->to->wkind == FD_PIPE)
		return move_straight(p, moved);
	return move_through(p, moved);
}

static enum io splice_move(struct pump *p)
{
	size_t moved = 0;
	enum io r;

	if (p->pace == PACE_COPY && p->from->rkind != FD_FILE)
		r = pump_copy(p, &moved);
	else
		r = move_some(p, &moved);
	if (moved >= (p->pace == PACE_COPY ? MUCH : LITTLE))
		p->pace = PACE_FLOW;
	else if (moved && p->pace != PACE_FLOW)
		p->pace = PACE_COPY;
	return r;
}

const struct way splice_way = {
	.fits = splice_fits,
	.move = splice_move,
};

#else

static bool never_fits(const struct pump *p)
{
	(void)p;
	return false;
}

const struct way splice_way = { .fits = never_fits };

#endif
