/* A TLS context in the making: what its steps work on, and how they say no. */
#ifndef SOCKCAT_LAYER_TLSMAKE_H
#define SOCKCAT_LAYER_TLSMAKE_H

#include "layer/tlsctx.h"

/* One preparation under way. */
struct making {
	struct tlsctx *ctx;	  /* ref */
	const struct part *part;  /* ref */
	struct fail *fail;	  /* ref */
	const struct tlsctx *old; /* ref: the one to be replaced, or NULL */
	EVP_MD_CTX *seen;	  /* ref: a digest of all files */
};

/* A whole file, as tlscert_load(); while an old context serves, nobody is waited
 * for. */
enum io tlsmake_load(const struct making *m, const char *option, const char *path,
		     enum phase phase, struct buf *out);

/* A folder whose files are read later has changed, or not. */
void tlsmake_see_folder(const struct making *m, const char *path);

/* Why the library refused, from its error queue. */
const char *tlsmake_reason(void);

/* All return IO_FAIL.  A value is wrong: a caret under it ... */
enum io tlsmake_wrong_value(const struct making *m, const struct optval *v,
			    const char *what);
/* ... under the last one of the option ... */
enum io tlsmake_wrong(const struct making *m, unsigned id, const char *what);
/* ... where the library knows why ... */
enum io tlsmake_refused(const struct making *m, unsigned id, const char *what);
/* ... and when it failed where it never should. */
enum io tlsmake_broken(const struct making *m);

#endif
