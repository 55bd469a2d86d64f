/* What an exec, system or shell address runs and as whom. */
#include "addr/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr/channel.h"
#include "base/log.h"
#include "base/mem.h"

static char script_shell[] = "sh";

/* ---- the program's file -------------------------------------------------------- */

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

/* Should its file turn out to be a script without "#!"; its place is the second. */
static bool set_script(struct command *c)
{
	const struct argv *a = &c->argv;

	c->script_argv = mem_new(a->n + 2, sizeof(*c->script_argv));
	if (!c->script_argv)
		return false;
	c->script_argv[0] = script_shell;
	for (unsigned i = 1; i < a->n; i++)
		c->script_argv[i + 1] = a->word[i];
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

enum io command_prepare(struct part *p, struct fail *f)
{
	struct command *c;

	if (command_new(p, &c, f) != IO_OK || argv_of(&c->argv, p, f) != IO_OK)
		return IO_FAIL;
	if ((p->type->groups & G_EXEC) && !p->spec->rules.socat && words_lost_quotes(p))
		warn_of_quotes(p, &c->argv.words);
	if (!find_files(c, c->argv.file, c->argv.path) || !set_script(c))
		return fail_memory(f);
	c->program.name = c->argv.file;
	c->program.file = c->file;
	c->program.argv = c->argv.word;
	c->program.script_argv = c->script_argv;
	return IO_OK;
}

void command_unprepare(struct part *p)
{
	struct command *c = p->prepared;

	for (char **file = c->file; file && *file; file++)
		mem_free(*file);
	mem_free(c->file);
	mem_free(c->script_argv);
	argv_free(&c->argv);
	identity_free(&c->identity);
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
