/* What an exec, system or shell address runs. */
#include "spec/argv.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static char shell_option[] = "-c";
static const char system_path[] = "/usr/bin:/bin";

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The words behind the first; its own name is made of the file's. */
static enum io set_words(struct argv *a, bool login, char *const *rest, unsigned n,
			 struct fail *f)
{
	a->word = mem_new(n + 2, sizeof(*a->word));
	a->name = mem_format("%s%s", login ? "-" : "", base_name(a->file));
	if (!a->word || !a->name)
		return fail_memory(f);
	a->word[a->n++] = a->name;
	for (unsigned i = 0; i < n; i++)
		a->word[a->n++] = rest[i];
	return IO_OK;
}

/* The caret belongs below what was typed, not below our copy, which does not live as
 * long as the failure. */
static enum io wrong_words(const struct part *p, struct fail *f)
{
	if (f->input) {
		f->input = p->spec->input;
		f->at = p->arg_at[0];
		f->len = p->arg_len[0];
	}
	return IO_FAIL;
}

static enum io exec_words(struct argv *a, const struct part *p, struct fail *f)
{
	const char *path = part_text(p, OPT_PATH, getenv("PATH"));
	struct words *w = &a->words;

	if (words_split(w, p->arg[0], f) != IO_OK)
		return wrong_words(p, f);
	if (w->n == 0 || !*w->word[0])
		return fail_at(f, p->spec->input, p->arg_at[0], p->arg_len[0],
			       "the program to run is missing");
	a->file = w->word[0];
	a->path = path ? path : system_path;
	return set_words(a, part_has(p, OPT_LOGIN), w->word + 1, w->n - 1, f);
}

static const char *shell_of(const struct part *p)
{
	const char *shell = NULL;

	if (p->type->groups & G_SHELL)
		shell = part_text(p, OPT_SHELL, getenv("SHELL"));
	return shell && *shell ? shell : "/bin/sh";
}

static enum io shell_words(struct argv *a, const struct part *p, struct fail *f)
{
	const bool any = p->nargs && *p->arg[0];
	char *rest[2] = { shell_option };

	a->words.text = rest[1] = mem_format("%s", any ? p->arg[0] : "");
	if (!a->words.text)
		return fail_memory(f);
	a->file = shell_of(p);
	a->path = system_path;
	return set_words(a, false, rest, any ? 2 : 0, f);
}

enum io argv_of(struct argv *a, const struct part *p, struct fail *f)
{
	*a = (struct argv){ 0 };
	return p->type->groups & G_EXEC ? exec_words(a, p, f) : shell_words(a, p, f);
}

void argv_free(struct argv *a)
{
	mem_free(a->word);
	mem_free(a->name);
	words_free(&a->words);
	*a = (struct argv){ 0 };
}
