/* Sessions taken up again without a new handshake in full. */
#include "layer/tlsresume.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

#include "base/mem.h"
#include "layer/tlscompat.h"

/* Clients that take no tickets; each costs a few kilobytes. */
enum { REMEMBERED = 1024 };

/* Called by the library, in TLS 1.3 whenever a ticket comes.  1 = the session is
 * ours now. */
static int keep(SSL *ssl, SSL_SESSION *session)
{
	const struct tlspeer *t = SSL_get_app_data(ssl);
	char *sni = t->sni ? mem_text(t->sni, strlen(t->sni)) : NULL;

	if (t->sni && !sni)
		return 0;
	tlsresume_forget(t->ctx);
	t->ctx->session = session;
	t->ctx->session_sni = sni;
	return 1;
}

void tlsresume_forget(struct tlsctx *c)
{
	SSL_SESSION_free(c->session);
	mem_free(c->session_sni);
	c->session = NULL;
	c->session_sni = NULL;
}

static bool give_secret(const struct making *m)
{
	struct tlsctx *c = m->ctx;

	if (!m->old)
		return RAND_bytes(c->tickets, sizeof(c->tickets)) == 1;
	memcpy(c->tickets, m->old->tickets, sizeof(c->tickets));
	return true;
}

/* Workers that were forked off one parent have the same keys, after SIGHUP as well.  But
 * tickets are good no longer than the files are the same: whoever is trusted no more
 * shall not come in with one. */
static bool set_ticket_keys(const struct making *m)
{
	enum { HALF = SHA512_DIGEST_LENGTH };
	SSL_CTX *s = m->ctx->ssl;
	unsigned char seen[SHA256_DIGEST_LENGTH + 1], keys[2 * HALF];
	const long len = SSL_CTX_get_tlsext_ticket_keys(s, NULL, 0);
	bool ok = len > 0 && (size_t)len <= sizeof(keys) && give_secret(m) &&
		  EVP_DigestFinal_ex(m->seen, seen, NULL) == 1;

	for (unsigned char i = 0; i < 2; i++) {
		seen[sizeof(seen) - 1] = i;
		ok = ok && HMAC(EVP_sha512(), m->ctx->tickets, sizeof(m->ctx->tickets),
				seen, sizeof(seen), keys + i * HALF, NULL);
	}
	ok = ok && SSL_CTX_set_tlsext_ticket_keys(s, keys, len) == 1;
	OPENSSL_cleanse(keys, sizeof(keys));
	return ok;
}

/* No ticket goes out with the handshake: a client that only writes would have
 * something unread when it closes, which turns its close into a reset. */
enum io tlsresume_set(const struct making *m)
{
	static const unsigned char id[] = "sockcat";
	SSL_CTX *s = m->ctx->ssl;

	if (!m->ctx->server) {
		SSL_CTX_set_session_cache_mode(s, SSL_SESS_CACHE_CLIENT |
							  SSL_SESS_CACHE_NO_INTERNAL);
		SSL_CTX_sess_set_new_cb(s, keep);
		return IO_OK;
	}
	SSL_CTX_set_session_cache_mode(s, SSL_SESS_CACHE_SERVER);
	SSL_CTX_sess_set_cache_size(s, REMEMBERED);
	if (!set_ticket_keys(m) ||
	    SSL_CTX_set_session_id_context(s, id, sizeof(id)) != 1 ||
	    SSL_CTX_set_num_tickets(s, TLSCOMPAT_FIRST_TICKETS) != 1)
		return tlsmake_broken(m);
	return IO_OK;
}

static bool same_server(const struct tlspeer *t)
{
	const char *then = t->ctx->session_sni;

	return then && t->sni ? strcmp(then, t->sni) == 0 : then == t->sni;
}

/* A ticket of TLS 1.3 is good for one connection, so that nobody on the way sees
 * two that belong together (RFC 8446, appendix C.4). */
void tlsresume_offer(const struct tlspeer *t, SSL *ssl)
{
	struct tlsctx *c = t->ctx;

	if (!c->session || !same_server(t))
		return;
	SSL_set_session(ssl, c->session);
	if (SSL_SESSION_get_protocol_version(c->session) == TLS1_3_VERSION)
		tlsresume_forget(c);
}

void tlsresume_ticket(SSL *ssl)
{
	if (SSL_version(ssl) == TLS1_3_VERSION)
		tlscompat_ticket(ssl);
}
