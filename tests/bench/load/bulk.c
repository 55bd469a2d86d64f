/* One way, as much as goes: over connections, from standard input, to standard output. */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct stream {
	struct conn c;
	uint64_t head[2], sent;		/* sent: the head included */
	uint64_t reply[4];
	size_t got;
};

static unsigned under_way, failed;

/* --- over connections --------------------------------------------------------------- */

static ssize_t send_all(struct stream *s)
{
	const uint64_t head = sizeof(s->head), all = head + s->head[1];

	while (s->sent < all) {
		const char *p = (const char *)s->head + s->sent;
		uint64_t n = head - s->sent;
		ssize_t r;

		if (s->sent >= head) {
			p = payload_at(s->sent - head);
			n = all - s->sent < CHUNK ? all - s->sent : CHUNK;
		}
		r = conn_write(&s->c, p, n);
		if (r < 0)
			return r;
		s->sent += (uint64_t)r;
	}
	return 1;
}

static ssize_t read_reply(struct stream *s)
{
	while (s->got < sizeof(s->reply)) {
		ssize_t r = conn_read(&s->c, (char *)s->reply + s->got,
				      sizeof(s->reply) - s->got);

		if (r <= 0)
			return r == 0 ? CONN_FAIL : r;
		s->got += (size_t)r;
	}
	return 1;
}

static void stream_ready(struct conn *c)
{
	struct stream *s = (struct stream *)c;
	ssize_t r = send_all(s);

	if (r > 0)
		r = read_reply(s);
	if (r == CONN_WAIT) {
		conn_watch(c, c->block);
		return;
	}
	if (r == CONN_FAIL || s->reply[0] != magic || s->reply[1] != s->head[1] ||
	    s->reply[2] != 0)
		failed++;
	under_way--;
	conn_close(c);
}

int bulk(void)
{
	struct addr to = addr_parse(opt.to);
	uint64_t start = now(), each = opt.bytes / opt.conns;
	double secs, gib = (double)(each * opt.conns) / (1 << 30);

	for (unsigned i = 0; i < opt.conns; i++) {
		int fd = addr_dial(&to, i);
		struct stream *s;

		if (fd < 0)
			die("connect: %s", strerror(errno));
		s = conn_new(sizeof(*s), fd, stream_ready);
		s->head[0] = magic;
		s->head[1] = each;
		if (to.tls)
			tls_start(&s->c, false);
		conn_watch(&s->c, EPOLLOUT);
		under_way++;
	}
	while (under_way > 0 && !overdue(start))
		loop_turn(100);
	secs = seconds_since(start);
	printf("{\"secs\":%.6f,\"gib\":%.6f,\"gib_s\":%.4f,", secs, gib, gib / secs);
	printf("\"failed\":%u,\"unfinished\":%u}\n", failed, under_way);
	return under_way > 0 || failed > 0;
}

/* --- standard output and input ---------------------------------------------------- */

static bool put(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = write(STDOUT_FILENO, p, n);

		if (r <= 0)
			return false;
		p += r;
		n -= (size_t)r;
	}
	return true;
}

int generate(void)
{
	uint64_t head[2] = { magic, opt.bytes };

	fcntl(STDOUT_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	if (!put((const char *)head, sizeof(head)))
		return 1;
	for (uint64_t at = 0; at < opt.bytes; at += CHUNK) {
		uint64_t n = opt.bytes - at < CHUNK ? opt.bytes - at : CHUNK;

		if (!put(payload_at(at), n))
			return 1;
	}
	return 0;
}

int check(void)
{
	static char block[CHUNK];
	uint64_t at = 0, bad = 0;
	ssize_t r;

	fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	while ((r = read(STDIN_FILENO, block, sizeof(block))) > 0) {
		bad += !payload_is(at, block, (size_t)r);
		at += (uint64_t)r;
	}
	printf("{\"bytes\":%" PRIu64 ",\"bad\":%" PRIu64 "}\n", at, bad);
	return bad != 0;
}
