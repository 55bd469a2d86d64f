/* SOCKS messages: a reader asks for no more than it needs, says the same however the
 * bytes come, and what was read can be written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KINDS = 6 };

/* The results of one reading. */
struct heard {
	unsigned method;
	bool truth;
	struct socks_reply reply;
	struct socks_request request;
	enum socks_answer refusal;
};

static void expect(int truth)
{
	if (!truth)
		abort();
}

static enum socks_parse read_one(unsigned kind, const uint8_t *data, size_t len,
				 size_t *size, struct heard *h)
{
	switch (kind) {
	case 0:
		return socks5_get_choice(data, len, size, &h->method);
	case 1:
		return socks5_get_verdict(data, len, size, &h->truth);
	case 2:
		return socks5_get_greeting(data, len, size, &h->truth);
	case 3:
		return socks_get_reply(SOCKS_4, data, len, size, &h->reply);
	case 4:
		return socks_get_reply(SOCKS_5, data, len, size, &h->reply);
	default:
		return socks_get_request(data, len, size, &h->request, &h->refusal);
	}
}

/* As a layer does it: what is asked for comes, and not a byte more. */
static enum socks_parse read_slowly(unsigned kind, const uint8_t *data, size_t len,
				    size_t *size, struct heard *h)
{
	size_t n = 0;

	for (;;) {
		uint8_t *exact = malloc(n ? n : 1);	/* so that reading beyond is seen */
		enum socks_parse r;

		expect(exact != NULL);
		memcpy(exact, data, n);
		r = read_one(kind, exact, n, size, h);
		free(exact);
		if (r != SOCKS_SHORT)
			return r;
		expect(*size > n && *size <= SOCKS_MESSAGE_MAX);
		if (*size > len)
			return r;
		n = *size;
	}
}

static void write_again(const struct socks_request *q)
{
	struct heard h = { 0 };
	struct buf out;
	size_t size;
	bool put;

	buf_init(&out, SOCKS_MESSAGE_MAX);
	if (q->version == SOCKS_4)
		put = socks4_put_request(&out, q->command, true, &q->to, q->user);
	else
		put = socks5_put_request(&out, q->command, &q->to);
	expect(put);
	expect(read_one(5, out.data, out.len, &size, &h) == SOCKS_WHOLE);
	expect(size == out.len && h.request.to.port == q->to.port);
	expect(h.request.version == q->version && h.request.command == q->command);
	expect(strcmp(h.request.user, q->user) == 0);
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned kind;
	struct heard a = { 0 }, b = { 0 };
	size_t used = 0, slowly = 0;
	enum socks_parse r, s;

	if (size == 0)
		return 0;
	kind = data[0] % KINDS;
	data++;
	size--;
	r = read_one(kind, data, size, &used, &a);
	s = read_slowly(kind, data, size, &slowly, &b);
	if (s == SOCKS_WHOLE)
		expect(r == SOCKS_WHOLE && used == slowly && used <= size);
	if (r == SOCKS_WHOLE && kind == 5)
		write_again(&a.request);
	return 0;
}
