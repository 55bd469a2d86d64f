/* What DTLS (RFC 6347) needs beyond TLS: cookies, a clock, whole datagrams. */
#ifndef SOCKCAT_LAYER_DTLS_H
#define SOCKCAT_LAYER_DTLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "endpoint/endpoint.h"
#include "layer/tlspeer.h"

enum {
	DTLS_LONGEST = 16384,  /* bytes of one message: what a record holds */
	DTLS_DATAGRAM = 65536, /* room for any datagram */
};

/* True if one read of what is below the part gives one message. */
bool dtls_fits(const struct part *p);

/* Once for an address whose SSL_CTX is made: room, secret and callbacks. */
enum io dtls_prepare(struct tlsctx *c, struct fail *f);

/* Once for a session, before its handshake: fragments small enough to pass
 * everywhere, and the cookie of this peer.  False: the library failed. */
bool dtls_begin(struct tlspeer *t, SSL *ssl, const struct endpoint *e);

/* A server looks at one datagram before it does anything dear: 1 = a ClientHello with
 * the right cookie, the handshake may begin; 0 = not yet (one without a cookie got
 * its cookie, anything else was dropped); -1 = the library failed. */
int dtls_listen(SSL *ssl);

/* True if the datagram is a ClientHello with the right cookie: the client has
 * forgotten the session that it had (RFC 6347, section 4.2.8).  One without a cookie
 * gets it by the way of the session's own records. */
bool dtls_starts_over(struct tlspeer *t, SSL *ssl, const unsigned char *datagram,
		      size_t len);

/* The endpoint is woken when the handshake's last flight has to be sent again
 * (DTLSv1_handle_timeout() does that).  The timer is the caller's to stop.  False:
 * out of memory. */
bool dtls_wait(SSL *ssl, struct timer *again, struct endpoint *e);

#endif
