/* What an endpoint tells of itself while it opens (base/event.h). */
#ifndef SOCKCAT_ENDPOINT_TELL_H
#define SOCKCAT_ENDPOINT_TELL_H

#include "base/event.h"
#include "endpoint/endpoint.h"

/* Its opening begins, or goes on. */
void endpoint_begins(struct endpoint *e);

/* It waits for peers from now on, at its local address, or, where text is not NULL, at
 * that path (a terminal's name).  For the transport, once per opening. */
void endpoint_reachable(struct endpoint *e, const char *text);

/* Its peer as accept(2) tells: it may be gone before anybody can ask.  For the
 * transport. */
void endpoint_met(struct endpoint *e, const struct name *peer);

/* The host has been looked up, unless it is a number.  For the transport. */
void endpoint_resolved(struct endpoint *e, const char *host);

/* The member at e->nopen is open, or the transport has been handed over. */
void endpoint_opened(struct endpoint *e);

#endif
