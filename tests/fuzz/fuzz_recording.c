/* Recordings: whatever the file, however it is cut, reading it ends the same way; what
 * was read reads back the same when it is written anew; and its two sides, played against
 * each other, say all that they said. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/play.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_INPUT = 1 << 16 };

static void expect(int truth)
{
	if (!truth)
		abort();
}

static bool read_whole(struct recording *r, const void *data, size_t size)
{
	recording_init(r, 8 * MAX_INPUT);
	return recording_add(r, data, size) && recording_end(r);
}

/* The first byte says how long the pieces are. */
static bool read_pieces(struct recording *r, const uint8_t *data, size_t size)
{
	const size_t step = 1u + (size ? data[0] : 0);
	size_t at = 0;

	recording_init(r, 8 * MAX_INPUT);
	for (; at < size; at += step)
		if (!recording_add(r, data + at, size - at < step ? size - at : step))
			return false;
	return recording_end(r);
}

static void expect_same(const struct recording *a, const struct recording *b)
{
	expect(a->n == b->n && a->bytes.len == b->bytes.len);
	expect(!a->bytes.len || !memcmp(a->bytes.data, b->bytes.data, a->bytes.len));
	for (size_t i = 0; i < a->n; i++) {
		const struct block *x = &a->block[i], *y = &b->block[i];

		expect(x->session == y->session && x->server == y->server &&
		       x->end == y->end && x->at == y->at && x->len == y->len);
	}
}

static void there_and_back(const struct recording *r)
{
	struct recording again;
	struct buf out;

	buf_init(&out, SIZE_MAX / 2);
	for (size_t i = 0; i < r->n; i++) {
		const struct block *b = &r->block[i];
		const size_t before = out.len;

		expect(recording_put(&out, b, b->len ? r->bytes.data + b->at : NULL));
		expect(out.len - before <= recording_room(b->len));
	}
	recording_init(&again, SIZE_MAX / 2);
	expect(recording_add(&again, out.data, out.len) && recording_end(&again));
	expect_same(r, &again);
	recording_free(&again);
	buf_free(&out);
}

/* What is said now goes to the other one, at most step bytes at once.  False: nothing. */
static bool speak(struct play *from, struct play *to, size_t step)
{
	static const unsigned char nothing[1];
	const struct block *b = play_speaks(from);
	const unsigned char *said = nothing;
	size_t n, right;

	if (!b || b->end)
		return false;
	n = play_line(from, &said);
	if (n > step && !from->messages)
		n = step;
	expect(play_hear(to, said, n, &right) && right == n);
	play_said(from, n);
	return true;
}

static void converse(const struct recording *r, bool messages, bool loose, size_t step)
{
	struct play server = { .rec = r, .messages = messages, .loose = loose };
	struct play client = server;

	client.client = true;
	play_init(&server, false);
	play_init(&client, false);
	while (speak(&server, &client, step) || speak(&client, &server, step))
		;
	expect(loose || (!play_listens(&server) && !play_listens(&client)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording whole, pieces;
	bool ok;

	if (size > MAX_INPUT)
		return 0;
	ok = read_whole(&whole, data, size);
	expect(ok == read_pieces(&pieces, data, size));
	expect(whole.wrong == pieces.wrong && whole.lines == pieces.lines);
	expect(ok || (whole.wrong && whole.column == pieces.column && whole.column));
	if (ok) {
		expect_same(&whole, &pieces);
		there_and_back(&whole);
		ok = recording_keep(&pieces, 0);
	}
	for (unsigned kind = 0; ok && kind < 4; kind++)
		converse(&pieces, kind & 1, kind & 2, 1u + (size ? data[0] : 0));
	recording_free(&whole);
	recording_free(&pieces);
	return 0;
}
