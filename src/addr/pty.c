/* Pseudo terminals. */
#include "addr/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "addr/entry.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "endpoint/apply.h"
#include "endpoint/tell.h"

enum {
	MILLISECOND = 1000,
	INTERVAL = 1000 * MILLISECOND,		/* wait-slave, as socat */
	SITOUT_INTERVAL = 50 * MILLISECOND,
	DRAIN_INTERVAL = 10 * MILLISECOND,
	DRAIN_PATIENCE = 1000 * MILLISECOND,
	DRAIN_EMPTY = 3,	/* the kernel refills the queue from another behind it */
};

/* ---- making ------------------------------------------------------------------- */

int pty_make(char name[PTY_NAME])
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);
	int err;

	if (fd < 0)
		return -1;
	if (sys_cloexec(fd) && sys_nonblock(fd) && grantpt(fd) == 0 &&
	    unlockpt(fd) == 0 && ptsname_r(fd, name, PTY_NAME) == 0)
		return fd;
	err = errno;
	sys_close(fd);
	errno = err;
	return -1;
}

int pty_slave(const char *name, int flags)
{
	return open(name, flags | O_NOCTTY | O_CLOEXEC);
}

/* On the master these would change the device that all terminals are made with,
 * or take the terminal for ourselves. */
static bool is_for_slave(const struct optval *v)
{
	switch (v->opt->act.how) {
	case HOW_CHMOD:
	case HOW_CHOWN:
	case HOW_CHGRP:
	case HOW_CTTY:
		return true;
	default:
		return false;
	}
}

static enum io apply_to_master(const struct part *p, int master, enum opt_phase phase,
			       struct fail *f)
{
	for (unsigned i = 0; i < p->nvals; i++) {
		struct part one = *p;

		if (is_for_slave(&p->val[i]))
			continue;
		one.val = &p->val[i];
		one.nvals = 1;
		if (apply_phase(&one, master, phase, f) != IO_OK)
			return IO_FAIL;
	}
	return IO_OK;
}

static int own_slave(const struct optval *v, const char *name)
{
	switch (v->opt->act.how) {
	case HOW_CHMOD:
		return chmod(name, (mode_t)v->num);
	case HOW_CHOWN:
		return chown(name, (uid_t)v->num, (gid_t)-1);
	case HOW_CHGRP:
		return chown(name, (uid_t)-1, (gid_t)v->num);
	default:
		return 0;
	}
}

static enum io apply_to_slave(const struct part *p, const char *name, struct fail *f)
{
	for (unsigned i = 0; i < p->nvals; i++)
		if (own_slave(&p->val[i], name) < 0)
			return fail_sys(f, PHASE_CONFIG, "%s: cannot set %s of %s",
					p->spec->input, p->val[i].name, name);
	return IO_OK;
}

enum io pty_take(struct fd_layer *x, int master, const char *name)
{
	struct endpoint *e = x->l.end;
	const struct part *p = x->l.part;
	struct termios before;
	bool changed;

	e->rfd = e->wfd = master;
	x->rkind = x->wkind = FD_TTY;
	x->worig = -1;
	if (apply_to_master(p, master, PH_FD, e->fail) != IO_OK ||
	    apply_termios(p, master, &before, &changed, e->fail) != IO_OK ||
	    apply_to_master(p, master, PH_LATE, e->fail) != IO_OK)
		return IO_FAIL;
	return apply_to_slave(p, name, e->fail);
}

bool pty_is_idle(int master)
{
	struct pollfd p = { .fd = master };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP);
}

/* ---- its other name -------------------------------------------------------------- */

/* A link into the directory of terminals has been left by somebody who died:
 * whoever lives removes his.  Anything else is not ours to remove. */
static bool is_stale_link(const char *path, const char *name)
{
	size_t dir = (size_t)(strrchr(name, '/') + 1 - name);
	char to[PTY_NAME];
	ssize_t n = readlink(path, to, sizeof(to));

	return n > (ssize_t)dir && strncmp(to, name, dir) == 0;
}

static enum io link_failed(const char *path, struct fail *f)
{
	if (errno == EEXIST)
		return fail_say(
			f, PHASE_WRITE, EEXIST,
			"link=%s: something of that name exists and is no link to a terminal (unlink-early removes it)",
			path);
	return fail_sys(f, PHASE_WRITE, "link=%s: cannot make the link", path);
}

static enum io make_link(const struct part *p, const char *name, const char *path,
			 char **link, struct fail *f)
{
	if (part_has(p, OPT_UNLINK_EARLY) || part_has(p, OPT_UNLINK) ||
	    is_stale_link(path, name))
		unlink(path);
	if (symlink(name, path) < 0)
		return link_failed(path, f);
	if (!part_num(p, OPT_UNLINK_CLOSE, 1))
		return IO_OK;
	*link = entry_absolute(path);
	if (*link)
		return IO_OK;
	unlink(path);
	return fail_memory(f);
}

enum io pty_link(const struct part *p, const char *name, char **link, struct fail *f)
{
	const char *path = part_text(p, OPT_LINK, NULL);
	struct workplace w;
	enum io r;

	if (!path)
		return IO_OK;
	if (apply_enter(p, &w, f) != IO_OK)
		return IO_FAIL;
	r = make_link(p, name, path, link, f);
	apply_leave(&w);
	return r;
}

void pty_unlink(char *link, const char *name)
{
	char to[PTY_NAME];
	ssize_t n = link ? readlink(link, to, sizeof(to) - 1) : -1;

	if (n >= 0) {
		to[n] = '\0';
		if (strcmp(to, name) == 0)
			unlink(link);
	}
	mem_free(link);
}

/* ---- ending ------------------------------------------------------------------- */

bool pty_has_eof(int master, char *eof)
{
	struct termios t;

	if (tcgetattr(master, &t) < 0 || !(t.c_lflag & ICANON) ||
	    t.c_cc[VEOF] == (cc_t)_POSIX_VDISABLE)
		return false;
	*eof = (char)t.c_cc[VEOF];
	return true;
}

enum io pty_write_eof(int master, bool begun, unsigned *sent)
{
	unsigned needed = begun ? 2 : 1;
	char eof;

	while (*sent < needed && pty_has_eof(master, &eof)) {
		ssize_t n = write(master, &eof, 1);

		if (n == 1)
			++*sent;
		else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return IO_WRITE;
		else if (n == 0 || errno != EINTR)
			return IO_EOF;
	}
	return *sent ? IO_OK : IO_EOF;
}

static enum io drain_end(struct pty_drain *d)
{
	sys_close(d->slave);
	d->slave = -1;
	return IO_OK;
}

/* What is written to the master gets to the reader's queue by a thread of the kernel,
 * which a busy machine may keep waiting: poll(2) has it done first.  False: nobody can
 * tell. */
static bool unread(int slave, int *bytes)
{
	struct pollfd p = { .fd = slave, .events = POLLIN };

	return poll(&p, 1, 0) >= 0 && ioctl(slave, FIONREAD, bytes) == 0;
}

enum io pty_drain_run(struct pty_drain *d, struct endpoint *e, const char *name)
{
	uint64_t now = loop_now(e->loop);
	int left = 0;

	if (!d->started) {
		d->started = true;
		d->timer = (struct timer){ .fn = endpoint_woken, .owner = e };
		d->moved = now;
		d->slave = pty_is_idle(e->wfd) ? -1
					       : pty_slave(name, O_RDONLY | O_NONBLOCK);
	}
	if (d->slave < 0)
		return IO_OK;
	if (!unread(d->slave, &left))
		return drain_end(d);
	if (left != d->left)
		d->moved = now;
	d->left = left;
	d->empty = left ? 0 : d->empty + 1;
	if (d->empty >= DRAIN_EMPTY)
		return drain_end(d);
	if (now >= d->moved + DRAIN_PATIENCE) {
		fail_say(fail_record(e->missing), PHASE_WRITE, ETIMEDOUT,
			 "%s: what came last was not read from the terminal",
			 e->spec->input);
		return drain_end(d);
	}
	return timer_set(e->loop, &d->timer, now + DRAIN_INTERVAL) ? IO_WAIT
								   : fail_memory(e->fail);
}

void pty_drain_free(struct pty_drain *d, struct loop *l)
{
	if (!d->started)
		return;
	timer_stop(l, &d->timer);
	drain_end(d);
}

/* ---- the address pty ------------------------------------------------------------ */

struct pty {
	struct fd_layer x;
	char name[PTY_NAME];
	char *link;			/* own: see pty_link() */
	struct timer timer;
	struct pty_drain drain;
	bool made;
	bool began_line;		/* the last byte written was no newline */
	bool wrote;
	unsigned eof_sent;
	uint64_t idle_since;		/* sitout-eio=; 0 = in use */
};

static enum io wait_a_while(struct pty *x, uint64_t usec)
{
	struct endpoint *e = x->x.l.end;

	x->timer.fn = endpoint_woken;
	x->timer.owner = e;
	if (timer_set(e->loop, &x->timer, loop_now(e->loop) + usec))
		return IO_WAIT;
	return fail_memory(e->fail);
}

/* The kernel says "nobody has it open" only after somebody had. */
static void open_once(const struct pty *x)
{
	sys_close(pty_slave(x->name, O_RDWR | O_NONBLOCK));
}

static enum io make(struct pty *x)
{
	struct endpoint *e = x->x.l.end;
	int master = pty_make(x->name);

	if (master < 0)
		return fail_sys(e->fail, PHASE_CONNECT, "cannot make a pseudo terminal");
	if (pty_take(&x->x, master, x->name) != IO_OK)
		return IO_FAIL;
	if (part_has(x->x.l.part, OPT_WAIT_SLAVE))
		open_once(x);
	if (pty_link(x->x.l.part, x->name, &x->link, e->fail) != IO_OK)
		return IO_FAIL;
	log_say(LEVEL_NOTICE, "PTY is %s", x->name);
	endpoint_reachable(e, x->name);
	x->made = true;
	return IO_OK;
}

/* Somebody may have come and gone between two looks: what he wrote tells. */
static bool nobody_came(int master)
{
	struct pollfd p = { .fd = master, .events = POLLIN };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) && !(p.revents & POLLIN);
}

static enum io open_pty(struct layer *l)
{
	struct pty *x = (struct pty *)l;

	if (!x->made && make(x) != IO_OK)
		return IO_FAIL;
	if (part_has(l->part, OPT_WAIT_SLAVE) && nobody_came(l->end->rfd))
		return wait_a_while(x, part_usec(l->part, OPT_PTY_INTERVAL, INTERVAL));
	return IO_OK;
}

/* Nobody has it open any more: the end, unless sitout-eio= gives time for the next. */
static enum io sit_out(struct pty *x)
{
	uint64_t limit = part_usec(x->x.l.part, OPT_SITOUT_EIO, 0);
	uint64_t now = loop_now(x->x.l.end->loop);

	if (!x->idle_since)
		x->idle_since = now;
	if (now >= x->idle_since + limit)
		return IO_EOF;
	return wait_a_while(x, SITOUT_INTERVAL);
}

static enum io read_pty(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct pty *x = (struct pty *)l;
	enum io r = fd_read(l, to, cap, n);

	if (r == IO_EOF)
		return sit_out(x);
	x->idle_since = 0;
	return r;
}

static enum io write_pty(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct pty *x = (struct pty *)l;
	enum io r = fd_write(l, from, len, n);

	if (r == IO_OK && *n) {
		x->began_line = ((const char *)from)[*n - 1] != '\n';
		x->wrote = true;
	}
	return r;
}

static enum io shut_pty(struct layer *l)
{
	struct pty *x = (struct pty *)l;
	enum io r;

	/* an end of nothing is no news to the terminal's user, who decides when
	 * the other direction ends */
	if (!x->wrote)
		return IO_OK;
	r = pty_write_eof(l->end->wfd, x->began_line, &x->eof_sent);
	if (r == IO_WRITE)
		return r;
	r = pty_drain_run(&x->drain, l->end, x->name);
	return r == IO_OK ? fd_shut(l) : r;
}

static void free_pty(struct layer *l)
{
	struct pty *x = (struct pty *)l;

	timer_stop(l->end->loop, &x->timer);
	pty_drain_free(&x->drain, l->end->loop);
	pty_unlink(x->link, x->name);
}

const struct layer_ops pty_ops = {
	.size = sizeof(struct pty),
	.open = open_pty,
	.read = read_pty,
	.write = write_pty,
	.shut = shut_pty,
	.free = free_pty,
};
