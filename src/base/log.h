/* Log lines: one per event, to standard error, a file or syslog.
 *
 * One for the process, as its standard error is.  Control characters and bytes that are
 * not UTF-8 are escaped (\n, \x1b), so nothing a peer sends and no path can forge a line
 * or reach the terminal. */
#ifndef SOCKCAT_BASE_LOG_H
#define SOCKCAT_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Lower is graver.  A line is written when its level <= the one asked for. */
enum level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_NOTICE, LEVEL_INFO, LEVEL_DEBUG };

/* LOG_TO_BOTH: stderr until log_daemonised(), then syslog (socat -lm).
 * LOG_TO_HEARER: each text to log_setup.hear, unescaped; no failures, which are told as
 * events (base/event.h). */
enum log_target { LOG_TO_STDERR, LOG_TO_FILE, LOG_TO_SYSLOG, LOG_TO_BOTH, LOG_TO_HEARER };

struct log_setup {
	enum level level;
	enum log_target target;
	bool socat;		/* "2026/11/22 10:00:00 socat[123] N text" */
	bool micros;		/* -lu: microseconds in the stamp */
	bool host;		/* -lh: host name before the program's */
	bool patient;		/* waits for a slow reader */
	const char *path;	/* ref: LOG_TO_FILE; appended to */
	void (*hear)(void *self, enum level level, const char *text);
	void *self;		/* ref: for hear */
	const char *facility;	/* ref: "daemon", "local0", ...; NULL = daemon */
	const char *program;	/* ref: "sockcat" */
};

/* May be called again to change the setting.  The setup is copied, its strings
 * are not.  A FIFO is opened when its reader is there.  False with errno if the file
 * can't be opened or the facility is unknown (EINVAL); the old setting stays, but that
 * without memory the log goes to standard error. */
bool log_start(const struct log_setup *setup);

/* The program's name as set, "sockcat" before log_start(). */
const char *log_program(void);

/* True if the lines are in socat's format: texts that differ ask this. */
bool log_is_socat(void);

/* Whether a line of this level would be written: spares building costly ones. */
bool log_wants(enum level level);

/* Writes one line (a newline is added).  Longer than 1 KiB is cut with "...".
 * Own format: "sockcat: text" for notices and below in gravity,
 * "sockcat: warning: text", "sockcat: error: text".  errno is preserved. */
void log_say(enum level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Standard error is shared with a line that stands there and changes in place:
 * clear(owner) is called before each line that goes there.  NULL: no longer. */
void log_share(void (*clear)(void *owner), void *owner);

/* The same call, for those who write there by themselves. */
void log_make_room(void);

/* To standard error as it is, in order with the lines of the log.  The reader of a pipe
 * or socket is not waited for unless the setup is patient, but can see in the text where
 * a part of it is missing (base/spool.h).  False with errno: nobody reads it any more. */
bool log_write(const void *text, size_t len);

/* Standard output carries data.  Is it the same pipe, then its reader is waited for, so
 * that he sees both in order. */
void log_beside_data(void);

/* Start-up is over: LOG_TO_BOTH goes to syslog from now on. */
void log_daemonised(void);

/* The same, whatever the level asked for: counters that the user asked for. */
void log_always(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints a failure as one event at the given level; a usage failure with its
 * input and a caret under the piece (stderr only; one line elsewhere).  For what is
 * told as EVENT_ERROR, too. */
struct fail;
void log_fail(enum level level, const struct fail *f);

/* Something that is written beside the data is not whole.  The first such failure is kept
 * for the strict; log_loss() has PHASE_NONE when there was none. */
void log_lost(const struct fail *why);
const struct fail *log_loss(void);

#endif
