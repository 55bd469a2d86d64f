/* Options: looked up, read, and given to the member that takes them. */
#include "spec/parse.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "spec/suggest.h"

static bool takes(const struct part *q, const struct opt *o)
{
	uint64_t groups = q->type->groups;

	if (!(q->type->flags & TYPE_LAYER))
		groups |= G_ALL;
	return (groups & o->owners) != 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static uint64_t stack_groups(const struct spec *s)
{
	uint64_t groups = G_ALL | G_STREAM;

	for (unsigned i = 0; i < s->nparts; i++)
		groups |= s->part[i].type->groups;
	return groups;
}

/* The nth of that name from the left. */
static struct part *nth_called(struct spec *s, const char *name, size_t len,
			       unsigned long nth)
{
	for (unsigned i = s->nparts; i-- > 0;)
		if (text_in_list(name, len, s->part[i].type->names) >= 0 && --nth == 0)
			return &s->part[i];
	return NULL;
}

/* The part called by "tls2." or "tcp.".  A name may end in figures itself, so
 * "socks52." is the second socks5. */
static struct part *part_called(struct spec *s, const char *prefix, size_t len)
{
	struct part *q = nth_called(s, prefix, len, 1);

	for (size_t n = len; !q && n > 1 && is_digit(prefix[n - 1]);) {
		n--;
		q = nth_called(s, prefix, n, strtoul(prefix + n, NULL, 10));
	}
	return q;
}

/* Among the layers that options put there, the table's order is the stack's,
 * from the wire upward, whatever the order typed. */
static struct part *sink(struct spec *s, unsigned i)
{
	const struct part moved = s->part[i];

	while (i && (s->part[i - 1].type->flags & TYPE_HIDDEN) &&
	       s->part[i - 1].type > moved.type) {
		s->part[i] = s->part[i - 1];
		i--;
	}
	s->part[i] = moved;
	return &s->part[i];
}

/* The member that an option stands for, put on top unless it is there. */
struct part *parse_insert(struct parse *p, const char *layer, struct piece at)
{
	struct spec *s = p->out;
	const struct type *t = type_find(layer, strlen(layer));

	for (unsigned i = s->nparts; t && i-- > 0;)
		if (s->part[i].type == t)
			return &s->part[i];
	if (!t || parse_push(p, t, t->names, at) != IO_OK)
		return NULL;
	return sink(s, s->nparts - 1);
}

static enum io not_taken(struct parse *p, const struct raw_option *o,
			 const struct opt *opt)
{
	char takers[100];

	suggest_takers(opt->owners, takers, sizeof(takers));
	return fail_at(p->fail, p->lex.input, o->name.at, o->name.len,
		       "%s does not take the option \"%s\"%s%s", p->raw.keyword.text,
		       o->name.text, *takers ? "; these do: " : "", takers);
}

/* The member that takes the option, nearest to the application; NULL: failed. */
static struct part *owner_of(struct parse *p, const struct raw_option *o,
			     const struct opt *opt)
{
	struct spec *s = p->out;

	if (opt->act.how == HOW_INSERT)
		return parse_insert(p, opt->act.layer, o->name);
	for (unsigned i = s->nparts; i-- > 0;)
		if (takes(&s->part[i], opt))
			return &s->part[i];
	if (s->rules.any_option)
		return &s->part[0];
	not_taken(p, o, opt);
	return NULL;
}

static enum io unavailable(struct parse *p, const struct raw_option *o,
			   const struct opt *opt)
{
	const char *why = opt->act.how == HOW_LATER ? "is not yet available" :
			  opt->act.how == HOW_REFUSED ? opt->act.layer :
			  "is not available on this system";

	return fail_at(p->fail, p->lex.input, o->name.at, o->name.len,
		       "option \"%s\"%s %s", o->name.text,
		       opt->act.how == HOW_REFUSED ? ":" : "", why);
}

static enum io add_value(struct parse *p, struct part *q, const struct raw_option *o,
			 const char *name, const struct opt *opt)
{
	struct optval *all = mem_resize(q->val, q->nvals + 1, sizeof(*all));
	const struct piece *at = o->given ? &o->value : &o->name;

	if (!all)
		return fail_memory(p->fail);
	q->val = all;
	q->val[q->nvals++] = (struct optval){ .opt = opt, .name = name, .given = o->given,
					      .at = at->at, .len = at->len };
	return optval_parse(&q->val[q->nvals - 1], o->given ? o->value.text : NULL,
			    p->lex.input, at->at, at->len, p->fail);
}

static enum io place_option(struct parse *p, const struct raw_option *o)
{
	const char *name = o->name.text, *dot = strchr(name, '.');
	struct part *q = NULL;
	const struct opt *opt;
	char hint[SUGGEST_TEXT];

	if (dot) {
		q = part_called(p->out, name, (size_t)(dot - name));
		if (!q)
			return fail_at(p->fail, p->lex.input, o->name.at,
				       (size_t)(dot - name), "no \"%.*s\" in this stack",
				       (int)(dot - name), name);
		name = dot + 1;
	}
	opt = opt_find(name, strlen(name));
	if (!opt)
		return fail_at(p->fail, p->lex.input, o->name.at, o->name.len,
			       "unknown option \"%s\"%s", name,
			       suggest_option(name, strlen(name), stack_groups(p->out),
					      hint));
	if (!opt_available(opt))
		return unavailable(p, o, opt);
	if (q && !takes(q, opt))
		return not_taken(p, o, opt);
	if (!q)
		q = owner_of(p, o, opt);
	return q ? add_value(p, q, o, name, opt) : IO_FAIL;
}

enum io parse_options(struct parse *p)
{
	for (size_t i = 0; i < p->raw.noptions; i++)
		if (!p->raw.option[i].taken &&
		    place_option(p, &p->raw.option[i]) != IO_OK)
			return IO_FAIL;
	return IO_OK;
}
