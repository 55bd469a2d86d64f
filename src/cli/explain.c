/* --explain: each address member by member, then what would happen. */
#include "cli/explain.h"

#include <string.h>

#include "cli/course.h"
#include "cli/warnings.h"
#include "cli/kind.h"
#include "cli/layout.h"
#include "cli/plainly.h"
#include "cli/usual.h"
#include "spec/argv.h"

enum { COLUMN = 30, ROOM = 3 * PLAIN_TEXT };

static int first_len(const char *names)
{
	return (int)strcspn(names, " ");
}

/* What it is called, what it is, what that does: the second as it stands, the third
 * broken into lines. */
static void row(FILE *to, const char *name, const char *value, const char *effect)
{
	int at = fprintf(to, "    %-*s ", COLUMN - 5, name);

	at += fprintf(to, "%s%s", value, *value && *effect ? ":" : "");
	if (*value && *effect && at + first_len(effect) >= LAYOUT_WIDTH)
		at = fprintf(to, "\n%*s", COLUMN, "") - 1;
	if (*effect)
		layout_flow(to, effect, at, COLUMN);
	else
		fputc('\n', to);
}

/* ---- a member ------------------------------------------------------------------ */

/* The n-th of "host:port", "[/path]". */
static void argument_name(const char *args, unsigned n, char *to, size_t cap)
{
	size_t used = 0;

	for (; n && *args; args++)
		n -= *args == ':';
	for (; *args && *args != ':' && used + 1 < cap; args++)
		if (!strchr("[]/", *args))
			to[used++] = *args;
	to[used] = '\0';
}

/* Hosts and ports need no quotes. */
static bool is_plain(const char *text)
{
	return *text && !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "abcdefghijklmnopqrstuvwxyz"
					   "0123456789.:_-/[]%")];
}

static void arguments(FILE *to, const struct part *p)
{
	char name[40], value[PLAIN_TEXT];

	for (unsigned i = 0; i < p->nargs; i++) {
		argument_name(p->type->args, i, name, sizeof(name));
		row(to, name,
		    is_plain(p->arg[i]) ? p->arg[i] : plainly_quoted(value, p->arg[i]),
		    "");
	}
}

static void option(FILE *to, const struct optval *v)
{
	static const char *const ways[] = { "", "up.", "down." };
	const int len = first_len(v->opt->names);
	const bool other = strncmp(v->name, v->opt->names, (size_t)len) != 0 ||
			   v->name[len];
	char name[64], value[PLAIN_TEXT], effect[ROOM];

	snprintf(name, sizeof(name), "%s%.*s", ways[v->way], len, v->opt->names);
	snprintf(effect, sizeof(effect), "%s%s%s%s", v->opt->help,
		 other ? " (typed " : "", other ? v->name : "", other ? ")" : "");
	row(to, name, plainly_value(value, v), effect);
}

static void defaults(FILE *to, const struct part *p)
{
	char name[64], text[PLAIN_TEXT];
	const struct opt *o;

	for (size_t i = 0; (o = usual_next(p, &i, text));) {
		snprintf(name, sizeof(name), "%.*s", first_len(o->names), o->names);
		row(to, name, "default", text);
	}
}

/* What stands behind a member's name: its part, the word that was typed, who put it
 * there. */
static const char *cause(const struct part *p)
{
	const enum opt_how how = p->nvals ? p->val[0].opt->act.how : HOW_AROUND;

	if (how != HOW_INSERT && how != HOW_AROUND)
		return "a flag";
	return p->nvals ? p->val[0].name : "another option";
}

static void heading(FILE *to, const struct part *p)
{
	const struct type *t = p->type;
	const int len = first_len(t->names);
	const bool inserted = p->name == t->names;
	const bool other = !inserted && !p->spec->alias &&
			   (strncmp(p->name, t->names, (size_t)len) != 0 || p->name[len]);
	char text[ROOM];
	int at = fprintf(to, "  %.*s", len, t->names);

	if (kind_has_role(p))
		at += fprintf(to, ", %s", part_is_called(p) ? "server" : "client");
	if (other)
		at += fprintf(to, " (typed %s)", p->name);
	if (inserted)
		at += fprintf(to, " (for the sake of %s)", cause(p));
	snprintf(text, sizeof(text), "%s", t->help);
	at += fprintf(to, ":");
	layout_flow(to, text, at, 6);
}

/* ---- a program ------------------------------------------------------------------- */

static void put_argv(FILE *to, const struct argv *a)
{
	char text[PLAIN_TEXT];

	row(to, "runs", plainly_quoted(text, a->file),
	    strchr(a->file, '/') ? "" : "looked for in the directories of PATH");
	for (unsigned i = 0; i < a->n; i++) {
		char name[24];

		snprintf(name, sizeof(name), "argv[%u]", i);
		row(to, name, plainly_quoted(text, a->word[i]), "");
	}
}

/* What an address lets the program on the other side know. */
static const char *told_by_socket(const struct spec *s)
{
	if (!s->part->type->socktype)
		return "";
	return kind_is_inet(s->part) ? " PEERADDR PEERPORT SOCKADDR SOCKPORT"
				     : " PEERADDR SOCKADDR";
}

static const char *told_by_tls(const struct spec *s)
{
	return kind_find_tls(s)
		       ? " OPENSSL_PROTO_VERSION OPENSSL_CIPHER and others of TLS"
		       : "";
}

static const char *told_by_proxy(const struct spec *s)
{
	for (const struct part *q = s->part; q < s->part + s->nparts; q++)
		if (q->type->groups & G_PROXYHDR && part_is_called(q))
			return " PROXYHDR_VERSION and others of the header";
	return "";
}

static void environment(FILE *to, const struct plan *p, const struct part *q,
			unsigned side)
{
	const struct spec *const other = &p->spec[!side];
	const bool known = course_first(p) != side; /* it is open by then */
	char text[ROOM];

	snprintf(text, sizeof(text), "VERSION PID PPID%s%s%s, each %s",
		 known ? told_by_socket(other) : "", known ? told_by_tls(other) : "",
		 known ? told_by_proxy(other) : "",
		 p->cli->rules.socat ? "with the program's name and _ in front"
				     : "with SOCKCAT_ and with SOCAT_ in front");
	row(to, "environment", "", text);
	if (part_val(q, OPT_SU) || part_val(q, OPT_SU_D) || part_val(q, OPT_SU_E))
		row(to, "", "", "USER LOGNAME HOME SHELL of the user");
}

static enum io program(FILE *to, const struct plan *p, const struct part *q,
		       unsigned side, struct fail *f)
{
	struct argv a;
	enum io r;

	if (kind_of(q) != KIND_PROGRAM)
		return IO_OK;
	r = argv_of(&a, q, f);
	if (r == IO_OK) {
		put_argv(to, &a);
		environment(to, p, q, side);
	}
	argv_free(&a);
	return r;
}

/* ---- an address ---------------------------------------------------------------- */

static void synonym(FILE *to, const struct spec *s)
{
	const char *text = s->alias ? s->alias->alias : NULL;

	if (text)
		fprintf(to, "  %.*s stands for %.*s.\n", first_len(s->alias->names),
			s->alias->names, (int)strcspn(text, ":,"), text);
}

static enum io half(FILE *to, const struct plan *p, const struct spec *s, unsigned side,
		    struct fail *f)
{
	synonym(to, s);
	for (unsigned i = s->nparts; i-- > 0;) {
		const struct part *q = &s->part[i];

		heading(to, q);
		arguments(to, q);
		if (program(to, p, q, side, f) != IO_OK)
			return IO_FAIL;
		for (unsigned k = 0; k < q->nvals; k++)
			option(to, &q->val[k]);
		defaults(to, q);
	}
	return IO_OK;
}

static enum io address(FILE *to, const struct plan *p, unsigned side, struct fail *f)
{
	const struct spec *s = &p->spec[side];

	fprintf(to, "Address %u is %s\n", side + 1, s->input);
	if (s->writer)
		fputs("  Read from:\n", to);
	if (half(to, p, s, side, f) != IO_OK)
		return IO_FAIL;
	if (s->writer)
		fputs("  Written to:\n", to);
	return s->writer ? half(to, p, s->writer, side, f) : IO_OK;
}

/* ---- all ----------------------------------------------------------------------- */

static void flags(FILE *to, const struct cli *c)
{
	bool any = false;

	for (unsigned i = 0; i < c->ngiven; i++) {
		const struct given *g = &c->given[i];
		char text[PLAIN_TEXT], name[64];

		if (strcmp(g->flag->name, "explain") == 0)
			continue;
		if (!any)
			fputs("Flags\n", to);
		any = true;
		snprintf(name, sizeof(name), "--%s", g->flag->name);
		row(to, name, g->value ? plainly_quoted(text, g->value) : "",
		    g->flag->help);
	}
	fputs(any ? "\n" : "", to);
}

/* Before the first line is written. */
static enum io check_programs(const struct spec *s, struct fail *f)
{
	for (; s; s = s->writer) {
		struct argv a;
		enum io r;

		if (kind_of(s->part) != KIND_PROGRAM)
			continue;
		r = argv_of(&a, s->part, f);
		argv_free(&a);
		if (r != IO_OK)
			return r;
	}
	return IO_OK;
}

enum io explain_print(FILE *to, const struct plan *p, struct fail *f)
{
	if (check_programs(&p->spec[0], f) != IO_OK ||
	    check_programs(&p->spec[1], f) != IO_OK)
		return IO_FAIL;
	for (unsigned side = 0; side < 2; side++) {
		if (address(to, p, side, f) != IO_OK)
			return IO_FAIL;
		fputc('\n', to);
	}
	flags(to, p->cli);
	fputs("In this order\n", to);
	course_opening(to, p);
	fputs("\nData\n", to);
	course_data(to, p);
	fputs("\nWarnings\n", to);
	if (warnings_print(to, p, f) != IO_OK)
		return IO_FAIL;
	fputs("\nNothing of this has been done, and no name, file or program looked "
	      "at.\n",
	      to);
	return IO_OK;
}
