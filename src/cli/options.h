/* sockcat's own flags, from one table that parsing, help and completion read
 * (and that a test holds the manual to).
 *
 * Flags may stand before, between and behind the addresses; in the socat dialect
 * only before them, as there.  "-", "-,opt..." and "-!!..." are addresses.  Words
 * behind "--" are addresses whatever they look like. */
#ifndef SOCKCAT_CLI_OPTIONS_H
#define SOCKCAT_CLI_OPTIONS_H

#include "base/log.h"
#include "relay/session.h"
#include "report/report.h"

/* What is shown of the data that passes. */
enum { DUMP_TEXT = 1, DUMP_HEX = 2, DUMP_CLASSIC = 4, DUMP_LINES = 8 };

/* What to do instead of relaying. */
enum ask { ASK_NOTHING, ASK_HELP, ASK_VERSION, ASK_EXPLAIN };

enum { FLAGS_MAX = 128 };	/* rows of the table at most */

/* A flag as it was typed. */
struct given {
	const struct flag *flag;	/* ref */
	const char *value;		/* ref: or NULL */
};

/* The command line, read.  Strings belong to argv. */
struct cli {
	struct relay_setup setup;
	struct log_setup log;
	struct spec_rules rules;
	/* ref: both set when ASK_NOTHING or _EXPLAIN; with --probe [0] alone */
	char *address[2];
	unsigned naddress;		/* how many were typed */
	enum ask ask;
	unsigned asked;			/* how often -h was given (socat's -hh, -hhh) */
	const char *topic;		/* ref: --help NAME, or NULL */
	unsigned debug;			/* how often -d was given, or its number */
	unsigned dump;			/* DUMP_* */
	uint64_t size;			/* --size=, for --progress; 0 = not given */
	const char *raw[2];		/* ref: -r -R: file for a copy of what comes */
	const char *capture;		/* ref: --capture: its file, - or NULL */
	const char *capture_size;	/* ref: --capture-size, as typed, or NULL */
	unsigned workers;		/* --workers; 0 = not given */
	const char *record;		/* ref: --record: file for all that passes */
	const char *lock;		/* ref: -L or -W, or NULL */
	bool lock_wait;			/* -W */
	bool list_fds;			/* -D */
	bool probe;			/* open the one address, say how long it took */
	bool banner;			/* --probe=banner: up to the first byte */
	unsigned count;			/* --count; 0 = not given */
	uint64_t wait;			/* --wait, microseconds; 0 = not given */
	struct given given[FLAGS_MAX];	/* each once, its last value */
	unsigned ngiven;
	struct report_setup report;
	bool ignored;			/* where flags without effect leave their mark */
};

struct flag;
typedef enum io flag_fn(struct cli *c, const struct flag *fl, const char *value,
			struct fail *f);

struct flag {
	const char *letters;	/* "v"; "lf" where two belong together; NULL = none */
	const char *name;	/* "verbose"; NULL = none */
	const char *arg;	/* "FILE"; in brackets if optional; NULL = none */
	flag_fn *set;
	size_t at;		/* for the setter: offset in struct cli, or a constant */
	bool socat;		/* listed in the socat dialect, too */
	const char *values;	/* "0 1 2" for completion, or NULL */
	const char *help;	/* a sentence without a full stop */
};

/* The i-th row, NULL behind the last. */
const struct flag *options_row(size_t i);

/* By letters or long name without dashes; NULL if there is none. */
const struct flag *options_find(const char *name, size_t len);

/* The row of a word as typed ("-t", "-t0.5", "--linger=1") and, if value is not
 * NULL, where its value starts in the word (NULL = not in this word). */
const struct flag *options_of_word(const char *word, const char **value);

/* "-", "-,opt" and "-!!x" are addresses, and so is what has no dash in front. */
bool options_is_address(const char *word);

/* The dialect: the name we were started by, or --dialect=NAME.  False: unknown. */
bool options_dialect(int argc, char **argv, bool *socat, struct fail *f);

/* Reads the words.  IO_FAIL: PHASE_USAGE, with a caret. */
enum io options_parse(int argc, char **argv, struct cli *out, struct fail *f);

#endif
