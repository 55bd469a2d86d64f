/* Where several processes serve one listening address.
 *
 * The parent opens it: the first socket is its endpoint's, and where the kernel can deal
 * out what comes (sys_share_port()) there is one more at the same place for each further
 * process.  A worker's endpoint takes over the one that it is given.  The parent keeps
 * all of them open, so that nothing that waits there is lost with a worker. */
#ifndef SOCKCAT_ENDPOINT_SHARING_H
#define SOCKCAT_ENDPOINT_SHARING_H

#include "endpoint/endpoint.h"

enum { SHARERS_MAX = 1024 };

struct sharing {
	unsigned want;			/* processes */
	int more[SHARERS_MAX];		/* own: the sockets beside the first */
	unsigned nmore;			/* want - 1, or 0: all use the first */
	int given;			/* own: a worker's, not yet taken; -1 = none */
};

/* Of an endpoint that listens for more than this process; else NULL. */
static inline struct sharing *sharing_of(const struct endpoint *e)
{
	return e->listening ? e->spec->sharing : NULL;
}

/* Takes over the socket that this process was given; false: it has to make one. */
bool sharing_take(struct endpoint *e, int *fd);

/* Closes what is owned. */
void sharing_close(struct sharing *s);

#endif
