/* Datagrams as they come from the kernel: one, or all that wait in one call. */
#ifndef SOCKCAT_ADDR_ARRIVALS_H
#define SOCKCAT_ADDR_ARRIVALS_H

#include "addr/ancillary.h"
#include "base/platform.h"

enum {
	ARRIVAL_IP = 64 * 1024,		/* bytes: no datagram over IP is longer */
	ARRIVALS_ROOM = LAYER_MANY * ARRIVAL_IP,
};

struct arrival {
	void *data;			/* ref */
	size_t len;			/* in full, also of what was cut */
	struct name from;
	struct ancillary beside;
};

/* Those that were received together, and room for the next ones.  It uses memory only as
 * far as datagrams fill it.  Freed by mem_free(). */
struct arrivals {
	size_t cap;			/* bytes of one */
	unsigned n, max;		/* n == max: the kernel may have more */
	struct arrival of[LAYER_MANY];
	struct mmsghdr header[LAYER_MANY];
	struct iovec room[LAYER_MANY];	/* ref: into space */
	unsigned char space[];
};

/* Room for LAYER_MANY datagrams of cap bytes (1 .. ARRIVALS_ROOM), or as many as fit into
 * ARRIVALS_ROOM.  The caller's own; NULL: out of memory. */
struct arrivals *arrivals_new(size_t cap);

/* In place of what was received before, all that is there, as far as there is room.  One
 * that was cut has a len beyond cap.  IO_OK, IO_READ, or IO_FAIL without a record: errno
 * says why.  But for IO_OK, n is 0. */
enum io arrivals_receive(struct arrivals *s, int fd);

/* One, into cap bytes at to.  flags: MSG_PEEK or 0.  Answers the same. */
enum io arrival_receive(int fd, void *to, size_t cap, int flags, struct arrival *a);

#endif
