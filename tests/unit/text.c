/* base/text: strict numbers, durations, sizes; words; escaping. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

/* ---- numbers ---- */

static long long number(const char *s)
{
	long long n = -999;

	return text_number(s, strlen(s), LLONG_MIN, LLONG_MAX, &n, NULL) ? n : -999;
}

static bool is_malformed(const char *s)
{
	bool malformed = false;
	long long n = 77;
	bool ok = text_number(s, strlen(s), LLONG_MIN, LLONG_MAX, &n, &malformed);

	assert_true(ok || n == 77);
	return malformed;
}

static void numbers_are_read_as_in_c(void **state)
{
	(void)state;
	assert_int_equal(number("0"), 0);
	assert_int_equal(number("42"), 42);
	assert_int_equal(number("-42"), -42);
	assert_int_equal(number("+7"), 7);
	assert_int_equal(number("0x1F"), 31);
	assert_int_equal(number("-0x10"), -16);
	assert_int_equal(number("0755"), 493);
	assert_int_equal(number("00"), 0);
	assert_true(number("9223372036854775807") == LLONG_MAX);
	assert_true(number("-9223372036854775808") == LLONG_MIN);
	assert_int_equal(number("-0"), 0);
}

static void garbage_is_no_number(void **state)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "1x", "x", "0x", "-", "+", "--1", "08", "1.5", "0xg",
		"1e3", "0x-1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!is_malformed(bad[i]))
			fail_msg("\"%s\" was taken for a number", bad[i]);
}

static void a_number_out_of_range_is_not_malformed(void **state)
{
	bool malformed = true;
	long long n = 5;

	(void)state;
	assert_false(text_number("65536", 5, 0, 65535, &n, &malformed));
	assert_false(malformed);
	assert_int_equal(n, 5);
	assert_false(text_number("-1", 2, 0, 65535, &n, NULL));
	assert_false(is_malformed("9223372036854775808"));
	assert_false(is_malformed("99999999999999999999999999999"));
	assert_int_equal(number("99999999999999999999999999999"), -999);
	assert_int_equal(number("-99999999999999999999999999999"), -999);
}

static void only_the_given_length_counts(void **state)
{
	long long n;

	(void)state;
	assert_true(text_number("123456", 3, 0, 1000, &n, NULL));
	assert_int_equal(n, 123);
}

static void variables_are_numbers_or_what_is_said_instead(void **state)
{
	(void)state;
	unsetenv("NUMBER");
	assert_int_equal(text_variable("NUMBER", 9, 77), 77);
	setenv("NUMBER", "9", true);
	assert_int_equal(text_variable("NUMBER", 9, 77), 9);
	setenv("NUMBER", "10", true);
	assert_int_equal(text_variable("NUMBER", 9, 77), 77);
	setenv("NUMBER", "", true);
	assert_int_equal(text_variable("NUMBER", 9, 77), 77);
}

/* ---- durations and sizes ---- */

static uint64_t usec(const char *s)
{
	uint64_t t = 999;

	return text_duration(s, strlen(s), &t) ? t : 999;
}

static void shares_are_of_one_or_of_a_hundred(void **state)
{
	static const char *const bad[] = { "", "%", "1.1", "101%", "5 %", "-1%", "5%%",
					   "100.1%", "x" };
	uint32_t share;

	(void)state;
	assert_true(text_share("5%", 2, &share) && share == 50000);
	assert_true(text_share("0.05", 4, &share) && share == 50000);
	assert_true(text_share("0.0001%", 7, &share) && share == 1);
	assert_true(text_share("100%", 4, &share) && share == 1000000);
	assert_true(text_share("1", 1, &share) && share == 1000000);
	assert_true(text_share("0", 1, &share) && share == 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (text_share(bad[i], strlen(bad[i]), &share))
			fail_msg("\"%s\" was taken for a share", bad[i]);
}

static void durations_have_fractions_and_units(void **state)
{
	(void)state;
	assert_int_equal(usec("3"), 3000000);
	assert_int_equal(usec("0.5"), 500000);
	assert_int_equal(usec(".5"), 500000);
	assert_int_equal(usec("5."), 5000000);
	assert_int_equal(usec("0"), 0);
	assert_int_equal(usec("1.000001"), 1000001);
	assert_int_equal(usec("250ms"), 250000);
	assert_int_equal(usec("10us"), 10);
	assert_int_equal(usec("1.5h"), 5400000000);
	assert_int_equal(usec("2m"), 120000000);
	assert_int_equal(usec("2M"), 120000000);
	assert_int_equal(usec("1d"), 86400000000);
	assert_int_equal(usec("0.00000000000000000001"), 0);
}

static void bad_durations_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"-1",
		"+1",
		"s",
		".",
		"1.5.5",
		"1 s",
		"5 ",
		"5x",
		"5sm",
		"1e3",
		"0x10",
		"99999999999999999999",
		"300000000000d",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (usec(bad[i]) != 999)
			fail_msg("\"%s\" was taken for a duration", bad[i]);
}

static const char *duration(uint64_t t)
{
	static char text[32];

	text_from_duration(text, sizeof(text), t);
	return text;
}

static void durations_are_written_for_people(void **state)
{
	(void)state;
	assert_string_equal(duration(2500000), "2.5 s");
	assert_string_equal(duration(40000), "40 ms");
	assert_string_equal(duration(2500), "2.5 ms");
	assert_string_equal(duration(40), "40 us");
	assert_string_equal(duration(0), "0 us");
	assert_string_equal(duration(30000000), "30 s");
	assert_string_equal(duration(1234567), "1.234 s");
}

static uint64_t size(const char *s)
{
	uint64_t n = 999;

	return text_size(s, strlen(s), &n) ? n : 999;
}

static void sizes_have_binary_units(void **state)
{
	(void)state;
	assert_int_equal(size("0"), 0);
	assert_int_equal(size("8192"), 8192);
	assert_int_equal(size("0x10"), 16);
	assert_int_equal(size("64k"), 65536);
	assert_int_equal(size("64K"), 65536);
	assert_int_equal(size("64KiB"), 65536);
	assert_int_equal(size("1Mi"), 1048576);
	assert_int_equal(size("2G"), 2147483648);
	assert_int_equal(size("1T"), 1099511627776);
	assert_int_equal(size("0x1b"), 27);
}

static void bad_sizes_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "k", "iB", "KiB", "-1", "1.5k", "1kk", "1 k", "1x", "i", "B",
		"9223372036854775808", "9000000000G",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (size(bad[i]) != 999)
			fail_msg("\"%s\" was taken for a size", bad[i]);
}

static void booleans_have_many_names(void **state)
{
	static const char *const yes[] = { "on", "YES", "true", "1", "2", "0x1" };
	static const char *const no[] = { "off", "No", "false", "0" };
	bool b;

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		b = false;
		assert_true(text_bool(yes[i], strlen(yes[i]), &b) && b);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
		b = true;
		assert_true(text_bool(no[i], strlen(no[i]), &b) && !b);
	}
	assert_false(text_bool("", 0, &b));
	assert_false(text_bool("maybe", 5, &b));
	assert_false(text_bool("onn", 3, &b));
}

/* ---- words ---- */

static void comparing_is_blind_for_case(void **state)
{
	(void)state;
	assert_true(text_same("TCP-Listen", 10, "tcp-listen"));
	assert_true(text_same("tcp4", 3, "TCP"));
	assert_false(text_same("tcp", 3, "tcp4"));
	assert_false(text_same("tcp4", 4, "tcp"));
	assert_true(text_same("", 0, ""));
}

static void a_word_is_found_in_a_list(void **state)
{
	(void)state;
	assert_int_equal(text_in_list("tcp", 3, "tcp-connect tcp"), 1);
	assert_int_equal(text_in_list("TCP-CONNECT", 11, "tcp-connect tcp"), 0);
	assert_int_equal(text_in_list("tc", 2, "tcp-connect tcp"), -1);
	assert_int_equal(text_in_list("tcp", 3, ""), -1);
	assert_int_equal(text_in_list("", 0, "a b"), -1);
	assert_int_equal(text_in_list("a b", 3, "a b"), -1);
	assert_int_equal(text_in_list("b", 1, "  a   b  "), 1);
}

static unsigned distance(const char *a, const char *b)
{
	return text_distance(a, strlen(a), b, strlen(b));
}

static void distance_counts_slips_of_the_finger(void **state)
{
	char long_word[66];

	(void)state;
	assert_int_equal(distance("reuseaddr", "reuseaddr"), 0);
	assert_int_equal(distance("ReuseAddr", "reuseaddr"), 0);
	assert_int_equal(distance("resueaddr", "reuseaddr"), 1);
	assert_int_equal(distance("reuseadr", "reuseaddr"), 1);
	assert_int_equal(distance("reuseaddrr", "reuseaddr"), 1);
	assert_int_equal(distance("reuzeaddr", "reuseaddr"), 1);
	assert_int_equal(distance("", "abc"), 3);
	assert_int_equal(distance("abc", ""), 3);
	assert_int_equal(distance("kitten", "sitting"), 3);
	memset(long_word, 'x', sizeof(long_word));
	assert_true(text_distance(long_word, 65, "x", 1) > 1000);
	assert_int_equal(text_distance(long_word, 64, long_word, 63), 1);
}

/* ---- escaping ---- */

static const char *escaped(const char *s, size_t len)
{
	static char text[256];

	size_t n = text_escape(text, sizeof(text), s, len);

	assert_int_equal(n, strlen(text));
	return text;
}

#define ESCAPED(s) escaped(s, sizeof(s) - 1)

static void control_characters_are_escaped(void **state)
{
	(void)state;
	assert_string_equal(ESCAPED("plain text"), "plain text");
	assert_string_equal(ESCAPED("a\nb\tc\r"), "a\\nb\\tc\\r");
	assert_string_equal(ESCAPED("\x1b[31m\x7f\0"), "\\x1b[31m\\x7f\\x00");
}

static void good_utf8_passes_and_bad_is_escaped(void **state)
{
	(void)state;
	assert_string_equal(ESCAPED("a \u2192 b"), "a \u2192 b");
	assert_string_equal(ESCAPED("\U0001f980"), "\U0001f980");
	assert_string_equal(ESCAPED("\xff\x80"), "\\xff\\x80");
	assert_string_equal(ESCAPED("\xc0\x8a"), "\\xc0\\x8a");
	assert_string_equal(ESCAPED("\xe0\x80\x8a"), "\\xe0\\x80\\x8a");
	assert_string_equal(ESCAPED("\xed\xa0\x80"), "\\xed\\xa0\\x80");
	assert_string_equal(ESCAPED("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
	assert_string_equal(ESCAPED("\xe2\x86"), "\\xe2\\x86");
	assert_string_equal(ESCAPED("\xe2\x86x"), "\\xe2\\x86x");
}

static void control_characters_in_utf8_are_escaped_too(void **state)
{
	(void)state;
	assert_string_equal(ESCAPED("\xc2\x9b\x33m"), "\\xc2\\x9b3m");
	assert_string_equal(ESCAPED("\u00a0"), "\u00a0");
}

static void escaping_never_cuts_an_escape(void **state)
{
	char to[8];

	(void)state;
	assert_int_equal(text_escape(to, 5, "\x01\x02", 2), 4);
	assert_string_equal(to, "\\x01");
	assert_int_equal(text_escape(to, 4, "\x01", 1), 0);
	assert_string_equal(to, "");
	assert_int_equal(text_escape(to, 4, "a\u2192", 4), 1);
	assert_int_equal(text_escape(to, 5, "a\u2192", 4), 4);
	to[0] = 'k';
	assert_int_equal(text_escape(to, 0, "a", 1), 0);
	assert_int_equal(to[0], 'k');
}

static void cutting_keeps_characters_whole(void **state)
{
	static const char s[] = "ab\u2192c";

	(void)state;
	assert_int_equal(text_cut(s, 0), 0);
	assert_int_equal(text_cut(s, 2), 2);
	assert_int_equal(text_cut(s, 3), 2);
	assert_int_equal(text_cut(s, 4), 2);
	assert_int_equal(text_cut(s, 5), 5);
	assert_int_equal(text_cut(s, 6), 6);
	assert_int_equal(text_cut("\x80\x80\x80\x80\x80", 5), 5);
}

static void assert_size(uint64_t bytes, const char *want)
{
	char text[16];

	text_from_size(text, sizeof(text), bytes);
	assert_string_equal(text, want);
}

static void sizes_are_written_in_binary_units(void **state)
{
	(void)state;
	assert_size(0, "0 B");
	assert_size(1023, "1023 B");
	assert_size(1024, "1.0 KiB");
	assert_size(1572864, "1.5 MiB");
	assert_size(1024 * 1024 - 52, "1023.9 KiB");
	assert_size(1024 * 1024 - 51, "1.0 MiB");
	assert_size(UINT64_C(5) << 40, "5.0 TiB");
	assert_size(UINT64_MAX, "16.0 EiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_as_in_c),
		cmocka_unit_test(garbage_is_no_number),
		cmocka_unit_test(a_number_out_of_range_is_not_malformed),
		cmocka_unit_test(only_the_given_length_counts),
		cmocka_unit_test(shares_are_of_one_or_of_a_hundred),
		cmocka_unit_test(durations_have_fractions_and_units),
		cmocka_unit_test(bad_durations_are_refused),
		cmocka_unit_test(durations_are_written_for_people),
		cmocka_unit_test(sizes_have_binary_units),
		cmocka_unit_test(sizes_are_written_in_binary_units),
		cmocka_unit_test(bad_sizes_are_refused),
		cmocka_unit_test(booleans_have_many_names),
		cmocka_unit_test(comparing_is_blind_for_case),
		cmocka_unit_test(a_word_is_found_in_a_list),
		cmocka_unit_test(distance_counts_slips_of_the_finger),
		cmocka_unit_test(control_characters_are_escaped),
		cmocka_unit_test(variables_are_numbers_or_what_is_said_instead),
		cmocka_unit_test(good_utf8_passes_and_bad_is_escaped),
		cmocka_unit_test(control_characters_in_utf8_are_escaped_too),
		cmocka_unit_test(escaping_never_cuts_an_escape),
		cmocka_unit_test(cutting_keeps_characters_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
