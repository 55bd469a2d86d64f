/* --capture and --record: which of the two addresses gets the layer that writes. */
#ifndef SOCKCAT_CAPTURING_H
#define SOCKCAT_CAPTURING_H

#include "cli/options.h"

/* Puts the layer on top of one of the two parsed addresses, if the command line asks for
 * a capture.  IO_FAIL: PHASE_USAGE. */
enum io capture_insert(const struct cli *c, struct spec spec[2], struct fail *f);

/* The same for a recording. */
enum io record_insert(const struct cli *c, struct spec spec[2], struct fail *f);

#endif
