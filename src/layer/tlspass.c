/* The pass phrase of a locked key. */
#include "layer/tlspass.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/platform.h"

/* ---- from a file --------------------------------------------------------------- */

static int from_file(const struct making *m, const char *path, char *to, size_t cap)
{
	struct buf file;
	size_t len;

	if (tlsmake_load(m, "passphrase-file", path, PHASE_KEY, &file) != IO_OK)
		return -1;
	for (len = 0; len < file.len && file.data[len] != '\n'; len++)
		;
	if (len && file.data[len - 1] == '\r')
		len--;
	if (len <= cap)
		memcpy(to, file.data, len);
	if (file.len)
		OPENSSL_cleanse(file.data, file.len);
	buf_free(&file);
	if (len <= cap)
		return (int)len;
	fail_say(m->fail, PHASE_KEY, 0,
		 "the first line of passphrase-file=%s is too long for a pass phrase",
		 path);
	return -1;
}

/* ---- from the terminal --------------------------------------------------------- */

enum { LOOK_EVERY = 100 }; /* milliseconds: for signals that wait */

/* What would leave the terminal without echo if it ended or stopped us. */
static void hold_signals(sigset_t *held, sigset_t *before)
{
	static const int all[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP };

	sigemptyset(held);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		sigaddset(held, all[i]);
	pthread_sigmask(SIG_BLOCK, held, before);
}

static bool one_waits(const sigset_t *held)
{
	sigset_t waiting;

	sigpending(&waiting);
	for (int signo = 1; signo < NSIG; signo++)
		if (sigismember(held, signo) == 1 && sigismember(&waiting, signo) == 1)
			return true;
	return false;
}

/* Bytes of one line; 0 = the user wants to go; -1 = error, EINTR if a signal waits. */
static ssize_t read_line(int tty, const sigset_t *held, char *to, size_t cap)
{
	struct pollfd p = { .fd = tty, .events = POLLIN };

	while (poll(&p, 1, LOOK_EVERY) <= 0)
		if (one_waits(held)) {
			errno = EINTR;
			return -1;
		}
	return read(tty, to, cap);
}

/* Signals take effect when the terminal is as it was. */
static ssize_t ask_once(int tty, const char *prompt, char *to, size_t cap)
{
	struct termios normal, quiet;
	sigset_t held, before;
	ssize_t n = -1;
	int err;

	hold_signals(&held, &before);
	if (tcgetattr(tty, &normal) == 0) {
		quiet = normal;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		quiet.c_lflag |= ICANON | ISIG | ECHONL;
		if (tcsetattr(tty, TCSAFLUSH, &quiet) == 0 &&
		    sys_write_all(tty, prompt, strlen(prompt)))
			n = read_line(tty, &held, to, cap);
		err = errno;
		tcsetattr(tty, TCSAFLUSH, &normal);
		errno = err;
	}
	err = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = err;
	return n;
}

/* Whoever is in the background would be stopped. */
static bool is_ours(int tty)
{
	return tcgetpgrp(tty) == getpgrp();
}

static int ask(int tty, const struct tlspass *pass, char *to, size_t cap)
{
	char prompt[300];
	ssize_t n;

	snprintf(prompt, sizeof(prompt),
		 "sockcat: pass phrase for %s=%.200s: ", pass->option, pass->path);
	do
		n = ask_once(tty, prompt, to, cap);
	while (n < 0 && errno == EINTR && is_ours(tty));
	if (n > 0 && to[n - 1] == '\n')
		return (int)n - 1;
	fail_say(pass->m->fail, PHASE_KEY, 0, "no pass phrase was given for %s=%s",
		 pass->option, pass->path);
	return -1;
}

/* ---- either -------------------------------------------------------------------- */

static int nobody_to_ask(const struct tlspass *pass)
{
	fail_say(pass->m->fail, PHASE_KEY, 0,
		 "the private key in %s=%s is locked with a pass phrase, and %s: give "
		 "passphrase-file=FILE",
		 pass->option, pass->path,
		 pass->m->old ? "nobody is asked for it while sessions run"
			      : "there is no terminal to ask for it");
	return -1;
}

int tlspass_get(char *to, int cap, int writing, void *arg)
{
	struct tlspass *pass = arg;
	const char *path = part_text(pass->m->part, OPT_PASSPHRASE_FILE, NULL);
	int tty, len;

	(void)writing;
	pass->asked = true;
	if (pass->m->fail->phase != PHASE_NONE)
		return -1; /* the library tries its other readers */
	if (path)
		return from_file(pass->m, path, to, (size_t)cap);
	tty = pass->m->old ? -1 : open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	len = tty >= 0 && is_ours(tty) ? ask(tty, pass, to, (size_t)cap)
				       : nobody_to_ask(pass);
	sys_close(tty);
	return len;
}
