/* One option's action on one descriptor.  Between endpoint/apply.c and the files
 * that know a kind of action; nobody outside endpoint/ includes this. */
#ifndef SOCKCAT_ENDPOINT_ACTION_H
#define SOCKCAT_ENDPOINT_ACTION_H

#include <stdbool.h>
#include <termios.h>

#include "spec/spec.h"

struct action {
	const struct part *part;	/* ref */
	const struct optval *val;	/* ref: one of the part's */
	int fd;
	struct fail *fail;		/* ref */
};

/* IO_OK if result is not negative; else the sentence from errno. */
enum io action_done(const struct action *a, int result);

/* The sentence with a cause of our own instead of errno's text. */
enum io action_refused(const struct action *a, int err, const char *cause);

/* "option linger=5", as it was typed.  Returns to. */
enum { ACTION_TEXT = 96 };
const char *action_text(const struct action *a, char to[ACTION_TEXT]);

/* HOW_SOCKOPT* and HOW_*MEMBERSHIP* (endpoint/sockopt.c). */
enum io sockopt_apply(const struct action *a);
bool sockopt_is(const struct opt *o);

/* HOW_TERMIOS_* (endpoint/terminal.c): changes t only. */
enum io terminal_change(const struct action *a, struct termios *t);
bool terminal_is(const struct opt *o);

#endif
