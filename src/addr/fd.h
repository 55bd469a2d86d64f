/* Reading, writing and shutting descriptors: what most transports share, and
 * the addresses that are nothing else: stdio stdin stdout stderr fd:N.
 *
 * A descriptor we opened ourselves is non-blocking.  One we inherited (stdin,
 * fd:3) is shared with other programs and its flags are never touched: sockets
 * get MSG_DONTWAIT, pipes and terminals are reopened where the system can, and
 * what is left is polled before each call. */
#ifndef SOCKCAT_ADDR_FD_H
#define SOCKCAT_ADDR_FD_H

#include <termios.h>

#include "endpoint/endpoint.h"

struct modes {
	int fd;				/* ref: the terminal */
	struct termios before;
};

/* The first member of every transport over plain descriptors. */
struct fd_layer {
	struct layer l;
	enum fd_kind rkind, wkind;
	bool rblocking, wblocking;	/* not ours to make non-blocking: poll first */
	bool wshut;			/* the write half has been shut */
	/* errno of a socket that broke and no longer says so itself; 0 = none.  What came
	 * before can still be read. */
	int broken;
	/* the inherited original of wfd, to be closed with it; or -1 */
	int worig;
	/* own: of a terminal that gets them back; or NULL */
	struct modes *modes;
};

/* Sets l->end's rfd and wfd, which become owned by the endpoint.  Either may be
 * -1.  Applies PH_FD options and termios.  Finds out the kinds, also for the endpoint;
 * sets end->messages for datagram and seqpacket sockets, end->network for sockets of the
 * internet families. */
enum io fd_take(struct fd_layer *x, int rfd, int wfd);

/* The same for a connected socket of the part's family and socktype=, which need not be
 * asked for what is known. */
enum io fd_take_socket(struct fd_layer *x, int fd);

/* The same for descriptors that we were started with. */
enum io fd_inherit(struct fd_layer *x, int rfd, int wfd);

/* The three steps, usable as ops of any transport that starts with struct fd_layer. */
enum io fd_read(struct layer *l, void *to, size_t cap, size_t *n);
enum io fd_write(struct layer *l, const void *from, size_t len, size_t *n);
enum io fd_shut(struct layer *l);
bool fd_describe(struct layer *l, struct environment *env);
void fd_free(struct layer *l);

#endif
