/* Certificates: made on the spot, read from files, told apart by pins and names. */
#include "layer/tlscert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/text.h"

/* Enough for the largest bundle of authorities by far. */
enum { FILE_MOST = 16 << 20, FILE_STEP = 16 << 10 };

/* ---- pins -------------------------------------------------------------------- */

bool tlscert_pin(const X509 *cert, struct pin *out)
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	bool ok = len > 0 &&
		  EVP_Digest(der, (size_t)len, out->hash, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return ok;
}

const char *tlscert_pin_text(const struct pin *p, char to[PIN_TEXT])
{
	size_t used = (size_t)snprintf(to, PIN_TEXT, "sha256:");

	for (size_t i = 0; i < PIN_SIZE; i++)
		used += (size_t)snprintf(to + used, PIN_TEXT - used, "%02x", p->hash[i]);
	return to;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

static bool parse_hex(const char *s, struct pin *out)
{
	for (size_t i = 0; i < PIN_SIZE; i++) {
		int high, low;

		if (i && *s == ':')
			s++;
		high = hex_digit(s[0]);
		low = high < 0 ? -1 : hex_digit(s[1]);
		if (low < 0)
			return false;
		out->hash[i] = (unsigned char)(high * 16 + low);
		s += 2;
	}
	return *s == '\0';
}

/* 32 bytes are 43 digits and one '=' that stands for the missing ones. */
static bool parse_base64(const char *s, struct pin *out)
{
	unsigned char plain[PIN_SIZE + 1];

	if (strlen(s) != 44 || s[43] != '=' || s[42] == '=' ||
	    EVP_DecodeBlock(plain, (const unsigned char *)s, 44) != PIN_SIZE + 1)
		return false;
	memcpy(out->hash, plain, PIN_SIZE);
	return true;
}

bool tlscert_pin_parse(const char *text, struct pin *out)
{
	struct pin p;
	const char *rest = text + 7;

	if (strlen(text) < 8 || !text_same(text, 6, "sha256"))
		return false;
	if (strncmp(text + 6, "//", 2) == 0)
		rest = text + 8;
	else if (text[6] != ':')
		return false;
	if (!parse_hex(rest, &p) && !parse_base64(rest, &p))
		return false;
	*out = p;
	return true;
}

bool tlscert_pin_same(const struct pin *a, const struct pin *b)
{
	return CRYPTO_memcmp(a->hash, b->hash, PIN_SIZE) == 0;
}

/* ---- made on the spot -------------------------------------------------------- */

static EVP_PKEY *new_key(void)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	if (c && EVP_PKEY_keygen_init(c) == 1 &&
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(c, NID_X9_62_prime256v1) == 1)
		EVP_PKEY_keygen(c, &key);
	EVP_PKEY_CTX_free(c);
	return key;
}

/* This host's name, if it can stand in a certificate. */
static bool host_name(char *to, size_t cap)
{
	if (gethostname(to, cap) < 0)
		return false;
	to[cap - 1] = '\0';
	return *to && *to != '.' && strcmp(to, "localhost") != 0 &&
	       strspn(to,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
		       strlen(to);
}

static bool add_extension(X509 *cert, X509V3_CTX *c, int nid, const char *value)
{
	X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, c, nid, value);
	bool ok = x && X509_add_ext(cert, x, -1) == 1;

	X509_EXTENSION_free(x);
	return ok;
}

static bool add_extensions(X509 *cert, const char *host)
{
	X509V3_CTX c = { 0 };
	char names[160];

	snprintf(names, sizeof(names), "DNS:localhost,IP:127.0.0.1,IP:::1%s%s",
		 *host ? ",DNS:" : "", host);
	X509V3_set_ctx(&c, cert, cert, NULL, NULL, 0);
	return add_extension(cert, &c, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(cert, &c, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(cert, &c, NID_ext_key_usage, "serverAuth,clientAuth") &&
	       add_extension(cert, &c, NID_subject_key_identifier, "hash") &&
	       add_extension(cert, &c, NID_subject_alt_name, names);
}

static bool set_serial(X509 *cert)
{
	unsigned char random[8];
	uint64_t n;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	memcpy(&n, random, sizeof(n));
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), (n >> 1) | 1) == 1;
}

/* An hour of the past lets a client's slow clock be; some clients refuse to
 * look at a certificate that lives longer than 825 days. */
static bool fill(X509 *cert, EVP_PKEY *key)
{
	char host[64];
	const char *name;

	if (!host_name(host, sizeof(host)))
		host[0] = '\0';
	name = *host ? host : "localhost";
	return X509_set_version(cert, 2) == 1 && set_serial(cert) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), 824, 0, NULL) &&
	       X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_commonName,
					  MBSTRING_ASC, (const unsigned char *)name, -1,
					  -1, 0) == 1 &&
	       X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1 &&
	       X509_set_pubkey(cert, key) == 1 && add_extensions(cert, host) &&
	       X509_sign(cert, key, EVP_sha256()) > 0;
}

bool tlscert_make(X509 **cert, EVP_PKEY **key)
{
	*key = new_key();
	*cert = *key ? X509_new() : NULL;
	if (*cert && fill(*cert, *key))
		return true;
	X509_free(*cert);
	EVP_PKEY_free(*key);
	*cert = NULL;
	*key = NULL;
	return false;
}

/* ---- files ------------------------------------------------------------------- */

static enum io read_all(int fd, const char *option, const char *path, enum phase phase,
			struct buf *out, struct fail *f)
{
	for (;;) {
		unsigned char *room = buf_room(out, FILE_STEP);
		ssize_t n;

		if (!room && out->len + FILE_STEP > out->max)
			return fail_say(f, phase, 0, "%s=%s is too large", option, path);
		if (!room)
			return fail_memory(f);
		n = read(fd, room, FILE_STEP);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_sys(f, phase, "cannot read %s=%s", option, path);
		if (n == 0)
			return IO_OK;
		out->len += (size_t)n;
	}
}

enum io tlscert_load(const char *option, const char *path, int flags, enum phase phase,
		     struct buf *out, struct fail *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	enum io r;

	buf_init(out, FILE_MOST);
	if (fd < 0)
		return fail_sys(f, phase, "cannot open %s=%s", option, path);
	r = read_all(fd, option, path, phase, out, f);
	sys_close(fd);
	if (r != IO_OK)
		buf_free(out);
	return r;
}

/* ---- names ------------------------------------------------------------------- */

/* Text that grows as long as there is room, and says so when there is none. */
struct list {
	char *to;
	size_t cap, used;
	const char *between;
};

static struct list list_start(char *to, size_t cap, const char *between)
{
	to[0] = '\0';
	return (struct list){ .to = to, .cap = cap, .between = between };
}

static void list_add(struct list *t, const char *s, size_t len)
{
	size_t gap = t->used ? strlen(t->between) : 0;

	if (t->used + gap + len + sizeof("...") > t->cap) {
		if (t->used + sizeof("...") <= t->cap)
			memcpy(t->to + t->used, "...", sizeof("..."));
		t->cap = 0;
		return;
	}
	memcpy(t->to + t->used, t->between, gap);
	memcpy(t->to + t->used + gap, s, len);
	t->used += gap + len;
	t->to[t->used] = '\0';
}

/* The bytes of a name are the peer's: a NUL in the middle must not hide the rest. */
static void list_add_string(struct list *t, const ASN1_STRING *s)
{
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, s);

	if (len < 0)
		return;
	for (int i = 0; i < len; i++)
		if (utf8[i] == '\0')
			utf8[i] = '?';
	list_add(t, (const char *)utf8, (size_t)len);
	OPENSSL_free(utf8);
}

static void list_add_address(struct list *t, const ASN1_OCTET_STRING *ip)
{
	char text[INET6_ADDRSTRLEN];
	int len = ASN1_STRING_length(ip);
	const unsigned char *bytes = ASN1_STRING_get0_data(ip);

	if ((len == 4 && inet_ntop(AF_INET, bytes, text, sizeof(text))) ||
	    (len == 16 && inet_ntop(AF_INET6, bytes, text, sizeof(text))))
		list_add(t, text, strlen(text));
}

static void add_alternatives(struct list *t, const X509 *cert, bool addresses)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);

		if (g->type == GEN_DNS)
			list_add_string(t, g->d.dNSName);
		else if (g->type == GEN_IPADD && addresses)
			list_add_address(t, g->d.iPAddress);
	}
	GENERAL_NAMES_free(all);
}

const char *tlscert_names(const X509 *cert, char *to, size_t cap)
{
	struct list t = list_start(to, cap, ", ");

	add_alternatives(&t, cert, true);
	return t.used ? to : tlscert_field(cert, NID_commonName, to, cap);
}

const char *tlscert_dns(const X509 *cert, char *to, size_t cap)
{
	struct list t = list_start(to, cap, " // ");

	add_alternatives(&t, cert, false);
	return to;
}

const char *tlscert_field(const X509 *cert, int nid, char *to, size_t cap)
{
	struct list t = list_start(to, cap, " // ");
	X509_NAME *name = X509_get_subject_name(cert);
	int i = X509_NAME_get_index_by_NID(name, nid, -1);

	for (; i >= 0; i = X509_NAME_get_index_by_NID(name, nid, i))
		list_add_string(&t,
				X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	return to;
}

static bool string_is(const ASN1_STRING *s, const char *text, bool caseless)
{
	const char *data = (const char *)ASN1_STRING_get0_data(s);
	size_t len = (size_t)ASN1_STRING_length(s);

	if (caseless)
		return text_same(data, len, text);
	return len == strlen(text) && memcmp(data, text, len) == 0;
}

static bool address_is(const ASN1_OCTET_STRING *ip, const char *text)
{
	ASN1_OCTET_STRING *wanted = a2i_IPADDRESS(text);
	bool same = wanted && ASN1_OCTET_STRING_cmp(ip, wanted) == 0;

	ASN1_OCTET_STRING_free(wanted);
	return same;
}

static bool is_name(const GENERAL_NAME *g, const char *name)
{
	switch (g->type) {
	case GEN_DNS:
		return string_is(g->d.dNSName, name, true);
	case GEN_EMAIL:
		return string_is(g->d.rfc822Name, name, false);
	case GEN_URI:
		return string_is(g->d.uniformResourceIdentifier, name, false);
	case GEN_IPADD:
		return address_is(g->d.iPAddress, name);
	default:
		return false;
	}
}

bool tlscert_has_name(const X509 *cert, const char *name)
{
	GENERAL_NAMES *all = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool found = false;

	for (int i = 0; !found && i < sk_GENERAL_NAME_num(all); i++)
		found = is_name(sk_GENERAL_NAME_value(all, i), name);
	GENERAL_NAMES_free(all);
	return found;
}

bool tlscert_has_field(const X509 *cert, int nid, const char *value)
{
	X509_NAME *name = X509_get_subject_name(cert);
	bool found = false;
	int i = -1;

	while (!found && (i = X509_NAME_get_index_by_NID(name, nid, i)) >= 0) {
		unsigned char *utf8 = NULL;
		int len = ASN1_STRING_to_UTF8(
			&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));

		found = len >= 0 && (size_t)len == strlen(value) &&
			memcmp(utf8, value, (size_t)len) == 0;
		OPENSSL_free(utf8);
	}
	return found;
}

const char *tlscert_time(const ASN1_TIME *t, char *to, size_t cap)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1 ||
	    !strftime(to, cap, "%Y-%m-%d %H:%M:%S UTC", &tm))
		snprintf(to, cap, "an unreadable date");
	return to;
}
