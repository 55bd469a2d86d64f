/* What sessions and servers tell of themselves (base/event.h). */
#ifndef SOCKCAT_RELAY_TELL_H
#define SOCKCAT_RELAY_TELL_H

#include "relay/session.h"

/* The command line is understood, and nothing is open yet. */
void tell_start(const struct spec *left, const struct spec *right);

/* All that can be reached can be; or both sides are open.  Told once; of many
 * sessions their server tells. */
void tell_ready(struct session *s);
void tell_server_ready(const struct spec *listener);

/* What came from this side has been passed on to its end. */
void tell_eof(const struct session *s, unsigned side);

/* Its failure, if it failed, and its close. */
void tell_end(const struct session *s);

/* A failure of no session: a listener's, of files read again. */
void tell_failure(const struct spec *spec, const struct fail *f);

/* One that will be tried again, after so many; session 0 = a listener's. */
void tell_retry(const struct spec *spec, unsigned session, unsigned tries,
		const struct fail *f);

void tell_drain(const struct spec *listener, unsigned alive);

#endif
