/* One datagram socket for many sessions, without the server and sessions that
 * usually stand around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "addr/hub.h"
#include "base/mem.h"
#include "endpoint/endpoint.h"

enum { CHILDREN = 3 };

static struct loop *loop;
static struct spec spec;
static struct fail failure, lost, *missing = &lost;
static struct endpoint listener, child[CHILDREN];
static unsigned woken[CHILDREN], listener_woken;
static struct name at;

static void woke(void *owner, unsigned ready)
{
	(void)ready;
	++*(unsigned *)owner;
	loop_stop(loop);
}

static void build(struct endpoint *e, unsigned *wakes, bool listening)
{
	*e = (struct endpoint){ .spec = &spec,
				.loop = loop,
				.fail = &failure,
				.missing = &missing,
				.wake = woke,
				.owner = wakes,
				.reads = true,
				.writes = true,
				.listening = listening };
	assert_int_equal(endpoint_build(e), IO_OK);
}

static void start(const char *address)
{
	static const struct spec_rules rules;

	failure = (struct fail){ 0 };
	loop = loop_new(backend_find("poll"), &failure);
	assert_non_null(loop);
	assert_int_equal(spec_parse(address, &rules, &spec, &failure), IO_OK);
	assert_int_equal(spec_prepare(&spec, &failure), IO_OK);
	listener_woken = 0;
	build(&listener, &listener_woken, true);
	assert_int_equal(endpoint_open(&listener), IO_OK);
	assert_true(endpoint_local(&listener, &at));
	for (unsigned i = 0; i < CHILDREN; i++) {
		woken[i] = 0;
		build(&child[i], &woken[i], false);
	}
}

static int finish(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CHILDREN; i++)
		endpoint_free(&child[i]);
	endpoint_free(&listener);
	spec_unprepare(&spec);
	spec_free(&spec);
	loop_free(loop);
	return 0;
}

static int client(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at.sa, at.len), 0);
	return fd;
}

static void says(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
}

static void reads(struct endpoint *e, const char *want)
{
	char to[100];
	size_t n = 0;

	assert_int_equal(endpoint_read(e, to, sizeof(to), &n), IO_OK);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(to, want, n);
}

static enum io reads_nothing(struct endpoint *e)
{
	char to[100];
	size_t n;

	return endpoint_read(e, to, sizeof(to), &n);
}

static void accepts(unsigned i)
{
	assert_int_equal(endpoint_accept(&listener, &child[i]), IO_OK);
	assert_int_equal(endpoint_open(&child[i]), IO_OK);
}

/* Two peers come to this listener, "a1" and "b1". */
static void two_say(const char *text, int *a, int *b)
{
	start(text);
	*a = client();
	*b = client();
	says(*a, "a1");
	says(*b, "b1");
}

static void each_peer_has_its_own_queue(void **state)
{
	int a, b;

	(void)state;
	start("udp4-listen:0,fork,bind=127.0.0.1");
	a = client();
	b = client();
	says(a, "a1");
	says(a, "a2");
	says(b, "b1");
	says(a, "a3");
	accepts(0);
	accepts(1);
	assert_int_equal(endpoint_accept(&listener, &child[2]), IO_READ);
	reads(&child[0], "a1");
	reads(&child[0], "a2");
	reads(&child[0], "a3");
	assert_int_equal(reads_nothing(&child[0]), IO_WAIT);
	reads(&child[1], "b1");
	assert_int_equal(reads_nothing(&child[1]), IO_WAIT);
	says(b, "b2");
	woken[0] = woken[1] = 0;
	assert_int_equal(endpoint_accept(&listener, &child[2]), IO_READ);
	assert_int_equal(woken[0], 0);
	assert_int_equal(woken[1], 1);
	reads(&child[1], "b2");
	close(a);
	close(b);
}

static void a_session_may_end_in_the_middle_of_a_batch(void **state)
{
	int a, b;

	(void)state;
	two_say("udp4-listen:0,fork,bind=127.0.0.1", &a, &b);
	says(a, "");
	says(b, "b2");
	accepts(0);
	reads(&child[0], "a1");
	endpoint_free(&child[0]);
	accepts(1);
	accepts(2);
	assert_int_equal(endpoint_accept(&listener, &child[0]), IO_READ);
	reads(&child[1], "b1");
	reads(&child[1], "b2");
	reads(&child[2], "");
	assert_int_equal(reads_nothing(&child[2]), IO_WAIT);
	close(a);
	close(b);
}

static void what_is_left_of_a_batch_is_asked_for_again(void **state)
{
	int a, b;

	(void)state;
	two_say("udp4-listen:0,fork,bind=127.0.0.1", &a, &b);
	accepts(0);
	assert_int_equal(loop_run(loop, &failure), IO_OK);
	assert_int_equal(listener_woken, 1);
	assert_int_equal(loop_run(loop, &failure), IO_OK);
	assert_int_equal(listener_woken, 2);
	accepts(1);
	reads(&child[1], "b1");
	close(a);
	close(b);
}

static void the_rest_of_a_batch_outlives_the_listener(void **state)
{
	int a, b;

	(void)state;
	two_say("udp4-listen:0,fork,bind=127.0.0.1", &a, &b);
	says(a, "a2");
	accepts(0);
	reads(&child[0], "a1");
	endpoint_free(&listener);
	assert_int_equal(loop_run(loop, &failure), IO_OK);
	reads(&child[0], "a2");
	close(a);
	close(b);
}

static void sessions_outlive_their_listener_for_a_while(void **state)
{
	char to[10];
	size_t n;
	int a, fd;

	(void)state;
	start("udp4-listen:0,fork,bind=127.0.0.1");
	a = client();
	says(a, "a1");
	accepts(0);
	fd = listener.rfd;
	endpoint_free(&listener);
	reads(&child[0], "a1");
	says(a, "a2");
	assert_int_equal(loop_run(loop, &failure), IO_OK);
	assert_int_equal(woken[0], 1);
	reads(&child[0], "a2");
	assert_int_equal(endpoint_write(&child[0], "answer", 6, &n), IO_OK);
	assert_int_equal(recv(a, to, sizeof(to), 0), 6);
	assert_int_equal(loop_run(loop, &failure), IO_OK);
	assert_int_equal(reads_nothing(&child[0]), IO_EOF);
	endpoint_free(&child[0]);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
	close(a);
}

static void a_bound_number_of_peers(void **state)
{
	int a, b;

	(void)state;
	two_say("udp4-listen:0,fork,max-children=1,bind=127.0.0.1", &a, &b);
	accepts(0);
	assert_int_equal(endpoint_accept(&listener, &child[1]), IO_READ);
	endpoint_free(&child[0]);
	says(b, "b2");
	accepts(1);
	reads(&child[1], "b2");
	close(a);
	close(b);
}

static void senders_of_single_datagrams_wait_for_room(void **state)
{
	int a;

	(void)state;
	start("udp4-recvfrom:0,fork,max-children=1,bind=127.0.0.1");
	a = client();
	says(a, "a1");
	says(a, "a2");
	accepts(0);
	assert_int_equal(endpoint_accept(&listener, &child[1]), IO_READ);
	reads(&child[0], "a1");
	assert_int_equal(reads_nothing(&child[0]), IO_EOF);
	endpoint_free(&child[0]);
	accepts(1);
	reads(&child[1], "a2");
	assert_int_equal(reads_nothing(&child[1]), IO_EOF);
	close(a);
}

static void short_memory_costs_datagrams_only(void **state)
{
	int a;

	(void)state;
	start("udp4-listen:0,fork,bind=127.0.0.1");
	a = client();
	for (unsigned i = 1; i < 4; i++) {
		says(a, "lost");
		mem_fail_at(i);
		assert_int_equal(endpoint_accept(&listener, &child[0]), IO_READ);
		mem_fail_at(0);
	}
	says(a, "kept");
	accepts(0);
	reads(&child[0], "kept");
	close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_peer_has_its_own_queue, finish),
		cmocka_unit_test_teardown(a_session_may_end_in_the_middle_of_a_batch,
					  finish),
		cmocka_unit_test_teardown(what_is_left_of_a_batch_is_asked_for_again,
					  finish),
		cmocka_unit_test_teardown(the_rest_of_a_batch_outlives_the_listener,
					  finish),
		cmocka_unit_test_teardown(sessions_outlive_their_listener_for_a_while,
					  finish),
		cmocka_unit_test_teardown(a_bound_number_of_peers, finish),
		cmocka_unit_test_teardown(senders_of_single_datagrams_wait_for_room,
					  finish),
		cmocka_unit_test_teardown(short_memory_costs_datagrams_only, finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
