/* Sockets that whoever started us has opened before: sd_listen_fds(3). */
#ifndef SOCKCAT_ADDR_ACTIVATION_H
#define SOCKCAT_ADDR_ACTIVATION_H

#include "base/fail.h"
#include "spec/spec.h"

/* Finds the descriptor called by the part's argument, or the only one if it has none,
 * and keeps it on p->prepared; it is not passed on to programs.  PHASE_BIND with what
 * there is instead. */
enum io activation_prepare(struct part *p, struct fail *f);
void activation_unprepare(struct part *p);

/* The descriptor; it stays open. */
int activation_fd(const struct part *p);

#endif
