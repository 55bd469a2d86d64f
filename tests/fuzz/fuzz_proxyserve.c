/* A proxy's clients: however the bytes come in, the verdict and the answer are the
 * same, and none costs more than its buffer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proxyserve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int truth)
{
	if (!truth)
		abort();
}

struct talk {
	struct proxyserve client;
	struct buf in, out;
	enum proxyserve_step step;
};

static void say(struct talk *t, const uint8_t *data, size_t size, size_t piece)
{
	const char *why;

	*t = (struct talk){ .step = PROXY_MORE };
	buf_init(&t->in, PROXYSERVE_MAX);
	buf_init(&t->out, PROXYSERVE_MAX);
	while (size && t->step == PROXY_MORE) {
		size_t room = t->in.max - t->in.len, n = piece < size ? piece : size;

		expect(room > 0);
		n = n < room ? n : room;
		expect(buf_add(&t->in, data, n));
		data += n;
		size -= n;
		t->step = proxyserve_read(&t->client, &t->in, &t->out, &why);
		expect((t->step == PROXY_REFUSED) == (why != NULL));
	}
}

static void hang_up(struct talk *t)
{
	struct socks_host at = { .name = "192.0.2.1", .port = 1 };

	if (t->step == PROXY_ASKED) {
		expect(*t->client.to.name && t->client.to.port <= 65535);
		expect(proxyserve_answer(&t->client, SOCKS_GRANTED, &at, &t->out));
		expect(proxyserve_answer(&t->client, SOCKS_FAILED, NULL, &t->out));
	}
	buf_free(&t->in);
	buf_free(&t->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t piece[] = { 1, 2, 7 };
	struct talk whole, parts;

	say(&whole, data, size, size);
	for (size_t i = 0; i < sizeof(piece) / sizeof(*piece); i++) {
		say(&parts, data, size, piece[i]);
		expect(parts.step == whole.step);
		expect(parts.client.to.port == whole.client.to.port &&
		       strcmp(parts.client.to.name, whole.client.to.name) == 0);
		expect(whole.out.len == parts.out.len);
		hang_up(&parts);
	}
	hang_up(&whole);
	return 0;
}
