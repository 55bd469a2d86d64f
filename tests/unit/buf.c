/* base/buf: growing, dropping, the maximum, and what happens without memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"

static void a_new_buffer_is_empty_and_owns_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_null(b.data);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.max, 10);
	buf_free(&b);
}

static void bytes_come_out_as_they_went_in(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	for (int i = 0; i < 20000; i++)
		assert_true(buf_add(&b, "abcde", 5));
	assert_int_equal(b.len, 100000);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.data[i], "abcde"[i % 5]);
	buf_free(&b);
	assert_null(b.data);
	assert_int_equal(b.max, 100000);
}

static void the_maximum_is_reached_but_never_passed(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	assert_true(buf_add(&b, "abc", 3));
	assert_false(buf_add(&b, "def", 3));
	assert_int_equal(b.len, 3);
	assert_true(buf_format(&b, "%d", 42));
	assert_false(buf_format(&b, "x"));
	assert_null(buf_room(&b, 1));
	assert_null(buf_room(&b, SIZE_MAX));
	assert_memory_equal(b.data, "abc42", 5);
	assert_true(b.cap <= b.max);
	buf_free(&b);
}

static void dropping_takes_from_the_front(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_true(buf_add(&b, "hello world", 11));
	buf_drop(&b, 6);
	assert_int_equal(b.len, 5);
	assert_memory_equal(b.data, "world", 5);
	buf_drop(&b, 5);
	assert_int_equal(b.len, 0);
	buf_drop(&b, 0);
	buf_free(&b);
}

static void room_is_filled_by_the_caller(void **state)
{
	struct buf b;
	unsigned char *to;

	(void)state;
	buf_init(&b, 1000);
	to = buf_room(&b, 700);
	assert_non_null(to);
	memset(to, 'x', 700);
	b.len += 700;
	assert_true(b.cap >= 700);
	assert_non_null(buf_room(&b, 300));
	assert_null(buf_room(&b, 301));
	buf_free(&b);
}

static void long_formatted_text_is_whole(void **state)
{
	struct buf b;
	char word[600];

	(void)state;
	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	buf_init(&b, 1300);
	assert_true(buf_format(&b, "<%s>", word));
	assert_int_equal(b.len, 601);
	assert_int_equal(b.data[0], '<');
	assert_int_equal(b.data[600], '>');
	buf_free(&b);
}

static void without_memory_the_buffer_stays_as_it_was(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100000);
	mem_fail_at(1);
	assert_false(buf_add(&b, "abc", 3));
	assert_true(buf_add(&b, "abc", 3));
	mem_fail_at(1);
	assert_null(buf_room(&b, 5000));
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "abc", 3);
	buf_free(&b);
}

static void adding_nothing_allocates_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	assert_true(buf_add(&b, "", 0));
	assert_null(b.data);
}

static void sizes_that_overflow_are_refused(void **state)
{
	(void)state;
	assert_null(mem_new(SIZE_MAX / 2, 3));
	assert_null(mem_resize(NULL, SIZE_MAX, 2));
	assert_null(mem_text("", SIZE_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_buffer_is_empty_and_owns_nothing),
		cmocka_unit_test(bytes_come_out_as_they_went_in),
		cmocka_unit_test(the_maximum_is_reached_but_never_passed),
		cmocka_unit_test(dropping_takes_from_the_front),
		cmocka_unit_test(room_is_filled_by_the_caller),
		cmocka_unit_test(long_formatted_text_is_whole),
		cmocka_unit_test(without_memory_the_buffer_stays_as_it_was),
		cmocka_unit_test(adding_nothing_allocates_nothing),
		cmocka_unit_test(sizes_that_overflow_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
