/* What the whole process is and has: lock file, descriptor limit, descriptors.
 * Dropping privileges, going into the background and the like come here, too. */
#ifndef SOCKCAT_PROCESS_H
#define SOCKCAT_PROCESS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/fail.h"

/* Makes the lock file, with our pid in it; if it is there, waits until it is gone
 * (blocking, before anything else happens) or fails with PHASE_CONFIG. */
enum io process_lock(const char *path, bool wait, struct fail *f);

/* Removes it, if it is this process that has made it.  NULL is fine. */
void process_unlock(const char *path);

/* Puts something harmless where standard input, output or error is closed, so that
 * nothing we open lands there: input is at its end, output refuses. */
void process_fill_stdio(void);

/* As many descriptors as the system grants.  Whoever is forked off gets the old limit
 * back: programs shall have it, and a worker calls this again. */
void process_raise_limits(void);

/* The same by hand, where there is no fork (exec: with nofork).  Async-signal-safe. */
void process_restore_limits(void);

/* One line for each open descriptor: what it is. */
void process_list_fds(FILE *to);

#endif
