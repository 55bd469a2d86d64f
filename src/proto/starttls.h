/* How protocols that begin in plain text agree upon TLS.
 *
 * A dialogue is fed with what the other side says and tells what to answer, until TLS
 * may begin or it is clear that it will not.  No descriptor, no loop, no memory but the
 * struct itself.
 *
 * What each protocol does: SMTP RFC 3207, IMAP and POP3 RFC 2595, FTP RFC 4217, LDAP
 * RFC 4511 section 4.14, XMPP RFC 6120 section 5, PostgreSQL and MySQL their manuals'
 * "SSL Session Encryption" and "Protocol::SSLRequest", NNTP RFC 4642, ManageSieve RFC
 * 5804 section 2.2.
 */
#ifndef SOCKCAT_PROTO_STARTTLS_H
#define SOCKCAT_PROTO_STARTTLS_H

#include <stdbool.h>
#include <stddef.h>

enum {
	STARTTLS_UNIT = 4096,	/* bytes of one line, element or packet */
	STARTTLS_TOTAL = 65536, /* bytes of the other side's whole part */
	STARTTLS_OUT = 512,	/* bytes of one answer */
	STARTTLS_WHY = 160,
};

enum starttls_result {
	STARTTLS_MORE, /* send `out`, feed what comes */
	STARTTLS_GO,   /* send `out`, then TLS begins */
	STARTTLS_NO,   /* send `out`; the other side does not do it: `why` */
	STARTTLS_ODD,  /* it does not speak this protocol: `why` */
};

struct starttls_kind; /* a protocol */

struct starttls {
	const struct starttls_kind *kind; /* ref */
	const char *host;		  /* ref: the other side's name, or NULL */
	bool server;
	bool offered;	/* it said that it can */
	unsigned stage; /* counts what we have said */
	unsigned reply; /* code of a reply that goes on; 0 = none */
	size_t total;
	size_t len; /* of the unit that is not complete yet */
	unsigned char unit[STARTTLS_UNIT + 1];
	size_t nout; /* bytes of out to send; the caller takes them away */
	char out[STARTTLS_OUT];
	char why[STARTTLS_WHY]; /* a clause for people, set with NO and ODD */
};

/* The protocol of that name ("smtp", case-blind), or NULL. */
const struct starttls_kind *starttls_find(const char *name);

/* What it is called among people: "SMTP". */
const char *starttls_name(const struct starttls_kind *kind);

/* False: only the client's part is known. */
bool starttls_serves(const struct starttls_kind *kind);

/* A new dialogue, whose out is what is said first.  host: see the struct. */
void starttls_start(struct starttls *s, const struct starttls_kind *kind, bool server,
		    const char *host);

/* Takes n bytes, or fewer when a result other than MORE is reached: *used tells how
 * many.  Whoever sees bytes left after GO must not go on: they were sent in plain
 * text and would be taken for what TLS protects (CVE-2011-0411).  Not to be called
 * again after any result but MORE; nor while out is not empty. */
enum starttls_result starttls_feed(struct starttls *s, const void *data, size_t n,
				   size_t *used);

/* An SMTP server that stands behind ours greets the client, whom we have greeted.  All
 * zero at first. */
struct starttls_greeting {
	size_t at;  /* in its line */
	bool more;  /* another line follows */
	bool ended; /* what comes now is for the client */
};

/* How many of the n bytes belong to the greeting (a reply 2xx; anything else is for
 * the client from the first byte). */
size_t starttls_greeting(struct starttls_greeting *g, const void *data, size_t n);

#endif
