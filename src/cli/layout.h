/* Text for a terminal: words broken into lines, lists of two columns. */
#ifndef SOCKCAT_CLI_LAYOUT_H
#define SOCKCAT_CLI_LAYOUT_H

#include <stdio.h>

enum { LAYOUT_WIDTH = 79, LAYOUT_COLUMN = 28 };

/* Words, broken at blanks, and a newline; the cursor stands at column `at`, further
 * lines start at `indent`.  A longer word has a line for itself. */
void layout_flow(FILE *to, const char *text, int at, int indent);

/* A term to the left, two blanks in; what it is to the right, from LAYOUT_COLUMN on. */
void layout_entry(FILE *to, const char *left, const char *right);

#endif
