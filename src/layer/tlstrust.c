/* Whom to trust, and whether to ask who is there. */
#include "layer/tlstrust.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/mem.h"
#include "layer/tlspeer.h"

/* Longer chains are an attack. */
enum { MOST_DEPTH = 100 };

static const char no_chain[] =
	"this limits whom to trust, but no chain of certificates is checked (cafile=, "
	"verify=1)";

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

static enum io trust_folder(const struct making *m, const char *path)
{
	DIR *d = opendir(path);

	if (!d)
		return fail_sys(m->fail, PHASE_CA, "cannot open capath=%s", path);
	closedir(d);
	tlsmake_see_folder(m, path);
	if (SSL_CTX_load_verify_locations(m->ctx->ssl, NULL, path) != 1)
		return fail_say(m->fail, PHASE_CA, 0, "capath=%s cannot be used: %s",
				path, tlsmake_reason());
	return IO_OK;
}

/* How many lists the text holds, all in use from now on; -1 = one is bad. */
static int revoke_all(const struct making *m, BIO *pem)
{
	X509_CRL *crl;
	int n = 0;

	while ((crl = PEM_read_bio_X509_CRL(pem, NULL, NULL, NULL)) != NULL) {
		bool ok = X509_STORE_add_crl(SSL_CTX_get_cert_store(m->ctx->ssl), crl) ==
			  1;

		X509_CRL_free(crl);
		if (!ok)
			return -1;
		n++;
	}
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE ? n : -1;
}

/* What one certificate file of whichever kind is read with. */
typedef int take_all(const struct making *m, BIO *pem);

static enum io take_file(const struct making *m, const char *option, const char *path,
			 take_all *take, const char *what)
{
	struct buf file;
	BIO *pem;
	int n;

	if (tlsmake_load(m, option, path, PHASE_CA, &file) != IO_OK)
		return IO_FAIL;
	pem = BIO_new_mem_buf(file.data, (int)file.len);
	n = pem ? take(m, pem) : -1;
	BIO_free(pem);
	buf_free(&file);
	if (n == 0)
		return fail_say(m->fail, PHASE_CA, 0, "%s=%s holds no %s in PEM form",
				option, path, what);
	if (n < 0)
		return fail_say(m->fail, PHASE_CA, 0, "a %s in %s=%s is broken: %s", what,
				option, path, tlsmake_reason());
	ERR_clear_error();
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
	if (file && take_file(m, "cafile", file, trust_all, "certificate") != IO_OK)
		return IO_FAIL;
	if (folder && trust_folder(m, folder) != IO_OK)
		return IO_FAIL;
	if (m->ctx->chain && !file && !folder &&
	    SSL_CTX_set_default_verify_paths(m->ctx->ssl) != 1)
		return tlsmake_broken(m);
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
	if (m->ctx->npins || (m->ctx->server && !p->spec->rules.socat))
		return named;
	return true;
}

static enum io set_pins(const struct making *m)
{
	struct tlsctx *c = m->ctx;
	const struct optval *v;

	while ((v = part_nth(m->part, OPT_PIN, c->npins)) != NULL) {
		struct pin *all = mem_resize(c->pin, c->npins + 1, sizeof(*all));

		if (!all)
			return fail_memory(m->fail);
		c->pin = all;
		if (!tlscert_pin_parse(v->text, &all[c->npins++]))
			return tlsmake_wrong_value(
				m, v,
				"a pin is sha256: and 64 hexadecimal digits or base64: "
				"the hash of the peer's public key");
	}
	return IO_OK;
}

/* Anybody can write any name into a certificate of his own. */
static enum io check_lists(const struct making *m)
{
	static const unsigned id[] = { OPT_ALLOW_SAN, OPT_ALLOW_CN };

	for (size_t i = 0; i < sizeof(id) / sizeof(*id); i++)
		if (part_val(m->part, id[i]) && !m->ctx->chain && !m->ctx->npins)
			return tlsmake_wrong(
				m, id[i],
				"a name says nothing unless somebody vouches "
				"for it: cafile= or pin= is needed as well");
	return IO_OK;
}

static enum io set_verification(const struct making *m)
{
	struct tlsctx *c = m->ctx;
	int mode = SSL_VERIFY_NONE;

	if (set_pins(m) != IO_OK)
		return IO_FAIL;
	c->chain = wants_chain(m);
	c->name = part_text(m->part, OPT_COMMONNAME,
			    part_val(m->part, OPT_COMMONNAME) ? "" : NULL);
	if (c->chain || c->npins)
		mode = SSL_VERIFY_PEER |
		       (c->server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
	SSL_CTX_set_verify(c->ssl, mode, NULL);
	SSL_CTX_set_cert_verify_callback(c->ssl, tlspeer_verify, NULL);
	return check_lists(m);
}

static enum io set_limits(const struct making *m)
{
	const char *crl = part_text(m->part, OPT_CRL, NULL);
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(m->ctx->ssl);

	if (part_val(m->part, OPT_VERIFY_DEPTH)) {
		long long most = part_num(m->part, OPT_VERIFY_DEPTH, 0);

		if (!m->ctx->chain || most > MOST_DEPTH)
			return tlsmake_wrong(m, OPT_VERIFY_DEPTH,
					     m->ctx->chain ? "at most 100" : no_chain);
		X509_VERIFY_PARAM_set_depth(param, (int)most);
	}
	if (!crl)
		return IO_OK;
	if (!m->ctx->chain)
		return tlsmake_wrong(m, OPT_CRL, no_chain);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK);
	return take_file(m, "crl", crl, revoke_all, "list of revoked certificates");
}

enum io tlstrust_set(const struct making *m)
{
	if (set_verification(m) != IO_OK || set_trust(m) != IO_OK)
		return IO_FAIL;
	return set_limits(m);
}
