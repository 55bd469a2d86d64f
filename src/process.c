/* Lock file, limits, descriptors. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/platform.h"

/* --- lock file ------------------------------------------------------------------ */

/* The pid that somebody wrote into the file; 0 if there is none to be found. */
static long holder(const char *path)
{
	char text[32] = "";
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	const long pid = n > 0 ? strtol(text, NULL, 10) : 0;

	sys_close(fd);
	return pid > 0 ? pid : 0;
}

static enum io taken(const char *path, struct fail *f)
{
	const long pid = holder(path);

	if (!pid)
		return fail_say(f, PHASE_CONFIG, EEXIST,
				"the lock file %s is there: somebody holds it, or it was "
				"left behind",
				path);
	if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
		return fail_say(f, PHASE_CONFIG, EEXIST,
				"the lock file %s was left by process %ld, which is "
				"gone: remove it",
				path, pid);
	return fail_say(f, PHASE_CONFIG, EEXIST,
			"the lock file %s is held by process %ld", path, pid);
}

static pid_t owner;	/* of the file */

static void write_pid(int fd)
{
	char text[32];
	const int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* The lock is the file's being there; what is in it only helps people. */
	if (write(fd, text, (size_t)n) != n)
		log_say(LEVEL_WARNING,
			"the lock file is there, but the pid could not be written to it");
	sys_close(fd);
}

enum io process_lock(const char *path, bool wait, struct fail *f)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };

	for (bool told = false;; told = true) {
		const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		if (fd >= 0) {
			owner = getpid();
			write_pid(fd);
			return IO_OK;
		}
		if (errno != EEXIST)
			return fail_sys(f, PHASE_CONFIG, "cannot make the lock file %s",
					path);
		if (!wait)
			return taken(path, f);
		if (!told)
			log_say(LEVEL_NOTICE, "waiting until the lock file %s is gone",
				path);
		nanosleep(&pause, NULL);
	}
}

void process_unlock(const char *path)
{
	if (path && owner == getpid())
		unlink(path);
}

/* --- limits --------------------------------------------------------------------- */

/* Set once at start; a child between fork and exec has no other way to know. */
static struct rlimit before;

void process_restore_limits(void)
{
	if (before.rlim_max)
		setrlimit(RLIMIT_NOFILE, &before);
}

void process_raise_limits(void)
{
	const bool again = before.rlim_max;
	struct rlimit all;

	if (getrlimit(RLIMIT_NOFILE, &all) < 0 || all.rlim_cur == all.rlim_max)
		return;
	before = all;
	all.rlim_cur = all.rlim_max;
	/* Programs that use select(2) break with descriptors above 1023. */
	if (setrlimit(RLIMIT_NOFILE, &all) < 0 ||
	    (!again && pthread_atfork(NULL, NULL, process_restore_limits) != 0))
		process_restore_limits();
}

/* --- descriptors ---------------------------------------------------------------- */

void process_fill_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
}

static const char *kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFDIR: return "directory";
	case S_IFCHR: return "character device";
	case S_IFBLK: return "block device";
	case S_IFIFO: return "pipe";
	case S_IFSOCK: return "socket";
	default: return "something";
	}
}

void process_list_fds(FILE *to)
{
	static const char *const way[] = { "reading", "writing", "reading and writing",
					   "nothing" };
	struct stat st;

	for (int fd = 0; fd < 1024; fd++) {
		const int flags = fcntl(fd, F_GETFL);

		if (flags < 0 || fstat(fd, &st) < 0)
			continue;
		fprintf(to, "descriptor %d: %s%s, for %s, device %llu, inode %llu\n", fd,
			kind(st.st_mode), isatty(fd) ? " (terminal)" : "",
			way[flags & O_ACCMODE], (unsigned long long)st.st_dev,
			(unsigned long long)st.st_ino);
	}
}
