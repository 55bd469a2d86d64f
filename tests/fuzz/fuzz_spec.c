/* The address parser must survive every word: parse it in both dialects, ask what
 * the program asks, free it. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct spec *s)
{
	for (size_t i = 0; i < OPT_COUNT; i++) {
		const struct part *p = spec_with(s, (unsigned)i);

		if (p == NULL)
			continue;
		part_has(p, (unsigned)i);
		part_num(p, (unsigned)i, 0);
		part_usec(p, (unsigned)i, 0);
		part_text(p, (unsigned)i, NULL);
	}
}

static void parse(const char *text, bool socat)
{
	const struct spec_rules rules = { .socat = socat };
	struct spec *s = mem_new(1, sizeof(*s));
	struct fail f = { 0 };

	if (s == NULL)
		abort();
	if (spec_parse(text, &rules, s, &f) == IO_OK)
		ask(s);
	else if (f.phase == PHASE_NONE || f.text[0] == '\0')
		abort();
	else if (f.input != NULL && f.at + f.len > strlen(f.input) + 1)
		abort();
	spec_free(s);
	mem_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_text((const char *)data, size);

	if (text == NULL)
		return 0;
	parse(text, false);
	parse(text, true);
	spec_hide(text);
	mem_free(text);
	return 0;
}
