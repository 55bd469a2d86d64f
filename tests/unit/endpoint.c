/* A stack of layers over a transport of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "fake.h"

static struct spec spec = {
	.input = "glass+fake",
	.nparts = 2,
	.part = { { .type = &fake_type, .name = "fake" },
		  { .type = &glass_type, .name = "glass" } },
};
static struct script script;
static struct fail failure, lost, *missing = &lost;
static struct endpoint end;
static unsigned wakes;

static int build(void **state)
{
	(void)state;
	script = (struct script){ .input = "hello world", .step = 4 };
	fake_script[0] = &script;
	failure = (struct fail){ 0 };
	wakes = 0;
	end = (struct endpoint){ .spec = &spec, .fail = &failure, .missing = &missing,
				 .wake = fake_wake,
				 .owner = &wakes, .reads = true, .writes = true };
	return endpoint_build(&end) == IO_OK && endpoint_open(&end) == IO_OK ? 0 : -1;
}

static int destroy(void **state)
{
	(void)state;
	endpoint_free(&end);
	return 0;
}

static void a_layer_without_read_and_write_costs_nothing(void **state)
{
	char to[8];
	size_t n;

	(void)state;
	assert_true(endpoint_is_raw(&end));
	assert_int_equal(endpoint_read(&end, to, sizeof(to), &n), IO_OK);
	assert_int_equal(n, 4);
	assert_int_equal(endpoint_write(&end, "abcdef", 6, &n), IO_OK);
	assert_int_equal(n, 4);
	assert_memory_equal(script.written, "abcd", 4);
}

static void bytes_given_back_are_read_first_and_in_order(void **state)
{
	char to[32];
	size_t n;

	(void)state;
	assert_true(layer_unread(end.layer[1], "two", 3));
	assert_true(layer_unread(end.layer[1], "one", 3));
	assert_false(endpoint_is_raw(&end));
	assert_int_equal(endpoint_read(&end, to, 2, &n), IO_OK);
	assert_memory_equal(to, "on", 2);
	assert_int_equal(endpoint_read(&end, to, sizeof(to), &n), IO_OK);
	assert_int_equal(n, 4);
	assert_memory_equal(to, "etwo", 4);
	assert_int_equal(endpoint_read(&end, to, sizeof(to), &n), IO_OK);
	assert_memory_equal(to, "hell", 4);
}

static void fill_reads_no_more_than_asked(void **state)
{
	struct buf in;

	(void)state;
	buf_init(&in, 64);
	assert_int_equal(layer_fill(end.layer[0], &in, 6), IO_OK);
	assert_int_equal(in.len, 6);
	assert_memory_equal(in.data, "hello ", 6);
	assert_int_equal(script.at, 6);
	assert_int_equal(layer_fill(end.layer[0], &in, 60), IO_EOF);
	buf_free(&in);
}

static void flush_resumes_where_it_had_to_wait(void **state)
{
	struct buf out;
	unsigned waits = 0;

	(void)state;
	script.stall_between = true;
	buf_init(&out, 64);
	assert_true(buf_add(&out, "0123456789", 10));
	while (layer_flush(end.layer[0], &out) == IO_WRITE)
		waits++;
	assert_int_equal(waits, 3);
	assert_int_equal(out.len, 0);
	assert_memory_equal(script.written, "0123456789", 10);
	buf_free(&out);
}

static void the_end_and_the_shutting_come_from_the_transport(void **state)
{
	char to[32];
	size_t n;

	(void)state;
	script.at = strlen(script.input);
	assert_int_equal(endpoint_read(&end, to, sizeof(to), &n), IO_EOF);
	script.shut_answer = IO_EOF;
	assert_int_equal(endpoint_shut(&end), IO_EOF);
	assert_int_equal(script.shuts, 1);
}

static void a_freed_endpoint_can_be_built_again(void **state)
{
	(void)state;
	endpoint_free(&end);
	assert_int_equal(script.frees, 1);
	assert_int_equal(endpoint_build(&end), IO_OK);
	assert_int_equal(endpoint_open(&end), IO_OK);
	assert_int_equal(script.opens, 2);
}

static void waking_reaches_the_owner(void **state)
{
	(void)state;
	endpoint_wake(&end);
	endpoint_woken(&end, 0);
	assert_int_equal(wakes, 2);
	assert_int_equal(end.ready & READY_WAKE, READY_WAKE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, build, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_layer_without_read_and_write_costs_nothing),
		TEST(bytes_given_back_are_read_first_and_in_order),
		TEST(fill_reads_no_more_than_asked),
		TEST(flush_resumes_where_it_had_to_wait),
		TEST(the_end_and_the_shutting_come_from_the_transport),
		TEST(a_freed_endpoint_can_be_built_again),
		TEST(waking_reaches_the_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
