/* The help pages. */
#include "cli/help.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "cli/layout.h"
#include "loop/loop.h"
#include "spec/suggest.h"

/* --- names ---------------------------------------------------------------------- */

static void paragraph(FILE *to, const char *text)
{
	layout_flow(to, text, 0, 0);
	fputc('\n', to);
}

/* "a b c" -> "a, b, c". */
static void commas(char *out, size_t cap, const char *names)
{
	size_t n = 0;

	for (; *names && n + 3 < cap; names++) {
		if (*names == ' ')
			out[n++] = ',';
		out[n++] = *names;
	}
	out[n] = 0;
}

static int first_len(const char *names)
{
	return (int)strcspn(names, " ");
}

/* --- groups --------------------------------------------------------------------- */

uint64_t help_stack_groups(const char *stack, size_t len)
{
	uint64_t all = 0;

	for (size_t at = 0; at <= len;) {
		size_t n = 0;
		const struct type *t;

		while (at + n < len && stack[at + n] != '+')
			n++;
		t = type_find(stack + at, n);
		if (t && t->alias && n == len)
			t = type_find_alias(stack, len, 0);
		all |= t ? help_groups(t) : 0;
		at += n + 1;
	}
	return all;
}

/* fork is taken by what connects, too, but only to say that it cannot be. */
uint64_t help_groups(const struct type *t)
{
	if (t->alias)
		return help_stack_groups(t->alias, strcspn(t->alias, ":,"));
	return t->flags & TYPE_LISTENS ? t->groups : t->groups & ~(uint64_t)G_FORK;
}

/* The group an option is listed under: the first it shares with `of`. */
static uint64_t home(const struct opt *o, uint64_t of)
{
	const struct opt_group *g;

	for (size_t i = 0; (g = opt_group_row(i)); i++)
		if (o->owners & of & g->bit)
			return g->bit;
	return 0;
}

/* --- one row each --------------------------------------------------------------- */

/* How a value is written in a synopsis. */
static const char *value_form(enum opt_value kind)
{
	switch (kind) {
	case V_FLAG: return "";
	case V_BOOL: return "[=0|1]";
	case V_INT: case V_UINT: case V_INT_OPTIONAL: return "[=N]";
	case V_BYTE: return "=N";
	case V_PORT: return "=PORT";
	case V_SIZE: case V_OFFSET: return "=BYTES";
	case V_TIME: return "=TIME";
	case V_TEXT: case V_SECRET: return "=TEXT";
	case V_TEXT_OPTIONAL: return "[=TEXT]";
	case V_MODE: return "=MODE";
	case V_USER: return "=USER";
	case V_GROUP: return "=GROUP";
	case V_BYTES: return "=DATA";
	case V_CHAR: return "=CHARACTER";
	case V_RANGE: return "=RANGE";
	case V_FAMILY: return "=FAMILY";
	case V_ADDRESS: return "=ADDRESS";
	case V_SOCKTYPE: return "=SOCKTYPE";
	case V_INT_INT: return "=N:N";
	case V_INT_TEXT: return "=N:TEXT";
	case V_INT_BYTES: return "=N:DATA";
	case V_INT3: return "=N:N:N";
	case V_INT2_BYTES: return "=N:N:DATA";
	case V_INT2_TEXT: return "=N:N:TEXT";
	default: return "=VALUE";
	}
}

/* The first name with what follows it; the others behind the help. */
static void row_entry(FILE *to, const char *names, const char *form, const char *help)
{
	const int first = first_len(names);
	char left[128], right[512], others[200];

	snprintf(left, sizeof(left), "%.*s%s", first, names, form);
	commas(others, sizeof(others), names[first] ? names + first + 1 : "");
	snprintf(right, sizeof(right), "%s%s%s%s", help, *others ? " (also " : "", others,
		 *others ? ")" : "");
	layout_entry(to, left, right);
}

static void option_entry(FILE *to, const struct opt *o)
{
	row_entry(to, o->names, value_form(o->value), o->help);
}

static void type_entry(FILE *to, const struct type *t)
{
	const bool may = *t->args == '[';
	char form[64];

	snprintf(form, sizeof(form), "%s%s%s", may ? "[" : "", *t->args ? ":" : "",
		 t->args + may);
	row_entry(to, t->names, form, t->help);
}

static void flag_text(const struct flag *fl, char *to, size_t cap)
{
	const char *arg = fl->arg ? fl->arg : "";
	const bool may = *arg == '[';
	const int len = (int)strlen(arg) - 2 * may;

	snprintf(to, cap, "%s%s%s%s%s%s%.*s%s", fl->letters ? "-" : "    ",
		 fl->letters ? fl->letters : "", fl->letters ? ", --" : "--", fl->name,
		 may ? "[" : "", !*arg ? "" : "=", len > 0 ? len : 0, arg + may,
		 may ? "]" : "");
}

static void flag_entry(FILE *to, const struct flag *fl)
{
	char left[80];

	flag_text(fl, left, sizeof(left));
	layout_entry(to, left, fl->help);
}

/* --- pages that list ------------------------------------------------------------ */

static void list_types(FILE *to, bool layers)
{
	const struct type *t;

	for (size_t i = 0; (t = type_row(i)); i++)
		if (!(t->flags & TYPE_HIDDEN) && type_available(t) &&
		    !(t->flags & TYPE_LAYER) == !layers)
			type_entry(to, t);
}

/* Names only: there is nothing to use yet. */
static void list_later(FILE *to)
{
	char names[4096] = "";
	size_t n = 0;
	const struct type *t;

	for (size_t i = 0; (t = type_row(i)); i++)
		if (!type_available(t) && n + 64 < sizeof(names))
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%.*s",
					      n ? " " : "", first_len(t->names),
					      t->names);
	if (!n)
		return;
	fputs("\nKnown, but not available in this build:\n  ", to);
	layout_flow(to, names, 2, 2);
}

static void page_types(FILE *to)
{
	fputs("Addresses:\n", to);
	list_types(to, false);
	fputs("\nLayers, for the front of an address, as in tls+tcp:HOST:PORT:\n", to);
	list_types(to, true);
	list_later(to);
	fputs("\nsockcat --help NAME tells which options one of them takes.\n", to);
}

static void page_options(FILE *to)
{
	const struct opt_group *g;
	const struct opt *o;

	for (size_t k = 0; (g = opt_group_row(k)); k++) {
		bool any = false;

		for (size_t i = 0; (o = opt_row(i)); i++) {
			if (!opt_available(o) || home(o, ~0ull) != g->bit)
				continue;
			if (!any)
				fprintf(to, "%s:\n", g->title);
			any = true;
			option_entry(to, o);
		}
		if (any)
			fputc('\n', to);
	}
	fputs("sockcat --help NAME tells which addresses take one of them.\n", to);
}

static void page_exit_codes(FILE *to)
{
	const char *meaning;
	char left[16];
	int code;

	fputs("Exit codes:\n", to);
	for (size_t i = 0; fail_code_row(i, &code, &meaning); i++) {
		snprintf(left, sizeof(left), code >= 128 ? "%d+N" : "%d", code);
		fprintf(to, "  %-8s", left);
		layout_flow(to, code >= 128 ? "ended by signal N" : meaning, 10, 10);
	}
}

static void page_first(FILE *to)
{
	const struct flag *fl;

	fputs("Usage: sockcat [FLAG]... ADDRESS1 ADDRESS2\n"
	      "       sockcat [FLAG]... ADDRESS\n"
	      "       sockcat --help [NAME | types | options | exit-codes]\n\n", to);
	paragraph(to, "Opens two addresses and passes on what comes from each to the "
		      "other, until both have ended. One address alone talks with "
		      "standard input and output.");
	paragraph(to, "An address is TYPE:ARGUMENT...[,OPTION[=VALUE]]..., with layers "
		      "in front of it where wanted (tls+tcp:HOST:PORT); - is standard "
		      "input and output, one digit a descriptor, a word with a slash a "
		      "file or UNIX socket.");
	fputs("Examples:\n"
	      "  sockcat tcp:localhost:25                        talk to a server\n"
	      "  sockcat tcp-listen:8080,fork tcp:10.0.0.5:80    forward a port\n"
	      "  sockcat tls-listen:443,fork,cert=c.pem tcp:localhost:80\n"
	      "  sockcat -u /var/log/messages tcp:collector:9000\n"
	      "  sockcat tcp-listen:7000,fork exec:./server.py   a program each\n"
	      "\nFlags:\n",
	      to);
	for (size_t i = 0; (fl = options_row(i)); i++)
		flag_entry(to, fl);
	fputs("\nTimes are seconds, or have a unit: us ms s m h d.\n"
	      "The manual pages sockcat(1) and sockcat(7) tell more.\n", to);
}

/* --- pages about one thing ------------------------------------------------------ */

static const char *why_absent(const struct type *t)
{
	if (t->flags & TYPE_LATER)
		return "It is not yet available.";
	return "It is not available in this build, which has no OpenSSL.";
}

static const char *directions(const struct type *t)
{
	switch (t->flags & TYPE_BOTH) {
	case TYPE_READS: return "\nData only comes from it.\n";
	case TYPE_WRITES: return "\nData can only be sent to it.\n";
	default: return "";
	}
}

static void options_of(FILE *to, uint64_t of)
{
	const struct opt_group *g;
	const struct opt *o;

	for (size_t k = 0; (g = opt_group_row(k)); k++) {
		char names[8192] = "";
		size_t n = 0;

		for (size_t i = 0; (o = opt_row(i)) && n + 64 < sizeof(names); i++)
			if (opt_available(o) && home(o, of) == g->bit)
				n += (size_t)snprintf(names + n, sizeof(names) - n,
						      "%s%.*s", n ? " " : "",
						      first_len(o->names), o->names);
		if (n) {
			fprintf(to, "%s:\n  ", g->title);
			layout_flow(to, names, 2, 2);
		}
	}
}

/* Rows of the same names stand behind each other and take the same options. */
static bool goes_on(const struct type *t, const struct type *next)
{
	return next && strcmp(t->names, next->names) == 0;
}

static void page_type(FILE *to, const struct type *t, const struct type *next)
{
	type_entry(to, t);
	if (t->alias)
		fprintf(to, "\nStands for %s\n", t->alias);
	if (t->flags & TYPE_LAYER)
		fprintf(to, "\nA layer: %.*s+TYPE:...\n", first_len(t->names), t->names);
	else if (!t->alias)
		fputs(directions(t), to);
	if (!type_available(t)) {
		fprintf(to, "\n%s\n", why_absent(t));
		return;
	}
	if (goes_on(t, next))
		return;
	fputs("\nOptions it takes:\n\n", to);
	options_of(to, help_groups(t));
}

static void page_option(FILE *to, const struct opt *o)
{
	char takers[1024];

	option_entry(to, o);
	if (o->act.how == HOW_REFUSED)
		fprintf(to, "\nIt cannot be had: %s.\n", o->act.layer);
	else if (o->act.how == HOW_LATER)
		fputs("\nIt is not yet available.\n", to);
	else if (!opt_available(o))
		fputs("\nIt is not available on this system.\n", to);
	if (o->value != V_FLAG)
		fprintf(to, "\nValue: %s\n", option_value_help(o->value));
	suggest_takers(o->owners, takers, sizeof(takers));
	fputs("\nTaken by: ", to);
	layout_flow(to, takers, 10, 10);
}

/* --- which page ----------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*print)(FILE *to);
} pages[] = {
	{ "types", page_types },
	{ "options", page_options },
	{ "exit-codes", page_exit_codes },
};

struct nearest {
	const char *word, *best;
	size_t len, best_len;
	unsigned least;
};

static void consider(struct nearest *n, const char *names)
{
	for (size_t len; *names; names += len + (names[len] == ' ')) {
		unsigned d;

		len = strcspn(names, " ");
		d = text_distance(n->word, n->len, names, len);
		if (d < n->least) {
			n->least = d;
			n->best = names;
			n->best_len = len;
		}
	}
}

static enum io unknown(const char *topic, struct fail *f)
{
	struct nearest n = { .word = topic,
			     .len = strlen(topic),
			     .least = strlen(topic) > 4 ? 3 : 2 };

	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++)
		consider(&n, pages[i].name);
	for (size_t i = 0; type_row(i); i++)
		consider(&n, type_row(i)->names);
	for (size_t i = 0; opt_row(i); i++)
		consider(&n, opt_row(i)->names);
	for (size_t i = 0; options_row(i); i++)
		consider(&n, options_row(i)->name);
	if (n.best)
		return fail_at(
			f, topic, 0, n.len,
			"no address, option or flag has this name; did you mean %.*s?",
			(int)n.best_len, n.best);
	return fail_at(f, topic, 0, n.len,
		       "no address, option or flag has this name; --help types and "
		       "--help options list them");
}

/* "reuseaddr=1", "tcp:host:port" and "--linger" are understood as well. */
enum io help_show(FILE *to, const char *topic, struct fail *f)
{
	const char *name = topic ? topic + strspn(topic, "-") : "";
	const size_t len = strcspn(name, ":,=");
	const struct type *t = topic ? type_find(name, len) : NULL;
	const struct opt *o = topic ? opt_find(name, len) : NULL;
	const struct flag *fl = topic ? options_find(name, len) : NULL;

	if (!topic || !*name) {
		page_first(to);
		return IO_OK;
	}
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++)
		if (text_same(name, len, pages[i].name)) {
			pages[i].print(to);
			return IO_OK;
		}
	if (!t && !o && !fl)
		return unknown(topic, f);
	if (fl)
		flag_entry(to, fl);
	for (size_t i = 0; t && (t = type_row(i)); i++)
		if (text_in_list(name, len, t->names) >= 0)
			page_type(to, t, type_row(i + 1));
	if (o)
		page_option(to, o);
	return IO_OK;
}

void help_version(FILE *to)
{
	const struct type *tls = type_find("tls", 3);

	fprintf(to, "sockcat %s\n", PACKAGE_VERSION);
	fprintf(to, "waits with: %s%s%spoll\n", epoll_backend.name ? "epoll " : "",
		kqueue_backend.name ? "kqueue " : "", "");
	fprintf(to, "TLS: %s\n", tls && type_available(tls) ? "yes" : "no");
	fprintf(to, "MIT licence, the sockcat authors\n");
}
