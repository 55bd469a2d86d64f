/* The PROXY protocol: a header in front of a stream in which a proxy says for whom
 * it speaks.  Versions 1 (a line of text) and 2 (binary), as haproxy's
 * proxy-protocol.txt has them; the sections named here are its own. */
#ifndef SOCKCAT_PROTO_PROXYHDR_H
#define SOCKCAT_PROTO_PROXYHDR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/name.h"

struct buf;

/* Longer headers are refused; the protocol would allow 64 KiB. */
enum { PROXYHDR_MAX = 4096 };

/* What version 2 may carry beside the addresses (2.2.1 ff.), for those who care. */
enum proxyhdr_value {
	PROXYHDR_ALPN,		/* the protocol agreed upon */
	PROXYHDR_AUTHORITY,	/* the host name asked for (SNI) */
	PROXYHDR_UNIQUE_ID,	/* at most 128 bytes that name the connection */
	PROXYHDR_TLS_VERSION,	/* "TLSv1.3" */
	PROXYHDR_TLS_CN,	/* common name of the client's certificate */
	PROXYHDR_TLS_CIPHER,
	PROXYHDR_VALUES
};

/* Any bytes at all, they come from the client. */
struct proxyhdr_bytes {
	const void *data;	/* ref; NULL = not there */
	size_t len;
};

struct proxyhdr {
	unsigned version;	/* 1 or 2 */
	/* from and to are told.  If not (LOCAL, UNKNOWN, a family that is not known),
	 * the addresses of the connection itself count. */
	bool named;
	bool datagram;		/* the client speaks to its proxy by datagrams */
	struct name from, to;	/* the client, and what it connected to */
	bool checksum;		/* version 2: a CRC32C is in it, and right */
	bool tls;		/* the client came over TLS */
	bool certificate;	/* it has shown one of its own ... */
	bool verified;		/* ... which the proxy has found good */
	struct proxyhdr_bytes value[PROXYHDR_VALUES];
};

enum proxyhdr_answer {
	PROXYHDR_DONE,	/* *size bytes of the data are the header */
	PROXYHDR_MORE,	/* it has at least *size bytes, and *size > len */
	PROXYHDR_NONE,	/* what begins so is none */
	PROXYHDR_BAD,	/* it is one and is wrong, *why says what about it */
};

/* Reads a header from the first len bytes of a stream.  Whoever reads no more than is
 * asked for never reads beyond it.  out is valid after PROXYHDR_DONE only, its values
 * as long as data.  What has a wrong checksum, breaks off inside or is longer than
 * PROXYHDR_MAX is PROXYHDR_BAD; unknown values are passed over. */
enum proxyhdr_answer proxyhdr_decode(const void *data, size_t len, struct proxyhdr *out,
				     size_t *size, const char **why);

/* Appends the header to the empty out.  Addresses that the version has no form for, or
 * of different families, are left out as if named were false; version 1 has no
 * values.  False: memory, or more than PROXYHDR_MAX bytes. */
bool proxyhdr_encode(const struct proxyhdr *h, struct buf *out);

#endif
