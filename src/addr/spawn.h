/* Starting a program: all that may fail or allocate is done before fork(2),
 * because other threads may hold locks; the child makes only system calls that
 * are safe there, and tells through a pipe which of them failed. */
#ifndef SOCKCAT_ADDR_SPAWN_H
#define SOCKCAT_ADDR_SPAWN_H

#include <sys/types.h>

#include "endpoint/identity.h"

/* Where the program finds its descriptors; -1 = as they are with us. */
struct placement {
	int in, out;		/* ref: what it reads from and writes to */
	int in_at, out_at;	/* the numbers it finds them under, usually 0 and 1 */
	bool err;		/* its standard error is out, too */
	int tty;		/* ref: shall control its session; or -1 */
};

/* What is to run and as whom.  All pointers are ref; they outlive the call. */
struct program {
	const char *name;	/* as typed, for messages */
	char *const *file;	/* paths to try in turn, NULL behind the last */
	char *const *argv;
	char **script_argv;	/* without "#!": "sh", room for its path, the rest */
	char *const *env;
	const struct identity *identity;	/* as whom, in which root */
	const char *dir, *netns;	/* chdir= netns=, or NULL */
	bool set_umask, set_session, set_process_group;
	mode_t umask;
	pid_t process_group;	/* 0 = one of its own */
};

/* Forks.  *report is the reading end of the pipe for spawn_outcome(), the
 * caller's.  -1 with the failure in f. */
pid_t spawn_child(const struct program *p, const struct placement *at, int *report,
		  struct fail *f);

/* A step: IO_READ until the child has become the program (IO_OK) or could not:
 * PHASE_CHILD with 127 (not found) or 126 (not runnable), PHASE_CONFIG for all
 * that comes before. */
enum io spawn_outcome(int report, const struct program *p, struct fail *f);

/* The program takes the place of this process.  Returns only if it failed, with
 * descriptors 0 and 1 already changed. */
enum io spawn_here(const struct program *p, const struct placement *at, struct fail *f);

#endif
