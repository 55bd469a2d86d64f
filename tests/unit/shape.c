/* proto/shape and layer/shape: the same seed, the same faults; nothing else is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/platform.h"
#include "fake.h"
#include "layer/lane.h"

enum { SOME = 20000, NOW = 1000000 };

static struct shape plan_of(const struct shape_rules *r, uint64_t seed)
{
	struct shape s;

	shape_init(&s, r, seed);
	return s;
}

/* ---- the plan --------------------------------------------------------------- */

static void a_share_happens_about_as_often_as_said(void **state)
{
	struct shape_rules r = SHAPE_NONE;
	unsigned lost = 0, twice = 0, late = 0;
	struct shape s;

	(void)state;
	r.loss = 100000;
	r.dup = 300000;
	r.reorder = 1000000;
	s = plan_of(&r, 1);
	for (unsigned i = 0; i < SOME; i++) {
		struct shape_fate f = shape_message(&s, 10, NOW);

		assert_int_equal(f.len, 10);
		lost += f.lost;
		twice += f.twice;
		late += f.late;
	}
	assert_in_range(lost, SOME / 10 - 200, SOME / 10 + 200);
	assert_in_range(twice, SOME * 3 / 10 - 300, SOME * 3 / 10 + 300);
	assert_int_equal(late, SOME);
}

static void a_seed_is_a_sequence(void **state)
{
	struct shape_rules r = SHAPE_NONE;
	struct shape a, b, c;
	unsigned same = 0;

	(void)state;
	r.loss = 500000;
	a = plan_of(&r, 7);
	b = plan_of(&r, 7);
	c = plan_of(&r, 8);
	for (unsigned i = 0; i < SOME; i++) {
		bool lost = shape_message(&a, 1, NOW).lost;

		assert_int_equal(lost, shape_message(&b, 1, NOW).lost);
		same += lost == shape_message(&c, 1, NOW).lost;
	}
	assert_in_range(same, SOME / 2 - 400, SOME / 2 + 400);
}

/* Where the pieces end when the stream arrives step bytes at a time. */
static void cuts(const struct shape_rules *r, size_t step, unsigned char *cut, size_t n)
{
	struct shape s = plan_of(r, 3);

	memset(cut, 0, n);
	for (size_t at = 0, end = 0; at < n;) {
		end = end > at ? end : at + step < n ? at + step : n;
		at += shape_piece(&s, shape_room(&s, end - at), NOW).len;
		cut[at - 1] = s.piece == 0;
	}
}

static void pieces_end_at_the_same_bytes_however_they_arrive(void **state)
{
	static unsigned char whole[SOME], parts[SOME];
	struct shape_rules r = SHAPE_NONE;
	size_t last = 0;

	(void)state;
	r.chop_min = 1;
	r.chop_max = 7;
	cuts(&r, SOME, whole, SOME);
	for (size_t i = 0; i + 1 < SOME; i++)
		if (whole[i]) {
			assert_in_range(i + 1 - last, 1, 7);
			last = i + 1;
		}
	for (size_t step = 1; step < 20; step++) {
		cuts(&r, step, parts, SOME);
		assert_memory_equal(whole, parts, SOME - 1);
	}
}

static void the_same_bytes_are_spoilt_however_they_arrive(void **state)
{
	static unsigned char whole[SOME], parts[SOME];
	struct shape_rules r = SHAPE_NONE;
	struct shape a, b;
	unsigned bits = 0;

	(void)state;
	r.corrupt = 10000;
	a = plan_of(&r, 5);
	b = plan_of(&r, 5);
	shape_corrupt(&a, whole, SOME);
	for (size_t at = 0; at < SOME; at += 8)
		shape_corrupt(&b, parts + at, 8);
	assert_memory_equal(whole, parts, SOME);
	for (size_t i = 0; i < SOME; i++) {
		assert_true((whole[i] & (whole[i] - 1)) == 0);
		bits += whole[i] != 0;
	}
	assert_in_range(bits, SOME / 100 - 60, SOME / 100 + 60);
}

static void nothing_overtakes_whatever_the_jitter(void **state)
{
	struct shape_rules r = SHAPE_NONE;
	uint64_t last = 0, most = 0;
	struct shape s;

	(void)state;
	r.latency = 5000;
	r.jitter = 1000;
	s = plan_of(&r, 5);
	for (uint64_t i = 0; i < SOME; i++) {
		uint64_t now = NOW + i * 10, due = shape_piece(&s, 1, now).due;

		assert_true(due >= last && due >= now + 5000 && due <= now + 6000);
		most = due - now > most ? due - now : most;
		last = due;
	}
	assert_true(most > 5500);
}

/* Each turn takes what may be taken at that time, until a second is over. */
static void a_rate_is_kept(uint64_t rate)
{
	struct shape_rules r = SHAPE_NONE;
	uint64_t now = NOW, passed = 0;
	struct shape s;

	r.rate = rate;
	s = plan_of(&r, 1);
	while (now < NOW + 1000000) {
		size_t n = shape_room(&s, 1 << 30);
		struct shape_fate f = shape_piece(&s, n, now);

		assert_true(n <= rate / 20 || n == 1);
		assert_true(f.due >= now);
		passed += n;
		if (shape_free_at(&s) > now)
			now = shape_free_at(&s);
	}
	/* no more than two bursts more, and no byte less */
	assert_in_range(passed, rate, rate + rate / 10 + 1);
}

static void rates_are_kept(void **state)
{
	(void)state;
	a_rate_is_kept(1);
	a_rate_is_kept(7);
	a_rate_is_kept(1000);
	a_rate_is_kept(102400);
	a_rate_is_kept(3000000017u);
}

static void marks_stand_at_their_byte(void **state)
{
	struct shape_rules r = SHAPE_NONE;
	struct shape s;

	(void)state;
	r.drop_after = 10;
	r.stall_after = 30;
	r.close_after = 30;
	s = plan_of(&r, 1);
	assert_int_equal(shape_room(&s, 100), 10);
	assert_false(shape_piece(&s, 10, NOW).lost);
	assert_int_equal(shape_room(&s, 100), 20);
	assert_true(shape_piece(&s, 20, NOW).lost);
	assert_int_equal(shape_state(&s), SHAPE_CLOSED);
	r.close_after = SHAPE_NEVER;
	assert_int_equal(shape_state(&s), SHAPE_STALLED);
	r.reset_after = 30;
	assert_int_equal(shape_state(&s), SHAPE_RESET);
	r = SHAPE_NONE;
	assert_int_equal(shape_state(&s), SHAPE_FLOWS);
}

/* ---- the lane ----------------------------------------------------------------- */

static void a_late_message_goes_behind_the_next(void **state)
{
	struct shape_rules r = SHAPE_NONE;
	struct lane q = { 0 };

	(void)state;
	r.reorder = 1000000;
	shape_init(&q.plan, &r, 1);
	assert_true(lane_message(&q, (const unsigned char *)"a", 1, NOW));
	assert_null(lane_due(&q, NOW));
	assert_true(lane_message(&q, (const unsigned char *)"b", 1, NOW));
	assert_true(lane_message(&q, (const unsigned char *)"c", 1, NOW));
	for (const char *want = "ba"; *want; want++) {
		assert_non_null(lane_due(&q, NOW));
		assert_int_equal(lane_due(&q, NOW)->data[0], *want);
		lane_drop(&q);
	}
	assert_null(lane_due(&q, NOW));
	assert_int_equal(lane_due(&q, NOW + 100000)->data[0], 'c');
	lane_free(&q);
	assert_int_equal(q.size, 0);
}

/* ---- the layer ---------------------------------------------------------------- */

static struct spec spec;
static struct script script;
static struct fail failure, lost, *missing = &lost;
static struct endpoint end;
static struct layer_ops ops;
static struct type type;
static unsigned wakes;
static size_t longest, writes;

static enum io counted_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	enum io r = fake_write(l, from, len, n);

	longest = len > longest ? len : longest;
	writes += r == IO_OK;
	return r;
}

static void build(const char *options)
{
	char text[100];

	snprintf(text, sizeof(text), "shape+stdio,%s", options);
	failure = (struct fail){ 0 };
	assert_int_equal(spec_parse(text, &(struct spec_rules){ 0 }, &spec, &failure),
			 IO_OK);
	ops = fake_ops;
	ops.write = counted_write;
	type = fake_type;
	type.ops = &ops;
	spec.part[0].type = &type;
	assert_int_equal(spec_prepare(&spec, &failure), IO_OK);
	end = (struct endpoint){ .spec = &spec, .fail = &failure, .missing = &missing,
				 .wake = fake_wake,
				 .owner = &wakes };
	end.loop = loop_new(backend_find("poll"), &failure);
	assert_non_null(end.loop);
	script.step = 100;
	fake_script[0] = &script;
	assert_int_equal(endpoint_build(&end), IO_OK);
	assert_int_equal(endpoint_open(&end), IO_OK);
}

static int setup(void **state)
{
	(void)state;
	script = (struct script){ .input = "" };
	longest = writes = wakes = 0;
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	endpoint_free(&end);
	spec_unprepare(&spec);
	spec_free(&spec);
	loop_free(end.loop);
	return 0;
}

static size_t write_all(const char *text)
{
	size_t len = strlen(text), done = 0, n;

	while (done < len && endpoint_write(&end, text + done, len - done, &n) == IO_OK)
		done += n;
	return done;
}

static void each_piece_is_a_write_of_its_own(void **state)
{
	(void)state;
	build("chop=1..3,seed=4");
	assert_int_equal(write_all("The quick brown fox jumps"), 25);
	assert_memory_equal(script.written, "The quick brown fox jumps", 25);
	assert_int_equal(longest, 3);
	assert_in_range(writes, 9, 25);
	assert_int_equal(endpoint_shut(&end), IO_OK);
	assert_int_equal(script.shuts, 1);
}

static void what_is_late_is_taken_and_owed(void **state)
{
	(void)state;
	build("latency=20ms");
	assert_int_equal(write_all("late"), 4);
	assert_int_equal(script.nwritten, 0);
	assert_int_equal(endpoint_settle(&end), IO_WAIT);
	assert_int_equal(endpoint_shut(&end), IO_WAIT);
	assert_int_equal(script.shuts, 0);
	assert_int_equal(loop_run(end.loop, &failure), IO_OK);
	assert_int_equal(wakes, 1);
	script.never_writable = true;
	assert_int_equal(endpoint_settle(&end), IO_WRITE);
	script.never_writable = false;
	assert_int_equal(endpoint_shut(&end), IO_OK);
	assert_memory_equal(script.written, "late", 4);
	assert_int_equal(script.shuts, 1);
	assert_int_equal(endpoint_settle(&end), IO_OK);
}

/* Time goes on between two looks at the clock, and others look in between. */
static void who_waits_for_the_end_is_woken_whoever_sends_the_last_bytes(void **state)
{
	uint64_t since = sys_now();
	char data[10];
	size_t n;

	(void)state;
	build("latency=2ms");
	script.stall_between = true;
	assert_int_equal(write_all("last"), 4);
	assert_int_equal(endpoint_shut(&end), IO_WAIT);
	while (sys_now() < since + 100000)
		;
	assert_int_equal(endpoint_read(&end, data, sizeof(data), &n), IO_READ);
	assert_int_equal(endpoint_settle(&end), IO_OK);
	assert_memory_equal(script.written, "last", 4);
	assert_int_equal(loop_run(end.loop, &failure), IO_OK);
	assert_int_equal(wakes, 1);
	assert_int_equal(endpoint_shut(&end), IO_OK);
}

static void the_end_comes_behind_the_last_bytes(void **state)
{
	char data[10];
	size_t n;

	(void)state;
	build("latency=20ms");
	script.input = "last";
	assert_int_equal(endpoint_read(&end, data, sizeof(data), &n), IO_WAIT);
	assert_int_equal(loop_run(end.loop, &failure), IO_OK);
	assert_int_equal(endpoint_read(&end, data, sizeof(data), &n), IO_OK);
	assert_memory_equal(data, "last", 4);
	assert_int_equal(endpoint_read(&end, data, sizeof(data), &n), IO_EOF);
}

static void a_fast_writer_is_stopped_when_the_lane_is_full(void **state)
{
	static char much[64 * 1024];
	size_t taken = 0, n;
	enum io r;

	(void)state;
	build("latency=1h");
	while ((r = endpoint_write(&end, much, sizeof(much), &n)) == IO_OK)
		taken += n;
	assert_int_equal(r, IO_WAIT);
	assert_in_range(taken, LANE_MOST - sizeof(much), LANE_MOST + sizeof(much));
}

static void a_stall_keeps_the_loop_and_lets_it_go_at_the_end(void **state)
{
	size_t n;

	(void)state;
	build("up.stall-after=2");
	assert_int_equal(write_all("abc"), 2);
	assert_int_equal(endpoint_write(&end, "c", 1, &n), IO_WAIT);
	assert_int_equal(endpoint_shut(&end), IO_WAIT);
	endpoint_free(&end);
	assert_int_equal(loop_run(end.loop, &failure), IO_OK);
}

static void after_a_reset_the_session_has_failed(void **state)
{
	size_t n;

	(void)state;
	build("up.reset-after=2");
	assert_int_equal(endpoint_write(&end, "abc", 3, &n), IO_FAIL);
	assert_memory_equal(script.written, "ab", 2);
	assert_non_null(strstr(failure.text, "reset-after=2"));
	assert_int_equal(fail_exit_code(&failure), 55);
}

#define LAYER(f) cmocka_unit_test_setup_teardown(f, setup, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_happens_about_as_often_as_said),
		cmocka_unit_test(a_seed_is_a_sequence),
		cmocka_unit_test(pieces_end_at_the_same_bytes_however_they_arrive),
		cmocka_unit_test(the_same_bytes_are_spoilt_however_they_arrive),
		cmocka_unit_test(nothing_overtakes_whatever_the_jitter),
		cmocka_unit_test(rates_are_kept),
		cmocka_unit_test(marks_stand_at_their_byte),
		cmocka_unit_test(a_late_message_goes_behind_the_next),
		LAYER(each_piece_is_a_write_of_its_own),
		LAYER(what_is_late_is_taken_and_owed),
		LAYER(who_waits_for_the_end_is_woken_whoever_sends_the_last_bytes),
		LAYER(the_end_comes_behind_the_last_bytes),
		LAYER(a_fast_writer_is_stopped_when_the_lane_is_full),
		LAYER(a_stall_keeps_the_loop_and_lets_it_go_at_the_end),
		LAYER(after_a_reset_the_session_has_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
