/* Our own certificate and its key. */
#ifndef SOCKCAT_LAYER_TLSKEYS_H
#define SOCKCAT_LAYER_TLSKEYS_H

#include "layer/tlsmake.h"

/* What cert= and key= say goes into the context.  PHASE_KEY if it is unusable. */
enum io tlskeys_set(const struct making *m);

#endif
