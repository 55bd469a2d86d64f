/* TLS over whatever stream is below, DTLS over datagrams. */
#include "layer/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "layer/dtls.h"
#include "layer/tlscompat.h"
#include "layer/tlsenv.h"
#include "layer/tlsreport.h"
#include "layer/tlsresume.h"

/* Records read in the search for a peer's last words. */
enum { LAST_WORDS = 1024 };

enum {
	/* bytes of a record that fits one packet on all usual ways, heads and all */
	ONE_PACKET = 1350,
	PAUSE = 1000000, /* microseconds */
	TLS13_RECORD = SSL3_RT_HEADER_LENGTH + SSL3_RT_MAX_PLAIN_LENGTH + 1 + 16,
	/* full records asked of the layer below once they flow; in bytes, behind what the
	 * library leaves free to align them.  One that is cut costs a read more. */
	READ_AT_ONCE = 4,
	READ_BUFFER = READ_AT_ONCE * TLS13_RECORD + 3,
};

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
	c->bio = tlsbio_method();
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
		*f = *t->lost;
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

	if (tlsbio_lost(t))
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
	t->peer.fail = t->l.end->fail;
}

/* Writing has failed for good: is there an alert that says why? */
static enum io last_words(struct tls *t)
{
	char scratch[512];
	size_t n;

	for (unsigned i = 0; i < LAST_WORDS; i++) {
		ready_to_call(t);
		t->dry = false;
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

	if (tlsbio_lost(t) && r != IO_FAIL)
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
	SSL_set_default_read_buffer_len(t->ssl, READ_BUFFER);
	if (tlsbio_lost(t))
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

/* All records that one read of the layer below has brought, and again while it brings
 * all that it was asked for. */
static size_t read_records(struct tls *t, unsigned char *to, size_t cap)
{
	size_t n = 0, got;

	do {
		if (SSL_read_ex(t->ssl, to + n, cap - n, &got) != 1) {
			t->behind = n ? ERR_peek_error() : 0;
			break;
		}
		n += got;
		t->fed = !t->full || cap - n < READ_AT_ONCE * SSL3_RT_MAX_PLAIN_LENGTH;
	} while (n < cap && (!t->fed || SSL_has_pending(t->ssl)));
	t->fed = false;
	return n;
}

/* An error behind good records waits until they are delivered, and other sessions may
 * be served before. */
static enum io read_stream(struct tls *t, void *to, size_t cap, size_t *n)
{
	*n = t->behind ? 0 : read_records(t, to, cap);
	if (*n)
		return IO_OK;
	if (t->behind)
		tlscompat_raise(t->behind);
	return meaning(t);
}

static enum io tls_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct tls *t = (struct tls *)l;
	enum io r;

	ready_to_call(t);
	r = t->peer.ctx->datagrams ? read_message(t, to, cap, n)
				   : read_stream(t, to, cap, n);
	t->heard = t->heard || r == IO_OK;
	return r;
}

static enum io too_long(struct tls *t, size_t len)
{
	return fail_say(t->l.end->fail, PHASE_SEND, EMSGSIZE,
			"%s: a message of %zu bytes is longer than the %d that DTLS can carry",
			t->peer.typed, len, DTLS_LONGEST);
}

/* The library makes no records without content. */
static enum io write_message(struct tls *t, const void *from, size_t len, size_t *n)
{
	*n = 0;
	if (len > DTLS_LONGEST)
		return too_long(t, len);
	if (len == 0 || tlsbio_lost(t) || t->deaf ||
	    SSL_write_ex(t->ssl, from, len, n) == 1)
		return IO_OK;
	return meaning(t);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A peer can use nothing of a record before all of it has come.  So the first fits one
 * packet, and none is longer than all before it. */
static size_t record_size(const struct tls *t)
{
	return least(t->streak > ONE_PACKET ? t->streak : ONE_PACKET,
		     SSL3_RT_MAX_PLAIN_LENGTH);
}

/* Behind a pause it is as at the start: the network may have to find its pace again. */
static void note_pause(struct tls *t)
{
	uint64_t now = loop_now(t->l.end->loop);

	if (now - t->wrote > PAUSE)
		t->streak = 0;
	t->wrote = now;
}

/* One record, or as much of one as the library wants to write at once. */
static bool encrypt_some(struct tls *t, const unsigned char *from, size_t len)
{
	size_t n = 0;

	if (SSL_write_ex(t->ssl, from, least(len, record_size(t)), &n) != 1)
		return false;
	t->ahead += n;
	t->streak += n;
	return true;
}

/* Room to read that the library holds and has no use for.  (SSL_free_buffers() of older
 * ones frees what a reader has left over, too.) */
static void drop_room(struct tls *t)
{
	unsigned char none;
	size_t n;

	if (SSL_has_pending(t->ssl))
		return;
	t->fed = true;
	SSL_peek_ex(t->ssl, &none, 1, &n);
	t->fed = false;
}

/* A server's first words bring a ticket, for which the library makes room to read as
 * well, and an idle session would keep that. */
static bool encrypt_first(struct tls *t, const unsigned char *from, size_t len)
{
	t->spoken = true;
	if (t->peer.ctx->server)
		tlsresume_ticket(t->ssl);
	if (!encrypt_some(t, from, len))
		return false;
	drop_room(t);
	return true;
}

static enum io encrypt(struct tls *t, const unsigned char *from, size_t len)
{
	bool ok;

	if (!tlsbio_gather(t))
		return fail_memory(t->l.end->fail);
	note_pause(t);
	ok = t->spoken || encrypt_first(t, from, len);
	while (ok && t->ahead < len && tlsbio_has_room(t))
		ok = encrypt_some(t, from + t->ahead, len - t->ahead);
	t->gathers = false;
	return t->ahead ? IO_OK : meaning(t);
}

/* What has become a record must go down before it counts as accepted: until then the
 * caller comes again with the same bytes. */
static enum io write_stream(struct tls *t, const unsigned char *from, size_t len,
			    size_t *n)
{
	enum io r = t->ahead || tlsbio_lost(t) || t->deaf ? IO_OK : encrypt(t, from, len);

	if (r == IO_OK)
		r = tlsbio_send(t);
	if (r != IO_OK)
		return r;
	*n = least(len, t->ahead);
	t->ahead -= *n;
	return IO_OK;
}

static enum io tls_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct tls *t = (struct tls *)l;
	enum io r;

	ready_to_call(t);
	r = t->peer.ctx->datagrams ? write_message(t, from, len, n)
				   : write_stream(t, from, len, n);
	if (tlsbio_lost(t))
		return last_words(t);
	return r == IO_OK && t->deaf ? IO_EOF : r;
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
	buf_free(&t->out);
	mem_free(t->lost);
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
