/* proto/proxyhdr: both versions, whatever the pieces; nothing wrong is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "proto/proxyhdr.h"

#define V2 "\r\n\r\n\0\r\nQUIT\n"
/* TCP over IPv4 with len bytes behind the fixed part */
#define V2_TCP4(len) V2 "\x21\x11\0" len "\xc0\0\2\1\xc6\x33\x64\2\x30\x39\1\xbb"
#define BYTES(literal) (literal), sizeof(literal) - 1

static struct proxyhdr h;
static const char *why;

/* Feeds it byte by byte, then whole with more behind: the answer is the same. */
static enum proxyhdr_answer decode(const char *data, size_t len)
{
	enum proxyhdr_answer r = PROXYHDR_MORE, whole;
	size_t have, size = 0, all = 0;

	for (have = 0; r == PROXYHDR_MORE && have <= len; have++) {
		r = proxyhdr_decode(data, have, &h, &size, &why);
		if (r == PROXYHDR_MORE)
			assert_true(size > have);
		if (r == PROXYHDR_DONE)
			assert_int_equal(size, have);
	}
	why = NULL;
	whole = proxyhdr_decode(data, len, &h, &all, &why);
	assert_int_equal(whole, r);
	if (r == PROXYHDR_DONE)
		assert_int_equal(all, size);
	return r;
}

static const char *text(const struct name *n)
{
	static char to[2][NAME_TEXT];
	static unsigned turn;

	return name_text(n, to[turn ^= 1], NAME_TEXT);
}

static void assert_value(enum proxyhdr_value i, const char *want)
{
	assert_int_equal(h.value[i].len, strlen(want));
	assert_memory_equal(h.value[i].data, want, strlen(want));
}

static void assert_bad(const char *data, size_t len, const char *because)
{
	assert_int_equal(decode(data, len), PROXYHDR_BAD);
	if (!strstr(why, because))
		fail_msg("\"%s\" does not say \"%s\"", why, because);
}

/* ---- version 1 ---- */

static void a_line_names_both_ends(void **state)
{
	(void)state;
	assert_int_equal(decode(BYTES("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\nGET")),
			 PROXYHDR_DONE);
	assert_int_equal(h.version, 1);
	assert_true(h.named);
	assert_string_equal(text(&h.from), "192.0.2.1:12345");
	assert_string_equal(text(&h.to), "198.51.100.2:443");
	assert_int_equal(decode(BYTES("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n")),
			 PROXYHDR_DONE);
	assert_string_equal(text(&h.from), "[2001:db8::1]:0");
	assert_string_equal(text(&h.to), "[::1]:65535");
}

static void the_longest_line_fits(void **state)
{
	static const char line[] =
		"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";

	(void)state;
	assert_int_equal(sizeof(line) - 1, 107);
	assert_int_equal(decode(BYTES(line)), PROXYHDR_DONE);
	assert_false(h.named);
}

static void unknown_names_nobody(void **state)
{
	(void)state;
	assert_int_equal(decode(BYTES("PROXY UNKNOWN\r\n")), PROXYHDR_DONE);
	assert_false(h.named);
	assert_int_equal(decode(BYTES("PROXY UNKNOWN what \xff ever\r\nx")), PROXYHDR_DONE);
	assert_false(h.named);
}

static void other_lines_are_malformed(void **state)
{
	static const char *const wrong[] = {
		"PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP4 \r\n", "PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n",
		"PROXY tcp4 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY UNKNOWNS\r\n",
		"PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", "PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n",
		"PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP4 ::1 ::2 1 2\r\n",
		"PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n", "PROXY TCP6 [::1] [::1] 1 2\r\n",
		"PROXY TCP6 fe80::1%lo ::1 1 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 1 02\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n", "PROXY TCP4 1.1.1.1 2.2.2.2 0x1 2\r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 100000 2\r\n", "PROXY TCP4 1.1.1.1\t2.2.2.2 1 2\r\n",
		"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (decode(wrong[i], strlen(wrong[i])) != PROXYHDR_BAD)
			fail_msg("taken: %s", wrong[i]);
	assert_bad(BYTES("PROXY TCP4 1.1.1.1\0 2.2.2.2 1 2\r\n"), "NUL");
	assert_bad(BYTES("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n"), "without CR");
}

static void a_line_without_end_is_bounded(void **state)
{
	char line[300];

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY ", 6);
	assert_bad(line, sizeof(line), "107");
	memcpy(line + 106, "\r\n", 2); /* one byte too late */
	assert_bad(line, sizeof(line), "107");
	assert_int_equal(decode(line, 106), PROXYHDR_MORE);
}

static void what_begins_otherwise_is_no_header(void **state)
{
	size_t size;

	(void)state;
	assert_int_equal(decode(BYTES("GET / HTTP/1.1\r\n")), PROXYHDR_NONE);
	assert_int_equal(decode(BYTES("PROXX")), PROXYHDR_NONE);
	assert_int_equal(decode(BYTES("PROXY\r\n")), PROXYHDR_NONE);
	assert_int_equal(decode(BYTES("\r\n\r\n\1")), PROXYHDR_NONE);
	assert_int_equal(decode(BYTES("\x16\3\1\2\0\1")), PROXYHDR_NONE);
	assert_int_equal(proxyhdr_decode(NULL, 0, &h, &size, &why), PROXYHDR_MORE);
}

/* ---- version 2 ---- */

static void addresses_are_read(void **state)
{
	(void)state;
	assert_int_equal(decode(BYTES(V2_TCP4("\x0c") "data")), PROXYHDR_DONE);
	assert_int_equal(h.version, 2);
	assert_true(h.named && !h.datagram && !h.tls && !h.checksum);
	assert_string_equal(text(&h.from), "192.0.2.1:12345");
	assert_string_equal(text(&h.to), "198.51.100.2:443");
	assert_int_equal(decode(BYTES(V2 "\x21\x22\0\x24" "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
				      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1" "\0\x35\x14\xe9")),
			 PROXYHDR_DONE);
	assert_true(h.named && h.datagram);
	assert_string_equal(text(&h.from), "[2001:db8::1]:53");
	assert_string_equal(text(&h.to), "[::1]:5353");
}

static void local_and_unspecified_name_nobody(void **state)
{
	static const char kinds[] = "\0\x10\x01\xff";

	(void)state;
	assert_int_equal(decode(BYTES(V2 "\x20\0\0\0x")), PROXYHDR_DONE);
	assert_false(h.named);
	/* whatever stands behind LOCAL */
	assert_int_equal(decode(BYTES(V2 "\x20\xff\0\3abc")), PROXYHDR_DONE);
	assert_false(h.named);
	for (size_t i = 0; i < 3; i++) {
		char data[] = V2_TCP4("\x0c");

		data[13] = kinds[i];
		if (kinds[i] != 0x10) /* without addresses, the rest would be values */
			data[15] = 0;
		assert_int_equal(decode(data, sizeof(data) - 1), PROXYHDR_DONE);
		assert_false(h.named);
	}
}

static void values_are_read(void **state)
{
	(void)state;
	assert_int_equal(
		decode(BYTES(V2_TCP4("\x4b") "\1\0\2h2" "\2\0\5a.org" "\4\0\2\0\0" "\5\0\1u"
			     "\xee\0\0" "\x20\0\x23\5\0\0\0\0" "\x21\0\7TLSv1.3" "\x22\0\3cn1"
			     "\x23\0\6CIPHER" "\x24\0\2xx")),
		PROXYHDR_DONE);
	assert_value(PROXYHDR_ALPN, "h2");
	assert_value(PROXYHDR_AUTHORITY, "a.org");
	assert_value(PROXYHDR_UNIQUE_ID, "u");
	assert_true(h.tls && h.certificate && h.verified);
	assert_value(PROXYHDR_TLS_VERSION, "TLSv1.3");
	assert_value(PROXYHDR_TLS_CN, "cn1");
	assert_value(PROXYHDR_TLS_CIPHER, "CIPHER");
}

static void a_certificate_is_verified_only_if_there_is_one(void **state)
{
	(void)state;
	assert_int_equal(decode(BYTES(V2_TCP4("\x14") "\x20\0\5\1\0\0\0\0")), PROXYHDR_DONE);
	assert_true(h.tls && !h.certificate && !h.verified);
	assert_int_equal(decode(BYTES(V2_TCP4("\x14") "\x20\0\5\3\0\0\0\1")), PROXYHDR_DONE);
	assert_true(h.tls && h.certificate && !h.verified);
}

static void checksums_are_checked(void **state)
{
	struct buf out;

	(void)state;
	assert_bad(BYTES(V2_TCP4("\x13") "\3\0\4\0\0\0\0"), "checksum");
	assert_bad(BYTES(V2_TCP4("\x11") "\3\0\2ab"), "checksum");
	assert_int_equal(decode(BYTES(V2_TCP4("\x0c"))), PROXYHDR_DONE);
	h.checksum = true;
	buf_init(&out, PROXYHDR_MAX);
	assert_true(proxyhdr_encode(&h, &out));
	assert_int_equal(decode((char *)out.data, out.len), PROXYHDR_DONE);
	assert_true(h.checksum);
	for (size_t i = 16; i < out.len; i++) {
		out.data[i] ^= 1;
		assert_false(decode((char *)out.data, out.len) == PROXYHDR_DONE &&
			     h.checksum);
		out.data[i] ^= 1;
	}
	buf_free(&out);
}

static void a_checksum_made_elsewhere_is_right(void **state)
{
	(void)state;
	assert_int_equal(decode(BYTES(V2_TCP4("\x13") "\3\0\4" "\xc8\xcc\xd4\xb7")), PROXYHDR_DONE);
	assert_true(h.checksum);
}

static void what_does_not_exist_is_refused(void **state)
{
	(void)state;
	assert_bad(BYTES(V2 "\x11\x11\0\0"), "version");
	assert_bad(BYTES(V2 "\x22\x11\0\0"), "version");
	assert_bad(BYTES(V2 "\x21\x41\0\0"), "kind");
	assert_bad(BYTES(V2 "\x21\x13\0\0"), "kind");
}

static void what_breaks_off_is_refused(void **state)
{
	(void)state;
	assert_bad(BYTES(V2 "\x21\x11\0\x0b" "12345678901"), "addresses");
	assert_bad(BYTES(V2 "\x21\x21\0\x23" "12345678901234567890123456789012345"),
		   "addresses");
	assert_bad(BYTES(V2 "\x21\x31\0\4" "1234"), "addresses");
	assert_bad(BYTES(V2_TCP4("\x0d") "\1"), "value");
	assert_bad(BYTES(V2_TCP4("\x0e") "\1\0"), "value");
	assert_bad(BYTES(V2_TCP4("\x10") "\1\0\2x"), "value");
	assert_bad(BYTES(V2_TCP4("\x13") "\x20\0\4\1\0\0\0"), "TLS");
	assert_bad(BYTES(V2_TCP4("\x16") "\x20\0\7\1\0\0\0\0\x21\0"), "TLS");
	assert_bad(BYTES(V2_TCP4("\x18") "\x20\0\x09\1\0\0\0\0\x21\0\2x"), "TLS");
}

static void what_is_too_long_is_refused(void **state)
{
	static char data[PROXYHDR_MAX + 1];

	(void)state;
	memcpy(data, V2 "\x21\0\x0f\xf0", 16);
	for (size_t at = 16; at < PROXYHDR_MAX; at += 255 * 16)
		memcpy(data + at, "\4\x0f\xed", 3);
	assert_int_equal(decode(data, PROXYHDR_MAX), PROXYHDR_DONE);
	memcpy(data, V2 "\x21\0\x0f\xf1", 16);
	assert_bad(data, sizeof(data), "4096");
	assert_bad(data, 16, "4096"); /* at once */
}

/* ---- there and back ---- */

static void pass_on(struct proxyhdr *out)
{
	struct buf b;

	buf_init(&b, PROXYHDR_MAX);
	assert_true(proxyhdr_encode(out, &b));
	assert_int_equal(decode((char *)b.data, b.len), PROXYHDR_DONE);
	buf_free(&b);
}

static void names_survive_both_versions(void **state)
{
	static const char *const hosts[][2] = { { "192.0.2.1", "127.0.0.1" },
						{ "2001:db8::1", "::1" } };

	(void)state;
	for (unsigned version = 1; version <= 2; version++)
		for (unsigned i = 0; i < 2; i++) {
			struct proxyhdr out = { .version = version, .named = true };

			assert_true(name_numeric(&out.from, hosts[i][0], 65535));
			assert_true(name_numeric(&out.to, hosts[i][1], 0));
			pass_on(&out);
			assert_true(h.version == version && h.named);
			assert_true(name_equal(&h.from, &out.from));
			assert_true(name_equal(&h.to, &out.to));
		}
}

static void names_without_a_form_are_left_out(void **state)
{
	struct proxyhdr out = { .named = true };

	(void)state;
	name_numeric(&out.from, "192.0.2.1", 1);
	name_numeric(&out.to, "::1", 2);
	for (out.version = 1; out.version <= 2; out.version++) {
		pass_on(&out);
		assert_false(h.named);
	}
	/* version 1 has no datagrams, and no paths */
	name_numeric(&out.to, "192.0.2.2", 2);
	out.version = 1;
	out.datagram = true;
	pass_on(&out);
	assert_false(h.named);
	out.datagram = false;
	name_unix(&out.from, "/a", 2, false, true);
	name_unix(&out.to, "/b", 2, false, true);
	pass_on(&out);
	assert_false(h.named);
}

static void paths_survive(void **state)
{
	struct proxyhdr out = { .version = 2, .named = true };

	(void)state;
	name_unix(&out.from, "abs\0tract", 9, true, true);
	name_unix(&out.to, "/run/x.sock", 11, false, true);
	pass_on(&out);
	assert_true(h.named && name_equal(&h.from, &out.from));
	assert_string_equal(text(&h.to), "/run/x.sock");
	out.from = (struct name){ .len = sizeof(sa_family_t) };
	out.from.sa.ss_family = AF_UNIX;
	pass_on(&out);
	assert_string_equal(text(&h.from), "unnamed");
}

static void values_survive(void **state)
{
	struct proxyhdr out = { .version = 2, .named = true, .tls = true,
				.certificate = true, .verified = true };

	(void)state;
	name_numeric(&out.from, "192.0.2.1", 1);
	name_numeric(&out.to, "192.0.2.2", 2);
	for (unsigned i = 0; i < PROXYHDR_VALUES; i++)
		out.value[i] = (struct proxyhdr_bytes){ &"value"[i % 5], 5 - i % 5 };
	pass_on(&out);
	assert_true(h.tls && h.certificate && h.verified);
	for (unsigned i = 0; i < PROXYHDR_VALUES; i++)
		assert_value((enum proxyhdr_value)i, &"value"[i % 5]);
}

static void too_much_is_not_written(void **state)
{
	static char much[PROXYHDR_MAX];
	struct proxyhdr out = { .version = 2, .named = true };
	struct buf b;

	(void)state;
	name_numeric(&out.from, "192.0.2.1", 1);
	name_numeric(&out.to, "192.0.2.2", 2);
	out.value[PROXYHDR_ALPN] = (struct proxyhdr_bytes){ much, sizeof(much) };
	buf_init(&b, PROXYHDR_MAX);
	assert_false(proxyhdr_encode(&out, &b));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_names_both_ends),
		cmocka_unit_test(the_longest_line_fits),
		cmocka_unit_test(unknown_names_nobody),
		cmocka_unit_test(other_lines_are_malformed),
		cmocka_unit_test(a_line_without_end_is_bounded),
		cmocka_unit_test(what_begins_otherwise_is_no_header),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(local_and_unspecified_name_nobody),
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(a_certificate_is_verified_only_if_there_is_one),
		cmocka_unit_test(checksums_are_checked),
		cmocka_unit_test(a_checksum_made_elsewhere_is_right),
		cmocka_unit_test(what_does_not_exist_is_refused),
		cmocka_unit_test(what_breaks_off_is_refused),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(names_survive_both_versions),
		cmocka_unit_test(names_without_a_form_are_left_out),
		cmocka_unit_test(paths_survive),
		cmocka_unit_test(values_survive),
		cmocka_unit_test(too_much_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
