/* Who talks to a datagram listener: a table of peers by name, each with a queue
 * of datagrams that its session has not read yet.
 *
 * Memory only: no socket, no loop.  What bounds it: PEER_DATAGRAMS and PEER_BYTES
 * for one peer, PEERS_BYTES for all; beyond that the newest datagram is dropped, as
 * the kernel would.  The number of peers is the caller's to bound. */
#ifndef SOCKCAT_ADDR_PEERS_H
#define SOCKCAT_ADDR_PEERS_H

#include "endpoint/endpoint.h"

enum {
	PEER_DATAGRAMS = 256,
	PEER_BYTES = 1024 * 1024,
	PEERS_BYTES = 64 * 1024 * 1024,
};

struct datagram {
	struct datagram *next;
	size_t len;
	unsigned char data[];
};

struct peer {
	struct peer *next;		/* ref: in the same bucket, or its owner's line */
	struct name name;
	struct name local;		/* ours that it sends to; len 0 = not known */
	struct datagram *first, *last;	/* own */
	unsigned waiting;		/* datagrams in the queue */
	size_t bytes;			/* in the queue */
	unsigned long dropped;		/* datagrams for which there was no room */
	bool listed;			/* peers_find() knows it */
	struct environment told;	/* what programs may know of its first datagram */
	struct endpoint *owner;		/* ref: whom to wake */
	struct peer *next_woken;	/* ref: the hub's line of those to be woken, */
	bool to_be_woken;		/* of which it is one */
};

/* All zero is an empty table. */
struct peers {
	struct peer **slot;		/* own: buckets, a power of two */
	unsigned nslots, n;
	size_t bytes;			/* in all queues, also of peers not listed */
};

/* NULL: not there. */
struct peer *peers_find(const struct peers *t, const struct name *name);

/* A peer of this name, not listed.  The caller owns it and gives it to
 * peers_free().  NULL: out of memory. */
struct peer *peers_new(const struct name *name);

/* From now on peers_find() knows it, in place of any other of that name.  False:
 * out of memory. */
bool peers_list(struct peers *t, struct peer *p);

/* Forgets its name; the peer itself stays.  Fine if it is not listed. */
void peers_unlist(struct peers *t, struct peer *p);

/* Queues a copy.  False, and counted in dropped, when there is no room. */
bool peers_push(struct peers *t, struct peer *p, const void *data, size_t len);

/* The oldest datagram, the caller's own (mem_free), or NULL. */
struct datagram *peers_pop(struct peers *t, struct peer *p);

/* Unlists it and frees it with its queue.  NULL is fine. */
void peers_free(struct peers *t, struct peer *p);

/* The table itself; peers still listed are unlisted, not freed. */
void peers_end(struct peers *t);

#endif
