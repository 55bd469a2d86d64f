/* proto/newline: what socat makes of line ends, whatever the pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/newline.h"

static const char sample[] = "a\nb\r\nc\rd\n\n\r\n\r\r\n\nx";
enum { SAMPLE = sizeof(sample) - 1 };

static const char *in(enum newline kind, const char *s)
{
	static unsigned char data[64];
	size_t n;

	memcpy(data, s, strlen(s));
	n = newline_in(kind, data, strlen(s));
	assert_true(n <= strlen(s));
	data[n] = '\0';
	return (const char *)data;
}

static const char *out(enum newline kind, const char *s)
{
	static unsigned char to[64];
	size_t n = newline_out(kind, false, (const unsigned char *)s, strlen(s), to,
			       sizeof(to) - 1);

	to[n] = '\0';
	return (const char *)to;
}

static void crnl_drops_every_cr_on_the_way_in(void **state)
{
	(void)state;
	assert_string_equal(in(NEWLINE_CRNL, "a\nb\r\nc\rd"), "a\nb\ncd");
	assert_string_equal(in(NEWLINE_CRNL, "\r\r"), "");
	assert_string_equal(in(NEWLINE_CRNL, ""), "");
}

static void cr_becomes_nl_on_the_way_in(void **state)
{
	(void)state;
	assert_string_equal(in(NEWLINE_CR, "a\nb\r\nc\rd"), "a\nb\n\nc\nd");
}

static void crnl_puts_a_cr_before_each_nl_on_the_way_out(void **state)
{
	(void)state;
	assert_string_equal(out(NEWLINE_CRNL, "a\nb\r\nc\rd"), "a\r\nb\r\r\nc\rd");
	assert_string_equal(out(NEWLINE_CRNL, "\n\n"), "\r\n\r\n");
}

static void nl_becomes_cr_on_the_way_out(void **state)
{
	(void)state;
	assert_string_equal(out(NEWLINE_CR, "a\nb\r\nc\rd"), "a\rb\r\rc\rd");
}

static void input_may_be_split_anywhere(void **state)
{
	(void)state;
	for (int kind = NEWLINE_CR; kind <= NEWLINE_CRNL; kind++)
		for (size_t at = 0; at <= SAMPLE; at++) {
			unsigned char whole[SAMPLE], parts[SAMPLE];
			size_t n, m;

			memcpy(whole, sample, SAMPLE);
			memcpy(parts, sample, SAMPLE);
			n = newline_in((enum newline)kind, whole, SAMPLE);
			m = newline_in((enum newline)kind, parts, at);
			memmove(parts + m, parts + at, SAMPLE - at);
			m += newline_in((enum newline)kind, parts + m, SAMPLE - at);
			assert_int_equal(n, m);
			assert_memory_equal(whole, parts, n);
		}
}

/* Sends from as layer/crlf.c does, at most step bytes at a time into a window of cap. */
static size_t send_in_steps(enum newline kind, size_t cap, size_t step,
			    unsigned char *wire)
{
	const unsigned char *from = (const unsigned char *)sample;
	size_t len = SAMPLE, used = 0;
	bool half = false;

	while (len) {
		unsigned char to[64];
		size_t n = newline_out(kind, half, from, len, to, cap);
		size_t sent = n < step ? n : step, taken;

		assert_true(n > 0 && n <= cap);
		memcpy(wire + used, to, sent);
		used += sent;
		taken = newline_sent(kind, &half, from, len, sent);
		assert_true(taken <= len);
		from += taken;
		len -= taken;
	}
	assert_false(half);
	return used;
}

static void output_may_be_sent_in_any_steps(void **state)
{
	(void)state;
	for (int kind = NEWLINE_CR; kind <= NEWLINE_CRNL; kind++) {
		const char *want = out((enum newline)kind, sample);

		for (size_t cap = 1; cap < 30; cap++)
			for (size_t step = 1; step <= cap; step++) {
				unsigned char wire[64];
				size_t n = send_in_steps((enum newline)kind, cap, step,
							 wire);

				assert_int_equal(n, strlen(want));
				assert_memory_equal(wire, want, n);
			}
	}
}

static void a_line_end_that_went_half_is_not_taken(void **state)
{
	const unsigned char nl[] = { '\n', 'x' };
	unsigned char to[8];
	bool half = false;

	(void)state;
	assert_int_equal(newline_sent(NEWLINE_CRNL, &half, nl, 2, 1), 0);
	assert_true(half);
	assert_int_equal(newline_out(NEWLINE_CRNL, half, nl, 2, to, 8), 2);
	assert_memory_equal(to, "\nx", 2);
	assert_int_equal(newline_sent(NEWLINE_CRNL, &half, nl, 2, 1), 1);
	assert_false(half);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crnl_drops_every_cr_on_the_way_in),
		cmocka_unit_test(cr_becomes_nl_on_the_way_in),
		cmocka_unit_test(crnl_puts_a_cr_before_each_nl_on_the_way_out),
		cmocka_unit_test(nl_becomes_cr_on_the_way_out),
		cmocka_unit_test(input_may_be_split_anywhere),
		cmocka_unit_test(output_may_be_sent_in_any_steps),
		cmocka_unit_test(a_line_end_that_went_half_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
