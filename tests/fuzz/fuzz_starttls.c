/* STARTTLS dialogues: whatever the other side says, in whatever pieces, the same is
 * answered, and no answer is too long. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/starttls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SAID = 512 * 1024 };

static const char *const names[] = { "smtp", "imap", "pop3",	 "ftp",	  "ldap",
				     "xmpp", "postgres", "mysql", "nntp", "sieve" };

static void expect(int truth)
{
	if (!truth)
		abort();
}

struct run {
	enum starttls_result result;
	size_t used, nsaid;
	uint8_t said[SAID];
};

static void run(struct run *r, const struct starttls_kind *kind, bool server,
		const uint8_t *data, size_t size, size_t piece)
{
	static struct starttls s;

	starttls_start(&s, kind, server, "far.example");
	r->used = r->nsaid = 0;
	r->result = STARTTLS_MORE;
	for (;;) {
		size_t n = size - r->used < piece ? size - r->used : piece, used;

		expect(s.nout <= sizeof(s.out) && r->nsaid + s.nout <= SAID);
		memcpy(r->said + r->nsaid, s.out, s.nout);
		r->nsaid += s.nout;
		s.nout = 0;
		if (r->result != STARTTLS_MORE || n == 0)
			break;
		r->result = starttls_feed(&s, data + r->used, n, &used);
		expect(used <= n && (used > 0 || r->result != STARTTLS_MORE));
		r->used += used;
	}
	expect(strlen(s.why) < sizeof(s.why));
	expect((*s.why != '\0') ==
	       (r->result == STARTTLS_NO || r->result == STARTTLS_ODD));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run whole, parts;
	const struct starttls_kind *kind;
	bool server;

	if (size == 0)
		return 0;
	kind = starttls_find(names[(data[0] & 0x7f) % 10]);
	server = (data[0] & 0x80) && starttls_serves(kind);
	run(&whole, kind, server, data + 1, size - 1, size);
	run(&parts, kind, server, data + 1, size - 1, 1 + data[0] % 7);
	expect(whole.result == parts.result && whole.used == parts.used);
	expect(whole.nsaid == parts.nsaid &&
	       memcmp(whole.said, parts.said, whole.nsaid) == 0);
	return 0;
}
