/* Options: looked up, read, and given to the member that takes them. */
#include "spec/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "spec/suggest.h"

/* What stands for a layer is that layer's, whatever address shows it in its help. */
static bool takes(const struct part *q, const struct opt *o)
{
	uint64_t groups = q->type->groups;

	if (o->act.how == HOW_INSERT)
		return q->type == type_find(o->act.layer, strlen(o->act.layer));
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

/* The member that an option stands for, put below its owner unless it is there. */
static struct part *insert_below(struct parse *p, struct part *owner, const char *layer,
				 struct piece at)
{
	struct spec *s = p->out;
	const struct type *t = type_find(layer, strlen(layer));
	struct part *top, moved;

	if (owner > s->part && owner[-1].type == t)
		return owner - 1;
	if (!t || parse_push(p, t, t->names, at) != IO_OK)
		return NULL;
	top = &s->part[s->nparts - 1];
	moved = *top;
	memmove(owner + 1, owner, (size_t)(top - owner) * sizeof(*owner));
	*owner = moved;
	return owner;
}

static struct part *insert_around(struct parse *p, struct part *owner,
				  const struct opt *opt, struct piece at)
{
	if (!parse_insert(p, opt->act.above, at))
		return NULL;
	return insert_below(p, owner, opt->act.layer, at);
}

/* How to write it where only layers take it; a member that was named is meant. */
static void add_stack(struct parse *p, const struct raw_option *o, const struct opt *opt,
		      char *to, size_t cap)
{
	const bool shown = o->given && opt->value != V_SECRET;
	const size_t end = shown ? o->value.at + o->value.len : o->name.at + o->name.len;
	size_t n;

	suggest_stack(p->out, opt->owners, to, cap);
	n = strlen(to);
	if (strchr(o->name.text, '.'))
		to[0] = '\0';
	else if (n)
		snprintf(to + n, cap - n, ",%.*s", (int)(end - o->name.at),
			 p->lex.input + o->name.at);
}

static enum io not_taken(struct parse *p, const struct raw_option *o,
			 const struct opt *opt)
{
	char takers[100], stack[160];

	if (opt->act.how == HOW_INSERT)
		return fail_at(p->fail, p->lex.input, o->name.at, o->name.len,
			       "\"%s\" is for the layer \"%s\" and no other member",
			       o->name.text, opt->act.layer);
	suggest_takers(opt->owners, takers, sizeof(takers));
	add_stack(p, o, opt, stack, sizeof(stack));
	return fail_at(p->fail, p->lex.input, o->name.at, o->name.len,
		       "%s does not take the option \"%s\"%s%s%s", p->raw.keyword.text,
		       o->name.text, *takers ? "; these do: " : "", takers, stack);
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

/* What stands in front of an option's name: "shape2." and "down." */
struct prefix {
	struct part *member;	/* ref; NULL = none named */
	enum opt_way way;
	const char *name;	/* ref: the rest */
};

static enum io add_value(struct parse *p, const struct prefix *x,
			 const struct raw_option *o, const struct opt *opt)
{
	struct part *q = x->member;
	struct optval *all = mem_resize(q->val, q->nvals + 1, sizeof(*all));
	const struct piece *at = o->given ? &o->value : &o->name;

	if (!all)
		return fail_memory(p->fail);
	q->val = all;
	q->val[q->nvals++] = (struct optval){ .opt = opt, .name = x->name,
					      .way = x->way, .given = o->given,
					      .at = at->at, .len = at->len };
	return optval_parse(&q->val[q->nvals - 1], o->given ? o->value.text : NULL,
			    p->lex.input, at->at, at->len, p->fail);
}

static enum io read_prefix(struct parse *p, const struct raw_option *o,
			   struct prefix *x)
{
	const char *dot;

	*x = (struct prefix){ .name = o->name.text };
	for (; (dot = strchr(x->name, '.')); x->name = dot + 1) {
		size_t len = (size_t)(dot - x->name);
		enum opt_way way = text_same(x->name, len, "up") ? WAY_UP :
				   text_same(x->name, len, "down") ? WAY_DOWN : WAY_BOTH;
		bool first = !x->member && !x->way;

		if (way && !x->way)
			x->way = way;
		else if (!first || !(x->member = part_called(p->out, x->name, len)))
			return fail_at(p->fail, p->lex.input,
				       o->name.at + (size_t)(x->name - o->name.text), len,
				       "no \"%.*s\" in this stack", (int)len, x->name);
	}
	return IO_OK;
}

static enum io place_option(struct parse *p, const struct raw_option *o)
{
	char hint[SUGGEST_TEXT];
	const struct opt *opt;
	struct prefix x;

	if (read_prefix(p, o, &x) != IO_OK)
		return IO_FAIL;
	opt = opt_find(x.name, strlen(x.name));
	if (!opt)
		return fail_at(p->fail, p->lex.input, o->name.at, o->name.len,
			       "unknown option \"%s\"%s", x.name,
			       suggest_option(x.name, strlen(x.name),
					      stack_groups(p->out), hint));
	if (!opt_available(opt))
		return unavailable(p, o, opt);
	if (x.way && !opt->act.ways)
		return fail_at(p->fail, p->lex.input, o->name.at, o->name.len,
			       "option \"%s\" has no direction (up. or down.)", x.name);
	if (x.member && !takes(x.member, opt))
		return not_taken(p, o, opt);
	if (!x.member)
		x.member = owner_of(p, o, opt);
	if (x.member && opt->act.how == HOW_AROUND && takes(x.member, opt))
		x.member = insert_around(p, x.member, opt, o->name);
	return x.member ? add_value(p, &x, o, opt) : IO_FAIL;
}

enum io parse_options(struct parse *p)
{
	for (size_t i = 0; i < p->raw.noptions; i++)
		if (!p->raw.option[i].taken &&
		    place_option(p, &p->raw.option[i]) != IO_OK)
			return IO_FAIL;
	return IO_OK;
}
