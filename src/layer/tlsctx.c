/* What all TLS sessions of one address share: certificates, trust, versions. */
#include "layer/tlsctx.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/mem.h"
#include "base/platform.h"
#include "base/text.h"
#include "layer/tlscompat.h"
#include "layer/tlskeylog.h"
#include "layer/tlskeys.h"
#include "layer/tlsmake.h"
#include "layer/tlspeer.h"
#include "layer/tlsresume.h"
#include "layer/tlstrust.h"

/* ---- versions and ciphers ---------------------------------------------------- */

/* The newer, the further down: DTLS counts its numbers downward. */
static const struct version {
	const char *names;
	int number;
} versions[] = {
	{ "SSL3 SSLv3", SSL3_VERSION },
	{ "TLS1 TLS1.0 TLSv1 TLSv1.0", TLS1_VERSION },
	{ "TLS1.1 TLSv1.1", TLS1_1_VERSION },
	{ "TLS1.2 TLSv1.2", TLS1_2_VERSION },
	{ "TLS1.3 TLSv1.3", TLS1_3_VERSION },
}, dtls_versions[] = {
	{ "DTLS1 DTLS1.0 DTLSv1 DTLSv1.0", DTLS1_VERSION },
	{ "DTLS1.2 DTLSv1.2", DTLS1_2_VERSION },
};

static enum io find_version(const struct making *m, unsigned id,
			    const struct version **out)
{
	bool dtls = m->ctx->datagrams;
	const struct version *v = dtls ? dtls_versions : versions;
	size_t n = dtls ? sizeof(dtls_versions) : sizeof(versions);
	const char *word = part_text(m->part, id, NULL);

	if (!word)
		return IO_OK;
	for (n /= sizeof(*v); n--; v++)
		if (text_in_list(word, strlen(word), v->names) >= 0) {
			*out = v;
			return IO_OK;
		}
	return tlsmake_wrong(
		m, id, dtls ? "no such version: DTLS1.0 or DTLS1.2"
			    : "no such version: SSL3, TLS1.0, TLS1.1, TLS1.2 or TLS1.3");
}

/* Older than 1.2 only for who asks for it. */
static enum io set_versions(const struct making *m)
{
	const struct version *oldest = m->ctx->datagrams ? &dtls_versions[1]
							 : &versions[3];
	const struct version *min = NULL, *max = NULL;

	if (find_version(m, OPT_MIN_PROTO, &min) != IO_OK ||
	    find_version(m, OPT_MAX_PROTO, &max) != IO_OK)
		return IO_FAIL;
	if (min && max && min > max)
		return tlsmake_wrong(m, OPT_MAX_PROTO,
				     "this is older than min-proto-version");
	if (!min && (!max || max > oldest))
		min = oldest;
	if (SSL_CTX_set_min_proto_version(m->ctx->ssl, min ? min->number : 0) == 1 &&
	    SSL_CTX_set_max_proto_version(m->ctx->ssl, max ? max->number : 0) == 1)
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
		return tlsmake_refused(m, OPT_CIPHERS,
				       "no cipher matches (openssl ciphers lists them)");
	if (suites && SSL_CTX_set_ciphersuites(m->ctx->ssl, suites) != 1)
		return tlsmake_refused(m, OPT_CIPHERSUITES,
				       "no such TLS 1.3 cipher suites");
	return IO_OK;
}

/* Without it the library's own choice stays, which changes with the times. */
static enum io set_groups(const struct making *m)
{
	const char *list = part_text(m->part, OPT_GROUPS, NULL);

	if (list && SSL_CTX_set1_groups_list(m->ctx->ssl, list) != 1)
		return tlsmake_wrong(m, OPT_GROUPS,
				     "the TLS library does not know all of these groups; "
				     "it is a list like X25519:P-256");
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
		return tlsmake_wrong(m, OPT_COMPRESS, "compress is none or auto");
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
		return tlsmake_wrong(m, OPT_MAXSENDFRAG,
				     "a TLS record holds 512 to 16384 bytes");
	if (!part_val(m->part, OPT_MAXFRAGLEN))
		return IO_OK;
	while (code < 4 && sizes[code] != ask)
		code++;
	if (sizes[code] != ask ||
	    SSL_CTX_set_tlsext_max_fragment_length(m->ctx->ssl, code) != 1)
		return tlsmake_wrong(m, OPT_MAXFRAGLEN,
				     "this can be 512, 1024, 2048 or 4096");
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
	if (tlsmake_load(m, "dhparam", path, PHASE_KEY, &file) != IO_OK)
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
		path, tlsmake_reason());
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
			return tlsmake_wrong(m, OPT_ALPN,
					     "a protocol's name has at most 255 bytes");
		c->alpn[c->alpn_len] = (unsigned char)len;
		memcpy(c->alpn + c->alpn_len + 1, s, len);
		c->alpn_len += (unsigned)len + 1;
		s += len;
	}
	if (c->alpn_len == 0)
		return tlsmake_wrong(m, OPT_ALPN,
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

/* ---- the whole --------------------------------------------------------------- */

static enum io set_manners(const struct making *m)
{
	SSL_CTX *s = m->ctx->ssl;

	SSL_CTX_set_mode(s, SSL_MODE_ENABLE_PARTIAL_WRITE |
				    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_options(s, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_read_ahead(s, 1);
	SSL_CTX_set_client_cert_cb(s, tlspeer_asked);
	return IO_OK;
}

static enum io make(const struct making *m)
{
	static enum io (*const step[])(const struct making *) = {
		set_manners,	 set_versions,	set_ciphers,   set_groups,
		set_compression, set_fragments, set_dh,	       set_alpn,
		tlstrust_set,	 tlskeys_set,	tlsresume_set, tlskeylog_set,
	};

	m->ctx->ssl = SSL_CTX_new(m->ctx->datagrams ? DTLS_method() : TLS_method());
	if (!m->ctx->ssl)
		return tlsmake_broken(m);
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
	struct making m = { .ctx = c, .part = p, .fail = f, .old = p->prepared };
	enum io r;

	if (!c)
		return fail_memory(f);
	p->prepared = tlsctx_hold(c);
	c->part = p;
	c->warned = m.old && m.old->warned;
	c->keylog = -1;
	c->server = part_is_called(p);
	c->datagrams = p->type->flags & TYPE_MESSAGES;
	m.seen = EVP_MD_CTX_new();
	r = m.seen && EVP_DigestInit_ex(m.seen, EVP_sha256(), NULL) == 1 ? make(&m)
									 : fail_memory(f);
	EVP_MD_CTX_free(m.seen);
	if (r != IO_OK)
		tlsctx_unprepare(p);
	return r;
}

void tlsctx_unprepare(struct part *p)
{
	tlsctx_drop(p->prepared);
	p->prepared = NULL;
}

struct tlsctx *tlsctx_hold(struct tlsctx *c)
{
	c->holders++;
	return c;
}

void tlsctx_drop(struct tlsctx *c)
{
	if (!c || --c->holders > 0)
		return;
	tlsresume_forget(c);
	tlskeys_free(c);
	SSL_CTX_free(c->ssl);
	BIO_meth_free(c->bio);
	sys_close(c->keylog);
	mem_free(c->alpn);
	mem_free(c->room);
	buf_free(&c->spare);
	mem_free(c->pin);
	mem_free(c);
}
