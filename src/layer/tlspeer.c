/* Who is at the other end: checks, names, and what a failed session means. */
#include "layer/tlspeer.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "layer/tlscompat.h"
#include "layer/tlsreport.h"
#include "layer/tlsresume.h"

/* ---- names ------------------------------------------------------------------- */

static bool is_address(const char *name)
{
	struct name n;

	return name_numeric(&n, name, 0);
}

/* As certificates have it: "[fe80::1%eth0]" is fe80::1, "example.com." example.com. */
static char *plain_name(const char *target)
{
	size_t len = strlen(target);

	if (len > 1 && target[0] == '[' && target[len - 1] == ']') {
		target++;
		len -= 2;
	}
	if (memchr(target, ':', len))
		len = strcspn(target, "%]");
	else if (len > 1 && target[len - 1] == '.')
		len--;
	return mem_text(target, len);
}

static enum io keep_name(struct tlspeer *t, char **where, const char *name)
{
	*where = plain_name(name);
	return *where ? IO_OK : fail_memory(t->fail);
}

/* A numeric address is no name to ask a server for (RFC 6066, section 3). */
static enum io set_sni(struct tlspeer *t, const struct part *p, const char *name)
{
	name = part_text(p, OPT_SNIHOST, name);
	if (t->ctx->server || !name || part_num(p, OPT_NO_SNI, 0) || is_address(name))
		return IO_OK;
	return keep_name(t, &t->sni, name);
}

enum io tlspeer_start(struct tlspeer *t, const struct part *p, const char *target)
{
	const char *said = t->ctx->name;
	const char *name = said && *said ? said : target;
	bool named = said ? *said != '\0' : t->ctx->chain && !t->ctx->server;

	if (name && !*name)
		name = NULL;
	if (named && !name)
		return fail_say(
			t->fail, PHASE_USAGE, 0,
			"%.96s: there is no host name that the certificate could be "
			"checked against; give commonname=NAME, pin=sha256:..., or verify=0",
			t->typed);
	if (named && (t->ctx->chain || t->ctx->npins) &&
	    keep_name(t, &t->name, name) != IO_OK)
		return IO_FAIL;
	return set_sni(t, p, name);
}

void tlspeer_free(struct tlspeer *t)
{
	mem_free(t->name);
	mem_free(t->sni);
	t->name = t->sni = NULL;
}

/* ---- checks ------------------------------------------------------------------ */

static const char *peer(const struct tlspeer *t)
{
	return t->ctx->server ? "client" : "server";
}

static bool pin_fits(const struct tlspeer *t, const X509 *cert)
{
	char text[PIN_TEXT];
	struct pin pin;

	if (!tlscert_pin(cert, &pin)) {
		fail_memory(t->fail);
		return false;
	}
	for (unsigned i = 0; i < t->ctx->npins; i++)
		if (tlscert_pin_same(&pin, &t->ctx->pin[i]))
			return true;
	fail_say(t->fail, PHASE_VERIFY, X509_V_ERR_APPLICATION_VERIFICATION,
		 "%.96s: this is another %s than pin= says: its pin is %s", t->typed,
		 peer(t), tlscert_pin_text(&pin, text));
	return false;
}

static enum io wrong_name(const struct tlspeer *t, X509 *cert, unsigned flags)
{
	char names[100];

	flags &= ~(unsigned)X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	if (!is_address(t->name) &&
	    X509_check_host(cert, t->name, strlen(t->name), flags, NULL) == 1)
		return fail_say(
			t->fail, PHASE_IDENTITY, X509_V_ERR_HOSTNAME_MISMATCH,
			"%.96s: the certificate has \"%.40s\" only as its common name, which does not count without commonname= (it lacks a subjectAltName)",
			t->typed, t->name);
	return fail_say(t->fail, PHASE_IDENTITY, X509_V_ERR_HOSTNAME_MISMATCH,
			"%.96s: the certificate is for \"%s\", not for \"%.80s\"",
			t->typed, tlscert_names(cert, names, sizeof(names)), t->name);
}

/* RFC 6125, as the library does it.  The common name counts only where the user
 * said which name he expects, or in socat's dialect, and never beside alternative
 * names. */
static bool name_fits(const struct tlspeer *t, X509 *cert)
{
	bool said = t->ctx->name != NULL || log_is_socat();
	unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
			 (said ? 0 : X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);

	if (is_address(t->name) && X509_check_ip_asc(cert, t->name, 0) == 1)
		return true;
	if ((said || !is_address(t->name)) &&
	    X509_check_host(cert, t->name, strlen(t->name), flags, NULL) == 1)
		return true;
	return wrong_name(t, cert, flags) == IO_OK;
}

/* One of the names is enough, of whichever kind. */
static bool is_listed(const struct tlspeer *t, const X509 *cert)
{
	const struct part *p = t->ctx->part;
	const struct optval *v;

	for (unsigned i = 0; (v = part_nth(p, OPT_ALLOW_SAN, i)) != NULL; i++)
		if (tlscert_has_name(cert, v->text))
			return true;
	for (unsigned i = 0; (v = part_nth(p, OPT_ALLOW_CN, i)) != NULL; i++)
		if (tlscert_has_field(cert, NID_commonName, v->text))
			return true;
	return false;
}

static bool may_come_in(const struct tlspeer *t, const X509 *cert)
{
	bool sans = part_val(t->ctx->part, OPT_ALLOW_SAN);
	bool cns = part_val(t->ctx->part, OPT_ALLOW_CN);
	char names[100];

	if ((!sans && !cns) || is_listed(t, cert))
		return true;
	fail_say(t->fail, PHASE_IDENTITY, X509_V_ERR_CERT_REJECTED,
		 "%.96s: the %s's certificate is for \"%s\", which %s does not list",
		 t->typed, peer(t),
		 sans ? tlscert_names(cert, names, sizeof(names))
		      : tlscert_field(cert, NID_commonName, names, sizeof(names)),
		 sans && cns ? "allow-san= or allow-cn="
		 : sans	     ? "allow-san="
			     : "allow-cn=");
	return false;
}

static bool issuer_missing(int err)
{
	return err == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
	       err == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
	       err == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
	       err == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
	       err == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
}

static enum io expired(const struct tlspeer *t, const X509 *cert, const char *whose)
{
	char when[40];

	return fail_say(t->fail, PHASE_VERIFY, X509_V_ERR_CERT_HAS_EXPIRED,
			"%.96s: the %s's%s certificate expired on %s", t->typed, peer(t),
			whose,
			tlscert_time(X509_get0_notAfter(cert), when, sizeof(when)));
}

/* What the user can do about a failed check of the chain. */
static const char *mend(int err)
{
	if (issuer_missing(err))
		return "; name who vouches for it with cafile=, or its own key with pin=";
	if (err == X509_V_ERR_UNABLE_TO_GET_CRL)
		return "; the file of crl= has no list from its issuer";
	if (err == X509_V_ERR_CRL_HAS_EXPIRED)
		return "; the list in crl= is too old, fetch a new one";
	if (err == X509_V_ERR_CERT_CHAIN_TOO_LONG)
		return "; verify-depth= allows no longer one";
	return "";
}

static void untrusted(const struct tlspeer *t, X509_STORE_CTX *store)
{
	int err = X509_STORE_CTX_get_error(store);
	const X509 *cert = X509_STORE_CTX_get_current_cert(store);
	const char *whose = X509_STORE_CTX_get_error_depth(store) ? " issuer's" : "";
	char when[40];

	if (err == X509_V_ERR_CERT_HAS_EXPIRED && cert)
		expired(t, cert, whose);
	else if (err == X509_V_ERR_CERT_NOT_YET_VALID && cert)
		fail_say(t->fail, PHASE_VERIFY, err,
			 "%.96s: the %s's%s certificate is not valid before %s (is this "
			 "machine's clock right?)",
			 t->typed, peer(t), whose,
			 tlscert_time(X509_get0_notBefore(cert), when, sizeof(when)));
	else
		fail_say(t->fail, PHASE_VERIFY, err,
			 "%.96s: the %s's%s certificate is not trusted: %s%s", t->typed,
			 peer(t), whose, X509_verify_cert_error_string(err), mend(err));
}

static int no(X509_STORE_CTX *store, int err)
{
	X509_STORE_CTX_set_error(store, err);
	return 0;
}

static int check(const struct tlspeer *t, X509_STORE_CTX *store)
{
	X509 *cert = X509_STORE_CTX_get0_cert(store);

	if (t->ctx->npins && !pin_fits(t, cert))
		return no(store, X509_V_ERR_APPLICATION_VERIFICATION);
	if (t->ctx->chain && X509_verify_cert(store) != 1) {
		untrusted(t, store);
		return 0;
	}
	if (t->name && !name_fits(t, cert))
		return no(store, X509_V_ERR_HOSTNAME_MISMATCH);
	if (!may_come_in(t, cert))
		return no(store, X509_V_ERR_CERT_REJECTED);
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

/* The checks may leave errors behind that were none; the queue must stay as it was,
 * for it is how the layer tells a wait from a failure. */
int tlspeer_verify(X509_STORE_CTX *store, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store,
					      SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tlspeer *t = SSL_get_app_data(ssl);
	int ok;

	(void)unused;
	ERR_set_mark();
	ok = check(t, store);
	if (!ok)
		tlsreport_refusal(t, ssl, store);
	ERR_pop_to_mark();
	return ok;
}

static enum io check_remembered(const struct tlspeer *t, SSL *ssl, X509 *cert)
{
	long result = SSL_get_verify_result(ssl);

	if (!cert || result != X509_V_OK)
		return fail_say(t->fail, PHASE_VERIFY, (int)result,
				"%.96s: the %s of the resumed session was never trusted",
				t->typed, peer(t));
	if (t->ctx->npins && !pin_fits(t, cert))
		return IO_FAIL;
	if (t->ctx->chain && X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		return expired(t, cert, "");
	if (t->name && !name_fits(t, cert))
		return IO_FAIL;
	return may_come_in(t, cert) ? IO_OK : IO_FAIL;
}

enum io tlspeer_resumed(const struct tlspeer *t, SSL *ssl)
{
	X509 *cert;
	enum io r;

	if (!SSL_session_reused(ssl) || (!t->ctx->chain && !t->ctx->npins))
		return IO_OK;
	cert = SSL_get1_peer_certificate(ssl);
	r = check_remembered(t, ssl, cert);
	X509_free(cert);
	ERR_clear_error();
	if (r != IO_OK)
		tlsresume_forget(t->ctx);
	return r;
}

int tlspeer_asked(SSL *ssl, X509 **cert, EVP_PKEY **key)
{
	struct tlspeer *t = SSL_get_app_data(ssl);

	(void)cert;
	(void)key;
	t->asked = true;
	return 0;
}

/* ---- failures ---------------------------------------------------------------- */

struct cause {
	int number;	    /* of the alert, or the library's reason */
	const char *client; /* what it means if we are the client */
	const char *server; /* the same for a server; NULL = as for the client */
};

static const struct cause alerts[] = {
	{ SSL_AD_HANDSHAKE_FAILURE,
	  "we have nothing in common (ciphers=, min-proto-version=), or it refuses us",
	  NULL },
	{ SSL_AD_BAD_CERTIFICATE, "it does not accept our certificate (cert=)", NULL },
	{ SSL_AD_UNSUPPORTED_CERTIFICATE,
	  "it does not accept our kind of certificate (cert=)", NULL },
	{ SSL_AD_CERTIFICATE_REVOKED, "our certificate (cert=) was revoked", NULL },
	{ SSL_AD_CERTIFICATE_EXPIRED, "our certificate (cert=) has expired", NULL },
	{ SSL_AD_CERTIFICATE_UNKNOWN, "it does not accept our certificate (cert=)",
	  NULL },
	{ SSL_AD_UNKNOWN_CA, "it does not trust who signed our certificate (cert=)",
	  "it does not trust our certificate (it needs the right CA file or pin)" },
	{ SSL_AD_ACCESS_DENIED, "it knows us and refuses us", NULL },
	{ SSL_AD_PROTOCOL_VERSION,
	  "no TLS version in common (min-proto-version=, max-proto-version=)", NULL },
	{ SSL_AD_INSUFFICIENT_SECURITY, "it wants stronger ciphers (ciphers=)", NULL },
	{ SSL_AD_UNRECOGNIZED_NAME, "it serves no host of that name (snihost=)", NULL },
	{ SSL_AD_CERTIFICATE_REQUIRED,
	  "the server demands a client certificate (give cert=)", NULL },
	{ SSL_AD_NO_APPLICATION_PROTOCOL, "no application protocol in common (alpn=)",
	  NULL },
};

static const char version_help[] =
	"no TLS version in common (min-proto-version=, max-proto-version=; below 1.2 also "
	"ciphers=DEFAULT:@SECLEVEL=0)";

static const struct cause reasons[] = {
	{ SSL_R_WRONG_VERSION_NUMBER, "what it says is not TLS", NULL },
	{ SSL_R_UNKNOWN_PROTOCOL, "what it says is not TLS", NULL },
	{ SSL_R_HTTP_REQUEST, "it speaks HTTP without TLS", NULL },
	{ SSL_R_HTTPS_PROXY_REQUEST, "it speaks to an HTTP proxy, without TLS", NULL },
	{ SSL_R_UNSUPPORTED_PROTOCOL, version_help, NULL },
	{ SSL_R_NO_PROTOCOLS_AVAILABLE, version_help, NULL },
	{ SSL_R_VERSION_TOO_LOW, version_help, NULL },
	{ SSL_R_NO_SHARED_CIPHER,
	  "no cipher in common (ciphers=, and the kind of key in cert=)", NULL },
	{ SSL_R_NO_CIPHERS_AVAILABLE, "no cipher fits these TLS versions (ciphers=)",
	  NULL },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE,
	  "it gave no certificate (verify=0 lets everybody in)", NULL },
	{ SSL_R_DH_KEY_TOO_SMALL, "its Diffie-Hellman key is too small to be safe",
	  NULL },
	{ SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED,
	  "it knows only unsafe renegotiation", NULL },
};

static const char *meaning(const struct tlspeer *t, const struct cause *all, size_t n,
			   int number)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].number == number)
			return t->ctx->server && all[i].server ? all[i].server
							       : all[i].client;
	return NULL;
}

static bool is_alert(unsigned long e)
{
	return ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) >= SSL_AD_REASON_OFFSET;
}

bool tlspeer_sent_alert(void)
{
	return is_alert(ERR_peek_error());
}

static const char *words(unsigned long e)
{
	const char *text = ERR_reason_error_string(e);

	return text ? text : "unknown reason";
}

/* The library's numbers are no errno: as a code, alert 110 would look like ETIMEDOUT. */
static enum io fail_alert(const struct tlspeer *t, enum phase phase, unsigned long e)
{
	int number = ERR_GET_REASON(e) - SSL_AD_REASON_OFFSET;
	const char *why = meaning(t, alerts, sizeof(alerts) / sizeof(*alerts), number);

	if (t->asked && number == SSL_AD_HANDSHAKE_FAILURE)
		why = "the server demands a client certificate (give cert=)";
	return fail_say(t->fail, phase, 0,
			"%.96s: the %s ended the TLS session: %s%s%s%s", t->typed,
			peer(t), why ? why : "alert \"", why ? " (alert \"" : "",
			words(e), why ? "\")" : "\"");
}

enum io tlspeer_fail(const struct tlspeer *t, enum phase phase)
{
	unsigned long e = ERR_peek_error();
	int reason = ERR_GET_REASON(e);
	const char *why = meaning(t, reasons, sizeof(reasons) / sizeof(*reasons), reason);

	if (is_alert(e))
		return fail_alert(t, phase, e);
	if (ERR_GET_LIB(e) != ERR_LIB_SSL)
		why = NULL;
	if (why && reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		phase = PHASE_VERIFY;
	return fail_say(t->fail, phase, 0, "%.96s: TLS with the %s failed: %s",
			t->typed, peer(t), why ? why : words(e));
}

/* ---- log --------------------------------------------------------------------- */

static void log_session(SSL *ssl, const X509 *cert, const char *where)
{
	const unsigned char *alpn = NULL;
	unsigned alpn_len = 0;
	char names[100];

	if (log_is_socat()) {
		log_say(LEVEL_NOTICE, "SSL proto version used: %s", SSL_get_version(ssl));
		log_say(LEVEL_NOTICE, "SSL connection using %s",
			SSL_get_cipher_name(ssl));
		return;
	}
	SSL_get0_alpn_selected(ssl, &alpn, &alpn_len);
	log_say(LEVEL_NOTICE, "%s: %s, %s%s%s%s%.*s", where, SSL_get_version(ssl),
		SSL_get_cipher_name(ssl), cert ? ", peer " : ", peer without certificate",
		cert ? tlscert_names(cert, names, sizeof(names)) : "",
		alpn ? ", ALPN " : "", (int)alpn_len, alpn ? (const char *)alpn : "");
}

/* Once per address is enough to be told; in the socat dialect verify=0 is custom. */
static void log_unchecked(const struct tlspeer *t, const X509 *cert)
{
	char text[PIN_TEXT];
	struct pin pin;

	if (tlscert_pin(cert, &pin))
		log_say(log_is_socat() ? LEVEL_NOTICE : LEVEL_WARNING,
			"%s: verify=0, so nobody knows who this is; to accept just this server use "
			"pin=%s",
			t->typed, tlscert_pin_text(&pin, text));
}

void tlspeer_warn(struct tlspeer *t, SSL *ssl)
{
	const struct tlsctx *c = t->ctx;
	X509 *cert;

	if (c->server || c->chain || c->npins || c->warned)
		return;
	cert = SSL_get1_peer_certificate(ssl);
	if (!cert)
		return;
	t->ctx->warned = true;
	log_unchecked(t, cert);
	X509_free(cert);
}

void tlspeer_log(SSL *ssl, const char *where)
{
	X509 *cert = SSL_get1_peer_certificate(ssl);

	log_session(ssl, cert, where);
	if (SSL_session_reused(ssl))
		log_say(LEVEL_INFO, "%s: resumed an earlier session", where);
	X509_free(cert);
}
