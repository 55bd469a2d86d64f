/* The load: it drives a relay from outside and checks what comes out of it.
 *
 * One thread, one epoll loop, Linux only.  Every byte that arrives is compared with the
 * one that was to arrive.  Each command prints lines of JSON on standard output; exit
 * code 0 means that everything came, unharmed.  An address is tcp:HOST:PORT,
 * tls:HOST:PORT, udp:HOST:PORT (numeric IPv4) or unix:PATH. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

enum {
	CHUNK = 256 << 10,	/* the most that is read or written at once */
	DATAGRAMS = 64,		/* the most in one system call */
	DATAGRAM_MAX = 2048,
	MESSAGE_MAX = 65536,
	PIPE_SIZE = 1 << 20,
};

/* What the command line asks for; read-only once main has read it. */
struct options {
	const char *to;		/* where clients go to */
	const char *cert, *key; /* of TLS servers, PEM */
	const char *input;	/* what a spawned command gets, NULL: nothing */
	uint64_t bytes, rate;	/* rate: datagrams each second */
	uint64_t count;		/* round trips or runs; 0: as many as fit in secs */
	double secs, timeout;
	unsigned conns, size, window, sources;
};

extern struct options opt;

/* --- main.c ----------------------------------------------------------------------- */

/* Ends the program with code 2. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

void *zalloc(size_t size);

/* A number of at most max, or die. */
uint64_t number(const char *text, uint64_t max);

/* Nanoseconds of the clock that is never set. */
uint64_t now(void);

double seconds_since(uint64_t start);

/* opt.timeout has passed since then. */
bool overdue(uint64_t start);

/* --- payload.c -------------------------------------------------------------------- */

/* What begins a stream to a sink, before its length. */
extern const uint64_t magic;

void payload_make(void);

/* The bytes that belong at this offset of every stream; CHUNK of them can be read. */
const char *payload_at(uint64_t offset);

bool payload_is(uint64_t offset, const char *p, size_t n);

/* Notes a time in nanoseconds; samples_print prints percentiles as members of JSON, in
 * microseconds, each followed by a comma. */
void samples_add(uint64_t ns);
void samples_print(void);

/* --- conn.c ----------------------------------------------------------------------- */

struct addr {
	bool tls, udp;
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_un un;
	} u;
};

struct addr addr_parse(const char *text);

/* A listening (or, for datagrams, bound) socket; port 0 is replaced in *a. */
int addr_listen(struct addr *a);

/* Begins to connect; -1 if refused at once.  The nth connection decides which of
 * opt.sources loopback addresses it comes from, so that ports do not run out. */
int addr_dial(const struct addr *a, uint64_t nth);

/* TCP_NODELAY, large datagram buffers. */
void addr_tune(int fd, const struct addr *a);

/* The first member of whatever the loop watches. */
struct conn {
	int fd;
	uint32_t events;	/* that are watched */
	uint32_t block;		/* that would end the last CONN_WAIT */
	void (*ready)(struct conn *c);
	void *tls;		/* own, NULL: none */
	struct conn *next;	/* own: those that the end of the turn frees */
};

/* In place of a count of bytes. */
enum { CONN_WAIT = -1, CONN_FAIL = -2 };

/* size bytes, of which the first are the conn. */
void *conn_new(size_t size, int fd, void (*ready)(struct conn *c));

void conn_watch(struct conn *c, uint32_t events);

/* Bytes moved, 0 at the end of a stream, CONN_WAIT (watch c->block) or CONN_FAIL. */
ssize_t conn_read(struct conn *c, void *p, size_t n);
ssize_t conn_write(struct conn *c, const void *p, size_t n);

/* No more is written. */
void conn_shut(struct conn *c);

/* Closes now; the memory goes at the end of the turn. */
void conn_close(struct conn *c);

/* Waits, at most so many milliseconds (-1: for ever), and calls what is ready. */
void loop_turn(int ms);

/* Up to DATAGRAMS of them at once. */
struct batch {
	struct mmsghdr message[DATAGRAMS];
	struct iovec piece[DATAGRAMS];
	struct sockaddr_in from[DATAGRAMS];
	char bytes[DATAGRAMS][DATAGRAM_MAX];
};

extern struct batch batch;

/* How many came; 0 or less if none. */
int batch_read(int fd);

/* Sends the first n, each of its own length; from: to whom they came from. */
void batch_write(int fd, int n, bool answer);

/* --- tls.c, or notls.c without OpenSSL --------------------------------------------- */

/* The handshake happens within the first reads and writes. */
void tls_start(struct conn *c, bool server);
ssize_t tls_read(struct conn *c, void *p, size_t n);
ssize_t tls_write(struct conn *c, const void *p, size_t n);
void tls_shut(struct conn *c);
void tls_free(struct conn *c);

/* --- the commands ------------------------------------------------------------------ */

/* serve ROLE@ADDR...; ROLE is sink, echo or source=BYTES.  Prints the real addresses,
 * then counters for each line on standard input: "zero" sets them back. */
int serve(char **specs);

/* Sends opt.bytes over opt.conns connections; the sink says whether they came. */
int bulk(void);

/* Round trips on open connections; connections of one round trip each; connections that
 * are held after their first one. */
int pingpong(void);
int connrate(void);
int idle(void);

/* Datagram round trips, opt.window under way on each flow; one way at opt.rate. */
int udpping(void);
int udpblast(void);

/* To standard output what a sink takes; from standard input what a source sends. */
int generate(void);
int check(void);

/* Runs a command opt.count times. */
int spawn(char **argv);

#endif
