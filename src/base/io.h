/* The answer of one step.
 *
 * Whatever may have to wait is a step function: call it, look at the answer,
 * call it again with the same arguments when what it asked for has come. */
#ifndef SOCKCAT_BASE_IO_H
#define SOCKCAT_BASE_IO_H

enum io {
	IO_OK,		/* done; the outputs are valid */
	IO_READ,	/* call again when the endpoint is readable */
	IO_WRITE,	/* call again when the endpoint is writable */
	IO_WAIT,	/* call again when woken: a timer, the resolver, a child */
	IO_EOF,		/* the other side will send no more */
	IO_FAIL,	/* see the fail record */
} __attribute__((packed));	/* a byte: sessions keep many */

#endif
