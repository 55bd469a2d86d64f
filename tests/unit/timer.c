/* The heap of deadlines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "loop/timer.h"

enum { MANY = 500 };

/* The same numbers in each run. */
static uint32_t next_number(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void take_all_in_order(struct timers *h, unsigned expected)
{
	uint64_t last = 0;
	unsigned n = 0;

	for (struct timer *t; (t = timers_first(h)) != NULL; n++) {
		assert_true(t->due >= last);
		last = t->due;
		timers_stop(h, t);
		assert_int_equal(t->slot, 0);
	}
	assert_int_equal(n, expected);
}

static void the_earliest_comes_first(void **state)
{
	struct timers h = {0};
	struct timer t[MANY] = {0};
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		assert_true(timers_set(&h, &t[i], next_number(&seed) % 1000));
	take_all_in_order(&h, MANY);
	timers_free(&h);
}

static void setting_again_moves_either_way(void **state)
{
	struct timers h = {0};
	struct timer t[MANY] = {0};
	uint32_t seed = 2;

	(void)state;
	for (unsigned round = 0; round < 4; round++)
		for (unsigned i = 0; i < MANY; i++)
			assert_true(timers_set(&h, &t[i], next_number(&seed)));
	assert_int_equal(h.n, MANY);
	take_all_in_order(&h, MANY);
	timers_free(&h);
}

static void stopping_takes_out_any_one(void **state)
{
	struct timers h = {0};
	struct timer t[MANY] = {0};
	uint32_t seed = 3;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		timers_set(&h, &t[i], next_number(&seed));
	for (unsigned i = 0; i < MANY; i += 3)
		timers_stop(&h, &t[i]);
	timers_stop(&h, &t[0]);
	take_all_in_order(&h, MANY - (MANY + 2) / 3);
	timers_free(&h);
}

static void the_end_of_time_is_a_time(void **state)
{
	struct timers h = {0};
	struct timer never = {0}, now = {0};

	(void)state;
	timers_set(&h, &never, UINT64_MAX);
	timers_set(&h, &now, 0);
	assert_ptr_equal(timers_first(&h), &now);
	timers_stop(&h, &now);
	assert_ptr_equal(timers_first(&h), &never);
	timers_free(&h);
	assert_int_equal(never.slot, 0);
}

static void without_memory_nothing_changes(void **state)
{
	struct timers h = {0};
	struct timer a = {0}, b = {0};

	(void)state;
	mem_fail_at(1);
	assert_false(timers_set(&h, &a, 5));
	assert_int_equal(a.slot, 0);
	assert_null(timers_first(&h));
	assert_true(timers_set(&h, &b, 7));
	assert_ptr_equal(timers_first(&h), &b);
	timers_free(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_earliest_comes_first),
		cmocka_unit_test(setting_again_moves_either_way),
		cmocka_unit_test(stopping_takes_out_any_one),
		cmocka_unit_test(the_end_of_time_is_a_time),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
