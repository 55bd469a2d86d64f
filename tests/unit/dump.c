/* proto/dump: what the installed socat prints, byte for byte, and our own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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

/* ---- all bytes, against the slow way ------------------------------------------------ */

/* Everything, also line ends and halves of characters, in an order without pattern. */
static unsigned char sample[3000];

static int fill_sample(void **state)
{
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(sample); i++) {
		x = x * 1664525 + 1013904223;
		sample[i] = (unsigned char)(i < 256 ? i : x >> 24);
	}
	return 0;
}

/* What stands behind the head, in memory of its own. */
static char *body(enum style s, const void *data, size_t len)
{
	const char *text = strchr(dumped(s, &at_start, data, len), '\n') + 1;
	char *copy = strdup(text);

	assert_non_null(copy);
	return copy;
}

static void model_dots(char *to, const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = s[i] >= ' ' && s[i] <= '~' ? (char)s[i] : '.';
	to[n] = '\0';
}

static void model_hex(char *to, const unsigned char *s, size_t n)
{
	*to = '\0';
	for (size_t i = 0; i < n; i++)
		sprintf(to + 3 * i, " %02x", s[i]);
}

/* The letter that C has for it, or 0. */
static char letter_of(unsigned char c, const char *pairs)
{
	for (; *pairs; pairs += 2)
		if (c == (unsigned char)*pairs)
			return pairs[1];
	return 0;
}

static void model_text(char *to, unsigned char c)
{
	const char letter = letter_of(c, "\aa\bb\vv\ff\rr\\\\");

	if (letter)
		sprintf(to, "\\%c", letter);
	else if (c == '\n' || c == '\t')
		sprintf(to, "%c", c);
	else
		model_dots(to, &c, 1);
}

static void model_line(char *to, unsigned char c)
{
	const char letter = letter_of(c, "\nn\rr\tt\\\\");

	if (letter)
		sprintf(to, "\\%c", letter);
	else
		sprintf(to, c >= ' ' && c <= '~' ? "%c" : "\\x%02x", c);
}

static void each_byte_looks_as_described(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		const unsigned char c = (unsigned char)i;
		char shown[8], want[80];

		model_hex(shown, &c, 1);
		sprintf(want, "> T  length=1 from=0 to=0\n%s\n", shown);
		assert_string_equal(dumped(HEX, &at_start, &c, 1), want);
		model_text(shown, c);
		sprintf(want, "> T  length=1 from=0 to=0\n%s", shown);
		assert_string_equal(dumped(TEXT, &at_start, &c, 1), want);
		model_line(shown, c);
		sprintf(want, "> T  1 byte\n> %s\n", shown);
		assert_string_equal(dumped(LINES, &at_start, &c, 1), want);
	}
}

/* Of text nothing, of hex the line end is put between two blocks. */
static void two_halves_read_like_the_whole(void **state)
{
	const size_t len = 300;

	(void)state;
	for (enum style s = TEXT; s <= HEX; s++) {
		char *whole = body(s, sample, len);

		for (size_t cut = 0; cut <= len; cut++) {
			char *first = body(s, sample, cut);
			char *second = body(s, sample + cut, len - cut);
			size_t n = strlen(first) - (s == HEX);

			assert_memory_equal(first, whole, n);
			assert_string_equal(second, whole + n);
			free(first);
			free(second);
		}
		free(whole);
	}
}

static void any_place_and_length_give_the_same_text(void **state)
{
	(void)state;
	for (size_t at = 0; at < 16; at++)
		for (size_t len = 0; len <= 40; len++) {
			char want[256];
			char *hex = body(HEX, sample + at, len);

			model_hex(want, sample + at, len);
			strcat(want, "\n");
			assert_string_equal(hex, want);
			free(hex);
		}
}

/* Rows of socat's: up to 16 bytes, or up to a line end. */
static void both_columns_agree_over_long_data(void **state)
{
	char *const text = body(BOTH, sample, sizeof(sample)), *row = text;

	(void)state;
	for (size_t i = 0, n; i < sizeof(sample); i += n) {
		char hex[3 * 16 + 1], dots[17], want[80];

		for (n = 1; n < 16 && i + n < sizeof(sample); n++)
			if (sample[i + n - 1] == '\n')
				break;
		model_hex(hex, sample + i, n);
		model_dots(dots, sample + i, n);
		snprintf(want, sizeof(want), "%-48s  %s\n", hex, dots);
		assert_memory_equal(row, want, strlen(want));
		row += strlen(want);
	}
	assert_string_equal(row, "--\n");
	free(text);
}

static void rows_agree_over_long_data(void **state)
{
	char *const text = body(CLASSIC, sample, sizeof(sample)), *row = text;

	(void)state;
	for (size_t i = 0, n; i < sizeof(sample); i += n) {
		char low[25], high[25] = "", dots[17], want[100];

		n = sizeof(sample) - i < 16 ? sizeof(sample) - i : 16;
		model_hex(low, sample + i, n < 8 ? n : 8);
		if (n > 8)
			model_hex(high, sample + i + 8, n - 8);
		model_dots(dots, sample + i, n);
		snprintf(want, sizeof(want), "> %08zx %-24s %-24s  |%s|\n", i, low, high,
			 dots);
		assert_memory_equal(row, want, strlen(want));
		row += strlen(want);
	}
	assert_string_equal(row, "");
	free(text);
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
		cmocka_unit_test(each_byte_looks_as_described),
		cmocka_unit_test(two_halves_read_like_the_whole),
		cmocka_unit_test(any_place_and_length_give_the_same_text),
		cmocka_unit_test(both_columns_agree_over_long_data),
		cmocka_unit_test(rows_agree_over_long_data),
	};

	return cmocka_run_group_tests(tests, fill_sample, clean);
}
