/* Line ends on the wire and here. */
#include "proto/newline.h"

static size_t drop_cr(unsigned char *data, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < len; i++)
		if (data[i] != '\r')
			data[kept++] = data[i];
	return kept;
}

size_t newline_in(enum newline kind, unsigned char *data, size_t len)
{
	if (kind == NEWLINE_CRNL)
		return drop_cr(data, len);
	for (size_t i = 0; i < len; i++)
		if (data[i] == '\r')
			data[i] = '\n';
	return len;
}

/* Bytes that c becomes. */
static size_t width(enum newline kind, unsigned char c)
{
	return kind == NEWLINE_CRNL && c == '\n' ? 2 : 1;
}

size_t newline_out(enum newline kind, bool half, const unsigned char *from, size_t len,
		   unsigned char *to, size_t cap)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used < cap; i++) {
		if (from[i] != '\n' || (half && i == 0)) {
			to[used++] = from[i];
			continue;
		}
		to[used++] = '\r';
		if (width(kind, from[i]) == 2 && used < cap)
			to[used++] = '\n';
	}
	return used;
}

size_t newline_sent(enum newline kind, bool *half, const unsigned char *from, size_t len,
		    size_t sent)
{
	size_t i;

	if (*half)
		sent++;
	for (i = 0; i < len && sent >= width(kind, from[i]); i++)
		sent -= width(kind, from[i]);
	*half = sent > 0;
	return i;
}
