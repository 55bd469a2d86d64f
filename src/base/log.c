/* Log lines: made, escaped, and brought to standard error, a file or syslog. */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/outlet.h"
#include "base/platform.h"
#include "base/text.h"

enum {
	TEXT_MAX = 1024,		/* of one line, before escaping */
	ESCAPED_MAX = 4 * TEXT_MAX + 1, /* a byte becomes four at most */
	STAMP_MAX = 128,
	CARET_BEFORE = 60, /* what a caret line shows of the input */
	CARET_SHOWN = 160,
};

static struct {
	struct log_setup setup;
	struct outlet file; /* own: LOG_TO_FILE */
	bool syslog; /* lines go there now */
	void (*clear)(void *owner); /* of who shares standard error; or NULL */
	void *owner; /* ref */
} out = {
	.setup = { .level = LEVEL_WARNING, .program = "sockcat" },
	.file = { .fd = -1 },
};

/* The first of what is missing beside the data. */
static struct fail loss;

/* Standard error, for others as well. */
static struct {
	bool known;	   /* whether it has a reader */
	struct outlet out;
	bool beside;	   /* standard output carries data */
} err = {
	.out = { .fd = STDERR_FILENO },
};

/* ---- setting up ------------------------------------------------------------ */

/* The facility's number, -1 if there is none of that name. */
static int facility_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} rows[] = {
		{ "auth", LOG_AUTH },	  { "authpriv", LOG_AUTHPRIV },
		{ "cron", LOG_CRON },	  { "daemon", LOG_DAEMON },
		{ "ftp", LOG_FTP },	  { "kern", LOG_KERN },
		{ "lpr", LOG_LPR },	  { "mail", LOG_MAIL },
		{ "news", LOG_NEWS },	  { "user", LOG_USER },
		{ "uucp", LOG_UUCP },	  { "security", LOG_AUTH },
		{ "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
		{ "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
		{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
		{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
	};

	if (!name)
		return LOG_DAEMON;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (text_same(name, strlen(name), rows[i].name))
			return rows[i].number;
	return -1;
}

static void write_line(enum level level, const char *text);

static void tell_missing_in_file(void *owner, const char *text)
{
	(void)owner;
	write_line(LEVEL_WARNING, text);
}

static bool open_file(const struct log_setup *s)
{
	const int fd = open(s->path,
			    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);

	if (fd < 0)
		return false;
	outlet_close(&out.file);
	if (!outlet_open(&out.file, fd, "the log", s->path))
		return false;
	out.file.spool.patient |= s->patient;
	out.file.spool.tell = tell_missing_in_file;
	return true;
}

bool log_start(const struct log_setup *setup)
{
	int facility = facility_number(setup->facility);

	if (facility < 0) {
		errno = EINVAL;
		return false;
	}
	if (setup->target != LOG_TO_FILE)
		outlet_close(&out.file);
	else if (!open_file(setup))
		return false;
	out.setup = *setup;
	if (!out.setup.program)
		out.setup.program = "sockcat";
	out.syslog = setup->target == LOG_TO_SYSLOG;
	if (out.syslog || setup->target == LOG_TO_BOTH)
		openlog(out.setup.program, LOG_PID, facility);
	return true;
}

void log_share(void (*clear)(void *owner), void *owner)
{
	out.clear = clear;
	out.owner = owner;
}

void log_make_room(void)
{
	if (out.clear)
		out.clear(out.owner);
}

/* ---- standard error ------------------------------------------------------------ */

/* The same pipe for data and log: whoever reads it slowly holds up both, in order. */
static bool is_output(void)
{
	struct stat one, two;

	return fstat(STDOUT_FILENO, &one) == 0 && fstat(STDERR_FILENO, &two) == 0 &&
	       one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* In the format of all that is there. */
static void tell_missing(void *owner, const char *text)
{
	(void)owner;
	out.setup.hear(out.setup.self, LEVEL_WARNING, text);
}

static void look_at_reader(struct spool *s)
{
	err.known = true;
	if (!spool_has_reader(STDERR_FILENO) ||
	    !spool_share(s, STDERR_FILENO, "standard error"))
		return;
	s->patient = out.setup.patient || isatty(STDERR_FILENO) ||
		     (err.beside && is_output());
	if (out.setup.target == LOG_TO_HEARER)
		s->tell = tell_missing;
}

bool log_write(const void *text, size_t len)
{
	if (!err.known)
		look_at_reader(&err.out.spool);
	return outlet_write(&err.out, text, len);
}

void log_beside_data(void)
{
	err.beside = true;
	err.out.spool.patient |= is_output();
}

void log_lost(const struct fail *why)
{
	if (loss.phase == PHASE_NONE)
		loss = *why;
}

const struct fail *log_loss(void)
{
	return &loss;
}

void log_daemonised(void)
{
	out.syslog |= out.setup.target == LOG_TO_BOTH;
}

const char *log_program(void)
{
	return out.setup.program;
}

bool log_is_socat(void)
{
	return out.setup.socat;
}

bool log_wants(enum level level)
{
	return level <= out.setup.level;
}

/* ---- one line ------------------------------------------------------------ */

static const char *host_name(struct utsname *u)
{
	const char *host = getenv("HOSTNAME");

	if (host)
		return host;
	return uname(u) == 0 ? u->nodename : "unknown";
}

/* "2026/11/22 10:00:00.123456 host " as far as asked for. */
static void put_stamp(char *to, size_t cap)
{
	struct timeval now;
	struct tm local = { 0 };
	struct utsname u;
	size_t n;

	gettimeofday(&now, NULL);
	localtime_r(&now.tv_sec, &local);
	n = strftime(to, cap, "%Y/%m/%d %H:%M:%S", &local);
	if (out.setup.micros)
		n += (size_t)snprintf(to + n, cap - n, ".%06ld", (long)now.tv_usec);
	snprintf(to + n, cap - n, "%s%s ", out.setup.host ? " " : "",
		 out.setup.host ? host_name(&u) : "");
}

/* A file is read later and elsewhere: it gets the time and place that a person at
 * the terminal knows. */
static bool wants_stamp(void)
{
	return out.setup.socat || out.setup.micros || out.setup.host ||
	       out.setup.target == LOG_TO_FILE;
}

static const char *own_prefix(enum level level)
{
	switch (level) {
	case LEVEL_ERROR:
		return "error: ";
	case LEVEL_WARNING:
		return "warning: ";
	default:
		return "";
	}
}

/* In one piece, so that lines of several processes do not mix.
 * Nobody is left to tell if this fails. */
static void write_out(const char *line, size_t len)
{
	if (out.file.fd >= 0) {
		(void)outlet_write(&out.file, line, len);
		return;
	}
	log_make_room();
	(void)log_write(line, len);
}

static void write_line(enum level level, const char *text)
{
	static const char letters[] = "EWNID";
	char line[STAMP_MAX + 64 + ESCAPED_MAX], stamp[STAMP_MAX] = "";
	int n;

	if (wants_stamp())
		put_stamp(stamp, sizeof(stamp));
	if (out.setup.socat)
		n = snprintf(line, sizeof(line), "%s%.40s[%ld] %c %s\n", stamp,
			     out.setup.program, (long)getpid(), letters[level], text);
	else
		n = snprintf(line, sizeof(line), "%s%.40s: %s%s\n", stamp,
			     out.setup.program, own_prefix(level), text);
	if (n > 0)
		write_out(line, (size_t)n);
}

static void write_syslog(enum level level, const char *text)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO,
					  LOG_DEBUG };

	syslog(priorities[level], "%s", text);
}

static void say_text(enum level level, const char *raw, size_t len)
{
	char text[ESCAPED_MAX];

	if (out.setup.target == LOG_TO_HEARER) {
		out.setup.hear(out.setup.self, level, raw);
		return;
	}
	text_escape(text, sizeof(text), raw, len);
	if (out.syslog)
		write_syslog(level, text);
	else
		write_line(level, text);
}

/* errno is preserved; the caller's arguments are formatted once. */
static void say(enum level level, const char *fmt, va_list args)
{
	char raw[TEXT_MAX];
	int saved = errno;
	int len = vsnprintf(raw, sizeof(raw), fmt, args);
	size_t n;

	if (len < 0)
		return;
	n = (size_t)len;
	if (n >= sizeof(raw)) {
		n = text_cut(raw, sizeof(raw) - 4);
		memcpy(raw + n, "...", 4);
		n += 3;
	}
	say_text(level, raw, n);
	errno = saved;
}

void log_say(enum level level, const char *fmt, ...)
{
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, fmt);
	say(level, fmt, args);
	va_end(args);
}

void log_always(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(LEVEL_NOTICE, fmt, args);
	va_end(args);
}

/* ---- failures ------------------------------------------------------------ */

/* Columns that escaped text takes: bytes but those that continue a character. */
static size_t columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* The input with a caret under the piece; of a long one the stretch around it. */
static void show_caret(const struct fail *f)
{
	char before[4 * CARET_BEFORE + 8], piece[4 * CARET_SHOWN + 1], after[CARET_SHOWN];
	char line[sizeof(before) + sizeof(piece) + sizeof(after) + 16];
	char carets[CARET_SHOWN + 1];
	size_t len = strlen(f->input), at = f->at < len ? f->at : len;
	size_t plen = f->len < len - at ? f->len : len - at;
	size_t from = at > CARET_BEFORE ? text_cut(f->input, at - CARET_BEFORE) : 0;
	size_t shown = plen < CARET_SHOWN ? plen : text_cut(f->input + at, CARET_SHOWN);
	size_t width;
	int n;

	text_escape(before, sizeof(before), f->input + from, at - from);
	text_escape(piece, sizeof(piece), f->input + at, shown);
	text_escape(after, sizeof(after), f->input + at + shown, len - at - shown);
	width = columns(piece);
	if (width > CARET_SHOWN)
		width = CARET_SHOWN;
	memset(carets, '~', sizeof(carets));
	carets[0] = '^';
	carets[width ? width : 1] = '\0';
	n = snprintf(line, sizeof(line), "  %s%s%s%s\n", from ? "..." : "", before, piece,
		     after);
	write_out(line, (size_t)n);
	n = snprintf(line, sizeof(line), "  %*s%s\n",
		     (int)(columns(before) + (from ? 3 : 0)), "", carets);
	write_out(line, (size_t)n);
}

/* socat says every error in exactly one line, and scripts count them. */
void log_fail(enum level level, const struct fail *f)
{
	int saved = errno;

	if (!log_wants(level) || out.setup.target == LOG_TO_HEARER)
		return;
	log_say(level, "%s", f->text);
	if (f->input && *f->input && !out.setup.socat && !out.syslog &&
	    out.setup.target != LOG_TO_FILE)
		show_caret(f);
	errno = saved;
}
