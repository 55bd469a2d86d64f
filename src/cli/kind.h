/* What sort of transport an address has, as far as one tells of it. */
#ifndef SOCKCAT_CLI_KIND_H
#define SOCKCAT_CLI_KIND_H

#include "spec/spec.h"

enum kind {
	KIND_READY,	/* is there at once: standard input, a descriptor, an echo */
	KIND_FILE,
	KIND_TERMINAL,	/* a new pseudo terminal */
	KIND_PROGRAM,
	KIND_CONNECT,	/* a stream socket that connects */
	KIND_LISTEN,	/* one that waits for clients */
	KIND_SEND,	/* datagrams to one address */
	KIND_RECEIVE,	/* datagrams to us */
	KIND_PROXY,	/* connects where the client of the other side asks to */
};

/* Of a transport; a layer is KIND_READY. */
enum kind kind_of(const struct part *p);

/* A program that finds a terminal where others find a socket. */
bool kind_on_terminal(const struct part *p);

/* It has an IP address and a port. */
bool kind_is_inet(const struct part *p);

/* It takes connections or datagrams over IP at a port of its own. */
bool kind_is_service(const struct part *p);

/* AF_INET or AF_INET6 where options, flags or the type say so; AF_UNSPEC = both. */
int kind_family(const struct part *p);

/* It speaks when opened, with somebody who plays the other part: client or server. */
bool kind_has_role(const struct part *p);

/* Of tls: the peer's certificate has to come from somebody who is trusted. */
bool kind_checks_chain(const struct part *p);

/* Some member of the address asks for a TLS session; NULL: none does. */
const struct part *kind_find_tls(const struct spec *s);

#endif
