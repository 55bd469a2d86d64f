/* What sessions have moved so far, summed up. */
#ifndef SOCKCAT_RELAY_COUNT_H
#define SOCKCAT_RELAY_COUNT_H

#include "relay/server.h"

/* All add to *t: other totals; one session; all of a server, those that have ended
 * included. */
void count_all(const struct totals *more, struct totals *t);
void count_session(const struct session *s, struct totals *t);
void count_server(const struct server *v, struct totals *t);

/* How many bytes a side will give that is about to be read: what is left of a regular
 * file, but not more than readbytes= allows.  0 = not known. */
uint64_t count_expected(const struct endpoint *from);

#endif
