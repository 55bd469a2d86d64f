/* What OpenSSL 1.1.1 lacks of the functions that 3.0 brought.
 *
 * The only place of the TLS code that looks at the library's version. */
#ifndef SOCKCAT_LAYER_TLSCOMPAT_H
#define SOCKCAT_LAYER_TLSCOMPAT_H

#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L

#define SSL_get1_peer_certificate SSL_get_peer_certificate

/* A server's tickets can only go with the handshake. */
enum { TLSCOMPAT_FIRST_TICKETS = 1 };

static inline void tlscompat_ticket(SSL *ssl)
{
	(void)ssl;
}

/* Puts an error into the library's queue that was taken from it before. */
static inline void tlscompat_raise(unsigned long e)
{
	ERR_put_error(ERR_GET_LIB(e), ERR_GET_FUNC(e), ERR_GET_REASON(e), "", 0);
}

/* The group of the key exchange, NULL if there was none. */
static inline const char *tlscompat_group(SSL *ssl)
{
	EVP_PKEY *key = NULL;
	const EC_KEY *ec;
	int nid;

	if (SSL_get_peer_tmp_key(ssl, &key) != 1)
		return NULL;
	ec = EVP_PKEY_get0_EC_KEY(key);
	nid = ec ? EC_GROUP_get_curve_name(EC_KEY_get0_group(ec)) : EVP_PKEY_id(key);
	EVP_PKEY_free(key);
	return OBJ_nid2sn(nid);
}

/* PEM text with Diffie-Hellman parameters goes into the context. */
static inline bool tlscompat_dh(SSL_CTX *ctx, BIO *pem)
{
	DH *dh = PEM_read_bio_DHparams(pem, NULL, NULL, NULL);
	bool ok = dh && SSL_CTX_set_tmp_dh(ctx, dh) == 1;

	DH_free(dh);
	return ok;
}

#else

/* Tickets that go with the handshake; they can also go later. */
enum { TLSCOMPAT_FIRST_TICKETS = 0 };

static inline void tlscompat_ticket(SSL *ssl)
{
	SSL_new_session_ticket(ssl);
}

static inline void tlscompat_raise(unsigned long e)
{
	ERR_raise(ERR_GET_LIB(e), ERR_GET_REASON(e));
}

static inline const char *tlscompat_group(SSL *ssl)
{
	return SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));
}

static inline bool tlscompat_dh(SSL_CTX *ctx, BIO *pem)
{
	EVP_PKEY *dh = PEM_read_bio_Parameters(pem, NULL);

	if (dh && EVP_PKEY_is_a(dh, "DH") && SSL_CTX_set0_tmp_dh_pkey(ctx, dh) == 1)
		return true;
	EVP_PKEY_free(dh);
	return false;
}

#endif
#endif
