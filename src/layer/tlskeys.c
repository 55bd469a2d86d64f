/* Our own certificate and its key. */
#include "layer/tlskeys.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/log.h"

/* Asking for a pass phrase would stop a daemon for ever. */
static int no_phrase(char *to, int cap, int writing, void *asked)
{
	(void)to;
	(void)cap;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static enum io use_key(const struct making *m, const char *option, const char *path,
		       const struct buf *file)
{
	bool asked = false;
	BIO *pem = BIO_new_mem_buf(file->data, (int)file->len);
	EVP_PKEY *key = pem ? PEM_read_bio_PrivateKey(pem, NULL, no_phrase, &asked)
			    : NULL;
	bool ok = key && SSL_CTX_use_PrivateKey(m->ctx->ssl, key) == 1;

	BIO_free(pem);
	EVP_PKEY_free(key);
	if (ok)
		return IO_OK;
	if (asked)
		return fail_say(m->fail, PHASE_KEY, 0,
				"the private key in %s=%s is locked with a pass phrase; "
				"\"openssl pkey -in FILE -out NEW\" takes it off",
				option, path);
	if (!key)
		return fail_say(m->fail, PHASE_KEY, 0,
				"%s=%s holds no private key in PEM form%s", option, path,
				strcmp(option, "cert") == 0 ? "; give key=FILE too" : "");
	return fail_say(m->fail, PHASE_KEY, 0,
			"the private key in %s=%s does not fit: %s", option, path,
			tlsmake_reason());
}

/* The first certificate is ours, those behind it lead to the root. */
static bool use_chain(SSL_CTX *ctx, BIO *pem)
{
	X509 *cert = PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL);
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

	X509_free(cert);
	while (ok && (cert = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL) {
		ok = SSL_CTX_add0_chain_cert(ctx, cert) == 1;
		if (!ok)
			X509_free(cert);
	}
	return ok;
}

static enum io use_certificate(const struct making *m, const char *path,
			       const struct buf *file)
{
	BIO *pem = BIO_new_mem_buf(file->data, (int)file->len);
	bool ok = pem && use_chain(m->ctx->ssl, pem);

	BIO_free(pem);
	if (ok) {
		ERR_clear_error(); /* the end of the file was one */
		return IO_OK;
	}
	if (ERR_GET_REASON(ERR_peek_error()) == PEM_R_NO_START_LINE)
		return fail_say(m->fail, PHASE_KEY, 0,
				"cert=%s holds no certificate in PEM form", path);
	return fail_say(m->fail, PHASE_KEY, 0,
			"the certificate in cert=%s cannot be used: %s", path,
			tlsmake_reason());
}

static enum io key_from_file(const struct making *m, const char *path)
{
	struct buf file;
	enum io r = tlscert_load("key", path, PHASE_KEY, &file, m->fail);

	if (r != IO_OK)
		return r;
	r = use_key(m, "key", path, &file);
	OPENSSL_cleanse(file.data, file.len);
	buf_free(&file);
	return r;
}

static enum io certificate_from_file(const struct making *m, const char *path)
{
	const char *key = part_text(m->part, OPT_KEY, NULL);
	struct buf file;
	enum io r = tlscert_load("cert", path, PHASE_KEY, &file, m->fail);

	if (r != IO_OK)
		return r;
	r = use_certificate(m, path, &file);
	if (r == IO_OK)
		r = key ? key_from_file(m, key) : use_key(m, "cert", path, &file);
	OPENSSL_cleanse(file.data, file.len);
	buf_free(&file);
	return r;
}

static enum io certificate_made(const struct making *m)
{
	X509 *cert;
	EVP_PKEY *key;
	bool ok;

	if (part_has(m->part, OPT_KEY))
		return tlsmake_wrong(m, OPT_KEY, "cert=auto makes a key of its own");
	if (!tlscert_make(&cert, &key))
		return tlsmake_broken(m);
	ok = SSL_CTX_use_certificate(m->ctx->ssl, cert) == 1 &&
	     SSL_CTX_use_PrivateKey(m->ctx->ssl, key) == 1;
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok ? IO_OK : tlsmake_broken(m);
}

/* The other side needs the pin; nobody would find out about an expired
 * certificate but from the clients that run away. */
static void mention_certificate(const struct making *m, const char *from)
{
	const X509 *cert = SSL_CTX_get0_certificate(m->ctx->ssl);
	bool made = strcmp(from, "auto") == 0;
	char text[PIN_TEXT], when[40];
	struct pin pin;

	if (tlscert_pin(cert, &pin))
		log_say(made ? LEVEL_WARNING : LEVEL_INFO, "%s, its pin is %s",
			made ? "certificate made on the spot" : "own certificate loaded",
			tlscert_pin_text(&pin, text));
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		log_say(LEVEL_WARNING, "the certificate in cert=%s expired on %s", from,
			tlscert_time(X509_get0_notAfter(cert), when, sizeof(when)));
}

/* Anonymous ciphers are the one case in which a server can do without. */
static bool anonymous(const struct part *p)
{
	return strstr(part_text(p, OPT_CIPHERS, ""), "NULL") != NULL;
}

enum io tlskeys_set(const struct making *m)
{
	const char *from = part_text(m->part, OPT_CERT, NULL);
	enum io r;

	if (!from && part_has(m->part, OPT_KEY))
		return tlsmake_wrong(m, OPT_KEY,
				     "a key needs its certificate: cert=FILE");
	if (!from && m->ctx->server && !anonymous(m->part))
		return fail_say(
			m->fail, PHASE_USAGE, 0,
			"%s: a TLS server needs a certificate: cert=FILE (PEM, with its "
			"key, or key=FILE), or cert=auto to make one on the spot",
			m->part->spec->input);
	if (!from)
		return IO_OK;
	r = strcmp(from, "auto") == 0 ? certificate_made(m)
				      : certificate_from_file(m, from);
	if (r != IO_OK)
		return r;
	m->ctx->certified = true;
	mention_certificate(m, from);
	return IO_OK;
}
