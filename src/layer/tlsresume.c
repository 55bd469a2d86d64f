/* Sessions taken up again without a new handshake in full. */
#include "layer/tlsresume.h"

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
	if (SSL_CTX_set_session_id_context(s, id, sizeof(id)) != 1 ||
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
