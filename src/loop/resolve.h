/* Names to addresses without blocking: getaddrinfo(3) on at most four helper
 * threads, started when first needed; the answer is delivered by the loop.
 * Numeric hosts never leave the loop's thread. */
#ifndef SOCKCAT_LOOP_RESOLVE_H
#define SOCKCAT_LOOP_RESOLVE_H

#include <netdb.h>
#include <netinet/in.h>

#include "loop/loop.h"

/* One question.  Zeroed before the first resolve_run(), then only read, and not moved. */
struct resolve {
	/* the answer, in the system's order; own, unless it is `figures` */
	struct addrinfo *list;
	struct addrinfo figures;	/* what an address and a port in figures say */
	union {
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} at;			/* and the address there */
	struct question *asked;	/* own while under way, shared with a helper thread */
	wake_fn *fn;		/* woken with READY_WAKE when the answer is there */
	void *owner;		/* ref */
};

/* Not before a fork that is to go on without exec(3): threads stay behind. */
bool resolver_start(struct loop *l, struct fail *f);

/* Threads still asking are left behind, detached.  Unanswered questions are as new. */
void resolver_end(struct loop *l);

/* A step: IO_WAIT until the answer is there, then IO_OK with r->list not empty,
 * or IO_FAIL (PHASE_RESOLVE, code EAI_*; the sentence names host and service).
 * host NULL = any local address (AI_PASSIVE); service may be a name or number.
 * Brackets around IPv6 literals are removed.  flags are AI_* beside ours. */
enum io resolve_run(struct loop *l, struct resolve *r, const char *host,
		    const char *service, int family, int socktype, int protocol,
		    int flags, struct fail *f);

/* Forgets the question or frees the answer; r is as new. */
void resolve_free(struct resolve *r);

#endif
