/* Who may come in, as far as addresses tell: for listening transports, and for layers
 * that learn of another address behind the connection's own. */
#ifndef SOCKCAT_ENDPOINT_ADMIT_H
#define SOCKCAT_ENDPOINT_ADMIT_H

#include "base/name.h"
#include "spec/spec.h"

/* Is the peer in one of the ranges that the part was given by this option (of kind
 * V_RANGE, may be repeated)?  True if it was given none; false for addresses that are
 * neither IPv4 nor IPv6 if it was. */
bool admit_by_range(const struct part *p, unsigned opt_id, const struct name *peer);

#endif
