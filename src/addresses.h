/* The two addresses of a command line. */
#ifndef SOCKCAT_ADDRESSES_H
#define SOCKCAT_ADDRESSES_H

#include "cli/options.h"

/* Reads both, with the layers that flags ask for, and checks all that the words alone
 * say, of the flags as well.  side: which of them serves, -1 = none.  Both are to be
 * given to spec_free() whatever the result. */
enum io addresses_read(const struct cli *c, struct spec spec[2], int *side,
		       struct fail *f);

#endif
