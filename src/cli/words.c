/* Reading the command line, word by word. */
#include <getopt.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "cli/options.h"
#include "cli/socat.h"

/* What getopt_long(3) answers for the flags by their place in the table. */
enum { LONG_BASE = 256 };

/* --- which dialect -------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path && *path ? path : "sockcat";
}

/* "--dialect" of "--dialect=socat" and "--dialect socat", cut short as getopt allows. */
static bool names_dialect(const char *word)
{
	static const char flag[] = "--dialect";
	const size_t len = strcspn(word, "=");

	return len >= strlen("--di") && len < sizeof(flag) && !strncmp(word, flag, len);
}

bool options_dialect(int argc, char **argv, bool *socat, struct fail *f)
{
	const char *name = argc > 0 ? base_name(argv[0]) : "sockcat";

	*socat = !strcmp(name, "socat");
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (!names_dialect(argv[i]))
			continue;
		name = strchr(argv[i], '=');
		name = name ? name + 1 : argv[i + 1] ? argv[++i] : "";
		*socat = !strcmp(name, "socat");
		if (!*socat && strcmp(name, "sockcat") != 0) {
			fail_at(f, argv[i], (size_t)(strlen(argv[i]) - strlen(name)),
				strlen(name),
				"there is no dialect \"%s\"; there are sockcat and socat",
				name);
			return false;
		}
	}
	return true;
}

/* --- reading the words ---------------------------------------------------------- */

/* What getopt_long(3) wants to know, made from the table; zeroed before. */
struct grammar {
	char letters[3 * FLAGS_MAX + 3];
	struct option longs[FLAGS_MAX + 1];
};

static int how_many(const struct flag *fl)
{
	if (!fl->arg)
		return no_argument;
	return *fl->arg == '[' ? optional_argument : required_argument;
}

static void grammar_make(struct grammar *g)
{
	char *to = g->letters;
	size_t n = 0;

	*to++ = '+';
	*to++ = ':';
	for (size_t i = 0; options_row(i); i++) {
		const struct flag *fl = options_row(i);

		if (fl->name)
			g->longs[n++] = (struct option){ .name = fl->name,
							 .has_arg = how_many(fl),
							 .val = LONG_BASE + (int)i };
		if (!fl->letters || (fl->letters[1] && strchr(g->letters, *fl->letters)))
			continue;
		*to++ = *fl->letters;
		for (int k = fl->letters[1] ? 1 : how_many(fl); k > 0; k--)
			*to++ = ':';
	}
}

static const char *nearest_name(const char *word, size_t len)
{
	const char *best = NULL;
	unsigned least = len > 5 ? 3 : 2;

	for (size_t i = 0; options_row(i); i++) {
		const char *name = options_row(i)->name;
		unsigned d = name ? text_distance(word, len, name, strlen(name)) : least;

		if (d < least) {
			least = d;
			best = name;
		}
	}
	return best;
}

static enum io unknown_flag(const char *word, int letter, struct fail *f)
{
	const char *from = letter > 0 && letter < LONG_BASE ? strchr(word + 1, letter)
							    : NULL;
	size_t len = strcspn(word, "=");
	const char *near = len > 3 ? nearest_name(word + 2, len - 2) : NULL;

	if (from && word[1] != '-')
		return fail_at(f, word, (size_t)(from - word), 1,
			       "there is no flag -%c; --help shows all", letter);
	if (near)
		return fail_at(f, word, 0, len,
			       "there is no flag %.*s; did you mean --%s?", (int)len,
			       word, near);
	return fail_at(f, word, 0, len,
		       "there is no flag %.*s, or it is cut too short; --help shows all",
		       (int)len, word);
}

/* Why getopt_long(3) answered ':' or '?'. */
static enum io bad_flag(const char *word, int answer, struct fail *f)
{
	const struct flag *fl = options_of_word(word, NULL);

	if (answer == ':')
		return fail_at(f, word, 0, strlen(word), "%s wants a value%s%s", word,
			       fl && fl->arg ? ": " : "", fl && fl->arg ? fl->arg : "");
	if (fl && !fl->arg && word[1] == '-')
		return fail_at(f, word, strcspn(word, "="),
			       strlen(word) - strcspn(word, "="), "--%s takes no value",
			       fl->name);
	return unknown_flag(word, optopt, f);
}

static enum io obey(struct cli *c, const struct flag *fl, const char *value,
		    struct fail *f)
{
	unsigned i = 0;

	while (i < c->ngiven && c->given[i].flag != fl)
		i++;
	if (i == c->ngiven)
		c->ngiven++;
	c->given[i] = (struct given){ .flag = fl, .value = value };
	return fl->set(c, fl, value, f);
}

/* The -l family: the second letter, and for -lf and -lp the value, stand in value. */
static enum io log_flag(struct cli *c, int argc, char **argv, const char *value,
			struct fail *f)
{
	const char name[] = { 'l', *value, 0 };
	const struct flag *fl = options_find(name, 2);
	const char *rest = *value ? value + 1 : value;
	const bool apart = value == argv[optind - 1];

	if (!fl || apart)
		return fail_at(f, argv[optind - (apart ? 2 : 1)], 0, 2,
			       "after -l one of y f s m p u h has to follow at once, as "
			       "in -lf FILE");
	if (*rest && !fl->arg)
		return fail_at(f, argv[optind - 1], 3, strlen(rest), "-%s takes no value",
			       name);
	if (!*rest && how_many(fl) == required_argument) {
		if (optind >= argc)
			return fail_at(f, argv[optind - 1], 0, 3, "-%s wants a value: %s",
				       name, fl->arg);
		rest = argv[optind++];
	}
	return obey(c, fl, rest, f);
}

/* --help may have its NAME in the next word, though that makes "--help" ambiguous
 * for getopt. */
static const char *help_topic(const struct cli *c, int argc, char **argv)
{
	if (c->rules.socat || optind >= argc || !strcmp(argv[optind], "--"))
		return NULL;
	if (argv[optind][0] == '-' && !options_of_word(argv[optind], NULL))
		return NULL;
	return argv[optind++];
}

/* One flag out of the word at optind, which may hold more of them. */
static enum io read_flag(struct cli *c, int argc, char **argv, const struct grammar *g,
			 struct fail *f)
{
	const char *word = argv[optind];
	const int answer = getopt_long(argc, argv, g->letters, g->longs, NULL);
	const char letter = (char)answer;
	const struct flag *fl;

	if (answer == ':' || (answer == '?' && strcmp(word, "-?") != 0))
		return bad_flag(word, answer, f);
	if (answer == 'l')
		return log_flag(c, argc, argv, optarg, f);
	fl = answer >= LONG_BASE ? options_row((size_t)answer - LONG_BASE) :
	     answer == '?' ? options_find("help", 4) : options_find(&letter, 1);
	if (fl == options_find("help", 4) && !optarg)
		optarg = (char *)help_topic(c, argc, argv);
	return obey(c, fl, optarg, f);
}

/* socat refuses "-vx"; scripts that feature-test it expect that. */
static enum io check_merged(const struct cli *c, const char *word, struct fail *f)
{
	const char *value;
	const struct flag *fl = options_of_word(word, &value);

	if (!c->rules.socat || !fl || fl->arg || !value || word[1] == '-')
		return IO_OK;
	return fail_at(f, word, 0, strlen(word),
		       "flags of one letter stand apart here: -%s -%s instead of %s",
		       fl->letters, value, word);
}

static enum io add_address(struct cli *c, char *word, struct fail *f)
{
	if (c->naddress == 2) {
		spec_hide(word);
		return fail_at(f, word, 0, strlen(word),
			       "there are two addresses already; is a blank in one of "
			       "them unquoted?");
	}
	c->address[c->naddress++] = word;
	return IO_OK;
}

/* -v alone, or with "--" and everything else, in the order they stand. */
static enum io read_words(struct cli *c, int argc, char **argv, struct fail *f)
{
	struct grammar g = { .letters = "" };
	enum io r = IO_OK;
	bool flags = true;

	grammar_make(&g);
	opterr = 0;
	optind = 1;
	while (r == IO_OK && optind < argc) {
		char *word = argv[optind];

		if (flags && !strcmp(word, "--")) {
			flags = false;
			optind++;
		} else if (!flags || options_is_address(word)) {
			flags = flags && !c->rules.socat;
			optind++;
			r = add_address(c, word, f);
		} else {
			r = check_merged(c, word, f);
			if (r == IO_OK)
				r = read_flag(c, argc, argv, &g, f);
		}
	}
	return r;
}

/* --probe has one address, and not for talking. */
static enum io check_probe(const struct cli *c, struct fail *f)
{
	if (c->count && !c->probe)
		return fail_say(f, PHASE_USAGE, 0, "--count is for --probe");
	if (!c->probe)
		return IO_OK;
	if (c->ask == ASK_EXPLAIN)
		return fail_say(f, PHASE_USAGE, 0,
				"--explain tells what a relay would do, and --probe is "
				"none");
	if (c->workers)
		return fail_say(f, PHASE_USAGE, 0,
				"--probe opens one address, and --workers is for a "
				"server");
	if (c->count && c->wait)
		return fail_say(f, PHASE_USAGE, 0,
				"--count and --wait exclude each other");
	if (c->naddress == 2)
		return fail_at(f, c->address[1], 0, strlen(c->address[1]),
			       "--probe opens one address alone");
	return IO_OK;
}

/* One address alone talks with standard input and output. */
static enum io complete_addresses(struct cli *c, struct fail *f)
{
	static char stdio[] = "-";

	if (c->ask != ASK_NOTHING && c->ask != ASK_EXPLAIN)
		return IO_OK;
	if (check_probe(c, f) != IO_OK)
		return IO_FAIL;
	if (c->naddress == 2 || (c->probe && c->naddress))
		return IO_OK;
	if (c->rules.socat)
		return fail_say(f, PHASE_USAGE, 0,
				"2 addresses are needed, %u given; -h shows more",
				c->naddress);
	if (!c->naddress)
		return fail_say(f, PHASE_USAGE, 0,
				"no address given: try %s tcp:HOST:PORT, or %s --help",
				c->log.program, c->log.program);
	c->address[1] = c->address[0];
	c->address[0] = stdio;
	return IO_OK;
}

/* Flags that say more about another want that one. */
static enum io check_company(const struct cli *c, struct fail *f)
{
	const struct ready_setup *ready = &c->report.ready;

	if (c->size && !c->setup.progress)
		return fail_say(f, PHASE_USAGE, 0,
				"--size= is for --progress, which is not given");
	if (ready->format != READY_JSON && !ready->file && ready->fd < 0)
		return fail_say(f, PHASE_USAGE, 0,
				"--ready-format= is for --ready-file or --ready-fd, "
				"neither of which is given");
	return IO_OK;
}

enum io options_parse(int argc, char **argv, struct cli *out, struct fail *f)
{
	enum io r;
	bool socat;

	*out = (struct cli){
		.setup = { .left_to_right = true, .right_to_left = true },
		.report = { .ready.fd = -1 },
		.log = { .level = LEVEL_WARNING,
			 .program = base_name(argc > 0 ? argv[0] : NULL) },
	};
	if (!options_dialect(argc, argv, &socat, f))
		return IO_FAIL;
	if (socat)
		socat_defaults(out);
	r = read_words(out, argc, argv, f);
	if (r == IO_OK)
		r = check_company(out, f);
	return r == IO_OK ? complete_addresses(out, f) : r;
}
