/* The table of flags. */
#include "cli/options.h"

#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#include "base/platform.h"
#include "base/text.h"
#include "cli/socat.h"
#include "endpoint/sharing.h"

/* --- what a flag does ----------------------------------------------------------- */

static enum io set_true(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	(void)value, (void)f;
	*(bool *)((char *)c + fl->at) = true;
	return IO_OK;
}

/* "" where the text may be left out and is. */
static enum io set_text(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	if (value && !*value)
		return fail_at(f, NULL, 0, 0, "--%s wants a %s, not nothing", fl->name,
			       fl->arg);
	*(const char **)((char *)c + fl->at) = value ? value : "";
	return IO_OK;
}

/* Where "-" has no meaning, a file of that name would be a surprise. */
static enum io set_file(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	if (value && !strcmp(value, "-"))
		return fail_at(f, value, 0, 1,
			       "--%s wants a file; standard output is not meant here, and "
			       "a file of that name is ./-",
			       fl->name);
	return set_text(c, fl, value, f);
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

static enum io set_exit_idle(struct cli *c, const struct flag *fl, const char *value,
			     struct fail *f)
{
	bool given;

	return read_time(c, fl, value, &given, &c->setup.exit_idle, f);
}

static enum io set_workers(struct cli *c, const struct flag *fl, const char *value,
			   struct fail *f)
{
	long long n = sys_processors();

	if (value && strcmp(value, fl->values) != 0 &&
	    !text_number(value, strlen(value), 1, SHARERS_MAX, &n, NULL))
		return fail_at(f, *value ? value : NULL, 0, strlen(value),
			       "--workers stands alone or is auto, for one on each "
			       "processor; or it is --workers=NUMBER, 1 to %d",
			       SHARERS_MAX);
	c->workers = n < SHARERS_MAX ? (unsigned)n : SHARERS_MAX;
	return IO_OK;
}

static enum io set_probe(struct cli *c, const struct flag *fl, const char *value,
			 struct fail *f)
{
	c->probe = true;
	if (value && strcmp(value, fl->values) != 0)
		return fail_at(f, value, 0, strlen(value),
			       "--probe stands alone, or it is --probe=banner");
	c->banner = value;
	return IO_OK;
}

static enum io set_count(struct cli *c, const struct flag *fl, const char *value,
			 struct fail *f)
{
	long long n;

	(void)fl;
	if (!text_number(value, strlen(value), 1, 1000 * 1000, &n, NULL))
		return fail_at(f, *value ? value : NULL, 0, strlen(value),
			       "--count wants a number of probes, 1 to 1000000");
	c->count = (unsigned)n;
	return IO_OK;
}

static enum io set_wait(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f)
{
	bool given = false;

	c->probe = true;
	if (read_time(c, fl, value, &given, &c->wait, f) != IO_OK)
		return IO_FAIL;
	if (given && c->wait)
		return IO_OK;
	return fail_at(f, value, 0, strlen(value), "--wait wants a time above 0");
}

static enum io set_ready_fd(struct cli *c, const struct flag *fl, const char *value,
			    struct fail *f)
{
	long long n;

	(void)fl;
	if (!text_number(value, strlen(value), 1, INT_MAX, &n, NULL))
		return fail_at(f, value, 0, strlen(value),
			       "--ready-fd wants the number of a descriptor that is open "
			       "for writing, like 3");
	c->report.ready.fd = (int)n;
	return IO_OK;
}

static enum io set_ready_format(struct cli *c, const struct flag *fl, const char *value,
				struct fail *f)
{
	int which = text_in_list(value, strlen(value), fl->values);

	if (which < 0)
		return fail_at(f, value, 0, strlen(value),
			       "--ready-format is json or port");
	c->report.ready.format = (enum ready_format)which;
	return IO_OK;
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
	{ NULL, "exit-idle", "TIME", set_exit_idle, 0, false, "off",
	  "end a server that has had no session for this long" },
	{ NULL, "workers", "[NUMBER]", set_workers, 0, false, "auto",
	  "serve with so many processes, or one on each processor" },
	{ NULL, "probe", "[banner]", set_probe, 0, false, "banner",
	  "open one address, print how long each phase took, and close it" },
	{ NULL, "count", "NUMBER", set_count, 0, false, NULL,
	  "with --probe: so many times, with a summary" },
	{ NULL, "wait", "TIME", set_wait, 0, false, NULL,
	  "probe again and again until it is open, for this long at most" },
	{ NULL, "ready-file", "FILE", set_file, AT(report.ready.file), false, NULL,
	  "write this file when all that listens can be reached: where, in JSON" },
	{ NULL, "ready-fd", "NUMBER", set_ready_fd, 0, false, NULL,
	  "write the same to this descriptor, which is then closed" },
	{ NULL, "ready-format", "NAME", set_ready_format, 0, false, "json port",
	  "what is written there: json, or just the port" },
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
	{ NULL, "dump-file", "FILE", set_file, AT(rules.dump.file), false, NULL,
	  "append to this file what would be shown of the data" },
	{ NULL, "dump-wait", NULL, set_true, AT(rules.dump.wait), false, NULL,
	  "wait for who reads dumps, log or events slowly, drop nothing" },
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
	{ NULL, "strict", NULL, set_true, AT(setup.strict), false, NULL,
	  "fail whenever something may be missing" },
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
	{ NULL, "log-json", "[FILE]", set_file, AT(report.events), false, NULL,
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
