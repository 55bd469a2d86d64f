/* Looks at what is read through it: options -v, -x, -r, -R, and hexdump. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "base/text.h"
#include "endpoint/endpoint.h"
#include "proto/dump.h"

enum { STAMP = 48, WHO = 256 };

/* Made once for all sessions of the address. */
struct tap_setup {
	bool text, hex, classic, colour;
	int raw; /* own: the file of the raw copy; -1 = none */
};

struct tap {
	struct layer l;
	uint64_t offset; /* bytes that passed */
	char *who;	 /* own: the connection, as it was when it was made */
	bool ended;
};

/* ---- once ------------------------------------------------------------ */

static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && isatty(STDERR_FILENO);
}

/* Non-blocking, because opening a FIFO would else wait for its reader. */
static enum io open_raw(struct tap_setup *s, const char *path, struct fail *f)
{
	s->raw = open(path,
		      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		      0666);
	if (s->raw < 0)
		return fail_sys(f, PHASE_WRITE, "cannot open %s for the raw copy", path);
	return IO_OK;
}

static enum io tap_prepare(struct part *p, struct fail *f)
{
	struct tap_setup *s = mem_new(1, sizeof(*s));
	const char *raw = part_text(p, OPT_TAP_RAW, NULL);

	if (!s)
		return fail_memory(f);
	p->prepared = s;
	*s = (struct tap_setup){
		.text = part_has(p, OPT_TAP_TEXT),
		.hex = part_has(p, OPT_TAP_HEX),
		.classic = part_has(p, OPT_TAP_DUMP),
		.colour = wants_colour(),
		.raw = -1,
	};
	if (raw)
		return open_raw(s, raw, f);
	s->classic |= !s->text && !s->hex;
	return IO_OK;
}

static void tap_unprepare(struct part *p)
{
	struct tap_setup *s = p->prepared;

	sys_close(s->raw);
	mem_free(s);
	p->prepared = NULL;
}

/* ---- recording ------------------------------------------------------------ */

/* "2026/11/22 10:00:00.123456000", as socat's has nine digits; or without date
 * and with six. */
static void put_stamp(char *to, size_t cap, bool socat)
{
	struct timespec now;
	struct tm local = { 0 };
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	n = strftime(to, cap, socat ? "%Y/%m/%d %H:%M:%S" : "%H:%M:%S", &local);
	if (socat)
		snprintf(to + n, cap - n, ".%09ld", now.tv_nsec);
	else
		snprintf(to + n, cap - n, ".%06ld", now.tv_nsec / 1000);
}

static void show(const struct buf *out)
{
	/* whoever closed standard error does not want to see it */
	(void)sys_write_all(STDERR_FILENO, out->data, out->len);
}

static struct dump_mark mark(const struct tap *t, const char *stamp)
{
	return (struct dump_mark){
		.arrow = t->l.end->side == 0 ? '>' : '<',
		.stamp = stamp,
		.offset = t->offset,
	};
}

static bool show_socat(struct tap *t, const struct tap_setup *s, const void *data,
		       size_t len)
{
	char stamp[STAMP];
	struct dump_mark m = mark(t, stamp);
	struct buf out;
	bool done;

	put_stamp(stamp, sizeof(stamp), true);
	buf_init(&out, dump_room(&m, len));
	done = dump_socat(&out, &m, s->text, s->hex, data, len);
	if (done)
		show(&out);
	buf_free(&out);
	return done;
}

/* At the end of a connection its addresses can no longer be asked. */
static const char *who_is_it(struct tap *t)
{
	char text[WHO], who[WHO];

	if (!t->who) {
		endpoint_text(t->l.end, text, sizeof(text));
		t->who = mem_text(who, text_escape(who, sizeof(who), text, strlen(text)));
	}
	return t->who;
}

/* data NULL: the end of the direction. */
static bool show_classic(struct tap *t, const struct tap_setup *s, const void *data,
			 size_t len)
{
	char stamp[STAMP];
	struct dump_mark m = mark(t, stamp);
	struct buf out;
	bool done;

	put_stamp(stamp, sizeof(stamp), false);
	m.who = who_is_it(t);
	m.colour = s->colour;
	buf_init(&out, dump_room(&m, len));
	done = data ? dump_classic(&out, &m, data, len) : dump_end(&out, &m);
	if (done)
		show(&out);
	buf_free(&out);
	return done;
}

/* The traffic is worth more than its copy: a full disk ends the copy only. */
static void copy_raw(struct tap_setup *s, const struct part *p, const void *data,
		     size_t len)
{
	struct fail f = { 0 };

	if (s->raw < 0 || sys_write_all(s->raw, data, len))
		return;
	fail_sys(&f, PHASE_WRITE, "the raw copy in %s ends here",
		 part_text(p, OPT_TAP_RAW, ""));
	log_say(LEVEL_WARNING, "%s", f.text);
	sys_close(s->raw);
	s->raw = -1;
}

static enum io record(struct tap *t, const void *data, size_t len)
{
	struct tap_setup *s = t->l.part->prepared;

	copy_raw(s, t->l.part, data, len);
	if ((s->text || s->hex) && !show_socat(t, s, data, len))
		return fail_memory(t->l.end->fail);
	if (s->classic && !show_classic(t, s, data, len))
		return fail_memory(t->l.end->fail);
	t->offset += len;
	return IO_OK;
}

static void record_end(struct tap *t)
{
	struct tap_setup *s = t->l.part->prepared;

	if (s->classic && !t->ended)
		show_classic(t, s, NULL, 0);
	t->ended = true;
}

/* A peer may be gone by the time its bytes are read. */
static enum io tap_open(struct layer *l)
{
	const struct tap_setup *s = l->part->prepared;

	if (s->classic && !who_is_it((struct tap *)l))
		return fail_memory(l->end->fail);
	return IO_OK;
}

static enum io tap_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct tap *t = (struct tap *)l;
	enum io r = layer_read(l->below, to, cap, n);

	if (r == IO_OK)
		return record(t, to, *n);
	if (r == IO_EOF)
		record_end(t);
	return r;
}

static void tap_free(struct layer *l)
{
	mem_free(((struct tap *)l)->who);
}

const struct layer_ops tap_ops = {
	.size = sizeof(struct tap),
	.prepare = tap_prepare,
	.unprepare = tap_unprepare,
	.open = tap_open,
	.read = tap_read,
	.free = tap_free,
};
