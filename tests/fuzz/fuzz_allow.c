/* allow=: any text is read to its end or to a mistake, and nothing but an address or
 * a name of its own lets anybody reach this host. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/allow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int truth)
{
	if (!truth)
		abort();
}

static void ask(const struct allow_rule *r, const char *host, const char *address)
{
	struct name to;
	bool special = strncmp(address, "127.", 4) == 0;

	expect(name_numeric(&to, address, 443));
	if (!allow_has(r, host, &to))
		return;
	expect(allow_may(r, host, 443));
	expect(r->low <= 443 && r->high >= 443);
	expect(!special || r->kind == ALLOW_NAME || r->kind == ALLOW_RANGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *at = text, *before = text;
	struct allow_rule rule;
	size_t len;
	enum allow r;

	expect(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	while ((r = allow_next(&at, &rule, &len)) == ALLOW_RULE) {
		expect(at > before && len > 0);
		before = at;
		ask(&rule, "a.example.com", "127.0.0.1");
		ask(&rule, "a.example.com", "192.0.2.1");
		ask(&rule, "127.0.0.1", "127.0.0.1");
	}
	if (r == ALLOW_BAD)
		expect(len > 0 && at + len <= text + strlen(text));
	free(text);
	return 0;
}
