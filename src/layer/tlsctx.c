/* What all TLS sessions of one address share: certificates, trust, versions. */
#include "layer/tlsctx.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "layer/tlscompat.h"
#include "layer/tlspeer.h"

/* One preparation under way. */
struct making {
	struct tlsctx *ctx;	 /* ref */
	const struct part *part; /* ref */
	struct fail *fail;	 /* ref */
};

/* ---- saying no --------------------------------------------------------------- */

static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	return text ? text : "the TLS library does not say why";
}

/* The value of an option is wrong: a caret under it. */
static enum io wrong(const struct making *m, unsigned id, const char *what)
{
	const struct optval *v = part_val(m->part, id);

	return fail_at(m->fail, m->part->spec->input, v->at, v->len, "%s", what);
}

/* The same where the library knows the cause. */
static enum io refused(const struct making *m, unsigned id, const char *what)
{
	const struct optval *v = part_val(m->part, id);

	return fail_at(m->fail, m->part->spec->input, v->at, v->len, "%s: %s", what,
		       reason());
}

static enum io broken(const struct making *m)
{
	return fail_say(m->fail, PHASE_INTERNAL, 0, "%s: the TLS library failed: %s",
			m->part->spec->input, reason());
}

/* ---- versions and ciphers ---------------------------------------------------- */

static const struct version {
	const char *names;
	int number;
} versions[] = {
	{ "SSL3 SSLv3", SSL3_VERSION },
	{ "TLS1 TLS1.0 TLSv1 TLSv1.0", TLS1_VERSION },
	{ "TLS1.1 TLSv1.1", TLS1_1_VERSION },
	{ "TLS1.2 TLSv1.2", TLS1_2_VERSION },
	{ "TLS1.3 TLSv1.3", TLS1_3_VERSION },
};

static enum io find_version(const struct making *m, unsigned id, int *out)
{
	const char *word = part_text(m->part, id, NULL);

	if (!word)
		return IO_OK;
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		if (text_in_list(word, strlen(word), versions[i].names) >= 0) {
			*out = versions[i].number;
			return IO_OK;
		}
	return wrong(m, id, "no such version: SSL3, TLS1.0, TLS1.1, TLS1.2 or TLS1.3");
}

/* Older than 1.2 only for who asks for it. */
static enum io set_versions(const struct making *m)
{
	int min = 0, max = 0;

	if (find_version(m, OPT_MIN_PROTO, &min) != IO_OK ||
	    find_version(m, OPT_MAX_PROTO, &max) != IO_OK)
		return IO_FAIL;
	if (min && max && min > max)
		return wrong(m, OPT_MAX_PROTO, "this is older than min-proto-version");
	if (!min && (!max || max > TLS1_2_VERSION))
		min = TLS1_2_VERSION;
	if (SSL_CTX_set_min_proto_version(m->ctx->ssl, min) == 1 &&
	    SSL_CTX_set_max_proto_version(m->ctx->ssl, max) == 1)
		return IO_OK;
	return fail_say(m->fail, PHASE_USAGE, 0,
			"%s: the TLS library does not have these versions",
			m->part->spec->input);
}

static enum io set_ciphers(const struct making *m)
{
	const char *list = part_text(m->part, OPT_CIPHERS, NULL);
	const char *suites = part_text(m->part, OPT_CIPHERSUITES, NULL);

	if (list && SSL_CTX_set_cipher_list(m->ctx->ssl, list) != 1)
		return refused(m, OPT_CIPHERS,
			       "no cipher matches (openssl ciphers lists them)");
	if (suites && SSL_CTX_set_ciphersuites(m->ctx->ssl, suites) != 1)
		return refused(m, OPT_CIPHERSUITES, "no such TLS 1.3 cipher suites");
	return IO_OK;
}

static enum io set_compression(const struct making *m)
{
	const char *how = part_text(m->part, OPT_COMPRESS, "none");

	if (strcmp(how, "auto") == 0)
		SSL_CTX_clear_options(m->ctx->ssl, SSL_OP_NO_COMPRESSION);
	else if (strcmp(how, "none") == 0)
		SSL_CTX_set_options(m->ctx->ssl, SSL_OP_NO_COMPRESSION);
	else
		return wrong(m, OPT_COMPRESS, "compress is none or auto");
	return IO_OK;
}

static enum io set_fragments(const struct making *m)
{
	static const int sizes[] = { 0, 512, 1024, 2048,
				     4096 }; /* place = code, RFC 6066 */
	long long most = part_num(m->part, OPT_MAXSENDFRAG, 0);
	long long ask = part_num(m->part, OPT_MAXFRAGLEN, 0);
	uint8_t code = 0;

	if (part_val(m->part, OPT_MAXSENDFRAG) &&
	    (most < 512 || most > SSL3_RT_MAX_PLAIN_LENGTH ||
	     SSL_CTX_set_max_send_fragment(m->ctx->ssl, most) != 1))
		return wrong(m, OPT_MAXSENDFRAG, "a TLS record holds 512 to 16384 bytes");
	if (!part_val(m->part, OPT_MAXFRAGLEN))
		return IO_OK;
	while (code < 4 && sizes[code] != ask)
		code++;
	if (sizes[code] != ask ||
	    SSL_CTX_set_tlsext_max_fragment_length(m->ctx->ssl, code) != 1)
		return wrong(m, OPT_MAXFRAGLEN, "this can be 512, 1024, 2048 or 4096");
	return IO_OK;
}

static enum io set_dh(const struct making *m)
{
	const char *path = part_text(m->part, OPT_DHPARAM, NULL);
	struct buf file;
	BIO *pem;
	bool ok;

	if (!path) {
		SSL_CTX_set_dh_auto(m->ctx->ssl, 1);
		return IO_OK;
	}
	if (tlscert_load("dhparam", path, PHASE_KEY, &file, m->fail) != IO_OK)
		return IO_FAIL;
	pem = BIO_new_mem_buf(file.data, (int)file.len);
	ok = pem && tlscompat_dh(m->ctx->ssl, pem);
	BIO_free(pem);
	buf_free(&file);
	if (ok)
		return IO_OK;
	return fail_say(
		m->fail, PHASE_KEY, 0,
		"dhparam=%s has no usable Diffie-Hellman parameters in PEM form: %s",
		path, reason());
}

/* ---- ALPN -------------------------------------------------------------------- */

static int choose_protocol(SSL *s, const unsigned char **out, unsigned char *outlen,
			   const unsigned char *in, unsigned inlen, void *arg)
{
	const struct tlsctx *c = arg;
	unsigned char *chosen = NULL;

	(void)s;
	if (SSL_select_next_proto(&chosen, outlen, c->alpn, c->alpn_len, in, inlen) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* "h2+http/1.1" as TLS sends it: each name behind its length. */
static enum io pack_protocols(const struct making *m, const char *list)
{
	static const char between[] = "+, ";
	struct tlsctx *c = m->ctx;

	c->alpn = mem_new(strlen(list) + 1, 1);
	if (!c->alpn)
		return fail_memory(m->fail);
	for (const char *s = list + strspn(list, between); *s; s += strspn(s, between)) {
		size_t len = strcspn(s, between);

		if (len > 255)
			return wrong(m, OPT_ALPN,
				     "a protocol's name has at most 255 bytes");
		c->alpn[c->alpn_len] = (unsigned char)len;
		memcpy(c->alpn + c->alpn_len + 1, s, len);
		c->alpn_len += (unsigned)len + 1;
		s += len;
	}
	if (c->alpn_len == 0)
		return wrong(m, OPT_ALPN,
			     "names of protocols are missing: alpn=h2+http/1.1");
	return IO_OK;
}

static enum io set_alpn(const struct making *m)
{
	const char *list = part_text(m->part, OPT_ALPN, NULL);

	if (!list)
		return IO_OK;
	if (pack_protocols(m, list) != IO_OK)
		return IO_FAIL;
	if (m->ctx->server)
		SSL_CTX_set_alpn_select_cb(m->ctx->ssl, choose_protocol, m->ctx);
	else if (SSL_CTX_set_alpn_protos(m->ctx->ssl, m->ctx->alpn, m->ctx->alpn_len) !=
		 0)
		return fail_memory(m->fail);
	return IO_OK;
}

/* ---- own certificate --------------------------------------------------------- */

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
			reason());
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
			"the certificate in cert=%s cannot be used: %s", path, reason());
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
		return wrong(m, OPT_KEY, "cert=auto makes a key of its own");
	if (!tlscert_make(&cert, &key))
		return broken(m);
	ok = SSL_CTX_use_certificate(m->ctx->ssl, cert) == 1 &&
	     SSL_CTX_use_PrivateKey(m->ctx->ssl, key) == 1;
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok ? IO_OK : broken(m);
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

static enum io set_certificate(const struct making *m)
{
	const char *from = part_text(m->part, OPT_CERT, NULL);
	enum io r;

	if (!from && part_has(m->part, OPT_KEY))
		return wrong(m, OPT_KEY, "a key needs its certificate: cert=FILE");
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

/* ---- whom to trust ----------------------------------------------------------- */

static bool trust(const struct making *m, X509 *cert)
{
	if (X509_STORE_add_cert(SSL_CTX_get_cert_store(m->ctx->ssl), cert) != 1)
		return false;
	return !m->ctx->server || SSL_CTX_add_client_CA(m->ctx->ssl, cert) == 1;
}

/* How many certificates the text holds, all trusted from now on; -1 = one is bad. */
static int trust_all(const struct making *m, BIO *pem)
{
	X509 *cert;
	int n = 0;

	while ((cert = PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL)) != NULL) {
		bool ok = trust(m, cert);

		X509_free(cert);
		if (!ok)
			return -1;
		n++;
	}
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? n : -1;
}

static enum io trust_file(const struct making *m, const char *path)
{
	struct buf file;
	BIO *pem;
	int n;

	if (tlscert_load("cafile", path, PHASE_CA, &file, m->fail) != IO_OK)
		return IO_FAIL;
	pem = BIO_new_mem_buf(file.data, (int)file.len);
	n = pem ? trust_all(m, pem) : -1;
	BIO_free(pem);
	buf_free(&file);
	if (n == 0)
		return fail_say(m->fail, PHASE_CA, 0,
				"cafile=%s holds no certificate in PEM form", path);
	if (n < 0)
		return fail_say(m->fail, PHASE_CA, 0,
				"a certificate in cafile=%s is broken: %s", path,
				reason());
	ERR_clear_error();
	return IO_OK;
}

static enum io trust_folder(const struct making *m, const char *path)
{
	DIR *d = opendir(path);

	if (!d)
		return fail_sys(m->fail, PHASE_CA, "cannot open capath=%s", path);
	closedir(d);
	if (SSL_CTX_load_verify_locations(m->ctx->ssl, NULL, path) != 1)
		return fail_say(m->fail, PHASE_CA, 0, "capath=%s cannot be used: %s",
				path, reason());
	return IO_OK;
}

/* A certificate in cafile= is trusted for what it is, be it a root or not. */
static enum io set_trust(const struct making *m)
{
	const char *file = part_text(m->part, OPT_CAFILE, NULL);
	const char *folder = part_text(m->part, OPT_CAPATH, NULL);
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(m->ctx->ssl);

	if (file || folder)
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	if (file && trust_file(m, file) != IO_OK)
		return IO_FAIL;
	if (folder && trust_folder(m, folder) != IO_OK)
		return IO_FAIL;
	if (m->ctx->chain && !file && !folder &&
	    SSL_CTX_set_default_verify_paths(m->ctx->ssl) != 1)
		return broken(m);
	return IO_OK;
}

/* ---- whether to ask ---------------------------------------------------------- */

/* A client checks unless told not to; a server when it was told whom to trust,
 * or in the socat dialect.  A pin says all there is to know, so it stands alone
 * unless authorities are named as well. */
static bool wants_chain(const struct making *m)
{
	const struct part *p = m->part;
	bool named = part_has(p, OPT_CAFILE) || part_has(p, OPT_CAPATH);

	if (part_val(p, OPT_VERIFY))
		return part_num(p, OPT_VERIFY, 1) != 0;
	if (m->ctx->pinned || (m->ctx->server && !p->spec->rules.socat))
		return named;
	return true;
}

static enum io set_verification(const struct making *m)
{
	const char *pin = part_text(m->part, OPT_PIN, NULL);
	struct tlsctx *c = m->ctx;
	int mode = SSL_VERIFY_NONE;

	if (pin && !tlscert_pin_parse(pin, &c->pin))
		return wrong(m, OPT_PIN,
			     "a pin is sha256: and 64 hexadecimal digits or base64: "
			     "the hash of the peer's public key");
	c->pinned = pin != NULL;
	c->chain = wants_chain(m);
	c->name = part_text(m->part, OPT_COMMONNAME,
			    part_val(m->part, OPT_COMMONNAME) ? "" : NULL);
	if (c->chain || c->pinned)
		mode = SSL_VERIFY_PEER |
		       (c->server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
	SSL_CTX_set_verify(c->ssl, mode, NULL);
	SSL_CTX_set_cert_verify_callback(c->ssl, tlspeer_verify, NULL);
	return IO_OK;
}

/* ---- the whole --------------------------------------------------------------- */

/* No session is ever resumed: each handshake shows the peer's certificate, and a
 * server sends no tickets, so that a client that only writes has nothing unread
 * when it closes (which would turn its close into a reset). */
static enum io set_manners(const struct making *m)
{
	SSL_CTX *s = m->ctx->ssl;

	SSL_CTX_set_mode(s, SSL_MODE_ENABLE_PARTIAL_WRITE |
				    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_options(s, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(s, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(s, 1);
	if (SSL_CTX_set_num_tickets(s, 0) != 1)
		return broken(m);
	SSL_CTX_set_client_cert_cb(s, tlspeer_asked);
	return IO_OK;
}

static enum io make(const struct making *m)
{
	static enum io (*const step[])(const struct making *) = {
		set_manners,   set_versions,	set_ciphers, set_compression,
		set_fragments, set_dh,		set_alpn,    set_verification,
		set_trust,     set_certificate,
	};

	m->ctx->ssl = SSL_CTX_new(TLS_method());
	if (!m->ctx->ssl)
		return broken(m);
	for (size_t i = 0; i < sizeof(step) / sizeof(*step); i++) {
		ERR_clear_error();
		if (step[i](m) != IO_OK)
			return IO_FAIL;
	}
	return IO_OK;
}

enum io tlsctx_prepare(struct part *p, struct fail *f)
{
	struct tlsctx *c = mem_new(1, sizeof(*c));
	struct making m = { .ctx = c, .part = p, .fail = f };

	if (!c)
		return fail_memory(f);
	p->prepared = c;
	c->server = part_is_called(p);
	if (make(&m) == IO_OK)
		return IO_OK;
	tlsctx_unprepare(p);
	return IO_FAIL;
}

void tlsctx_unprepare(struct part *p)
{
	struct tlsctx *c = p->prepared;

	if (!c)
		return;
	SSL_CTX_free(c->ssl);
	BIO_meth_free(c->bio);
	mem_free(c->alpn);
	mem_free(c);
	p->prepared = NULL;
}
