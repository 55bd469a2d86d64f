/* One run of the program: from a command line that was understood to the end. */
#ifndef SOCKCAT_RUN_H
#define SOCKCAT_RUN_H

#include <stdio.h>

#include "cli/options.h"

/* Opens the two addresses, relays until it is over, and cleans up.  Failures of
 * sessions have been reported when it returns; what is in f otherwise has not, if
 * *reported is false.  *signo: the signal that ended it, or 0. */
enum io run(const struct cli *c, struct fail *f, bool *reported, int *signo);

/* Tells what run() would do, as far as the command line says: --explain. */
enum io run_explain(const struct cli *c, FILE *to, struct fail *f);

#endif
