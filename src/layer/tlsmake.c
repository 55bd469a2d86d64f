/* A TLS context in the making: what its steps work on, and how they say no. */
#include "layer/tlsmake.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <sys/stat.h>

enum io tlsmake_load(const struct making *m, const char *option, const char *path,
		     enum phase phase, struct buf *out)
{
	if (tlscert_load(option, path, m->old ? O_NONBLOCK : 0, phase, out, m->fail) !=
	    IO_OK)
		return IO_FAIL;
	EVP_DigestUpdate(m->seen, out->data, out->len);
	return IO_OK;
}

void tlsmake_see_folder(const struct making *m, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		EVP_DigestUpdate(m->seen, &st.st_mtim, sizeof(st.st_mtim));
}

const char *tlsmake_reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	return text ? text : "the TLS library does not say why";
}

enum io tlsmake_wrong_value(const struct making *m, const struct optval *v,
			    const char *what)
{
	return fail_at(m->fail, m->part->spec->input, v->at, v->len, "%s", what);
}

enum io tlsmake_wrong(const struct making *m, unsigned id, const char *what)
{
	return tlsmake_wrong_value(m, part_val(m->part, id), what);
}

enum io tlsmake_refused(const struct making *m, unsigned id, const char *what)
{
	const struct optval *v = part_val(m->part, id);

	return fail_at(m->fail, m->part->spec->input, v->at, v->len, "%s: %s", what,
		       tlsmake_reason());
}

enum io tlsmake_broken(const struct making *m)
{
	return fail_say(m->fail, PHASE_INTERNAL, 0, "%s: the TLS library failed: %s",
			m->part->spec->input, tlsmake_reason());
}
