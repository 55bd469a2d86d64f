/* SHA-1 (FIPS 180-4, section 6.1). */
#include "proto/sha1.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, LENGTH = 8, ROUNDS = 80 };

static uint32_t rotl(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static uint32_t get32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       at[3];
}

static void put(unsigned char *to, uint64_t x, size_t bytes)
{
	while (bytes--) {
		to[bytes] = (unsigned char)x;
		x >>= 8;
	}
}

/* The function and the constant of a round. */
static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
	switch (round / 20) {
	case 0:
		return ((b & c) ^ (~b & d)) + 0x5a827999u;
	case 1:
		return (b ^ c ^ d) + 0x6ed9eba1u;
	case 2:
		return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdcu;
	default:
		return (b ^ c ^ d) + 0xca62c1d6u;
	}
}

static void add_block(uint32_t h[5], const unsigned char *block)
{
	uint32_t w[ROUNDS], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (unsigned t = 0; t < 16; t++)
		w[t] = get32(block + (size_t)4 * t);
	for (unsigned t = 16; t < ROUNDS; t++)
		w[t] = rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (unsigned t = 0; t < ROUNDS; t++) {
		uint32_t next = rotl(a, 5) + mix(t, b, c, d) + e + w[t];

		e = d;
		d = c;
		c = rotl(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

/* What is left, a one bit, zeros, and the length in bits: one block or two. */
static void add_end(uint32_t h[5], const unsigned char *rest, size_t nrest, size_t len)
{
	unsigned char end[2 * BLOCK] = { 0 };
	size_t size = nrest < BLOCK - LENGTH ? BLOCK : 2 * BLOCK;

	memcpy(end, rest, nrest);
	end[nrest] = 0x80;
	put(end + size - LENGTH, (uint64_t)len * 8, LENGTH);
	for (size_t i = 0; i < size; i += BLOCK)
		add_block(h, end + i);
}

void sha1(const void *data, size_t len, unsigned char digest[SHA1_SIZE])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	const unsigned char *at = data;
	size_t rest = len % BLOCK;

	for (size_t i = 0; i < len - rest; i += BLOCK)
		add_block(h, at + i);
	add_end(h, at + (len - rest), rest, len);
	for (unsigned i = 0; i < 5; i++)
		put(digest + (size_t)4 * i, h[i], 4);
}
