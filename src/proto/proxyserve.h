/* The proxy's part of SOCKS 4, 4a, 5 and HTTP CONNECT, told apart by the client's
 * first byte: what it asks for and what it is answered, as bytes. */
#ifndef SOCKCAT_PROTO_PROXYSERVE_H
#define SOCKCAT_PROTO_PROXYSERVE_H

#include "base/buf.h"
#include "proto/http1.h"
#include "proto/socks.h"

/* The most that in or out of proxyserve_read() need hold. */
enum { PROXYSERVE_MAX = HTTP1_MAX };

/* One client.  Zeroed before the first call, then only read. */
struct proxyserve {
	enum { ASKS_SOMEHOW, ASKS_SOCKS, ASKS_HTTP } how;
	bool greeted;		/* SOCKS 5: its greeting is over */
	unsigned char version;	/* enum socks_version, or the minor of HTTP/1 */
	struct socks_host to;	/* what it asks for; an IPv6 address has no brackets */
};

enum proxyserve_step {
	PROXY_MORE,	/* send out, if there is anything, then call with more */
	PROXY_ASKED,	/* to is filled; what is left in `in` came behind the request */
	PROXY_REFUSED,	/* send out, if there is anything, then end: *why tells */
};

/* Takes from in what has been understood and adds to out what has to be sent.  in is
 * never full when the answer is PROXY_MORE.  *why is a clause about the client ("it
 * asks for BIND, and only CONNECT is served"). */
enum proxyserve_step proxyserve_read(struct proxyserve *p, struct buf *in,
				     struct buf *out, const char **why);

/* Adds the answer to a client that has asked.  at: our end of the connection made, or
 * NULL.  False: out is full or memory is short. */
bool proxyserve_answer(const struct proxyserve *p, enum socks_answer answer,
		       const struct socks_host *at, struct buf *out);

/* "SOCKS 4", "SOCKS 5", "HTTP CONNECT". */
const char *proxyserve_protocol(const struct proxyserve *p);

#endif
