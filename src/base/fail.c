/* Failures, their words and their exit codes. */
#include "base/fail.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* ---- the exit codes ------------------------------------------------------------ */

enum {
	CODE_DONE = 0,
	CODE_OTHER = 1,
	CODE_USAGE = 2,
	CODE_RESOLVE = 6,
	CODE_CONNECT = 7,
	CODE_EARLY = 18,
	CODE_WRITE = 23,
	CODE_READ = 26,
	CODE_MEMORY = 27,
	CODE_TIMEOUT = 28,
	CODE_TLS = 35,
	CODE_BIND = 45,
	CODE_IDENTITY = 51,
	CODE_SEND = 55,
	CODE_RECEIVE = 56,
	CODE_KEY = 58,
	CODE_VERIFY = 60,
	CODE_CA = 77,
	CODE_PROXY = 97,
	CODE_NOT_RUNNABLE = 126,
	CODE_NOT_FOUND = 127,
	CODE_SIGNAL = 128,
};

static const struct {
	int code;
	const char *meaning;
} codes[] = {
	{ CODE_DONE, "done" },
	{ CODE_OTHER, "anything that has no code of its own" },
	{ CODE_USAGE, "the command line is wrong" },
	{ CODE_RESOLVE, "a name was not resolved" },
	{ CODE_CONNECT, "the connection was refused, or the host is unreachable" },
	{ CODE_EARLY, "the stream ended early: TLS without its goodbye, half a message" },
	{ CODE_WRITE, "cannot write to a local file or pipe" },
	{ CODE_READ, "cannot read from a local file or pipe" },
	{ CODE_MEMORY, "out of memory" },
	{ CODE_TIMEOUT, "timed out" },
	{ CODE_TLS, "the TLS handshake failed" },
	{ CODE_BIND, "cannot bind or listen" },
	{ CODE_IDENTITY, "the peer's certificate names somebody else" },
	{ CODE_SEND, "sending to the network failed" },
	{ CODE_RECEIVE, "receiving from the network failed, for example by a reset" },
	{ CODE_KEY, "the own certificate or key is unusable" },
	{ CODE_VERIFY, "the peer's certificate is not trusted" },
	{ CODE_CA, "a file of trusted certificates is unreadable" },
	{ CODE_PROXY, "a proxy or WebSocket server said no" },
	{ CODE_NOT_RUNNABLE, "a program is not runnable" },
	{ CODE_NOT_FOUND, "a program was not found" },
	{ CODE_SIGNAL, "and above: ended by signal number code - 128" },
};

/* Where causes is set, code is an errno (or EAI_*) and may say more than the
 * phase; elsewhere the same numbers mean other things. */
static const struct {
	const char *name;
	int code;
	bool causes;
} phases[PHASES] = {
	[PHASE_NONE] = { "done", CODE_DONE, false },
	[PHASE_INTERNAL] = { "internal", CODE_OTHER, true },
	[PHASE_USAGE] = { "usage", CODE_USAGE, false },
	[PHASE_CONFIG] = { "config", CODE_OTHER, true },
	[PHASE_KEY] = { "key", CODE_KEY, false },
	[PHASE_CA] = { "ca", CODE_CA, false },
	[PHASE_RESOLVE] = { "resolve", CODE_RESOLVE, true },
	[PHASE_BIND] = { "bind", CODE_BIND, true },
	[PHASE_CONNECT] = { "connect", CODE_CONNECT, true },
	[PHASE_PROXY] = { "proxy", CODE_PROXY, true },
	[PHASE_TLS] = { "tls", CODE_TLS, true },
	[PHASE_VERIFY] = { "verify", CODE_VERIFY, false },
	[PHASE_IDENTITY] = { "identity", CODE_IDENTITY, false },
	[PHASE_SEND] = { "send", CODE_SEND, true },
	[PHASE_RECEIVE] = { "receive", CODE_RECEIVE, true },
	[PHASE_EARLY] = { "early", CODE_EARLY, true },
	[PHASE_MATCH] = { "match", CODE_OTHER, false },
	[PHASE_WRITE] = { "write", CODE_WRITE, true },
	[PHASE_READ] = { "read", CODE_READ, true },
	[PHASE_CHILD] = { "child", CODE_OTHER, false },
	[PHASE_SIGNAL] = { "signal", CODE_SIGNAL, false },
};

static int by_cause(const struct fail *f)
{
	if (f->code == ETIMEDOUT)
		return CODE_TIMEOUT;
	if (f->phase == PHASE_RESOLVE)
		return f->code == EAI_MEMORY ? CODE_MEMORY : CODE_RESOLVE;
	return f->code == ENOMEM ? CODE_MEMORY : phases[f->phase].code;
}

static int own_code(int base, int code)
{
	code += base;
	return code > 0 && code <= 255 ? code : CODE_OTHER;
}

int fail_exit_code(const struct fail *f)
{
	switch (f->phase) {
	case PHASE_CHILD:
		return own_code(0, f->code);
	case PHASE_SIGNAL:
		return own_code(CODE_SIGNAL, f->code);
	default:
		return phases[f->phase].causes ? by_cause(f) : phases[f->phase].code;
	}
}

const char *fail_phase_name(enum phase p)
{
	return phases[p].name;
}

bool fail_code_row(size_t i, int *code, const char **meaning)
{
	if (i >= sizeof(codes) / sizeof(*codes))
		return false;
	*code = codes[i].code;
	*meaning = codes[i].meaning;
	return true;
}

/* ---- errno in words ------------------------------------------------------------ */

static const struct {
	int err;
	const char *text;
} words[] = {
	{ EACCES, "permission denied" },
	{ EPERM, "not permitted (this needs more privileges)" },
	{ ENOENT, "no such file or directory" },
	{ EEXIST, "it exists already" },
	{ EISDIR, "it is a directory" },
	{ ENOTDIR, "a part of the path is no directory" },
	{ ENAMETOOLONG, "the name is too long" },
	{ ELOOP, "too many symbolic links" },
	{ EROFS, "the file system is read-only" },
	{ ENOSPC, "no space left on the device" },
	{ EDQUOT, "the disk quota is used up" },
	{ EFBIG, "the file would get too large" },
	{ ETXTBSY, "it is a program that is running now" },
	{ ENOEXEC, "not in an executable format (a script needs a #! line)" },
	{ ENXIO, "nobody is at the other end" },
	{ ENODEV, "no such device" },
	{ EIO, "input/output error" },
	{ EBADF, "that descriptor is not open" },
	{ EINVAL, "the system finds the value invalid" },
	{ EBUSY, "in use by somebody else" },
	{ ENOMEM, "out of memory" },
	{ EMFILE, "too many open files (raise the limit with ulimit -n)" },
	{ ENFILE, "too many open files in the whole system" },
	{ EAGAIN, "not possible right now" },
	{ EPIPE, "the reader is gone" },
	{ ECONNREFUSED, "connection refused (nothing listens there)" },
	{ ECONNRESET, "connection reset by the peer" },
	{ ECONNABORTED, "connection aborted before it was accepted" },
	{ ETIMEDOUT, "timed out (host down, or a firewall drops the packets)" },
	{ EHOSTUNREACH, "host unreachable (no route, or it is down)" },
	{ ENETUNREACH, "network unreachable (no route to it)" },
	{ ENETDOWN, "the network is down" },
	{ EADDRINUSE, "address already in use (another program has it)" },
	{ EADDRNOTAVAIL, "this machine has no such address" },
	{ EAFNOSUPPORT, "this system does not support that address family" },
	{ EPROTONOSUPPORT, "this system does not support that protocol" },
	{ EPROTOTYPE, "the other end is a socket of another type" },
	{ ENOPROTOOPT, "this system does not have that option here" },
	{ EOPNOTSUPP, "not possible with this kind of socket" },
	{ ENOTSOCK, "it is no socket" },
	{ EMSGSIZE, "the message is too long" },
	{ EDESTADDRREQ, "no destination is set" },
	{ EISCONN, "already connected" },
	{ ENOTCONN, "not connected" },
	{ ENOTTY, "it is no terminal" },
	{ ESPIPE, "it cannot be positioned (a pipe, socket or terminal)" },
	{ ENOSYS, "this system cannot do that" },
};

const char *fail_errno_text(int err)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].err == err)
			return words[i].text;
	return strerror(err);
}

/* ---- filling a record ------------------------------------------------------------ */

/* The sentence, cut so that tail bytes still fit behind it. */
static size_t put_sentence(struct fail *f, size_t tail, const char *fmt, va_list args)
{
	size_t room = sizeof(f->text) - 1 - tail;
	int len = vsnprintf(f->text, sizeof(f->text), fmt, args);

	if (len >= 0 && (size_t)len <= room)
		return (size_t)len;
	room = text_cut(f->text, room - 3);
	memcpy(f->text + room, "...", 4);
	return room + 3;
}

struct fail *fail_record(struct fail **at)
{
	if (at && !*at)
		*at = mem_new(1, sizeof(**at));
	return at ? *at : NULL;
}

static bool is_first(struct fail *f, enum phase p, int code)
{
	if (!f || f->phase != PHASE_NONE)
		return false;
	f->phase = p;
	f->code = code;
	return true;
}

enum io fail_sys(struct fail *f, enum phase p, const char *fmt, ...)
{
	int err = errno;
	const char *cause = fail_errno_text(err);
	size_t used, tail = strlen(cause) + 2;
	va_list args;

	if (!is_first(f, p, err))
		return IO_FAIL;
	va_start(args, fmt);
	used = put_sentence(f, tail, fmt, args);
	va_end(args);
	snprintf(f->text + used, sizeof(f->text) - used, ": %s", cause);
	return IO_FAIL;
}

enum io fail_say(struct fail *f, enum phase p, int code, const char *fmt, ...)
{
	va_list args;

	if (!is_first(f, p, code))
		return IO_FAIL;
	va_start(args, fmt);
	put_sentence(f, 0, fmt, args);
	va_end(args);
	return IO_FAIL;
}

enum io fail_at(struct fail *f, const char *input, size_t at, size_t len, const char *fmt,
		...)
{
	va_list args;

	if (!is_first(f, PHASE_USAGE, 0))
		return IO_FAIL;
	f->input = input;
	f->at = at;
	f->len = len;
	va_start(args, fmt);
	put_sentence(f, 0, fmt, args);
	va_end(args);
	return IO_FAIL;
}

enum io fail_memory(struct fail *f)
{
	if (is_first(f, PHASE_INTERNAL, ENOMEM))
		memcpy(f->text, "out of memory", sizeof("out of memory"));
	return IO_FAIL;
}
