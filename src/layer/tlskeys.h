/* Our own certificates and their keys. */
#ifndef SOCKCAT_LAYER_TLSKEYS_H
#define SOCKCAT_LAYER_TLSKEYS_H

#include "layer/tlsmake.h"

/* What cert= and key= say goes into the context.  PHASE_KEY if it is unusable. */
enum io tlskeys_set(const struct making *m);

/* Frees what tlskeys_set() made. */
void tlskeys_free(struct tlsctx *c);

#endif
