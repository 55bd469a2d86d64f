/* Two TLS endpoints over a wire of memory that moves as little as it likes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "endpoint/endpoint.h"
#include "layer/tls.h"
#include "layer/tlscert.h"

/* ---- the wire ---------------------------------------------------------------- */

enum { CLIENT, SERVER, WIRE = 4096, LONG_WIRE = 1 << 17, TURNS = 200000 };

/* One direction. */
struct wire {
	unsigned char byte[LONG_WIRE];
	size_t at, len;
	bool closed; /* the writer has shut it */
	bool torn;   /* whoever writes gets a reset */
	bool broken; /* whoever has read all gets one, and then an end */
	bool deaf;   /* whoever writes hears that nobody listens, which is no failure */
};

/* How the fake transport behaves. */
static struct {
	struct wire to[2]; /* by side that reads */
	size_t step;	   /* bytes per call */
	size_t room;	   /* bytes on the way at most */
	bool stutter;	   /* every other call says the stall answer instead */
	enum io read_stall, write_stall;
	const char *target; /* whom the client calls; NULL = localhost */
	unsigned calls[2][2]; /* by side, reads and writes */
	unsigned moves[2][2]; /* the same: those that moved bytes */
} net;

static struct loop *loop;

static bool stall(unsigned which, bool writing)
{
	return net.stutter && net.calls[which][writing]++ % 2 == 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static enum io wire_open(struct layer *l)
{
	l->end->server = l->end->side == SERVER;
	l->end->network = true;
	if (l->end->side == CLIENT)
		l->end->target = net.target ? net.target : "localhost";
	return IO_OK;
}

static enum io wire_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct wire *w = &net.to[l->end->side];

	if (stall(l->end->side, false))
		return net.read_stall;
	if (w->at == w->len && w->broken) {
		w->broken = false;
		w->closed = true;
		errno = ECONNRESET;
		return fail_sys(l->end->fail, PHASE_RECEIVE, "cannot read the wire");
	}
	if (w->at == w->len)
		return w->closed ? IO_EOF : IO_READ;
	*n = least(least(cap, net.step), w->len - w->at);
	memcpy(to, w->byte + w->at, *n);
	w->at += *n;
	net.moves[l->end->side][0]++;
	if (w->at == w->len)
		w->at = w->len = 0;
	return IO_OK;
}

static enum io wire_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct wire *w = &net.to[!l->end->side];

	if (w->deaf)
		return IO_EOF;
	if (w->torn || w->closed) {
		errno = EPIPE;
		return fail_sys(l->end->fail, PHASE_SEND, "cannot write to the wire");
	}
	if (stall(l->end->side, true))
		return net.write_stall;
	if (w->len - w->at >= net.room || w->len == sizeof(w->byte))
		return IO_WRITE;
	*n = least(least(len, net.step),
		   least(net.room - (w->len - w->at), sizeof(w->byte) - w->len));
	memcpy(w->byte + w->len, from, *n);
	w->len += *n;
	net.moves[l->end->side][1] += *n > 0;
	return IO_OK;
}

static enum io wire_shut(struct layer *l)
{
	net.to[!l->end->side].closed = true;
	return IO_OK;
}

static const struct layer_ops wire_ops = {
	.size = sizeof(struct layer),
	.open = wire_open,
	.read = wire_read,
	.write = wire_write,
	.shut = wire_shut,
};

static const struct type wire_type[2] = {
	[CLIENT] = { .names = "wire",
		     .args = "",
		     .help = "",
		     .ops = &wire_ops,
		     .flags = TYPE_BOTH },
	[SERVER] = { .names = "wire-listen",
		     .args = "",
		     .help = "",
		     .ops = &wire_ops,
		     .flags = TYPE_BOTH | TYPE_LISTENS },
};

/* ---- two ends ---------------------------------------------------------------- */

static struct side {
	struct spec spec;
	struct endpoint e;
	struct fail fail;
} side[2];

static void ignore_wake(void *owner, unsigned ready)
{
	(void)owner;
	(void)ready;
}

/* Stdio stands in the text for the wire, which no table knows. */
static void prepare(unsigned which, const char *text)
{
	static const struct spec_rules rules;
	struct side *s = &side[which];

	*s = (struct side){ 0 };
	if (spec_parse(text, &rules, &s->spec, &s->fail) != IO_OK)
		fail_msg("%s: %s", text, s->fail.text);
	s->spec.part[0].type = &wire_type[which];
	if (spec_prepare(&s->spec, &s->fail) != IO_OK)
		return;
	s->e = (struct endpoint){
		.spec = &s->spec,
		.fail = &s->fail,
		.loop = loop,
		.side = (unsigned char)which,
		.wake = ignore_wake,
		.reads = true,
		.writes = true,
	};
	assert_int_equal(endpoint_build(&s->e), IO_OK);
}

static void wire_up(size_t step, size_t room, bool stutter)
{
	memset(&net, 0, sizeof(net));
	net.step = step;
	net.room = room;
	net.stutter = stutter;
	net.read_stall = IO_READ;
	net.write_stall = IO_WRITE;
}

static const char *client_with_pin(void)
{
	static char option[PIN_TEXT + 32];
	char text[PIN_TEXT];
	struct pin pin;
	X509 *cert = NULL;
	EVP_PKEY *key = NULL;

	/* any key will do that the test can write to a file */
	assert_true(tlscert_make(&cert, &key));
	FILE *f = fopen("unit-tls.pem", "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, cert), 1);
	assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	assert_int_equal(fclose(f), 0);
	assert_true(tlscert_pin(cert, &pin));
	snprintf(option, sizeof(option), "tls+stdio,pin=%s",
		 tlscert_pin_text(&pin, text));
	X509_free(cert);
	EVP_PKEY_free(key);
	return option;
}

static bool finished(enum io r)
{
	return r == IO_OK || r == IO_EOF || r == IO_FAIL;
}

/* Both open, by turns; either may fail. */
static void shake(enum io result[2])
{
	result[CLIENT] = result[SERVER] = IO_WAIT;
	for (unsigned i = 0; i < TURNS; i++) {
		for (unsigned k = 0; k < 2; k++)
			if (!finished(result[k]))
				result[k] = endpoint_open(&side[k].e);
		if (finished(result[CLIENT]) && finished(result[SERVER]))
			return;
	}
}

static void connect_both(void)
{
	enum io r[2];

	prepare(CLIENT, client_with_pin());
	prepare(SERVER, "tls+stdio,cert=unit-tls.pem");
	shake(r);
	if (r[CLIENT] != IO_OK || r[SERVER] != IO_OK)
		fail_msg("client: %s, server: %s", side[CLIENT].fail.text,
			 side[SERVER].fail.text);
}

static void drop(unsigned which)
{
	endpoint_free(&side[which].e);
	spec_unprepare(&side[which].spec);
	spec_free(&side[which].spec);
}

static int hang_up(void **state)
{
	(void)state;
	drop(CLIENT);
	drop(SERVER);
	remove("unit-tls.pem");
	return 0;
}

static void fill(unsigned char *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)(i * 7 + i / 251);
}

/* Sends len bytes from one side to the other while both are pushed by turns.  Every
 * retry comes from another place in memory. */
static void carry(unsigned from, const unsigned char *bytes, size_t len)
{
	static unsigned char got[1 << 17], moved[2][1 << 17];
	size_t put = 0, have = 0, n;
	enum io r;

	for (unsigned i = 0; have < len; i++) {
		assert_true(i < 4 * TURNS);
		if (put < len) {
			memcpy(moved[i % 2], bytes + put, len - put);
			r = endpoint_write(&side[from].e, moved[i % 2], len - put, &n);
			assert_true(r == IO_OK || r == net.write_stall || r == IO_WRITE);
			put += r == IO_OK ? n : 0;
		}
		r = endpoint_read(&side[!from].e, got + have, sizeof(got) - have, &n);
		assert_true(r == IO_OK || r == net.read_stall || r == IO_READ);
		have += r == IO_OK ? n : 0;
	}
	assert_int_equal(have, len);
	assert_memory_equal(got, bytes, len);
}

static enum io shut(unsigned which)
{
	enum io r;

	do
		r = endpoint_shut(&side[which].e);
	while (r == IO_WRITE || r == IO_WAIT);
	return r;
}

/* One side says that it is done, the other side hears it. */
static void end_direction(unsigned from)
{
	enum io said = IO_WAIT, heard = IO_WAIT;
	char byte[16];
	size_t n;

	for (unsigned i = 0; i < TURNS && heard != IO_EOF; i++) {
		if (!finished(said))
			said = endpoint_shut(&side[from].e);
		heard = endpoint_read(&side[!from].e, byte, sizeof(byte), &n);
	}
	assert_int_equal(said, IO_OK);
	assert_int_equal(heard, IO_EOF);
}

static enum io read_end(unsigned which)
{
	char byte[16];
	size_t n;
	enum io r;

	do
		r = endpoint_read(&side[which].e, byte, sizeof(byte), &n);
	while (r == IO_READ || r == IO_WAIT);
	return r;
}

/* The next session of the same two addresses; the client calls that host. */
static void connect_again(const char *target, enum io r[2])
{
	for (unsigned k = 0; k < 2; k++) {
		endpoint_free(&side[k].e);
		side[k].fail = (struct fail){ 0 };
		assert_int_equal(endpoint_build(&side[k].e), IO_OK);
	}
	wire_up(WIRE, WIRE, false);
	net.target = target;
	shake(r);
}

/* ---- tests ------------------------------------------------------------------- */

static void bytes_pass_when_the_wire_moves_one_at_a_time(void **state)
{
	unsigned char bytes[3000];

	(void)state;
	wire_up(1, 7, true);
	connect_both();
	fill(bytes, sizeof(bytes));
	carry(CLIENT, bytes, sizeof(bytes));
	carry(SERVER, bytes, sizeof(bytes));
	end_direction(CLIENT);
	end_direction(SERVER);
}

static void large_records_survive_partial_writes(void **state)
{
	static unsigned char bytes[100000];

	(void)state;
	wire_up(1000, 1500, true);
	connect_both();
	fill(bytes, sizeof(bytes));
	carry(CLIENT, bytes, sizeof(bytes));
	carry(SERVER, bytes, sizeof(bytes));
}

/* A server's first bytes bring the ticket.  When the name is wrong, the server has
 * nothing to say against it: only the client knows whom it has called. */
static void a_resumed_session_must_fit_the_name(void **state)
{
	const unsigned char byte = 'x';
	enum io r[2];

	(void)state;
	client_with_pin();
	prepare(CLIENT, "tls+stdio,cafile=unit-tls.pem");
	prepare(SERVER, "tls+stdio,cert=unit-tls.pem");
	for (unsigned i = 0; i < 2; i++) {
		connect_again("127.0.0.1", r);
		assert_true(r[CLIENT] == IO_OK && r[SERVER] == IO_OK);
		carry(SERVER, &byte, 1);
		end_direction(SERVER); /* one that breaks off is not resumed */
	}
	connect_again("127.0.0.9", r);
	assert_true(r[CLIENT] == IO_FAIL && r[SERVER] == IO_OK);
	assert_int_equal(side[CLIENT].fail.phase, PHASE_IDENTITY);
	connect_again("127.0.0.1", r);
	assert_true(r[CLIENT] == IO_OK && r[SERVER] == IO_OK);
}

static void the_answer_from_below_comes_up_unchanged(void **state)
{
	static const enum io stalls[] = { IO_READ, IO_WRITE, IO_WAIT };
	size_t n;
	char byte[4];

	(void)state;
	wire_up(WIRE, WIRE, false);
	connect_both();
	for (size_t i = 0; i < 3; i++) {
		net.stutter = true;
		net.read_stall = net.write_stall = stalls[i];
		memset(net.calls, 0, sizeof(net.calls));
		assert_int_equal(endpoint_read(&side[CLIENT].e, byte, 4, &n), stalls[i]);
		assert_int_equal(endpoint_write(&side[CLIENT].e, "x", 1, &n), stalls[i]);
		net.stutter = false;
		assert_int_equal(endpoint_write(&side[CLIENT].e, "x", 1, &n), IO_OK);
		assert_int_equal(endpoint_read(&side[SERVER].e, byte, 4, &n), IO_OK);
	}
}

static void the_answers_of_a_handshake_come_up_unchanged(void **state)
{
	(void)state;
	wire_up(WIRE, WIRE, true);
	net.read_stall = net.write_stall = IO_WAIT;
	prepare(CLIENT, client_with_pin());
	prepare(SERVER, "tls+stdio,cert=unit-tls.pem");
	assert_int_equal(endpoint_open(&side[CLIENT].e), IO_WAIT);
	assert_int_equal(endpoint_open(&side[SERVER].e), IO_WAIT);
	assert_int_equal(endpoint_open(&side[SERVER].e), IO_READ);
}

static void shutting_one_direction_leaves_the_other(void **state)
{
	static unsigned char bytes[50000];

	(void)state;
	wire_up(100, 900, true);
	connect_both();
	fill(bytes, sizeof(bytes));
	end_direction(CLIENT);
	carry(SERVER, bytes, sizeof(bytes));
}

static void shutting_throws_no_unread_bytes_away(void **state)
{
	size_t n;
	char got[16];

	(void)state;
	wire_up(WIRE, WIRE, false);
	connect_both();
	assert_int_equal(endpoint_write(&side[SERVER].e, "answer", 6, &n), IO_OK);
	assert_int_equal(shut(SERVER), IO_OK);
	assert_int_equal(shut(CLIENT), IO_OK);
	assert_int_equal(endpoint_read(&side[CLIENT].e, got, sizeof(got), &n), IO_OK);
	assert_int_equal(n, 6);
	assert_memory_equal(got, "answer", 6);
	assert_int_equal(read_end(CLIENT), IO_EOF);
}

static void an_end_without_close_notify_is_early(void **state)
{
	(void)state;
	wire_up(WIRE, WIRE, false);
	connect_both();
	net.to[CLIENT].closed = true;
	assert_int_equal(read_end(CLIENT), IO_FAIL);
	assert_int_equal(fail_exit_code(&side[CLIENT].fail), 18);
}

static void a_peer_that_just_ends_may_still_be_written_to(void **state)
{
	enum io r[2];
	size_t n;
	char got[4], option[PIN_TEXT + 64];

	(void)state;
	wire_up(WIRE, WIRE, false);
	snprintf(option, sizeof(option), "%s,ignore-close-notify", client_with_pin());
	prepare(CLIENT, option);
	prepare(SERVER, "tls+stdio,cert=unit-tls.pem");
	shake(r);
	net.to[CLIENT].closed = true;
	assert_int_equal(read_end(CLIENT), IO_EOF);
	assert_int_equal(endpoint_write(&side[CLIENT].e, "on", 2, &n), IO_OK);
	assert_int_equal(endpoint_read(&side[SERVER].e, got, sizeof(got), &n), IO_OK);
	assert_int_equal(n, 2);
	assert_int_equal(shut(CLIENT), IO_OK);
	assert_int_equal(read_end(SERVER), IO_EOF);
}

static void a_refusal_is_told_rather_than_the_reset_behind_it(void **state)
{
	enum io r[2];
	size_t n;

	(void)state;
	wire_up(WIRE, WIRE, false);
	prepare(CLIENT, client_with_pin());
	prepare(SERVER, "tls+stdio,cert=unit-tls.pem,verify=1,cafile=unit-tls.pem");
	shake(r);
	assert_int_equal(r[CLIENT], IO_OK); /* TLS 1.3: it does not know yet */
	assert_int_equal(r[SERVER], IO_FAIL);
	assert_int_equal(fail_exit_code(&side[SERVER].fail), 60);
	net.to[SERVER].torn = true;
	assert_int_equal(endpoint_write(&side[CLIENT].e, "x", 1, &n), IO_FAIL);
	assert_int_equal(fail_exit_code(&side[CLIENT].fail), 35);
	assert_non_null(strstr(side[CLIENT].fail.text, "demands a client certificate"));
}

static void a_reset_without_a_reason_stays_a_reset(void **state)
{
	size_t n;

	(void)state;
	wire_up(WIRE, WIRE, false);
	connect_both();
	net.to[SERVER].torn = true;
	assert_int_equal(endpoint_write(&side[CLIENT].e, "x", 1, &n), IO_FAIL);
	assert_int_equal(fail_exit_code(&side[CLIENT].fail), 55);
}

/* A program that has heard enough: what it has to say is not cut short by that. */
static void a_peer_that_stopped_listening_may_still_be_heard(void **state)
{
	char got[4];
	size_t n;

	(void)state;
	wire_up(WIRE, WIRE, false);
	connect_both();
	assert_int_equal(endpoint_write(&side[SERVER].e, "on", 2, &n), IO_OK);
	net.to[SERVER].deaf = true;
	assert_int_equal(endpoint_write(&side[CLIENT].e, "x", 1, &n), IO_EOF);
	assert_int_equal(shut(CLIENT), IO_OK);
	assert_int_equal(endpoint_read(&side[CLIENT].e, got, sizeof(got), &n), IO_OK);
	assert_int_equal(n, 2);
	assert_int_equal(shut(SERVER), IO_OK);
	assert_int_equal(read_end(CLIENT), IO_EOF);
}

static void another_key_than_the_pinned_one_is_not_trusted(void **state)
{
	enum io r[2];

	(void)state;
	wire_up(WIRE, WIRE, false);
	prepare(CLIENT, client_with_pin());
	prepare(SERVER, "tls+stdio,cert=auto");
	shake(r);
	assert_int_equal(r[CLIENT], IO_FAIL);
	assert_int_equal(fail_exit_code(&side[CLIENT].fail), 60);
	assert_int_equal(r[SERVER], IO_FAIL);
	assert_int_equal(fail_exit_code(&side[SERVER].fail), 35);
}

static void a_peer_that_speaks_no_tls_fails_the_handshake(void **state)
{
	static const char banner[] = "220 mail.example ESMTP, who is there?\r\n";

	(void)state;
	wire_up(WIRE, WIRE, false);
	prepare(CLIENT, client_with_pin());
	prepare(SERVER, "tls+stdio,cert=auto");
	memcpy(net.to[CLIENT].byte, banner, sizeof(banner));
	net.to[CLIENT].len = sizeof(banner);
	assert_int_equal(endpoint_open(&side[CLIENT].e), IO_FAIL);
	assert_int_equal(fail_exit_code(&side[CLIENT].fail), 35);
}

static void a_session_that_failed_sends_no_close_notify(void **state)
{
	(void)state;
	wire_up(WIRE, WIRE, false);
	connect_both();
	fail_say(&side[CLIENT].fail, PHASE_READ, 0, "the other address broke");
	endpoint_free(&side[CLIENT].e);
	net.to[SERVER].closed = true;
	assert_int_equal(read_end(SERVER), IO_FAIL);
	assert_int_equal(fail_exit_code(&side[SERVER].fail), 18);
}

static void a_direction_never_used_still_says_goodbye(void **state)
{
	(void)state;
	wire_up(WIRE, WIRE, false);
	connect_both();
	side[CLIENT].e.writes = false;
	endpoint_free(&side[CLIENT].e);
	net.to[SERVER].closed = true;
	assert_int_equal(read_end(SERVER), IO_EOF);
}

static void pins_are_read_in_three_ways(void **state)
{
	struct pin a, b;

	(void)state;
	assert_true(tlscert_pin_parse("sha256:00112233445566778899aabbccddeeff"
				      "00112233445566778899AABBCCDDEEFF",
				      &a));
	assert_true(tlscert_pin_parse(
		"SHA256:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"
		"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff",
		&b));
	assert_true(tlscert_pin_same(&a, &b));
	assert_true(tlscert_pin_parse(
		"sha256//ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=", &b));
	assert_true(tlscert_pin_same(&a, &b));
	assert_false(tlscert_pin_parse("sha256:0011", &a));
	assert_false(
		tlscert_pin_parse("sha1:00112233445566778899aabbccddeeff00112233", &a));
	assert_false(tlscert_pin_parse("", &a));
	assert_false(tlscert_pin_parse("sha256:", &a));
	assert_false(tlscert_pin_parse("sha256:00112233445566778899aabbccddeeff"
				       "00112233445566778899AABBCCDDEEFF0",
				       &a));
	assert_false(tlscert_pin_parse(
		"sha256//ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v==", &a));
}

/* ---- records ----------------------------------------------------------------- */

enum { FULL = SSL3_RT_MAX_PLAIN_LENGTH, OVERHEAD = 17 }; /* of TLS 1.3 */

static struct {
	size_t size[100];
	unsigned n;
} records;

static struct tls *session(unsigned which)
{
	return (struct tls *)side[which].e.writer;
}

static void note_record(int writes, int version, int type, const void *head, size_t len,
			SSL *ssl, void *arg)
{
	const unsigned char *h = head;

	(void)version;
	(void)len;
	(void)ssl;
	(void)arg;
	if (writes && type == SSL3_RT_HEADER && records.n < 100)
		records.size[records.n++] = h[3] * 256u + h[4] - OVERHEAD;
}

/* Bytes that a session sends after the handshake, and the records they came in. */
static void sent_in_records(unsigned from, const unsigned char *bytes, size_t len)
{
	SSL_set_msg_callback(session(from)->ssl, note_record);
	records.n = 0;
	carry(from, bytes, len);
	SSL_set_msg_callback(session(from)->ssl, NULL);
}

static void records_start_small_and_grow_until_they_are_full(void **state)
{
	static unsigned char bytes[100000];
	size_t sum = 0;

	(void)state;
	wire_up(LONG_WIRE, LONG_WIRE, false);
	connect_both();
	fill(bytes, sizeof(bytes));
	sent_in_records(CLIENT, bytes, sizeof(bytes));
	assert_in_range(records.size[0], 1000, 1400);
	for (unsigned i = 1; i + 1 < records.n; i++) {
		sum += records.size[i - 1];
		assert_int_equal(records.size[i], least(FULL, sum));
	}
	sent_in_records(CLIENT, bytes, 2 * FULL);
	assert_int_equal(records.n, 2);
	assert_int_equal(records.size[0], FULL);
}

static void after_a_pause_records_are_small_again(void **state)
{
	static unsigned char bytes[100000];

	(void)state;
	wire_up(LONG_WIRE, LONG_WIRE, false);
	connect_both();
	fill(bytes, sizeof(bytes));
	sent_in_records(CLIENT, bytes, sizeof(bytes));
	session(CLIENT)->wrote -= 2000000;
	sent_in_records(CLIENT, bytes, FULL);
	assert_in_range(records.size[0], 1000, 1400);
}

/* Both ends, and the sender's records are full from now on. */
static void connect_warm(unsigned char *bytes, size_t len)
{
	wire_up(LONG_WIRE, LONG_WIRE, false);
	connect_both();
	fill(bytes, len);
	carry(SERVER, bytes, 3 * (size_t)FULL);
	memset(net.moves, 0, sizeof(net.moves));
}

static void many_records_take_one_write_and_one_read_below(void **state)
{
	static unsigned char bytes[4 * FULL], got[8 * FULL];
	size_t n = 0;

	(void)state;
	connect_warm(bytes, sizeof(bytes));
	assert_int_equal(endpoint_write(&side[SERVER].e, bytes, sizeof(bytes), &n),
			 IO_OK);
	assert_int_equal(n, sizeof(bytes));
	assert_int_equal(endpoint_read(&side[CLIENT].e, got, sizeof(got), &n), IO_OK);
	assert_int_equal(n, sizeof(bytes));
	assert_memory_equal(got, bytes, n);
	assert_int_equal(net.moves[SERVER][1], 1);
	assert_int_equal(net.moves[CLIENT][0], 1);
}

static void a_ticket_goes_down_with_the_first_bytes(void **state)
{
	size_t n = 0;

	(void)state;
	wire_up(LONG_WIRE, LONG_WIRE, false);
	connect_both();
	memset(net.moves, 0, sizeof(net.moves));
	assert_int_equal(endpoint_write(&side[SERVER].e, "x", 1, &n), IO_OK);
	assert_int_equal(net.moves[SERVER][1], 1);
}

/* The library forgets why, should others be served before. */
static void an_error_behind_good_records_comes_after_their_bytes(void **state)
{
	static unsigned char bytes[4 * FULL], got[8 * FULL];
	struct wire *w = &net.to[CLIENT];
	size_t n = 0;

	(void)state;
	connect_warm(bytes, sizeof(bytes));
	assert_int_equal(endpoint_write(&side[SERVER].e, bytes, 2 * FULL, &n), IO_OK);
	w->byte[w->len - 1] ^= 1;
	assert_int_equal(endpoint_read(&side[CLIENT].e, got, sizeof(got), &n), IO_OK);
	assert_int_equal(n, FULL);
	assert_int_equal(side[CLIENT].fail.phase, PHASE_NONE);
	ERR_clear_error();
	assert_int_equal(endpoint_read(&side[CLIENT].e, got, sizeof(got), &n), IO_FAIL);
	assert_int_equal(side[CLIENT].fail.phase, PHASE_RECEIVE);
	assert_non_null(strstr(side[CLIENT].fail.text, "bad record mac"));
}

/* A read that brings all that it was asked for is followed by another one, and that may
 * fail. */
static void what_came_before_a_reset_is_delivered(void **state)
{
	static unsigned char bytes[4 * FULL], got[16 * FULL];
	size_t n = 0;

	(void)state;
	connect_warm(bytes, sizeof(bytes));
	side[CLIENT].e.rkind = FD_SOCKET;
	assert_int_equal(endpoint_write(&side[SERVER].e, bytes, sizeof(bytes), &n),
			 IO_OK);
	net.to[CLIENT].broken = true;
	assert_int_equal(endpoint_read(&side[CLIENT].e, got, sizeof(got), &n), IO_OK);
	assert_int_equal(n, sizeof(bytes));
	assert_int_equal(side[CLIENT].fail.phase, PHASE_NONE);
	assert_false(net.to[CLIENT].broken);
	assert_int_equal(endpoint_read(&side[CLIENT].e, got, sizeof(got), &n), IO_FAIL);
	assert_int_equal(side[CLIENT].fail.phase, PHASE_RECEIVE);
	assert_int_equal(side[CLIENT].fail.code, ECONNRESET);
}

/* What an application left over of a record must not go with the library's buffers. */
static void a_server_may_speak_while_a_record_is_half_read(void **state)
{
	unsigned char bytes[1000], got[1000];
	size_t n = 0;

	(void)state;
	wire_up(LONG_WIRE, LONG_WIRE, false);
	connect_both();
	fill(bytes, sizeof(bytes));
	assert_int_equal(endpoint_write(&side[CLIENT].e, bytes, 1000, &n), IO_OK);
	assert_int_equal(endpoint_read(&side[SERVER].e, got, 10, &n), IO_OK);
	assert_int_equal(endpoint_write(&side[SERVER].e, "x", 1, &n), IO_OK);
	assert_int_equal(endpoint_read(&side[SERVER].e, got + 10, 990, &n), IO_OK);
	assert_int_equal(n, 990);
	assert_memory_equal(got, bytes, 1000);
}

/* The first FULL of the server's bytes wait for room below. */
static void connect_until_full(unsigned char *bytes, size_t len)
{
	size_t n;

	connect_warm(bytes, len);
	net.room = 1000;
	assert_int_equal(endpoint_write(&side[SERVER].e, bytes, FULL, &n), IO_WRITE);
}

/* Encrypted once, they can't be taken back; accepted they are when they have gone. */
static void bytes_that_wait_for_room_go_before_all_else(void **state)
{
	static unsigned char bytes[4 * FULL], got[8 * FULL];
	size_t n = 0, have = 0;

	(void)state;
	connect_until_full(bytes, sizeof(bytes));
	net.room = LONG_WIRE;
	assert_int_equal(endpoint_write(&side[SERVER].e, bytes, 100, &n), IO_OK);
	assert_int_equal(n, 100);
	while (have < FULL) {
		assert_int_equal(endpoint_read(&side[CLIENT].e, got + have,
					       sizeof(got) - have, &n),
				 IO_OK);
		have += n;
	}
	assert_memory_equal(got, bytes, FULL);
}

/* The answer to a change of keys goes behind what was encrypted with the old ones. */
static void keys_may_change_while_bytes_wait(void **state)
{
	static unsigned char bytes[4 * FULL], got[8 * FULL];
	size_t n = 0, have = 0;

	(void)state;
	connect_until_full(bytes, sizeof(bytes));
	assert_int_equal(
		SSL_key_update(session(CLIENT)->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	assert_int_equal(endpoint_write(&side[CLIENT].e, "x", 1, &n), IO_OK);
	assert_int_equal(endpoint_read(&side[SERVER].e, got, sizeof(got), &n), IO_OK);
	net.room = LONG_WIRE;
	for (size_t at = 0; at < sizeof(bytes); at += n)
		assert_int_equal(endpoint_write(&side[SERVER].e, bytes + at,
						sizeof(bytes) - at, &n),
				 IO_OK);
	for (; have < sizeof(bytes); have += n)
		assert_int_equal(endpoint_read(&side[CLIENT].e, got + have,
					       sizeof(got) - have, &n),
				 IO_OK);
	assert_memory_equal(got, bytes, sizeof(bytes));
}

static void an_idle_session_owns_no_buffer(void **state)
{
	static unsigned char bytes[4 * FULL];

	(void)state;
	connect_warm(bytes, sizeof(bytes));
	for (unsigned k = 0; k < 2; k++) {
		assert_null(session(k)->out.data);
		assert_int_equal(SSL_has_pending(session(k)->ssl), 0);
	}
}

static enum io take_all(struct layer *l, const void *from, size_t len, size_t *n)
{
	(void)l;
	(void)from;
	*n = len;
	return IO_OK;
}

/* One session waits for room while another writes: both hand their memory on, and there
 * is a place for one of them only. */
static void sessions_that_write_at_once_keep_one_buffer_between_them(void **state)
{
	static const struct layer_ops ops = { .write = take_all };
	struct layer below = { .ops = &ops };
	struct tlsctx ctx = { 0 };
	struct tls one = { .l.below = &below, .peer.ctx = &ctx }, two = one;
	unsigned char *kept;

	(void)state;
	assert_true(tlsbio_gather(&one) && buf_add(&one.out, "x", 1));
	assert_true(tlsbio_gather(&two) && buf_add(&two.out, "x", 1));
	kept = two.out.data;
	assert_int_equal(tlsbio_send(&two), IO_OK);
	assert_int_equal(tlsbio_send(&one), IO_OK);
	assert_ptr_equal(ctx.spare.data, kept);
	assert_true(!one.out.data && !two.out.data);
	buf_free(&ctx.spare);
}

static int make_loop(void **state)
{
	struct fail f = { 0 };

	(void)state;
	loop = loop_new(backend_find("poll"), &f);
	return loop ? 0 : -1;
}

static int free_loop(void **state)
{
	(void)state;
	loop_free(loop);
	return 0;
}

#define PAIR(test) cmocka_unit_test_teardown(test, hang_up)

int main(void)
{
	static const struct log_setup quiet = { .level = LEVEL_ERROR, .program = "unit" };
	const struct CMUnitTest tests[] = {
		PAIR(bytes_pass_when_the_wire_moves_one_at_a_time),
		PAIR(large_records_survive_partial_writes),
		PAIR(a_resumed_session_must_fit_the_name),
		PAIR(the_answer_from_below_comes_up_unchanged),
		PAIR(the_answers_of_a_handshake_come_up_unchanged),
		PAIR(shutting_one_direction_leaves_the_other),
		PAIR(shutting_throws_no_unread_bytes_away),
		PAIR(an_end_without_close_notify_is_early),
		PAIR(a_peer_that_just_ends_may_still_be_written_to),
		PAIR(a_refusal_is_told_rather_than_the_reset_behind_it),
		PAIR(a_reset_without_a_reason_stays_a_reset),
		PAIR(a_peer_that_stopped_listening_may_still_be_heard),
		PAIR(another_key_than_the_pinned_one_is_not_trusted),
		PAIR(a_peer_that_speaks_no_tls_fails_the_handshake),
		PAIR(a_session_that_failed_sends_no_close_notify),
		PAIR(a_direction_never_used_still_says_goodbye),
		PAIR(records_start_small_and_grow_until_they_are_full),
		PAIR(after_a_pause_records_are_small_again),
		PAIR(many_records_take_one_write_and_one_read_below),
		PAIR(a_ticket_goes_down_with_the_first_bytes),
		PAIR(an_error_behind_good_records_comes_after_their_bytes),
		PAIR(what_came_before_a_reset_is_delivered),
		PAIR(a_server_may_speak_while_a_record_is_half_read),
		PAIR(bytes_that_wait_for_room_go_before_all_else),
		PAIR(keys_may_change_while_bytes_wait),
		PAIR(an_idle_session_owns_no_buffer),
		cmocka_unit_test(pins_are_read_in_three_ways),
		cmocka_unit_test(sessions_that_write_at_once_keep_one_buffer_between_them),
	};

	log_start(&quiet);
	return cmocka_run_group_tests_name("tls", tests, make_loop, free_loop);
}
