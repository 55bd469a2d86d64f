/* What lies between us and a program: a socket pair, two pipes or a pseudo
 * terminal, as the options say. */
#ifndef SOCKCAT_ADDR_CHANNEL_H
#define SOCKCAT_ADDR_CHANNEL_H

#include "addr/pty.h"

/* The program's ends, until it has them. */
struct channel {
	int in, out;	/* own; may be the same; -1 = that direction is not used */
};

/* True if the part's options ask for a pseudo terminal. */
bool channel_is_terminal(const struct part *p);

/* Our ends become the endpoint's descriptors, with the part's options on them.
 * pty becomes the terminal's name, or stays empty.  channel_close() is due in any
 * case. */
enum io channel_make(struct fd_layer *x, struct channel *c, char pty[PTY_NAME]);
void channel_close(struct channel *c);

#endif
