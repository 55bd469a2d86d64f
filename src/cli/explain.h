/* --explain: what a command line means and would do, told without doing it. */
#ifndef SOCKCAT_CLI_EXPLAIN_H
#define SOCKCAT_CLI_EXPLAIN_H

#include <stdio.h>

#include "cli/options.h"

/* The command line, read, and what follows from it. */
struct plan {
	const struct cli *cli;		/* ref */
	const struct spec *spec;	/* ref: both addresses, parsed; not prepared */
	int server;			/* which of them serves with fork; -1 = none */
};

/* Writes the page.  Nothing is opened, looked up or started.  IO_FAIL: PHASE_USAGE for
 * the words of a program, PHASE_INTERNAL. */
enum io explain_print(FILE *to, const struct plan *p, struct fail *f);

#endif
