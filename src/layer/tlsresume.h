/* Sessions taken up again without a new handshake in full: what a server hands out
 * and what a client keeps (RFC 5077; RFC 8446, section 2.2). */
#ifndef SOCKCAT_LAYER_TLSRESUME_H
#define SOCKCAT_LAYER_TLSRESUME_H

#include "layer/tlsmake.h"
#include "layer/tlspeer.h"

/* A server gives out tickets and remembers the sessions of clients that take none;
 * a client keeps the last session that it was given in the context. */
enum io tlsresume_set(const struct making *m);

/* A client's, before the handshake: offers what was kept from the same server. */
void tlsresume_offer(const struct tlspeer *t, SSL *ssl);

/* A server's, before its first bytes: a TLS 1.3 ticket goes with them. */
void tlsresume_ticket(SSL *ssl);

/* What was kept is no good.  Also where there is nothing. */
void tlsresume_forget(struct tlsctx *c);

#endif
