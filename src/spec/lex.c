/* Splitting one word of the command line with socat's quoting rules. */
#include "spec/lex.h"

#include <string.h>

static const char openers[] = "([{", closers[] = ")]}";

/* Far more than anybody nests, and far less than the stack has room for. */
enum { DEPTH_MAX = 64 };

bool lex_skip(struct lex *l, char c)
{
	if (l->at >= l->end || l->input[l->at] != c)
		return false;
	l->at++;
	return true;
}

bool lex_at_dual(const struct lex *l)
{
	return l->at + 1 < l->end && l->input[l->at] == '!' && l->input[l->at + 1] == '!';
}

static void put(char **to, char c)
{
	*(*to)++ = c;
}

static char escaped(char c)
{
	static const char names[] = "0abfnrtv", bytes[] = "\0\a\b\f\n\r\t\v";
	const char *at = c ? strchr(names, c) : NULL;

	return at ? bytes[at - names] : c;
}

static enum io take_escape(struct lex *l, char **to, struct fail *f)
{
	if (l->at + 1 >= l->end)
		return fail_at(
			f, l->input, l->at, 1,
			"a backslash at the end escapes nothing (write \\\\ for a backslash)");
	put(to, escaped(l->input[l->at + 1]));
	l->at += 2;
	return IO_OK;
}

static enum io take_protected(struct lex *l, char **to, bool keep, struct fail *f);

/* Everything up to the closing byte; nested says whether quotes and brackets
 * inside count (they do, except between hard quotes). */
static enum io take_until(struct lex *l, char **to, char close, bool nested,
			  struct fail *f)
{
	while (l->at < l->end && l->input[l->at] != close) {
		char c = l->input[l->at];
		enum io r = IO_OK;

		if (c == '\\') {
			r = take_escape(l, to, f);
		} else if (nested && strchr("'\"([{", c)) {
			r = take_protected(l, to, true, f);
		} else {
			put(to, c);
			l->at++;
		}
		if (r != IO_OK)
			return r;
	}
	return IO_OK;
}

/* One quoted or bracketed stretch.  keep: its delimiters stay in the text, as
 * they do inside another stretch. */
static enum io take_protected(struct lex *l, char **to, bool keep, struct fail *f)
{
	size_t start = l->at++;
	char open = l->input[start];
	const char *bracket = strchr(openers, open);
	char close = bracket ? closers[bracket - openers] : open;

	keep |= bracket != NULL;
	if (keep)
		put(to, open);
	if (l->depth == DEPTH_MAX)
		return fail_at(f, l->input, start, 1,
			       "quotes and brackets are nested too deeply here");
	l->depth++;
	if (take_until(l, to, close, open != '\'', f) != IO_OK)
		return IO_FAIL;
	l->depth--;
	if (!lex_skip(l, close)) {
		/* an open bracket protects to the end; an open quote is a slip */
		if (bracket)
			return IO_OK;
		return fail_at(
			f, l->input, start, 1,
			"this quote is never closed (a quote itself is written \\%c)",
			open);
	}
	if (keep)
		put(to, close);
	return IO_OK;
}

enum io lex_piece(struct lex *l, const char *stops, char **to, struct piece *out,
		  struct fail *f)
{
	*out = (struct piece){ .text = *to, .at = l->at };
	while (l->at < l->end && !lex_at_dual(l)) {
		char c = l->input[l->at];
		enum io r = IO_OK;

		if (strchr(stops, c))
			break;
		if (c == '\\') {
			out->quoted = true;
			r = take_escape(l, to, f);
		} else if (strchr("'\"([{", c)) {
			out->quoted |= c == '\'' || c == '"';
			r = take_protected(l, to, false, f);
		} else {
			put(to, c);
			l->at++;
		}
		if (r != IO_OK)
			return r;
	}
	out->size = (size_t)(*to - out->text);
	out->len = l->at - out->at;
	put(to, '\0');
	return IO_OK;
}
