/* Socket addresses and text. */
#ifndef SOCKCAT_BASE_NAME_H
#define SOCKCAT_BASE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { NAME_TEXT = 160 };

struct name {
	struct sockaddr_storage sa;
	socklen_t len;		/* 0 = no address */
};

/* "127.0.0.1:80", "[::1]:80" (zone kept: "[fe80::1%eth0]:80"), "/run/x.sock",
 * "@abstract" (bytes escaped), "vsock 2:1234", "unnamed" for an unbound UNIX
 * socket, "unknown" for no address.  Returns to. */
const char *name_text(const struct name *n, char *to, size_t cap);

/* The same in the log's dialect: in socat's, "AF=2 127.0.0.1:80", IPv6 in full
 * "AF=10 [0000:0000:...:0001]:80", "AF=1 \"/run/x.sock\"". */
const char *name_log(const struct name *n, char *to, size_t cap);

/* Host alone and port alone, as programs get them in the environment: IPv6 with
 * all digits and in brackets, as socat writes it; the path for UNIX. */
const char *name_host(const struct name *n, char *to, size_t cap);
unsigned name_port(const struct name *n);	/* host order; 0 where there is none */
void name_set_port(struct name *n, unsigned port);

/* ::ffff:192.0.2.1, as an IPv6 socket sees a client of IPv4, becomes 192.0.2.1. */
void name_unmap(struct name *n);

/* Same family, same address, and same port / path. */
bool name_equal(const struct name *a, const struct name *b);
unsigned name_hash(const struct name *n);

/* path may hold any byte; abstract names start with NUL in the kernel, without
 * '@' here.  tight: the length counts only the name's bytes (socat's
 * unix-tightsocklen, default true).  False: too long for sun_path. */
bool name_unix(struct name *out, const char *path, size_t len, bool abstract, bool tight);

/* A numeric IPv4 or IPv6 host (brackets and %zone allowed) with a port; no
 * resolver is asked.  False if it isn't numeric. */
bool name_numeric(struct name *out, const char *host, unsigned port);

/* An address range: "10.0.0.0/8", "10.0.0.0:255.0.0.0", "[fe80::]/10", or a single
 * address.  range_has: does the peer lie within?  IPv4-mapped IPv6 peers match
 * IPv4 ranges. */
struct range { struct name base; unsigned char mask[16]; };
bool range_parse(const char *s, size_t len, struct range *out);
bool range_has(const struct range *r, const struct name *peer);

#endif
