/* Addresses, connections, datagrams, and the loop that waits for them. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BACKLOG = 65535, BUFFER = 8 << 20, TURN = 256 };

struct batch batch;

static int epoll_fd = -1;
static struct conn *closed;	/* own: freed at the end of the turn */

/* --- addresses -------------------------------------------------------------------- */

static struct addr unix_parse(const char *path)
{
	struct addr a = { .len = sizeof(a.u.un) };

	a.u.un.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(a.u.un.sun_path))
		die("the path \"%s\" is too long", path);
	memcpy(a.u.un.sun_path, path, strlen(path) + 1);
	return a;
}

struct addr addr_parse(const char *text)
{
	struct addr a = { .len = sizeof(a.u.in) };
	const char *colon;
	char host[64] = "";

	if (text == NULL)
		die("an address is missing (--to)");
	if (strncmp(text, "unix:", 5) == 0)
		return unix_parse(text + 5);
	a.tls = strncmp(text, "tls:", 4) == 0;
	a.udp = strncmp(text, "udp:", 4) == 0;
	colon = strrchr(text, ':');
	if ((!a.tls && !a.udp && strncmp(text, "tcp:", 4) != 0) || colon <= text + 4 ||
	    (size_t)(colon - text - 4) >= sizeof(host))
		die("\"%s\" is no address", text);
	memcpy(host, text + 4, (size_t)(colon - text - 4));
	if (inet_pton(AF_INET, host, &a.u.in.sin_addr) != 1)
		die("\"%s\" is no IPv4 address", host);
	a.u.in.sin_family = AF_INET;
	a.u.in.sin_port = htons((uint16_t)number(colon + 1, UINT16_MAX));
	return a;
}

void addr_tune(int fd, const struct addr *a)
{
	int one = 1, big = BUFFER;

	if (a->udp) {	/* without the right to it, what the system grants */
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof(big));
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
	} else if (a->u.sa.sa_family == AF_INET) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
}

static int new_socket(const struct addr *a)
{
	int type = a->udp ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(a->u.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %s", strerror(errno));
	addr_tune(fd, a);
	return fd;
}

int addr_listen(struct addr *a)
{
	int fd = new_socket(a), one = 1;
	socklen_t len = a->len;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a->u.sa.sa_family == AF_UNIX)
		unlink(a->u.un.sun_path);
	if (bind(fd, &a->u.sa, a->len) != 0 || (!a->udp && listen(fd, BACKLOG) != 0))
		die("cannot listen: %s", strerror(errno));
	if (a->u.sa.sa_family == AF_INET)
		getsockname(fd, &a->u.sa, &len);
	return fd;
}

static void bind_source(int fd, uint64_t nth)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int one = 1;

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(nth % opt.sources));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&from, sizeof(from)) != 0)
		die("bind: %s", strerror(errno));
}

int addr_dial(const struct addr *a, uint64_t nth)
{
	int fd = new_socket(a), r;
	bool local = a->u.sa.sa_family == AF_UNIX;

	if (opt.sources > 1 && !local)
		bind_source(fd, nth);
	if (local)	/* a full backlog means "later" there, so wait for it */
		fcntl(fd, F_SETFL, 0);
	r = connect(fd, &a->u.sa, a->len);
	if (local)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	if (r == 0 || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

/* --- connections ------------------------------------------------------------------ */

void *conn_new(size_t size, int fd, void (*ready)(struct conn *c))
{
	struct conn *c = zalloc(size);

	c->fd = fd;
	c->ready = ready;
	return c;
}

void conn_watch(struct conn *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };
	int op = c->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (c->events == events)
		return;
	if (epoll_fd < 0)
		epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_ctl(epoll_fd, events == 0 ? EPOLL_CTL_DEL : op, c->fd, &e) != 0)
		die("epoll_ctl: %s", strerror(errno));
	c->events = events;
}

static ssize_t outcome(struct conn *c, ssize_t n, uint32_t block)
{
	if (n >= 0)
		return n;
	c->block = block;
	return errno == EAGAIN ? CONN_WAIT : CONN_FAIL;
}

ssize_t conn_read(struct conn *c, void *p, size_t n)
{
	if (c->tls != NULL)
		return tls_read(c, p, n);
	return outcome(c, recv(c->fd, p, n, 0), EPOLLIN);
}

ssize_t conn_write(struct conn *c, const void *p, size_t n)
{
	if (c->tls != NULL)
		return tls_write(c, p, n);
	return outcome(c, send(c->fd, p, n, MSG_NOSIGNAL), EPOLLOUT);
}

void conn_shut(struct conn *c)
{
	if (c->tls != NULL)
		tls_shut(c);
	else
		shutdown(c->fd, SHUT_WR);
}

void conn_close(struct conn *c)
{
	if (c->ready == NULL)
		return;
	if (c->tls != NULL)
		tls_free(c);
	close(c->fd);
	c->ready = NULL;
	c->next = closed;
	closed = c;
}

void loop_turn(int ms)
{
	struct epoll_event events[TURN];
	int n = epoll_wait(epoll_fd, events, TURN, ms);

	for (int i = 0; i < n; i++) {
		struct conn *c = events[i].data.ptr;

		if (c->ready != NULL)
			c->ready(c);
	}
	while (closed != NULL) {
		struct conn *c = closed;

		closed = c->next;
		free(c);
	}
}

/* --- datagrams -------------------------------------------------------------------- */

int batch_read(int fd)
{
	for (int i = 0; i < DATAGRAMS; i++) {
		batch.piece[i] = (struct iovec){ batch.bytes[i], DATAGRAM_MAX };
		batch.message[i].msg_hdr = (struct msghdr){
			.msg_name = &batch.from[i],
			.msg_namelen = sizeof(batch.from[i]),
			.msg_iov = &batch.piece[i],
			.msg_iovlen = 1,
		};
	}
	return recvmmsg(fd, batch.message, DATAGRAMS, MSG_DONTWAIT, NULL);
}

void batch_write(int fd, int n, bool answer)
{
	int sent;

	for (int i = 0; i < n; i++) {
		struct msghdr *h = &batch.message[i].msg_hdr;

		batch.piece[i].iov_base = batch.bytes[i];
		batch.piece[i].iov_len = batch.message[i].msg_len;
		*h = (struct msghdr){ .msg_iov = &batch.piece[i], .msg_iovlen = 1 };
		if (answer) {
			h->msg_name = &batch.from[i];
			h->msg_namelen = sizeof(batch.from[i]);
		}
	}
	for (int i = 0; i < n; i += sent) {
		sent = sendmmsg(fd, batch.message + i, (unsigned)(n - i), 0);
		if (sent <= 0)
			sent = 1;	/* that one is lost */
	}
}
