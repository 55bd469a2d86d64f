/* Records on their way to a file or a reader. */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
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

/* Of the whole process: what ends the waiting for readers, and all its text. */
static struct {
	int wake;	/* ref: readable when a signal came */
	bool hurry;
	struct spool *texts; /* ref: the first */
	void (*watcher)(void *owner, struct spool *s, bool waits);
	void *owner;	/* ref */
} all = { .wake = -1 };

struct record {
	struct record *next;	/* own */
	size_t len;
	unsigned char data[];
};

/* ---- opening --------------------------------------------------------------- */

/* Standard output and error are not ours alone: a pipe or terminal is opened anew, and
 * what cannot be is polled before each write. */
static int own_copy(int standard, bool *shared)
{
	struct stat st;
	int fd = -1;

	if (fstat(standard, &st) < 0)
		return -1;
	if (S_ISFIFO(st.st_mode) || isatty(standard))
		fd = sys_reopen(standard, O_WRONLY);
	*shared = fd < 0 && !S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode);
	return fd >= 0 ? fd : sys_dup(standard);
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
	s->fd = output ? own_copy(STDOUT_FILENO, &s->shared) : open_path(path);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return fail_sys(f, PHASE_WRITE, "cannot open %s for %s",
				output ? "standard output" : path, what);
	s->file = S_ISREG(st.st_mode);
	s->socket = S_ISSOCK(st.st_mode);
	s->over = false;
	return IO_OK;
}

bool spool_has_reader(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd));
}

/* what: own, or NULL. */
static bool open_text(struct spool *s, int fd, bool shared, char *what)
{
	struct stat st;

	if (!what || fd < 0 || fstat(fd, &st) < 0) {
		errno = what ? errno : ENOMEM;
		mem_free(what);
		sys_close(fd);
		*s = (struct spool){ .fd = -1 };
		return false;
	}
	*s = (struct spool){
		.fd = fd,
		.what = what,
		.shared = shared,
		.socket = S_ISSOCK(st.st_mode),
		.last = &s->first,
		.text = true,
		.next = all.texts,
	};
	all.texts = s;
	return true;
}

bool spool_text(struct spool *s, int fd, const char *what, const char *path)
{
	sys_nonblock(fd);
	return open_text(s, fd, false, mem_format("%s in %s", what, path));
}

bool spool_share(struct spool *s, int fd, const char *what)
{
	bool shared = false;
	const int own = own_copy(fd, &shared);

	return open_text(s, own, shared, mem_format("%s", what));
}

void spool_wake_by(int fd)
{
	all.wake = fd;
}

void spool_hurry(void)
{
	all.hurry = true;
}

static void call_watcher(struct spool *s, bool waits)
{
	if (all.watcher)
		all.watcher(all.owner, s, waits);
}

void spool_watch(void (*watcher)(void *owner, struct spool *s, bool waits), void *owner)
{
	for (struct spool *s = all.texts; s; s = s->next)
		call_watcher(s, false);
	all.watcher = watcher;
	all.owner = owner;
	for (struct spool *s = all.texts; s; s = s->next)
		if (s->waits)
			call_watcher(s, true);
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

void spool_forget(void)
{
	for (struct spool *s = all.texts; s; s = s->next) {
		forget_all(s);
		s->lost = 0;
	}
}

static void note_drop(const struct spool *s)
{
	struct fail why = { 0 };

	fail_say(&why, PHASE_WRITE, EAGAIN,
		 "%s: its reader is too slow, so something is missing there", s->what);
	log_lost(&why);
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

	s->why = errno;
	fail_sys(&why, PHASE_WRITE, s->text ? "%s is not complete" : "%s ends here",
		 s->what);
	log_lost(&why);
	if (!s->text) /* else its owner says so */
		log_say(LEVEL_WARNING, "%s", why.text);
	if (s->file && s->sent)
		mend_end(s);
	forget_all(s);
	s->over = !s->text;
}

/* ---- writing --------------------------------------------------------------- */

static bool writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) > 0;
}

/* The first records, for one call.  Of text no more whole ones than a pipe takes at once
 * or not at all, so that nobody else's get between their lines; to a shared one that
 * polls writable never more, which never blocks. */
static size_t gather(const struct spool *s, struct iovec *v)
{
	size_t room = s->text ? PIPE_BUF : SIZE_MAX, skip = s->sent, n = 0;

	for (struct record *r = s->first; r && n < AT_ONCE; r = r->next) {
		size_t len = r->len - skip;

		if (n && len > room)
			break;
		if (s->shared && len > room)
			len = room;
		v[n++] = (struct iovec){ .iov_base = r->data + skip, .iov_len = len };
		room -= len < room ? len : room;
		skip = 0;
	}
	return n;
}

/* As writev(2). */
static ssize_t write_vector(const struct spool *s, struct iovec *v, size_t len)
{
	struct msghdr m = { .msg_iov = v };
	ssize_t n;

	if (s->shared && !writable(s->fd)) {
		errno = EAGAIN;
		return -1;
	}
	m.msg_iovlen = len;
	do
		n = s->socket ? sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL)
			      : writev(s->fd, v, (int)len);
	while (n < 0 && errno == EINTR);
	return n;
}

/* As write(2). */
static ssize_t write_kept(const struct spool *s)
{
	struct iovec v[AT_ONCE];

	return write_vector(s, v, gather(s, v));
}

/* The reader takes no more now, or never will. */
static void stop(struct spool *s, ssize_t n)
{
	if (n == 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		s->waits = true;
	else
		end(s);
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
		const ssize_t n = write_kept(s);

		if (n > 0)
			took(s, (size_t)n);
		else
			stop(s, n);
	}
}

static void tell_dropped(struct spool *s)
{
	if (s->dropped)
		log_say(LEVEL_WARNING, "%s: records dropped: %llu", s->what,
			(unsigned long long)s->dropped);
	s->dropped = 0;
}

/* In the text itself, at that place. */
static void tell_lost(struct spool *s)
{
	char text[80], line[160];
	int n;

	snprintf(text, sizeof(text),
		 "%" PRIu64 " bytes are missing here: who reads this is too slow",
		 s->lost);
	s->lost = 0;
	if (s->tell) {
		s->tell(s->owner, text);
		return;
	}
	n = snprintf(line, sizeof(line), "%s%.40s: warning: %s\n",
		     s->in_line ? "\n" : "", log_program(), text);
	spool_write(s, line, (size_t)n);
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
	if (!s->first && s->lost)
		tell_lost(s);
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
	struct record *const r = mem_new(1, sizeof(*r) + len);

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
	r = len + s->held <= SPOOL_MAX ? keep(s, len) : NULL;
	if (r)
		return r->data;
	note_drop(s);
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

/* ---- text ------------------------------------------------------------------ */

static size_t write_through(struct spool *s, const char *text, size_t len)
{
	size_t done = 0;

	s->waits = false;
	while (done < len && !s->waits && !s->why) {
		const size_t most = s->shared ? PIPE_BUF : SIZE_MAX, left = len - done;
		struct iovec v = { .iov_base = (char *)text + done,
				   .iov_len = left < most ? left : most };
		const ssize_t n = write_vector(s, &v, 1);

		if (n > 0)
			done += (size_t)n;
		else
			stop(s, n);
	}
	return done;
}

/* What was begun is always kept. */
static void keep_rest(struct spool *s, const char *text, size_t len, bool begun)
{
	struct record *r = NULL;

	if (begun || !s->first || len + s->held <= SPOOL_TEXT_MAX)
		r = keep(s, len);
	if (r) {
		memcpy(r->data, text, len);
		s->in_line = text[len - 1] != '\n';
		return;
	}
	s->lost = len;
	s->in_line |= begun;
	note_drop(s);
}

/* Until all is written or a signal asks for something else. */
static void wait_for_reader(struct spool *s)
{
	struct pollfd p[2] = { { .fd = s->fd, .events = POLLOUT },
			       { .fd = all.wake, .events = POLLIN } };

	while (s->first && !all.hurry) {
		poll(p, 2, -1);
		if (p[1].revents)
			return;
		write_all(s);
	}
}

static void write_text(struct spool *s, const char *text, size_t len)
{
	const size_t done = s->first ? 0 : write_through(s, text, len);

	if (s->why)
		return;
	if (done < len)
		keep_rest(s, text + done, len - done, done > 0);
	else
		s->in_line = text[len - 1] != '\n';
	if (s->patient)
		wait_for_reader(s);
}

/* After a drop more of it follows, until there is room again: one line tells of all. */
bool spool_write(struct spool *s, const void *text, size_t len)
{
	s->why = 0;
	if (s->over)
		return true;
	if (s->first)
		write_all(s);
	if (s->lost && s->held <= SPOOL_TEXT_MAX / 2)
		tell_lost(s);
	if (s->lost)
		s->lost += len;
	else if (len && !s->why)
		write_text(s, text, len);
	if (s->waits)
		call_watcher(s, true);
	errno = s->why;
	return !s->why;
}

/* ---- the end --------------------------------------------------------------- */

static void drop_rest(struct spool *s)
{
	for (const struct record *r = s->first; r; r = r->next)
		s->dropped++;
	if (s->first)
		note_drop(s);
	if (s->first && s->text)
		s->lost += s->held;
	forget_all(s);
	s->over = true;	/* what is said now does not go there */
	if (!s->text)
		tell_dropped(s);
	else if (s->lost)
		log_say(LEVEL_WARNING, "%s: its last %" PRIu64 " bytes were not read",
			s->what, s->lost);
}

/* Text is worth waiting for, unless somebody wants an end; then a moment is, but for who
 * says so again. */
static bool takes_more(const struct spool *s)
{
	struct pollfd p[2] = { { .fd = s->fd, .events = POLLOUT },
			       { .fd = all.wake, .events = POLLIN } };
	bool waits;
	int n;

	do {
		waits = s->text && !all.hurry;
		n = poll(p, waits ? 2 : 1, waits ? -1 : PATIENCE);
		all.hurry |= n > 0 && p[1].revents;
	} while (n < 0 ? waits && errno == EINTR : n > 0 && !p[0].revents);
	return n > 0;
}

static void write_rest(struct spool *s)
{
	do
		spool_flush(s);
	while (s->waits && takes_more(s));
	drop_rest(s);
}

void spool_finish(void)
{
	for (struct spool *s = all.texts; s; s = s->next) {
		write_rest(s);
		/* who has not read within his second gets no other */
		s->over = all.hurry && s->lost;
		s->lost = s->dropped = 0;
	}
}

static void leave_texts(struct spool *s)
{
	struct spool **at = &all.texts;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	call_watcher(s, false);
}

void spool_close(struct spool *s)
{
	if (!s->what)
		return;
	write_rest(s);
	if (s->text)
		leave_texts(s);
	sys_close(s->fd);
	mem_free(s->what);
	*s = (struct spool){ .fd = -1 };
}
