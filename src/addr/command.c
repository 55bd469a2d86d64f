/* What an exec, system or shell address runs and as whom. */
#include "addr/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr/channel.h"
#include "base/log.h"
#include "base/mem.h"

static char shell_name[] = "sh", shell_option[] = "-c";

/* ---- the program's file -------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Takes the text, which may be NULL for want of memory. */
static bool add_file(struct command *c, size_t *n, char *take)
{
	char **all = take ? mem_resize(c->file, *n + 2, sizeof(*all)) : NULL;

	if (!all) {
		mem_free(take);
		return false;
	}
	c->file = all;
	all[(*n)++] = take;
	all[*n] = NULL;
	return true;
}

/* As execvp(3): a name with a slash is a path; an empty directory is this one. */
static bool find_files(struct command *c, const char *name, const char *path)
{
	size_t n = 0;

	if (strchr(name, '/'))
		return add_file(c, &n, mem_format("%s", name));
	for (;;) {
		size_t len = strcspn(path, ":");

		if (!add_file(c, &n, mem_format("%.*s/%s", len ? (int)len : 1,
						len ? path : ".", name)))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

/* ---- its words ------------------------------------------------------------------- */

/* argv from the words behind the first; its own name is made of the file's. */
static bool set_argv(struct command *c, const char *file, bool login, char *const *rest,
		     size_t n)
{
	c->argv = mem_new(n + 2, sizeof(*c->argv));
	c->script_argv = mem_new(n + 3, sizeof(*c->script_argv));
	c->argv0 = mem_format("%s%s", login ? "-" : "", base_name(file));
	if (!c->argv || !c->script_argv || !c->argv0)
		return false;
	c->argv[0] = c->argv0;
	c->script_argv[0] = shell_name;
	for (size_t i = 0; i < n; i++)
		c->argv[i + 1] = c->script_argv[i + 2] = rest[i];
	return true;
}

/* Several words can come of what was meant as one: say what runs. */
static void warn_of_quotes(const struct part *p, const struct words *w)
{
	char text[256] = "";
	size_t used = 0;

	for (unsigned i = 0; i < w->n && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " [%s]",
					 w->word[i]);
	log_say(LEVEL_WARNING,
		"%s: the quotes are taken off before the words are split, so this runs%s "
		"(write \\\" for quotes that keep words together, or use system:)",
		p->spec->input, text);
}

static enum io exec_words(struct part *p, struct command *c, struct fail *f)
{
	const char *path = part_text(p, OPT_PATH, getenv("PATH"));
	struct words *w = &c->words;

	if (words_split(w, p->arg[0], f) != IO_OK)
		return IO_FAIL;
	if (w->n == 0 || !*w->word[0])
		return fail_at(f, p->spec->input, p->arg_at[0], p->arg_len[0],
			       "the program to run is missing");
	if (!p->spec->rules.socat && words_lost_quotes(p))
		warn_of_quotes(p, w);
	c->program.name = w->word[0];
	if (!find_files(c, w->word[0], path ? path : "/usr/bin:/bin") ||
	    !set_argv(c, w->word[0], part_has(p, OPT_LOGIN), w->word + 1, w->n - 1))
		return fail_memory(f);
	return IO_OK;
}

static enum io shell_words(struct command *c, const char *shell, const char *text,
			   struct fail *f)
{
	char *rest[2] = { shell_option };

	c->words.text = mem_format("%s", text ? text : "");
	if (!c->words.text)
		return fail_memory(f);
	rest[1] = c->words.text;
	c->program.name = shell;
	if (!find_files(c, shell, "/usr/bin:/bin") ||
	    !set_argv(c, shell, false, rest, text ? 2 : 0))
		return fail_memory(f);
	return IO_OK;
}

/* ---- all together ------------------------------------------------------------------ */

static void set_process(const struct part *part, struct program *p)
{
	const struct optval *mask = part_val(part, OPT_UMASK);
	const struct optval *group = part_val(part, OPT_PGID);

	p->dir = part_text(part, OPT_CHDIR, NULL);
	p->netns = part_text(part, OPT_NETNS, NULL);
	p->set_umask = mask != NULL;
	p->umask = mask ? (mode_t)mask->num : 0;
	/* a terminal can only control a session's leader */
	p->set_session = part_has(part, OPT_SETSID) ||
			 (part_has(part, OPT_CTTY) && channel_is_terminal(part));
	p->set_process_group = group != NULL;
	p->process_group = group && group->num > 1 ? (pid_t)group->num : 0;
}

static enum io command_new(struct part *p, struct command **c, struct fail *f)
{
	*c = p->prepared = mem_new(1, sizeof(**c));
	if (!*c)
		return fail_memory(f);
	set_process(p, &(*c)->program);
	(*c)->program.identity = &(*c)->identity;
	return identity_of_program(p, &(*c)->identity, f);
}

static void set_pointers(struct command *c)
{
	c->program.file = c->file;
	c->program.argv = c->argv;
	c->program.script_argv = c->script_argv;
}

enum io command_prepare_exec(struct part *p, struct fail *f)
{
	struct command *c;

	if (command_new(p, &c, f) != IO_OK || exec_words(p, c, f) != IO_OK)
		return IO_FAIL;
	set_pointers(c);
	return IO_OK;
}

static enum io prepare_shell(struct part *p, const char *shell, struct fail *f)
{
	struct command *c;

	if (command_new(p, &c, f) != IO_OK ||
	    shell_words(c, shell, p->nargs && *p->arg[0] ? p->arg[0] : NULL, f) != IO_OK)
		return IO_FAIL;
	set_pointers(c);
	return IO_OK;
}

enum io command_prepare_system(struct part *p, struct fail *f)
{
	return prepare_shell(p, "/bin/sh", f);
}

enum io command_prepare_shell(struct part *p, struct fail *f)
{
	const char *shell = part_text(p, OPT_SHELL, getenv("SHELL"));

	return prepare_shell(p, shell && *shell ? shell : "/bin/sh", f);
}

void command_unprepare(struct part *p)
{
	struct command *c = p->prepared;

	for (char **file = c->file; file && *file; file++)
		mem_free(*file);
	mem_free(c->file);
	mem_free(c->argv);
	mem_free(c->script_argv);
	mem_free(c->argv0);
	identity_free(&c->identity);
	words_free(&c->words);
	mem_free(c);
	p->prepared = NULL;
}

bool command_variables(const struct part *p, struct endpoint *other, struct variables *v)
{
	const struct command *c = p->prepared;
	const struct identity *a = &c->identity;
	const char *path = part_text(p, OPT_PATH, NULL);

	if (path && !variables_set(v, "PATH", path))
		return false;
	if (a->name && (!variables_set(v, "USER", a->name) ||
			!variables_set(v, "LOGNAME", a->name) ||
			!variables_set(v, "HOME", a->home) ||
			!variables_set(v, "SHELL", a->shell)))
		return false;
	return variables_describe(v, other) && variables_join(v);
}
