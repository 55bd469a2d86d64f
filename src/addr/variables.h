/* What a program finds in its environment: ours, and what sockcat can tell of
 * the connection it serves. */
#ifndef SOCKCAT_ADDR_VARIABLES_H
#define SOCKCAT_ADDR_VARIABLES_H

#include "endpoint/endpoint.h"

struct variables {
	struct environment own;		/* NAME=value: those we set */
	char **all;			/* own; each a ref; NULL behind the last */
};

/* A variable as it is, without prefix: PATH, HOME.  False: out of memory. */
bool variables_set(struct variables *v, const char *name, const char *value);

/* VERSION, PID, PPID and what the endpoint e knows of its peer, each with the prefixes
 * SOCKCAT_ and SOCAT_ (in socat's dialect the program's own name alone). */
bool variables_describe(struct variables *v, struct endpoint *e);

/* Ours, less those that are set anew, and the new ones. */
bool variables_join(struct variables *v);

void variables_free(struct variables *v);

#endif
