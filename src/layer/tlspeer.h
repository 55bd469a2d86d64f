/* Who is at the other end: checks, names, and what a failed session means. */
#ifndef SOCKCAT_LAYER_TLSPEER_H
#define SOCKCAT_LAYER_TLSPEER_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/fail.h"
#include "layer/tlsctx.h"

/* What the checks of one session need.  It is the application data of the SSL
 * object, where the library's callbacks find it. */
struct tlspeer {
	struct tlsctx *ctx; /* ref */
	const char *typed;  /* ref: the address, for messages */
	struct fail *fail;  /* ref */
	char *name;	    /* own: what its certificate must say; NULL = anything */
	char *sni;	    /* own: what to ask a server for; NULL = nothing */
	bool asked;	    /* it wanted a certificate and we had none */
	unsigned char cookie[32]; /* DTLS: who sends it back gets what is sent to it */
};

/* Makes out the names from commonname=, snihost=, no-sni and the far end's
 * name as the transport knows it (NULL if it doesn't).  PHASE_USAGE when a check is
 * wanted and there is no name to check. */
enum io tlspeer_start(struct tlspeer *t, const struct part *p, const char *target);
void tlspeer_free(struct tlspeer *t);

/* For SSL_CTX_set_cert_verify_callback(): chain, pin and name as the context
 * wants them.  When it says no, the peer's fail record says why
 * (PHASE_VERIFY, PHASE_IDENTITY). */
int tlspeer_verify(X509_STORE_CTX *store, void *unused);

/* The same for a session taken up again, after its handshake, which has shown no
 * certificate: the one remembered must still pass (its chain was checked when the
 * session began).  One that does not is forgotten. */
enum io tlspeer_resumed(const struct tlspeer *t, SSL *ssl);

/* For SSL_CTX_set_client_cert_cb(): notes that a server asked in vain. */
int tlspeer_asked(SSL *ssl, X509 **cert, EVP_PKEY **key);

/* OpenSSL's error queue becomes a failure of the given phase: names the alert
 * that the peer sent, or our own reason to give up, and what to do about it. */
enum io tlspeer_fail(const struct tlspeer *t, enum phase phase);

/* True if the error queue tells of an alert from the peer. */
bool tlspeer_sent_alert(void);

/* The one warning that a server is not checked (verify=0). */
void tlspeer_warn(struct tlspeer *t, SSL *ssl);

/* Log lines about a session that has just begun (where: its two ends, for people), all
 * LEVEL_NOTICE or below. */
void tlspeer_log(SSL *ssl, const char *where);

#endif
