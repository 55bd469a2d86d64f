/* The secrets of all sessions, in a file for programs that look into captures. */
#include "layer/tlskeylog.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "layer/tlspeer.h"

/* One call for the whole line: other programs may write to the same file. */
static bool append_line(int fd, const char *line)
{
	char *text = mem_format("%s\n", line);
	bool ok = text && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (text)
		OPENSSL_cleanse(text, strlen(text));
	mem_free(text);
	return ok;
}

static void write_secret(const SSL *ssl, const char *line)
{
	const struct tlspeer *t = SSL_get_app_data(ssl);

	if (t->ctx->keylog < 0 || append_line(t->ctx->keylog, line))
		return;
	log_say(LEVEL_WARNING, "%s: cannot write to the keylog file: the rest is missing",
		t->typed);
	sys_close(t->ctx->keylog);
	t->ctx->keylog = -1;
}

enum io tlskeylog_set(const struct making *m)
{
	const char *path = part_text(m->part, OPT_KEYLOG, NULL);
	const char *option = path ? "keylog" : "SSLKEYLOGFILE";

	if (!path)
		path = getenv("SSLKEYLOGFILE");
	if (!path || !*path)
		return IO_OK;
	m->ctx->keylog = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
			      0600);
	if (m->ctx->keylog < 0)
		return fail_sys(m->fail, PHASE_CONFIG, "cannot open %s=%s", option, path);
	SSL_CTX_set_keylog_callback(m->ctx->ssl, write_secret);
	log_say(m->old ? LEVEL_INFO : LEVEL_WARNING,
		"%s: the secrets of its TLS sessions go to %s=%s: who can read that can "
		"read them",
		m->part->spec->input, option, path);
	return IO_OK;
}
