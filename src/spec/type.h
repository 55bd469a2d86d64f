/* What a row of the type table says: one address, layer or synonym.
 *
 * The table itself is src/types.def, read by src/table.c; this folder only
 * knows the shape, so unit tests can link a table of their own. */
#ifndef SOCKCAT_SPEC_TYPE_H
#define SOCKCAT_SPEC_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Groups of options: a type takes an option if it is in one of its groups.  Each has a
 * row in spec/groups.def as well. */
/* every transport: chdir, umask, setuid, netns ... */
#define G_ALL		(1ull << 0)
/* any address, by an inserted layer: crnl, readbytes ... */
#define G_STREAM	(1ull << 1)
#define G_FD		(1ull << 2)
#define G_NAMED		(1ull << 3)	/* has a file system entry */
#define G_OPEN		(1ull << 4)	/* open(2) flags */
#define G_REG		(1ull << 5)	/* regular files, block devices */
#define G_FIFO		(1ull << 6)
/* runs a program: pipes, pty, stderr, nofork ... */
#define G_PROGRAM	(1ull << 7)
#define G_EXEC		(1ull << 8)	/* exec only: login, path */
#define G_SHELL		(1ull << 9)
#define G_FORK		(1ull << 10)	/* fork, max-children */
#define G_LISTEN	(1ull << 11)
#define G_RANGE		(1ull << 12)
#define G_RETRY		(1ull << 13)
#define G_SOCKET	(1ull << 14)
#define G_UNIX		(1ull << 15)
/* IPv4 and resolver options; IPv6 types take them too */
#define G_IP		(1ull << 16)
#define G_IP6		(1ull << 17)
#define G_PORT		(1ull << 18)	/* sourceport, lowport */
#define G_TCP		(1ull << 19)
#define G_UDP		(1ull << 20)	/* sessions by peer: idle= */
#define G_SCTP		(1ull << 21)
#define G_DCCP		(1ull << 22)
#define G_UDPLITE	(1ull << 23)
#define G_TLS		(1ull << 24)
#define G_HTTP		(1ull << 25)	/* HTTP CONNECT proxy */
#define G_SOCKS		(1ull << 26)
#define G_PTY		(1ull << 27)
#define G_TERMIOS	(1ull << 28)
#define G_INTERFACE	(1ull << 29)
#define G_TUN		(1ull << 30)
#define G_MQ		(1ull << 31)
#define G_READLINE	(1ull << 32)
#define G_VSOCK		(1ull << 33)
#define G_TAP		(1ull << 34)	/* the tap layer's own */
#define G_WS		(1ull << 35)	/* WebSocket */
#define G_FRAME		(1ull << 36)	/* messages over a stream */
#define G_SHAPE		(1ull << 37)	/* faults on purpose */
#define G_PROXYHDR	(1ull << 38)	/* PROXY protocol */
#define G_RECORD	(1ull << 42)	/* the record layer's own */
#define G_REPLAY	(1ull << 43)	/* one side of a recording */
#define G_ALLOW		(1ull << 40)	/* what a proxy's clients may reach */
#define G_STARTTLS	(1ull << 39)	/* TLS that begins in plain text */
#define G_CAPTURE	(1ull << 41)	/* the capture layer's own */

struct opt_group {
	uint64_t bit;
	const char *socat;	/* its name in socat's help */
	const char *title;	/* of its options in ours */
};

/* The i-th row of spec/groups.def, NULL behind the last.  Defined in src/table.c. */
const struct opt_group *opt_group_row(size_t i);

/* What a type is. */
enum {
	TYPE_LAYER	= 1 << 0,	/* needs something below it */
	TYPE_LISTENS	= 1 << 1,	/* can serve sessions with fork */
	TYPE_MESSAGES	= 1 << 2,	/* one read is one message */
	TYPE_READS	= 1 << 3,	/* data comes from it */
	TYPE_WRITES	= 1 << 4,	/* data can be sent to it */
	TYPE_PROGRAM	= 1 << 5,	/* runs a program */
	/* the last argument takes all the rest, colons included */
	TYPE_REST	= 1 << 6,
	TYPE_HIDDEN	= 1 << 7,	/* inserted by options; not listed in help */
	/* a row whose code comes later: "not yet available" */
	TYPE_LATER	= 1 << 8,
	TYPE_NO_TLS	= 1 << 9,	/* exists, but this build has no OpenSSL */
	/* it speaks both ways before it is open, whatever directions the session uses */
	TYPE_HANDSHAKE	= 1 << 10,
	/* its prepare looks at the words alone: no file, no name, no descriptor */
	TYPE_WORDS	= 1 << 11,
	TYPE_BOTH	= TYPE_READS | TYPE_WRITES,
};

struct layer_ops;

struct type {
	const char *names;	/* "tcp-connect tcp": canonical first, then synonyms */
	const char *args;	/* "host:port", "" for none: shown in help */
	unsigned char min_args, max_args;
	unsigned flags;		/* TYPE_* */
	uint64_t groups;	/* G_*: options it takes */
	int family, socktype, protocol;	/* transports over sockets; else 0 */
	const struct layer_ops *ops;	/* ref; NULL for synonyms and later ones */
	/* synonym rows: the text it stands for, "tls+tcp:{1}:{2}"; {N} is argument N,
	 * {N|text} that or text, {name|text} the option's value or text, {/} the last
	 * argument from its first slash on, which is then no part of that */
	const char *alias;
	const char *help;	/* one sentence */
	/* NULL = in both; "socat" = only there (its meaning of a name differs) */
	const char *dialect;
};

/* Case-blind, synonyms too; NULL if there is none.  Defined in src/table.c. */
const struct type *type_find(const char *name, size_t len);

/* The same among synonym rows only: what a layer's name means when it stands
 * alone ("tls:host:port").  Of several rows, which stand in the order of their number
 * of arguments, the first that takes so many; the last if none does. */
const struct type *type_find_alias(const char *name, size_t len, unsigned nargs);

/* The i-th row, NULL behind the last. */
const struct type *type_row(size_t i);

/* True if the row (a layer or transport) has code in this build. */
bool type_available(const struct type *t);

#endif
