/* proto/dump: what the installed socat prints, byte for byte, and our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/dump.h"

enum style { TEXT = 1, HEX = 2, BOTH = 3, CLASSIC = 4, LINES = 5 };

static struct buf out;

static const char *dumped(enum style s, const struct dump_mark *m, const void *data,
			  size_t len)
{
	buf_free(&out);
	buf_init(&out, dump_room(m->who, len) + 1);
	if (s == CLASSIC)
		assert_true(dump_classic(&out, m, data, len));
	else if (s == LINES)
		assert_true(dump_lines(&out, m, data, len));
	else
		assert_true(dump_socat(&out, m, s & TEXT, s & HEX, data, len));
	assert_true(out.len <= dump_room(m->who, len));
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
	for (enum style s = TEXT; s <= LINES; s++) {
		dumped(s, &at_start, all, sizeof(all));
		for (size_t i = 0; i + 1 < out.len; i++)
			assert_true((out.data[i] >= ' ' && out.data[i] <= '~') ||
				    out.data[i] == '\n' ||
				    (out.data[i] == '\t' && s == TEXT));
	}
}

static void a_note_stands_where_the_length_does(void **state)
{
	struct dump_mark m = { .arrow = '<', .stamp = "T", .session = 12, .who = "me" };

	(void)state;
	buf_free(&out);
	buf_init(&out, dump_room(m.who, 0));
	assert_true(dump_note(&out, &m, "end"));
	assert_memory_equal(out.data, "< T  #12  end  me\n", out.len);
	assert_int_equal(out.len, 18);
}

/* Of a full row of the data's size, without its line end. */
static size_t row_length(unsigned columns, uint64_t offset)
{
	struct dump_mark m = { .arrow = '>', .stamp = "T", .columns = columns,
			       .offset = offset };
	const char *row = strchr(dumped(CLASSIC, &m, "0123456789abcdef0123456789abcdef",
					32),
				 '\n') + 1;

	return strcspn(row, "\n");
}

static void rows_are_as_long_as_the_terminal_is_wide(void **state)
{
	(void)state;
	assert_int_equal(row_length(0, 0), 80);
	assert_int_equal(row_length(80, 0), 80);
	assert_int_equal(row_length(145, 0), 80);
	assert_int_equal(row_length(146, 0), 146);
	assert_int_equal(row_length(60000, 0), 146);
	assert_int_equal(row_length(79, 0), 47);
	assert_int_equal(row_length(46, 0), 31);
	assert_int_equal(row_length(1, 0), 31);
}

static void long_offsets_take_their_digits(void **state)
{
	const uint64_t far = (uint64_t)1 << 32;

	(void)state;
	assert_int_equal(row_length(0, far), 81);
	assert_int_equal(row_length(80, far), 48);
	assert_int_equal(row_length(81, far), 81);
	assert_int_equal(row_length(0, far - 32), 81);
	assert_int_equal(row_length(0, far - 33), 80);
	assert_int_equal(row_length(0, UINT64_MAX - 40), 88);
}

static void wide_and_narrow_rows_keep_their_columns(void **state)
{
	struct dump_mark m = { .arrow = '>', .stamp = "T", .columns = 40 };

	(void)state;
	assert_string_equal(dumped(CLASSIC, &m, "abcde", 5), "> T  5 bytes\n"
							     "> 00000000  61 62 63 64  |abcd|\n"
							     "> 00000004  65           |e|\n");
	m.columns = 50;
	assert_string_equal(dumped(CLASSIC, &m, "abcdefghi", 9),
			    "> T  9 bytes\n"
			    "> 00000000  61 62 63 64 65 66 67 68  |abcdefgh|\n"
			    "> 00000008  69                       |i|\n");
	m.columns = 200;
	assert_string_equal(
		dumped(CLASSIC, &m, "0123456789abcdefghi", 19),
		"> T  19 bytes\n"
		"> 00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66"
		"  67 68 69                                        "
		"  |0123456789abcdefghi|\n");
}

static void lines_end_where_the_data_says(void **state)
{
	(void)state;
	assert_string_equal(DUMPED(LINES, "GET / HTTP/1.0\r\n\r\nno end"),
			    "> T  24 bytes\n"
			    "> GET / HTTP/1.0\\r\\n\n"
			    "> \\r\\n\n"
			    "> no end\n");
	assert_string_equal(DUMPED(LINES, "\n"), "> T  1 byte\n> \\n\n");
	assert_string_equal(DUMPED(LINES, ""), "> T  0 bytes\n");
}

static void lines_escape_what_is_not_readable(void **state)
{
	(void)state;
	assert_string_equal(DUMPED(LINES, "a\tb\\n\x1b[31m\x7f\0\xff"),
			    "> T  13 bytes\n> a\\tb\\\\n\\x1b[31m\\x7f\\x00\\xff\n");
}

static void lines_keep_characters_that_are_whole(void **state)
{
	(void)state;
	assert_string_equal(DUMPED(LINES, "caf\xc3\xa9 \xe2\x82\xac\n"),
			    "> T  10 bytes\n> caf\xc3\xa9 \xe2\x82\xac\\n\n");
	assert_string_equal(DUMPED(LINES, "\xe2\x82"), "> T  2 bytes\n> \\xe2\\x82\n");
	assert_string_equal(DUMPED(LINES, "\xc2\x9b"), "> T  2 bytes\n> \\xc2\\x9b\n");
}

static void escapes_are_coloured_as_one(void **state)
{
	struct dump_mark m = { .arrow = '<', .stamp = "T", .colour = true };

	(void)state;
	assert_string_equal(dumped(LINES, &m, "a\r\n", 3),
			    "\033[33m< T  3 bytes\033[0m\n"
			    "\033[33m<\033[0m a\033[33m\\r\\n\033[0m\n");
}

static void the_worst_case_fits(void **state)
{
	static const char pairs[][2] = { { '\n', '\n' }, { '\x01', 'a' }, { '\x01', '\n' } };
	struct dump_mark m = { .arrow = '>', .stamp = "T", .colour = true, .columns = 1 };
	unsigned char s[500];

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		for (size_t k = 0; k < sizeof(s); k += 2)
			memcpy(s + k, pairs[i], 2);
		for (enum style style = TEXT; style <= LINES; style++) {
			dumped(style, &m, s, sizeof(s));
			dumped(style, &m, s, 1);
		}
	}
}

static void too_small_a_maximum_is_told(void **state)
{
	(void)state;
	buf_free(&out);
	buf_init(&out, 40);
	assert_false(dump_socat(&out, &at_start, true, true, "0123456789", 10));
	assert_false(dump_classic(&out, &at_start, "0123456789", 10));
	assert_false(dump_lines(&out, &at_start, "0123456789\n0123456789\n", 22));
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
		cmocka_unit_test(a_note_stands_where_the_length_does),
		cmocka_unit_test(rows_are_as_long_as_the_terminal_is_wide),
		cmocka_unit_test(long_offsets_take_their_digits),
		cmocka_unit_test(wide_and_narrow_rows_keep_their_columns),
		cmocka_unit_test(lines_end_where_the_data_says),
		cmocka_unit_test(lines_escape_what_is_not_readable),
		cmocka_unit_test(lines_keep_characters_that_are_whole),
		cmocka_unit_test(escapes_are_coloured_as_one),
		cmocka_unit_test(the_worst_case_fits),
		cmocka_unit_test(too_small_a_maximum_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, clean);
}
