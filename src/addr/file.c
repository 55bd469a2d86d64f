/* Files, devices and named pipes: open, create, gopen and pipe.
 *
 * Everything is opened non-blocking, so a named pipe needs care: without a reader
 * it can't be opened for writing yet, and without a writer it reads as if it were
 * at its end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "addr/entry.h"
#include "addr/fd.h"
#include "addr/unixclient.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "endpoint/apply.h"

/* How often a named pipe is looked at for a reader. */
enum { AGAIN_USEC = 50 * 1000 };

struct file {
	struct fd_layer x;
	struct timer again;
	char *doomed;			/* own: absolute; removed at the end */
	bool prepared;			/* what comes before opening is done */
	bool fifo;
	bool made;			/* the named pipe is of our making */
};

union gopen {
	struct file file;
	struct dgram socket;
};

static struct fail *fail_of(const struct file *x)
{
	return x->x.l.end->fail;
}

static const char *path_of(const struct file *x)
{
	return x->x.l.part->arg[0];
}

static enum io try_again(struct file *x)
{
	struct endpoint *e = x->x.l.end;

	x->again.fn = endpoint_woken;
	x->again.owner = e;
	return timer_set(e->loop, &x->again, loop_now(e->loop) + AGAIN_USEC)
		       ? IO_WAIT : fail_memory(e->fail);
}

/* ---- opening --------------------------------------------------------------------- */

static int wanted_access(const struct endpoint *e)
{
	if (!endpoint_needs_writing(e))
		return O_RDONLY;
	return endpoint_needs_reading(e) ? O_RDWR : O_WRONLY;
}

static enum io open_failed(const struct file *x, int flags)
{
	int access = flags & O_ACCMODE;
	bool refused = errno == EACCES || errno == EROFS || errno == EISDIR ||
		       errno == EPERM;

	if (access == O_RDWR && refused)
		return fail_sys(
			fail_of(x), PHASE_WRITE,
			"cannot open %s for reading and writing (-u, -U, rdonly or wronly use one direction)",
			path_of(x));
	return fail_sys(fail_of(x), access == O_RDONLY ? PHASE_READ : PHASE_WRITE,
			"cannot open %s for %s", path_of(x),
			access == O_RDONLY ? "reading" :
			access == O_WRONLY ? "writing" : "reading and writing");
}

/* Removal at the end: by option, or because it is the way of the type. */
static enum io doom(struct file *x, bool otherwise)
{
	if (x->doomed || !part_num(x->x.l.part, OPT_UNLINK_CLOSE, otherwise))
		return IO_OK;
	x->doomed = entry_absolute(path_of(x));
	return x->doomed ? IO_OK : fail_memory(fail_of(x));
}

/* A pipe of our own for each direction, so that its end can be told. */
static enum io take_both_ends(struct file *x, int fd)
{
	int r = sys_reopen(fd, O_RDONLY), w = sys_reopen(fd, O_WRONLY);

	if (r < 0 || w < 0) {
		sys_close(r);
		sys_close(w);
		return fd_take(&x->x, fd, fd);
	}
	sys_close(fd);
	return fd_take(&x->x, r, w);
}

static enum io take(struct file *x, int fd, int flags)
{
	int access = flags & O_ACCMODE;
	struct stat st = { 0 };

	x->x.l.end->rfd = x->x.l.end->wfd = fd;		/* for whoever frees it */
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && !(flags & O_DIRECTORY))
		return fail_say(fail_of(x), PHASE_READ, EISDIR,
				"cannot read from %s: it is a directory", path_of(x));
	x->fifo = S_ISFIFO(st.st_mode);
	if (x->fifo && access == O_RDWR)
		return take_both_ends(x, fd);
	return fd_take(&x->x, access == O_WRONLY ? -1 : fd, access == O_RDONLY ? -1 : fd);
}

/* Within the address's chdir= and umask=. */
static enum io open_here(struct file *x, int flags, int *fd)
{
	const struct part *p = x->x.l.part;
	mode_t mode, mask;

	if (!x->prepared && entry_early(p, path_of(x), fail_of(x)) != IO_OK)
		return IO_FAIL;
	x->prepared = true;
	mode = entry_mode(p, &mask);
	do
		*fd = open(path_of(x), flags | O_NONBLOCK | O_CLOEXEC, mode);
	while (*fd < 0 && errno == EINTR);
	umask(mask);
	if (*fd < 0 && errno == ENXIO && (flags & O_ACCMODE) == O_WRONLY &&
	    !(flags & O_NONBLOCK))
		return try_again(x);	/* a named pipe without a reader */
	if (*fd < 0)
		return open_failed(x, flags);
	if (part_has(p, OPT_UNLINK_LATE))
		unlink(path_of(x));
	return doom(x, x->made);
}

/* A step: the file opened and taken. */
static enum io open_with(struct file *x, int flags)
{
	const struct part *p = x->x.l.part;
	struct workplace w;
	int fd = -1;
	enum io r;

	flags = apply_open_flags(p, flags);
	if (apply_enter(p, &w, fail_of(x)) != IO_OK)
		return IO_FAIL;
	r = open_here(x, flags, &fd);
	apply_leave(&w);
	if (r == IO_OK)
		return take(x, fd, flags);
	sys_close(fd);
	return r;
}

static enum io open_open(struct layer *l)
{
	return open_with((struct file *)l, wanted_access(l->end));
}

static enum io create_open(struct layer *l)
{
	return open_with((struct file *)l, O_WRONLY | O_CREAT | O_TRUNC);
}

/* ---- gopen: a socket --------------------------------------------------------------- */

static bool look(const struct part *p, const char *path, struct stat *st, struct fail *f)
{
	struct workplace w;
	bool found;

	if (apply_enter(p, &w, f) != IO_OK)
		return false;
	found = stat(path, st) == 0;
	apply_leave(&w);
	return found;
}

static const struct layer_ops socket_ops = { DGRAM_OPS };

/* From here on the layer is a UNIX client: its struct has room for either. */
static enum io open_socket(struct layer *l)
{
	struct workplace w;
	enum io r;

	l->ops = &socket_ops;
	if (apply_enter(l->part, &w, l->end->fail) != IO_OK)
		return IO_FAIL;
	r = unixclient_open((struct dgram *)l, l->part->arg[0], 0);
	apply_leave(&w);
	return r;
}

static enum io gopen_open(struct layer *l)
{
	struct file *x = (struct file *)l;
	struct stat st;

	if (l->ops == &socket_ops)
		return open_socket(l);
	if (look(l->part, path_of(x), &st, fail_of(x))) {
		if (S_ISSOCK(st.st_mode))
			return open_socket(l);
		return open_with(x, wanted_access(l->end) | O_APPEND);
	}
	if (fail_of(x)->phase != PHASE_NONE)
		return IO_FAIL;
	/* to make what was only to be read would turn a slip into an empty file */
	if (!l->end->writes && !l->part->spec->rules.socat)
		return open_with(x, O_RDONLY);
	return open_with(x, wanted_access(l->end) | O_APPEND | O_CREAT);
}

/* ---- pipe ------------------------------------------------------------------------ */

static enum io make_fifo(struct file *x)
{
	const struct part *p = x->x.l.part;
	mode_t mask, mode = entry_mode(p, &mask);
	int r = mkfifo(path_of(x), mode), err = errno;

	umask(mask);
	x->made = r == 0 || p->spec->rules.socat;
	if (r < 0 && err != EEXIST) {
		errno = err;
		return fail_sys(fail_of(x), PHASE_WRITE, "cannot make the named pipe %s",
				path_of(x));
	}
	if (r == 0)
		log_say(LEVEL_INFO, "made the named pipe %s", path_of(x));
	if (doom(x, x->made) == IO_OK)
		return IO_OK;
	if (r == 0)
		unlink(path_of(x));
	return IO_FAIL;
}

static enum io prepare_fifo(struct file *x)
{
	const struct part *p = x->x.l.part;
	struct workplace w;
	struct stat st;
	enum io r = IO_OK;

	if (apply_enter(p, &w, fail_of(x)) != IO_OK)
		return IO_FAIL;
	if (part_has(p, OPT_UNLINK_EARLY) || part_has(p, OPT_UNLINK) ||
	    stat(path_of(x), &st) == 0)
		r = entry_early(p, path_of(x), fail_of(x));
	x->prepared = true;
	if (r == IO_OK)
		r = make_fifo(x);
	apply_leave(&w);
	return r;
}

static enum io unnamed_pipe(struct file *x)
{
	int fds[2];

	if (sys_pipe(fds, true) < 0)
		return fail_sys(fail_of(x), PHASE_CONNECT, "cannot make a pipe");
	return fd_take(&x->x, fds[0], fds[1]);
}

static enum io pipe_open(struct layer *l)
{
	struct file *x = (struct file *)l;

	if (l->part->nargs == 0)
		return unnamed_pipe(x);
	if (!x->prepared && prepare_fifo(x) != IO_OK)
		return IO_FAIL;
	return open_with(x, wanted_access(l->end));
}

/* ---- relaying --------------------------------------------------------------------- */

/* The kernel reports a hang-up only after there has been a writer. */
static bool had_writer(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP);
}

static enum io file_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	const struct file *x = (struct file *)l;
	enum io r = fd_read(l, to, cap, n);

	return r == IO_EOF && x->fifo && !had_writer(l->end->rfd) ? IO_READ : r;
}

static void file_free(struct layer *l)
{
	struct file *x = (struct file *)l;

	timer_stop(l->end->loop, &x->again);
	if (x->doomed)
		unlink(x->doomed);
	mem_free(x->doomed);
	fd_free(l);
}

#define FILE_OPS .size = sizeof(struct file), .read = file_read, .write = fd_write, \
	.shut = fd_shut, .describe = fd_describe, .free = file_free

const struct layer_ops open_ops = { FILE_OPS, .open = open_open };
const struct layer_ops create_ops = { FILE_OPS, .open = create_open };
const struct layer_ops gopen_ops = {
	.size = sizeof(union gopen),
	.open = gopen_open,
	.read = file_read,
	.write = fd_write,
	.shut = fd_shut,
	.describe = fd_describe,
	.free = file_free,
};
const struct layer_ops pipe_ops = { FILE_OPS, .open = pipe_open };
