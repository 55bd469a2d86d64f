/* The parser's own: how an address travels from text to stack.  Nobody outside
 * spec/ includes this.
 *
 *	text --parse_cut()--> struct raw --parse_stack(), parse_arguments(),
 *	parse_options()--> struct spec */
#ifndef SOCKCAT_SPEC_PARSE_H
#define SOCKCAT_SPEC_PARSE_H

#include "spec/lex.h"
#include "spec/spec.h"

enum { RAW_ARGS = 16 };

/* One option before anybody has looked it up. */
struct raw_option {
	struct piece name, value;
	bool given;			/* there was a '=' */
	bool taken;			/* a synonym's template used it up */
};

/* One address, cut into pieces. */
struct raw {
	struct piece keyword;
	struct piece arg[RAW_ARGS];
	unsigned nargs;
	struct piece path;		/* what a synonym's {/} stands for */
	struct raw_option *option;	/* own */
	size_t noptions;
};

/* What the parser carries along. */
struct parse {
	struct lex lex;
	char *to;			/* where the next unquoted piece goes */
	struct raw raw;
	struct spec *out;
	struct fail *fail;
};

/* Cuts one address at its separators and unquotes the pieces; what they mean
 * is not asked.  raw.option is the caller's to free, also after a failure. */
enum io parse_cut(struct parse *p);

/* One option "name[=value]" at the lexer's place, and a list of them, each
 * after its comma, added to raw. */
enum io parse_cut_option(struct parse *p);
enum io parse_cut_options(struct parse *p);

/* The keyword "a+b+c" becomes parts, synonyms expanded, the wire first. */
enum io parse_stack(struct parse *p);

/* One more part on top. */
enum io parse_push(struct parse *p, const struct type *t, const char *name,
		   struct piece at);

/* raw's arguments are dealt to the parts, ports checked. */
enum io parse_arguments(struct parse *p);

/* raw's options are looked up, read and given to the parts that take them. */
enum io parse_options(struct parse *p);

/* The part of that type, put on top unless the stack has it; NULL: failed. */
struct part *parse_insert(struct parse *p, const char *layer, struct piece at);

#endif
