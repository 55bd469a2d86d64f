/* What went wrong, in which phase of a session's life, and the exit code that
 * tells a script.
 *
 * A record is filled by whoever notices and printed by whoever ends: the
 * session, the server or main.  The first failure stays; what comes later is a
 * consequence of it and is dropped. */
#ifndef SOCKCAT_BASE_FAIL_H
#define SOCKCAT_BASE_FAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/io.h"

/* In the order of events.  Each has one exit code, see base/fail.c; the causes
 * ETIMEDOUT (28) and ENOMEM (27) come before the phase's own. */
enum phase {
	PHASE_NONE,		/* nothing failed */
	PHASE_INTERNAL,		/* memory, a bug */
	PHASE_USAGE,		/* 2: the command line */
	PHASE_CONFIG,		/* 1: a privilege, a lock, a setting the system refused */
	PHASE_KEY,		/* 58: own certificate or key unusable */
	PHASE_CA,		/* 77: CA file unreadable */
	PHASE_RESOLVE,		/* 6: a name */
	PHASE_BIND,		/* 45: socket, bind, listen */
	PHASE_CONNECT,		/* 7: connect, accept */
	PHASE_PROXY,		/* 97: a proxy or WebSocket server said no */
	PHASE_TLS,		/* 35: the handshake */
	PHASE_VERIFY,		/* 60: the peer's certificate is not trusted */
	PHASE_IDENTITY,		/* 51: it names somebody else */
	PHASE_SEND,		/* 55: writing to the network */
	PHASE_RECEIVE,		/* 56: reading from the network */
	PHASE_EARLY,		/* 18: the stream ended in the middle */
	PHASE_MATCH,		/* 1: what came is not what was recorded */
	PHASE_WRITE,		/* 23: opening for, or writing to, a local file or pipe */
	/* 26: opening for, or reading from, a local file or pipe */
	PHASE_READ,
	PHASE_CHILD,		/* the child's own: its status, 126, 127, 128+n */
	PHASE_SIGNAL,		/* 128+n: ended by a signal, code is its number */
	PHASES
};

enum { FAIL_TEXT = 256 };

struct fail {
	enum phase phase;
	/* errno, EAI_, library code, child status, signal number */
	int code;
	/* ref: PHASE_USAGE: the word of the command line, or NULL */
	const char *input;
	size_t at, len;		/* the offending piece of it, in bytes */
	char text[FAIL_TEXT];	/* a sentence that names what the user typed */
};

/* The record that *at points to, made when it is first asked for: most need none.  Its
 * owner frees it (mem_free).  NULL without memory, or where nobody keeps one. */
struct fail *fail_record(struct fail **at);

/* Record a failure unless there is one already, or f is NULL.  All three return IO_FAIL,
 * so that a step can say: return fail_sys(...); */

/* The cause is errno, whose text is appended, with what it usually means
 * ("connection refused: nothing listens there"). */
enum io fail_sys(struct fail *f, enum phase p, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The sentence tells all; code goes with it for tests and for the exit code. */
enum io fail_say(struct fail *f, enum phase p, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A piece of the command line is wrong: a caret will point at input[at .. at+len). */
enum io fail_at(struct fail *f, const char *input, size_t at, size_t len,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Out of memory; formats nothing. */
enum io fail_memory(struct fail *f);

/* 0 to 255; 0 exactly when nothing failed. */
int fail_exit_code(const struct fail *f);

/* A word for the phase: "connect", "verify". */
const char *fail_phase_name(enum phase p);

/* One row of the table that --help exit-codes and the manual print.
 * Returns false behind the last; i counts from 0. */
bool fail_code_row(size_t i, int *code, const char **meaning);

/* errno's text in sockcat's words: what it is and, for the common ones, what it
 * usually means.  Never a bare number.  Static or constant storage. */
const char *fail_errno_text(int err);

#endif
