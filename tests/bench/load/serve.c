/* The servers behind a relay: sinks that check and confirm, echoes, sources. */
#include "load.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { STEPS = 8, ACCEPTS = 64 };	/* at one go, so that all get their turn */

enum role { SINK, ECHO, SOURCE };

struct listener {
	struct conn c;
	struct addr at;
	enum role role;
	uint64_t bytes;		/* SOURCE: how many each client gets */
};

struct peer {
	struct conn c;
	enum role role;
	uint64_t len, at;	/* of the payload; at: bytes so far */
	uint64_t head[2];	/* SINK: magic, length */
	size_t head_len;
	uint64_t bad;		/* SINK: pieces with a wrong byte */
	char *left;		/* own; ECHO: read and not yet written, from..to */
	size_t from, to;
	bool ended;
};

static struct {
	uint64_t accepted, open, bytes, packets, bad;
} count;

static char block[CHUNK];

/* --- one peer ------------------------------------------------------------------ */

static size_t take_head(struct peer *p, const char *bytes, size_t n)
{
	size_t k = sizeof(p->head) - p->head_len;

	k = n < k ? n : k;
	memcpy((char *)p->head + p->head_len, bytes, k);
	p->head_len += k;
	if (k > 0 && p->head_len == sizeof(p->head)) {
		p->len = p->head[1];
		p->bad += p->head[0] != magic;
	}
	return k;
}

/* Says what has come: {magic, bytes, pieces with wrong bytes, 0}. */
static bool confirm(struct peer *p)
{
	uint64_t reply[4] = { magic, p->at, p->bad + (p->at != p->len), 0 };

	count.bad += reply[2];
	p->len = UINT64_MAX;
	return conn_write(&p->c, reply, sizeof(reply)) == sizeof(reply);
}

static ssize_t sink_step(struct peer *p)
{
	ssize_t r = conn_read(&p->c, block, sizeof(block));
	size_t skip, n;

	if (r <= 0)
		return r == 0 ? CONN_FAIL : r;
	skip = take_head(p, block, (size_t)r);
	n = (size_t)r - skip;
	p->bad += !payload_is(p->at, block + skip, n);
	p->at += n;
	count.bytes += n;
	if (p->head_len == sizeof(p->head) && p->at >= p->len && !confirm(p))
		return CONN_FAIL;
	return r;
}

static void keep(struct peer *p, const char *bytes, size_t n)
{
	if (p->left == NULL)
		p->left = zalloc(CHUNK);
	memcpy(p->left, bytes, n);
	p->from = 0;
	p->to = n;
}

static ssize_t echo_step(struct peer *p)
{
	ssize_t r, w;

	while (p->from < p->to) {
		w = conn_write(&p->c, p->left + p->from, p->to - p->from);
		if (w < 0)
			return w;
		p->from += (size_t)w;
	}
	if (p->ended)
		return CONN_FAIL;
	r = conn_read(&p->c, block, sizeof(block));
	if (r < 0)
		return r;
	p->ended = r == 0;
	count.bytes += (uint64_t)r;
	w = r > 0 ? conn_write(&p->c, block, (size_t)r) : 0;
	if (w == CONN_FAIL)
		return CONN_FAIL;
	w = w < 0 ? 0 : w;
	if (w < r)
		keep(p, block + w, (size_t)(r - w));
	return 1;
}

static ssize_t source_step(struct peer *p)
{
	uint64_t left = p->len - p->at;
	ssize_t r;

	if (left > 0) {
		r = conn_write(&p->c, payload_at(p->at), left < CHUNK ? left : CHUNK);
		if (r > 0) {
			p->at += (uint64_t)r;
			count.bytes += (uint64_t)r;
		}
		return r;
	}
	if (!p->ended) {
		p->ended = true;
		conn_shut(&p->c);
	}
	r = conn_read(&p->c, block, sizeof(block));
	return r == 0 ? CONN_FAIL : r;
}

static void peer_ready(struct conn *c)
{
	static ssize_t (*const step[])(struct peer *) = {
		[SINK] = sink_step, [ECHO] = echo_step, [SOURCE] = source_step,
	};
	struct peer *p = (struct peer *)c;
	ssize_t r = 1;

	/* What OpenSSL has read ahead wakes nobody. */
	for (int i = 0; r >= 0 && (i < STEPS || c->tls != NULL); i++)
		r = step[p->role](p);
	if (r == CONN_WAIT) {
		conn_watch(c, c->block);
	} else if (r == CONN_FAIL) {
		count.open--;
		free(p->left);
		conn_close(c);
	}
}

/* --- listeners ------------------------------------------------------------------ */

static void accept_ready(struct conn *c)
{
	struct listener *l = (struct listener *)c;

	for (int i = 0; i < ACCEPTS; i++) {
		int fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct peer *p;

		if (fd < 0)
			return;
		addr_tune(fd, &l->at);
		p = conn_new(sizeof(*p), fd, peer_ready);
		p->role = l->role;
		p->len = l->bytes;
		count.accepted++;
		count.open++;
		if (l->at.tls)
			tls_start(&p->c, true);
		conn_watch(&p->c, l->role == SOURCE ? EPOLLOUT : EPOLLIN);
	}
}

/* A datagram is a number of 8 bytes and the beginning of the payload. */
static bool datagram_is_good(const char *bytes, size_t n)
{
	return n >= 8 && payload_is(0, bytes + 8, n - 8);
}

static void datagrams_ready(struct conn *c)
{
	const struct listener *l = (const struct listener *)c;
	int n = batch_read(c->fd);

	for (int i = 0; i < n; i++) {
		size_t len = batch.message[i].msg_len;

		count.packets++;
		count.bytes += len;
		count.bad += l->role == SINK && !datagram_is_good(batch.bytes[i], len);
	}
	if (l->role == ECHO && n > 0)
		batch_write(c->fd, n, true);
}

static void control_ready(struct conn *c)
{
	char line[256];
	ssize_t n = read(c->fd, line, sizeof(line));

	if (n <= 0)
		exit(0);
	printf("{\"accepted\":%" PRIu64 ",\"open\":%" PRIu64 ",\"bytes\":%" PRIu64
	       ",\"packets\":%" PRIu64 ",\"bad\":%" PRIu64 "}\n",
	       count.accepted, count.open, count.bytes, count.packets, count.bad);
	fflush(stdout);
	if (line[0] == 'z')
		count.accepted = count.bytes = count.packets = count.bad = 0;
}

static enum role role_of(const char *spec)
{
	if (strncmp(spec, "sink@", 5) == 0)
		return SINK;
	if (strncmp(spec, "echo@", 5) == 0)
		return ECHO;
	if (strncmp(spec, "source=", 7) == 0)
		return SOURCE;
	die("\"%s\" is no server", spec);
}

/* Prints where it can be reached. */
static void serve_one(const char *spec, const char *before)
{
	const char *at = strchr(spec, '@');
	struct listener *l;
	struct addr a;
	char bytes[32] = "0";
	int fd;

	if (at == NULL || (size_t)(at - spec) >= sizeof(bytes))
		die("\"%s\" is no server", spec);
	a = addr_parse(at + 1);
	fd = addr_listen(&a);
	l = conn_new(sizeof(*l), fd, a.udp ? datagrams_ready : accept_ready);
	l->at = a;
	l->role = role_of(spec);
	if (l->role == SOURCE) {
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, spec + 7, (size_t)(at - spec - 7));
	}
	l->bytes = number(bytes, UINT64_MAX);
	conn_watch(&l->c, EPOLLIN);
	if (a.u.sa.sa_family == AF_UNIX)
		printf("%s\"%s\"", before, at + 1);
	else
		printf("%s\"%.4s127.0.0.1:%d\"", before, at + 1, ntohs(a.u.in.sin_port));
}

int serve(char **specs)
{
	struct conn *control = conn_new(sizeof(*control), STDIN_FILENO, control_ready);
	const char *before = "[";

	for (; *specs != NULL; specs++) {
		serve_one(*specs, before);
		before = ",";
	}
	puts("]");
	fflush(stdout);
	conn_watch(control, EPOLLIN);
	for (;;)
		loop_turn(-1);
}
