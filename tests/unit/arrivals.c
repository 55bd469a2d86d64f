/* Many datagrams in one call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "addr/arrivals.h"
#include "base/mem.h"

static int from, to;	/* who sends, who receives */
static struct name sender;

static int bound(struct name *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_true(name_numeric(at, "127.0.0.1", 0));
	assert_int_equal(bind(fd, (struct sockaddr *)&at->sa, at->len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at->sa, &at->len), 0);
	return fd;
}

static int start(void **state)
{
	struct name at;

	(void)state;
	to = bound(&at);
	from = bound(&sender);
	return connect(from, (struct sockaddr *)&at.sa, at.len);
}

static int finish(void **state)
{
	(void)state;
	close(from);
	close(to);
	return 0;
}

static void says(const char *text)
{
	assert_int_equal(send(from, text, strlen(text), 0), (ssize_t)strlen(text));
}

static void is(const struct arrivals *s, unsigned i, const char *text)
{
	assert_int_equal(s->of[i].len, strlen(text));
	assert_memory_equal(s->of[i].data, text, strlen(text));
	assert_true(name_equal(&s->of[i].from, &sender));
}

static void receives(struct arrivals *s, unsigned n)
{
	assert_int_equal(arrivals_receive(s, to), n ? IO_OK : IO_READ);
	assert_int_equal(s->n, n);
}

static void all_that_wait_come_together_each_with_its_sender(void **state)
{
	struct arrivals *s = arrivals_new(100);

	(void)state;
	receives(s, 0);
	says("one");
	says("");
	says("three");
	receives(s, 3);
	is(s, 0, "one");
	is(s, 1, "");
	is(s, 2, "three");
	receives(s, 0);
	says("four");
	receives(s, 1);
	is(s, 0, "four");
	mem_free(s);
}

static void one_that_is_cut_says_so_and_spares_its_neighbours(void **state)
{
	struct arrivals *s = arrivals_new(4);

	(void)state;
	says("good");
	says("too long");
	says("fine");
	receives(s, 3);
	is(s, 0, "good");
	assert_true(s->of[1].len > 4);
	assert_memory_equal(s->of[1].data, "too ", 4);
	is(s, 2, "fine");
	mem_free(s);
}

static void more_than_there_is_room_for_come_in_turn(void **state)
{
	struct arrivals *s = arrivals_new(100);
	char text[10];

	(void)state;
	assert_int_equal(s->max, LAYER_MANY);
	for (unsigned i = 0; i < LAYER_MANY + 2; i++) {
		snprintf(text, sizeof(text), "%u", i);
		says(text);
	}
	receives(s, LAYER_MANY);
	is(s, 0, "0");
	is(s, LAYER_MANY - 1, "63");
	receives(s, 2);
	is(s, 0, "64");
	is(s, 1, "65");
	mem_free(s);
}

static void the_longer_they_may_be_the_fewer(void **state)
{
	struct arrivals *s = arrivals_new(ARRIVALS_ROOM);

	(void)state;
	assert_int_equal(s->max, 1);
	memset(s->room[0].iov_base, 1, s->room[0].iov_len);
	mem_free(s);
	s = arrivals_new(ARRIVAL_IP);
	assert_int_equal(s->max, LAYER_MANY);
	for (unsigned i = 0; i < s->max; i++)
		memset(s->room[i].iov_base, 1, s->room[i].iov_len);
	mem_free(s);
	mem_fail_at(1);
	assert_null(arrivals_new(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			all_that_wait_come_together_each_with_its_sender, start, finish),
		cmocka_unit_test_setup_teardown(
			one_that_is_cut_says_so_and_spares_its_neighbours, start, finish),
		cmocka_unit_test_setup_teardown(more_than_there_is_room_for_come_in_turn,
						start, finish),
		cmocka_unit_test(the_longer_they_may_be_the_fewer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
