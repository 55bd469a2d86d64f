/* The pass phrase of a locked key. */
#ifndef SOCKCAT_LAYER_TLSPASS_H
#define SOCKCAT_LAYER_TLSPASS_H

#include "layer/tlsmake.h"

/* What is locked, for messages and the prompt. */
struct tlspass {
	const struct making *m; /* ref */
	const char *option;	/* ref: "key" */
	const char *path;	/* ref: the file it names */
	bool asked;		/* set: somebody wanted the phrase */
};

/* From the first line of passphrase-file=, else from the user at his terminal, where
 * there is one and we are its foreground; not when files are only read again.
 * Without NUL; returns its length, or -1 and m->fail tells why (PHASE_KEY).  A
 * pem_password_cb whose last argument is a struct tlspass. */
int tlspass_get(char *to, int cap, int writing, void *arg);

#endif
