/* Splitting with socat's quoting rules.
 *
 * 'hard' quotes protect everything but backslash escapes, "soft" quotes protect
 * separators, ( ) [ ] { } protect separators and stay in the text, backslash
 * makes \0 \a \b \f \n \r \t \v control bytes and any other character itself. */
#ifndef SOCKCAT_SPEC_LEX_H
#define SOCKCAT_SPEC_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fail.h"

/* Where we are in one word of the command line. */
struct lex {
	const char *input;	/* ref: the whole word, for carets */
	size_t at;		/* next byte */
	size_t end;		/* one behind the last */
	unsigned depth;		/* quotes and brackets around the next byte */
};

/* One piece, unquoted. */
struct piece {
	char *text;		/* ref: where lex_piece() wrote it, NUL-terminated */
	size_t size;		/* bytes in text without the NUL (may contain NULs) */
	size_t at, len;		/* where it stood in the input, quotes included */
	/* quotes or escapes were inside: '-' or a digit then is no shorthand */
	bool quoted;
};

/* Reads up to, not including, the first unprotected byte out of stops (or the
 * end, or "!!").  Writes the unquoted text to *to, advances *to behind its NUL; a piece
 * never grows, so input length + number of pieces is always room enough.  PHASE_USAGE
 * with a caret for an unbalanced quote, a trailing backslash, or too deep a nesting. */
enum io lex_piece(struct lex *l, const char *stops, char **to, struct piece *out,
		  struct fail *f);

/* True and advanced if the next byte is c. */
bool lex_skip(struct lex *l, char c);

/* At an unprotected "!!", which separates the halves of a dual address. */
bool lex_at_dual(const struct lex *l);

#endif
