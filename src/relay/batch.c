/* Moving datagrams many at a time: read one after the other, sent together.
 *
 * Most of what a datagram costs is its way through the kernel to the receiver's socket;
 * so those that have come are passed on as one piece, out of which the kernel cuts them
 * at the very end.  Order and boundaries are as they were. */
#include "relay/way.h"

#include <string.h>
#include <sys/uio.h>

#include "base/mem.h"

enum {
	MANY = 64,		/* datagrams at once, */
	LONGEST = 65536,	/* and room that is left for one more */
};

struct train {
	struct iovec car[MANY];
	unsigned n;
	size_t used;		/* bytes of the loop's buffer */
};

/* What was left behind: pump.left. */
struct siding {
	struct left left;
	struct iovec car[MANY];	/* ref: into data */
	unsigned at, n;		/* car[at .. n) is still to be written */
	unsigned char data[];
};

static enum io write_siding(struct pump *p);

static void drop_siding(struct left *l)
{
	mem_free(l);
}

/* ---- writing ----------------------------------------------------------------------- */

/* From *at on, as far as it goes. */
static enum io write_cars(struct pump *p, const struct iovec *car, unsigned n,
			  unsigned *at)
{
	struct layer *to = p->to->writer;

	while (*at < n) {
		unsigned done = 0;
		const enum io r = to->ops->write_many(to, car + *at, n - *at, &done);

		if (r != IO_OK)
			return r;
		for (; done; done--)
			pump_count(p, car[(*at)++].iov_len);
	}
	return IO_OK;
}

static enum io keep(struct pump *p, const struct train *t, unsigned at)
{
	struct siding *s = mem_new(1, sizeof(*s) + t->used);
	unsigned char *to;

	if (!s)
		return fail_memory(p->to->fail);
	s->left = (struct left){ .write = write_siding, .drop = drop_siding };
	to = s->data;
	for (; at < t->n; at++) {
		memcpy(to, t->car[at].iov_base, t->car[at].iov_len);
		s->car[s->n++] = (struct iovec){ .iov_base = to,
						 .iov_len = t->car[at].iov_len };
		to += t->car[at].iov_len;
	}
	p->left = &s->left;
	return IO_OK;
}

static enum io write_train(struct pump *p, const struct train *t)
{
	unsigned at = 0;
	const enum io r = write_cars(p, t->car, t->n, &at);

	if ((r == IO_READ || r == IO_WRITE || r == IO_WAIT) && keep(p, t, at) != IO_OK)
		return IO_FAIL;
	return pump_wrote(p, r);
}

static enum io write_siding(struct pump *p)
{
	struct siding *s = (struct siding *)p->left;
	const enum io r = write_cars(p, s->car, s->n, &s->at);

	if (r == IO_OK) {
		p->left = NULL;
		drop_siding(&s->left);
	}
	return pump_wrote(p, r);
}

/* ---- reading ----------------------------------------------------------------------- */

/* What has come, until there is no more or no room: the answer that said so. */
static enum io read_train(struct pump *p, struct train *t)
{
	unsigned char *room = loop_services(p->from->loop)->scratch;
	enum io r = IO_OK;

	while (t->n < MANY && t->used + LONGEST <= p->block) {
		size_t n = 0;

		r = endpoint_read(p->from, room + t->used, p->block - t->used, &n);
		if (r != IO_OK)
			return r;
		t->car[t->n++] =
			(struct iovec){ .iov_base = room + t->used, .iov_len = n };
		t->used += n;
	}
	return r;
}

/* ---- the way ----------------------------------------------------------------------- */

static bool batch_fits(const struct pump *p)
{
	return !p->off && p->from->messages && p->from->network && p->to->messages &&
	       p->to->network && endpoint_is_raw(p->from) && endpoint_is_raw(p->to) &&
	       p->to->writer->ops->write_many &&
	       p->block == loop_services(p->from->loop)->scratch_size;
}

/* Datagrams that came before a failure are passed on first. */
static enum io batch_move(struct pump *p)
{
	struct train t = { .n = 0 };
	const enum io r = read_train(p, &t);
	enum io w = IO_OK;

	p->eof = r == IO_EOF;
	p->from_wait = r == IO_EOF ? IO_OK : r;
	p->blocks += t.n;
	if (t.n)
		w = write_train(p, &t);
	if (r == IO_FAIL)
		return r;
	return w == IO_OK ? p->from_wait : w;
}

const struct way batch_way = {
	.asks = true,
	.fits = batch_fits,
	.move = batch_move,
};
