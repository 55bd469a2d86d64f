/* proto/frame: what stands on the wire, and that it comes back however it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/frame.h"

enum { MAX = 2000 };

static void wire_is(const char *name, const void *msg, size_t len, const void *want,
		    size_t n)
{
	enum frame_kind kind = frame_find(name);
	struct buf out;

	assert_int_not_equal(kind, FRAME_KINDS);
	assert_null(frame_refuses(kind, msg, len));
	buf_init(&out, frame_room(kind, len));
	assert_true(frame_put(kind, msg, len, &out));
	if (out.len != n || memcmp(out.data, want, n) != 0)
		fail_msg("%s: other bytes than wanted", name);
	buf_free(&out);
}

#define WIRE(name, msg, want) \
	wire_is(name, msg, sizeof(msg) - 1, want, sizeof(want) - 1)

static void each_framing_has_its_own_bytes(void **state)
{
	(void)state;
	WIRE("len8", "abc", "\3abc");
	WIRE("LEN16", "abc", "\0\3abc");
	WIRE("len16le", "abc", "\3\0abc");
	WIRE("len32", "abc", "\0\0\0\3abc");
	WIRE("len32le", "abc", "\3\0\0\0abc");
	WIRE("line", "abc", "abc\n");
	WIRE("nul", "a\nc", "a\nc\0");
	WIRE("slip", "a\xc0\xdb", "\xc0" "a\xdb\xdc\xdb\xdd\xc0");
	WIRE("netstring", "hello world!", "12:hello world!,");
	WIRE("netstring", "", "0:,");
	WIRE("octet", "<34>1 x", "7 <34>1 x");
	WIRE("syslog", "0123456789", "10 0123456789");
	WIRE("len8", "", "\0");
	WIRE("line", "", "\n");
}

static void cobs_has_no_zero_but_the_last(void **state)
{
	unsigned char msg[256], wire[260];

	(void)state;
	WIRE("cobs", "", "\1\0");
	WIRE("cobs", "\0", "\1\1\0");
	WIRE("cobs", "\0\0", "\1\1\1\0");
	WIRE("cobs", "\x11\x22\0\x33", "\3\x11\x22\2\x33\0");
	WIRE("cobs", "\x11\0\0\0", "\2\x11\1\1\1\0");
	for (unsigned i = 0; i < 256; i++)
		msg[i] = (unsigned char)(i + 1);
	wire[0] = 0xff;
	memcpy(wire + 1, msg, 254);
	wire[255] = 0;
	wire_is("cobs", msg, 254, wire, 256);
	memcpy(wire + 255, "\2\xff\0", 3);
	wire_is("cobs", msg, 255, wire, 258);
	memcpy(wire + 255, "\2\xff\1\0", 4);
	wire_is("cobs", msg, 256, wire, 259);
}

/* ---- there and back ------------------------------------------------------------ */

/* The messages of wire, each with its length in front, fed step bytes at a time. */
static void take_apart(struct frame *f, const unsigned char *wire, size_t len,
		       size_t step, struct buf *got)
{
	for (size_t at = 0; at < len;) {
		size_t n = len - at < step ? len - at : step, used = 0;
		enum frame_found r = frame_take(f, wire + at, n, &used);

		assert_true(used <= n);
		assert_true(r == FRAME_MESSAGE || (r == FRAME_MORE && used == n));
		at += used;
		if (r == FRAME_MORE)
			continue;
		assert_true(buf_format(got, "[%zu]", f->msg.len));
		assert_true(buf_add(got, f->msg.data, f->msg.len));
	}
	assert_int_equal(frame_end(f), FRAME_MORE);
}

static size_t sample(unsigned i, unsigned char *msg)
{
	static const size_t lengths[] = { 1, 0, 2, 3, 253, 254, 255, 5, 0, 17 };
	size_t len = lengths[i % 10];

	for (size_t k = 0; k < len; k++)
		msg[k] = (unsigned char)(i < 10 ? 0xc0 + (k * 27 & 31) : k * i + 1);
	return len;
}

static void what_goes_in_comes_out_however_it_is_cut(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < FRAME_KINDS; kind++) {
		struct buf wire, want, got;
		unsigned char msg[256];

		buf_init(&wire, 100000);
		buf_init(&want, 100000);
		buf_init(&got, 100000);
		for (unsigned i = 0; i < 30; i++) {
			size_t len = sample(i, msg);

			if (frame_refuses((enum frame_kind)kind, msg, len))
				continue;
			assert_true(frame_put((enum frame_kind)kind, msg, len, &wire));
			assert_true(buf_format(&want, "[%zu]", len));
			assert_true(buf_add(&want, msg, len));
		}
		for (size_t step = 1; step < 600; step += 1 + step / 20) {
			struct frame f;

			frame_init(&f, (enum frame_kind)kind, 255);
			got.len = 0;
			take_apart(&f, wire.data, wire.len, step, &got);
			assert_int_equal(got.len, want.len);
			assert_memory_equal(got.data, want.data, want.len);
			frame_free(&f);
		}
		buf_free(&wire);
		buf_free(&want);
		buf_free(&got);
	}
}

/* ---- what is refused ----------------------------------------------------------- */

static void what_cannot_be_carried_is_refused(void **state)
{
	static unsigned char big[65536];

	(void)state;
	assert_null(frame_refuses(FRAME_LEN8, big, 255));
	assert_non_null(frame_refuses(FRAME_LEN8, big, 256));
	assert_null(frame_refuses(FRAME_LEN16, big, 65535));
	assert_non_null(frame_refuses(FRAME_LEN16, big, 65536));
	assert_null(frame_refuses(FRAME_LEN32, big, 65536));
	assert_non_null(frame_refuses(FRAME_NUL, big, 1));
	assert_non_null(frame_refuses(FRAME_LINE, (const unsigned char *)"a\n", 2));
	assert_non_null(frame_refuses(FRAME_SLIP, big, 0));
	assert_non_null(frame_refuses(FRAME_OCTET, big, 0));
	assert_null(frame_refuses(FRAME_COBS, big, 0));
}

static enum frame_found ends_in(const char *name, const void *wire, size_t len,
				size_t max)
{
	struct frame f;
	enum frame_found r;
	size_t at = 0, used;

	frame_init(&f, frame_find(name), max);
	do {
		r = frame_take(&f, (const unsigned char *)wire + at, len - at, &used);
		at += used;
		assert_true(f.msg.len <= max);
	} while (r == FRAME_MESSAGE);
	if (r == FRAME_MORE && frame_end(&f) == FRAME_BAD)
		r = FRAME_BAD;
	frame_free(&f);
	return r;
}

#define ENDS(name, wire, max) ends_in(name, wire, sizeof(wire) - 1, max)

static void too_long_is_found_before_it_is_kept(void **state)
{
	(void)state;
	assert_int_equal(ENDS("len8", "\6", 5), FRAME_LONG);
	assert_int_equal(ENDS("len32", "\xff\xff\xff\xff", MAX), FRAME_LONG);
	assert_int_equal(ENDS("len32le", "\xff\xff\xff\xff", MAX), FRAME_LONG);
	assert_int_equal(ENDS("netstring", "99999999999999999999999", MAX), FRAME_LONG);
	assert_int_equal(ENDS("octet", "6", 5), FRAME_LONG);
	assert_int_equal(ENDS("line", "abcdef", 5), FRAME_LONG);
	assert_int_equal(ENDS("slip", "abcdef", 5), FRAME_LONG);
	assert_int_equal(ENDS("cobs", "\7abcdef", 5), FRAME_LONG);
	assert_int_equal(ENDS("line", "abcde\n", 5), FRAME_MORE);
	assert_int_equal(ENDS("cobs", "\6abcde\0", 5), FRAME_MORE);
}

static void garbage_is_told(void **state)
{
	(void)state;
	assert_int_equal(ENDS("netstring", "x", MAX), FRAME_BAD);
	assert_int_equal(ENDS("netstring", ":", MAX), FRAME_BAD);
	assert_int_equal(ENDS("netstring", "01:a,", MAX), FRAME_BAD);
	assert_int_equal(ENDS("netstring", "1:ab", MAX), FRAME_BAD);
	assert_int_equal(ENDS("octet", "0 ", MAX), FRAME_BAD);
	assert_int_equal(ENDS("octet", "<34>", MAX), FRAME_BAD);
	assert_int_equal(ENDS("slip", "a\xdb" "b", MAX), FRAME_BAD);
	assert_int_equal(ENDS("slip", "a\xdb\xc0", MAX), FRAME_BAD);
	assert_int_equal(ENDS("cobs", "\5ab\0", MAX), FRAME_BAD);
}

static void an_end_within_a_message_is_told(void **state)
{
	(void)state;
	assert_int_equal(ENDS("len16", "\0", MAX), FRAME_BAD);
	assert_int_equal(ENDS("len16", "\0\2a", MAX), FRAME_BAD);
	assert_int_equal(ENDS("nul", "a", MAX), FRAME_BAD);
	assert_int_equal(ENDS("netstring", "1:a", MAX), FRAME_BAD);
	assert_int_equal(ENDS("netstring", "0:", MAX), FRAME_BAD);
	assert_int_equal(ENDS("slip", "\xc0\xdb", MAX), FRAME_BAD);
	assert_int_equal(ENDS("cobs", "\1", MAX), FRAME_BAD);
	assert_int_equal(ENDS("slip", "\xc0\xc0\xc0", MAX), FRAME_MORE);
	assert_int_equal(ENDS("cobs", "\0\0", MAX), FRAME_MORE);
}

static void a_last_line_needs_no_end(void **state)
{
	struct frame f;
	size_t used;

	(void)state;
	frame_init(&f, FRAME_LINE, MAX);
	assert_int_equal(frame_take(&f, (const unsigned char *)"ab", 2, &used),
			 FRAME_MORE);
	assert_int_equal(frame_end(&f), FRAME_MESSAGE);
	assert_int_equal(f.msg.len, 2);
	assert_int_equal(frame_end(&f), FRAME_MORE);
	frame_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_framing_has_its_own_bytes),
		cmocka_unit_test(cobs_has_no_zero_but_the_last),
		cmocka_unit_test(what_goes_in_comes_out_however_it_is_cut),
		cmocka_unit_test(what_cannot_be_carried_is_refused),
		cmocka_unit_test(too_long_is_found_before_it_is_kept),
		cmocka_unit_test(garbage_is_told),
		cmocka_unit_test(an_end_within_a_message_is_told),
		cmocka_unit_test(a_last_line_needs_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
