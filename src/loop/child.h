/* Child processes: reaped as they end, their owners woken. */
#ifndef SOCKCAT_LOOP_CHILD_H
#define SOCKCAT_LOOP_CHILD_H

#include <sys/types.h>

#include "loop/loop.h"

struct child {
	pid_t pid;
	unsigned pass;		/* 1u << signo: signals that are for it, not for us */
	bool ended;
	int status;		/* as waitpid(2) gives it, once ended */
	wake_fn *fn;		/* called with READY_WAKE when it has ended */
	void *owner;		/* ref */
	struct child *next;
};

/* Catches SIGCHLD.  One per loop; kept in loop_services. */
bool children_start(struct loop *l, struct fail *f);
void children_end(struct loop *l);

/* The child (pid set, forked in this same wake-up) is watched until it ended or
 * is forgotten, and keeps loop_run() going until then.  c lives in its owner. */
void child_watch(struct loop *l, struct child *c);

/* The owner goes: the process is still reaped, silently.  Fine for one that is
 * not watched. */
void child_forget(struct loop *l, struct child *c);

/* Passes a signal that came to us on to every child that asked for it; false if
 * none did, and then it is for us. */
bool children_signal(struct loop *l, int signo);

#endif
