/* Child processes: reaped as they end, their owners woken.
 *
 * Reaping happens in the loop and nowhere else.  So a process that ends between
 * fork(2) and child_watch() is still there when SIGCHLD is delivered: both calls
 * are made in one wake-up, and the loop comes round after it. */
#include "loop/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "loop/signal.h"

struct children {
	struct loop *loop;	/* ref */
	struct child *first;	/* ref */
};

/* Takes the child with this pid, or the very one given, out of the list. */
static struct child *take(struct children *all, pid_t pid, const struct child *which)
{
	for (struct child **at = &all->first; *at != NULL; at = &(*at)->next) {
		struct child *c = *at;

		if (which != NULL ? c != which : c->pid != pid)
			continue;
		*at = c->next;
		c->next = NULL;
		loop_release(all->loop);
		return c;
	}
	return NULL;
}

/* Unknown ones were forgotten, or came with us through exec(3). */
static void ended(struct children *all, pid_t pid, int status)
{
	struct child *c = take(all, pid, NULL);

	if (c == NULL)
		return;
	c->ended = true;
	c->status = status;
	if (c->fn != NULL)
		c->fn(c->owner, READY_WAKE);
}

static void reap(void *owner, int signo)
{
	struct children *all = owner;
	int status;
	pid_t pid;

	(void)signo;
	for (;;) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0)
			ended(all, pid, status);
		else if (pid == 0 || errno != EINTR)
			break;
	}
}

bool children_start(struct loop *l, struct fail *f)
{
	struct children *all = mem_new(1, sizeof(*all));

	if (all == NULL) {
		fail_memory(f);
		return false;
	}
	all->loop = l;
	if (!signal_catch(l, SIGCHLD, reap, all)) {
		fail_sys(f, PHASE_INTERNAL, "cannot watch child processes");
		mem_free(all);
		return false;
	}
	loop_services(l)->children = all;
	return true;
}

void children_end(struct loop *l)
{
	struct children *all = loop_services(l)->children;

	if (all == NULL)
		return;
	signal_catch(l, SIGCHLD, NULL, NULL);
	while (all->first != NULL)
		take(all, 0, all->first);
	loop_services(l)->children = NULL;
	mem_free(all);
}

void child_watch(struct loop *l, struct child *c)
{
	struct children *all = loop_services(l)->children;

	c->ended = false;
	c->next = all->first;
	all->first = c;
	loop_hold(l);
}

void child_forget(struct loop *l, struct child *c)
{
	struct children *all = loop_services(l)->children;

	if (all != NULL)
		take(all, 0, c);
}

bool children_signal(struct loop *l, int signo)
{
	const struct children *all = loop_services(l)->children;
	const struct child *c = all != NULL ? all->first : NULL;
	bool passed = false;

	for (; c != NULL; c = c->next)
		if (c->pass & 1u << signo) {
			kill(c->pid, signo);
			passed = true;
		}
	return passed;
}
