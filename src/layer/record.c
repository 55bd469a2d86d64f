/* Records what passes both ways, and when: --record. */
#include <string.h>

#include "base/mem.h"
#include "base/spool.h"
#include "base/text.h"
#include "endpoint/endpoint.h"
#include "loop/drain.h"
#include "proto/recording.h"

enum {
	PIECE = 64 * 1024,	/* of a stream: what the spool is sure to have room for */
	WHO = 256,
};

/* Made once for all sessions of the address. */
struct tape {
	struct spool spool;
	struct drain drain;
};

struct record_layer {
	struct layer l;
	uint64_t since;		/* when the session began */
	bool ended;		/* what is read: it may be asked again */
};

/* ---- once -------------------------------------------------------------------- */

static enum io record_prepare(struct part *p, struct fail *f)
{
	static const char head[] =
		"# SESSION: SECONDS > from the client, < from the server; see replay "
		"in sockcat(7)\n";
	struct tape *t = mem_new(1, sizeof(*t));

	if (!t)
		return fail_memory(f);
	p->prepared = t;
	if (spool_open(&t->spool, part_text(p, OPT_RECORD_FILE, "-"), "the recording",
		       f) != IO_OK)
		return IO_FAIL;
	spool_add(&t->spool, head, sizeof(head) - 1);
	return IO_OK;
}

/* The loop is no more, and the drain with it. */
static void record_unprepare(struct part *p)
{
	struct tape *t = p->prepared;

	spool_close(&t->spool);
	mem_free(t);
	p->prepared = NULL;
}

/* ---- recording --------------------------------------------------------------- */

static unsigned session_of(const struct layer *l)
{
	return l->end->session && *l->end->session ? *l->end->session : 1;
}

static void add(const struct layer *l, const struct buf *text)
{
	struct tape *t = l->part->prepared;

	spool_add(&t->spool, text->data, text->len);
	drain_run(&t->drain, l->end->loop, &t->spool);
}

/* data NULL: the end of that direction. */
static enum io put(const struct layer *l, bool server, const void *data, size_t len)
{
	const struct record_layer *x = (const struct record_layer *)l;
	const struct block b = {
		.session = session_of(l),
		.server = server,
		.end = !data,
		.usec = loop_now(l->end->loop) - x->since,
		.len = len,
	};
	struct buf text;
	bool ok;

	buf_init(&text, recording_room(len));
	ok = recording_put(&text, &b, data);
	if (ok)
		add(l, &text);
	buf_free(&text);
	return ok ? IO_OK : fail_memory(l->end->fail);
}

/* A message stays whole, of a stream it is enough that nothing is lost. */
static enum io record(const struct layer *l, bool server, const unsigned char *data,
		      size_t len)
{
	enum io r = IO_OK;

	for (; r == IO_OK && len > PIECE && !l->end->messages; len -= PIECE) {
		r = put(l, server, data, PIECE);
		data += PIECE;
	}
	return r == IO_OK ? put(l, server, data, len) : r;
}

/* Who it is, for people. */
static enum io record_open(struct layer *l)
{
	char typed[WHO], who[WHO];
	struct buf text;
	bool ok;

	((struct record_layer *)l)->since = loop_now(l->end->loop);
	endpoint_text(l->end, typed, sizeof(typed));
	text_escape(who, sizeof(who), typed, strlen(typed));
	buf_init(&text, 2 * WHO);
	ok = buf_format(&text, "# session %u: %s\n", session_of(l), who);
	if (ok)
		add(l, &text);
	buf_free(&text);
	return ok ? IO_OK : fail_memory(l->end->fail);
}

/* What is read comes from the far end: the server, unless that has come to us. */
static enum io record_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct record_layer *x = (struct record_layer *)l;
	const bool server = !l->end->server;
	const enum io r = layer_read(l->below, to, cap, n);

	if (r == IO_OK)
		return record(l, server, to, *n);
	if (r != IO_EOF || x->ended)
		return r;
	x->ended = true;
	return put(l, server, NULL, 0) == IO_OK ? IO_EOF : IO_FAIL;
}

static enum io record_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	const enum io r = layer_write(l->below, from, len, n);

	return r == IO_OK ? record(l, l->end->server, from, *n) : r;
}

static enum io record_shut(struct layer *l)
{
	const enum io r = layer_shut(l->below);

	return r == IO_OK ? put(l, l->end->server, NULL, 0) : r;
}

const struct layer_ops record_ops = {
	.size = sizeof(struct record_layer),
	.prepare = record_prepare,
	.unprepare = record_unprepare,
	.open = record_open,
	.read = record_read,
	.write = record_write,
	.shut = record_shut,
};
