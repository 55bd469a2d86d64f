/* One direction, between two transports of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake.h"
#include "relay/pump.h"

static struct spec spec = { .input = "fake", .nparts = 1,
			    .part = { { .type = &fake_type, .name = "fake" } } };
static struct script script[2];
static struct fail failure, lost, *missing = &lost;
static struct loop *loop;
static struct endpoint end[2];
static struct pump pump;
static unsigned wakes;

static int build(void **state)
{
	(void)state;
	failure = lost = (struct fail){ 0 };
	loop = loop_new(backend_find(NULL), &failure);
	if (!loop)
		return -1;
	for (unsigned i = 0; i < 2; i++) {
		script[i] = (struct script){ .input = "", .step = 5 };
		fake_script[i] = &script[i];
		end[i] = (struct endpoint){ .spec = &spec,
					    .loop = loop,
					    .fail = &failure,
					    .missing = &missing,
					    .wake = fake_wake,
					    .owner = &wakes,
					    .side = (unsigned char)i };
		if (endpoint_build(&end[i]) != IO_OK || endpoint_open(&end[i]) != IO_OK)
			return -1;
	}
	pump = (struct pump){ .from = &end[0], .to = &end[1], .block = 100 };
	script[0].input = "The quick brown fox";
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	pump_free(&pump);
	endpoint_free(&end[0]);
	endpoint_free(&end[1]);
	loop_free(loop);
	return 0;
}

static void assert_arrived(const char *text)
{
	assert_int_equal(script[1].nwritten, strlen(text));
	assert_memory_equal(script[1].written, text, strlen(text));
}

static void everything_is_moved_then_the_end_is_passed_on(void **state)
{
	(void)state;
	assert_int_equal(pump_run(&pump, READY_WAKE, READY_WAKE), IO_EOF);
	assert_arrived("The quick brown fox");
	assert_int_equal(script[1].shuts, 1);
	assert_true(pump.done);
	assert_int_equal(pump.bytes, 19);
	assert_int_equal(pump_run(&pump, READY_WAKE, READY_WAKE), IO_EOF);
	assert_int_equal(script[1].shuts, 1);
}

static void what_does_not_fit_is_kept_and_stops_the_reading(void **state)
{
	(void)state;
	script[1].never_writable = true;
	assert_int_equal(pump_run(&pump, READY_READ, 0), IO_OK);
	assert_non_null(pump.left);
	assert_int_equal(script[0].at, 5);
	assert_int_equal(pump_wants_from(&pump), 0);
	assert_int_equal(pump_wants_to(&pump), READY_WRITE);
	assert_int_equal(pump_run(&pump, READY_READ, 0), IO_OK);
	assert_int_equal(script[0].at, 5);
	script[1].never_writable = false;
	assert_int_equal(pump_run(&pump, 0, READY_WRITE), IO_EOF);
	assert_arrived("The quick brown fox");
	assert_null(pump.left);
}

static void a_step_that_waits_is_not_tried_before_its_time(void **state)
{
	(void)state;
	script[0].stall_between = true;
	assert_int_equal(pump_run(&pump, 0, 0), IO_OK);
	assert_int_equal(pump_wants_from(&pump), READY_READ);
	assert_int_equal(pump_run(&pump, READY_WRITE, READY_WRITE), IO_OK);
	assert_int_equal(script[0].at, 0);
	assert_int_equal(pump_run(&pump, READY_READ, 0), IO_OK);
	assert_int_equal(script[0].at, 5);
}

static void slow_steps_on_both_sides_lose_nothing(void **state)
{
	enum io r;
	unsigned runs = 0;

	(void)state;
	script[0].stall_between = script[1].stall_between = true;
	script[0].step = 3;
	script[1].step = 2;
	while ((r = pump_run(&pump, READY_WAKE, READY_WAKE)) != IO_EOF && runs++ < 100)
		assert_int_not_equal(r, IO_FAIL);
	assert_arrived("The quick brown fox");
}

static void a_budget_gives_others_their_turn(void **state)
{
	(void)state;
	script[0].step = 1;
	assert_int_equal(pump_run(&pump, READY_WAKE, READY_WAKE), IO_WAIT);
	assert_int_equal(script[1].nwritten, 16);
	assert_int_equal(pump_run(&pump, READY_WAKE, READY_WAKE), IO_EOF);
}

static void a_message_is_written_whole(void **state)
{
	(void)state;
	script[1].messages = end[1].messages = true;
	script[0].step = 100;
	script[1].step = 2;
	assert_int_equal(pump_run(&pump, READY_WAKE, READY_WAKE), IO_EOF);
	assert_arrived("The quick brown fox");
}

static void an_end_nobody_can_see_is_told_to_the_session(void **state)
{
	(void)state;
	script[1].shut_answer = IO_EOF;
	assert_int_equal(pump_run(&pump, READY_WAKE, READY_WAKE), IO_EOF);
	assert_true(pump.shut_eof);
}

static void discarding_reads_to_the_end_and_writes_nothing(void **state)
{
	(void)state;
	pump.discard = true;
	assert_int_equal(pump_run(&pump, READY_WAKE, READY_WAKE), IO_EOF);
	assert_int_equal(script[1].nwritten, 0);
	assert_int_equal(script[1].shuts, 0);
}

static void a_reader_that_goes_away_while_nothing_flows_ends_the_direction(void **state)
{
	(void)state;
	script[0].stall_between = true;
	assert_int_equal(pump_run(&pump, 0, 0), IO_OK);
	assert_int_equal(pump_wants_to(&pump), READY_ERROR);
	assert_int_equal(pump_run(&pump, 0, READY_ERROR), IO_EOF);
	assert_int_equal(failure.phase, PHASE_NONE);
	assert_int_equal(lost.phase, PHASE_WRITE);
	assert_true(pump.done && pump.shut_eof);
	assert_int_equal(failure.phase, PHASE_NONE);
}

static void a_direction_that_is_off_wants_nothing(void **state)
{
	(void)state;
	pump.off = true;
	assert_int_equal(pump_run(&pump, READY_WAKE, READY_WAKE), IO_EOF);
	assert_int_equal(pump_wants_from(&pump) | pump_wants_to(&pump), 0);
	assert_int_equal(script[0].at, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, build, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_is_moved_then_the_end_is_passed_on),
		TEST(what_does_not_fit_is_kept_and_stops_the_reading),
		TEST(a_step_that_waits_is_not_tried_before_its_time),
		TEST(slow_steps_on_both_sides_lose_nothing),
		TEST(a_budget_gives_others_their_turn),
		TEST(a_message_is_written_whole),
		TEST(an_end_nobody_can_see_is_told_to_the_session),
		TEST(discarding_reads_to_the_end_and_writes_nothing),
		TEST(a_reader_that_goes_away_while_nothing_flows_ends_the_direction),
		TEST(a_direction_that_is_off_wants_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
