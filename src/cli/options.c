/* The table of flags. */
#include "cli/options.h"

#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "cli/socat.h"

/* --- what a flag does ----------------------------------------------------------- */

static enum io set_true(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	(void)value, (void)f;
	*(bool *)((char *)c + fl->at) = true;
	return IO_OK;
}

static enum io set_text(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	if (!*value)
		return fail_at(f, NULL, 0, 0, "--%s wants a %s, not nothing", fl->name,
			       fl->arg);
	*(const char **)((char *)c + fl->at) = value;
	return IO_OK;
}

static enum io set_help(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	size_t more = value ? strspn(value, "h") : 0;

	(void)fl, (void)f;
	c->ask = ASK_HELP;
	c->asked += 1 + (unsigned)more;
	if (value && value[more])
		c->topic = value;
	return IO_OK;
}

static enum io set_version(struct cli *c, const struct flag *fl, const char *value,
			   struct fail *f)
{
	(void)fl, (void)value, (void)f;
	if (c->ask == ASK_NOTHING)
		c->ask = ASK_VERSION;
	return IO_OK;
}

static enum io set_explain(struct cli *c, const struct flag *fl, const char *value,
			   struct fail *f)
{
	(void)fl, (void)value, (void)f;
	if (c->ask == ASK_NOTHING)
		c->ask = ASK_EXPLAIN;
	return IO_OK;
}

static enum io set_debug(struct cli *c, const struct flag *fl, const char *value,
			 struct fail *f)
{
	size_t more = value ? strspn(value, "d") : 0;
	long long level;

	(void)fl;
	if (!value || !value[more])
		c->debug += 1 + (unsigned)more;
	else if (text_number(value, strlen(value), 0, LEVEL_DEBUG, &level, NULL))
		c->debug = (unsigned)level;
	else
		return fail_at(f, value, 0, strlen(value),
			       "the log level is 0 (errors only) to 4 (all)");
	c->log.level = c->debug < LEVEL_DEBUG ? (enum level)c->debug : LEVEL_DEBUG;
	return IO_OK;
}

static enum io set_dump(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	(void)value, (void)f;
	c->dump |= (unsigned)fl->at;
	return IO_OK;
}

static enum io set_limit(struct cli *c, const struct flag *fl, const char *value,
			 struct fail *f)
{
	if (text_size(value, strlen(value), &c->rules.dump.limit) && c->rules.dump.limit)
		return IO_OK;
	return fail_at(f, *value ? value : NULL, 0, strlen(value),
		       "--%s wants a number of bytes above 0, like 512 or 4k", fl->name);
}

static enum io set_colour(struct cli *c, const struct flag *fl, const char *value,
			  struct fail *f)
{
	const int i = text_in_list(value, strlen(value), fl->values);

	if (i < 0)
		return fail_at(f, *value ? value : NULL, 0, strlen(value),
			       "--%s is auto, always or never", fl->name);
	c->rules.dump.colour = (enum colour)i;
	return IO_OK;
}

static enum io set_block(struct cli *c, const struct flag *fl, const char *value,
			 struct fail *f)
{
	uint64_t bytes;

	(void)fl;
	if (!text_size(value, strlen(value), &bytes) || !bytes || bytes > 1u << 30)
		return fail_at(f, value, 0, strlen(value),
			       "the block size is 1 to 1G bytes, like 8192 or 64k");
	c->setup.block = (size_t)bytes;
	return IO_OK;
}

static enum io set_size(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	(void)fl;
	if (!text_size(value, strlen(value), &c->size) || !c->size)
		return fail_at(f, *value ? value : NULL, 0, strlen(value),
			       "how much will come is a number of bytes like 1000000, "
			       "64k or 2G");
	return IO_OK;
}

/* A time, or "off"; socat also takes any negative number for that. */
static enum io read_time(const struct cli *c, const struct flag *fl, const char *value,
			 bool *given, uint64_t *usec, struct fail *f)
{
	size_t len = strlen(value);
	bool negative = c->rules.socat && *value == '-';

	if (!text_duration(value + negative, len - negative, usec) &&
	    strcmp(value, "off") != 0)
		return fail_at(f, *value ? value : NULL, 0, len,
			       "--%s: \"%s\" is no time: seconds like 0.5, or 250ms, "
			       "10m, 1h; or off",
			       fl->name, value);
	*given = !negative && strcmp(value, "off") != 0;
	return IO_OK;
}

static enum io set_linger(struct cli *c, const struct flag *fl, const char *value,
			  struct fail *f)
{
	return read_time(c, fl, value, &c->setup.linger_set, &c->setup.linger, f);
}

static enum io set_idle(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	enum io r = read_time(c, fl, value, &c->setup.idle_set, &c->setup.idle, f);

	if (r == IO_OK && c->setup.idle_set && !c->setup.idle && !c->rules.socat)
		return fail_at(f, value, 0, strlen(value),
			       "no time at all would end at once: give a time above 0, "
			       "or off for no limit");
	return r;
}

static enum io set_way(struct cli *c, const struct flag *fl, const char *value,
		       struct fail *f)
{
	(void)value;
	if (fl->at ? !c->setup.right_to_left : !c->setup.left_to_right)
		return fail_at(f, NULL, 0, 0,
			       "-u and -U exclude each other; leave both out for both "
			       "directions");
	if (fl->at)
		c->setup.left_to_right = false;
	else
		c->setup.right_to_left = false;
	return IO_OK;
}

/* In socat these are wishes, in our own dialect they are orders. */
static enum io set_family(struct cli *c, const struct flag *fl, const char *value,
			  struct fail *f)
{
	int family = (int)fl->at;

	(void)value, (void)f;
	c->rules.prefer = family;
	c->rules.listen_family = family;
	c->rules.family = c->rules.socat ? 0 : family;
	return IO_OK;
}

static enum io set_lock(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	c->lock = value;
	c->lock_wait = fl->at;
	return *value ? IO_OK : fail_at(f, NULL, 0, 0, "the lock file needs a name");
}

static enum io set_log_json(struct cli *c, const struct flag *fl, const char *value,
			    struct fail *f)
{
	c->log_json = true;
	return value ? set_text(c, fl, value, f) : IO_OK;
}

static enum io set_target(struct cli *c, const struct flag *fl, const char *value,
			  struct fail *f)
{
	(void)f;
	c->log.target = (enum log_target)fl->at;
	if (c->log.target == LOG_TO_FILE)
		c->log.path = value;
	else if (value && *value)
		c->log.facility = value;
	return IO_OK;
}

/* Which signals socat only logs: nothing here depends on it. */
static enum io set_mask(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	long long mask;

	(void)c, (void)fl;
	if (!text_number(value, strlen(value), 0, UINT32_MAX, &mask, NULL))
		return fail_at(f, value, 0, strlen(value),
			       "the signal mask is a number like 0x89de");
	return IO_OK;
}

/* Obeyed before all others, by options_dialect(). */
static enum io set_dialect(struct cli *c, const struct flag *fl, const char *value,
			   struct fail *f)
{
	(void)c, (void)fl, (void)value, (void)f;
	return IO_OK;
}

/* --- the table ------------------------------------------------------------------ */

#define AT(member) offsetof(struct cli, member)

static const struct flag table[] = {
	{ "h", "help", "[NAME]", set_help, 0, true, "types options exit-codes",
	  "show this, or tell about an address type, an option, or one of: types, "
	  "options, exit-codes" },
	{ "V", "version", NULL, set_version, 0, true, NULL,
	  "show the version and what this build has" },
	{ NULL, "explain", NULL, set_explain, 0, false, NULL,
	  "tell what the addresses mean and what would happen, and do nothing" },
	{ "u", "left-to-right", NULL, set_way, 0, true, NULL,
	  "only from the first address to the second" },
	{ "U", "right-to-left", NULL, set_way, 1, true, NULL,
	  "only from the second address to the first" },
	{ "t", "linger", "TIME", set_linger, 0, true, NULL,
	  "after the end of one direction give the other this long" },
	{ "T", "idle", "TIME", set_idle, 0, true, "off",
	  "end when nothing has come for this long, or off" },
	{ "b", "block-size", "BYTES", set_block, 0, true, NULL,
	  "move at most this much at once" },
	{ "4", "ipv4", NULL, set_family, AF_INET, true, NULL,
	  "use IPv4 where the address leaves it open" },
	{ "6", "ipv6", NULL, set_family, AF_INET6, true, NULL,
	  "use IPv6 where the address leaves it open" },
	{ "0", "any-ip", NULL, set_family, AF_UNSPEC, true, NULL,
	  "take both IP versions as they come" },
	{ "v", "verbose", NULL, set_dump, DUMP_TEXT, true, NULL,
	  "show the data on standard error as text" },
	{ "x", "hex", NULL, set_dump, DUMP_HEX, true, NULL,
	  "show the data on standard error in hexadecimal" },
	{ NULL, "hexdump", NULL, set_dump, DUMP_CLASSIC, false, NULL,
	  "show the data on standard error with offsets, hexadecimal and text" },
	{ NULL, "text", NULL, set_dump, DUMP_LINES, false, NULL,
	  "show the data on standard error line by line, unreadable bytes escaped" },
	{ NULL, "dump-limit", "BYTES", set_limit, 0, false, NULL,
	  "show only the first bytes of each direction of a session" },
	{ NULL, "dump-file", "FILE", set_text, AT(rules.dump.file), false, NULL,
	  "append to this file what would be shown of the data" },
	{ NULL, "color", "WHEN", set_colour, 0, false, "auto always never",
	  "use colours on a terminal (auto), always or never" },
	{ "r", "raw-left", "FILE", set_text, AT(raw[0]), true, NULL,
	  "copy what comes from the first address to this file" },
	{ "R", "raw-right", "FILE", set_text, AT(raw[1]), true, NULL,
	  "copy what comes from the second address to this file" },
	{ NULL, "capture", "FILE", set_text, AT(capture), false, NULL,
	  "write what passes to this pcapng file, as packets; - is standard output" },
	{ NULL, "capture-size", "BYTES", set_text, AT(capture_size), false, NULL,
	  "go on in FILE.1, FILE.2 and so on before a file gets longer than this" },
	{ NULL, "record", "FILE", set_text, AT(record), false, NULL,
	  "record what passes both ways in this file, which replay: plays again" },
	{ NULL, "statistics", NULL, set_true, AT(setup.statistics), true, NULL,
	  "tell at the end what went each way, what failed" },
	{ NULL, "progress", NULL, set_true, AT(setup.progress), false, NULL,
	  "show on standard error, while it goes on, how much went and how fast" },
	{ NULL, "size", "BYTES", set_size, 0, false, NULL,
	  "with --progress: how much will come, where that is no file" },
	{ NULL, "child-status", NULL, set_true, AT(setup.child_status), false, NULL,
	  "end with the exit status of the program that was run" },
	{ "d", "debug", "[LEVEL]", set_debug, 0, true, "0 1 2 3 4",
	  "log more: -d0 errors only, -d -d notices, -d3 details, -d4 all" },
	{ "D", "descriptors", NULL, set_true, AT(list_fds), true, NULL,
	  "show which descriptors are open at the start" },
	{ "ly", "log-syslog", "[FACILITY]", set_target, LOG_TO_SYSLOG, true,
	  "daemon user auth local0 local1 local2 local3 local4 local5 local6 local7",
	  "log to syslog" },
	{ "lf", "log-file", "FILE", set_target, LOG_TO_FILE, true, NULL,
	  "append the log to this file" },
	{ "ls", "log-stderr", NULL, set_target, LOG_TO_STDERR, true, NULL,
	  "log to standard error, as it is without any of these" },
	{ "lm", "log-mixed", "[FACILITY]", set_target, LOG_TO_BOTH, true, NULL,
	  "log to standard error first, and to syslog once data may flow" },
	{ "lp", "log-program", "NAME", set_text, AT(log.program), true, NULL,
	  "the program's name in the log and before the variables of programs" },
	{ "lu", "log-micros", NULL, set_true, AT(log.micros), true, NULL,
	  "log the time to the microsecond" },
	{ "lh", "log-host", NULL, set_true, AT(log.host), true, NULL,
	  "log the host's name, too" },
	{ NULL, "log-json", "[FILE]", set_log_json, AT(events), false, NULL,
	  "tell each event in a line of JSON, on standard error in place of the log, or "
	  "appended to this file" },
	{ "L", "lock", "FILE", set_lock, false, true, NULL,
	  "give up if this lock file is there, else hold it" },
	{ "W", "wait-lock", "FILE", set_lock, true, true, NULL,
	  "wait until this lock file is gone, then hold it" },
	{ "g", "any-option", NULL, set_true, AT(rules.any_option), true, NULL,
	  "let every address have every option" },
	{ NULL, "dialect", "NAME", set_dialect, 0, false, "sockcat socat",
	  "whose command line this is: sockcat or socat" },
	{ NULL, "experimental", NULL, set_true, AT(ignored), true, NULL,
	  "no effect, for the sake of socat's command lines" },
	{ "s", "sloppy", NULL, set_true, AT(ignored), true, NULL,
	  "no effect, for the sake of socat's command lines" },
	{ "S", "log-signals", "MASK", set_mask, 0, true, NULL,
	  "no effect, for the sake of socat's command lines" },
};

enum { FLAGS = sizeof(table) / sizeof(*table) };

_Static_assert(sizeof(table) / sizeof(*table) <= FLAGS_MAX, "room for each flag");

const struct flag *options_row(size_t i)
{
	return i < FLAGS ? &table[i] : NULL;
}

const struct flag *options_find(const char *name, size_t len)
{
	for (size_t i = 0; i < FLAGS; i++) {
		const struct flag *fl = &table[i];

		if (fl->letters && strlen(fl->letters) == len &&
		    !memcmp(fl->letters, name, len))
			return fl;
		if (fl->name && strlen(fl->name) == len && !memcmp(fl->name, name, len))
			return fl;
	}
	return NULL;
}

const struct flag *options_of_word(const char *word, const char **value)
{
	const char *name = word, *rest;
	size_t len;

	if (value)
		*value = NULL;
	if (options_is_address(word))
		return NULL;
	if (word[1] == '-') {
		name = word + 2;
		len = strcspn(name, "=");
		rest = name[len] ? name + len + 1 : NULL;
		if (len < 2)	/* "--v" is no way to say -v */
			return NULL;
	} else {
		name = word + 1;
		len = name[0] == 'l' && name[1] ? 2 : 1;
		rest = name[len] ? name + len : NULL;
	}
	if (value)
		*value = rest;
	return options_find(name, len);
}

bool options_is_address(const char *word)
{
	return word[0] != '-' || !word[1] || word[1] == ',' ||
	       !strncmp(word + 1, "!!", 2);
}

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
	char letters[3 * FLAGS + 3];
	struct option longs[FLAGS + 1];
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
	for (size_t i = 0; i < FLAGS; i++) {
		const struct flag *fl = &table[i];

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

	for (size_t i = 0; i < FLAGS; i++) {
		const char *name = table[i].name;
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
	return fl->set(c, fl, rest, f);
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
	fl = answer >= LONG_BASE ? &table[answer - LONG_BASE] :
	     answer == '?' ? options_find("help", 4) : options_find(&letter, 1);
	if (fl->set == set_help && !optarg)
		optarg = (char *)help_topic(c, argc, argv);
	return fl->set(c, fl, optarg, f);
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

/* One address alone talks with standard input and output. */
static enum io complete_addresses(struct cli *c, struct fail *f)
{
	static char stdio[] = "-";

	if (c->ask != ASK_NOTHING || c->naddress == 2)
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

enum io options_parse(int argc, char **argv, struct cli *out, struct fail *f)
{
	enum io r;
	bool socat;

	*out = (struct cli){
		.setup = { .left_to_right = true, .right_to_left = true },
		.log = { .level = LEVEL_WARNING,
			 .program = base_name(argc > 0 ? argv[0] : NULL) },
	};
	if (!options_dialect(argc, argv, &socat, f))
		return IO_FAIL;
	if (socat)
		socat_defaults(out);
	r = read_words(out, argc, argv, f);
	if (r == IO_OK && out->size && !out->setup.progress)
		return fail_say(f, PHASE_USAGE, 0,
				"--size= is for --progress, which is not given");
	return r == IO_OK ? complete_addresses(out, f) : r;
}
