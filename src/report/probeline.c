/* What --probe prints. */
#include "report/probeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Always the same unit, so that a script has nothing to convert. */
static bool add_time(struct buf *to, const char *name, uint64_t usec)
{
	return buf_format(to, " %s=%llu.%03ums", name, (unsigned long long)(usec / 1000),
			  (unsigned)(usec % 1000));
}

static bool add_name(struct buf *to, const char *address)
{
	char text[1024];

	text_escape(text, sizeof(text), address, strlen(address));
	return buf_format(to, "%s", text);
}

/* Up to the end of its line; what a terminal would obey is escaped. */
static bool add_words(struct buf *to, const struct probe_times *t)
{
	char text[4 * PROBE_WORDS + 1];
	size_t n = 0;

	while (n < t->nwords && t->words[n] != '\r' && t->words[n] != '\n')
		n++;
	text_escape(text, sizeof(text), t->words, n);
	return !t->nwords || buf_format(to, " \"%s\"", text);
}

bool probeline_one(struct buf *to, const char *address, const struct probe_times *t)
{
	bool ok = add_name(to, address) && buf_format(to, " open");

	for (unsigned i = 0; i < SPANS && ok; i++)
		ok = !t->span[i] || add_time(to, span_name((enum span)i), t->span[i]);
	ok = ok && (!t->first || add_time(to, "first", t->first));
	return ok && add_time(to, "total", t->total) && add_words(to, t) &&
	       buf_format(to, "\n");
}

static int by_size(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

bool probeline_summary(struct buf *to, const char *address, uint64_t *total, size_t n,
		       size_t failed)
{
	const size_t half = n / 2;

	if (!add_name(to, address) ||
	    !buf_format(to, " count=%zu failed=%zu", n + failed, failed))
		return false;
	if (!n)
		return buf_format(to, "\n");
	qsort(total, n, sizeof(*total), by_size);
	return add_time(to, "min", total[0]) &&
	       add_time(to, "median",
			n % 2 ? total[half] : (total[half - 1] + total[half]) / 2) &&
	       /* the smallest that 99 of 100 do not pass */
	       add_time(to, "p99", total[(99 * n + 99) / 100 - 1]) &&
	       add_time(to, "max", total[n - 1]) && buf_format(to, "\n");
}
