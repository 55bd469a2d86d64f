/* For people: what was agreed on, with whom, and what the checks say (tls-report). */
#ifndef SOCKCAT_LAYER_TLSREPORT_H
#define SOCKCAT_LAYER_TLSREPORT_H

#include "layer/tlspeer.h"

/* One block in the log, whatever its level, if the option is given.  After the
 * handshake, the peer's failure record telling whether all is well ... */
void tlsreport_session(const struct tlspeer *t, SSL *ssl);

/* ... or in its middle, when the checks have just failed. */
void tlsreport_refusal(const struct tlspeer *t, SSL *ssl, X509_STORE_CTX *store);

#endif
