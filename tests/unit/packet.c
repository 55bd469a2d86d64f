/* proto/packet and proto/pcapng: each byte of small packets, sums, wraps, padding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/packet.h"
#include "proto/pcapng.h"

static unsigned char out[128 * 1024];

static const struct packet_end v4[2] = {
	{ .addr = { 127, 0, 0, 1 }, .port = 51234 },
	{ .addr = { 192, 0, 2, 7 }, .port = 80 },
};
static const struct packet_end v6[2] = {
	{ .addr = { [15] = 1 }, .port = 1 },
	{ .addr = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 }, .port = 65535 },
};

static size_t put(const struct packet *p)
{
	const size_t size = packet_size(p);
	unsigned char *end;

	memset(out, 0xaa, size + 1);
	end = packet_put(out, p);
	assert_int_equal(end - out, size);
	assert_int_equal(*end, 0xaa);
	return size;
}

static unsigned get16(const unsigned char *from)
{
	return (unsigned)from[0] << 8 | from[1];
}

static unsigned folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* What a receiver does: with the checksum in it the sum of all is all ones. */
static void assert_sums_are_right(const struct packet *p, size_t size)
{
	const size_t head = p->ip6 ? 40 : 20, addr = p->ip6 ? 16 : 4;
	const unsigned protocol = p->udp ? 17 : 6;
	uint32_t sum = protocol + (uint32_t)(size - head);

	sum = packet_sum(sum, out + head - 2 * addr, 2 * addr);
	assert_int_equal(folded(packet_sum(sum, out + head, size - head)), 0xffff);
	if (!p->ip6)
		assert_int_equal(folded(packet_sum(0, out, 20)), 0xffff);
	assert_int_equal(p->ip6 ? out[6] : out[9], protocol);
	assert_int_equal(p->ip6 ? get16(out + 4) : get16(out + 2),
			 p->ip6 ? size - 40 : size);
}

static void the_sum_is_that_of_rfc_1071(void **state)
{
	static const unsigned char example[] = { 0x00, 0x01, 0xf2, 0x03,
						 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(packet_sum(0, example, 8), 0x2ddf0);
	assert_int_equal(packet_sum(0, example, 3), 0x0001 + 0xf200);
	assert_int_equal(packet_sum(5, example, 0), 5);
}

/* Sums computed apart from this code. */
static void a_segment_over_ipv4_byte_by_byte(void **state)
{
	static const unsigned char expected[] = {
		0x45, 0, 0, 42, 0, 0, 0x40, 0, 64, 6, 0xf9, 0xc5,
		127, 0, 0, 1, 192, 0, 2, 7,
		0xc8, 0x22, 0, 80, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 3,
		0x50, 0x18, 0xff, 0xff, 0x3d, 0xe4, 0, 0, 'h', 'i',
	};
	const struct packet p = { .from = v4[0], .to = v4[1],
				  .seq = 0xfffffffe, .ack = 3,
				  .flags = PACKET_PUSH | PACKET_ACK,
				  .data = "hi", .len = 2 };

	(void)state;
	assert_int_equal(put(&p), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
	assert_sums_are_right(&p, sizeof(expected));
}

static void a_syn_tells_segment_size_and_scale(void **state)
{
	static const unsigned char options4[] = { 2, 4, 0x05, 0xb4, 1, 3, 3, 10 };
	static const unsigned char options6[] = { 2, 4, 0x05, 0xa0, 1, 3, 3, 10 };
	struct packet p = { .from = v4[1], .to = v4[0], .flags = PACKET_SYN };

	(void)state;
	assert_int_equal(put(&p), 48);
	assert_int_equal(out[32], 7 << 4);
	assert_memory_equal(out + 40, options4, 8);
	assert_sums_are_right(&p, 48);
	p = (struct packet){ .ip6 = true, .from = v6[0], .to = v6[1],
			     .flags = PACKET_SYN | PACKET_ACK };
	assert_int_equal(put(&p), 68);
	assert_memory_equal(out + 60, options6, 8);
	assert_sums_are_right(&p, 68);
}

static void sums_are_right_whatever_the_length(void **state)
{
	static unsigned char data[PACKET_DATAGRAM];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 31 + 255);
	for (unsigned kind = 0; kind < 4; kind++) {
		const bool udp = kind & 1, ip6 = kind & 2;
		struct packet p = { .udp = udp, .ip6 = ip6, .seq = 7, .ack = 9,
				    .from = ip6 ? v6[1] : v4[1],
				    .to = ip6 ? v6[0] : v4[0],
				    .flags = PACKET_ACK, .data = data };

		for (p.len = 0; p.len <= PACKET_SEGMENT6; p.len++)
			assert_sums_are_right(&p, put(&p));
		p.len = udp ? PACKET_DATAGRAM : PACKET_SEGMENT6;
		assert_sums_are_right(&p, put(&p));
	}
}

static void a_datagram_without_data_is_a_head(void **state)
{
	const struct packet p = { .udp = true, .from = v4[0], .to = v4[1] };

	(void)state;
	assert_int_equal(put(&p), 28);
	assert_int_equal(get16(out + 24), 8);
	assert_sums_are_right(&p, 28);
}

/* A sum of 0 would say that there is none (RFC 768). */
static void a_datagram_never_has_no_sum(void **state)
{
	unsigned char data[2] = { 0 };
	struct packet p = { .udp = true, .from = v4[0], .to = v4[1],
			    .data = data, .len = 2 };
	unsigned sum;

	(void)state;
	put(&p);
	sum = get16(out + 26);
	data[0] = (unsigned char)(sum >> 8);
	data[1] = (unsigned char)sum;
	put(&p);
	assert_int_equal(get16(out + 26), 0xffff);
}

/* ---- pcapng ---------------------------------------------------------------- */

static uint32_t get32(const unsigned char *from)
{
	return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
	       (uint32_t)from[3] << 24;
}

/* Both lengths of the block that begins here agree; returns behind it. */
static const unsigned char *over_block(const unsigned char *at, uint32_t type)
{
	const uint32_t size = get32(at + 4);

	assert_int_equal(get32(at), type);
	assert_int_equal(size % 4, 0);
	assert_int_equal(get32(at + size - 4), size);
	return at + size;
}

static void the_start_is_two_blocks(void **state)
{
	const struct pcapng_start s = { .program = "sockcat 1", .interface = "tcp:h:80" };
	const unsigned char *second, *end;

	(void)state;
	end = pcapng_put_start(out, &s);
	assert_int_equal(end - out, pcapng_start_size(&s));
	second = over_block(out, 0x0a0d0d0a);
	assert_int_equal(get32(out + 8), 0x1a2b3c4d);
	assert_memory_equal(out + 24, "\4\0\11\0sockcat 1\0\0\0\0\0\0\0", 20);
	assert_ptr_equal(over_block(second, 1), end);
	assert_int_equal(get32(second + 8), 101);
	assert_memory_equal(second + 16, "\2\0\7\0sockcat\0", 12);
	assert_memory_equal(second + 28, "\3\0\10\0tcp:h:80", 12);
	assert_memory_equal(second + 40, "\11\0\1\0\11\0\0\0\0\0\0\0", 12);
}

static void packets_are_padded_to_words(void **state)
{
	(void)state;
	for (size_t len = 0; len < 9; len++) {
		const struct pcapng_packet p = { .time = 0x0123456789abcdef, .len = len,
						 .inbound = true, .comment = "why" };
		unsigned char *to;

		memset(out, 0xaa, sizeof(out));
		to = pcapng_put_head(out, &p);
		memset(to, 'x', len);
		to = pcapng_put_end(to + len, &p);
		assert_int_equal(to - out, pcapng_packet_size(&p));
		assert_ptr_equal(over_block(out, 6), to);
		assert_int_equal(get32(out + 12), 0x01234567);
		assert_int_equal(get32(out + 16), 0x89abcdef);
		assert_int_equal(get32(out + 20), len);
		assert_int_equal(get32(out + 24), len);
		assert_memory_equal(to - 24, "\2\0\4\0\1\0\0\0\1\0\3\0why\0\0\0\0\0", 20);
	}
}

static void direction_and_comment_are_options(void **state)
{
	const struct pcapng_packet p = { .len = 0 };

	(void)state;
	pcapng_put_end(pcapng_put_head(out, &p), &p);
	assert_int_equal(pcapng_packet_size(&p), 44);
	assert_memory_equal(out + 28, "\2\0\4\0\2\0\0\0\0\0\0\0", 12);
}

static void long_texts_are_cut_between_characters(void **state)
{
	char text[PCAPNG_TEXT + 10];
	struct pcapng_packet p = { .comment = text };

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memcpy(text + PCAPNG_TEXT - 1, "\xc3\xa4", 2);
	pcapng_put_end(pcapng_put_head(out, &p), &p);
	assert_int_equal(get32(out + 36), 1 | (uint32_t)(PCAPNG_TEXT - 1) << 16);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sum_is_that_of_rfc_1071),
		cmocka_unit_test(a_segment_over_ipv4_byte_by_byte),
		cmocka_unit_test(a_syn_tells_segment_size_and_scale),
		cmocka_unit_test(sums_are_right_whatever_the_length),
		cmocka_unit_test(a_datagram_without_data_is_a_head),
		cmocka_unit_test(a_datagram_never_has_no_sum),
		cmocka_unit_test(the_start_is_two_blocks),
		cmocka_unit_test(packets_are_padded_to_words),
		cmocka_unit_test(direction_and_comment_are_options),
		cmocka_unit_test(long_texts_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
