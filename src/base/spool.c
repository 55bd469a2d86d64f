/* Records on their way to a file or a reader. */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "base/text.h"

enum {
	/* so much is gathered before it is written without being asked for */
	ENOUGH = 64 * 1024,
	/* records that one call writes */
	AT_ONCE = 64,
	/* a disk that is slower than this is told of; microseconds */
	LONG = 1000 * 1000,
	/* how long the last bytes may wait for their reader; milliseconds */
	PATIENCE = 1000,
};

struct record {
	struct record *next;	/* own */
	size_t len;
	unsigned char data[];
};

/* ---- opening --------------------------------------------------------------- */

/* Standard output is not ours alone: a pipe is opened anew, and what cannot be is polled
 * before each write. */
static int own_output(bool *shared)
{
	struct stat st;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &st) < 0)
		return -1;
	if (S_ISFIFO(st.st_mode))
		fd = sys_reopen(STDOUT_FILENO, O_WRONLY);
	*shared = fd < 0 && !S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode);
	return fd >= 0 ? fd : sys_dup(STDOUT_FILENO);
}

/* Non-blocking, because opening a FIFO would else wait for its reader. */
static int open_path(const char *path)
{
	return open(path,
		    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		    0666);
}

enum io spool_open(struct spool *s, const char *path, const char *what, struct fail *f)
{
	const bool output = strcmp(path, "-") == 0;
	struct stat st;

	*s = (struct spool){ .fd = -1, .over = true, .last = &s->first };
	s->what = mem_format("%s %s%s", what, output ? "on " : "in ",
			     output ? "standard output" : path);
	if (!s->what)
		return fail_memory(f);
	s->fd = output ? own_output(&s->shared) : open_path(path);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return fail_sys(f, PHASE_WRITE, "cannot open %s for %s",
				output ? "standard output" : path, what);
	s->file = S_ISREG(st.st_mode);
	s->socket = S_ISSOCK(st.st_mode);
	s->over = false;
	return IO_OK;
}

/* ---- what is kept ---------------------------------------------------------- */

static void drop_first(struct spool *s)
{
	struct record *r = s->first;

	s->first = r->next;
	if (!s->first)
		s->last = &s->first;
	s->held -= r->len;
	s->sent = 0;
	mem_free(r);
}

static void forget_all(struct spool *s)
{
	while (s->first)
		drop_first(s);
	s->waits = false;
}

/* Half a record at the end of a file is taken back: its reader shall find whole ones. */
static void mend_end(const struct spool *s)
{
	const off_t at = lseek(s->fd, 0, SEEK_CUR), sent = (off_t)s->sent;

	if (at >= sent && ftruncate(s->fd, at - sent) < 0)
		log_say(LEVEL_WARNING, "%s has half a record at its end", s->what);
}

static void end(struct spool *s)
{
	struct fail why = { 0 };

	fail_sys(&why, PHASE_WRITE, "%s ends here", s->what);
	log_say(LEVEL_WARNING, "%s", why.text);
	if (s->file && s->sent)
		mend_end(s);
	forget_all(s);
	s->over = true;
}

/* ---- writing --------------------------------------------------------------- */

static bool writable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, timeout_ms) > 0;
}

/* The first records, for one call.  To a pipe that polls writable, no more goes than
 * what never blocks. */
static size_t gather(const struct spool *s, struct iovec *v)
{
	size_t room = s->shared ? PIPE_BUF : SIZE_MAX, skip = s->sent, n = 0;

	for (struct record *r = s->first; r && n < AT_ONCE && room; r = r->next) {
		const size_t len = r->len - skip < room ? r->len - skip : room;

		v[n++] = (struct iovec){ .iov_base = r->data + skip, .iov_len = len };
		room -= len;
		skip = 0;
	}
	return n;
}

/* As write(2). */
static ssize_t write_some(const struct spool *s)
{
	struct iovec v[AT_ONCE];
	struct msghdr m = { .msg_iov = v };
	ssize_t n;

	if (s->shared && !writable(s->fd, 0)) {
		errno = EAGAIN;
		return -1;
	}
	m.msg_iovlen = gather(s, v);
	do
		n = s->socket ? sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL)
			      : writev(s->fd, v, (int)m.msg_iovlen);
	while (n < 0 && errno == EINTR);
	return n;
}

static void took(struct spool *s, size_t n)
{
	while (n && n >= s->first->len - s->sent) {
		n -= s->first->len - s->sent;
		drop_first(s);
	}
	s->sent += n;
}

static void write_all(struct spool *s)
{
	s->waits = false;
	while (s->first && !s->waits) {
		const ssize_t n = write_some(s);

		if (n > 0)
			took(s, (size_t)n);
		else if (n == 0 || errno == EAGAIN || errno == EWOULDBLOCK ||
			 errno == ENOBUFS)
			s->waits = true;
		else
			end(s);
	}
}

static void tell_dropped(struct spool *s)
{
	if (s->dropped)
		log_say(LEVEL_WARNING, "%s: records dropped: %llu", s->what,
			(unsigned long long)s->dropped);
	s->dropped = 0;
}

static void tell_delay(const struct spool *s, uint64_t usec)
{
	char text[32];

	if (usec < LONG)
		return;
	text_from_duration(text, sizeof(text), usec);
	log_say(LEVEL_WARNING, "%s: its disk held up everything for %s", s->what, text);
}

void spool_flush(struct spool *s)
{
	const uint64_t since = s->file && s->first ? sys_now() : 0;

	s->fresh = 0;
	write_all(s);
	if (!s->first)
		tell_dropped(s);
	if (since)
		tell_delay(s, sys_now() - since);
}

bool spool_waits(const struct spool *s)
{
	return s->waits;
}

bool spool_empty(const struct spool *s)
{
	return !s->first;
}

/* ---- adding ---------------------------------------------------------------- */

static struct record *keep(struct spool *s, size_t len)
{
	struct record *r = NULL;

	if (len <= SPOOL_MAX - s->held)
		r = mem_new(1, sizeof(*r) + len);
	if (!r)
		return NULL;
	r->len = len;
	*s->last = r;
	s->last = &r->next;
	s->held += len;
	s->bytes += len;
	return r;
}

void *spool_room(struct spool *s, size_t len)
{
	struct record *r;

	if (s->fresh >= ENOUGH)
		spool_flush(s);
	if (s->over)
		return NULL;
	s->fresh += len;
	r = keep(s, len);
	if (r)
		return r->data;
	if (s->dropped++ == 0)
		log_say(LEVEL_WARNING, "%s: its reader is too slow, records are dropped",
			s->what);
	return NULL;
}

bool spool_add(struct spool *s, const void *from, size_t len)
{
	void *to = spool_room(s, len);

	if (to)
		memcpy(to, from, len);
	return to != NULL;
}

/* ---- the end --------------------------------------------------------------- */

static void drop_rest(struct spool *s)
{
	for (const struct record *r = s->first; r; r = r->next)
		s->dropped++;
	forget_all(s);
	tell_dropped(s);
}

void spool_close(struct spool *s)
{
	if (!s->what)
		return;
	do
		spool_flush(s);
	while (s->waits && writable(s->fd, PATIENCE));
	drop_rest(s);
	sys_close(s->fd);
	mem_free(s->what);
	*s = (struct spool){ .fd = -1 };
}
