/* Looks at what is read through it: -v, -x, --hexdump, --text, -r, -R, and the hexdump
 * layer. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/outlet.h"
#include "base/platform.h"
#include "base/text.h"
#include "endpoint/endpoint.h"
#include "proto/dump.h"

enum {
	WHO = 256,
	NOTE = 64,
	KEEP = 1 << 20, /* more room than this is given back after a block */
};

/* A file, something with a reader, or standard error. */
struct sink {
	const char *what; /* ref: for messages: "the raw copy" */
	const char *path; /* ref: NULL = standard error */
	/* own: path's, closed once it can't be written any more; else fd alone */
	struct outlet out;
};

/* Made once for all sessions of the address. */
struct tap_setup {
	bool text, hex, classic, lines, colour;
	uint64_t limit; /* bytes of each direction of a session; 0 = none */
	struct sink shown, raw;
	struct buf out; /* own: the text of one block; its room serves the next */
};

struct tap {
	struct layer l;
	uint64_t offset; /* bytes that passed */
	char *who;	 /* own: the connection, as it was when it was made */
	bool cut;	 /* it was told that the rest is not shown */
	bool ended;
};

/* ---- once ------------------------------------------------------------ */

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

static bool wants_colour(enum colour when, int fd)
{
	if (when != COLOUR_AUTO)
		return when == COLOUR_ALWAYS;
	return !is_set("NO_COLOR") && isatty(fd);
}

/* Non-blocking, because opening a FIFO would else wait for its reader. */
static enum io open_sink(struct sink *k, const char *what, const char *path,
			 struct fail *f)
{
	const int fd = open(path,
			    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY |
				    O_NONBLOCK,
			    0666);

	k->what = what;
	k->path = path;
	if (outlet_open(&k->out, fd, what, path))
		return IO_OK;
	return fail_sys(f, PHASE_WRITE, "cannot open %s for %s", path, what);
}

static bool as_socat(const struct tap_setup *s)
{
	return s->text || s->hex;
}

static bool as_our_own(const struct tap_setup *s)
{
	return s->classic || s->lines;
}

static enum io open_sinks(struct tap_setup *s, const char *raw, const char *shown,
			  struct fail *f)
{
	s->raw.out.fd = s->shown.out.fd = -1;
	if (raw && open_sink(&s->raw, "the raw copy", raw, f) != IO_OK)
		return IO_FAIL;
	if (!as_socat(s) && !as_our_own(s))
		return IO_OK;
	if (shown)
		return open_sink(&s->shown, "the dump", shown, f);
	s->shown = (struct sink){ .what = "the dump", .out.fd = STDERR_FILENO };
	return IO_OK;
}

static enum io tap_prepare(struct part *p, struct fail *f)
{
	const struct dump_rules *rules = &p->spec->rules.dump;
	const char *raw = part_text(p, OPT_TAP_RAW, NULL);
	struct tap_setup *s = mem_new(1, sizeof(*s));

	if (!s)
		return fail_memory(f);
	p->prepared = s;
	s->text = part_has(p, OPT_TAP_TEXT);
	s->hex = part_has(p, OPT_TAP_HEX);
	s->lines = part_has(p, OPT_TAP_LINES);
	s->classic = part_has(p, OPT_TAP_DUMP);
	s->classic |= !raw && !s->lines && !as_socat(s);
	s->limit = rules->limit;
	if (open_sinks(s, raw, rules->file, f) != IO_OK)
		return IO_FAIL;
	s->raw.out.spool.patient = true; /* nothing there could tell what is missing */
	s->shown.out.spool.patient |= rules->wait || p->spec->rules.socat;
	s->colour = wants_colour(rules->colour, s->shown.out.fd);
	return IO_OK;
}

static void close_sink(struct sink *k)
{
	if (k->path)
		outlet_close(&k->out);
	k->out.fd = -1;
}

static void tap_unprepare(struct part *p)
{
	struct tap_setup *s = p->prepared;

	close_sink(&s->shown);
	close_sink(&s->raw);
	buf_free(&s->out);
	mem_free(s);
	p->prepared = NULL;
}

/* ---- where it goes ---------------------------------------------------------- */

static bool put(struct sink *k, const void *data, size_t len)
{
	if (k->path)
		return outlet_write(&k->out, data, len);
	log_make_room();
	return log_write(data, len);
}

/* The traffic is worth more than its copy: a full disk ends the copy only. */
static void give(struct sink *k, const void *data, size_t len, const struct endpoint *e)
{
	struct fail f = { 0 };

	if (k->out.fd < 0 || !len || put(k, data, len))
		return;
	fail_sys(&f, PHASE_WRITE, "%s %s%s ends here", k->what, k->path ? "in " : "",
		 k->path ? k->path : "on standard error");
	close_sink(k);
	log_say(LEVEL_WARNING, "%s", f.text);
	fail_say(fail_record(e->missing), f.phase, f.code, "%s", f.text);
}

/* ---- what is shown ---------------------------------------------------------- */

/* "2026/11/22 10:00:00.123456000", as socat's has nine digits; or without date
 * and with six. */
static void put_stamp(char to[DUMP_STAMP], bool socat)
{
	struct timespec now;
	struct tm local = { 0 };
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &local);
	n = strftime(to, DUMP_STAMP, socat ? "%Y/%m/%d %H:%M:%S" : "%H:%M:%S", &local);
	if (socat)
		snprintf(to + n, DUMP_STAMP - n, ".%09ld", now.tv_nsec);
	else
		snprintf(to + n, DUMP_STAMP - n, ".%06ld", now.tv_nsec / 1000);
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

static struct dump_mark socat_mark(const struct tap *t, char stamp[DUMP_STAMP])
{
	put_stamp(stamp, true);
	return (struct dump_mark){
		.arrow = t->l.end->side == 0 ? '>' : '<',
		.stamp = stamp,
		.offset = t->offset,
	};
}

static struct dump_mark own_mark(const struct tap *t, char stamp[DUMP_STAMP])
{
	const struct tap_setup *s = t->l.part->prepared;
	const struct endpoint *e = t->l.end;

	put_stamp(stamp, false);
	return (struct dump_mark){
		.arrow = e->side == 0 ? '>' : '<',
		.stamp = stamp,
		.offset = t->offset,
		.session = e->shared && e->session ? *e->session : 0,
		.who = t->who,
		.colour = s->colour,
		.columns = sys_columns(s->shown.out.fd),
	};
}

/* An empty buffer that may hold a block of so many bytes in all formats. */
static struct buf *fresh(const struct tap *t, size_t len)
{
	struct buf *out = &((struct tap_setup *)t->l.part->prepared)->out;
	const size_t one = dump_room(t->who, len);
	const size_t all = one > SIZE_MAX / 3 ? SIZE_MAX : one * 3;

	if (out->cap > KEEP)
		buf_free(out);
	out->len = 0;
	if (out->max < all)
		out->max = all;
	return out;
}

/* In all formats asked for, with one write. */
static bool show(const struct tap *t, const void *data, size_t len)
{
	struct tap_setup *s = t->l.part->prepared;
	struct buf *out = fresh(t, len);
	char stamp[DUMP_STAMP];
	struct dump_mark m;
	bool ok = true;

	if (as_socat(s)) {
		m = socat_mark(t, stamp);
		ok = dump_socat(out, &m, s->text, s->hex, data, len);
	}
	if (ok && as_our_own(s)) {
		m = own_mark(t, stamp);
		ok = (!s->classic || dump_classic(out, &m, data, len)) &&
		     (!s->lines || dump_lines(out, &m, data, len));
	}
	if (ok)
		give(&s->shown, out->data, out->len, t->l.end);
	return ok;
}

/* A line of its own, though -v may have shown no line end before.  socat does not tell
 * of ends. */
static bool note(const struct tap *t, bool end, const char *what)
{
	struct tap_setup *s = t->l.part->prepared;
	struct buf *out = fresh(t, 0);
	char stamp[DUMP_STAMP];
	struct dump_mark m;
	bool ok = true;

	if (as_socat(s) && !end) {
		m = socat_mark(t, stamp);
		ok = (s->hex || buf_add(out, "\n", 1)) && dump_note(out, &m, what);
	}
	if (ok && as_our_own(s)) {
		m = own_mark(t, stamp);
		ok = dump_note(out, &m, what);
	}
	if (ok)
		give(&s->shown, out->data, out->len, t->l.end);
	return ok;
}

/* ---- recording ------------------------------------------------------------ */

/* How many of the next len bytes are within the limit. */
static size_t within_limit(const struct tap *t, uint64_t limit, size_t len)
{
	if (!limit)
		return len;
	if (t->offset >= limit)
		return 0;
	return len < limit - t->offset ? len : (size_t)(limit - t->offset);
}

static bool show_within_limit(struct tap *t, const void *data, size_t len)
{
	const uint64_t limit = ((struct tap_setup *)t->l.part->prepared)->limit;
	const size_t n = within_limit(t, limit, len);
	char what[NOTE];

	if (t->cut || ((n || !len) && !show(t, data, n)))
		return t->cut;
	if (n == len)
		return true;
	t->cut = true;
	snprintf(what, sizeof(what), "more than %" PRIu64 " bytes: the rest is not shown",
		 limit);
	return note(t, false, what);
}

static enum io record(struct tap *t, const void *data, size_t len)
{
	struct tap_setup *s = t->l.part->prepared;

	give(&s->raw, data, len, t->l.end);
	if (s->shown.out.fd >= 0 && !show_within_limit(t, data, len))
		return fail_memory(t->l.end->fail);
	t->offset += len;
	return IO_OK;
}

static void record_end(struct tap *t)
{
	char what[NOTE] = "end";

	if (t->cut)
		snprintf(what, sizeof(what), "end after %" PRIu64 " bytes", t->offset);
	if (!t->ended)
		note(t, true, what);
	t->ended = true;
}

/* A peer may be gone by the time its bytes are read. */
static enum io tap_open(struct layer *l)
{
	if (as_our_own(l->part->prepared) && !who_is_it((struct tap *)l))
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
