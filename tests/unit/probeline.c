/* report/probeline: the line of a probe, and the summary of many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/probeline.h"

static void assert_one(const struct probe_times *t, const char *want)
{
	struct buf b;

	buf_init(&b, 1024);
	assert_true(probeline_one(&b, "tcp:host:22", t));
	assert_true(buf_add(&b, "", 1));
	assert_string_equal((char *)b.data, want);
	buf_free(&b);
}

static void assert_summary(uint64_t *total, size_t n, size_t failed, const char *want)
{
	struct buf b;

	buf_init(&b, 1024);
	assert_true(probeline_summary(&b, "a", total, n, failed));
	assert_true(buf_add(&b, "", 1));
	assert_string_equal((char *)b.data, want);
	buf_free(&b);
}

static void a_phase_that_was_not_is_not_shown(void **state)
{
	struct probe_times t = { .total = 999 };

	(void)state;
	assert_one(&t, "tcp:host:22 open total=0.999ms\n");
	t.span[SPAN_RESOLVE] = 1;
	t.span[SPAN_CONNECT] = 20000;
	t.span[SPAN_PROXY] = 1234567;
	t.span[SPAN_TLS] = 3100;
	t.first = 45;
	t.total = UINT64_C(5000000000);
	assert_one(&t,
		   "tcp:host:22 open resolve=0.001ms connect=20.000ms proxy=1234.567ms "
		   "tls=3.100ms first=0.045ms total=5000000.000ms\n");
}

static void of_the_words_the_first_line_escaped(void **state)
{
	struct probe_times t = { .total = 1, .nwords = 8 };

	(void)state;
	memcpy(t.words, "a\x1b[\xff\r\nb", 8);
	assert_one(&t, "tcp:host:22 open total=0.001ms \"a\\x1b[\\xff\"\n");
	memset(t.words, 1, sizeof(t.words));
	t.nwords = sizeof(t.words);
	memset(t.words, 'x', t.nwords);
	t.words[63] = 2;
	assert_one(&t, "tcp:host:22 open total=0.001ms \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		       "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\x02\"\n");
}

static void the_summary_of_any_number(void **state)
{
	uint64_t some[] = { 300, 100, 200, 1000 }, many[200];

	(void)state;
	assert_summary(some, 0, 7, "a count=7 failed=7\n");
	assert_summary(some, 1, 0,
		       "a count=1 failed=0 min=0.300ms median=0.300ms p99=0.300ms "
		       "max=0.300ms\n");
	assert_summary(some, 4, 1,
		       "a count=5 failed=1 min=0.100ms median=0.250ms p99=1.000ms "
		       "max=1.000ms\n");
	for (unsigned i = 0; i < 200; i++)
		many[i] = 200 - i;
	assert_summary(many, 200, 0,
		       "a count=200 failed=0 min=0.001ms median=0.100ms p99=0.198ms "
		       "max=0.200ms\n");
	assert_summary(many, 99, 0,
		       "a count=99 failed=0 min=0.001ms median=0.050ms p99=0.099ms "
		       "max=0.099ms\n");
}

static void no_room_is_told(void **state)
{
	struct probe_times t = { .total = 1 };
	struct buf b;

	(void)state;
	for (size_t max = 0; max < strlen("a open total=0.001ms\n"); max++) {
		buf_init(&b, max);
		assert_false(probeline_one(&b, "a", &t));
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_phase_that_was_not_is_not_shown),
		cmocka_unit_test(of_the_words_the_first_line_escaped),
		cmocka_unit_test(the_summary_of_any_number),
		cmocka_unit_test(no_room_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
