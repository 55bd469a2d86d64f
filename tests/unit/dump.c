/* proto/dump: what the installed socat prints, byte for byte, and our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/dump.h"

enum style { TEXT = 1, HEX = 2, BOTH = 3, CLASSIC = 4 };

static struct buf out;

static const char *dumped(enum style s, const struct dump_mark *m, const void *data,
			  size_t len)
{
	buf_free(&out);
	buf_init(&out, dump_room(m, len) + 1);
	if (s == CLASSIC)
		assert_true(dump_classic(&out, m, data, len));
	else
		assert_true(dump_socat(&out, m, s & TEXT, s & HEX, data, len));
	assert_true(out.len <= dump_room(m, len));
	assert_true(buf_add(&out, "", 1));
	return (const char *)out.data;
}

static const struct dump_mark at_start = { .arrow = '>', .stamp = "T" };

#define DUMPED(style, s) dumped(style, &at_start, s, sizeof(s) - 1)

static void the_head_tells_length_and_place(void **state)
{
	struct dump_mark m = { .arrow = '<', .stamp = "2026/11/22 10:00:00.000123456",
			       .offset = 10 };

	(void)state;
	assert_string_equal(
		dumped(TEXT, &m, "hello", 5),
		"< "
		"2026/11/22 10:00:00.000123456  length=5 from=10 to=14\nhello");
}

static void offsets_of_long_streams_are_right(void **state)
{
	struct dump_mark m = { .arrow = '>', .stamp = "T", .offset = 5000000000 };

	(void)state;
	assert_string_equal(dumped(HEX, &m, "a", 1),
			    "> T  length=1 from=5000000000 to=5000000000\n 61\n");
}

static void text_shows_line_ends_and_hides_the_rest(void **state)
{
	(void)state;
	assert_string_equal(
		DUMPED(TEXT, "hello\tw\r\nor\"l\\d\x01\x7f\x80\xff\xc3\xa9\n"),
		"> T  length=22 from=0 to=21\nhello\tw\\r\nor\"l\\\\d......\n");
	assert_string_equal(DUMPED(TEXT, "\a\b\v\f\x1b\0"),
			    "> T  length=6 from=0 to=5\n\\a\\b\\v\\f..");
}

static void hex_is_one_line(void **state)
{
	(void)state;
	assert_string_equal(DUMPED(HEX, "0123456789abcdef\n!"),
			    "> T  length=18 from=0 to=17\n"
			    " 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 0a 21\n");
}

static void hex_and_text_stand_side_by_side(void **state)
{
	(void)state;
	assert_string_equal(
		DUMPED(BOTH, "0123456789abcdef\n\na\\\"\tb"),
		"> T  length=23 from=0 to=22\n"
		" 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66  0123456789abcdef\n"
		" 0a                                               .\n"
		" 0a                                               .\n"
		" 61 5c 22 09 62                                   a\\\".b\n"
		"--\n");
}

static void an_empty_message_is_a_head_alone(void **state)
{
	(void)state;
	assert_string_equal(DUMPED(TEXT, ""), "> T  length=0 from=0 to=0\n");
	assert_string_equal(DUMPED(CLASSIC, ""), "> T  0 bytes\n");
}

static void classic_has_offset_hex_and_characters(void **state)
{
	struct dump_mark m = { .arrow = '<', .stamp = "10:00:00.5", .offset = 32,
			       .who = "tcp 1.2.3.4:5" };

	(void)state;
	assert_string_equal(
		dumped(CLASSIC, &m, "0123456789abcdef\r\nx", 19),
		"< 10:00:00.5  19 bytes  tcp 1.2.3.4:5\n"
		"< 00000020  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66"
		"  |0123456789abcdef|\n"
		"< 00000030  0d 0a 78                                        "
		"  |..x|\n");
}

static void classic_can_be_coloured(void **state)
{
	struct dump_mark m = at_start;

	(void)state;
	m.colour = true;
	assert_non_null(
		strstr(dumped(CLASSIC, &m, "a", 1), "\033[36m> T  1 byte\033[0m\n"));
	m.arrow = '<';
	assert_non_null(strstr(dumped(CLASSIC, &m, "a", 1), "|\033[33ma\033[0m|\n"));
}

static void no_data_can_reach_the_terminal(void **state)
{
	unsigned char all[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	for (enum style s = TEXT; s <= CLASSIC; s++) {
		dumped(s, &at_start, all, sizeof(all));
		for (size_t i = 0; i + 1 < out.len; i++)
			assert_true((out.data[i] >= ' ' && out.data[i] <= '~') ||
				    out.data[i] == '\n' ||
				    (out.data[i] == '\t' && s == TEXT));
	}
}

static void the_end_is_told(void **state)
{
	(void)state;
	buf_free(&out);
	buf_init(&out, dump_room(&at_start, 0));
	assert_true(dump_end(&out, &at_start));
	assert_memory_equal(out.data, "> T  end\n", out.len);
}

static void the_worst_case_fits(void **state)
{
	unsigned char nl[500];

	(void)state;
	memset(nl, '\n', sizeof(nl));
	for (enum style s = TEXT; s <= CLASSIC; s++)
		dumped(s, &at_start, nl, sizeof(nl));
}

static void too_small_a_maximum_is_told(void **state)
{
	(void)state;
	buf_free(&out);
	buf_init(&out, 40);
	assert_false(dump_socat(&out, &at_start, true, true, "0123456789", 10));
	assert_false(dump_classic(&out, &at_start, "0123456789", 10));
	assert_true(out.len <= 40);
}

static int clean(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_head_tells_length_and_place),
		cmocka_unit_test(offsets_of_long_streams_are_right),
		cmocka_unit_test(text_shows_line_ends_and_hides_the_rest),
		cmocka_unit_test(hex_is_one_line),
		cmocka_unit_test(hex_and_text_stand_side_by_side),
		cmocka_unit_test(an_empty_message_is_a_head_alone),
		cmocka_unit_test(classic_has_offset_hex_and_characters),
		cmocka_unit_test(classic_can_be_coloured),
		cmocka_unit_test(no_data_can_reach_the_terminal),
		cmocka_unit_test(the_end_is_told),
		cmocka_unit_test(the_worst_case_fits),
		cmocka_unit_test(too_small_a_maximum_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
