/* Splitting the command line of exec into words. */
#include "spec/words.h"

#include <string.h>

#include "base/mem.h"
#include "spec/lex.h"

/* One word.  "!!" has no meaning here, though it ends a piece elsewhere. */
static enum io take_word(struct lex *l, char **to, char **word, struct fail *f)
{
	struct piece piece;

	*word = *to;
	while (lex_piece(l, " ", to, &piece, f) == IO_OK) {
		if (!lex_at_dual(l))
			return IO_OK;
		memcpy(*to - 1, "!!", 2);
		*to += 1;
		l->at += 2;
	}
	return IO_FAIL;
}

enum io words_split(struct words *w, const char *command, struct fail *f)
{
	size_t len = strlen(command);
	struct lex l = { .input = command, .end = len };
	char *to;

	*w = (struct words){
		.word = mem_new(len + 2, sizeof(*w->word)),
		.text = mem_new(2 * len + 2, 1),
	};
	if (!w->word || !w->text)
		return fail_memory(f);
	for (to = w->text;;) {
		while (lex_skip(&l, ' '))
			;
		if (l.at == l.end)
			return IO_OK;
		if (take_word(&l, &to, &w->word[w->n], f) != IO_OK)
			return IO_FAIL;
		w->n++;
	}
}

void words_free(struct words *w)
{
	mem_free(w->word);
	mem_free(w->text);
	*w = (struct words){ 0 };
}

/* The end of the quoted stretch that starts at s, or NULL. */
static const char *quote_end(const char *s, const char *end)
{
	char quote = *s;

	for (s++; s < end; s++) {
		if (*s == '\\')
			s++;
		else if (*s == quote)
			return s;
	}
	return NULL;
}

bool words_lost_quotes(const struct part *p)
{
	const char *start = p->spec->input + p->arg_at[0], *end = start + p->arg_len[0];

	for (const char *s = start; s < end; s++) {
		const char *close;

		if (*s == '\\') {
			s++;
			continue;
		}
		if (*s != '"' && *s != '\'')
			continue;
		close = quote_end(s, end);
		if (!close)
			return false;
		if (memchr(s, ' ', (size_t)(close - s)) &&
		    !(s == start && close == end - 1))
			return true;
		s = close;
	}
	return false;
}
