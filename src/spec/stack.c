/* The keyword becomes a stack of types; the arguments are dealt to them. */
#include "spec/parse.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "spec/suggest.h"

enum io parse_push(struct parse *p, const struct type *t, const char *name,
			 struct piece at)
{
	struct spec *s = p->out;

	if (s->nparts == STACK_MAX)
		return fail_at(p->fail, p->lex.input, at.at, at.len, "too many layers");
	if (t->flags & TYPE_NO_TLS)
		return fail_at(
			p->fail, p->lex.input, at.at, at.len,
			"%s is not available in this build (it was made without OpenSSL)",
			name);
	if (!type_available(t))
		return fail_at(p->fail, p->lex.input, at.at, at.len,
			       "%s is not yet available: %s", name, t->help);
	s->part[s->nparts++] = (struct part){ .type = t, .name = name, .spec = s };
	return IO_OK;
}

/* Where nothing known is near.  socat's dialect has no such help. */
static const char *where_to_look(const struct parse *p)
{
	if (p->out->rules.socat)
		return "";
	if (p->raw.nargs)
		return "; --help types lists all";
	return "; --help types lists all, and a file needs a slash: ./NAME";
}

static enum io unknown_type(struct parse *p, struct piece at, const char *name,
			    size_t len)
{
	char hint[SUGGEST_TEXT];

	if (len == 0)
		return fail_at(p->fail, p->lex.input, at.at, 1,
			       "a name is missing beside the \"+\"");
	suggest_type(name, len, hint);
	return fail_at(p->fail, p->lex.input, at.at, at.len,
		       "unknown device/address \"%.*s\"%s", (int)len, name,
		       *hint ? hint : where_to_look(p));
}

static bool template_option(struct parse *p, const char *name, size_t len,
			    struct piece *out)
{
	const struct opt *want = opt_find(name, len);

	for (size_t i = p->raw.noptions; want && i-- > 0;) {
		struct raw_option *o = &p->raw.option[i];

		if (o->given && opt_find(o->name.text, o->name.size) == want) {
			*out = o->value;
			o->taken = true;
			return true;
		}
	}
	return false;
}

static void put_text(struct parse *p, const char *text, size_t len, struct piece *out)
{
	memcpy(p->to, text, len);
	p->to[len] = '\0';
	out->text = p->to;
	out->size = len;
	p->to += len + 1;
}

/* "host:80/chat": the last argument ends where the path begins. */
static void cut_path(struct parse *p, struct raw *given)
{
	struct piece *last = &given->arg[given->nargs - 1];
	char *slash = given->nargs ? memchr(last->text, '/', last->size) : NULL;
	size_t head = slash ? (size_t)(slash - last->text) : 0;

	if (!slash)
		return;
	given->path = *last;
	given->path.text = slash;
	given->path.size -= head;
	if (!last->quoted) {
		given->path.at += head;
		given->path.len -= head;
		last->len = head;
	}
	put_text(p, last->text, head, last);
}

/* One argument of a synonym's template: "{2}", "{2|80}", "{proxyport|8080}", "{/}" (the
 * path), or a word.  False: the optional argument was not given. */
static bool template_argument(struct parse *p, const struct raw *given, const char *word,
			      size_t len, struct piece *out)
{
	const char *bar = memchr(word, '|', len);

	if (strncmp(word, "{/}", 3) == 0) {
		*out = given->path;
		return given->path.size > 0;
	}
	if (word[0] == '{' && word[1] >= '1' && word[1] <= '9') {
		unsigned i = (unsigned)(word[1] - '1');

		*out = given->arg[i];
		if (i < given->nargs || !bar)
			return i < given->nargs;
	}
	*out = (struct piece){ .at = given->keyword.at, .len = given->keyword.len };
	if (bar) {
		if (template_option(p, word + 1, (size_t)(bar - word - 1), out))
			return true;
		len -= (size_t)(bar + 1 - word) + 1;
		word = bar + 1;
	}
	put_text(p, word, len, out);
	return true;
}

/* A synonym's template replaces its arguments; those of the members above it follow. */
static enum io expand(struct parse *p, const struct type *alias, unsigned nargs)
{
	struct raw given = p->raw;
	const char *rest = strchr(alias->alias, ':');

	given.nargs = nargs;
	if (given.nargs < alias->min_args || given.nargs > alias->max_args)
		return fail_at(
			p->fail, p->lex.input, given.keyword.at, given.keyword.len,
			"wrong number of parameters: %s takes %s, not %u argument%s",
			given.keyword.text, *alias->args ? alias->args : "none",
			given.nargs, given.nargs == 1 ? "" : "s");
	if (strstr(alias->alias, "{/}"))
		cut_path(p, &given);
	nargs = p->raw.nargs - nargs;
	p->raw.nargs = 0;
	while (rest && *rest == ':') {
		size_t n = strcspn(rest + 1, ":");

		if (template_argument(p, &given, rest + 1, n, &p->raw.arg[p->raw.nargs]))
			p->raw.nargs++;
		rest += n + 1;
	}
	if (p->raw.nargs + nargs > RAW_ARGS)
		return fail_at(p->fail, p->lex.input, given.keyword.at,
			       given.keyword.len, "too many arguments");
	memcpy(p->raw.arg + p->raw.nargs, given.arg + given.nargs,
	       nargs * sizeof(*given.arg));
	p->raw.nargs += nargs;
	return IO_OK;
}

/* Where a name of the keyword stands in the input; all of `at` if it was quoted
 * or comes from a synonym's template. */
static struct piece place_of(const struct parse *p, struct piece at, const char *name,
			     size_t len)
{
	const char *typed = p->raw.keyword.text;
	size_t offset = (size_t)(name - typed);

	if (name < typed || offset > p->raw.keyword.size ||
	    at.len != p->raw.keyword.size || p->raw.keyword.quoted)
		return at;
	return (struct piece){ .at = at.at + offset, .len = len };
}

static enum io push_stack(struct parse *p, const char *words, size_t len,
			  struct piece at);

/* A synonym's template: its arguments first, then its own stack. */
static enum io push_alias(struct parse *p, const struct type *alias, unsigned nargs,
			  struct piece at)
{
	if (expand(p, alias, nargs) != IO_OK)
		return IO_FAIL;
	p->out->alias = alias;
	return push_stack(p, alias->alias, strcspn(alias->alias, ":"), at);
}

static enum io push_named(struct parse *p, const struct type *t, const char *name,
			  size_t len, struct piece at)
{
	char *copy = p->to;

	memcpy(copy, name, len);
	copy[len] = '\0';
	p->to += len + 1;
	return parse_push(p, t, copy, at);
}

/* How many of the arguments the members "a+b+" cannot do without. */
static unsigned needed_by(const char *words, size_t len)
{
	const char *end = words + len;
	unsigned n = 0;

	for (const char *plus; (plus = memchr(words, '+', len)); words = plus + 1) {
		const struct type *t = type_find(words, (size_t)(plus - words));

		n += t && (t->flags & TYPE_LAYER) ? t->min_args : 0;
		len = (size_t)(end - plus) - 1;
	}
	return n;
}

/* The right end of a stack: an address, a synonym, or a layer whose name is a
 * synonym's as well ("tls:host:port").  The synonym takes the arguments that those
 * above leave. */
static enum io push_bottom(struct parse *p, const struct type *t, const char *words,
			   const char *name, size_t len, struct piece at)
{
	unsigned above = needed_by(words, (size_t)(name - words));
	unsigned nargs = p->raw.nargs > above ? p->raw.nargs - above : 0;
	const struct type *alias = type_find_alias(name, len, nargs);

	if (alias && !(t->flags & TYPE_NO_TLS))
		return push_alias(p, alias, nargs, at);
	if ((t->flags & TYPE_LAYER) && type_available(t))
		return fail_at(p->fail, p->lex.input, at.at, at.len,
			       "%.*s needs an address below it, as in %.*s+tcp:host:port",
			       (int)len, name, (int)len, name);
	return push_named(p, t, name, len, at);
}

static enum io push_above(struct parse *p, const struct type *t, const char *name,
			  size_t len, struct piece at)
{
	if (!(t->flags & TYPE_LAYER))
		return fail_at(p->fail, p->lex.input, at.at, at.len,
			       "%.*s can only stand at the right end of a stack",
			       (int)len, name);
	return push_named(p, t, name, len, at);
}

/* The types of "a+b+c", pushed from the right: the wire first. */
static enum io push_stack(struct parse *p, const char *words, size_t len, struct piece at)
{
	bool bottom = true, more = true;

	while (more) {
		const char *plus = memrchr(words, '+', len);
		const char *name = plus ? plus + 1 : words;
		size_t n = (size_t)(words + len - name);
		struct piece here = place_of(p, at, name, n);
		const struct type *t = type_find(name, n);
		enum io r;

		if (!t)
			return unknown_type(p, here, name, n);
		r = bottom ? push_bottom(p, t, words, name, n, here)
			   : push_above(p, t, name, n, here);
		if (r != IO_OK)
			return r;
		bottom = false;
		more = plus != NULL;
		len = plus ? (size_t)(plus - words) : 0;
	}
	return IO_OK;
}

enum io parse_stack(struct parse *p)
{
	return push_stack(p, p->raw.keyword.text, p->raw.keyword.size, p->raw.keyword);
}

/* ---- arguments -------------------------------------------------------------------- */

/* A bracket that is never closed, which takes all that follows for its own. */
static const char *open_bracket(const struct parse *p)
{
	const size_t at = p->raw.keyword.at, len = p->lex.at - at;
	const char *open = memchr(p->lex.input + at, '[', len);

	return open && !memchr(p->lex.input + at, ']', len) ? open : NULL;
}

static enum io wrong_count(struct parse *p, unsigned nargs)
{
	const char *open = open_bracket(p);
	const struct spec *s = p->out;
	char takes[120] = "";
	size_t used = 0;

	if (open)
		return fail_at(p->fail, p->lex.input, (size_t)(open - p->lex.input), 1,
			       "this bracket is never closed (an IPv6 address is "
			       "written [::1])");
	for (unsigned i = 0; i < s->nparts && used < sizeof(takes); i++)
		if (*s->part[i].type->args)
			used += (size_t)snprintf(takes + used, sizeof(takes) - used,
						 "%s%s", used ? ":" : "",
						 s->part[i].type->args);
	return fail_at(p->fail, p->lex.input, p->raw.keyword.at,
		       p->lex.at - p->raw.keyword.at,
		       "wrong number of parameters: %s takes %s, not %u argument%s%s",
		       p->raw.keyword.text, used ? takes : "none", nargs,
		       nargs == 1 ? "" : "s",
		       nargs > 2 && strstr(takes, "port") ?
			       " (an IPv6 address goes in brackets: [::1])" : "");
}

/* The n-th colon-separated word of "host:port" is `word`. */
static bool names(const char *args, unsigned n, const char *word)
{
	const size_t len = strlen(word);

	while (n-- && args)
		args = strchr(args, ':') ? strchr(args, ':') + 1 : NULL;
	return args && strncmp(args, word, len) == 0 && (!args[len] || args[len] == ':');
}

static enum io check_host(struct parse *p, const struct piece *a)
{
	if (a->size)
		return IO_OK;
	return fail_at(p->fail, p->lex.input, a->at ? a->at - 1 : 0, 1,
		       "the host is missing (localhost is this machine)");
}

static bool read_range(const char *text, struct port_range *to)
{
	const size_t low = strcspn(text, "-");
	const char *high = text + low + 1;
	long long from, till;

	if (!text[low] || !text_number(text, low, 1, 65535, &from, NULL) ||
	    !text_number(high, strlen(high), from, 65535, &till, NULL))
		return false;
	to->low = (unsigned)from;
	to->high = (unsigned)till;
	return true;
}

/* An address is at one port; only to whoever asks for ranges it stands for many. */
static enum io check_range(struct parse *p, const struct piece *a,
			   const struct port_range *r)
{
	if (!p->out->rules.ports)
		return fail_at(p->fail, p->lex.input, a->at, a->len,
			       "a range of ports is for --probe");
	if (p->out->ports.len)
		return fail_at(p->fail, p->lex.input, a->at, a->len,
			       "one range of ports is enough");
	p->out->ports = *r;
	p->out->ports.at = a->at;
	p->out->ports.len = a->len;
	return IO_OK;
}

static enum io check_port(struct parse *p, const struct piece *a)
{
	struct port_range range;
	bool malformed = false;
	long long port;

	if (a->size == 0)
		return fail_at(p->fail, p->lex.input, a->at ? a->at - 1 : 0, 1,
			       "the port is missing (0 lets the system choose)");
	if (text_number(a->text, a->size, 0, 65535, &port, &malformed))
		return IO_OK;
	if (read_range(a->text, &range))
		return check_range(p, a, &range);
	if (!malformed || (*a->text >= '0' && *a->text <= '9') || *a->text == '-')
		return fail_at(p->fail, p->lex.input, a->at, a->len,
			       "\"%s\" is no port: 0 to 65535, or a service's name",
			       a->text);
	return IO_OK;	/* a name: the services file knows it or not */
}

static enum io check_argument(struct parse *p, const char *args, unsigned n,
			      const struct piece *a)
{
	if (names(args, n, "host"))
		return check_host(p, a);
	return names(args, n, "port") ? check_port(p, a) : IO_OK;
}

/* From the wire upward, each member takes what it can, leaving enough for
 * those above it. */
enum io parse_arguments(struct parse *p)
{
	struct spec *s = p->out;
	unsigned next = 0, needed = 0, most = 0;

	for (unsigned i = 0; i < s->nparts; i++) {
		needed += s->part[i].type->min_args;
		most += s->part[i].type->max_args;
	}
	if (p->raw.nargs < needed || p->raw.nargs > most)
		return wrong_count(p, p->raw.nargs);
	for (unsigned i = 0; i < s->nparts; i++) {
		struct part *q = &s->part[i];
		unsigned spare;

		needed -= q->type->min_args;
		spare = p->raw.nargs - next - needed;
		q->nargs = q->type->max_args < spare ? q->type->max_args : spare;
		for (unsigned k = 0; k < q->nargs; k++, next++) {
			const struct piece *a = &p->raw.arg[next];

			if (check_argument(p, q->type->args, k, a) != IO_OK)
				return IO_FAIL;
			q->arg[k] = a->text;
			q->arg_at[k] = a->at;
			q->arg_len[k] = a->len;
		}
	}
	return IO_OK;
}
