/* What an exec, system or shell address runs, as far as its words tell: nothing is
 * looked for. */
#ifndef SOCKCAT_SPEC_ARGV_H
#define SOCKCAT_SPEC_ARGV_H

#include "spec/words.h"

struct argv {
	const char *file;	/* ref: the program as it was named */
	const char *path;	/* ref: where it is looked for, unless file has a slash */
	char **word;		/* own; NULL behind the last: the program's argv */
	unsigned n;
	char *name;		/* own: word[0] */
	struct words words;	/* of exec: all as they were cut; else the text alone */
};

/* PHASE_USAGE: an unbalanced quote, or nothing to run.  argv_free() is due in any
 * case.  What is a ref belongs to the part or the environment. */
enum io argv_of(struct argv *a, const struct part *p, struct fail *f);
void argv_free(struct argv *a);

#endif
