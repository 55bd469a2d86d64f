/* What a command line will do, in the order in which it does it. */
#ifndef SOCKCAT_CLI_COURSE_H
#define SOCKCAT_CLI_COURSE_H

#include "cli/explain.h"

/* The address that is opened first: the server, else the one that stands first. */
unsigned course_first(const struct plan *p);

/* Bytes pass from this side to the other. */
bool course_flows(const struct plan *p, unsigned from);

/* Where a service sits that has no bind=: "every address, IPv4 and IPv6". */
const char *course_place(const struct part *p);

/* What is opened, and which handshakes follow. */
void course_opening(FILE *to, const struct plan *p);

/* Which ways data goes, and what its end does. */
void course_data(FILE *to, const struct plan *p);

#endif
