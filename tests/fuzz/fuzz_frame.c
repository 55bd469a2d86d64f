/* Framing: whatever comes is taken apart within its bounds and the same however it is
 * cut, and what is put together comes apart again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_INPUT = 4096, MAX_MESSAGE = 300 };

static void expect(int truth)
{
	if (!truth)
		abort();
}

/* Everything that was found, as text that can be compared. */
static enum frame_found take_apart(enum frame_kind kind, const uint8_t *wire, size_t len,
				   size_t step, struct buf *found)
{
	enum frame_found r = FRAME_MORE;
	struct frame f;

	frame_init(&f, kind, MAX_MESSAGE);
	for (size_t at = 0; at < len && (r == FRAME_MORE || r == FRAME_MESSAGE);) {
		size_t n = len - at < step ? len - at : step, used = 0;
		uint8_t *piece = malloc(n); /* so that a byte too far is seen */

		expect(piece != NULL);
		memcpy(piece, wire + at, n);
		r = frame_take(&f, piece, n, &used);
		free(piece);
		expect(used <= n && (r != FRAME_MORE || used == n));
		expect(f.msg.len <= MAX_MESSAGE);
		at += used;
		if (r == FRAME_MESSAGE) {
			expect(buf_format(found, "[%zu]", f.msg.len));
			expect(buf_add(found, f.msg.data, f.msg.len));
		}
	}
	if (r == FRAME_MORE || r == FRAME_MESSAGE)
		r = frame_end(&f);
	frame_free(&f);
	return r;
}

static void same_however_cut(enum frame_kind kind, const uint8_t *data, size_t size,
			     size_t step)
{
	struct buf whole, parts;

	buf_init(&whole, 64 * MAX_INPUT);
	buf_init(&parts, 64 * MAX_INPUT);
	expect(take_apart(kind, data, size, size, &whole) ==
	       take_apart(kind, data, size, step, &parts));
	expect(whole.len == parts.len &&
	       (!whole.len || memcmp(whole.data, parts.data, whole.len) == 0));
	buf_free(&whole);
	buf_free(&parts);
}

static void there_and_back(enum frame_kind kind, const uint8_t *data, size_t size,
			   size_t step)
{
	struct buf wire, want, got;

	buf_init(&wire, 64 * MAX_INPUT);
	buf_init(&want, 64 * MAX_INPUT);
	buf_init(&got, 64 * MAX_INPUT);
	for (size_t at = 0, n; at < size; at += n) {
		n = data[at] % MAX_MESSAGE;
		n = n < size - at ? n : size - at;
		n = n ? n : 1;
		if (frame_refuses(kind, data + at, n))
			continue;
		expect(frame_put(kind, data + at, n, &wire));
		expect(buf_format(&want, "[%zu]", n) && buf_add(&want, data + at, n));
	}
	expect(!wire.len || take_apart(kind, wire.data, wire.len, step, &got) ==
				    FRAME_MORE);
	expect(got.len == want.len &&
	       (!got.len || memcmp(got.data, want.data, got.len) == 0));
	buf_free(&wire);
	buf_free(&want);
	buf_free(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3 || size > MAX_INPUT)
		return 0;
	same_however_cut(data[0] % FRAME_KINDS, data + 2, size - 2, 1u + data[1] % 64);
	there_and_back(data[0] % FRAME_KINDS, data + 2, size - 2, 1u + data[1] % 64);
	return 0;
}
