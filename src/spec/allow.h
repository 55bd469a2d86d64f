/* What a proxy's clients may ask for: the language of allow=.
 *
 *	list  := rule { blank or comma, rule }
 *	rule  := host [ ":" ports ]
 *	host  := "*" | "*." domain | name | address [ "/" bits ], IPv6 in brackets
 *	ports := port [ "-" port ] | "*"		left out: any
 *
 * A rule with a name admits a target that the client calls so, whatever it resolves
 * to.  One with an address or a network admits what lies there, by whatever name. "*"
 * and "*.domain" admit only what is no special address: neither this host itself
 * (loopback, unspecified) nor link-local, multicast or broadcast. */
#ifndef SOCKCAT_SPEC_ALLOW_H
#define SOCKCAT_SPEC_ALLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/name.h"

struct allow_rule {
	enum { ALLOW_ANY, ALLOW_DOMAIN, ALLOW_NAME, ALLOW_RANGE } kind;
	const char *host;	/* ref: ALLOW_NAME, ALLOW_DOMAIN (with its dot) */
	size_t len;
	struct range range;	/* ALLOW_RANGE */
	unsigned low, high;	/* ports */
};

enum allow { ALLOW_END, ALLOW_RULE, ALLOW_BAD };

/* Reads the next rule at *at and goes behind it.  ALLOW_BAD: *at stays at the rule's
 * first byte and *len is its length. */
enum allow allow_next(const char **at, struct allow_rule *out, size_t *len);

/* May a client that asks for host be connected to this address, port included?  host
 * is as the client gave it: a name, or an address without brackets. */
bool allow_has(const struct allow_rule *r, const char *host, const struct name *to);

/* May it, for some address that the host might have?  False without asking a
 * resolver. */
bool allow_may(const struct allow_rule *r, const char *host, unsigned port);

#endif
