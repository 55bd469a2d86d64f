/* For people: what was agreed on, with whom, and what the checks say. */
#include "layer/tlsreport.h"

#include <openssl/err.h>
#include <string.h>

#include "base/log.h"
#include "layer/tlscompat.h"

/* ---- what was agreed on -------------------------------------------------------- */

static void say_session(const struct tlspeer *t, SSL *ssl)
{
	const char *group = tlscompat_group(ssl);
	const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const unsigned char *alpn = NULL;
	unsigned len = 0;

	SSL_get0_alpn_selected(ssl, &alpn, &len);
	log_always("TLS report: %s", t->typed);
	log_always("  session: %s, %s, group %s%s", SSL_get_version(ssl),
		   SSL_get_cipher_name(ssl), group ? group : "none",
		   SSL_session_reused(ssl) ? ", resumed" : "");
	log_always("  ALPN: %.*s", alpn ? (int)len : 4,
		   alpn ? (const char *)alpn : "none");
	log_always("  SNI: %s", sni ? sni : "none");
}

/* ---- with whom ----------------------------------------------------------------- */

static void say_name(unsigned number, const char *what, const X509_NAME *name)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = 0;

	if (b &&
	    X509_NAME_print_ex(b, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		len = BIO_get_mem_data(b, &text);
	log_always("  certificate %u: %s %.*s", number, what, (int)len, len ? text : "");
	BIO_free(b);
}

static void say_dates(unsigned number, const X509 *cert)
{
	const ASN1_TIME *end = X509_get0_notAfter(cert);
	char from[40], until[40];
	int days = 0, seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, end) != 1)
		days = seconds = 0;
	log_always("  certificate %u: valid from %s until %s (%d days %s)", number,
		   tlscert_time(X509_get0_notBefore(cert), from, sizeof(from)),
		   tlscert_time(end, until, sizeof(until)), days < 0 ? -days : days,
		   days < 0 || seconds < 0 ? "ago" : "left");
}

static void say_certificate(unsigned number, const X509 *cert)
{
	char names[512], text[PIN_TEXT];
	struct pin pin;

	say_name(number, "subject", X509_get_subject_name(cert));
	say_name(number, "issuer", X509_get_issuer_name(cert));
	log_always("  certificate %u: for %s", number,
		   tlscert_names(cert, names, sizeof(names)));
	say_dates(number, cert);
	if (tlscert_pin(cert, &pin))
		log_always("  certificate %u: pin %s", number,
			   tlscert_pin_text(&pin, text));
}

/* The library's list begins with the peer's own certificate, or has only the others. */
static void say_chain(const X509 *leaf, STACK_OF(X509) * sent)
{
	unsigned number = 0;

	if (!leaf)
		return;
	say_certificate(number, leaf);
	for (int i = 0; i < sk_X509_num(sent); i++)
		if (X509_cmp(sk_X509_value(sent, i), leaf) != 0)
			say_certificate(++number, sk_X509_value(sent, i));
}

/* ---- what the checks say ------------------------------------------------------- */

/* The sentence without the address, which stands above already. */
static const char *reason(const struct tlspeer *t)
{
	const char *text = t->fail->text;
	size_t len = strnlen(t->typed, 96);

	return strncmp(text, t->typed, len) == 0 && text[len] == ':' ? text + len + 2
								     : text;
}

static void say_verdict(const struct tlspeer *t, const X509 *leaf)
{
	const struct tlsctx *c = t->ctx;

	if (t->fail->phase != PHASE_NONE)
		log_always("  verdict: refused: %s", reason(t));
	else if (!leaf)
		log_always("  verdict: the other side showed no certificate%s",
			   c->server ? "; cafile= or pin= asks for one" : "");
	else if (!c->chain && !c->npins)
		log_always("  verdict: not checked, anybody may be there; cafile= or the "
			   "pin above with pin= makes sure");
	else
		log_always("  verdict: accepted: %s%s%s%s%s%s",
			   c->npins ? "the pin fits" : "",
			   c->npins && c->chain ? ", " : "",
			   c->chain ? "its chain of certificates is trusted" : "",
			   t->name ? ", it is for \"" : "", t->name ? t->name : "",
			   t->name ? "\"" : "");
}

static void report(const struct tlspeer *t, SSL *ssl, const X509 *leaf,
		   STACK_OF(X509) * sent)
{
	if (!part_has(t->ctx->part, OPT_TLS_REPORT))
		return;
	ERR_set_mark();
	say_session(t, ssl);
	say_chain(leaf, sent);
	say_verdict(t, leaf);
	ERR_pop_to_mark();
}

void tlsreport_session(const struct tlspeer *t, SSL *ssl)
{
	X509 *leaf = SSL_get1_peer_certificate(ssl);

	report(t, ssl, leaf, SSL_get_peer_cert_chain(ssl));
	X509_free(leaf);
}

void tlsreport_refusal(const struct tlspeer *t, SSL *ssl, X509_STORE_CTX *store)
{
	report(t, ssl, X509_STORE_CTX_get0_cert(store),
	       X509_STORE_CTX_get0_untrusted(store));
}
