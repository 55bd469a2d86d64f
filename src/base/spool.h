/* Records on their way to a file or a reader, written so that nobody has to wait.
 *
 * What is added is kept, up to SPOOL_MAX, until the other end takes it.  A record is
 * written whole or not at all: when a slow reader leaves no room for the next one, that
 * is dropped and counted, and the log tells when this begins and how many they were.  A
 * full disk or a reader that has gone ends the spool with one warning; from then on all
 * is forgotten without a word.  Only a regular file can make the caller wait, as long as
 * the disk does, and if that is long the log says so.
 *
 * Much is written at once; for the rest the owner sees to it that spool_flush() is called
 * now and then, and when fd is writable while spool_waits(): loop/drain.h does that. */
#ifndef SOCKCAT_BASE_SPOOL_H
#define SOCKCAT_BASE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

/* Kept for a reader that is slow: at most so many bytes. */
enum { SPOOL_MAX = 4 * 1024 * 1024 };

struct record;

struct spool {
	int fd;				/* own */
	char *what;			/* own: "the capture in x.pcapng", for the log */
	bool over;			/* the other end is no more; set by the spool */
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
};

/* Makes the file or empties it; a FIFO must have its reader.  "-" is standard output,
 * whose flags stay as they are.  what: how the log calls it, like "the capture"; the
 * file's name is added.  IO_FAIL: PHASE_WRITE; spool_close() frees what there is. */
enum io spool_open(struct spool *s, const char *path, const char *what, struct fail *f);

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

/* Writes the rest, as long as the reader takes some of it each second; tells how many
 * were dropped, and closes.  fd must not be watched any more.  Fine for one that was
 * never opened (all zero) or has been closed. */
void spool_close(struct spool *s);

#endif
