/* Datagrams: round trips with a window on each flow, and one way at a steady rate. */
#include "load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { QUIET = 100 * 1000000 };	/* ns: what is not back by then is lost */

struct flow {
	struct conn c;
	uint64_t next, base;	/* number of the next; of the first that is waited for */
	uint64_t *sent_at;	/* own: of those under way */
	unsigned out;
};

static uint64_t sent, received, errors, heard, deadline;

/* The ith of the batch: its number, and the beginning of the payload. */
static void compose(int i, uint64_t serial)
{
	memcpy(batch.bytes[i], &serial, sizeof(serial));
	memcpy(batch.bytes[i] + sizeof(serial), payload_at(0), opt.size - sizeof(serial));
	batch.message[i].msg_len = opt.size;
}

static bool is_good(int i)
{
	return batch.message[i].msg_len == opt.size &&
	       payload_is(0, batch.bytes[i] + sizeof(uint64_t),
			  opt.size - sizeof(uint64_t));
}

static void fill(struct flow *f)
{
	uint64_t t = now();
	int n = 0;

	while (f->out < opt.window && n < DATAGRAMS && t < deadline) {
		f->sent_at[f->next % opt.window] = t;
		compose(n++, f->next++);
		f->out++;
	}
	batch_write(f->c.fd, n, false);
	sent += (uint64_t)n;
}

static void flow_ready(struct conn *c)
{
	struct flow *f = (struct flow *)c;
	int n = batch_read(c->fd);

	heard = now();
	for (int i = 0; i < n; i++) {
		uint64_t serial;

		memcpy(&serial, batch.bytes[i], sizeof(serial));
		if (!is_good(i) || serial >= f->next) {
			errors++;
		} else if (serial >= f->base && f->out > 0) {
			samples_add(heard - f->sent_at[serial % opt.window]);
			received++;
			f->out--;
		}
	}
	fill(f);
}

static struct flow **open_flows(void)
{
	struct addr to = addr_parse(opt.to);
	struct flow **f = zalloc(opt.conns * sizeof(struct flow *));

	if (opt.size < sizeof(uint64_t) || opt.size > DATAGRAM_MAX)
		die("--size of datagrams must be 8..%d", DATAGRAM_MAX);
	for (unsigned i = 0; i < opt.conns; i++) {
		int fd = addr_dial(&to, i);

		if (fd < 0)
			die("connect: %s", strerror(errno));
		f[i] = conn_new(sizeof(**f), fd, flow_ready);
		f[i]->sent_at = zalloc(opt.window * sizeof(uint64_t));
		conn_watch(&f[i]->c, EPOLLIN);
	}
	return f;
}

static void close_flows(struct flow **f)
{
	for (unsigned i = 0; i < opt.conns; i++) {
		free(f[i]->sent_at);
		conn_close(&f[i]->c);
	}
	free(f);
}

static unsigned out_of_all(struct flow **f)
{
	unsigned n = 0;

	for (unsigned i = 0; i < opt.conns; i++)
		n += f[i]->out;
	return n;
}

/* Nothing has come for a while: what is out is lost, so go on without it. */
static void give_up(struct flow **f)
{
	heard = now();
	for (unsigned i = 0; i < opt.conns; i++) {
		f[i]->out = 0;
		f[i]->base = f[i]->next;
		fill(f[i]);
	}
}

int udpping(void)
{
	struct flow **f = open_flows();
	uint64_t start = now();
	double secs;

	heard = start;
	deadline = start + (uint64_t)(opt.secs * 1e9);
	for (unsigned i = 0; i < opt.conns; i++)
		fill(f[i]);
	while (now() < deadline || (out_of_all(f) > 0 && now() < deadline + QUIET)) {
		loop_turn(10);
		if (now() - heard > QUIET)
			give_up(f);
	}
	secs = seconds_since(start);
	close_flows(f);
	printf("{\"secs\":%.6f,\"sent\":%" PRIu64 ",\"done\":%" PRIu64 ",", secs, sent,
	       received);
	printf("\"per_s\":%.1f,", (double)received / secs);
	samples_print();
	printf("\"errors\":%" PRIu64 "}\n", errors);
	return errors > 0 || received == 0;
}

/* How many are due now, at most a batch. */
static int due(uint64_t start, uint64_t t)
{
	uint64_t all = (uint64_t)((double)(t - start) * (double)opt.rate / 1e9);
	uint64_t n = all > sent ? all - sent : 0;

	return n < DATAGRAMS ? (int)n : DATAGRAMS;
}

int udpblast(void)
{
	struct flow **f = open_flows();
	const struct timespec nap = { .tv_nsec = 100000 };
	uint64_t start = now(), turns = 0, t;
	double secs;

	deadline = start + (uint64_t)(opt.secs * 1e9);
	while ((t = now()) < deadline) {
		int n = due(start, t);

		if (n == 0) {
			nanosleep(&nap, NULL);
			continue;
		}
		for (int i = 0; i < n; i++)
			compose(i, sent + (uint64_t)i);
		batch_write(f[turns++ % opt.conns]->c.fd, n, false);
		sent += (uint64_t)n;
	}
	secs = seconds_since(start);
	close_flows(f);
	printf("{\"secs\":%.6f,\"sent\":%" PRIu64 ",\"per_s\":%.1f}\n", secs, sent,
	       (double)sent / secs);
	return 0;
}
