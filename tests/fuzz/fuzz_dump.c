/* Dumps: whatever passes, the text fits where dump_room() said, and no byte of the
 * traffic reaches the terminal unescaped. */
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "proto/dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Line ends and, of socat's formats, tabs are ours; all else must be harmless. */
static size_t harmless(const unsigned char *s, size_t len)
{
	return *s == '\n' || *s == '\t' ? 1 : text_printable(s, len);
}

static void check(struct buf *out, bool made, bool ascii)
{
	if (!made || out->len > out->max)
		abort();
	for (size_t i = 0, n; i < out->len; i += n) {
		n = harmless(out->data + i, out->len - i);
		if (n == 0 || (ascii && n > 1))
			abort();
	}
	buf_free(out);
}

/* The first byte chooses the place in the stream and the terminal. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dump_mark m = { .arrow = '>', .stamp = "2026/11/22 10:00:00.000123456" };
	struct buf out;

	if (size == 0 || size > 65536)
		return 0;
	m.offset = data[0] ? UINT64_MAX >> data[0] % 64 : 0;
	m.columns = data[0] / 2;
	m.session = data[0] & 2;
	m.who = data[0] & 1 ? "tcp 127.0.0.1:1 -> 127.0.0.1:2" : NULL;
	buf_init(&out, dump_room(m.who, size - 1));
	for (int style = 0; style < 4; style++)
		check(&out,
		      dump_socat(&out, &m, style & 1, style & 2, data + 1, size - 1),
		      true);
	check(&out, dump_classic(&out, &m, data + 1, size - 1), true);
	check(&out, dump_lines(&out, &m, data + 1, size - 1), false);
	check(&out, dump_note(&out, &m, "end"), true);
	return 0;
}
