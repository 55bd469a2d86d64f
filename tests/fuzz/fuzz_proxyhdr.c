/* PROXY protocol: whoever reads only what he is asked for comes to the same end as
 * one who has all at once, and what was understood is understood again after
 * it was written anew. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/proxyhdr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int truth)
{
	if (!truth)
		abort();
}

/* With a copy of each length, so that a read beyond it is noticed. */
static enum proxyhdr_answer decode(const uint8_t *data, size_t len, struct proxyhdr *h,
				   size_t *size)
{
	uint8_t *copy = malloc(len + 1);
	const char *why = NULL;
	enum proxyhdr_answer r;

	expect(copy != NULL);
	memcpy(copy, data, len);
	r = proxyhdr_decode(copy, len, h, size, &why);
	expect(r != PROXYHDR_BAD || why);
	expect(r != PROXYHDR_MORE || *size > len);
	expect(r != PROXYHDR_DONE || *size <= len);
	free(copy);
	return r;
}

/* As a layer does, with pieces as small as can be. */
static enum proxyhdr_answer step_by_step(const uint8_t *data, size_t len, size_t *size)
{
	enum proxyhdr_answer r = PROXYHDR_MORE;
	struct proxyhdr h;

	for (size_t have = 0; have <= len && r == PROXYHDR_MORE; have++) {
		r = decode(data, have, &h, size);
		expect(r != PROXYHDR_DONE || *size == have);
	}
	return r;
}

static void same_bytes(const struct proxyhdr_bytes *a, const struct proxyhdr_bytes *b)
{
	expect(!a->data == !b->data && a->len == b->len);
	expect(!a->len || memcmp(a->data, b->data, a->len) == 0);
}

static void write_anew(const uint8_t *data, size_t size)
{
	struct proxyhdr h, again;
	const char *why;
	struct buf out;
	size_t n;

	expect(proxyhdr_decode(data, size, &h, &n, &why) == PROXYHDR_DONE);
	buf_init(&out, PROXYHDR_MAX);
	expect(proxyhdr_encode(&h, &out));
	expect(proxyhdr_decode(out.data, out.len, &again, &n, &why) == PROXYHDR_DONE);
	expect(n == out.len && again.version == h.version && again.named == h.named);
	if (h.named) {
		expect(name_equal(&h.from, &again.from) && name_equal(&h.to, &again.to));
		expect(again.tls == h.tls && again.verified == h.verified);
		expect(again.checksum == h.checksum && again.datagram == h.datagram);
		for (unsigned i = 0; i < PROXYHDR_TLS_VERSION + (h.tls ? 3 : 0); i++)
			same_bytes(&h.value[i], &again.value[i]);
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum proxyhdr_answer r;
	struct proxyhdr h;
	size_t all, last;

	r = decode(data, size, &h, &all);
	if (size > 600)
		return 0;
	expect(step_by_step(data, size, &last) == r);
	if (r == PROXYHDR_DONE) {
		expect(last == all);
		write_anew(data, all);
	}
	return 0;
}
