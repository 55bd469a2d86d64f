/* Dumps: whatever passes, the text fits where dump_room() said, and no byte of the
 * traffic reaches the terminal unescaped. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/dump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct buf *out, bool made)
{
	if (!made || out->len > out->max)
		abort();
	for (size_t i = 0; i < out->len; i++)
		if ((out->data[i] < ' ' && out->data[i] != '\n' &&
		     out->data[i] != '\t') ||
		    out->data[i] > '~')
			abort();
	buf_free(out);
}

/* The first byte chooses the place in the stream. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dump_mark m = { .arrow = '>', .stamp = "2026/11/22 10:00:00.000123456" };
	struct buf out;

	if (size == 0 || size > 65536)
		return 0;
	m.offset = data[0] ? UINT64_MAX >> data[0] % 64 : 0;
	m.who = data[0] & 1 ? "tcp 127.0.0.1:1 -> 127.0.0.1:2" : NULL;
	buf_init(&out, dump_room(&m, size - 1));
	for (int style = 0; style < 4; style++)
		check(&out,
		      dump_socat(&out, &m, style & 1, style & 2, data + 1, size - 1));
	check(&out, dump_classic(&out, &m, data + 1, size - 1));
	check(&out, dump_end(&out, &m));
	return 0;
}
