/* Where text goes that is written beside the data, as it comes: dumps, the log, events.
 *
 * A file gets it at once, and a disk that is full spoils no other line than the one it
 * cut.  What has a reader (a pipe, a socket, a terminal) has a spool of text, so that
 * nobody waits for him. */
#ifndef SOCKCAT_BASE_OUTLET_H
#define SOCKCAT_BASE_OUTLET_H

#include "base/spool.h"

struct outlet {
	int fd;			/* own, or standard error, which stays open; -1: closed */
	bool torn;		/* of the last text the file has only a part */
	struct spool spool;	/* own: what a reader has not taken yet; or closed */
};

/* What open(2) answered for path; the log calls it "the dump in x".  A terminal is waited
 * for, another reader if the owner sets spool.patient.  False with errno: closed, as fd
 * is.  The struct stays where it is until outlet_close(). */
bool outlet_open(struct outlet *o, int fd, const char *what, const char *path);

/* False with errno: it is not there, or not all of it.  The next may be. */
bool outlet_write(struct outlet *o, const void *text, size_t len);

/* The reader gets what is kept, as spool_close() has it.  Fine for one that is closed. */
void outlet_close(struct outlet *o);

#endif
