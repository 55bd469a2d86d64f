/* base/json: strings of any bytes, members in a row, no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

static struct buf b;

static int begin(void **state)
{
	(void)state;
	buf_init(&b, 1000);
	return 0;
}

static int end(void **state)
{
	(void)state;
	buf_free(&b);
	return 0;
}

static void holds(const char *text)
{
	assert_int_equal(b.len, strlen(text));
	assert_memory_equal(b.data, text, b.len);
}

static void quotes_and_control_characters_are_escaped(void **state)
{
	(void)state;
	assert_true(json_text(&b, "a\"b\\c\n\x01\x7f"));
	holds("\"a\\\"b\\\\c\\u000a\\u0001\\u007f\"");
}

static void utf8_stays_and_other_bytes_are_replaced(void **state)
{
	(void)state;
	assert_true(json_text(&b, "\xc3\xa9\xff\xc3"));
	holds("\"\xc3\xa9\\ufffd\\ufffd\"");
}

static void no_string_is_null(void **state)
{
	(void)state;
	assert_true(json_text(&b, NULL));
	holds("null");
}

static void members_are_parted_by_commas_within_their_object(void **state)
{
	(void)state;
	assert_true(buf_add(&b, "{", 1));
	assert_true(json_add(&b, "a", "x"));
	assert_true(json_add_number(&b, "b", -5));
	assert_true(json_name(&b, "c") && buf_add(&b, "{", 1));
	assert_true(json_add_number(&b, "d", 1));
	assert_true(buf_add(&b, "}}", 2));
	holds("{\"a\":\"x\",\"b\":-5,\"c\":{\"d\":1}}");
}

static void without_room_it_says_so(void **state)
{
	(void)state;
	buf_init(&b, 4);
	assert_false(json_text(&b, "long"));
	assert_false(json_add(&b, "name", "value"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
		TEST(quotes_and_control_characters_are_escaped),
		TEST(utf8_stays_and_other_bytes_are_replaced),
		TEST(no_string_is_null),
		TEST(members_are_parted_by_commas_within_their_object),
		TEST(without_room_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
