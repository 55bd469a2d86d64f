/* Splitting a word of the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "spec/lex.h"

static char room[256];
static struct piece piece;
static struct fail failure;

static enum io read_piece(const char *input, const char *stops)
{
	struct lex l = { .input = input, .end = strlen(input) };
	char *to = room;

	failure = (struct fail){ 0 };
	return lex_piece(&l, stops, &to, &piece, &failure);
}

static void assert_text(const char *input, const char *text)
{
	assert_int_equal(read_piece(input, ":,"), IO_OK);
	assert_string_equal(piece.text, text);
}

static void assert_refused(const char *input, size_t at)
{
	assert_int_equal(read_piece(input, ":,"), IO_FAIL);
	assert_int_equal(failure.phase, PHASE_USAGE);
	assert_int_equal(failure.at, at);
}

static void a_piece_ends_at_its_separators(void **state)
{
	(void)state;
	assert_text("tcp:host:80", "tcp");
	assert_text("stdio,raw", "stdio");
	assert_text("", "");
	assert_text("a!!b", "a");
}

static void hard_quotes_protect_everything_but_escapes(void **state)
{
	(void)state;
	assert_text("'a:b,c'", "a:b,c");
	assert_text("'a\"b(c'", "a\"b(c");
	assert_text("'it\\'s'", "it's");
	assert_text("'a!!b'", "a!!b");
}

static void soft_quotes_keep_quotes_inside_them(void **state)
{
	(void)state;
	assert_text("\"a:b\"", "a:b");
	assert_text("\"echo 'a  b'\"", "echo 'a  b'");
	assert_text("\"say \\\"x\\\"\"", "say \"x\"");
}

static void brackets_protect_and_stay(void **state)
{
	(void)state;
	assert_text("[::1]:80", "[::1]");
	assert_text("(a,b:c)x", "(a,b:c)x");
	assert_text("{a,[b,c],d}", "{a,[b,c],d}");
	assert_text("[a  \"b:c\"]", "[a  \"b:c\"]");
}

static void an_open_bracket_protects_to_the_end(void **state)
{
	(void)state;
	assert_text("(a,b:c", "(a,b:c");
}

static void nesting_has_a_limit(void **state)
{
	static char deep[100000];

	(void)state;
	memset(deep, '(', 64);
	assert_text(deep, deep);
	memset(deep, '[', sizeof(deep) - 1);
	assert_refused(deep, 64);
}

static void backslash_makes_control_bytes_and_plain_ones(void **state)
{
	(void)state;
	assert_text("a\\:b\\,c", "a:b,c");
	assert_text("\\a\\b\\f\\n\\r\\t\\v\\x", "\a\b\f\n\r\t\vx");
	assert_int_equal(read_piece("a\\0b", ":"), IO_OK);
	assert_int_equal(piece.size, 3);
	assert_memory_equal(piece.text, "a\0b", 3);
}

static void the_place_in_the_input_covers_the_quotes(void **state)
{
	(void)state;
	assert_int_equal(read_piece("'ab':c", ":"), IO_OK);
	assert_int_equal(piece.at, 0);
	assert_int_equal(piece.len, 4);
	assert_int_equal(piece.size, 2);
	assert_true(piece.quoted);
	assert_int_equal(read_piece("ab", ":"), IO_OK);
	assert_false(piece.quoted);
}

static void an_open_quote_is_pointed_at(void **state)
{
	(void)state;
	assert_refused("ab'cd", 2);
	assert_refused("\"cd", 0);
	assert_refused("\"it's\"", 3);
	assert_refused("ab\\", 2);
	assert_refused("\"ab\\", 3);
}

static void skip_moves_only_over_its_own_byte(void **state)
{
	struct lex l = { .input = "a,", .end = 2 };

	(void)state;
	assert_false(lex_skip(&l, ','));
	assert_true(lex_skip(&l, 'a'));
	assert_true(lex_skip(&l, ','));
	assert_false(lex_skip(&l, ','));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_piece_ends_at_its_separators),
		cmocka_unit_test(hard_quotes_protect_everything_but_escapes),
		cmocka_unit_test(soft_quotes_keep_quotes_inside_them),
		cmocka_unit_test(brackets_protect_and_stay),
		cmocka_unit_test(an_open_bracket_protects_to_the_end),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(backslash_makes_control_bytes_and_plain_ones),
		cmocka_unit_test(the_place_in_the_input_covers_the_quotes),
		cmocka_unit_test(an_open_quote_is_pointed_at),
		cmocka_unit_test(skip_moves_only_over_its_own_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
