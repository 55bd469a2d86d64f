/* Programs: exec, system and shell.
 *
 * A session makes a channel (socket pair, pipes or pseudo terminal), starts the
 * program at its far end and relays through the near one.  With nofork the program
 * gets the other address's descriptors and nothing is relayed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "addr/channel.h"
#include "addr/command.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/spool.h"
#include "loop/child.h"

enum {
	MILLISECOND = 1000,
	/* how long a program that has closed its output may take to end */
	STATUS_PATIENCE = 200 * MILLISECOND,
	/* how often a program on a terminal hears that its input has ended */
	EOF_INTERVAL = 250 * MILLISECOND,
};

struct exec {
	struct fd_layer x;
	struct child child;
	bool started;
	struct watch report;		/* fd own: says if it could not start */
	struct timer timer;		/* for its status, or to wake from outside */
	bool over;			/* its output has ended */
	bool told;			/* that its input has */
	bool waited;			/* long enough for its status */
	char pty[PTY_NAME];		/* the slave's name; "" = no terminal */
	char *link;			/* own: see pty_link() */
	bool cooked;			/* the terminal was in line mode at the start */
	bool begun;			/* the last byte written was no newline */
	unsigned eof_sent;
	struct timer eof_timer;
	struct pty_drain drain;
};

static const struct program *program_of(const struct layer *l)
{
	const struct command *c = l->part->prepared;

	return &c->program;
}

/* ---- the program's end ----------------------------------------------------------- */

/* What the user wrote: a program's name, or a command line for a shell. */
static const char *written(const struct layer *l)
{
	const struct part *p = l->part;
	const bool line = !(p->type->groups & G_EXEC) && p->nargs && *p->arg[0];

	return line ? p->arg[0] : program_of(l)->name;
}

static void log_status(const struct exec *x, int status)
{
	const char *name = written(&x->x.l);
	bool killed = WIFSIGNALED(status);
	int code = killed ? WTERMSIG(status) : WEXITSTATUS(status);

	if (log_is_socat())
		log_say(LEVEL_WARNING, "waitpid(-1): child %d exited %s %d",
			(int)x->child.pid, killed ? "on signal" : "with status", code);
	else
		log_say(LEVEL_WARNING, "program \"%s\" %s %d", name,
			killed ? "was killed by signal" : "exited with status", code);
}

/* Where output and process have ended nobody is left to take what we would write,
 * and the direction towards it need not wait for that to be tried. */
static void wake(struct exec *x)
{
	endpoint_woken(x->x.l.end, x->over && x->child.ended ? READY_ERROR : 0);
}

static void note_status(struct exec *x)
{
	int status = x->child.status;

	if (status)
		log_status(x, status);
	x->x.l.end->child_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
						       : WEXITSTATUS(status);
}

static void child_ended(void *owner, unsigned ready)
{
	struct exec *x = owner;

	(void)ready;
	/* before it has reported, the status may be that of a failed start */
	if (x->report.fd < 0)
		note_status(x);
	wake(x);
}

static void timer_due(void *owner, unsigned ready)
{
	struct exec *x = owner;

	(void)ready;
	x->waited = true;
	wake(x);
}

static bool set_timer(struct exec *x, struct timer *t, uint64_t usec)
{
	struct loop *loop = x->x.l.end->loop;

	return timer_set(loop, t, loop_now(loop) + usec);
}

/* ---- starting --------------------------------------------------------------------- */

static unsigned signals_to_pass(const struct part *p)
{
	return (part_has(p, OPT_SIGHUP) ? 1u << SIGHUP : 0) |
	       (part_has(p, OPT_SIGINT) ? 1u << SIGINT : 0) |
	       (part_has(p, OPT_SIGQUIT) ? 1u << SIGQUIT : 0);
}

/* A session of its own on a terminal is of use only if that terminal controls it:
 * else the interrupt character interrupts nothing.  socat wants it said. */
static bool controls(const struct part *p)
{
	bool otherwise = part_has(p, OPT_SETSID) && !p->spec->rules.socat;

	return part_num(p, OPT_CTTY, otherwise);
}

static struct placement place(const struct exec *x, int in, int out)
{
	const struct layer *l = &x->x.l;

	return (struct placement){
		.in = endpoint_needs_writing(l->end) ? in : -1,
		.out = endpoint_needs_reading(l->end) ? out : -1,
		.in_at = (int)part_num(l->part, OPT_FDIN, STDIN_FILENO),
		.out_at = (int)part_num(l->part, OPT_FDOUT, STDOUT_FILENO),
		.err = part_has(l->part, OPT_STDERR),
		.tty = *x->pty && controls(l->part) ? in : -1,
	};
}

static enum io start_child(struct exec *x, const struct program *p,
			   const struct placement *at)
{
	struct endpoint *e = x->x.l.end;
	int report;
	pid_t pid = spawn_child(p, at, &report, e->fail);

	if (pid < 0)
		return IO_FAIL;
	x->report = (struct watch){ .fd = report, .fn = endpoint_woken, .owner = e };
	x->child = (struct child){
		.pid = pid,
		.pass = signals_to_pass(x->x.l.part),
		.fn = child_ended,
		.owner = x,
	};
	child_watch(e->loop, &x->child);
	e->child_status = -1;
	log_say(LEVEL_INFO, "program \"%s\" runs as process %d", p->name, (int)pid);
	return IO_OK;
}

/* A program can't be expected to cope with descriptors that do not block. */
static void make_blocking(int fd)
{
	int flags = fd < 0 ? 0 : fcntl(fd, F_GETFL);

	if (flags > 0 && (flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

/* nofork: the other address's descriptors go to the program as they are. */
static bool may_be_direct(const struct exec *x)
{
	const struct endpoint *e = x->x.l.end, *other = e->other;

	return part_has(x->x.l.part, OPT_NOFORK) && other && endpoint_is_raw(other) &&
	       endpoint_is_raw(e) && (!e->writes || other->rfd >= 0) &&
	       (!e->reads || other->wfd >= 0);
}

static enum io start_direct(struct exec *x, const struct program *p)
{
	struct endpoint *e = x->x.l.end;
	const struct placement at = place(x, e->other->rfd, e->other->wfd);

	make_blocking(e->other->rfd);
	make_blocking(e->other->wfd);
	e->direct = true;
	if (e->shared)
		return start_child(x, p, &at);
	log_say(LEVEL_NOTICE, "program \"%s\" takes the place of this process", p->name);
	spool_finish();
	return spawn_here(p, &at, e->fail);
}

static enum io open_terminal(struct exec *x)
{
	const struct layer *l = &x->x.l;
	char eof;

	if (!*x->pty)
		return IO_OK;
	x->cooked = pty_has_eof(l->end->rfd, &eof);
	log_say(LEVEL_NOTICE, "PTY is %s", x->pty);
	return pty_link(l->part, x->pty, &x->link, l->end->fail);
}

static enum io start_relayed(struct exec *x, const struct program *p)
{
	struct channel c;
	enum io r = channel_make(&x->x, &c, x->pty);

	if (r == IO_OK) {
		const struct placement at = place(x, c.in, c.out);

		r = open_terminal(x) == IO_OK ? start_child(x, p, &at) : IO_FAIL;
	}
	channel_close(&c);
	return r;
}

static enum io start(struct exec *x)
{
	struct layer *l = &x->x.l;
	struct program p = *program_of(l);
	struct variables v = { 0 };
	enum io r;

	x->report.fd = -1;
	x->started = true;
	x->timer = (struct timer){ .fn = timer_due, .owner = x };
	if (part_has(l->part, OPT_NOFORK) && l->end->side == 0)
		return fail_say(
			l->end->fail, PHASE_USAGE, EINVAL,
			"%s: nofork is for the second address, the first one must be open before",
			l->end->spec->input);
	if (command_variables(l->part, l->end->other, &v)) {
		p.env = v.all;
		r = may_be_direct(x) ? start_direct(x, &p) : start_relayed(x, &p);
	} else {
		r = fail_memory(l->end->fail);
	}
	variables_free(&v);
	return r;
}

static void close_report(struct exec *x)
{
	watch_set(x->x.l.end->loop, &x->report, 0);
	sys_close(x->report.fd);
	x->report.fd = -1;
}

/* It has told why it could not start, so its status says nothing new. */
static void never_started(struct exec *x)
{
	child_forget(x->x.l.end->loop, &x->child);
	x->child.pid = 0;
}

static enum io exec_open(struct layer *l)
{
	struct exec *x = (struct exec *)l;
	enum io r;

	if (!x->started && start(x) != IO_OK)
		return IO_FAIL;
	r = spawn_outcome(x->report.fd, program_of(l), l->end->fail);
	if (r != IO_READ) {
		close_report(x);
		if (r == IO_FAIL)
			never_started(x);
		else if (x->child.ended)
			note_status(x);
		return r;
	}
	if (!watch_set(l->end->loop, &x->report, READY_READ))
		return fail_sys(l->end->fail, PHASE_INTERNAL,
				"cannot wait for program \"%s\"", program_of(l)->name);
	return IO_WAIT;
}

/* ---- relaying --------------------------------------------------------------------- */

/* The program's going is no failure of ours: its status tells what there is to tell. */
static bool is_gone(const struct fail *f)
{
	return f->code == EPIPE || f->code == ECONNRESET;
}

/* Its output has ended; its status may be a moment behind. */
static enum io read_end(struct exec *x)
{
	if (!x->over) {
		x->over = true;
		if (!set_timer(x, &x->timer, x->child.ended ? 0 : STATUS_PATIENCE))
			return fail_memory(x->x.l.end->fail);
	}
	return x->child.ended || x->waited ? IO_EOF : IO_WAIT;
}

static enum io exec_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct exec *x = (struct exec *)l;
	struct fail *f = l->end->fail, here = { 0 };
	enum io r;

	if (l->end->direct)
		return x->child.ended ? IO_EOF : IO_WAIT;
	if (x->over)
		return read_end(x);
	l->end->fail = &here;
	r = fd_read(l, to, cap, n);
	l->end->fail = f;
	if (r == IO_FAIL && is_gone(&here))
		fail_say(fail_record(l->end->missing), PHASE_WRITE, here.code,
			 "%s: the program has not read all of its input",
			 l->end->spec->input);
	if (r == IO_EOF || (r == IO_FAIL && is_gone(&here)))
		return read_end(x);
	if (r == IO_FAIL && f->phase == PHASE_NONE)
		*f = here;
	return r;
}

/* A program that reads no more may still have something to say: a failed write ends
 * this direction and nothing else. */
static enum io exec_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct exec *x = (struct exec *)l;
	struct fail *f = l->end->fail, here = { 0 };
	enum io r;

	l->end->fail = &here;
	r = fd_write(l, from, len, n);
	l->end->fail = f;
	if (r == IO_OK && *n)
		x->begun = ((const char *)from)[*n - 1] != '\n';
	if (r != IO_FAIL)
		return r;
	if (is_gone(&here) || (*x->pty && here.code == EIO))
		return IO_EOF;
	if (f->phase == PHASE_NONE)
		*f = here;
	return IO_FAIL;
}

/* ---- no more to write ------------------------------------------------------------- */

/* The end of a pipe stays: each read says so again.  On a terminal each
 * end-of-file character serves one read, so it is repeated while the program
 * lives; line editors, which read byte by byte, take it for the end, too. */
static void repeat_eof(void *owner, unsigned ready)
{
	struct exec *x = owner;
	const struct endpoint *e = x->x.l.end;
	struct termios t;

	(void)ready;
	if (x->over || x->child.ended || tcgetattr(e->wfd, &t) < 0)
		return;
	/* without signals it is no line editor but means every byte as it is */
	if ((t.c_lflag & ISIG) && write(e->wfd, &t.c_cc[VEOF], 1) < 0 && errno == EIO)
		return;
	set_timer(x, &x->eof_timer, EOF_INTERVAL);
}

static enum io shut_terminal(struct exec *x)
{
	struct endpoint *e = x->x.l.end;
	enum io r = pty_write_eof(e->wfd, x->begun, &x->eof_sent);

	if (r == IO_WRITE)
		return r;
	if (x->cooked) {
		x->eof_timer = (struct timer){ .fn = repeat_eof, .owner = x };
		return set_timer(x, &x->eof_timer, EOF_INTERVAL) ? IO_OK
								 : fail_memory(e->fail);
	}
	r = pty_drain_run(&x->drain, e, x->pty);
	return r == IO_OK ? IO_EOF : r;
}

static bool may_shut(const struct part *p)
{
	return !part_has(p, OPT_SHUT_NONE) && !part_has(p, OPT_END_CLOSE);
}

static enum io exec_shut(struct layer *l)
{
	struct exec *x = (struct exec *)l;
	enum io r;

	if (l->end->direct)
		return IO_OK;
	r = *x->pty && may_shut(l->part) ? shut_terminal(x) : fd_shut(l);
	x->told = (r == IO_OK || r == IO_EOF) && may_shut(l->part);
	/* with nothing to read, its end is the only sign that it has done its work */
	if ((r == IO_OK || r == IO_EOF) && !l->end->reads && may_shut(l->part) &&
	    !x->child.ended)
		return IO_WAIT;
	return r;
}

/* The layers above are done with it, but it may not be: ssh, say, has the last bytes. */
static bool passes_on(const struct exec *x)
{
	const struct endpoint *e = x->x.l.end;

	return x->told && e->fail->phase == PHASE_NONE && e->spec->nparts > 1 &&
	       !e->spec->rules.socat;
}

static void exec_free(struct layer *l)
{
	struct exec *x = (struct exec *)l;
	struct loop *loop = l->end->loop;

	if (!x->started)
		return;
	timer_stop(loop, &x->timer);
	timer_stop(loop, &x->eof_timer);
	pty_drain_free(&x->drain, loop);
	pty_unlink(x->link, x->pty);
	close_report(x);
	if (x->child.pid > 0 && !x->child.ended) {
		child_forget(loop, &x->child);
		if (!part_has(l->part, OPT_END_CLOSE) && !passes_on(x))
			kill(x->child.pid, SIGTERM);
	}
	fd_free(l);
}

const struct layer_ops exec_ops = {
	.size = sizeof(struct exec),
	.prepare = command_prepare,
	.unprepare = command_unprepare,
	.open = exec_open,
	.read = exec_read,
	.write = exec_write,
	.shut = exec_shut,
	.free = exec_free,
};
