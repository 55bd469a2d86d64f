/* Growable bytes with a hard maximum. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAP = 256 };

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

/* Doubling keeps appending linear; the maximum has the last word. */
static size_t next_cap(const struct buf *b, size_t need)
{
	size_t cap = b->cap > b->max / 2 ? b->max : b->cap * 2;

	if (cap < FIRST_CAP)
		cap = FIRST_CAP;
	if (cap < need)
		cap = need;
	return cap < b->max ? cap : b->max;
}

unsigned char *buf_room(struct buf *b, size_t n)
{
	size_t cap;
	unsigned char *data;

	if (n > b->max - b->len)
		return NULL;
	if (!b->data || n > b->cap - b->len) {
		cap = next_cap(b, b->len + n);
		data = mem_resize(b->data, cap, 1);
		if (!data)
			return NULL;
		b->data = data;
		b->cap = cap;
	}
	return b->data + b->len;
}

bool buf_add(struct buf *b, const void *from, size_t n)
{
	unsigned char *to;

	if (n == 0)
		return true;
	to = buf_room(b, n);
	if (!to)
		return false;
	memcpy(to, from, n);
	b->len += n;
	return true;
}

/* Formatted aside first: vsnprintf wants a place for its NUL, which the maximum
 * need not grant. */
bool buf_format(struct buf *b, const char *fmt, ...)
{
	char small[256], *text = small;
	va_list args;
	int len;
	bool added;

	va_start(args, fmt);
	len = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if (len < 0)
		return false;
	if ((size_t)len >= sizeof(small)) {
		text = mem_new((size_t)len + 1, 1);
		if (!text)
			return false;
		va_start(args, fmt);
		vsnprintf(text, (size_t)len + 1, fmt, args);
		va_end(args);
	}
	added = buf_add(b, text, (size_t)len);
	if (text != small)
		mem_free(text);
	return added;
}

void buf_drop(struct buf *b, size_t n)
{
	b->len -= n;
	if (b->len)
		memmove(b->data, b->data + n, b->len);
}

void buf_free(struct buf *b)
{
	mem_free(b->data);
	buf_init(b, b->max);
}
