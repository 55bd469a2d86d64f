/* What the kernel says beside a datagram (cmsg(3)): which of our addresses it came
 * to, and how to answer from that address; time to live, time stamp and such, for the log
 * and for programs. */
#ifndef SOCKCAT_ADDR_ANCILLARY_H
#define SOCKCAT_ADDR_ANCILLARY_H

#include "endpoint/endpoint.h"

/* The control messages of one datagram. */
struct ancillary {
	size_t len;
	_Alignas(struct cmsghdr) unsigned char space[1024];
};

/* A socket bound to any address tells from now on where datagrams arrive.
 * Nothing happens where the address is known anyway, or the system can't. */
void ancillary_ask_local(int fd);

/* Our address that the datagram was sent to, with the port of the socket's own name
 * at.  False, and out empty: not told, or no address to answer from (multicast). */
bool ancillary_local(struct ancillary *a, const struct name *at, struct name *out);

/* Makes a such that a datagram sent with it leaves from this address of ours. */
void ancillary_from(struct ancillary *a, const struct name *local);

/* Makes one sending of many datagrams out of it: the kernel cuts them, each of len bytes
 * (UDP_SEGMENT, udp(7)); a keeps what else it holds.  False: the system can't. */
bool ancillary_cut(struct ancillary *a, size_t len);

/* Logs what was told (info), and adds it to env (IP_TTL, TIMESTAMP, ...) unless that
 * is NULL.  Of addresses only if pktinfo is set: the user asked for them.  False: out
 * of memory. */
bool ancillary_describe(struct ancillary *a, bool pktinfo, struct environment *env);

#endif
