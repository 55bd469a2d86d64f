/* WebSocket frames: whatever comes is read or refused within its bytes, what is read
 * and written again is the same header, and masks and text may be cut anywhere. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/utf8.h"
#include "proto/wsframe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_INPUT = 4096 };

static void expect(int truth)
{
	if (!truth)
		abort();
}

static void try_text(const uint8_t *data, size_t size)
{
	size_t at = size ? data[0] % (size + 1) : 0;
	struct utf8 whole = { 0 }, parts = { 0 };
	bool good = utf8_check(&whole, data, size);

	expect(good == (utf8_check(&parts, data, at) &&
			utf8_check(&parts, data + at, size - at)));
	if (good)
		expect(whole.have == parts.have && whole.left == parts.left);
}

static void try_mask(const struct wsframe *f, const uint8_t *data, size_t size)
{
	static uint8_t copy[MAX_INPUT];
	size_t at = size ? data[0] % (size + 1) : 0;

	memcpy(copy, data, size);
	wsframe_mask(f, 0, copy, size);
	wsframe_mask(f, 0, copy, at);
	wsframe_mask(f, at, copy + at, size - at);
	expect(memcmp(copy, data, size) == 0);
}

static void try_close(const uint8_t *data, size_t size)
{
	uint8_t payload[2];
	unsigned status, again;

	if (wsframe_read_close(data, size, &status))
		return;
	expect(wsframe_read_close(payload, wsframe_put_close(payload, status), &again) ==
	       NULL);
	expect(again == status);
}

/* Frame by frame, as far as the bytes go. */
static void try_frames(const uint8_t *data, size_t size)
{
	bool inside = false;

	while (size >= 2 && size >= wsframe_size(data)) {
		uint8_t head[WSFRAME_HEAD];
		size_t n = wsframe_size(data), len;
		struct wsframe f;

		if (wsframe_read(data, &f) || wsframe_fits(&f, inside, f.masked))
			return;
		expect(wsframe_put(head, &f) == n && memcmp(head, data, n) == 0);
		len = f.len < size - n ? (size_t)f.len : size - n;
		try_mask(&f, data + n, len);
		if (f.opcode == WSFRAME_CLOSE)
			try_close(data + n, len);
		if (!wsframe_is_control(&f))
			inside = !f.fin;
		data += n + len;
		size -= n + len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > MAX_INPUT)
		return 0;
	try_text(data, size);
	try_frames(data, size);
	if (wsframe_is_key((const char *)data, size))
		expect(size == 24);
	return 0;
}
