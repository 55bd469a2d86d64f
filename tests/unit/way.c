/* One direction between real descriptors, copied and by the quick ways: whoever looks
 * from outside sees no difference. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "addr/fd.h"
#include "base/mem.h"
#include "fake.h"
#include "relay/way.h"

enum { SIZE = 3 * 1024 * 1024, TURNS = 100000 };
enum thing { PIPE, SOCKET, FILE_OF_OURS, NOWHERE, THINGS };

/* fd: the pump's; far: ours, to write to what it reads or to read what it wrote. */
struct end {
	int fd, far;
	enum thing thing;
};

static int next_fd; /* what the next endpoint takes over */
static struct fail failure, lost, *missing = &lost;
static struct loop *loop;
static struct endpoint endpoint[2];
static struct end end[2];
static struct pump pump;
static unsigned char *data, *arrived;
static size_t fed, came;
static unsigned wakes;

static enum io take(struct layer *l)
{
	return fd_take((struct fd_layer *)l, l->end->side ? -1 : next_fd,
		       l->end->side ? next_fd : -1);
}

static const struct layer_ops real_ops = {
	.size = sizeof(struct fd_layer), .open = take, .read = fd_read,
	.write = fd_write, .shut = fd_shut, .free = fd_free,
};
static const struct type real_type = { .names = "real", .args = "", .help = "",
				       .flags = TYPE_BOTH, .ops = &real_ops };
static struct spec real = { .input = "real", .nparts = 1,
			    .part = { { .type = &real_type, .name = "real" } } };

/* ---- two ends --------------------------------------------------------------------- */

static int new_file(void)
{
	FILE *f = tmpfile();
	int fd = f ? dup(fileno(f)) : -1;

	assert_true(fd >= 0);
	fclose(f);
	return fd;
}

static struct end make(enum thing thing, unsigned side)
{
	int two[2] = { -1, -1 };

	switch (thing) {
	case PIPE:
		assert_int_equal(pipe(two), 0);
		break;
	case SOCKET:
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, two), 0);
		break;
	case FILE_OF_OURS:
		two[side] = new_file();
		two[!side] = side ? dup(two[1]) : -1;
		break;
	default:
		two[1] = open("/dev/null", O_WRONLY);
		break;
	}
	for (unsigned i = 0; i < 2; i++)
		if (two[i] >= 0)
			fcntl(two[i], F_SETFL, O_NONBLOCK);
	return (struct end){ .fd = two[side], .far = two[!side], .thing = thing };
}

static void open_end(unsigned side, struct end e)
{
	end[side] = e;
	next_fd = e.fd;
	endpoint[side] = (struct endpoint){
		.spec = &real, .loop = loop, .fail = &failure, .missing = &missing,
		.wake = fake_wake, .owner = &wakes, .side = (unsigned char)side,
		.reads = !side, .writes = side,
	};
	assert_int_equal(endpoint_build(&endpoint[side]), IO_OK);
	assert_int_equal(endpoint_open(&endpoint[side]), IO_OK);
}

static void start(struct end from, struct end to, bool quick)
{
	failure = lost = (struct fail){ 0 };
	fed = came = 0;
	if (from.thing == FILE_OF_OURS) {
		assert_int_equal(write(from.fd, data, SIZE), SIZE);
		assert_int_equal(lseek(from.fd, 0, SEEK_SET), 0);
		fed = SIZE;
	}
	open_end(0, from);
	open_end(1, to);
	pump = (struct pump){ .from = &endpoint[0], .to = &endpoint[1],
			      .block = loop_services(loop)->scratch_size };
	if (quick)
		pump_begin(&pump);
}

static void stop(void)
{
	pump_free(&pump);
	for (unsigned i = 0; i < 2; i++) {
		endpoint_free(&endpoint[i]);
		if (end[i].far >= 0)
			close(end[i].far);
	}
}

/* ---- what happens outside --------------------------------------------------------- */

/* Gives what goes in, and its end behind the last byte. */
static void feed(size_t at_once)
{
	while (fed < SIZE) {
		const size_t len = SIZE - fed < at_once ? SIZE - fed : at_once;
		const ssize_t n = write(end[0].far, data + fed, len);

		if (n <= 0)
			return;
		fed += (size_t)n;
	}
	if (end[0].far >= 0)
		close(end[0].far);
	end[0].far = -1;
}

static void look_at_file(void)
{
	const ssize_t n = pread(end[1].far, arrived, SIZE, 0);

	came = n > 0 ? (size_t)n : 0;
}

/* Takes what has come, at most so much. */
static void drain(size_t at_most)
{
	ssize_t n = 1;

	while (at_most && n > 0 && came < SIZE) {
		n = read(end[1].far, arrived + came,
			 at_most < SIZE - came ? at_most : SIZE - came);
		came += n > 0 ? (size_t)n : 0;
		at_most -= n > 0 ? (size_t)n : 0;
	}
}

/* Runs the pump until it ends or fails; at_once bytes are given and taken in a turn. */
static enum io run(size_t at_once)
{
	enum io r = IO_OK;

	for (unsigned i = 0; i < TURNS && r != IO_EOF && r != IO_FAIL; i++) {
		feed(at_once);
		r = pump_run(&pump, READY_READ, READY_WRITE);
		if (end[1].thing == PIPE || end[1].thing == SOCKET)
			drain(at_once);
	}
	if (end[1].thing == FILE_OF_OURS)
		look_at_file();
	else if (end[1].thing != NOWHERE)
		drain(SIZE);
	return r;
}

/* ---- all pairs, both ways ---------------------------------------------------------- */

typedef void check(bool quick);

static void for_all_pairs(check *holds)
{
	for (unsigned from = PIPE; from <= FILE_OF_OURS; from++)
		for (unsigned to = PIPE; to < THINGS; to++)
			for (unsigned quick = 0; quick < 2; quick++) {
				start(make(from, 0), make(to, 1), quick);
				holds(quick);
				stop();
			}
}

static void assert_all_arrived(void)
{
	assert_int_equal(pump.bytes, SIZE);
	assert_true(pump.done);
	assert_null(pump.left);
	if (end[1].thing == NOWHERE)
		return;
	assert_int_equal(came, SIZE);
	assert_memory_equal(arrived, data, SIZE);
}

static void arrives(bool quick)
{
	(void)quick;
	assert_int_equal(run(SIZE), IO_EOF);
	assert_all_arrived();
}

static void everything_arrives_in_order_and_then_the_end(void **state)
{
	(void)state;
	for_all_pairs(arrives);
}

static void trickles(bool quick)
{
	(void)quick;
	assert_int_equal(run(40000), IO_EOF);
	assert_all_arrived();
}

static void a_slow_reader_and_a_slow_writer_lose_nothing(void **state)
{
	(void)state;
	for_all_pairs(trickles);
}

static void stops_reading(bool quick)
{
	size_t before;

	(void)quick;
	if (end[1].thing != PIPE && end[1].thing != SOCKET)
		return;
	for (unsigned i = 0; i < 100; i++) {
		feed(SIZE);
		pump_run(&pump, READY_READ, READY_WRITE);
	}
	before = pump.bytes;
	assert_true(before < SIZE);
	assert_int_equal(pump_wants_from(&pump), 0);
	assert_int_equal(pump_wants_to(&pump), READY_WRITE);
	assert_int_equal(run(SIZE), IO_EOF);
	assert_all_arrived();
}

static void while_the_reader_is_stuck_nothing_is_read_on(void **state)
{
	(void)state;
	for_all_pairs(stops_reading);
}

static void breaks(bool quick)
{
	(void)quick;
	if (end[1].thing != PIPE && end[1].thing != SOCKET)
		return;
	for (unsigned i = 0; i < 100; i++) {
		feed(SIZE);
		pump_run(&pump, READY_READ, READY_WRITE);
	}
	close(end[1].far);
	end[1].far = -1;
	assert_int_equal(pump_run(&pump, READY_READ, READY_WRITE), IO_FAIL);
	assert_int_equal(failure.code, EPIPE);
	assert_int_equal(failure.phase, end[1].thing == PIPE ? PHASE_WRITE : PHASE_SEND);
}

static void a_reader_that_goes_away_is_told_as_ever(void **state)
{
	(void)state;
	for_all_pairs(breaks);
}

static void forgets(bool quick)
{
	(void)quick;
	feed(SIZE);
	pump_run(&pump, READY_READ, READY_WRITE);
	drain(SIZE);
	pump_free(&pump);
	pump.to_wait = IO_OK;
	pump.discard = true;
	assert_int_equal(run(SIZE), IO_EOF);
	assert_true(came < SIZE);
}

static void what_is_to_be_forgotten_goes_nowhere(void **state)
{
	(void)state;
	for (unsigned quick = 0; quick < 2; quick++) {
		start(make(SOCKET, 0), make(SOCKET, 1), quick);
		forgets(quick);
		stop();
	}
}

/* ---- where the kernel declines ---------------------------------------------------- */

static void a_file_that_is_appended_to_gets_everything(void **state)
{
	(void)state;
	for (unsigned from = PIPE; from <= SOCKET; from++) {
		const int fd = new_file();

		fcntl(fd, F_SETFL, O_APPEND);
		start(make(from, 0),
		      (struct end){ .fd = fd, .far = dup(fd), .thing = FILE_OF_OURS },
		      true);
		assert_int_equal(run(SIZE), IO_EOF);
		assert_all_arrived();
		stop();
	}
}

static void a_disk_that_is_full_is_told_as_ever(void **state)
{
	const int full = open("/dev/full", O_WRONLY);

	(void)state;
	if (full < 0)
		skip();
	start(make(SOCKET, 0), (struct end){ .fd = full, .far = -1, .thing = NOWHERE },
	      true);
	assert_int_equal(run(SIZE), IO_FAIL);
	assert_int_equal(failure.code, ENOSPC);
	stop();
}

static void whoever_gives_a_size_for_blocks_gets_such(void **state)
{
	(void)state;
	start(make(PIPE, 0), make(PIPE, 1), false);
	pump.block = 1000;
	pump_begin(&pump);
	assert_null(pump.way);
	feed(SIZE);
	pump_run(&pump, READY_READ, READY_WRITE);
	assert_int_equal(pump.bytes, 16 * 1000);
	stop();
}

/* ---- */

static int build(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	loop = loop_new(backend_find(NULL), &failure);
	data = mem_new(SIZE, 1);
	arrived = mem_new(SIZE, 1);
	if (!loop || !data || !arrived)
		return -1;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (unsigned char)(i ^ (i >> 8) * 31 ^ (i >> 16) * 7);
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	mem_free(data);
	mem_free(arrived);
	loop_free(loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_arrives_in_order_and_then_the_end),
		cmocka_unit_test(a_slow_reader_and_a_slow_writer_lose_nothing),
		cmocka_unit_test(while_the_reader_is_stuck_nothing_is_read_on),
		cmocka_unit_test(a_reader_that_goes_away_is_told_as_ever),
		cmocka_unit_test(what_is_to_be_forgotten_goes_nowhere),
		cmocka_unit_test(a_file_that_is_appended_to_gets_everything),
		cmocka_unit_test(a_disk_that_is_full_is_told_as_ever),
		cmocka_unit_test(whoever_gives_a_size_for_blocks_gets_such),
	};

	return cmocka_run_group_tests(tests, build, destroy);
}
