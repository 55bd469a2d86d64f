/* What may stand in the place of a word. */
#include "cli/complete.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "cli/help.h"
#include "cli/options.h"

/* Where candidates go, and the part of the last word that stays as it is. */
struct out {
	FILE *to;		/* ref */
	const char *word;	/* ref: the word to be completed */
	size_t keep;		/* its first bytes, which stand before every candidate */
};

/* word[keep ..] is the beginning of `name`, blind to case as the parser is. */
static void offer(const struct out *o, const char *name, size_t len, const char *suffix,
		  const char *about)
{
	const char *typed = o->word + o->keep;
	const size_t n = strlen(typed);

	if (n > len || strncasecmp(typed, name, n) != 0)
		return;
	fprintf(o->to, "%.*s%.*s%s\t%s\n", (int)o->keep, o->word, (int)len, name, suffix,
		about);
}

static void offer_words(const struct out *o, const char *words, const char *about)
{
	for (size_t len; *words; words += len + (words[len] == ' ')) {
		len = strcspn(words, " ");
		offer(o, words, len, "", about);
	}
}

/* --- flags ---------------------------------------------------------------------- */

static void offer_flags(const struct out *o)
{
	const struct flag *fl;

	for (size_t i = 0; (fl = options_row(i)); i++) {
		char text[64];
		const bool needs = fl->arg && *fl->arg != '[';

		snprintf(text, sizeof(text), "--%s", fl->name);
		offer(o, text, strlen(text), needs ? "=" : "", fl->help);
		if (!fl->letters || o->word[1] == '-')
			continue;
		snprintf(text, sizeof(text), "-%s", fl->letters);
		offer(o, text, strlen(text), "", fl->help);
	}
}

static void offer_names(const struct out *o)
{
	for (size_t i = 0; type_row(i); i++)
		if (!(type_row(i)->flags & TYPE_HIDDEN))
			offer_words(o, type_row(i)->names, type_row(i)->help);
	for (size_t i = 0; opt_row(i); i++)
		offer_words(o, opt_row(i)->names, opt_row(i)->help);
}

static void offer_flag_values(const struct out *o, const struct flag *fl)
{
	if (!fl->values)
		return;
	offer_words(o, fl->values, fl->help);
	if (fl == options_find("help", 4) && o->word[o->keep])
		offer_names(o);
}

/* The word before wants a value and has none: "-t" "...", "--lock" "...". */
static const struct flag *waiting_flag(const char *before)
{
	const char *value = NULL;
	const struct flag *fl = before ? options_of_word(before, &value) : NULL;

	if (!fl || value || !fl->arg)
		return NULL;
	return *fl->arg != '[' || fl == options_find("help", 4) ? fl : NULL;
}

/* --- addresses ------------------------------------------------------------------ */

static void offer_type(const struct out *o, const struct type *t)
{
	const char *suffix = t->flags & TYPE_LAYER ? "+" : t->min_args ? ":" : "";

	for (size_t len, at = 0; t->names[at]; at += len + (t->names[at + len] == ' ')) {
		len = strcspn(t->names + at, " ");
		offer(o, t->names + at, len, suffix, t->help);
	}
}

/* One name may have a row for each number of arguments. */
static bool is_repeated(size_t i)
{
	return i && strcmp(type_row(i)->names, type_row(i - 1)->names) == 0;
}

/* Every type; layers have '+' behind them. */
static void offer_types(const struct out *o)
{
	const struct type *t;

	for (size_t i = 0; (t = type_row(i)); i++)
		if (!(t->flags & TYPE_HIDDEN) && type_available(t) && !is_repeated(i))
			offer_type(o, t);
}

static const char *option_suffix(const struct opt *o)
{
	switch (o->value) {
	case V_FLAG: case V_BOOL: case V_INT: case V_TEXT_OPTIONAL: return "";
	default: return "=";
	}
}

/* With nothing typed yet, one name each is enough. */
static void offer_option(const struct out *o, const struct opt *opt)
{
	const bool all = o->word[o->keep];

	for (size_t len, at = 0; opt->names[at];
	     at += len + (opt->names[at + len] == ' ')) {
		len = strcspn(opt->names + at, " ");
		offer(o, opt->names + at, len, option_suffix(opt), opt->help);
		if (!all)
			return;
	}
}

/* Those for one direction only are those that have directions. */
static void offer_options(const struct out *o, uint64_t groups, bool one_way)
{
	const struct opt *opt;

	for (size_t i = 0; (opt = opt_row(i)); i++)
		if (opt_available(opt) && (opt->act.ways || !one_way) &&
		    opt->owners & (groups | G_ALL | G_STREAM))
			offer_option(o, opt);
}

/* What may stand in front of an option. */
static void offer_ways(const struct out *o)
{
	offer(o, "up.", 3, "", "an option for what goes to the address");
	offer(o, "down.", 5, "", "an option for what comes from the address");
}

/* The bytes of "shape2.up." in front of an option's name. */
static size_t prefix_len(const char *name, size_t len)
{
	while (len && name[len - 1] != '.')
		len--;
	return len;
}

/* The prefix's last word is a direction. */
static bool is_one_way(const char *name, size_t prefix)
{
	const size_t member = prefix ? prefix_len(name, prefix - 1) : 0;

	return prefix && text_in_list(name + member, prefix - 1 - member, "up down") >= 0;
}

static void offer_option_values(const struct out *o, const char *name, size_t len)
{
	const struct opt *opt = opt_find(name, len);

	if (!opt)
		return;
	if (opt->value == V_BOOL)
		offer_words(o, "0 1", opt->help);
	else if (opt->value == V_FAMILY)
		offer_words(o, "ip4 ip6 unix", opt->help);
	else if (opt->value == V_SOCKTYPE)
		offer_words(o, "stream dgram seqpacket raw", opt->help);
	else if (opt->id == OPT_MIN_PROTO || opt->id == OPT_MAX_PROTO)
		offer_words(o, "TLS1.2 TLS1.3", opt->help);
	else if (opt->id == OPT_REPLAY_ROLE)
		offer_words(o, "server client", opt->help);
	else if (opt->id == OPT_REPLAY_MATCH)
		offer_words(o, "strict loose", opt->help);
}

/* Offset of the last unquoted comma, or 0; quotes and brackets protect. */
static size_t last_comma(const char *s)
{
	size_t comma = 0, depth = 0;
	char quote = 0;

	for (size_t i = 0; s[i]; i++) {
		if (s[i] == '\\' && s[i + 1])
			i++;
		else if (quote && s[i] != quote)
			continue;
		else if (quote)
			quote = 0;
		else if (s[i] == '"' || s[i] == '\'')
			quote = s[i];
		else if (strchr("([{", s[i]))
			depth++;
		else if (strchr(")]}", s[i]) && depth)
			depth--;
		else if (s[i] == ',' && !depth)
			comma = i;
	}
	return quote ? 0 : comma;
}

/* The second half of a dual address begins anew. */
static size_t half(const char *word)
{
	const char *last = NULL;

	for (const char *p = strstr(word, "!!"); p; p = strstr(p + 2, "!!"))
		last = p;
	return last ? (size_t)(last - word) + 2 : 0;
}

static void complete_option(struct out *o, size_t start, size_t comma)
{
	const char *head = o->word + start, *name = o->word + comma + 1;
	const size_t stack = strcspn(head, ":,");
	size_t len, prefix;
	bool one_way;

	name += strspn(name, " ");
	len = strcspn(name, "=");
	prefix = prefix_len(name, len);
	one_way = is_one_way(name, prefix);
	if (name[len]) {
		o->keep = (size_t)(name - o->word) + len + 1;
		offer_option_values(o, name + prefix, len - prefix);
		return;
	}
	o->keep = (size_t)(name - o->word) + prefix;
	if (!one_way)
		offer_ways(o);
	offer_options(o, *head == '-' || *head == ',' ? help_stack_groups("stdio", 5)
						      : help_stack_groups(head, stack),
		      one_way);
}

static void complete_address(struct out *o)
{
	const size_t start = half(o->word);
	const size_t comma = last_comma(o->word + start);
	const char *head = o->word + start;

	if (comma) {
		complete_option(o, start, start + comma);
	} else if (!head[strcspn(head, ":,/")]) {
		const char *plus = strrchr(head, '+');

		o->keep = plus ? (size_t)(plus + 1 - o->word) : start;
		offer_types(o);
	}
}

/* --- the last word -------------------------------------------------------------- */

void complete_print(FILE *to, int nwords, char **words)
{
	struct out o = { .to = to, .word = nwords > 0 ? words[nwords - 1] : "" };
	const struct flag *fl = waiting_flag(nwords > 1 ? words[nwords - 2] : NULL);
	const char *value = NULL;

	if (!fl && !options_is_address(o.word)) {
		fl = options_of_word(o.word, &value);
		if (!value) {
			offer_flags(&o);
			return;
		}
		o.keep = (size_t)(value - o.word);
	} else if (!fl && *o.word == '-' && !o.word[1]) {
		offer_flags(&o);
		return;
	}
	if (fl)
		offer_flag_values(&o, fl);
	else
		complete_address(&o);
}
