/* What programs may know of a TLS session: OPENSSL_... in their environment. */
#ifndef SOCKCAT_LAYER_TLSENV_H
#define SOCKCAT_LAYER_TLSENV_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "endpoint/endpoint.h"

/* Version, cipher, ALPN, SNI and the peer's certificate, by socat's names where it has
 * them.  After the handshake.  False: out of memory. */
bool tlsenv_describe(const SSL *ssl, struct environment *env);

#endif
