/* TLS over whatever stream is below, DTLS over datagrams.
 *
 * OpenSSL reads and writes through a BIO of ours that calls layer_read() and
 * layer_write().  What the layer below answered last is kept and returned
 * as it was: only it knows what the wait is really for. */
#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "endpoint/endpoint.h"
#include "layer/dtls.h"
#include "layer/tlsctx.h"
#include "layer/tlsenv.h"
#include "layer/tlspeer.h"
#include "layer/tlsreport.h"
#include "layer/tlsresume.h"

/* Records read in the search for a peer's last words. */
enum { LAST_WORDS = 1024 };

/* How far the end of our own direction has come. */
enum shut_state {
	SHUT_NOT,
	SHUT_NOTIFY, /* close_notify is on its way down */
	SHUT_BELOW,  /* it is there, and the layer below is told */
};

struct tls {
	struct layer l;
	struct tlspeer peer;
	SSL *ssl;	/* own; NULL before the first open step */
	enum io answer; /* the layer below's, last time it was asked */
	bool open;	/* handshake done */
	bool failed;	/* no more TLS may be spoken */
	bool heard;	/* something has been read after the handshake */
	bool deaf;	/* nobody listens below: what is written is swallowed */
	bool spoken;	/* something has been written */
	bool known;	/* DTLS: the client has sent its cookie back */
	struct timer again; /* DTLS: the handshake's last flight got no answer */
	enum shut_state shut;
	struct fail lost; /* why writing failed; PHASE_NONE = it did not */
};

/* ---- the way down ------------------------------------------------------------ */

/* A peer that closes says why first (an alert), and our writes fail before we
 * have read that.  So a lost connection is kept in mind, whatever is to be
 * written is swallowed from now on, and reading goes on. */
static bool keep_loss(struct tls *t)
{
	struct fail *f = t->l.end->fail;

	if ((f->phase != PHASE_SEND && f->phase != PHASE_WRITE) ||
	    (f->code != EPIPE && f->code != ECONNRESET))
		return false;
	t->lost = *f;
	*f = (struct fail){ 0 };
	t->answer = IO_OK;
	return true;
}

static bool is_lost(const struct tls *t)
{
	return t->lost.phase != PHASE_NONE;
}

static int bio_write(BIO *b, const char *from, int len)
{
	struct tls *t = BIO_get_data(b);
	size_t n = 0;

	BIO_clear_retry_flags(b);
	if (is_lost(t) || t->deaf || len <= 0)
		return len;
	t->answer = layer_write(t->l.below, from, (size_t)len, &n);
	if (t->answer == IO_OK)
		return (int)n;
	if (t->answer == IO_FAIL)
		return keep_loss(t) ? len : -1;
	if (t->answer == IO_EOF) {
		t->deaf = true;
		t->answer = IO_OK;
		return len;
	}
	BIO_set_retry_write(b);
	return -1;
}

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

/* The library never hears of an end: it would call the whole session broken, and
 * a peer that ends its own direction without close_notify may still listen. */
static int bio_read(BIO *b, char *to, int cap)
{
	struct tls *t = BIO_get_data(b);
	size_t n = 0;

	BIO_clear_retry_flags(b);
	if (cap <= 0)
		return 0;
	t->answer = t->peer.ctx->datagrams
			    ? read_datagram(t, to, (size_t)cap, &n)
			    : layer_read(t->l.below, to, (size_t)cap, &n);
	if (t->answer == IO_OK && n)
		return (int)n;
	if (t->answer == IO_OK)
		t->answer = IO_READ; /* an empty message */
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

static BIO_METHOD *bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "sockcat layer");

	if (m && BIO_meth_set_write(m, bio_write) == 1 &&
	    BIO_meth_set_read(m, bio_read) == 1 && BIO_meth_set_ctrl(m, bio_ctrl) == 1)
		return m;
	BIO_meth_free(m);
	return NULL;
}

static enum io check_place(const struct part *p, struct fail *f)
{
	bool dtls = p->type->flags & TYPE_MESSAGES;

	if (dtls == dtls_fits(p))
		return IO_OK;
	if (dtls)
		return fail_say(
			f, PHASE_USAGE, 0,
			"%s: DTLS needs datagrams below it, as in dtls+udp:host:port (over a stream it is tls)",
			p->spec->input);
	return fail_say(
		f, PHASE_USAGE, 0,
		"%s: TLS needs a stream below it, as in tls+tcp:host:port (over datagrams it is dtls)",
		p->spec->input);
}

static enum io tls_prepare(struct part *p, struct fail *f)
{
	struct tlsctx *c;

	if (check_place(p, f) != IO_OK || tlsctx_prepare(p, f) != IO_OK)
		return IO_FAIL;
	c = p->prepared;
	c->bio = bio_method();
	if (c->bio && (!c->datagrams || dtls_prepare(c, f) == IO_OK))
		return IO_OK;
	tlsctx_unprepare(p);
	return fail_memory(f);
}

static enum io tls_reload(struct part *p, struct fail *f)
{
	struct tlsctx *old = p->prepared;

	if (tls_prepare(p, f) == IO_OK) {
		tlsctx_drop(old);
		return IO_OK;
	}
	p->prepared = old;
	return IO_FAIL;
}

/* ---- what a call that did not succeed means ---------------------------------- */

static enum io give_up(struct tls *t, enum phase phase)
{
	t->failed = true;
	return tlspeer_fail(&t->peer, phase);
}

/* The alert of a peer that refuses us comes, in TLS 1.3, after the handshake. */
static enum phase later_phase(const struct tls *t)
{
	return t->open && t->heard ? PHASE_RECEIVE : PHASE_TLS;
}

static enum io tell_loss(struct tls *t)
{
	struct fail *f = t->l.end->fail;

	t->failed = true;
	if (f->phase == PHASE_NONE)
		*f = t->lost;
	return IO_FAIL;
}

static enum io closed_too_soon(struct tls *t)
{
	t->failed = true;
	return fail_say(t->l.end->fail, PHASE_TLS, 0,
			"%.96s: the %s closed the connection during the TLS handshake",
			t->peer.typed, t->peer.ctx->server ? "client" : "server");
}

/* socat takes any end for an end; where nobody reads nothing can be missing; and a
 * goodbye that was a datagram may be lost like any other. */
static enum io early_end(struct tls *t)
{
	const struct part *p = t->l.part;

	if (is_lost(t))
		return tell_loss(t);
	if (p->spec->rules.socat || !t->l.end->reads || t->peer.ctx->datagrams ||
	    part_num(p, OPT_IGNORE_CLOSE_NOTIFY, 0))
		return IO_EOF;
	t->failed = true;
	return fail_say(
		t->l.end->fail, PHASE_EARLY, 0,
		"%.96s: the stream ended without close_notify, so something may be missing "
		"(ignore-close-notify takes that for an end)",
		t->peer.typed);
}

/* The library's queue comes before the layer's answer, for after an error it
 * sends an alert, and that overwrites the answer. */
static enum io meaning(struct tls *t)
{
	if (t->l.end->fail->phase != PHASE_NONE) {
		t->failed = true;
		return IO_FAIL;
	}
	if (ERR_peek_error())
		return give_up(t, later_phase(t));
	if (t->answer == IO_READ || t->answer == IO_WRITE || t->answer == IO_WAIT)
		return t->answer;
	if (SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN)
		return IO_EOF;
	if (t->answer == IO_EOF)
		return t->open ? early_end(t) : closed_too_soon(t);
	return give_up(t, later_phase(t));
}

static void ready_to_call(struct tls *t)
{
	ERR_clear_error();
	t->answer = IO_OK;
}

/* Writing has failed for good: is there an alert that says why? */
static enum io last_words(struct tls *t)
{
	char scratch[512];
	size_t n;

	for (unsigned i = 0; i < LAST_WORDS; i++) {
		ready_to_call(t);
		if (SSL_read_ex(t->ssl, scratch, sizeof(scratch), &n) == 1)
			continue;
		if (tlspeer_sent_alert())
			give_up(t, later_phase(t));
		break;
	}
	return tell_loss(t);
}

/* ---- open -------------------------------------------------------------------- */

static bool make_ssl(struct tls *t)
{
	BIO *b;

	t->ssl = SSL_new(t->peer.ctx->ssl);
	b = t->ssl ? BIO_new(t->peer.ctx->bio) : NULL;
	if (!b)
		return false;
	BIO_set_data(b, t);
	BIO_set_init(b, 1);
	SSL_set_bio(t->ssl, b, b);
	SSL_set_app_data(t->ssl, &t->peer);
	if (t->peer.ctx->server)
		SSL_set_accept_state(t->ssl);
	else
		SSL_set_connect_state(t->ssl);
	tlsresume_offer(&t->peer, t->ssl);
	return !t->peer.sni || SSL_set_tlsext_host_name(t->ssl, t->peer.sni) == 1;
}

/* What a UNIX socket is called is no host's name. */
static const char *far_host(const struct endpoint *e)
{
	bool own = e->target == e->layer[0]->part->arg[0];

	return own && !e->network ? NULL : e->target;
}

static enum io begin(struct tls *t)
{
	struct endpoint *e = t->l.end;

	t->peer.ctx = tlsctx_hold(t->l.part->prepared);
	t->peer.typed = e->spec->input;
	t->peer.fail = e->fail;
	if (e->server != t->peer.ctx->server)
		return fail_say(e->fail, PHASE_INTERNAL, 0,
				"%.96s: TLS does not know its role", e->spec->input);
	if (tlspeer_start(&t->peer, t->l.part, far_host(e)) != IO_OK)
		return IO_FAIL;
	if (!make_ssl(t) ||
	    (t->peer.ctx->datagrams && !dtls_begin(&t->peer, t->ssl, e)))
		return give_up(t, PHASE_INTERNAL);
	return IO_OK;
}

static void stop_clock(struct tls *t)
{
	if (t->again.slot)
		timer_stop(t->l.end->loop, &t->again);
}

static enum io handshake_pauses(struct tls *t)
{
	enum io r = meaning(t);

	if (is_lost(t) && r != IO_FAIL)
		return tell_loss(t);
	if (t->peer.ctx->datagrams && !dtls_wait(t->ssl, &t->again, t->l.end))
		return fail_memory(t->l.end->fail);
	return r == IO_EOF ? closed_too_soon(t) : r;
}

/* Nothing dear is done for a client that has not shown its cookie. */
static enum io meet(struct tls *t)
{
	int r;

	do {
		ready_to_call(t);
		r = dtls_listen(t->ssl);
	} while (r == 0 && t->answer == IO_OK);
	t->known = r == 1;
	return t->known ? IO_OK : meaning(t);
}

/* What DTLS does before each step of the handshake. */
static enum io prelude(struct tls *t)
{
	if (t->peer.ctx->server && !t->known)
		return meet(t);
	return DTLSv1_handle_timeout(t->ssl) < 0 ? meaning(t) : IO_OK;
}

/* DTLS: the library has read nothing, though there may be more: it dropped a message that
 * came out of turn, or after our close_notify, or it answered one that came again. */
static bool passed_over(const struct tls *t)
{
	return t->peer.ctx->datagrams && t->answer == IO_OK && !ERR_peek_error() &&
	       !(SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN);
}

static bool shake_hands(struct tls *t)
{
	bool done = false, again = true;

	for (unsigned i = 0; i < LAST_WORDS && again; i++) {
		ready_to_call(t);
		done = SSL_do_handshake(t->ssl) == 1;
		again = !done && passed_over(t);
	}
	return done;
}

/* The names of the two ends cost system calls. */
static void tell(struct tls *t)
{
	char where[2 * NAME_TEXT];

	tlspeer_warn(&t->peer, t->ssl);
	if (log_wants(LEVEL_NOTICE))
		tlspeer_log(t->ssl, endpoint_text(t->l.end, where, sizeof(where)));
}

static enum io tls_open(struct layer *l)
{
	struct tls *t = (struct tls *)l;
	enum io r;

	if (!t->ssl && begin(t) != IO_OK)
		return IO_FAIL;
	ready_to_call(t);
	r = t->peer.ctx->datagrams ? prelude(t) : IO_OK;
	if (r != IO_OK)
		return r;
	if (!shake_hands(t))
		return handshake_pauses(t);
	stop_clock(t);
	t->open = true;
	if (is_lost(t))
		return last_words(t);
	t->failed = tlspeer_resumed(&t->peer, t->ssl) != IO_OK;
	tlsreport_session(&t->peer, t->ssl);
	if (t->failed)
		return IO_FAIL;
	tell(t);
	return IO_OK;
}

/* ---- bytes ------------------------------------------------------------------- */

/* A message is read whole or not at all. */
static enum io read_message(struct tls *t, void *to, size_t cap, size_t *n)
{
	unsigned char *room = t->peer.ctx->room;
	bool got = false, again = true;

	for (unsigned i = 0; i < LAST_WORDS && again; i++) {
		ready_to_call(t);
		got = SSL_read_ex(t->ssl, room, DTLS_LONGEST, n) == 1;
		again = !got && passed_over(t);
	}
	if (!got)
		return meaning(t);
	if (*n > cap)
		return fail_say(
			t->l.end->fail, PHASE_RECEIVE, EMSGSIZE,
			"%s: a message of %zu bytes is longer than the %zu that -b allows",
			t->peer.typed, *n, cap);
	memcpy(to, room, *n);
	return IO_OK;
}

static enum io tls_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct tls *t = (struct tls *)l;
	enum io r = IO_OK;

	ready_to_call(t);
	if (t->peer.ctx->datagrams)
		r = read_message(t, to, cap, n);
	else if (SSL_read_ex(t->ssl, to, cap, n) != 1)
		r = meaning(t);
	t->heard = t->heard || r == IO_OK;
	return r;
}

static enum io too_long(struct tls *t, size_t len)
{
	return fail_say(t->l.end->fail, PHASE_SEND, EMSGSIZE,
			"%s: a message of %zu bytes is longer than the %d that DTLS can carry",
			t->peer.typed, len, DTLS_LONGEST);
}

/* A record that could not go down whole stays with the library, which takes
 * the same bytes again later and then goes on where it stopped. */
static enum io tls_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct tls *t = (struct tls *)l;
	bool datagrams = t->peer.ctx->datagrams;
	int ok;

	if (datagrams && len > DTLS_LONGEST)
		return too_long(t, len);
	*n = 0;
	if (datagrams && !len) /* the library makes no records without content */
		return IO_OK;
	ready_to_call(t);
	if (!t->spoken && t->peer.ctx->server)
		tlsresume_ticket(t->ssl);
	t->spoken = true;
	ok = is_lost(t) || t->deaf ? 0 : SSL_write_ex(t->ssl, from, len, n);
	if (is_lost(t))
		return last_words(t);
	if (t->deaf)
		return IO_EOF;
	return ok == 1 ? IO_OK : meaning(t);
}

/* ---- the end ----------------------------------------------------------------- */

/* Never called again once close_notify is below: it would read and throw away.
 * If the connection is lost the reader will find out why. */
static enum io send_notify(struct tls *t)
{
	ready_to_call(t);
	return SSL_shutdown(t->ssl) < 0 ? meaning(t) : IO_OK;
}

static enum io tls_shut(struct layer *l)
{
	struct tls *t = (struct tls *)l;
	enum io r;

	switch (t->shut) {
	case SHUT_NOT:
		t->shut = SHUT_NOTIFY;
		/* fall through */
	case SHUT_NOTIFY:
		r = send_notify(t);
		if (r != IO_OK)
			return r;
		t->shut = SHUT_BELOW;
		/* fall through */
	case SHUT_BELOW:
		break;
	}
	/* datagrams know no end, and here it has been told */
	return t->peer.ctx->datagrams ? IO_OK : layer_shut(l->below);
}

/* ---- what programs may know -------------------------------------------------- */

static bool tls_describe(struct layer *l, struct environment *env)
{
	return tlsenv_describe(((struct tls *)l)->ssl, env);
}

/* ---- death ------------------------------------------------------------------- */

/* Nobody shuts a direction that was never used, but the peer waits for our
 * close_notify all the same.  After a failure it must not get one: what we
 * have sent so far is not all there is. */
static void say_goodbye(struct tls *t)
{
	struct fail *f = t->l.end->fail;
	bool answer = !t->l.end->writes ||
		      (SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN);

	if (!t->open || t->failed || t->shut != SHUT_NOT || f->phase != PHASE_NONE ||
	    !answer)
		return;
	ready_to_call(t);
	SSL_shutdown(t->ssl);
	*f = (struct fail){ 0 };
}

static void tls_free(struct layer *l)
{
	struct tls *t = (struct tls *)l;

	if (t->ssl)
		say_goodbye(t);
	stop_clock(t);
	SSL_free(t->ssl);
	tlspeer_free(&t->peer);
	tlsctx_drop(t->peer.ctx);
	ERR_clear_error();
}

const struct layer_ops tls_ops = {
	.size = sizeof(struct tls),
	.prepare = tls_prepare,
	.unprepare = tlsctx_unprepare,
	.reload = tls_reload,
	.open = tls_open,
	.read = tls_read,
	.write = tls_write,
	.shut = tls_shut,
	.describe = tls_describe,
	.free = tls_free,
};
