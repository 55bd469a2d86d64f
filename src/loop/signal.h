/* Signals become wake-ups of the loop: the handler only writes one byte into a pipe. */
#ifndef SOCKCAT_LOOP_SIGNAL_H
#define SOCKCAT_LOOP_SIGNAL_H

#include "loop/loop.h"

/* Called from the loop, never from a handler. */
typedef void signal_fn(void *owner, int signo);

/* Catch signo from now on; at most one owner per signal, the last one wins; fn
 * NULL = no longer.  False with errno.  The first call makes the pipe and watches
 * it, which does not keep loop_run() going, and ignores SIGPIPE.  One loop per
 * process. */
bool signal_catch(struct loop *l, int signo, signal_fn *fn, void *owner);

/* Every handler as we found it (SIGPIPE too; what nohup(1) ignores stays ignored),
 * no signal blocked: to be called in the child between fork and exec. */
void signal_reset_for_child(void);

/* In a child that goes on with a loop of its own: undo all, the loop that it was forked
 * off from included. */
void signal_leave(struct loop *l);

/* Undo all: handlers as we found them (but SIGUSR1 and SIGUSR2, if caught, are
 * ignored from now on), pipe closed. */
void signal_end(struct loop *l);

#endif
