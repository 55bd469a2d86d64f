/* Says what one side of a recording said, and hears whether the other one says the same
 * again: replay. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/platform.h"
#include "base/text.h"
#include "endpoint/endpoint.h"
#include "proto/play.h"

enum {
	MOST = 256 * 1024 * 1024,	/* bytes of a file */
	BEFORE = 6, AFTER = 10,		/* what is shown of two that differ */
	SHOWN = 4 * (BEFORE + AFTER) + 3,
	USEC = 1000000,
};

/* Made once for all sessions of the address. */
struct script {
	struct recording rec;	/* own: of one session */
	bool client;		/* whom we play, else the server */
	bool loose;
	uint64_t speed;		/* millionths of the recorded one; 0 = no pauses */
};

struct replay {
	struct layer l;
	struct play play;
	uint64_t due;		/* when the next block may be said; 0 = not known */
	bool ended;		/* nothing more will be heard */
	struct timer news;	/* there may be something to say, but not at once */
};

/* ---- once: the options ------------------------------------------------------- */

/* *second becomes true for the second of the two words, which may stand there. */
static enum io either(const struct part *p, unsigned id, const char *first,
		      const char *other, bool *second, struct fail *f)
{
	const struct optval *v = part_val(p, id);

	if (!v)
		return IO_OK;
	*second = text_same(v->text, strlen(v->text), other);
	if (*second || text_same(v->text, strlen(v->text), first))
		return IO_OK;
	return fail_at(f, p->spec->input, v->at, v->len, "%s is %s or %s", v->name, first,
		       other);
}

/* A number with a fraction is read like seconds, and kept in millionths like those. */
static enum io read_speed(const struct part *p, uint64_t *speed, struct fail *f)
{
	const struct optval *v = part_val(p, OPT_REPLAY_SPEED);
	const size_t len = v ? strlen(v->text) : 0;

	if (!v || text_same(v->text, len, "inf"))
		return IO_OK;
	if (strspn(v->text, "0123456789.") == len && text_duration(v->text, len, speed))
		return IO_OK;
	return fail_at(f, p->spec->input, v->at, v->len,
		       "speed is a number like 2 (twice as fast) or 0.5; 0 or inf for no "
		       "pauses at all");
}

static enum io read_options(const struct part *p, struct script *s, struct fail *f)
{
	if (either(p, OPT_REPLAY_ROLE, "server", "client", &s->client, f) != IO_OK ||
	    either(p, OPT_REPLAY_MATCH, "strict", "loose", &s->loose, f) != IO_OK)
		return IO_FAIL;
	return read_speed(p, &s->speed, f);
}

/* ---- once: the file ---------------------------------------------------------- */

static enum io refuse(const struct part *p, const struct recording *r, struct fail *f)
{
	if (!r->wrong)
		return fail_memory(f);
	return fail_at(f, p->spec->input, p->arg_at[0], p->arg_len[0],
		       "line %zu, column %zu: %s", r->lines, r->column, r->wrong);
}

static enum io read_file(const struct part *p, int fd, struct recording *r,
			 struct fail *f)
{
	unsigned char piece[16 * 1024];
	size_t all = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_sys(f, PHASE_READ, "cannot read the recording %s",
					p->arg[0]);
		if (n == 0)
			return recording_end(r) ? IO_OK : refuse(p, r, f);
		all += (size_t)n;
		if (all > MOST)
			return fail_say(f, PHASE_READ, EFBIG,
					"the recording %s is longer than 256 MiB",
					p->arg[0]);
		if (!recording_add(r, piece, (size_t)n))
			return refuse(p, r, f);
	}
}

static enum io load(const struct part *p, struct recording *r, struct fail *f)
{
	const int fd = open(p->arg[0], O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum io answer;

	recording_init(r, MOST);
	if (fd < 0)
		return fail_sys(f, PHASE_READ, "cannot open the recording %s", p->arg[0]);
	answer = read_file(p, fd, r, f);
	sys_close(fd);
	return answer;
}

static enum io choose_session(const struct part *p, struct recording *r, struct fail *f)
{
	const struct optval *v = part_val(p, OPT_REPLAY_SESSION);

	if (v && (v->num < 1 || v->num > UINT32_MAX))
		return fail_at(f, p->spec->input, v->at, v->len,
			       "sessions are numbered from 1 up");
	if (!recording_keep(r, v ? (unsigned)v->num : 0))
		return refuse(p, r, f);
	if (r->n)
		return IO_OK;
	if (v)
		return fail_at(f, p->spec->input, v->at, v->len,
			       "%s has no session %lld", p->arg[0], v->num);
	return fail_at(f, p->spec->input, p->arg_at[0], p->arg_len[0],
		       "nothing is recorded in this file");
}

static enum io replay_prepare(struct part *p, struct fail *f)
{
	struct script *s = mem_new(1, sizeof(*s));

	if (!s)
		return fail_memory(f);
	p->prepared = s;
	if (read_options(p, s, f) != IO_OK || load(p, &s->rec, f) != IO_OK)
		return IO_FAIL;
	return choose_session(p, &s->rec, f);
}

static void replay_unprepare(struct part *p)
{
	struct script *s = p->prepared;

	recording_free(&s->rec);
	mem_free(s);
	p->prepared = NULL;
}

/* ---- one session ------------------------------------------------------------- */

static const struct script *script(const struct replay *x)
{
	return x->l.part->prepared;
}

static const char *other_side(const struct replay *x)
{
	return x->play.client ? "server" : "client";
}

static bool faces_messages(const struct endpoint *e)
{
	const struct spec *to = e->other ? e->other->spec : NULL;

	if (e->other && e->other->nopen)
		return e->other->messages;
	for (unsigned i = 0; to && i < to->nparts; i++)
		if (to->part[i].type->flags & TYPE_MESSAGES)
			return true;
	return false;
}

static enum io replay_open(struct layer *l)
{
	struct replay *x = (struct replay *)l;

	l->end->messages = faces_messages(l->end);
	/* the far end, which we play, is the client: it came to us */
	l->end->server = script(x)->client;
	x->news = (struct timer){ .fn = endpoint_woken, .owner = l->end };
	x->play = (struct play){
		.rec = &script(x)->rec,
		.client = script(x)->client,
		.messages = l->end->messages,
		.loose = script(x)->loose,
	};
	play_init(&x->play, !l->end->writes);
	return IO_OK;
}

/* The reader is called at that time, or as soon as whoever calls us is done. */
static enum io wake_at(struct replay *x, uint64_t due, enum io answer)
{
	return timer_set(x->l.end->loop, &x->news, due) ? answer
							: fail_memory(x->l.end->fail);
}

/* ---- saying ------------------------------------------------------------------ */

/* The recorded pause before the next block is over. */
static bool is_due(struct replay *x)
{
	const uint64_t speed = script(x)->speed, now = loop_now(x->l.end->loop);

	if (!speed)
		return true;
	if (!x->due)
		x->due = now + play_pause(&x->play) * USEC / speed;
	return now >= x->due;
}

static enum io say(struct replay *x, const struct block *b, void *to, size_t cap,
		   size_t *n)
{
	const unsigned char *data = NULL;
	const size_t left = play_line(&x->play, &data);

	if (left > cap && x->play.messages)
		return fail_say(x->l.end->fail, PHASE_SEND, EMSGSIZE,
				"%.96s: the message of line %zu has %zu bytes, and %zu "
				"are the most that -b allows",
				x->l.end->spec->input, b->line, left, cap);
	*n = left < cap ? left : cap;
	if (data)
		memcpy(to, data, *n);
	play_said(&x->play, *n);
	if (*n == left)
		x->due = 0;
	return IO_OK;
}

static enum io replay_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct replay *x = (struct replay *)l;
	const struct block *b = play_speaks(&x->play);

	if (!b)
		return x->ended || !play_listens(&x->play) ? IO_EOF : IO_WAIT;
	if (!is_due(x))
		return wake_at(x, x->due, IO_WAIT);
	return b->end ? IO_EOF : say(x, b, to, cap, n);
}

/* ---- hearing ----------------------------------------------------------------- */

/* Puts what is there into quotes, behind the last few bytes that stand before it. */
static const char *quoted(char *to, const unsigned char *before, size_t nbefore,
			  const unsigned char *data, size_t len)
{
	unsigned char both[BEFORE + AFTER];
	size_t n;

	if (!len)
		return "the end";
	if (len > AFTER)
		len = AFTER;
	memcpy(both, before, nbefore);
	memcpy(both + nbefore, data, len);
	to[0] = '"';
	n = text_escape(to + 1, SHOWN - 2, both, nbefore + len);
	memcpy(to + 1 + n, "\"", 2);
	return to;
}

static enum io too_much(const struct replay *x, const unsigned char *from, size_t len)
{
	char got[SHOWN];

	return fail_say(x->l.end->fail, PHASE_MATCH, 0,
			"%.64s: behind the last line: byte %llu from the %s differs: "
			"expected the end, got %s",
			x->l.end->spec->input, (unsigned long long)x->play.bytes + 1,
			other_side(x), quoted(got, from, 0, from, len));
}

/* These bytes came where others were expected. */
static enum io differs(const struct replay *x, const unsigned char *from, size_t len)
{
	const struct block *b = play_listens(&x->play);
	const size_t before = x->play.heard < BEFORE ? x->play.heard : BEFORE;
	const unsigned char *seen = from, *rest = from;
	char want[SHOWN], got[SHOWN];
	size_t left;

	if (!b)
		return too_much(x, from, len);
	left = play_expects(&x->play, &rest);
	if (before)
		seen = x->play.rec->bytes.data + b->at + x->play.heard - before;
	return fail_say(x->l.end->fail, PHASE_MATCH, 0,
			"%.64s: line %zu: byte %llu from the %s differs: expected %s, "
			"got %s",
			x->l.end->spec->input, b->line,
			(unsigned long long)x->play.bytes + 1, other_side(x),
			quoted(want, seen, before, rest, left),
			quoted(got, seen, before, from, len));
}

static enum io replay_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct replay *x = (struct replay *)l;
	size_t right;

	if (!play_hear(&x->play, from, len, &right))
		return differs(x, (const unsigned char *)from + right, len - right);
	*n = len;
	return wake_at(x, loop_now(l->end->loop), IO_OK);
}

static enum io missing(const struct replay *x, const struct block *b)
{
	const unsigned char *rest = NULL;
	const size_t left = play_expects(&x->play, &rest);
	char want[SHOWN];

	return fail_say(x->l.end->fail, PHASE_EARLY, 0,
			"%.64s: line %zu: the %s ended after %llu bytes: expected %s",
			x->l.end->spec->input, b->line, other_side(x),
			(unsigned long long)x->play.bytes,
			rest ? quoted(want, rest, 0, rest, left) : "an empty message");
}

/* The other side ends.  Said once: what we have left to say can still be heard. */
static enum io replay_shut(struct layer *l)
{
	struct replay *x = (struct replay *)l;
	const struct block *b = play_listens(&x->play);

	if (x->ended)
		return IO_OK;
	x->ended = true;
	return wake_at(x, loop_now(l->end->loop), b ? missing(x, b) : IO_OK);
}

/* Something is owed as long as something is expected: a time limit that cuts the session
 * off before is a failure. */
static enum io replay_settle(struct layer *l)
{
	const struct replay *x = (const struct replay *)l;

	return play_listens(&x->play) && !x->ended ? IO_WAIT : IO_OK;
}

static void replay_free(struct layer *l)
{
	timer_stop(l->end->loop, &((struct replay *)l)->news);
}

const struct layer_ops replay_ops = {
	.size = sizeof(struct replay),
	.prepare = replay_prepare,
	.unprepare = replay_unprepare,
	.open = replay_open,
	.read = replay_read,
	.write = replay_write,
	.settle = replay_settle,
	.shut = replay_shut,
	.free = replay_free,
};
