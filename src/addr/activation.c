/* Sockets that whoever started us has opened before.
 *
 * LISTEN_PID says for whom they are, LISTEN_FDS how many there are from descriptor 3
 * on, LISTEN_FDNAMES what they are called, with colons between. */
#include "addr/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

enum { FIRST = 3, NAMES_SHOWN = 100 };

/* "sd:" is as good as "sd". */
static bool is_named(const struct part *p)
{
	return p->nargs && *p->arg[0];
}

static enum io none_here(const struct part *p, struct fail *f)
{
	return fail_say(f, PHASE_BIND, ENOENT,
			"%.96s: no socket was handed over (LISTEN_FDS and LISTEN_PID "
			"tell; a systemd .socket unit or systemd-socket-activate does that)",
			p->spec->input);
}

static enum io not_that(const struct part *p, long long n, const char *names,
			struct fail *f)
{
	if (!is_named(p))
		return fail_say(f, PHASE_BIND, EINVAL,
				"%.96s: %lld sockets were handed over; sd:NAME says "
				"which, of %.*s",
				p->spec->input, n, NAMES_SHOWN, names);
	return fail_say(f, PHASE_BIND, ENOENT,
			"%.96s: no socket of that name was handed over; there is %.*s",
			p->spec->input, NAMES_SHOWN, *names ? names : "one without name");
}

/* The place of a name among those between colons; -1 = it is not there. */
static long long place_of(const char *name, const char *names)
{
	size_t want = strlen(name);

	for (long long i = 0;; i++) {
		size_t len = strcspn(names, ":");

		if (len == want && !memcmp(names, name, len))
			return i;
		if (!names[len])
			return -1;
		names += len + 1;
	}
}

/* All of them, whichever is taken: programs are to get none. */
static bool keep_from_programs(long long n)
{
	bool ok = true;

	for (int fd = FIRST; fd < FIRST + n && ok; fd++)
		ok = fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
	return ok;
}

enum io activation_prepare(struct part *p, struct fail *f)
{
	const char *all = getenv("LISTEN_FDNAMES"), *names = all ? all : "";
	long long n = text_variable("LISTEN_FDS", INT_MAX, 0), i;
	int *fd;

	if (n < 1 || text_variable("LISTEN_PID", INT_MAX, 0) != getpid())
		return none_here(p, f);
	if (!keep_from_programs(n))
		return fail_sys(f, PHASE_BIND,
				"%s: LISTEN_FDS=%lld, but not so many descriptors are open",
				p->spec->input, n);
	i = is_named(p) ? place_of(p->arg[0], names) : n == 1 ? 0 : -1;
	if (i < 0 || i >= n)
		return not_that(p, n, names, f);
	fd = mem_new(1, sizeof(*fd));
	if (!fd)
		return fail_memory(f);
	p->prepared = fd;
	*fd = FIRST + (int)i;
	return IO_OK;
}

void activation_unprepare(struct part *p)
{
	mem_free(p->prepared);
	p->prepared = NULL;
}

int activation_fd(const struct part *p)
{
	return *(const int *)p->prepared;
}
