/* How the TLS library reaches the layer below. */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "layer/dtls.h"
#include "layer/tls.h"

/* A TLS session hands down so many bytes at once, which saves calls: eight records of
 * full size.  What the library says on its own, like a ticket, may come on top. */
enum {
	OUT_FULL = 8 * SSL3_RT_MAX_PACKET_SIZE,
	OUT_MOST = 2 * OUT_FULL,
};

/* ---- the way down ------------------------------------------------------------ */

/* The first cause is the one to tell. */
static bool set_aside(struct tls *t)
{
	struct fail *f = t->l.end->fail;

	if (!fail_record(&t->lost))
		return false;
	if (t->lost->phase == PHASE_NONE)
		*t->lost = *f;
	*f = (struct fail){ 0 };
	return true;
}

/* A peer that closes says why first (an alert), and our writes fail before we
 * have read that.  So a lost connection is kept in mind, whatever is to be
 * written is swallowed from now on, and reading goes on. */
static bool keep_loss(struct tls *t)
{
	struct fail *f = t->l.end->fail;

	return (f->phase == PHASE_SEND || f->phase == PHASE_WRITE) &&
	       (f->code == EPIPE || f->code == ECONNRESET) && set_aside(t);
}

bool tlsbio_lost(const struct tls *t)
{
	return t->lost;
}

/* Where nobody reads any more, everything can be written. */
static bool swallows(const struct tls *t)
{
	return tlsbio_lost(t) || t->deaf;
}

static enum io answered(struct tls *t, enum io r)
{
	t->answer = r;
	if (r == IO_EOF)
		t->deaf = true;
	if (r == IO_EOF || (r == IO_FAIL && keep_loss(t)))
		t->answer = IO_OK;
	return t->answer;
}

bool tlsbio_gather(struct tls *t)
{
	if (!t->out.data) {
		t->out = t->peer.ctx->spare;
		t->out.max = OUT_MOST;
		buf_init(&t->peer.ctx->spare, OUT_MOST);
	}
	t->gathers = buf_room(&t->out, OUT_FULL) != NULL;
	return t->gathers;
}

bool tlsbio_has_room(const struct tls *t)
{
	return t->out.len <= OUT_FULL - SSL3_RT_MAX_PACKET_SIZE;
}

/* Its memory goes to whoever writes next. */
static void hand_on(struct tls *t)
{
	struct buf *spare = &t->peer.ctx->spare;

	if (spare->data) {
		buf_free(&t->out);
		return;
	}
	*spare = t->out;
	spare->len = 0;
	buf_init(&t->out, OUT_MOST);
}

enum io tlsbio_send(struct tls *t)
{
	if (!t->out.data)
		return IO_OK;
	if (answered(t, layer_flush(t->l.below, &t->out)) == IO_OK)
		hand_on(t);
	return t->answer;
}

static int bio_write(BIO *b, const char *from, int len)
{
	struct tls *t = BIO_get_data(b);
	size_t n = 0;

	BIO_clear_retry_flags(b);
	if (len <= 0)
		return len;
	if (t->gathers)
		return buf_add(&t->out, from, (size_t)len) ? len : -1;
	if (tlsbio_send(t) == IO_OK) {
		if (swallows(t))
			return len;
		if (answered(t, layer_write(t->l.below, from, (size_t)len, &n)) == IO_OK)
			return swallows(t) ? len : (int)n;
	}
	if (t->answer != IO_FAIL)
		BIO_set_retry_write(b);
	return -1;
}

/* ---- the way up -------------------------------------------------------------- */

static enum io starts_over(struct tls *t)
{
	return fail_say(t->l.end->fail, PHASE_RECEIVE, ECONNRESET,
			"%.96s: the client started over, so its old session ends",
			t->peer.typed);
}

/* What holds no DTLS is passed over, as if it had been lost on the way. */
static enum io read_datagram(struct tls *t, void *to, size_t cap, size_t *n)
{
	unsigned char *room = t->peer.ctx->room;

	do {
		enum io r = layer_read(t->l.below, room, DTLS_DATAGRAM, n);

		if (r != IO_OK)
			return r;
		if (t->open && dtls_starts_over(&t->peer, t->ssl, room, *n))
			return starts_over(t);
	} while (*n == 0 || *n > cap);
	memcpy(to, room, *n);
	return IO_OK;
}

/* A socket that gave less than was asked for is empty, and the kernel tells when it is
 * not: no call is made only to hear that.  Of a pipe's end it may tell nothing. */
static bool may_run_dry(const struct tls *t)
{
	const struct endpoint *e = t->l.end;

	return t->l.below == e->layer[0] && !t->peer.ctx->datagrams &&
	       e->rkind == FD_SOCKET;
}

/* What there is to read, be it from the layer below. */
static enum io read_below(struct tls *t, char *to, size_t cap, size_t *n)
{
	enum io r = t->peer.ctx->datagrams ? read_datagram(t, to, cap, n)
					   : layer_read(t->l.below, to, cap, n);

	/* what came before is delivered first; asked again, it will be an end */
	if (r == IO_FAIL && t->full && set_aside(t))
		r = IO_EOF;
	t->full = r == IO_OK && *n == cap && may_run_dry(t);
	t->dry = r == IO_OK && *n < cap && may_run_dry(t);
	return r == IO_OK && *n == 0 ? IO_READ : r; /* an empty message */
}

/* The library never hears of an end: it would call the whole session broken, and
 * a peer that ends its own direction without close_notify may still listen. */
static int bio_read(BIO *b, char *to, int cap)
{
	struct tls *t = BIO_get_data(b);
	size_t n = 0;

	BIO_clear_retry_flags(b);
	if (cap <= 0)
		return 0;
	if (t->fed || t->dry) {
		t->dry = t->dry && t->fed;
		t->answer = IO_READ;
	} else {
		t->answer = read_below(t, to, (size_t)cap, &n);
	}
	if (t->answer == IO_OK)
		return (int)n;
	if (t->answer != IO_FAIL)
		BIO_set_retry_read(b);
	return -1;
}

static long bio_ctrl(BIO *b, int command, long number, void *pointer)
{
	(void)b;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tlsbio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "sockcat layer");

	if (m && BIO_meth_set_write(m, bio_write) == 1 &&
	    BIO_meth_set_read(m, bio_read) == 1 && BIO_meth_set_ctrl(m, bio_ctrl) == 1)
		return m;
	BIO_meth_free(m);
	return NULL;
}
