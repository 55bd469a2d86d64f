/* report/progress: the line, and the rate of late. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/progress.h"

enum { SECOND = 1000 * 1000, MIB = 1024 * 1024 };

static void assert_line(const struct progress *p, unsigned columns, const char *want)
{
	char text[PROGRESS_TEXT];

	progress_format(text, p, columns);
	assert_string_equal(text, want);
	assert_true(strlen(text) <= columns);
}

static const struct progress copy = {
	.bytes = { 12 * MIB, 0 },
	.elapsed = 4 * SECOND,
	.rate = 5 * MIB / 2,
	.size = 30 * MIB,
	.done = 12 * MIB,
};

/* ---- the line ---- */

static void all_of_it_where_there_is_room(void **state)
{
	(void)state;
	assert_line(&copy, UINT_MAX,
		    "12.0 MiB  2.5 MiB/s  average 3.0 MiB/s  0:00:04  40%  ETA 0:00:06");
	assert_line(&copy, 65,
		    "12.0 MiB  2.5 MiB/s  average 3.0 MiB/s  0:00:04  40%  ETA 0:00:06");
}

static void the_narrower_the_less(void **state)
{
	(void)state;
	assert_line(&copy, 64, "12.0 MiB  2.5 MiB/s  0:00:04  40%  ETA 0:00:06");
	assert_line(&copy, 39, "12.0 MiB  2.5 MiB/s  40%  ETA 0:00:06");
	assert_line(&copy, 30, "12.0 MiB  40%  ETA 0:00:06");
	assert_line(&copy, 20, "12.0 MiB  40%");
	assert_line(&copy, 8, "12.0 MiB");
	assert_line(&copy, 4, "12.0");
	assert_line(&copy, 0, "");
}

static void both_ways_if_there_are_two(void **state)
{
	struct progress p = { .bytes = { 1024, 10 * MIB }, .elapsed = SECOND };

	(void)state;
	assert_line(&p, 200, "> 1.0 KiB  < 10.0 MiB  0 B/s  average 10.0 MiB/s  0:00:01");
	p.bytes[0] = 0;
	assert_line(&p, 200, "10.0 MiB  0 B/s  average 10.0 MiB/s  0:00:01");
}

static void a_server_counts_its_sessions(void **state)
{
	const struct progress p = {
		.bytes = { 2048, 0 }, .elapsed = SECOND, .rate = 2048,
		.server = true, .open = 3, .sessions = 120,
	};

	(void)state;
	assert_line(&p, 200, "3 of 120 sessions open  2.0 KiB  2.0 KiB/s  average "
			     "2.0 KiB/s  0:00:01");
	assert_line(&p, 39, "3 of 120 sessions open  2.0 KiB");
}

static void the_last_word_has_neither_rate_nor_eta(void **state)
{
	struct progress p = copy;

	(void)state;
	p.over = true;
	assert_line(&p, 200, "12.0 MiB  average 3.0 MiB/s  0:00:04  40%");
}

static void before_the_first_byte_nothing_is_foretold(void **state)
{
	const struct progress p = { .size = 100 };

	(void)state;
	assert_line(&p, 200, "0 B  0 B/s  average 0 B/s  0:00:00  0%");
}

static void only_all_is_a_hundred_percent(void **state)
{
	struct progress p = { .size = 1000, .elapsed = SECOND };

	(void)state;
	p.done = p.bytes[0] = 999;
	assert_line(&p, 15, "999 B  99%");
	p.done = p.bytes[0] = 1000;
	assert_line(&p, 15, "1000 B  100%");
	p.done = p.bytes[0] = 1001;	/* it was more than was said */
	assert_line(&p, 18, "1001 B  100%");
}

static void times_have_hours_without_end(void **state)
{
	const struct progress p = {
		.bytes = { 1, 0 }, .elapsed = UINT64_C(360000) * SECOND + 59 * SECOND,
		.size = 2, .done = 1,
	};

	(void)state;
	assert_line(&p, 200, "1 B  0 B/s  average 0 B/s  100:00:59  50%");
}

static void what_is_left_of_a_second_counts_as_one(void **state)
{
	const struct progress p = {
		.bytes = { 10, 0 }, .elapsed = SECOND, .size = 21, .done = 10,
	};

	(void)state;
	assert_line(&p, 24, "10 B  47%  ETA 0:00:02");
}

static void huge_numbers_fit(void **state)
{
	const struct progress p = {
		.bytes = { UINT64_MAX / 2, UINT64_MAX / 2 }, .elapsed = UINT64_MAX,
		.rate = UINT64_MAX, .size = UINT64_MAX, .done = 1, .server = true,
		.open = UINT64_MAX, .sessions = UINT64_MAX,
	};
	char text[PROGRESS_TEXT];

	(void)state;
	progress_format(text, &p, UINT_MAX);
	assert_non_null(strstr(text, "18446744073709551615 sessions open"));
}

/* ---- the rate ---- */

static void the_rate_is_that_of_the_last_second(void **state)
{
	struct progress_past past = { 0 };
	uint64_t now = 1000, bytes = 0;

	(void)state;
	assert_int_equal(progress_rate(&past, now, 0), 0);
	progress_note(&past, now, 0);
	assert_int_equal(progress_rate(&past, now, 0), 0);
	assert_int_equal(progress_rate(&past, now + SECOND / 2, 500), 1000);
	for (unsigned i = 0; i < 40; i++) {
		now += SECOND / 4;
		bytes += i < 20 ? 250 : 25;
		progress_note(&past, now, bytes);
		if (i == 19)
			assert_int_equal(progress_rate(&past, now, bytes), 1000);
	}
	assert_int_equal(progress_rate(&past, now, bytes), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_where_there_is_room),
		cmocka_unit_test(the_narrower_the_less),
		cmocka_unit_test(both_ways_if_there_are_two),
		cmocka_unit_test(a_server_counts_its_sessions),
		cmocka_unit_test(the_last_word_has_neither_rate_nor_eta),
		cmocka_unit_test(before_the_first_byte_nothing_is_foretold),
		cmocka_unit_test(only_all_is_a_hundred_percent),
		cmocka_unit_test(times_have_hours_without_end),
		cmocka_unit_test(what_is_left_of_a_second_counts_as_one),
		cmocka_unit_test(huge_numbers_fit),
		cmocka_unit_test(the_rate_is_that_of_the_last_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
