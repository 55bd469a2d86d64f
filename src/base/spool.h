/* Records on their way to a file or a reader, written so that nobody has to wait.
 *
 * What is added is kept, up to SPOOL_MAX, until the other end takes it.  A record is
 * written whole or not at all: when a slow reader leaves no room for the next one, that
 * is dropped and counted, and the log tells when this begins and how many they were.  A
 * full disk or a reader that has gone ends the spool with one warning; from then on all
 * is forgotten without a word.  Only a regular file can make the caller wait, as long as
 * the disk does, and if that is long the log says so.
 *
 * Text for people (spool_share(), spool_text()) is different in four ways.  It is
 * written at once, as far as its reader takes it.  Where something was dropped, a line
 * in the text itself says how much.  When all is over its reader gets as much time as it
 * needs for what was kept.  And a reader that has gone may come back to a FIFO: each text
 * tries again.  A patient spool waits rather than drop; when a signal comes it stops
 * waiting for this once, so that the program can obey.
 *
 * Much is written at once; for the rest the owner sees to it that spool_flush() is called
 * now and then, and when fd is writable while spool_waits(): loop/drain.h does that, for
 * text of its own accord. */
#ifndef SOCKCAT_BASE_SPOOL_H
#define SOCKCAT_BASE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

/* Kept for a reader that is slow: at most so many bytes; of text, and at most one piece
 * more. */
enum { SPOOL_MAX = 4 * 1024 * 1024, SPOOL_TEXT_MAX = 4 * SPOOL_MAX };

struct drain;
struct record;

struct spool {
	int fd;				/* own */
	char *what;			/* own: "the capture in x.pcapng", for the log */
	bool over;			/* nothing goes there any more */
	bool waits;			/* the last flush left something */
	bool file;			/* regular: takes all, sooner or later */
	bool socket;
	/* could not be made non-blocking, because others have it, too */
	bool shared;
	struct record *first, **last;	/* own: what is kept, the oldest first */
	size_t sent;			/* bytes of the first one that are written */
	size_t held;			/* bytes of all that are kept */
	size_t fresh;			/* bytes that came since the last flush */
	uint64_t bytes;			/* added since it was opened, kept or written */
	uint64_t dropped;		/* records, since the log was told */
	bool patient;			/* waits for its reader; set by the owner */
	bool text;			/* goes through spool_write() */
	/* the owner's: writes that something is missing here; NULL: a plain line does */
	void (*tell)(void *owner, const char *text);
	void *owner;			/* ref: for tell */
	bool in_line;			/* the text so far does not end with its line */
	uint64_t lost;			/* bytes of text, at the place where it is */
	int why;			/* errno: the last text was not taken */
	struct spool *next;		/* ref: more text, of others */
	struct drain *drain;		/* own: the watcher's */
};

/* Makes the file or empties it; a FIFO must have its reader.  "-" is standard output,
 * whose flags stay as they are.  what: how the log calls it, like "the capture"; the
 * file's name is added.  IO_FAIL: PHASE_WRITE; spool_close() frees what there is. */
enum io spool_open(struct spool *s, const char *path, const char *what, struct fail *f);

/* For text, to a descriptor, which is made non-blocking and from now on the spool's; the
 * log calls it "the dump in x".  spool_share(): to a standard one, whose flags stay as
 * they are; what as it shall be called.  False with errno.  The struct stays where it
 * is until spool_close(). */
bool spool_text(struct spool *s, int fd, const char *what, const char *path);
bool spool_share(struct spool *s, int fd, const char *what);

/* Whether a descriptor has somebody at its other end who can be slow: a pipe, a socket, a
 * terminal. */
bool spool_has_reader(int fd);

/* The text, now or later.  False with errno: nobody reads there now. */
bool spool_write(struct spool *s, const void *text, size_t len);

/* What is kept of all texts is another process's to write, which this one was forked off
 * from. */
void spool_forget(void);

/* All texts are written as far as anybody takes them, as spool_close() does. */
void spool_finish(void);

/* watcher(owner, s, true): the text has a reader who does not take all that is there for
 * him, so that somebody flushes it later; false: it needs nobody any more, because it is
 * to be closed or another watches.  NULL: nobody does. */
void spool_watch(void (*watcher)(void *owner, struct spool *s, bool waits), void *owner);

/* Readable when a signal has come: who waits for a reader looks up then.  -1: none. */
void spool_wake_by(int fd);

/* The program was told to end: from now on nobody waits for readers, but one second for
 * each at the end. */
void spool_hurry(void);

/* Room for one record of len > 0 bytes, all to be filled before the next call; NULL: it
 * is dropped (and counted), or the spool is over. */
void *spool_room(struct spool *s, size_t len);

/* The same with the record's bytes.  False: dropped or over. */
bool spool_add(struct spool *s, const void *from, size_t len);

/* Writes what can be written now. */
void spool_flush(struct spool *s);

/* Something is left that the reader did not take: flush again when fd is writable. */
bool spool_waits(const struct spool *s);

/* Nothing is kept, so that no flush is due. */
bool spool_empty(const struct spool *s);

/* Writes the rest, as long as the reader takes some of it each second (text: as long as
 * that takes); tells how many were dropped, and closes.  fd must not be watched any more.
 * Fine for one that was never opened (all zero) or has been closed. */
void spool_close(struct spool *s);

#endif
