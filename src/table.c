/* The tables as arrays, and finding rows by name.
 *
 * The only file that knows every type there is. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "endpoint/layer.h"
#include "spec/constants.h"
#include "spec/option.h"
#include "spec/type.h"

/* ---- types ------------------------------------------------------------------- */

#define TLS(ops) ops
#define ADDR(o, ...) extern const struct layer_ops o;
#define LAYER(o, ...) extern const struct layer_ops o;
#define ALIAS(...)
#define LATER(...)
#include "types.def"
#undef TLS
#undef ADDR
#undef LAYER
#undef ALIAS
#undef LATER

#ifdef HAVE_OPENSSL
#define NEEDS_TLS 0
#define TLS(ops) ops
#else
#define NEEDS_TLS TYPE_NO_TLS
#define TLS(ops) *(const struct layer_ops *)NULL	/* so that &TLS(x) is NULL */
#endif

/* What several rows share. */
#define ANY (G_ALL | G_STREAM | G_FD)
#define SOCKETS (ANY | G_SOCKET)
#define CLIENT (SOCKETS | G_RETRY | G_FORK)
#define SERVER (SOCKETS | G_RETRY | G_FORK | G_LISTEN | G_RANGE)
#define IP_ANY (G_IP | G_IP6)
#define IP_4 G_IP
#define IP_6 (G_IP | G_IP6)
#define TCP_CLIENT (CLIENT | G_PORT | G_TCP)
#define TCP_SERVER (SERVER | G_PORT | G_TCP)
#define PROXY (SOCKETS | G_PORT | G_TCP | IP_ANY | G_ALLOW)
#define UDP_ANY (SOCKETS | G_PORT | G_UDP)
#define UDP_SERVER (UDP_ANY | G_FORK | G_RANGE)
#define UNIX_ANY (SOCKETS | G_UNIX | G_RETRY)
#define UNIX_SERVER (UNIX_ANY | G_FORK)
#define INHERITED (SOCKETS | G_FIFO | G_REG | G_TERMIOS | G_UNIX | IP_ANY | G_TCP)
#define ACCEPTING (INHERITED | G_FORK | G_LISTEN | G_RANGE | G_PORT)
#define FILES (ANY | G_NAMED | G_OPEN | G_REG | G_FIFO | G_TERMIOS)
#define PROGRAM (ANY | G_PROGRAM | G_SOCKET | G_UNIX | G_FIFO | G_TERMIOS | G_PTY)
#define LISTENER (TYPE_LISTENS | TYPE_BOTH)

#define ADDR(o, n, a, low, high, fl, g, fam, type, proto, h)                           \
	{ .names = n, .args = a, .min_args = low, .max_args = high, .flags = fl,       \
	  .groups = g, .family = fam, .socktype = type, .protocol = proto, .ops = &o,  \
	  .help = h },
#define LAYER(o, n, a, low, high, fl, g, h)                                            \
	{ .names = n, .args = a, .min_args = low, .max_args = high,                    \
	  .flags = (fl) | TYPE_LAYER, .groups = g, .ops = &o, .help = h },
#define ALIAS(n, a, low, high, text, h)                                                \
	{ .names = n, .args = a, .min_args = low, .max_args = high, .alias = text,     \
	  .help = h },
#define LATER(n, a, low, high, fl, g, h)                                               \
	{ .names = n, .args = a, .min_args = low, .max_args = high,                    \
	  .flags = (fl) | TYPE_LATER, .groups = g, .help = h },

static const struct type types[] = {
#include "types.def"
};

enum { TYPES = sizeof(types) / sizeof(*types) };

const struct type *type_row(size_t i)
{
	return i < TYPES ? &types[i] : NULL;
}

const struct type *type_find(const char *name, size_t len)
{
	for (size_t i = 0; i < TYPES; i++)
		if (text_in_list(name, len, types[i].names) >= 0)
			return &types[i];
	return NULL;
}

const struct type *type_find_alias(const char *name, size_t len, unsigned nargs)
{
	const struct type *last = NULL;

	for (size_t i = 0; i < TYPES; i++) {
		if (!types[i].alias || text_in_list(name, len, types[i].names) < 0)
			continue;
		last = &types[i];
		if (nargs <= last->max_args)
			break;
	}
	return last;
}

/* A synonym has code if all that it stands for has. */
static bool alias_available(const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "+:,");
		const struct type *t = type_find(text, n);

		if (!t || !type_available(t))
			return false;
		if (text[n] != '+')
			return true;
		text += n + 1;
	}
}

bool type_available(const struct type *t)
{
	if (t->alias)
		return alias_available(t->alias);
	return t->ops && !(t->flags & (TYPE_LATER | TYPE_NO_TLS));
}

/* ---- groups of options ------------------------------------------------------- */

#define GROUP(name, word, heading) { G_##name, word, heading },

static const struct opt_group groups[] = {
#include "spec/groups.def"
};

const struct opt_group *opt_group_row(size_t i)
{
	return i < sizeof(groups) / sizeof(*groups) ? &groups[i] : NULL;
}

/* ---- options ----------------------------------------------------------------- */

/* Actions, as options.def writes them: how, and up to three numbers. */
#define ASKED { .how = HOW_ASKED }
#define IGNORED { .how = HOW_IGNORED }
#define LATER_ON { .how = HOW_LATER }
#define REFUSED(why) { .how = HOW_REFUSED, .layer = why }
#define INSERT(name) { .how = HOW_INSERT, .layer = name }
#define INSERT_WAYS(name) { .how = HOW_INSERT, .layer = name, .ways = true }
#define AROUND(name, over) { .how = HOW_AROUND, .layer = name, .above = over }
#define SOCKOPT(level, name) { .how = HOW_SOCKOPT, .a = level, .b = name }
#define SOCKOPT_TWIN(level, name, name6) \
	{ .how = HOW_SOCKOPT, .a = level, .b = name, .c = name6 }
#define SOCKOPT_BYTE(level, name) { .how = HOW_SOCKOPT_BYTE, .a = level, .b = name }
#define SOCKOPT_BYTE_TWIN(level, name, name6) \
	{ .how = HOW_SOCKOPT_BYTE, .a = level, .b = name, .c = name6 }
#define SOCKOPT_BYTES(level, name) { .how = HOW_SOCKOPT_BYTES, .a = level, .b = name }
#define SOCKOPT_TIME(level, name) { .how = HOW_SOCKOPT_TIME, .a = level, .b = name }
#define SOCKOPT_TEXT(level, name) { .how = HOW_SOCKOPT_TEXT, .a = level, .b = name }
#define SOCKOPT_LINGER(level, name) { .how = HOW_SOCKOPT_LINGER, .a = level, .b = name }
#define SOCKOPT_ADDR(level, name) { .how = HOW_SOCKOPT_ADDR, .a = level, .b = name }
#define SOCKOPT_READ(level, name) { .how = HOW_SOCKOPT_READ, .a = level, .b = name }
#define USER_INT { .how = HOW_SOCKOPT_USER_INT }
#define USER_BYTES { .how = HOW_SOCKOPT_USER_BYTES }
#define USER_TEXT { .how = HOW_SOCKOPT_USER_TEXT }
#define MEMBERSHIP(name) { .how = HOW_MEMBERSHIP, .a = IPPROTO_IP, .b = name }
#define MEMBERSHIP6(name) { .how = HOW_MEMBERSHIP6, .a = IPPROTO_IPV6, .b = name }
#define SOURCE_MEMBERSHIP(name) \
	{ .how = HOW_SOURCE_MEMBERSHIP, .a = IPPROTO_IP, .b = name }
#define SOURCE_MEMBERSHIP6(name) \
	{ .how = HOW_SOURCE_MEMBERSHIP6, .a = IPPROTO_IPV6, .b = name }
#define FILE_FLAG(bit) { .how = HOW_FCNTL_FLAG, .a = bit }
#define FD_FLAG(bit) { .how = HOW_FCNTL_FD, .a = bit }
#define LOCK(command, kind) { .how = HOW_FCNTL_LOCK, .a = command, .b = kind }
#define FCNTL_INT(command) { .how = HOW_FCNTL_INT, .a = command }
#define FLOCK(kind) { .how = HOW_FLOCK, .a = kind }
#define IOCTL(form) { .how = HOW_IOCTL_##form }
#define IOCTL_SET(request) { .how = HOW_IOCTL_SET, .a = (long)(request) }
#define FSFLAG(bit) { .how = HOW_FSFLAG, .a = bit }
#define OPENFLAG(bit) { .how = HOW_OPENFLAG, .a = bit }
#define ACCMODE(mode) { .how = HOW_ACCMODE, .a = mode }
#define RESOLVE(bit) { .how = HOW_RESOLVE, .a = bit }
#define SEEK(whence) { .how = HOW_SEEK, .a = whence }
#define TRUNCATE { .how = HOW_TRUNCATE }
#define CHMOD { .how = HOW_CHMOD }
#define CHOWN { .how = HOW_CHOWN }
#define CHGRP { .how = HOW_CHGRP }
#define IFLAG(bit) { .how = HOW_TERMIOS_FLAG, .a = 0, .b = bit }
#define OFLAG(bit) { .how = HOW_TERMIOS_FLAG, .a = 1, .b = bit }
#define CFLAG(bit) { .how = HOW_TERMIOS_FLAG, .a = 2, .b = bit }
#define LFLAG(bit) { .how = HOW_TERMIOS_FLAG, .a = 3, .b = bit }
#define OPATTERN(mask, bits) \
	{ .how = HOW_TERMIOS_PATTERN, .a = 1, .b = mask, .c = bits }
#define CPATTERN(mask, bits) \
	{ .how = HOW_TERMIOS_PATTERN, .a = 2, .b = mask, .c = bits }
#define OVALUE(mask) { .how = HOW_TERMIOS_VALUE, .a = 1, .b = mask }
#define CVALUE(mask) { .how = HOW_TERMIOS_VALUE, .a = 2, .b = mask }
#define CHAR(index) { .how = HOW_TERMIOS_CHAR, .a = index }
#define SPEED(code) { .how = HOW_TERMIOS_SPEED, .a = code }
#define ISPEED { .how = HOW_TERMIOS_ISPEED }
#define OSPEED { .how = HOW_TERMIOS_OSPEED }
#define TERMINAL(mode) { .how = HOW_TERMIOS_MODE, .a = mode }
#define SETFLAGS { .how = HOW_TERMIOS_SETFLAGS }
#define WINSIZE { .how = HOW_WINSIZE }
#define CTTY { .how = HOW_CTTY }

#define OPT(i, n, groups, when, kind, action, h)                                       \
	{ .id = OPT_##i, .names = n, .owners = groups, .phase = when, .value = kind,   \
	  .act = action, .help = h },

static const struct opt options[] = {
#include "spec/options.def"
};

enum { OPTIONS = sizeof(options) / sizeof(*options) };

_Static_assert(OPTIONS == OPT_COUNT - 1, "rows and ids are one to one");

const struct opt *opt_row(size_t i)
{
	return i < OPTIONS ? &options[i] : NULL;
}

const struct opt *opt_by_id(unsigned id)
{
	return id > OPT_NONE && id < OPT_COUNT ? &options[id - 1] : NULL;
}

const struct opt *opt_find(const char *name, size_t len)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (text_in_list(name, len, options[i].names) >= 0)
			return &options[i];
	return NULL;
}

bool opt_available(const struct opt *o)
{
	if (o->act.how == HOW_LATER || o->act.how == HOW_REFUSED)
		return false;
	return o->act.a != ABSENT && o->act.b != ABSENT && o->act.c != ABSENT;
}
