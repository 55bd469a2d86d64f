/* What all TLS sessions of one address share: certificates, trust, versions.
 *
 * Made once, by ops->prepare, from the options; everything that can be wrong
 * with them is found then.  Hangs on part->prepared.  Sessions hold it as well, for
 * another may take its place while they run (SIGHUP). */
#ifndef SOCKCAT_LAYER_TLSCTX_H
#define SOCKCAT_LAYER_TLSCTX_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "layer/tlscert.h"
#include "spec/spec.h"

/* One certificate of ours. */
struct identity {
	X509 *cert;		/* own */
	EVP_PKEY *key;		/* own */
	STACK_OF(X509) *chain;	/* own: those that lead to the root, or NULL */
};

struct tlsctx {
	unsigned holders;
	bool server;		 /* the transport listens: we play the server */
	bool datagrams;		 /* DTLS: a record is a datagram */
	bool chain;		 /* the peer's certificate must lead to a trusted one */
	bool warned;		 /* verify=0 has been mentioned */
	SSL_CTX *ssl;		 /* own */
	BIO_METHOD *bio;	 /* own: the way to the layer below, see layer/tls.c */
	const struct part *part; /* ref: the options */
	unsigned char *room;	 /* own: DTLS: for one datagram or message at a time */
	unsigned char secret[32]; /* DTLS: makes cookies that only we can make */
	struct buf spare;	 /* own: empty room for the next session that writes */
	struct pin *pin;	 /* own: its public key must be one of these */
	unsigned npins;		 /* 0 = any */
	const char *name; /* ref: commonname=, "" = any name will do, NULL = not given */
	struct identity *own; /* own: our certificates, the first is the default */
	unsigned nown;
	unsigned char *alpn; /* own: protocol names as TLS sends them */
	unsigned alpn_len;
	/* a server's: makes its ticket keys; stays when files are read again */
	unsigned char tickets[32];
	SSL_SESSION *session; /* own: a client's last, see layer/tlsresume.h */
	char *session_sni;    /* own: the name that its server was asked for, or NULL */
	int keylog;	      /* own: the secrets' file, -1 = none */
};

/* When the part has one prepared, the new one takes what must stay from it (cert=auto)
 * and reads no terminal and no pipe that nobody writes to; the caller keeps the old
 * one.  Fails with PHASE_USAGE, PHASE_KEY (own certificate or key) or PHASE_CA. */
enum io tlsctx_prepare(struct part *p, struct fail *f);
void tlsctx_unprepare(struct part *p);

/* Returns c.  tlsctx_drop() frees it when nobody holds it any more; NULL is fine. */
struct tlsctx *tlsctx_hold(struct tlsctx *c);
void tlsctx_drop(struct tlsctx *c);

#endif
