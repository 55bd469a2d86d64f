/* Secrets that were typed do not stay to be seen.
 *
 * The text is searched, not its parts: an address that cannot be parsed has none. */
#include "spec/spec.h"

#include <string.h>

#include "base/mem.h"
#include "spec/lex.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789-_";

/* The option whose name ends at text[end]; there may be blanks or a quote between. */
static const struct opt *option_before(const char *text, size_t end)
{
	size_t start;

	while (end && strchr(" \t\n\"'", text[end - 1]))
		end--;
	for (start = end; start && strchr(letters, text[start - 1]); start--)
		;
	return opt_find(text + start, end - start);
}

/* The bytes of the value, quotes and all.  One that does not end takes the rest. */
static size_t value_len(const char *value)
{
	struct lex l = { .input = value, .end = strlen(value) };
	char *const copy = mem_new(l.end + 1, 1);
	struct fail f = { 0 };
	struct piece all;
	char *to = copy;
	const bool ends = copy && lex_piece(&l, ",", &to, &all, &f) == IO_OK;

	mem_free(copy);
	return ends ? l.at : l.end;
}

void spec_hide(char *typed)
{
	for (size_t i = 0; typed[i]; i++) {
		const struct opt *o = typed[i] == '=' ? option_before(typed, i) : NULL;
		size_t len;

		if (!o || o->value != V_SECRET)
			continue;
		len = value_len(typed + i + 1);
		memset(typed + i + 1, '*', len);
		i += len;
	}
}
