/* Certificates: made on the spot, read from files, told apart by pins and names. */
#ifndef SOCKCAT_LAYER_TLSCERT_H
#define SOCKCAT_LAYER_TLSCERT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/fail.h"

/* A pin is the SHA-256 of the public key (its SubjectPublicKeyInfo in DER), the
 * one that RFC 7469 and curl's --pinnedpubkey use: it stays the same when a
 * certificate is renewed for the same key. */
enum { PIN_SIZE = 32, PIN_TEXT = 7 + 2 * PIN_SIZE + 1 };

struct pin {
	unsigned char hash[PIN_SIZE];
};

/* False when out of memory. */
bool tlscert_pin(const X509 *cert, struct pin *out);

/* "sha256:" and 64 hexadecimal digits.  Returns to. */
const char *tlscert_pin_text(const struct pin *p, char to[PIN_TEXT]);

/* "sha256:" or "sha256//", then hexadecimal digits (colons between bytes are
 * fine) or base64.  False if it is neither. */
bool tlscert_pin_parse(const char *text, struct pin *out);

bool tlscert_pin_same(const struct pin *a, const struct pin *b);

/* A fresh P-256 key and a certificate for it that names localhost, the loopback
 * addresses and this host.  Both become the caller's. */
bool tlscert_make(X509 **cert, EVP_PKEY **key);

/* A whole file in memory, read once (so a pipe will do).  Flags are added to
 * open(2)'s.  Names the option and the path when it can't be read; phase says whose
 * mistake that is. */
enum io tlscert_load(const char *option, const char *path, int flags, enum phase phase,
		     struct buf *out, struct fail *f);

/* The names it is good for: "a.example, 192.0.2.1"; its common name if it has no
 * alternative names.  Cut with "..." when to is too small.  Returns to. */
const char *tlscert_names(const X509 *cert, char *to, size_t cap);

/* One field of the subject, all its values with " // " between, or "" if there
 * is none.  Returns to. */
const char *tlscert_field(const X509 *cert, int nid, char *to, size_t cap);

/* Does one of its alternative names (a host's, an address, mail or URI) say exactly
 * this?  Hosts case-blind, no wildcards. */
bool tlscert_has_name(const X509 *cert, const char *name);

/* Does one field of that kind in the subject say exactly this? */
bool tlscert_has_field(const X509 *cert, int nid, const char *value);

/* The DNS names among the alternative names, " // " between.  Returns to. */
const char *tlscert_dns(const X509 *cert, char *to, size_t cap);

/* "2026-11-22 10:00:00 UTC".  Returns to. */
const char *tlscert_time(const ASN1_TIME *t, char *to, size_t cap);

#endif
