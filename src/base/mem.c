/* Checked allocation, with a fault to order. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long countdown; /* the allocation that fails; 0 = none */

void mem_fail_at(unsigned long n)
{
	countdown = n;
}

static bool refused(size_t n, size_t size)
{
	if (countdown && --countdown == 0)
		return true;
	return size && n > SIZE_MAX / size;
}

/* malloc(0) may answer NULL, which here would read as "no memory". */
static size_t total(size_t n, size_t size)
{
	return n && size ? n * size : 1;
}

void *mem_new(size_t n, size_t size)
{
	return refused(n, size) ? NULL : calloc(1, total(n, size));
}

void *mem_resize(void *old, size_t n, size_t size)
{
	return refused(n, size) ? NULL : realloc(old, total(n, size));
}

char *mem_text(const char *from, size_t len)
{
	char *to = len < SIZE_MAX ? mem_new(len + 1, 1) : NULL;

	if (to && len)
		memcpy(to, from, len);
	return to;
}

char *mem_format(const char *fmt, ...)
{
	va_list args;
	int len;
	char *to;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return NULL;
	to = mem_new((size_t)len + 1, 1);
	if (!to)
		return NULL;
	va_start(args, fmt);
	vsnprintf(to, (size_t)len + 1, fmt, args);
	va_end(args);
	return to;
}

void mem_free(void *p)
{
	free(p);
}
