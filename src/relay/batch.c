/* Moving datagrams many at a time: what has come is read at once and sent at once.
 *
 * Most of what a datagram costs is its way through the kernel to the receiver's socket;
 * so those that have come are passed on as one piece, out of which the kernel cuts them
 * at the very end.  Order and boundaries are as they were. */
#include "relay/way.h"

#include <string.h>
#include <sys/uio.h>

#include "base/mem.h"

struct train {
	struct iovec car[LAYER_MANY];	/* ref */
	unsigned n;
};

/* What was left behind: pump.left. */
struct siding {
	struct left left;
	struct iovec car[LAYER_MANY];	/* ref: into data */
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

static size_t bytes_from(const struct train *t, unsigned at)
{
	size_t sum = 0;

	for (; at < t->n; at++)
		sum += t->car[at].iov_len;
	return sum;
}

static enum io keep(struct pump *p, const struct train *t, unsigned at)
{
	struct siding *s = mem_new(1, sizeof(*s) + bytes_from(t, at));
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

/* ---- the way ----------------------------------------------------------------------- */

static bool batch_fits(const struct pump *p)
{
	return !p->off && p->from->messages && p->from->network && p->to->messages &&
	       p->to->network && endpoint_is_raw(p->from) && endpoint_is_raw(p->to) &&
	       p->from->reader->ops->read_many && p->to->writer->ops->write_many &&
	       p->block == loop_services(p->from->loop)->scratch_size;
}

/* Datagrams that came before a failure are passed on first. */
static enum io batch_move(struct pump *p)
{
	struct layer *from = p->from->reader;
	struct train t;
	const enum io r = from->ops->read_many(from, t.car, &t.n);
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
