/* Reading, writing and shutting descriptors, whatever stands behind them. */
#include "addr/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "base/text.h"
#include "endpoint/apply.h"

/* ---- what is it? ----------------------------------------------------------- */

static enum fd_kind socket_kind(int fd)
{
	int type = SOCK_STREAM;
	socklen_t len = sizeof(type);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return type == SOCK_STREAM ? FD_SOCKET : FD_DGRAM;
}

static enum fd_kind kind_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return FD_OTHER;
	if (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))
		return FD_FILE;
	if (S_ISFIFO(st.st_mode))
		return FD_PIPE;
	if (S_ISSOCK(st.st_mode))
		return socket_kind(fd);
	return isatty(fd) ? FD_TTY : FD_OTHER;
}

static bool is_network(int fd)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);

	return getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
	       sa.ss_family != AF_UNIX;
}

static bool is_socket(enum fd_kind k)
{
	return k == FD_SOCKET || k == FD_DGRAM;
}

/* ---- taking over ----------------------------------------------------------- */

/* Terminals get their old modes back in the end. */
static enum io apply_modes(struct fd_layer *x, int fd)
{
	struct endpoint *e = x->l.end;
	struct termios before;
	bool changed = false;

	if (apply_termios(x->l.part, fd, &before, &changed, e->fail) != IO_OK)
		return IO_FAIL;
	if (!changed)
		return IO_OK;
	x->modes = mem_new(1, sizeof(*x->modes));
	if (!x->modes)
		return fail_memory(e->fail);
	*x->modes = (struct modes){ .fd = fd, .before = before };
	return IO_OK;
}

static void restore_modes(struct fd_layer *x)
{
	if (x->modes)
		tcsetattr(x->modes->fd, TCSADRAIN, &x->modes->before);
	mem_free(x->modes);
	x->modes = NULL;
}

static enum io apply_all(struct fd_layer *x, int fd)
{
	struct endpoint *e = x->l.end;

	if (apply_phase(x->l.part, fd, PH_FD, e->fail) != IO_OK ||
	    (!x->modes && apply_modes(x, fd) != IO_OK))
		return IO_FAIL;
	return apply_phase(x->l.part, fd, PH_LATE, e->fail);
}

static void become(struct fd_layer *x, int rfd, int wfd)
{
	x->l.end->rfd = rfd;
	x->l.end->wfd = wfd;
	if (!x->worig)
		x->worig = -1;
}

static void tell_kinds(struct fd_layer *x, enum fd_kind rkind, enum fd_kind wkind)
{
	struct endpoint *e = x->l.end;

	x->rkind = rkind;
	x->wkind = wkind;
	e->rkind = x->rblocking ? FD_NONE : rkind;
	e->wkind = x->wblocking ? FD_NONE : wkind;
	e->messages = rkind == FD_DGRAM;
}

enum io fd_take(struct fd_layer *x, int rfd, int wfd)
{
	struct endpoint *e = x->l.end;
	int fd = rfd >= 0 ? rfd : wfd;
	enum fd_kind kind;

	become(x, rfd, wfd);
	if (fd < 0)
		return IO_OK;
	kind = kind_of(fd);
	tell_kinds(x, kind, wfd >= 0 && wfd != fd ? kind_of(wfd) : kind);
	e->network = is_socket(x->rkind) && is_network(fd);
	if (apply_all(x, fd) != IO_OK)
		return IO_FAIL;
	return wfd >= 0 && wfd != fd ? apply_all(x, wfd) : IO_OK;
}

enum io fd_take_socket(struct fd_layer *x, int fd)
{
	const struct part *p = x->l.part;
	const long long type = part_num(p, OPT_SOCKTYPE, p->type->socktype);
	const enum fd_kind kind = type == SOCK_STREAM ? FD_SOCKET : FD_DGRAM;

	if (!type)
		return fd_take(x, fd, fd);
	become(x, fd, fd);
	tell_kinds(x, kind, kind);
	x->l.end->network = p->type->family != AF_UNIX;
	return apply_all(x, fd);
}

/* A descriptor of our own for one that others share.  Files keep their common
 * offset, sockets have MSG_DONTWAIT: a copy will do for both. */
static int own_copy(int fd, int flags, bool *blocking)
{
	enum fd_kind k = kind_of(fd);
	int copy = -1;

	if (k == FD_PIPE || k == FD_TTY)
		copy = sys_reopen(fd, flags);
	*blocking = copy < 0 && (k == FD_PIPE || k == FD_TTY);
	return copy >= 0 ? copy : sys_dup(fd);
}

static enum io inherit_failed(struct fd_layer *x, int fd)
{
	return fail_sys(x->l.end->fail, PHASE_CONNECT, "cannot use descriptor %d", fd);
}

enum io fd_inherit(struct fd_layer *x, int rfd, int wfd)
{
	int r = -1, w = -1;

	if (rfd >= 0) {
		r = own_copy(rfd, O_RDONLY, &x->rblocking);
		if (r < 0)
			return inherit_failed(x, rfd);
	}
	if (wfd >= 0 && wfd == rfd && is_socket(kind_of(rfd))) {
		w = r;
	} else if (wfd >= 0) {
		w = own_copy(wfd, O_WRONLY, &x->wblocking);
		if (w < 0) {
			sys_close(r);
			return inherit_failed(x, wfd);
		}
	}
	if (wfd == STDOUT_FILENO)
		log_beside_data();
	x->worig = wfd;
	return fd_take(x, r, w);
}

/* ---- reading --------------------------------------------------------------- */

static bool ready_now(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) > 0;
}

/* An empty message and the end look alike.  Only the end hangs up, and behind it
 * nothing waits to be read. */
static bool hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };
	int waiting = 0;

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP)) &&
	       (ioctl(fd, FIONREAD, &waiting) < 0 || waiting == 0);
}

static enum io read_failed(struct fd_layer *x)
{
	struct endpoint *e = x->l.end;

	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return IO_READ;
	if (errno == EIO && x->rkind == FD_TTY)
		return IO_EOF;	/* the terminal's other side is gone */
	return fail_sys(e->fail, is_socket(x->rkind) ? PHASE_RECEIVE : PHASE_READ,
			"cannot read from %s", e->spec->input);
}

static enum io read_message(struct fd_layer *x, void *to, size_t cap, size_t *n)
{
	struct endpoint *e = x->l.end;
	struct iovec v = { .iov_base = to, .iov_len = cap };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t got;

	do
		got = recvmsg(e->rfd, &m, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return read_failed(x);
	if (m.msg_flags & MSG_TRUNC)
		return fail_say(
			e->fail, PHASE_RECEIVE, EMSGSIZE,
			"a message from %s is longer than the %zu bytes that -b allows",
			e->spec->input, cap);
	if (got == 0 && (part_has(x->l.part, OPT_NULL_EOF) || hung_up(e->rfd)))
		return IO_EOF;
	*n = (size_t)got;
	return IO_OK;
}

enum io fd_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct fd_layer *x = (struct fd_layer *)l;
	int fd = l->end->rfd;
	ssize_t got;

	if (fd < 0)
		return IO_EOF;
	if (x->rkind == FD_DGRAM)
		return read_message(x, to, cap, n);
	if (x->rblocking && !ready_now(fd, POLLIN))
		return IO_READ;
	do
		got = x->rkind == FD_SOCKET ? recv(fd, to, cap, MSG_DONTWAIT)
					    : read(fd, to, cap);
	while (got < 0 && errno == EINTR);
	if (!got && x->broken) {
		got = -1;
		errno = x->broken;
	}
	if (got < 0)
		return read_failed(x);
	*n = (size_t)got;
	return got ? IO_OK : IO_EOF;
}

/* ---- writing --------------------------------------------------------------- */

static enum io write_failed(struct fd_layer *x, size_t len)
{
	struct endpoint *e = x->l.end;

	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		return IO_WRITE;
	if ((errno == EPIPE || errno == ECONNRESET) &&
	    part_has(x->l.part, OPT_COOL_WRITE)) {
		log_say(LEVEL_NOTICE, "%s takes no more: %s", e->spec->input,
			fail_errno_text(errno));
		return IO_EOF;
	}
	if (errno == EMSGSIZE)
		return fail_sys(e->fail, PHASE_SEND,
				"cannot send a message of %zu bytes to %s", len,
				e->spec->input);
	return fail_sys(e->fail, is_socket(x->wkind) ? PHASE_SEND : PHASE_WRITE,
			"cannot write to %s", e->spec->input);
}

/* Whoever reads there will tell, once what came has been read. */
static bool left_to_the_reader(const struct fd_layer *x)
{
	const struct endpoint *e = x->l.end;

	return x->broken && e->reads && e->nopen == e->nlayers;
}

enum io fd_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct fd_layer *x = (struct fd_layer *)l;
	int fd = l->end->wfd;
	ssize_t put;

	if (fd < 0)
		return fail_say(l->end->fail, PHASE_WRITE, EBADF,
				"%s is closed for writing", l->end->spec->input);
	if (left_to_the_reader(x))
		return IO_WAIT;
	if (x->wblocking) {
		/* a write of this size to a pipe that polls writable never blocks */
		if (!ready_now(fd, POLLOUT))
			return IO_WRITE;
		len = len < PIPE_BUF ? len : PIPE_BUF;
	}
	do
		put = is_socket(x->wkind)
			      ? send(fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL)
			      : write(fd, from, len);
	while (put < 0 && errno == EINTR);
	if (put < 0)
		return write_failed(x, len);
	*n = (size_t)put;
	return IO_OK;
}

/* ---- no more to write ------------------------------------------------------ */

static enum io shut_null(struct fd_layer *x)
{
	if (send(x->l.end->wfd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK))
		return IO_WRITE;
	return IO_EOF;
}

static enum io shut_socket(struct fd_layer *x)
{
	if (part_has(x->l.part, OPT_SHUT_NULL))
		return shut_null(x);
	if (shutdown(x->l.end->wfd, SHUT_WR) < 0 && errno != ENOTCONN)
		return fail_sys(x->l.end->fail, PHASE_SEND, "cannot end the stream to %s",
				x->l.end->spec->input);
	return x->wkind == FD_DGRAM && x->l.end->network ? IO_EOF : IO_OK;
}

/* The reader at the other end of our pipe sees the end only when every copy is
 * closed, the one we were started with too.  Its number stays taken, so that no
 * later descriptor gets it by accident. */
static void close_original(struct fd_layer *x)
{
	int null;

	if (x->worig < 0 || x->l.end->shared)
		return;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, x->worig);
		sys_close(null);
	}
	x->worig = -1;
}

static enum io shut_close(struct fd_layer *x)
{
	struct endpoint *e = x->l.end;

	if (e->wwatch)
		watch_set(e->loop, e->wwatch, 0);
	if (x->modes && x->modes->fd == e->wfd)
		restore_modes(x);
	sys_close(e->wfd);
	e->wfd = -1;
	close_original(x);
	return x->rkind == FD_TTY && e->rfd >= 0 ? IO_EOF : IO_OK;
}

enum io fd_shut(struct layer *l)
{
	struct fd_layer *x = (struct fd_layer *)l;
	struct endpoint *e = l->end;
	const struct part *p = l->part;

	if (x->wshut || e->wfd < 0)
		return IO_OK;
	if (part_has(p, OPT_SHUT_NONE) || part_has(p, OPT_END_CLOSE)) {
		x->wshut = true;
		return IO_EOF;
	}
	if (is_socket(x->wkind) && !part_has(p, OPT_SHUT_CLOSE)) {
		enum io r = shut_socket(x);

		x->wshut = r != IO_WRITE;
		return r;
	}
	x->wshut = true;
	if (e->wfd != e->rfd)
		return shut_close(x);
	return IO_EOF;
}

/* ---- the rest -------------------------------------------------------------- */

bool fd_describe(struct layer *l, struct environment *env)
{
	struct name n;
	char text[NAME_TEXT], port[8];
	bool ok = true;

	if (endpoint_peer(l->end, &n)) {
		ok = environment_add(env, "PEERADDR", name_host(&n, text, sizeof(text)));
		snprintf(port, sizeof(port), "%u", name_port(&n) & 0xffffu);
		if (ok && n.sa.ss_family != AF_UNIX)
			ok = environment_add(env, "PEERPORT", port);
	}
	if (ok && endpoint_local(l->end, &n)) {
		ok = environment_add(env, "SOCKADDR", name_host(&n, text, sizeof(text)));
		snprintf(port, sizeof(port), "%u", name_port(&n) & 0xffffu);
		if (ok && n.sa.ss_family != AF_UNIX)
			ok = environment_add(env, "SOCKPORT", port);
	}
	return ok;
}

void fd_free(struct layer *l)
{
	struct fd_layer *x = (struct fd_layer *)l;

	restore_modes(x);
	if (x->worig > 0)
		close_original(x);
}

/* ---- stdio stdin stdout stderr --------------------------------------------- */

static enum io stdio_open(struct layer *l)
{
	struct endpoint *e = l->end;

	return fd_inherit((struct fd_layer *)l,
			  endpoint_needs_reading(e) ? STDIN_FILENO : -1,
			  endpoint_needs_writing(e) ? STDOUT_FILENO : -1);
}

static enum io stdin_open(struct layer *l)
{
	return fd_inherit((struct fd_layer *)l, STDIN_FILENO, -1);
}

static enum io stdout_open(struct layer *l)
{
	return fd_inherit((struct fd_layer *)l, -1, STDOUT_FILENO);
}

static enum io stderr_open(struct layer *l)
{
	return fd_inherit((struct fd_layer *)l, -1, STDERR_FILENO);
}

/* ---- fd:N ------------------------------------------------------------------- */

static int fd_number(const struct part *p)
{
	long long n = -1;

	text_number(p->arg[0], strlen(p->arg[0]), 0, INT_MAX, &n, NULL);
	return (int)n;
}

static enum io number_prepare(struct part *p, struct fail *f)
{
	int fd = fd_number(p);

	if (fd < 0)
		return fail_at(f, p->spec->input, p->arg_at[0], p->arg_len[0],
			       "\"%s\" is no descriptor number", p->arg[0]);
	if (fcntl(fd, F_GETFD) < 0)
		return fail_say(
			f, PHASE_READ, EBADF,
			"descriptor %d is not open (the shell opens it with %d<>FILE)",
			fd, fd);
	return IO_OK;
}

static enum io number_open(struct layer *l)
{
	struct endpoint *e = l->end;
	int fd = fd_number(l->part);
	int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

	return fd_inherit((struct fd_layer *)l,
			  endpoint_needs_reading(e) && mode != O_WRONLY ? fd : -1,
			  endpoint_needs_writing(e) && mode != O_RDONLY ? fd : -1);
}

#define FD_OPS .size = sizeof(struct fd_layer), .read = fd_read, .write = fd_write, \
	.shut = fd_shut, .describe = fd_describe, .free = fd_free

const struct layer_ops stdio_ops = { FD_OPS, .open = stdio_open };
const struct layer_ops stdin_ops = { FD_OPS, .open = stdin_open };
const struct layer_ops stdout_ops = { FD_OPS, .open = stdout_open };
const struct layer_ops stderr_ops = { FD_OPS, .open = stderr_open };
const struct layer_ops fd_ops = { FD_OPS, .prepare = number_prepare,
				  .open = number_open };
