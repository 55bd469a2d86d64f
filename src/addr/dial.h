/* Connecting by name: every address of the host in a race (RFC 8305). */
#ifndef SOCKCAT_ADDR_DIAL_H
#define SOCKCAT_ADDR_DIAL_H

#include "base/name.h"
#include "endpoint/endpoint.h"
#include "loop/resolve.h"

enum { DIAL_MAX = 16 };

/* One connection under way. */
struct attempt {
	struct watch watch;		/* fd -1 = none */
	struct endpoint *end;		/* ref */
	bool ready;			/* it has an answer ... */
	bool made;			/* ... which is known to be yes */
};

/* Zeroed before the first dial_run(). */
struct dial {
	struct resolve names;
	const struct addrinfo *order[DIAL_MAX];	/* ref into names; families interleaved */
	unsigned norder, next, live;
	struct attempt attempt[DIAL_MAX];	/* one per order[] */
	/* when the next attempt starts, though none failed */
	struct timer stagger;
	bool started;
	/* NULL, or: may l be connected to this address?  Set before the first
	 * dial_run(). */
	bool (*admits)(const struct layer *l, const struct name *to);
	/* errno of a connection that was made and broke before we looked; 0 = none */
	int broken;
	/* the first attempt's failure: that of the likeliest address */
	struct fail first;
};

/* A step of l's open: resolves host and service and connects; families as the
 * part, -4 -6 and pf= allow.  The first attempt that succeeds wins, the others
 * are closed.  IO_OK: *fd is connected, non-blocking, the caller's; see broken. */
enum io dial_run(struct dial *d, struct layer *l, const char *host, const char *service,
		 int *fd);

/* Closes what is under way; fine at any time. */
void dial_free(struct dial *d, struct loop *l);

#endif
