/* Whom to trust, and whether to ask who is there. */
#ifndef SOCKCAT_LAYER_TLSTRUST_H
#define SOCKCAT_LAYER_TLSTRUST_H

#include "layer/tlsmake.h"

/* verify=, pin=, commonname=, cafile= and capath= go into the context.  PHASE_CA if a
 * file is unusable. */
enum io tlstrust_set(const struct making *m);

#endif
