/* Many clients at once, each with bytes of its own.
 *
 *	swarm tcp:ADDRESS:PORT|unix:PATH CLIENTS BYTES
 *
 * Connects all of them first; only then does each send its bytes, end its half and
 * expect the very same bytes and then the end back.  Exit code 0 if all got theirs. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	BLOCK = 16384,
	DIALLING_MAX = 200,	/* connects under way: below any usual backlog */
	PATIENCE = 60,		/* seconds without any progress */
};

enum client_state { IDLE, DIALLING, CONNECTED, TALKING, DONE, FAILED };

struct client {
	enum client_state state;
	uint32_t seed;
	size_t sent, got;
	bool shut;
};

struct swarm {
	struct sockaddr_storage to;
	socklen_t to_len;
	struct client *client;	/* own */
	struct pollfd *wait; /* own: one each, fd -1 when there is nothing to wait for */
	size_t n, bytes;
	size_t dialling, open, over;
	size_t failed;
	uint64_t turns;		/* anything that went forward */
};

/* The byte that client seed has at place i: no two streams alike, no period. */
static unsigned char byte_at(uint32_t seed, size_t i)
{
	uint32_t x = seed ^ (uint32_t)i * 2654435761u;

	x ^= x >> 15;
	x *= 2246822519u;
	return (unsigned char)(x >> 24);
}

static void fail_client(struct swarm *s, size_t i, const char *what)
{
	fprintf(stderr, "swarm: client %zu: %s: %s\n", i, what,
		errno != 0 ? strerror(errno) : "the bytes differ");
	if (s->wait[i].fd >= 0)
		close(s->wait[i].fd);
	if (s->client[i].state == DIALLING)
		s->dialling--;
	s->wait[i].fd = -1;
	s->client[i].state = FAILED;
	s->failed++;
	s->over++;
}

static bool parse_tcp(struct swarm *s, const char *text)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_NUMERICHOST };
	const char *colon = strrchr(text, ':');
	struct addrinfo *list;
	char host[64] = "";

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(colon - text));
	if (getaddrinfo(host, colon + 1, &hints, &list) != 0)
		return false;
	memcpy(&s->to, list->ai_addr, list->ai_addrlen);
	s->to_len = list->ai_addrlen;
	freeaddrinfo(list);
	return true;
}

static bool parse_address(struct swarm *s, const char *text)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&s->to;

	if (strncmp(text, "tcp:", 4) == 0)
		return parse_tcp(s, text + 4);
	if (strncmp(text, "unix:", 5) != 0 || strlen(text + 5) >= sizeof(un->sun_path))
		return false;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, text + 5, strlen(text + 5) + 1);
	s->to_len = sizeof(*un);
	return true;
}

static void connected(struct swarm *s, size_t i)
{
	if (s->client[i].state == DIALLING)
		s->dialling--;
	s->client[i].state = CONNECTED;
	s->wait[i].events = 0;
	s->open++;
	s->turns++;
}

/* A full backlog of a UNIX socket answers EAGAIN: the client stays idle and is
 * dialled again. */
static void dial(struct swarm *s, size_t i)
{
	int fd = socket(s->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	s->wait[i].fd = fd;
	if (fd < 0) {
		fail_client(s, i, "socket");
		return;
	}
	if (connect(fd, (const struct sockaddr *)&s->to, s->to_len) == 0) {
		connected(s, i);
	} else if (errno == EINPROGRESS) {
		s->client[i].state = DIALLING;
		s->wait[i].events = POLLOUT;
		s->dialling++;
	} else if (errno == EAGAIN) {
		close(fd);
		s->wait[i].fd = -1;
	} else {
		fail_client(s, i, "connect");
	}
}

static void dialled(struct swarm *s, size_t i)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(s->wait[i].fd, SOL_SOCKET, SO_ERROR, &err, &len);
	errno = err;
	if (err != 0)
		fail_client(s, i, "connect");
	else
		connected(s, i);
}

static void send_some(struct swarm *s, size_t i)
{
	struct client *c = &s->client[i];
	unsigned char block[BLOCK];
	size_t len = s->bytes - c->sent < BLOCK ? s->bytes - c->sent : BLOCK;
	ssize_t n;

	for (size_t k = 0; k < len; k++)
		block[k] = byte_at(c->seed, c->sent + k);
	n = send(s->wait[i].fd, block, len, MSG_NOSIGNAL);
	if (n > 0) {
		c->sent += (size_t)n;
		s->turns++;
	} else if (n < 0 && errno != EAGAIN) {
		fail_client(s, i, "send");
		return;
	}
	if (c->sent == s->bytes) {
		shutdown(s->wait[i].fd, SHUT_WR);
		c->shut = true;
		s->wait[i].events = POLLIN;
	}
}

static bool as_sent(const struct client *c, const unsigned char *block, size_t n,
		    size_t bytes)
{
	if (c->got + n > bytes)
		return false;
	for (size_t k = 0; k < n; k++) {
		if (block[k] != byte_at(c->seed, c->got + k))
			return false;
	}
	return true;
}

static void receive_some(struct swarm *s, size_t i)
{
	struct client *c = &s->client[i];
	unsigned char block[BLOCK];
	ssize_t n = recv(s->wait[i].fd, block, sizeof(block), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) {
		fail_client(s, i, "receive");
		return;
	}
	errno = 0;
	if (!as_sent(c, block, (size_t)n, s->bytes) || (n == 0 && c->got != s->bytes)) {
		fail_client(s, i, n == 0 ? "the end came too early" : "receive");
		return;
	}
	c->got += (size_t)n;
	s->turns++;
	if (n == 0) {
		close(s->wait[i].fd);
		s->wait[i].fd = -1;
		c->state = DONE;
		s->over++;
	}
}

static void step(struct swarm *s, size_t i)
{
	const struct client *c = &s->client[i];
	short got = s->wait[i].revents;

	if (c->state == IDLE && s->dialling < DIALLING_MAX)
		dial(s, i);
	else if (c->state == DIALLING && got != 0)
		dialled(s, i);
	else if (c->state == CONNECTED && (got & (POLLERR | POLLHUP)) != 0)
		fail_client(s, i, "closed before anything was sent");
	else if (c->state == TALKING && (got & (POLLIN | POLLHUP | POLLERR)) != 0)
		receive_some(s, i);
	else if (c->state == TALKING && (got & POLLOUT) != 0)
		send_some(s, i);
}

static void all_talk(struct swarm *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->client[i].state != CONNECTED)
			continue;
		s->client[i].state = TALKING;
		s->wait[i].events = POLLIN | POLLOUT;
	}
}

static bool run(struct swarm *s)
{
	bool talking = false;
	time_t since = time(NULL);
	uint64_t turns = 0;

	while (s->over < s->n) {
		if (!talking && s->open + s->failed == s->n) {
			all_talk(s);
			talking = true;
		}
		if (poll(s->wait, (nfds_t)s->n, s->open < s->n ? 10 : 1000) < 0 &&
		    errno != EINTR)
			return false;
		for (size_t i = 0; i < s->n; i++)
			step(s, i);
		if (turns != s->turns)
			since = time(NULL);
		turns = s->turns;
		if (time(NULL) - since > PATIENCE) {
			fprintf(stderr, "swarm: nothing moved for %d seconds\n",
				PATIENCE);
			return false;
		}
	}
	return s->failed == 0;
}

/* One descriptor for each client and a few more. */
static void want_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static size_t count(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	return *end == '\0' && n <= 100000000 ? n : 0;
}

int main(int argc, char **argv)
{
	static struct swarm s;
	bool good;

	if (argc == 4) {
		s.n = count(argv[2]);
		s.bytes = count(argv[3]);
	}
	if (s.n == 0 || !parse_address(&s, argv[1])) {
		fputs("usage: swarm tcp:ADDRESS:PORT|unix:PATH CLIENTS BYTES\n", stderr);
		return 2;
	}
	want_files();
	s.client = calloc(s.n, sizeof(*s.client));
	s.wait = calloc(s.n, sizeof(*s.wait));
	if (s.client == NULL || s.wait == NULL)
		return 1;
	for (size_t i = 0; i < s.n; i++) {
		s.wait[i].fd = -1;
		s.client[i].seed = (uint32_t)(i + 1) * 2246822519u;
	}
	good = run(&s);
	printf("%zu clients at once, %zu bytes each: %zu got their own bytes back, %zu did not\n",
	       s.n, s.bytes, s.over - s.failed, s.n - (s.over - s.failed));
	free(s.client);
	free(s.wait);
	return good ? 0 : 1;
}
