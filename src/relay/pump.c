/* One direction: read, write, keep what did not fit. */
#include "relay/pump.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "relay/way.h"

/* So much is moved before others get their turn. */
enum { BUDGET = 16 };

struct chunk {
	struct left left;
	size_t at, len;			/* data[at .. len) is still to be written */
	unsigned char data[];
};

static const struct way *const ways[] = {
#define WAY(name) &name##_way,
#include "relay/ways.def"
#undef WAY
	NULL,
};

/* May a step that answered `wait` be tried again, now that `ready` came? */
static bool may_try(enum io wait, unsigned ready)
{
	switch (wait) {
	case IO_OK:
		return true;
	case IO_READ:
		return ready & (READY_READ | READY_WAKE);
	case IO_WRITE:
		return ready & (READY_WRITE | READY_WAKE);
	default:
		return ready & READY_WAKE;
	}
}

static unsigned wanted(enum io wait)
{
	return wait == IO_READ ? READY_READ : wait == IO_WRITE ? READY_WRITE : 0;
}

unsigned pump_wants_from(const struct pump *p)
{
	return p->off || p->done || p->left || p->eof ? 0 : wanted(p->from_wait);
}

unsigned pump_wants_to(const struct pump *p)
{
	unsigned want = p->to_wait == IO_OK ? READY_ERROR : wanted(p->to_wait);

	if (p->off || p->done || p->discard)
		want = 0;
	return want | wanted(p->owed_wait);
}

static void drop_left(struct pump *p)
{
	if (p->left)
		p->left->drop(p->left);
	p->left = NULL;
}

void pump_free(struct pump *p)
{
	drop_left(p);
}

/* The direction is over; what was not written never will be. */
static enum io finish(struct pump *p)
{
	drop_left(p);
	p->eof = p->done = true;
	return IO_EOF;
}

/* ---- writing ------------------------------------------------------------------ */

void pump_count(struct pump *p, size_t n)
{
	p->bytes += n;
	p->writes++;
}

static enum io write_all(struct pump *p, const unsigned char *from, size_t len,
			 size_t *done)
{
	do {
		size_t n = 0;
		enum io r = endpoint_write(p->to, from + *done, len - *done, &n);

		if (r != IO_OK)
			return r;
		*done += n;
		pump_count(p, n);
	} while (*done < len);
	return IO_OK;
}

/* Nobody failed, but the strict want to know. */
static void note_lost(struct pump *p, const char *why)
{
	fail_say(fail_record(p->to->missing),
		 p->to->network ? PHASE_SEND : PHASE_WRITE, EPIPE,
		 "%s: %s", p->to->spec->input, why);
}

enum io pump_wrote(struct pump *p, enum io r)
{
	if (r == IO_EOF) {
		note_lost(p, "it took no more, so what came last is lost");
		return finish(p);
	}
	p->to_wait = r;
	return r;
}

static enum io write_chunk(struct pump *p)
{
	struct chunk *c = (struct chunk *)p->left;
	enum io r = write_all(p, c->data, c->len, &c->at);

	if (r == IO_OK)
		drop_left(p);
	return pump_wrote(p, r);
}

static void drop_chunk(struct left *l)
{
	mem_free(l);
}

static enum io keep(struct pump *p, const unsigned char *from, size_t len)
{
	struct chunk *c = mem_new(1, sizeof(*c) + len);

	if (!c)
		return fail_memory(p->to->fail);
	c->left = (struct left){ .write = write_chunk, .drop = drop_chunk };
	c->len = len;
	memcpy(c->data, from, len);
	p->left = &c->left;
	return IO_OK;
}

static enum io write_new(struct pump *p, const unsigned char *from, size_t len)
{
	size_t done = 0;
	enum io r;

	if (p->discard || (len == 0 && !p->to->messages))
		return IO_OK;
	r = write_all(p, from, len, &done);
	if ((r == IO_READ || r == IO_WRITE || r == IO_WAIT) &&
	    keep(p, from + done, len - done) != IO_OK)
		return IO_FAIL;
	return r;
}

/* ---- one direction -------------------------------------------------------------- */

static enum io shut(struct pump *p)
{
	enum io r = p->discard ? IO_OK : endpoint_shut(p->to);

	if (r == IO_OK || r == IO_EOF) {
		p->shut_eof = r == IO_EOF;
		p->done = true;
		return IO_EOF;
	}
	p->to_wait = r;
	return r;
}

/* The far side went away while there was nothing to write.  A pipe's reader that
 * has seen enough costs nothing; a connection that breaks does. */
static enum io reader_gone(struct pump *p)
{
	if (p->to->network)
		return fail_say(p->to->fail, PHASE_SEND, ECONNRESET,
				"%s: connection lost: %s", p->to->spec->input,
				fail_errno_text(ECONNRESET));
	/* a program says by its status whether it has heard enough */
	if (!(p->to->spec->part[0].type->groups & G_PROGRAM))
		note_lost(p, "the reader went away before the end of the data");
	p->shut_eof = true;
	return finish(p);
}

enum io pump_put(struct pump *p, const unsigned char *from, size_t len)
{
	return pump_wrote(p, write_new(p, from, len));
}

bool pump_has_drained(const struct pump *p)
{
	const struct endpoint *e = p->from;

	return e->reader == e->layer[0] && e->rkind == FD_SOCKET;
}

enum io pump_copy(struct pump *p, size_t *n)
{
	unsigned char *scratch = loop_services(p->from->loop)->scratch;
	enum io r = endpoint_read(p->from, scratch, p->block, n);

	if (r == IO_EOF) {
		p->eof = true;
		return IO_OK;
	}
	p->from_wait = r;
	if (r != IO_OK)
		return r;
	p->blocks += !p->discard;
	r = pump_put(p, scratch, *n);
	if (*n < p->block && pump_has_drained(p))
		p->from_wait = IO_READ;
	return r == IO_OK ? p->from_wait : r;
}

static enum io move(struct pump *p)
{
	size_t n = 0;
	enum io r;

	p->from_wait = IO_OK;
	if (p->way && !p->discard && (!p->woken || p->way->asks))
		r = p->way->move(p);
	else
		r = pump_copy(p, &n);
	p->woken = p->woken && r == IO_OK;
	return r;
}

/* The next thing to do in this direction. */
static enum io step(struct pump *p)
{
	if (p->left)
		return p->left->write(p);
	return p->eof ? shut(p) : move(p);
}

void pump_begin(struct pump *p)
{
	unsigned i = 0;

	while (ways[i] && !ways[i]->fits(p))
		i++;
	p->way = ways[i];
	if (pump_has_drained(p) && !p->from->reader->back)
		p->from_wait = IO_READ;
}

enum io pump_run(struct pump *p, unsigned from_ready, unsigned to_ready)
{
	if (p->off || p->done)
		return IO_EOF;
	if (p->to_wait == IO_OK && (to_ready & READY_ERROR))
		return reader_gone(p);
	if (!may_try(p->to_wait, to_ready) ||
	    (!p->left && !p->eof && !may_try(p->from_wait, from_ready)))
		return IO_OK;
	p->to_wait = IO_OK;
	p->woken = p->woken || (from_ready & READY_WAKE);
	for (unsigned i = 0; i < BUDGET; i++) {
		enum io r = step(p);

		if (r == IO_EOF || r == IO_FAIL)
			return r;
		if (r != IO_OK)
			return IO_OK;
	}
	return IO_WAIT;
}

bool pump_settle(struct pump *p)
{
	p->owed_wait = endpoint_settle(p->to);
	return p->owed_wait != IO_FAIL;
}
