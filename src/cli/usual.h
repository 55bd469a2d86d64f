/* What holds where an important option was not given. */
#ifndef SOCKCAT_CLI_USUAL_H
#define SOCKCAT_CLI_USUAL_H

#include "cli/plainly.h"
#include "spec/spec.h"

/* The i-th option that the part could have, has not, and whose default is worth
 * telling; to becomes that default in plain words.  *i goes on behind it.  NULL: no
 * more. */
const struct opt *usual_next(const struct part *p, size_t *i, char to[PLAIN_TEXT]);

#endif
