/* SHA-1 (FIPS 180-4), for the one place where a protocol prescribes it and no secret
 * depends on it: the answer to a WebSocket key. */
#ifndef SOCKCAT_PROTO_SHA1_H
#define SOCKCAT_PROTO_SHA1_H

#include <stddef.h>

enum { SHA1_SIZE = 20 };

/* The digest of len bytes. */
void sha1(const void *data, size_t len, unsigned char digest[SHA1_SIZE]);

#endif
