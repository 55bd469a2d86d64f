/* Round trips over streams: on open connections, one for each connection, and on those
 * that are held. */
#include "load.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

enum mode { PINGPONG, CONNRATE, IDLE };

struct ping {
	struct conn c;
	unsigned slot;
	size_t out, in;		/* bytes of this round trip so far */
	uint64_t start, serial;
};

static enum mode mode;
static struct ping **slots;	/* own; NULL: none there */
static struct addr target;
static uint64_t started, done, errors, lost, begun, deadline;
static unsigned open_now, under_way;
static bool warming;	/* the first round trip of each is not counted */
static bool told;	/* a line came on standard input */
static bool over;	/* and then its end */

static void ping_ready(struct conn *c);

/* No two round trips alike. */
static uint64_t message(const struct ping *p)
{
	return p->serial * 4099 + p->slot;
}

static bool more(void)
{
	return (opt.count == 0 || started < opt.count) &&
	       (deadline == 0 || now() < deadline);
}

static void ping_open(unsigned slot)
{
	uint64_t start = now();
	int fd = addr_dial(&target, started++);
	struct ping *p;

	if (fd < 0) {
		errors++;
		return;
	}
	p = conn_new(sizeof(*p), fd, ping_ready);
	p->slot = slot;
	p->start = start;
	p->serial = started;
	slots[slot] = p;
	open_now++;
	under_way++;
	if (target.tls)
		tls_start(&p->c, false);
	conn_watch(&p->c, EPOLLOUT);
}

static void ping_close(struct ping *p)
{
	slots[p->slot] = NULL;
	open_now--;
	conn_close(&p->c);
}

static void ping_fail(struct ping *p)
{
	unsigned slot = p->slot;

	if (mode == IDLE && p->in == opt.size) {
		lost++;	/* an idle one was dropped */
	} else {
		errors++;
		under_way--;
	}
	ping_close(p);
	if (mode == CONNRATE && more())
		ping_open(slot);
}

/* Moves what can be moved of a round trip; more than 0 once it is complete. */
static ssize_t trip(struct ping *p)
{
	static char got[MESSAGE_MAX];
	ssize_t r;

	while (p->out < opt.size) {
		r = conn_write(&p->c, payload_at(message(p)) + p->out, opt.size - p->out);
		if (r < 0)
			return r;
		p->out += (size_t)r;
	}
	if (p->in == opt.size)	/* nothing should come, not even the end */
		return conn_read(&p->c, got, 1) == CONN_WAIT ? CONN_WAIT : CONN_FAIL;
	while (p->in < opt.size) {
		r = conn_read(&p->c, got, opt.size - p->in);
		if (r <= 0)
			return r == 0 ? CONN_FAIL : r;
		errors += !payload_is(message(p) + p->in, got, (size_t)r);
		p->in += (size_t)r;
	}
	return 1;
}

static void again(struct ping *p)
{
	p->out = p->in = 0;
	p->serial++;
	p->start = now();
}

/* A round trip is complete; true if the next one begins at once. */
static bool completed(struct ping *p)
{
	unsigned slot = p->slot;

	if (!warming) {
		samples_add(now() - p->start);
		done++;
	}
	if (mode == PINGPONG && !warming && more()) {
		started++;
		again(p);
		return true;
	}
	under_way--;
	if (mode == CONNRATE) {
		ping_close(p);
		if (more())
			ping_open(slot);
	} else if (mode == IDLE) {
		conn_watch(&p->c, EPOLLIN);
	} else {	/* closing is no part of what is measured */
		p->out = p->in = 0;
		conn_watch(&p->c, 0);
	}
	return false;
}

static void ping_ready(struct conn *c)
{
	struct ping *p = (struct ping *)c;
	ssize_t r;

	do
		r = trip(p);
	while (r > 0 && completed(p));
	if (r == CONN_WAIT)
		conn_watch(c, c->block);
	else if (r == CONN_FAIL)
		ping_fail(p);
}

static void begin(unsigned conns)
{
	target = addr_parse(opt.to);
	slots = zalloc(conns * sizeof(*slots));
	begun = now();
	deadline = opt.secs > 0 ? begun + (uint64_t)(opt.secs * 1e9) : 0;
}

static void wait_for_line(void)
{
	char line[64];

	told = read(STDIN_FILENO, line, sizeof(line)) > 0;
}

static void print_trips(void)
{
	double secs = seconds_since(begun);

	printf("{\"secs\":%.6f,\"done\":%" PRIu64 ",\"per_s\":%.1f,", secs, done,
	       (double)done / secs);
	samples_print();
	printf("\"errors\":%" PRIu64 ",\"unfinished\":%u}\n", errors, under_way);
	fflush(stdout);
}

/* --- the commands ------------------------------------------------------------------- */

/* Opens all and makes a round trip on each, says so, and begins when told to. */
int pingpong(void)
{
	mode = PINGPONG;
	begin(opt.conns);
	warming = true;
	for (unsigned i = 0; i < opt.conns; i++)
		ping_open(i);
	while (under_way > 0 && !overdue(begun))
		loop_turn(100);
	warming = false;
	printf("{\"ready\":%u,\"errors\":%" PRIu64 "}\n", open_now, errors + under_way);
	fflush(stdout);
	wait_for_line();
	if (!told)
		return 1;
	started = 0;
	begun = now();
	deadline = begun + (uint64_t)(opt.secs * 1e9);
	for (unsigned i = 0; i < opt.conns; i++) {
		if (slots[i] == NULL)
			continue;
		started++;
		under_way++;
		again(slots[i]);
		ping_ready(&slots[i]->c);
	}
	while (under_way > 0 && !overdue(begun))
		loop_turn(100);
	print_trips();
	wait_for_line();
	return errors > 0 || under_way > 0;
}

int connrate(void)
{
	mode = CONNRATE;
	begin(opt.conns);
	for (unsigned i = 0; i < opt.conns; i++)
		ping_open(i);
	while (under_way > 0 && !overdue(begun))
		loop_turn(100);
	print_trips();
	return errors > 0 || under_way > 0;
}

static void line_ready(struct conn *c)
{
	char line[64];

	told = read(c->fd, line, sizeof(line)) > 0;
	over = !told;
}

/* One more round trip on each that is held. */
static void use_all(void)
{
	uint64_t start = now(), before = done;
	unsigned held = open_now;

	for (unsigned i = 0; i < opt.conns; i++) {
		if (slots[i] == NULL)
			continue;
		again(slots[i]);
		under_way++;
		ping_ready(&slots[i]->c);
		if (i % 64 == 63)
			loop_turn(0);
	}
	while (under_way > 0 && !overdue(start))
		loop_turn(20);
	printf("{\"checked\":%" PRIu64 ",\"of\":%u,\"lost\":%" PRIu64, done - before,
	       held, lost);
	printf(",\"errors\":%" PRIu64 ",\"secs\":%.3f}\n", errors, seconds_since(start));
	fflush(stdout);
}

/* At most opt.window are being opened at a time. */
int idle(void)
{
	struct conn *line = conn_new(sizeof(*line), STDIN_FILENO, line_ready);
	unsigned next = 0;

	mode = IDLE;
	opt.secs = 0;
	begin(opt.conns);
	while ((next < opt.conns || under_way > 0) && !overdue(begun)) {
		while (next < opt.conns && under_way < opt.window)
			ping_open(next++);
		loop_turn(100);
	}
	printf("{\"ready\":%u,\"errors\":%" PRIu64 ",\"secs\":%.3f}\n", open_now, errors,
	       seconds_since(begun));
	fflush(stdout);
	conn_watch(line, EPOLLIN);
	while (!over) {
		loop_turn(-1);
		if (told) {
			told = false;
			use_all();
		}
	}
	conn_close(line);
	return errors > 0 || lost > 0;
}
