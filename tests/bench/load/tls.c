/* TLS with OpenSSL: 1.3 with one cipher suite, no certificate checked, no resumption. */
#include "load.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>

enum { READ_AHEAD = 4 * 16704 };	/* records of full size, with their frames */

static SSL_CTX *make_context(bool server)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

	if (ctx == NULL)
		die("OpenSSL does not work");
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, READ_AHEAD);
	if (server && (opt.cert == NULL || opt.key == NULL ||
		       SSL_CTX_use_certificate_chain_file(ctx, opt.cert) != 1 ||
		       SSL_CTX_use_PrivateKey_file(ctx, opt.key, SSL_FILETYPE_PEM) != 1))
		die("a TLS server needs --cert and --key");
	return ctx;
}

void tls_start(struct conn *c, bool server)
{
	static SSL_CTX *context[2];
	SSL *ssl;

	if (context[server] == NULL)
		context[server] = make_context(server);
	ssl = SSL_new(context[server]);
	if (ssl == NULL || SSL_set_fd(ssl, c->fd) != 1)
		die("out of memory");
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	c->tls = ssl;
}

static ssize_t outcome(struct conn *c, int r)
{
	if (r > 0)
		return r;
	switch (SSL_get_error(c->tls, r)) {
	case SSL_ERROR_WANT_READ:
		c->block = EPOLLIN;
		return CONN_WAIT;
	case SSL_ERROR_WANT_WRITE:
		c->block = EPOLLOUT;
		return CONN_WAIT;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		ERR_clear_error();
		return CONN_FAIL;
	}
}

ssize_t tls_read(struct conn *c, void *p, size_t n)
{
	return outcome(c, SSL_read(c->tls, p, (int)n));
}

ssize_t tls_write(struct conn *c, const void *p, size_t n)
{
	return outcome(c, SSL_write(c->tls, p, (int)n));
}

void tls_shut(struct conn *c)
{
	SSL_shutdown(c->tls);
	ERR_clear_error();
}

void tls_free(struct conn *c)
{
	SSL_shutdown(c->tls);
	SSL_free(c->tls);
	ERR_clear_error();
	c->tls = NULL;
}
