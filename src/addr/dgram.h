/* Sending and receiving datagrams: what the client forms (addr/dgramto.c), the
 * waiting forms (addr/dgramserve.c) and UNIX clients (addr/unixclient.c) share.
 *
 * Three ways a transport stands to its socket:
 *  - connected: the kernel knows the one peer;
 *  - not connected: `to` says where datagrams go, `strict` whether answers from
 *    elsewhere are taken;
 *  - one of many (hub set): the socket belongs to all, datagrams come through the
 *    peer's queue, the endpoint's rfd is -1. */
#ifndef SOCKCAT_ADDR_DGRAM_H
#define SOCKCAT_ADDR_DGRAM_H

#include "addr/arrivals.h"
#include "addr/fd.h"
#include "addr/peers.h"
#include "addr/socket.h"
#include "loop/resolve.h"

struct hub;	/* addr/hub.h */

struct dgram {
	struct fd_layer x;
	struct resolve names;		/* while a host is looked up */
	struct name to;			/* the peer, or the group; len 0 = none */
	struct name from;		/* unless strict: who sent the last one */
	struct name local;		/* ours that it sends to; len 0 = not known */
	struct environment told;	/* what programs may know of the first datagram */
	bool connected;			/* the kernel knows `to` */
	bool singly;			/* sending many at once was refused */
	bool strict;			/* datagrams from others than `to` are ignored */
	bool heard;			/* something came from the peer */
	bool once;			/* one datagram, then the end */
	bool spent;			/* the end has been reached */
	struct socket_file file;
	char *path;			/* own: its name; NULL = the one in the address */
	struct timer pause;		/* there was no room: try again */
	uint64_t idle, active;		/* 0 = never expires; last datagram, either way */
	struct timer expiry;
	struct hub *hub;		/* ref: for one of many sessions */
	struct peer *peer;		/* own, the same */
};

/* connect(2): from now on the socket knows its peer.  False with errno. */
bool dgram_aim(int fd, const struct name *to);

/* What was told beside it, for the log and for programs (env may be NULL).  False: out
 * of memory. */
bool dgram_note(const struct part *p, struct arrival *a, struct environment *env);

/* The layer's steps and ops. */
enum io dgram_read(struct layer *l, void *to, size_t cap, size_t *n);
enum io dgram_read_many(struct layer *l, struct iovec *v, unsigned *n);
enum io dgram_write(struct layer *l, const void *from, size_t len, size_t *n);
enum io dgram_write_many(struct layer *l, const struct iovec *v, unsigned n,
			 unsigned *done);
enum io dgram_shut(struct layer *l);
bool dgram_describe(struct layer *l, struct environment *env);
void dgram_free(struct layer *l);

/* Takes the socket: endpoint's descriptors, options of the late phases.  wfd may
 * be -1. */
enum io dgram_take(struct dgram *d, int rfd, int wfd);

/* From now on the session ends when no datagram moves for so long; 0 = never. */
enum io dgram_expires(struct dgram *d, uint64_t idle);

/* The same for a session under way, if that is sooner: counted from its last datagram. */
void dgram_hurry(struct dgram *d, uint64_t idle);

/* The name for log lines, IPv4 as such also on an IPv6 socket.  Returns to. */
const char *dgram_text(const struct name *n, char to[NAME_TEXT]);

/* "UDP " or, for UNIX sockets, "": for log lines. */
const char *dgram_word(const struct part *p);

#define DGRAM_OPS                                                                        \
	.size = sizeof(struct dgram), .read = dgram_read, .write = dgram_write,          \
	.read_many = dgram_read_many, .write_many = dgram_write_many,                    \
	.shut = dgram_shut, .describe = dgram_describe, .free = dgram_free

#endif
