/* The last moments of a session whose two directions are complete.  The session's
 * own; nobody outside relay/ includes this. */
#ifndef SOCKCAT_RELAY_CLOSING_H
#define SOCKCAT_RELAY_CLOSING_H

#include "relay/session.h"

/* A step.  True: both sides may be closed.  False: what layers below the topmost one
 * still have to hear is awaited (interest is set), to be called again when woken. */
bool closing_run(struct session *s);

#endif
