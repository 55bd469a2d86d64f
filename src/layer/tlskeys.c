/* Our own certificates and their keys. */
#include "layer/tlskeys.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "layer/tlspass.h"

/* ---- PEM --------------------------------------------------------------------- */

static enum io no_key(const struct tlspass *pass)
{
	struct fail *f = pass->m->fail;

	if (f->phase != PHASE_NONE)
		return IO_FAIL;
	if (pass->asked)
		return fail_say(f, PHASE_KEY, 0,
				"this pass phrase does not open the private key in %s=%s",
				pass->option, pass->path);
	return fail_say(f, PHASE_KEY, 0, "%s=%s holds no private key in PEM form%s",
			pass->option, pass->path,
			strcmp(pass->option, "cert") == 0 ? "; give key=FILE too" : "");
}

static enum io read_key(const struct making *m, const char *option, const char *path,
			const struct buf *file, struct identity *id)
{
	struct tlspass pass = { .m = m, .option = option, .path = path };
	BIO *pem = BIO_new_mem_buf(file->data, (int)file->len);

	if (pem)
		id->key = PEM_read_bio_PrivateKey(pem, NULL, tlspass_get, &pass);
	BIO_free(pem);
	return id->key ? IO_OK : no_key(&pass);
}

/* The first certificate is ours, those behind it lead to the root. */
static bool read_chain(BIO *pem, struct identity *id)
{
	X509 *cert;

	id->chain = sk_X509_new_null();
	id->cert = PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL);
	if (!id->chain || !id->cert)
		return false;
	while ((cert = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL)
		if (!sk_X509_push(id->chain, cert)) {
			X509_free(cert);
			return false;
		}
	return true;
}

static enum io read_certificate(const struct making *m, const char *path,
				const struct buf *file, struct identity *id)
{
	BIO *pem = BIO_new_mem_buf(file->data, (int)file->len);
	bool ok = pem && read_chain(pem, id);

	BIO_free(pem);
	if (ok) {
		ERR_clear_error(); /* the end of the file was one */
		return IO_OK;
	}
	if (ERR_GET_REASON(ERR_peek_error()) == PEM_R_NO_START_LINE)
		return fail_say(m->fail, PHASE_KEY, 0,
				"cert=%s holds no certificate, neither in PEM form nor "
				"as PKCS#12",
				path);
	return fail_say(m->fail, PHASE_KEY, 0,
			"the certificate in cert=%s cannot be used: %s", path,
			tlsmake_reason());
}

static enum io read_key_file(const struct making *m, const char *path,
			     struct identity *id)
{
	struct buf file;
	enum io r = tlsmake_load(m, "key", path, PHASE_KEY, &file);

	if (r != IO_OK)
		return r;
	r = read_key(m, "key", path, &file, id);
	if (file.len)
		OPENSSL_cleanse(file.data, file.len);
	buf_free(&file);
	return r;
}

/* ---- PKCS#12 ------------------------------------------------------------------- */

static PKCS12 *as_pkcs12(const struct buf *file)
{
	const unsigned char *data = file->data;
	PKCS12 *p = file->len ? d2i_PKCS12(NULL, &data, (long)file->len) : NULL;

	ERR_clear_error();
	return p;
}

/* Some programs write no phrase, others an empty one. */
static bool is_open(PKCS12 *p)
{
	bool open = PKCS12_verify_mac(p, NULL, 0) || PKCS12_verify_mac(p, "", 0);

	ERR_clear_error();
	return open;
}

static enum io unpack(const struct making *m, const char *path, PKCS12 *p,
		      struct identity *id)
{
	struct tlspass pass = { .m = m, .option = "cert", .path = path };
	char phrase[PEM_BUFSIZE + 1] = "";
	int len = is_open(p) ? 0 : tlspass_get(phrase, PEM_BUFSIZE, 0, &pass);
	bool ok;

	if (len < 0)
		return IO_FAIL;
	phrase[len] = '\0';
	ok = PKCS12_parse(p, phrase, &id->key, &id->cert, &id->chain) == 1;
	OPENSSL_cleanse(phrase, sizeof(phrase));
	if (ok && id->cert)
		return IO_OK;
	if (ok)
		return fail_say(m->fail, PHASE_KEY, 0,
				"the PKCS#12 file cert=%s holds no certificate with its "
				"key",
				path);
	if (ERR_GET_REASON(ERR_peek_error()) == PKCS12_R_MAC_VERIFY_FAILURE)
		return fail_say(m->fail, PHASE_KEY, 0,
				"this pass phrase does not open cert=%s", path);
	return fail_say(m->fail, PHASE_KEY, 0,
			"the PKCS#12 file cert=%s cannot be used: %s (\"openssl pkcs12 "
			"-legacy\" converts files with old ciphers)",
			path, tlsmake_reason());
}

/* ---- one certificate ----------------------------------------------------------- */

static enum io read_file(const struct making *m, const struct buf *file, const char *path,
			 const char *key, struct identity *id)
{
	PKCS12 *p = as_pkcs12(file);
	enum io r = p ? unpack(m, path, p, id) : read_certificate(m, path, file, id);

	PKCS12_free(p);
	if (r != IO_OK)
		return r;
	if (key) {
		EVP_PKEY_free(id->key);
		id->key = NULL;
		return read_key_file(m, key, id);
	}
	return id->key ? IO_OK : read_key(m, "cert", path, file, id);
}

static enum io from_file(const struct making *m, const char *path, const char *key,
			 struct identity *id)
{
	struct buf file;
	enum io r = tlsmake_load(m, "cert", path, PHASE_KEY, &file);

	if (r != IO_OK)
		return r;
	r = read_file(m, &file, path, key, id);
	if (file.len)
		OPENSSL_cleanse(file.data, file.len);
	buf_free(&file);
	if (r != IO_OK || X509_check_private_key(id->cert, id->key) == 1)
		return r;
	return fail_say(m->fail, PHASE_KEY, 0,
			"the private key in %s=%s does not fit: %s", key ? "key" : "cert",
			key ? key : path, tlsmake_reason());
}

/* Clients have its pin, so it stays as long as we run. */
static void keep_made(const struct identity *old, struct identity *id)
{
	X509_up_ref(old->cert);
	EVP_PKEY_up_ref(old->key);
	id->cert = old->cert;
	id->key = old->key;
}

static enum io made_now(const struct making *m, const char *key, struct identity *id)
{
	if (key)
		return tlsmake_wrong(m, OPT_KEY, "cert=auto makes a key of its own");
	if (m->old)
		keep_made(&m->old->own[id - m->ctx->own], id);
	else if (!tlscert_make(&id->cert, &id->key))
		return tlsmake_broken(m);
	return IO_OK;
}

/* The other side needs the pin; nobody would find out about an expired
 * certificate but from the clients that run away. */
static void mention(const X509 *cert, const char *from)
{
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

/* ---- all of them --------------------------------------------------------------- */

/* In socat's dialect the last one counts. */
static const char *nth(const struct making *m, unsigned option, unsigned n)
{
	const struct optval *v = part_nth(m->part, option, n);

	if (m->part->spec->rules.socat)
		v = n ? NULL : part_val(m->part, option);
	return v ? v->text : NULL;
}

static unsigned count(const struct making *m, unsigned option)
{
	unsigned n = 0;

	while (nth(m, option, n))
		n++;
	return n;
}

static enum io read_all(const struct making *m, unsigned n)
{
	struct tlsctx *c = m->ctx;

	c->own = mem_new(n, sizeof(*c->own));
	if (!c->own)
		return fail_memory(m->fail);
	for (c->nown = 0; c->nown < n;) {
		const char *from = nth(m, OPT_CERT, c->nown);
		const char *key = nth(m, OPT_KEY, c->nown);
		struct identity *id = &c->own[c->nown++];
		enum io r = strcmp(from, "auto") == 0 ? made_now(m, key, id)
						      : from_file(m, from, key, id);

		if (r != IO_OK)
			return r;
		if (!m->old || strcmp(from, "auto") != 0)
			mention(id->cert, from);
	}
	return IO_OK;
}

/* How well it fits the name that the client asks for: exactly, by a wildcard, or not
 * at all. */
static int grade(X509 *cert, const char *host)
{
	if (X509_check_host(cert, host, 0, X509_CHECK_FLAG_NO_WILDCARDS, NULL) == 1)
		return 2;
	return X509_check_host(cert, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
			       NULL) == 1;
}

/* All that fit equally well are taken, for they may differ in their kinds of key; of
 * the same kind the first one wins. */
static bool take(SSL *ssl, const struct tlsctx *c, const char *host, int wanted)
{
	SSL_certs_clear(ssl);
	for (unsigned i = c->nown; i-- > 0;) {
		const struct identity *id = &c->own[i];

		if (grade(id->cert, host) == wanted &&
		    SSL_use_cert_and_key(ssl, id->cert, id->key, id->chain, 1) != 1)
			return false;
	}
	return true;
}

static int choose(SSL *ssl, void *ctx)
{
	const struct tlsctx *c = ctx;
	const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	int best = 0;

	ERR_set_mark();
	for (unsigned i = 0; host && i < c->nown; i++) {
		int g = grade(c->own[i].cert, host);

		best = g > best ? g : best;
	}
	ERR_pop_to_mark();
	return best == 0 || take(ssl, c, host, best);
}

static enum io use(const struct making *m)
{
	const struct identity *first = &m->ctx->own[0];
	SSL_CTX *s = m->ctx->ssl;

	if (SSL_CTX_use_cert_and_key(s, first->cert, first->key, first->chain, 1) != 1)
		return fail_say(m->fail, PHASE_KEY, 0,
				"the certificate in cert=%s cannot be used: %s",
				nth(m, OPT_CERT, 0), tlsmake_reason());
	if (m->ctx->nown > 1)
		SSL_CTX_set_cert_cb(s, choose, m->ctx);
	return IO_OK;
}

/* Anonymous ciphers are the one case in which a server can do without. */
static bool anonymous(const struct part *p)
{
	return strstr(part_text(p, OPT_CIPHERS, ""), "NULL") != NULL;
}

enum io tlskeys_set(const struct making *m)
{
	unsigned certs = count(m, OPT_CERT), keys = count(m, OPT_KEY);

	if (!certs && keys)
		return tlsmake_wrong(m, OPT_KEY,
				     "a key needs its certificate: cert=FILE");
	if (!certs && m->ctx->server && !anonymous(m->part))
		return fail_say(
			m->fail, PHASE_USAGE, 0,
			"%s: a TLS server needs a certificate: cert=FILE (PEM, with its "
			"key, or key=FILE), or cert=auto to make one on the spot",
			m->part->spec->input);
	if (certs > 1 && !m->ctx->server)
		return tlsmake_wrong(m, OPT_CERT,
				     "a client has one certificate; only a server can "
				     "choose, by the name it is asked for");
	if (keys && keys != certs)
		return tlsmake_wrong(m, OPT_KEY,
				     "give as many key= as cert=, in the same order, or "
				     "files that hold both");
	if (!certs)
		return IO_OK;
	return read_all(m, certs) == IO_OK ? use(m) : IO_FAIL;
}

void tlskeys_free(struct tlsctx *c)
{
	for (unsigned i = 0; i < c->nown; i++) {
		X509_free(c->own[i].cert);
		EVP_PKEY_free(c->own[i].key);
		sk_X509_pop_free(c->own[i].chain, X509_free);
	}
	mem_free(c->own);
}
