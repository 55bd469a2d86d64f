/* What in a command line is probably not what was meant, or is dangerous. */
#ifndef SOCKCAT_CLI_WARNINGS_H
#define SOCKCAT_CLI_WARNINGS_H

#include "cli/explain.h"

/* One paragraph each, or that there is none.  IO_FAIL: PHASE_INTERNAL. */
enum io warnings_print(FILE *to, const struct plan *p, struct fail *f);

#endif
