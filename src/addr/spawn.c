/* Starting a program. */
#include "addr/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/platform.h"
#include "loop/signal.h"

/* What the child does, in this order. */
enum stage {
	STAGE_SESSION,
	STAGE_GROUP,
	STAGE_DESCRIPTORS,
	STAGE_TERMINAL,
	STAGE_NETNS,
	STAGE_ROOT,
	STAGE_DIRECTORY,
	STAGE_USER,
	STAGE_EXEC,
};

/* What it tells us if one of them fails. */
struct report {
	enum stage stage;
	int err;
};

/* ---- in the child: system calls only ------------------------------------------ */

static bool enter_session(const struct program *p)
{
	/* a group leader can't have a new session, but it has one: its own */
	return !p->set_session || setsid() >= 0 || errno == EPERM;
}

static bool enter_group(const struct program *p)
{
	bool leads = p->set_session && p->process_group == 0;

	return !p->set_process_group || leads || setpgid(0, p->process_group) == 0;
}

static int highest(const struct placement *at)
{
	int top = at->in_at > at->out_at ? at->in_at : at->out_at;

	return top > STDERR_FILENO ? top : STDERR_FILENO;
}

/* Copies above all numbers that will be written to, so that none destroys
 * another; then each to its place. */
static bool place_descriptors(const struct placement *at, int *report)
{
	int above = highest(at) + 1;
	int in = at->in < 0 ? -1 : fcntl(at->in, F_DUPFD_CLOEXEC, above);
	int out = at->out < 0 ? -1 : fcntl(at->out, F_DUPFD_CLOEXEC, above);

	if ((at->in >= 0 && in < 0) || (at->out >= 0 && out < 0))
		return false;
	if (*report >= 0) {
		*report = fcntl(*report, F_DUPFD_CLOEXEC, above);
		if (*report < 0)
			return false;
	}
	return (in < 0 || dup2(in, at->in_at) >= 0) &&
	       (out < 0 || dup2(out, at->out_at) >= 0) &&
	       (out < 0 || !at->err || dup2(out, STDERR_FILENO) >= 0);
}

/* As shells do: a file that may not be run is passed over, but remembered; a
 * directory of the search path that may not be searched is as good as empty. */
static int try_files(const struct program *p)
{
	int worst = ENOENT;
	struct stat st;

	for (char *const *file = p->file; *file; file++) {
		execve(*file, p->argv, p->env);
		if (errno == ENOEXEC) {
			p->script_argv[1] = *file;
			execve("/bin/sh", p->script_argv, p->env);
		}
		if (errno == EACCES)
			worst = !p->file[1] || stat(*file, &st) == 0 ? EACCES : worst;
		else if (errno != ENOENT && errno != ENOTDIR)
			return errno;
	}
	return worst;
}

/* Returns only if something failed, with errno. */
static enum stage become(const struct program *p, const struct placement *at, int *report)
{
	if (!enter_session(p))
		return STAGE_SESSION;
	if (!enter_group(p))
		return STAGE_GROUP;
	if (at->tty >= 0 && ioctl(at->tty, TIOCSCTTY, 0) < 0)
		return STAGE_TERMINAL;
	if (!place_descriptors(at, report))
		return STAGE_DESCRIPTORS;
	if (p->netns && !sys_enter_netns(p->netns))
		return STAGE_NETNS;
	if (!identity_enter_root(p->identity))
		return STAGE_ROOT;
	if (p->dir && chdir(p->dir) < 0)
		return STAGE_DIRECTORY;
	if (p->set_umask)
		umask(p->umask);
	if (!identity_become_user(p->identity))
		return STAGE_USER;
	signal_reset_for_child();
	errno = try_files(p);
	return STAGE_EXEC;
}

/* ---- what failed ---------------------------------------------------------------- */

static enum io exec_failed(const struct program *p, int err, struct fail *f)
{
	bool missing = err == ENOENT || err == ENOTDIR;
	bool path = strchr(p->name, '/');

	if (missing && !path)
		return fail_say(f, PHASE_CHILD, 127,
				"program \"%s\" not found in any directory of PATH",
				p->name);
	return fail_say(f, PHASE_CHILD, missing ? 127 : 126,
			"cannot run program \"%s\": %s", p->name, fail_errno_text(err));
}

static enum io stage_failed(const struct program *p, struct report r, struct fail *f)
{
	static const char *const what[] = {
		[STAGE_SESSION] = "cannot give it a session of its own",
		[STAGE_GROUP] = "cannot set its process group",
		[STAGE_DESCRIPTORS] = "cannot give it its descriptors",
		[STAGE_TERMINAL] = "cannot make the terminal control it",
		[STAGE_NETNS] = "cannot enter its network namespace",
		[STAGE_ROOT] = "cannot change its root directory",
		[STAGE_DIRECTORY] = "cannot change its directory",
		[STAGE_USER] = "cannot change its user or group",
	};
	const char *dir = r.stage == STAGE_ROOT ? p->identity->root :
			  r.stage == STAGE_DIRECTORY ? p->dir : NULL;

	if (r.stage == STAGE_EXEC)
		return exec_failed(p, r.err, f);
	return fail_say(f, PHASE_CONFIG, r.err, "program \"%s\": %s%s%s: %s", p->name,
			what[r.stage], dir ? " to " : "", dir ? dir : "",
			fail_errno_text(r.err));
}

/* ---- in the parent -------------------------------------------------------------- */

static void run_child(const struct program *p, const struct placement *at, int report)
{
	struct report r;
	ssize_t n;

	r.stage = become(p, at, &report);
	r.err = errno;
	do
		n = write(report, &r, sizeof(r));
	while (n < 0 && errno == EINTR);
	_exit(127);
}

pid_t spawn_child(const struct program *p, const struct placement *at, int *report,
		  struct fail *f)
{
	sigset_t all, before;
	int ends[2];
	pid_t pid;

	if (sys_pipe(ends, false) < 0) {
		fail_sys(f, PHASE_CONFIG, "cannot start program \"%s\"", p->name);
		return -1;
	}
	sys_nonblock(ends[0]);
	/* no handler of ours may run in the child */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid = fork();
	if (pid == 0)
		run_child(p, at, ends[1]);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sys_close(ends[1]);
	if (pid < 0) {
		fail_sys(f, PHASE_CONFIG, "cannot start program \"%s\"", p->name);
		sys_close(ends[0]);
		return -1;
	}
	*report = ends[0];
	return pid;
}

enum io spawn_outcome(int report, const struct program *p, struct fail *f)
{
	struct report r;
	ssize_t n;

	do
		n = read(report, &r, sizeof(r));
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return IO_READ;
	return n == (ssize_t)sizeof(r) ? stage_failed(p, r, f) : IO_OK;
}

enum io spawn_here(const struct program *p, const struct placement *at, struct fail *f)
{
	int none = -1;
	struct report r = { .stage = become(p, at, &none) };

	r.err = errno;
	return stage_failed(p, r, f);
}
