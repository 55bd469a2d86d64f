/* "Did you mean": the known name nearest to what was typed. */
#include "spec/suggest.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct nearest {
	const char *word;
	size_t len;
	const char *name;	/* the best so far */
	size_t name_len;
	unsigned distance;
};

/* names is one row's blank-separated list. */
static void consider(struct nearest *n, const char *names)
{
	while (*names) {
		size_t len = strcspn(names, " ");
		unsigned d = text_distance(n->word, n->len, names, len);

		if (d < n->distance)
			*n = (struct nearest){ n->word, n->len, names, len, d };
		names += len;
		names += strspn(names, " ");
	}
}

/* A word may differ by a third of its letters, short ones by one. */
static struct nearest nearest_to(const char *word, size_t len)
{
	return (struct nearest){ .word = word, .len = len,
				 .distance = (len < 4 ? 1 : (unsigned)len / 3) + 1 };
}

static const char *answer(const struct nearest *n, char to[SUGGEST_TEXT])
{
	to[0] = '\0';
	if (n->name)
		snprintf(to, SUGGEST_TEXT, "; did you mean \"%.*s\"?", (int)n->name_len,
			 n->name);
	return to;
}

/* socat's shorthand is one digit; a longer one is surely meant like it. */
static bool is_descriptor(const char *word, size_t len)
{
	return len > 1 && len < 5 && strspn(word, "0123456789") >= len;
}

const char *suggest_type(const char *word, size_t len, char to[SUGGEST_TEXT])
{
	struct nearest n = nearest_to(word, len);
	const struct type *t;

	if (is_descriptor(word, len)) {
		snprintf(to, SUGGEST_TEXT, "; did you mean \"fd:%.*s\"?", (int)len, word);
		return to;
	}
	for (size_t i = 0; (t = type_row(i)); i++)
		if (!(t->flags & TYPE_HIDDEN))
			consider(&n, t->names);
	return answer(&n, to);
}

const char *suggest_option(const char *word, size_t len, uint64_t groups,
			   char to[SUGGEST_TEXT])
{
	struct nearest n = nearest_to(word, len);
	const struct opt *o;

	for (size_t i = 0; (o = opt_row(i)); i++)
		if (!groups || (o->owners & groups))
			consider(&n, o->names);
	return !n.name && groups ? suggest_option(word, len, 0, to) : answer(&n, to);
}

void suggest_takers(uint64_t groups, char *to, size_t cap)
{
	const struct type *t;
	size_t used = 0;

	to[0] = '\0';
	for (size_t i = 0; (t = type_row(i)); i++) {
		if (!(t->groups & groups) || (t->flags & (TYPE_HIDDEN | TYPE_LATER)))
			continue;
		if (used > 60) {
			snprintf(to + used, cap - used, ", ...");
			return;
		}
		used += (size_t)snprintf(to + used, cap - used, "%s%.*s",
					 used ? ", " : "", (int)strcspn(t->names, " "),
					 t->names);
		if (used >= cap)
			return;
	}
}

/* What takes the options, if nothing but layers does. */
static const struct type *layer_for(uint64_t groups)
{
	const struct type *t, *first = NULL;

	for (size_t i = 0; (t = type_row(i)); i++) {
		if (!(t->groups & groups) || (t->flags & (TYPE_HIDDEN | TYPE_LATER)))
			continue;
		if (!(t->flags & TYPE_LAYER))
			return NULL;
		if (!first && type_available(t))
			first = t;
	}
	return first;
}

/* socks4 is no more wanted over socks5 than tls over dtls. */
static bool has_kin(const struct spec *s, const struct type *layer)
{
	for (unsigned i = 0; i < s->nparts; i++)
		if ((s->part[i].type->flags & TYPE_LAYER) &&
		    (s->part[i].type->groups & layer->groups))
			return true;
	return false;
}

static void append(char *to, size_t cap, const char *before, const char *text)
{
	const size_t used = strlen(to);

	snprintf(to + used, cap - used, "%s%s", before, text);
}

void suggest_stack(const struct spec *s, uint64_t groups, char *to, size_t cap)
{
	const struct type *layer = layer_for(groups);

	to[0] = '\0';
	if (!layer || has_kin(s, layer))
		return;
	snprintf(to, cap, ", as in %.*s", (int)strcspn(layer->names, " "), layer->names);
	for (unsigned i = s->nparts; i-- > 0;)
		if (!(s->part[i].type->flags & TYPE_HIDDEN))
			append(to, cap, "+", s->part[i].name);
	for (unsigned i = 0; i < s->nparts; i++)
		for (unsigned k = 0; k < s->part[i].nargs; k++)
			append(to, cap, ":", s->part[i].arg[k]);
	if (layer->min_args)
		append(to, cap, ":", layer->args);
}
