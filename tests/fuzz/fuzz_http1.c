/* HTTP heads: however the bytes come in, the verdict is the same, and the pieces lie
 * within what was given. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef enum http1 reader(const void *data, size_t len, struct http1_head *head,
			  const char **why);

static void expect(int truth)
{
	if (!truth)
		abort();
}

static void look_within(const uint8_t *data, const struct http1_head *head,
			struct http1_text s)
{
	expect(!s.len || ((const uint8_t *)s.at >= data &&
			  (const uint8_t *)s.at + s.len <= data + head->size));
}

static void look_at(const uint8_t *data, const struct http1_head *head)
{
	uint64_t length;

	look_within(data, head, head->method);
	look_within(data, head, head->target);
	look_within(data, head, head->reason);
	look_within(data, head, head->fields);
	look_within(data, head, http1_field(head, "host"));
	http1_lists(head, "connection", "upgrade");
	if (http1_length(head, &length))
		expect(http1_count(head, "Content-Length") == 1);
}

/* A copy of just n bytes, so that a look behind them is noticed. */
static enum http1 read_first(reader *read, const uint8_t *data, size_t n,
			     struct http1_head *head)
{
	uint8_t *copy = malloc(n ? n : 1);
	const char *why;
	enum http1 r;

	expect(copy != NULL);
	memcpy(copy, data, n);
	r = read(copy, n, head, &why);
	expect((r == HTTP1_BAD) == (why != NULL));
	if (r == HTTP1_OK)
		look_at(copy, head);
	free(copy);
	return r;
}

static void try(reader *read, const uint8_t *data, size_t size)
{
	struct http1_head whole, head;
	enum http1 want = read_first(read, data, size, &whole);

	for (size_t n = 0; n < size; n++) {
		enum http1 r = read_first(read, data, n, &head);

		if (r == HTTP1_MORE)
			continue;
		expect(r == want);
		expect(r == HTTP1_BAD || head.size == whole.size);
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(http1_read_request, data, size);
	try(http1_read_answer, data, size);
	return 0;
}
