/* What DTLS (RFC 6347) needs beyond TLS: cookies, a clock, whole datagrams. */
#include "layer/dtls.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/mem.h"

enum {
	/* bytes of UDP that pass every path: IPv6 promises 1280 with its headers */
	SAFE_MTU = 1200,
	RECORD_HANDSHAKE = 22, /* content type, at byte 0; the epoch is at 3 */
	CLIENT_HELLO = 1,      /* handshake type, at byte 13 */
	HELLO_TYPE = 13,
	HELLO_RANDOM = 27, /* behind the message's head and the version */
	RANDOM_SIZE = 32,
};

bool dtls_fits(const struct part *p)
{
	do
		p--;
	while ((p->type->flags & TYPE_LAYER) && !(p->type->flags & TYPE_MESSAGES));
	return p->type->flags & TYPE_MESSAGES;
}

/* ---- cookies ----------------------------------------------------------------- */

static int give_cookie(SSL *ssl, unsigned char *to, unsigned *len)
{
	const struct tlspeer *t = SSL_get_app_data(ssl);

	memcpy(to, t->cookie, sizeof(t->cookie));
	*len = sizeof(t->cookie);
	return 1;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned len)
{
	const struct tlspeer *t = SSL_get_app_data(ssl);

	return len == sizeof(t->cookie) && CRYPTO_memcmp(cookie, t->cookie, len) == 0;
}

/* Nobody else can make it, and it is good for this address only. */
static bool make_cookie(struct tlspeer *t, const struct endpoint *e)
{
	const struct tlsctx *c = t->ctx;
	struct name peer;
	char text[NAME_TEXT];
	unsigned len;

	endpoint_peer(e, &peer);
	name_text(&peer, text, sizeof(text));
	return HMAC(EVP_sha256(), c->secret, sizeof(c->secret), (unsigned char *)text,
		    strlen(text), t->cookie, &len) != NULL;
}

enum io dtls_prepare(struct tlsctx *c, struct fail *f)
{
	c->room = mem_new(DTLS_DATAGRAM, 1);
	if (!c->room || RAND_bytes(c->secret, sizeof(c->secret)) != 1)
		return fail_memory(f);
	SSL_CTX_set_options(c->ssl, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_cookie_generate_cb(c->ssl, give_cookie);
	SSL_CTX_set_cookie_verify_cb(c->ssl, check_cookie);
	return IO_OK;
}

bool dtls_begin(struct tlspeer *t, SSL *ssl, const struct endpoint *e)
{
	return SSL_set_mtu(ssl, SAFE_MTU) == SAFE_MTU && make_cookie(t, e);
}

int dtls_listen(SSL *ssl)
{
	BIO_ADDR *from = BIO_ADDR_new();
	int r = from ? DTLSv1_listen(ssl, from) : -1;

	BIO_ADDR_free(from);
	return r;
}

/* ---- a client that starts over ------------------------------------------------- */

/* One that began this session may come once more, late or sent again. */
static bool is_new_hello(SSL *ssl, const unsigned char *d, size_t len)
{
	unsigned char known[RANDOM_SIZE];

	if (len < HELLO_RANDOM + RANDOM_SIZE || d[0] != RECORD_HANDSHAKE || d[3] ||
	    d[4] || d[HELLO_TYPE] != CLIENT_HELLO)
		return false;
	SSL_get_client_random(ssl, known, sizeof(known));
	return memcmp(d + HELLO_RANDOM, known, sizeof(known)) != 0;
}

/* Another session of the same peer, which hears this datagram and no more. */
static SSL *other_session(struct tlspeer *t, SSL *ssl, BIO *in)
{
	SSL *s = SSL_new(t->ctx->ssl);
	BIO *out = SSL_get_wbio(ssl);

	if (!s || BIO_up_ref(out) != 1) {
		SSL_free(s);
		BIO_free(in);
		return NULL;
	}
	SSL_set_bio(s, in, out);
	SSL_set_app_data(s, t);
	SSL_set_accept_state(s);
	return s;
}

bool dtls_starts_over(struct tlspeer *t, SSL *ssl, const unsigned char *datagram,
		      size_t len)
{
	BIO *in;
	SSL *s;
	bool over;

	if (!t->ctx->server || !is_new_hello(ssl, datagram, len))
		return false;
	in = BIO_new_mem_buf(datagram, (int)len);
	s = in ? other_session(t, ssl, in) : NULL;
	over = s && dtls_listen(s) == 1;
	SSL_free(s);
	ERR_clear_error();
	return over;
}

/* ---- the clock ----------------------------------------------------------------- */

bool dtls_wait(SSL *ssl, struct timer *again, struct endpoint *e)
{
	struct timeval left;

	if (DTLSv1_get_timeout(ssl, &left) != 1)
		return true;
	again->fn = endpoint_woken;
	again->owner = e;
	return timer_set(e->loop, again,
			 loop_now(e->loop) + (uint64_t)left.tv_sec * 1000000 +
				 (uint64_t)left.tv_usec);
}
