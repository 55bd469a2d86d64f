/* Splitting the command line of exec into words, as socat does.
 *
 * The address has been unquoted once; what quotes, brackets and backslashes are
 * left protect blanks and separators here, by the same rules (spec/lex.h). */
#ifndef SOCKCAT_SPEC_WORDS_H
#define SOCKCAT_SPEC_WORDS_H

#include "spec/spec.h"

struct words {
	char **word;	/* own; each a ref into text; NULL behind the last */
	unsigned n;
	char *text;	/* own */
};

/* PHASE_USAGE for an unbalanced quote; words_free() is due in any case. */
enum io words_split(struct words *w, const char *command, struct fail *f);
void words_free(struct words *w);

/* True if quotes in argument 0 of the part, as typed, hold a blank and are not
 * what encloses the whole: the blank will split the word after all, which
 * surprises whoever thinks of a shell. */
bool words_lost_quotes(const struct part *p);

#endif
