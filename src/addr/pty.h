/* Pseudo terminals: of the address pty, and of a program's option pty. */
#ifndef SOCKCAT_ADDR_PTY_H
#define SOCKCAT_ADDR_PTY_H

#include "addr/fd.h"

enum { PTY_NAME = 64 };

/* A fresh pair: the master, non-blocking and close-on-exec, the caller's; and the
 * name of the slave.  -1 with errno. */
int pty_make(char name[PTY_NAME]);

/* Opens the slave so that it does not come to control this process. */
int pty_slave(const char *name, int flags);

/* Makes the master the endpoint's descriptor, in fd_take's place; the part's options
 * are put on it and so, as the kernel has it, on the slave, before anybody knows its
 * name. */
enum io pty_take(struct fd_layer *x, int master, const char *name);

/* link=: makes the symbolic link, in place of one that somebody who died has left.
 * *link is the caller's, for pty_unlink(); NULL if there is none to remove. */
enum io pty_link(const struct part *p, const char *name, char **link, struct fail *f);

/* Removes the link if it still leads to this terminal, and frees it. */
void pty_unlink(char *link, const char *name);

/* True while no process has the slave open that has been open before. */
bool pty_is_idle(int master);

/* True if the slave cuts its input into lines: then there is a character that
 * ends the input, and *eof is it. */
bool pty_has_eof(int master, char *eof);

/* Says that no more will come, in the terminal's way: the end-of-file character,
 * twice when a line has been begun (the first one ends the line).  A step; *sent
 * counts. */
enum io pty_write_eof(int master, bool begun, unsigned *sent);

/* Waits until who has the slave open has read what was written: closing the
 * master throws the rest away.  Gives up when nothing moves for a second. */
struct pty_drain {
	bool started;
	int slave;			/* own while started; -1 = nobody reads */
	unsigned empty;			/* times in a row that nothing was left */
	int left;			/* bytes, when last looked */
	uint64_t moved;			/* when that changed last */
	struct timer timer;
};

/* A step: IO_WAIT, or IO_OK when all is read or nobody reads. */
enum io pty_drain_run(struct pty_drain *d, struct endpoint *e, const char *name);
void pty_drain_free(struct pty_drain *d, struct loop *l);

#endif
