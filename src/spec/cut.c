/* Cutting one address at its separators. */
#include "spec/parse.h"

#include <string.h>

#include "base/mem.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Blanks around an option are no part of it. */
static void trim(const struct lex *l, struct piece *w)
{
	while (w->size && is_blank(*w->text) && is_blank(l->input[w->at])) {
		w->text++;
		w->size--;
		w->at++;
		w->len--;
	}
	while (w->size && w->len && is_blank(w->text[w->size - 1]) &&
	       is_blank(l->input[w->at + w->len - 1])) {
		w->text[--w->size] = '\0';
		w->len--;
	}
}

enum io parse_cut_option(struct parse *p)
{
	struct raw_option *all, *o;

	all = mem_resize(p->raw.option, p->raw.noptions + 1, sizeof(*all));
	if (!all)
		return fail_memory(p->fail);
	p->raw.option = all;
	o = &all[p->raw.noptions];
	*o = (struct raw_option){ 0 };
	if (lex_piece(&p->lex, ",=", &p->to, &o->name, p->fail) != IO_OK)
		return IO_FAIL;
	trim(&p->lex, &o->name);
	o->given = lex_skip(&p->lex, '=');
	if (o->given && lex_piece(&p->lex, ",", &p->to, &o->value, p->fail) != IO_OK)
		return IO_FAIL;
	if (o->given)
		trim(&p->lex, &o->value);
	else if (o->name.size == 0)
		return IO_OK;		/* a run of commas */
	if (o->name.size == 0)
		return fail_at(p->fail, p->lex.input, o->name.at, 1,
			       "an option's name is missing before \"=\"");
	p->raw.noptions++;
	return IO_OK;
}

enum io parse_cut_options(struct parse *p)
{
	while (lex_skip(&p->lex, ','))
		if (parse_cut_option(p) != IO_OK)
			return IO_FAIL;
	return IO_OK;
}

static enum io cut_argument(struct parse *p, const char *stops)
{
	struct piece *arg = &p->raw.arg[p->raw.nargs];

	if (p->raw.nargs == RAW_ARGS)
		return fail_at(p->fail, p->lex.input, p->lex.at, 1, "too many arguments");
	if (lex_piece(&p->lex, stops, &p->to, arg, p->fail) != IO_OK)
		return IO_FAIL;
	p->raw.nargs++;
	/* a path or a command may end in a blank, a host or port does not */
	if (*stops == ':')
		trim(&p->lex, arg);
	return IO_OK;
}

/* A word with a slash before the first ':' or ',' is a path. */
static bool is_path(const struct lex *l)
{
	const char *word = l->input + l->at, *dual = strstr(word, "!!");
	size_t len = strcspn(word, ":,");

	if (dual && (size_t)(dual - word) < len)
		len = (size_t)(dual - word);
	return memchr(word, '/', len) != NULL;
}

/* The keyword that a shorthand stands for. */
static void rename_keyword(struct parse *p, const char *name)
{
	size_t size = strlen(name);

	memcpy(p->to, name, size + 1);
	p->raw.keyword.text = p->to;
	p->raw.keyword.size = size;
	p->to += size + 1;
}

/* "-", a digit and a path stand for stdio, fd:N and gopen:PATH. */
static bool shorthand(struct parse *p)
{
	const struct piece *k = &p->raw.keyword;

	if (k->quoted)
		return false;
	if (k->size == 1 && *k->text == '-') {
		rename_keyword(p, "stdio");
		return true;
	}
	if (k->size == 1 && *k->text >= '0' && *k->text <= '9') {
		p->raw.arg[p->raw.nargs++] = *k;
		rename_keyword(p, "fd");
		return true;
	}
	return false;
}

/* exec and its kin take the rest of the text, colons included, unless members above
 * want arguments, too. */
static bool takes_rest(const struct piece *keyword)
{
	const char *name = keyword->text, *plus;
	const struct type *t;

	for (; (plus = strchr(name, '+')); name = plus + 1) {
		t = type_find(name, (size_t)(plus - name));
		if (t && t->max_args)
			return false;
	}
	t = type_find(name, strlen(name));
	return t && (t->flags & TYPE_REST);
}

enum io parse_cut(struct parse *p)
{
	p->raw = (struct raw){ 0 };
	if (is_path(&p->lex)) {
		p->raw.keyword.at = p->lex.at;
		rename_keyword(p, "gopen");
		if (cut_argument(p, ",") != IO_OK)
			return IO_FAIL;
		p->raw.keyword.len = p->raw.arg[0].len;
		return parse_cut_options(p);
	}
	if (lex_piece(&p->lex, ":,", &p->to, &p->raw.keyword, p->fail) != IO_OK)
		return IO_FAIL;
	if (p->raw.keyword.size == 0)
		return fail_at(p->fail, p->lex.input, p->raw.keyword.at, 1,
			       "an address type is missing here");
	shorthand(p);
	while (lex_skip(&p->lex, ':'))
		if (cut_argument(p, takes_rest(&p->raw.keyword) ? "," : ":,") != IO_OK)
			return IO_FAIL;
	return parse_cut_options(p);
}
