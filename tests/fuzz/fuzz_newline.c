/* Line ends: however the translation is cut into writes, the wire sees the same
 * bytes, and what comes back in is what went out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/newline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_INPUT = 4096 };

static void expect(int truth)
{
	if (!truth)
		abort();
}

/* Each write takes as many bytes as the next byte of the pattern says. */
static size_t send_in_steps(enum newline kind, const uint8_t *from, size_t len,
			    const uint8_t *pattern, size_t npattern, uint8_t *wire)
{
	size_t used = 0, turn = 0;
	bool half = false;

	while (len) {
		uint8_t to[300];
		size_t cap = 1u + pattern[turn++ % npattern];
		size_t n = newline_out(kind, half, from, len, to, cap);
		size_t sent = 1 + (n - 1) * pattern[turn++ % npattern] / 255;
		size_t taken;

		expect(n > 0 && n <= cap);
		memcpy(wire + used, to, sent);
		used += sent;
		taken = newline_sent(kind, &half, from, len, sent);
		expect(taken <= len);
		from += taken;
		len -= taken;
	}
	expect(!half);
	return used;
}

static void try(enum newline kind, const uint8_t *data, size_t size)
{
	static uint8_t whole[2 * MAX_INPUT], parts[2 * MAX_INPUT], plain[MAX_INPUT];
	size_t n = newline_out(kind, false, data, size, whole, sizeof(whole)), back;

	expect(send_in_steps(kind, data, size, data, size, parts) == n);
	expect(memcmp(whole, parts, n) == 0);
	memcpy(plain, data, size);
	size = newline_in(kind, plain, size);
	back = newline_in(kind, whole, n);
	expect(back == size && memcmp(plain, whole, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > MAX_INPUT)
		return 0;
	try(NEWLINE_CR, data, size);
	try(NEWLINE_CRNL, data, size);
	return 0;
}
