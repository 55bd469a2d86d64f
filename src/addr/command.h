/* What an exec, system or shell address runs and as whom, worked out once per
 * address, at start. */
#ifndef SOCKCAT_ADDR_COMMAND_H
#define SOCKCAT_ADDR_COMMAND_H

#include "addr/spawn.h"
#include "addr/variables.h"
#include "spec/argv.h"

struct command {
	struct argv argv;
	char **script_argv;		/* own; the pointers are refs */
	char **file;			/* own, each own: where it may be, in order */
	struct identity identity;
	struct program program;		/* all but env; refs into the above */
};

/* ops.prepare: the part's prepared becomes a struct command. */
enum io command_prepare(struct part *p, struct fail *f);
void command_unprepare(struct part *p);

/* The environment of one run: the other endpoint's particulars (NULL = none), PATH of
 * path=, HOME and the like of su=.  False: out of memory; v is the caller's in any
 * case. */
bool command_variables(const struct part *p, struct endpoint *other, struct variables *v);

#endif
