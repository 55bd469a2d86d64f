/* --help and --version, from the tables. */
#ifndef SOCKCAT_CLI_HELP_H
#define SOCKCAT_CLI_HELP_H

#include <stdint.h>
#include <stdio.h>

#include "cli/options.h"

/* The page about one thing: a type, an option, a flag, "types", "options",
 * "exit-codes"; NULL = the first page.  A name that is several of these gets all
 * its pages.  An unknown one: PHASE_USAGE with the nearest known. */
enum io help_show(FILE *to, const char *topic, struct fail *f);

void help_version(FILE *to);

/* The option groups of a row; for a synonym those of the stack it stands for. */
uint64_t help_groups(const struct type *t);

/* The same of a stack of keywords joined by '+': len bytes, no ':' or ',' in them. */
uint64_t help_stack_groups(const char *stack, size_t len);

#endif
