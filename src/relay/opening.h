/* Opening the two sides of a session: limits, retries, shortages.  The session's
 * own; nobody outside relay/ includes this. */
#ifndef SOCKCAT_RELAY_OPENING_H
#define SOCKCAT_RELAY_OPENING_H

#include "relay/session.h"

/* A step for one side, counted from s->since.  True: it is open.  False: it waits
 * (interest and timer are set), is tried again later (SESSION_PAUSE), or the
 * session has ended. */
bool opening_run(struct session *s, unsigned side);

/* One side is as before session_build(). */
void opening_undo(struct session *s, unsigned side);

/* Whether the session waits for descriptors or memory: tells its server. */
void opening_starves(struct session *s, bool starving);

/* While the second side is opened nobody reads from the first. */
void opening_rest(struct session *s);

/* If that takes a while, only whether the first one's client has broken off is of
 * interest. */
void opening_watch_client(struct session *s);
bool opening_client_gone(struct session *s);

/* After so many tries, the last of which failed in that phase: does retry= or forever
 * want another?  Not where the next would fail the same.  Sets the microseconds to wait
 * before it. */
bool opening_again(const struct spec *spec, unsigned tries, enum phase why,
		   uint64_t *pause);

/* Does anything flow from that side, as -u and -U say? */
bool opening_goes(const struct session *s, unsigned from);

/* Called by session.c and opening.c alike: wakes the session. */
wake_fn session_woken;

/* False: no memory, and the session has ended for it. */
bool session_set_timer(struct session *s, uint64_t due);

#endif
