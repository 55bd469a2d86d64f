/* Events: what happens in the life of a run, told at the moment it happens to whoever
 * asked to hear it (a log of events, readiness, a probe).
 *
 * Like the log this is the process's own; while nobody listens, telling costs one
 * comparison.  Nothing here is kept: a listener copies what it needs. */
#ifndef SOCKCAT_BASE_EVENT_H
#define SOCKCAT_BASE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/name.h"

enum event_kind {
	EVENT_START,		/* the command line is understood, nothing is open yet */
	EVENT_LISTEN,		/* an address can be reached; one per listening address */
	EVENT_READY,		/* all that listens does; else: the relay starts */
	EVENT_ACCEPT,		/* a client has come: its transport is open */
	EVENT_RESOLVE,		/* a name has been looked up */
	EVENT_CONNECT,		/* a connection of ours has been made */
	EVENT_OPEN,		/* a file, program, terminal or other layer is open */
	EVENT_PROXY,		/* a proxy has led us on, or has told who the client is */
	EVENT_TLS,		/* a TLS or DTLS handshake is complete */
	EVENT_EOF,		/* one direction of a session is complete */
	EVENT_ERROR,		/* something failed; a session's comes before its close */
	EVENT_CLOSE,		/* a session is over */
	EVENT_WORKER,		/* a worker has been started, or has ended: see reason */
	EVENT_DRAIN,		/* no new sessions; those alive may finish */
	EVENT_EXIT,		/* the end of the process */
	EVENTS
};

/* What a side of a session spent its opening on; SPAN_OPEN: on what EVENT_OPEN tells. */
enum span { SPAN_RESOLVE, SPAN_CONNECT, SPAN_PROXY, SPAN_TLS, SPAN_OPEN, SPANS };

/* What the kernel says of a TCP connection; known = false: nothing. */
struct tcp_state {
	bool known;
	uint32_t rtt, rttvar;	/* microseconds, smoothed (RFC 6298) */
	uint32_t retransmits;	/* segments sent again */
};

/* One side of a session: what became of it, for EVENT_CLOSE; its address alone, for
 * EVENT_START. */
struct event_side {
	const char *address;	/* ref: as typed, secrets hidden */
	int protocol;		/* IPPROTO_*; 0 = not known */
	struct name local, peer;	/* len 0 = no socket */
	uint64_t bytes, blocks;	/* read from it, and how often */
	uint32_t span[SPANS];	/* microseconds; 0 = none */
	struct tcp_state tcp;
};

/* All pointers are ref, valid during the call only; NULL and 0 where it says nothing. */
struct event {
	enum event_kind kind;
	unsigned session;	/* counts from 1; 0 = of none */
	int side;		/* 0 = first address, 1 = second; -1 = neither */
	const char *address;	/* as typed, secrets hidden */
	const char *layer;	/* which member of its stack: "tcp-listen", "tls" */
	const struct name *local, *peer;	/* NULL or len 0: no socket, no name */
	int protocol;		/* theirs: IPPROTO_*; 0 = not known */
	const char *text;	/* the file, the terminal, the host looked up */
	char *const *detail;	/* "NAME=value": what programs get to know */
	size_t ndetail;		/* so many */
	uint64_t usec;		/* how long it took; of a session: how long it lived */
	uint64_t bytes;		/* EVENT_EOF: so many came */
	const struct event_side *ends;	/* EVENT_START, EVENT_CLOSE: both */
	/* EVENT_CLOSE: "eof", "idle", ...; or what failed.  EVENT_WORKER: "started",
	 * "ended", "killed" */
	const char *reason;
	const struct fail *fail;	/* EVENT_ERROR; EVENT_CLOSE, if it failed */
	/* EVENT_ERROR: so many tries have failed, and there will be another; 0 = none */
	unsigned tries;
	unsigned worker;	/* EVENT_WORKER: which one, counted from 1 */
	long worker_pid;	/* its process */
	/* EVENT_EXIT, EVENT_WORKER: the status; EVENT_ERROR, EVENT_CLOSE: what it would
	 * be for this alone; EVENT_DRAIN: sessions alive */
	int code;
};

/* Who hears events; lives inside its owner. */
struct event_sink {
	void (*hear)(void *self, const struct event *e);
	void *self;		/* ref */
	struct event_sink *next;	/* the list's */
};

/* In the order in which they were added.  A sink may be removed while it hears. */
void event_add(struct event_sink *s);
void event_remove(struct event_sink *s);

/* Does anybody listen?  Spares gathering what nobody hears. */
bool event_wanted(void);

void event_tell(const struct event *e);

/* "listen", "tls": stable, users' scripts read them.  Likewise "resolve", "proxy". */
const char *event_name(enum event_kind k);
const char *span_name(enum span s);

#endif
