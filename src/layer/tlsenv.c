/* What programs may know of a TLS session: OPENSSL_... in their environment. */
#include "layer/tlsenv.h"

#include <openssl/x509.h>
#include <stdio.h>

#include "base/mem.h"
#include "layer/tlscert.h"
#include "layer/tlscompat.h"

static bool add_name(struct environment *env, const char *name, X509_NAME *value)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL, *copy;
	long len;
	bool ok;

	if (!b || X509_NAME_print_ex(b, value, 0,
				     XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0) {
		BIO_free(b);
		return false;
	}
	len = BIO_get_mem_data(b, &text);
	copy = mem_text(text, (size_t)len);
	ok = copy && environment_add(env, name, copy);
	mem_free(copy);
	BIO_free(b);
	return ok;
}

/* OPENSSL_X509_COMMONNAME and its kin: each kind of field once, in capitals. */
static bool add_fields(struct environment *env, const X509 *cert)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	char name[80], value[512];

	for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
		X509_NAME_ENTRY *x = X509_NAME_get_entry(subject, i);
		int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(x));

		if (nid == NID_undef || X509_NAME_get_index_by_NID(subject, nid, -1) != i)
			continue;
		snprintf(name, sizeof(name), "OPENSSL_X509_%s", OBJ_nid2ln(nid));
		for (char *c = name; *c; c++)
			if (*c >= 'a' && *c <= 'z')
				*c = (char)(*c - 'a' + 'A');
		if (!environment_add(env, name,
				     tlscert_field(cert, nid, value, sizeof(value))))
			return false;
	}
	return true;
}

static bool add_certificate(struct environment *env, const X509 *cert)
{
	char dns[1024];

	if (!add_name(env, "OPENSSL_X509_SUBJECT", X509_get_subject_name(cert)) ||
	    !add_name(env, "OPENSSL_X509_ISSUER", X509_get_issuer_name(cert)) ||
	    !add_fields(env, cert))
		return false;
	return !*tlscert_dns(cert, dns, sizeof(dns)) ||
	       environment_add(env, "OPENSSL_X509V3_DNS", dns);
}

/* What the two agreed upon: the protocol above, and who was asked for. */
static bool add_agreed(struct environment *env, const SSL *ssl)
{
	const char *sni = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const unsigned char *alpn;
	unsigned len;
	char text[256];

	SSL_get0_alpn_selected(ssl, &alpn, &len);
	snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)alpn);
	return (!len || environment_add(env, "OPENSSL_ALPN", text)) &&
	       (!sni || environment_add(env, "OPENSSL_SNI", sni));
}

bool tlsenv_describe(const SSL *ssl, struct environment *env)
{
	X509 *cert = SSL_get1_peer_certificate(ssl);
	bool ok = environment_add(env, "OPENSSL_PROTO_VERSION", SSL_get_version(ssl)) &&
		  environment_add(env, "OPENSSL_CIPHER", SSL_get_cipher_name(ssl)) &&
		  add_agreed(env, ssl) && (!cert || add_certificate(env, cert));

	X509_free(cert);
	return ok;
}
