/* Other line ends than NL on the wire: options cr and crnl. */
#include "base/mem.h"
#include "endpoint/endpoint.h"
#include "proto/newline.h"

enum {
	STRETCH = 8192,
	PATIENCE = 64, /* reads of nothing but CRs, before others get their turn */
};

struct crlf {
	struct layer l;
	enum newline kind;
	bool half; /* the CR of the NL that comes next has gone below */
	struct timer again; /* set while a peer has used up our patience */
};

/* Of several such options the last one counts. */
static enum io crlf_open(struct layer *l)
{
	struct crlf *x = (struct crlf *)l;
	const struct optval *cr = part_val(l->part, OPT_CR);
	const struct optval *crnl = part_val(l->part, OPT_CRNL);

	x->kind = cr && (!crnl || cr->at > crnl->at) ? NEWLINE_CR : NEWLINE_CRNL;
	return IO_OK;
}

static enum io crlf_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct crlf *x = (struct crlf *)l;

	/* what held nothing but CRs leaves nothing to hand up */
	for (unsigned i = 0; i < PATIENCE; i++) {
		enum io r = layer_read(l->below, to, cap, n);

		if (r != IO_OK)
			return r;
		*n = newline_in(x->kind, to, *n);
		if (*n || l->end->messages)
			return IO_OK;
	}
	return endpoint_pause(l->end, &x->again);
}

/* One message stays one message, however long it gets. */
static enum io write_message(struct crlf *x, const void *from, size_t len, size_t *n)
{
	unsigned char *out = mem_new(len, 2);
	size_t size;
	enum io r;

	if (!out)
		return fail_memory(x->l.end->fail);
	size = newline_out(x->kind, false, from, len, out, len * 2);
	r = layer_write(x->l.below, out, size, n);
	if (r == IO_OK)
		*n = len;
	mem_free(out);
	return r;
}

/* The translation is made anew for each try and only what went below is
 * remembered: at most one CR, whose NL the caller still has. */
static enum io write_stream(struct crlf *x, const void *from, size_t len, size_t *n)
{
	unsigned char out[STRETCH];
	size_t size, sent;
	enum io r;

	do {
		size = newline_out(x->kind, x->half, from, len, out, sizeof(out));
		r = layer_write(x->l.below, out, size, &sent);
		if (r != IO_OK)
			return r;
		*n = newline_sent(x->kind, &x->half, from, len, sent);
	} while (*n == 0);
	return IO_OK;
}

static enum io crlf_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct crlf *x = (struct crlf *)l;

	return l->end->messages ? write_message(x, from, len, n)
				: write_stream(x, from, len, n);
}

static void crlf_free(struct layer *l)
{
	timer_stop(l->end->loop, &((struct crlf *)l)->again);
}

const struct layer_ops crlf_ops = {
	.size = sizeof(struct crlf),
	.open = crlf_open,
	.read = crlf_read,
	.write = crlf_write,
	.free = crlf_free,
};
