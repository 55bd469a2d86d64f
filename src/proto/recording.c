/* Recorded conversations: as text, and back. */
#include "proto/recording.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static const char hex[] = "0123456789abcdef";

/* ---- writing ----------------------------------------------------------------- */

enum {
	HEX_WIDTH = 32,		/* bytes of a line in hexadecimal */
	TEXT_WIDTH = 64,	/* columns of a line of text, and an escape more */
	HEAD = 80,		/* what stands in front of the first piece, at most */
	WORST = 8,		/* what becomes of one byte: a line of its own */
};

static const char letters[] = "\nn\rr\tt\\\\\"\"";

/* The letter that stands for the byte behind a backslash, or 0. */
static char letter_of(unsigned char c)
{
	for (const char *p = letters; *p; p += 2)
		if ((unsigned char)*p == c)
			return p[1];
	return 0;
}

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f;
}

/* One byte in eight may look odd. */
static bool is_text(const unsigned char *data, size_t len)
{
	size_t odd = 0;

	for (size_t i = 0; i < len; i++)
		odd += !is_plain(data[i]) && !letter_of(data[i]);
	return odd <= len / 8;
}

static bool put_byte(struct buf *out, unsigned char c)
{
	const char letter = letter_of(c);

	if (letter)
		return buf_add(out, (const char[]){ '\\', letter }, 2);
	if (is_plain(c))
		return buf_add(out, &c, 1);
	return buf_add(out, (const char[]){ '\\', 'x', hex[c >> 4], hex[c & 15] }, 4);
}

/* As much as belongs into one line: no more than is easily read, nor than one line. */
static size_t put_text_line(struct buf *out, const unsigned char *data, size_t len)
{
	const size_t full = out->len + TEXT_WIDTH;
	size_t i = 0;
	bool ok = buf_add(out, "\"", 1);

	while (ok && i < len && out->len < full) {
		ok = put_byte(out, data[i++]);
		if (data[i - 1] == '\n')
			break;
	}
	return ok && buf_add(out, "\"\n", 2) ? i : 0;
}

static size_t put_hex_line(struct buf *out, const unsigned char *data, size_t len)
{
	const size_t n = len < HEX_WIDTH ? len : HEX_WIDTH;
	bool ok = buf_add(out, "x", 1);

	for (size_t i = 0; ok && i < n; i++)
		ok = buf_add(out,
			     (const char[]){ hex[data[i] >> 4], hex[data[i] & 15] }, 2);
	return ok && buf_add(out, "\n", 1) ? n : 0;
}

static bool put_pieces(struct buf *out, const unsigned char *data, size_t len)
{
	const bool text = is_text(data, len);

	while (len) {
		size_t n = text ? put_text_line(out, data, len)
				: put_hex_line(out, data, len);

		if (!n || (n < len && !buf_add(out, "\t", 1)))
			return false;
		data += n;
		len -= n;
	}
	return true;
}

size_t recording_room(size_t len)
{
	return HEAD + WORST * len;
}

bool recording_put(struct buf *out, const struct block *b, const void *data)
{
	if (!buf_format(out, "%u: %llu.%06llu %c ", b->session,
			(unsigned long long)(b->usec / 1000000),
			(unsigned long long)(b->usec % 1000000), b->server ? '<' : '>'))
		return false;
	if (b->end)
		return buf_format(out, "end\n");
	return b->len ? put_pieces(out, data, b->len) : buf_format(out, "\"\"\n");
}

/* ---- reading: one line ------------------------------------------------------- */

/* What is left of a line. */
struct rest {
	const char *s;
	size_t len, at;
};

static int peek(const struct rest *t)
{
	return t->at < t->len ? (unsigned char)t->s[t->at] : -1;
}

static bool is_blank(const struct rest *t)
{
	return peek(t) == ' ' || peek(t) == '\t' || peek(t) == '\r';
}

static void skip_blanks(struct rest *t)
{
	while (is_blank(t))
		t->at++;
}

static bool at_end(const struct rest *t)
{
	return peek(t) < 0 || peek(t) == '#';
}

static bool is_piece(const struct rest *t)
{
	return peek(t) == '"' || peek(t) == 'x';
}

static bool is_arrow(const struct rest *t)
{
	return peek(t) == '<' || peek(t) == '>';
}

static bool wrong(struct recording *r, size_t at, const char *why)
{
	r->wrong = why;
	r->column = at + 1;
	return false;
}

static int digit(int c)
{
	const char lower = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
	const char *p = c > 0 ? strchr(hex, lower) : NULL;

	return p ? (int)(p - hex) : -1;
}

/* Two hexadecimal digits, or -1. */
static int read_pair(struct rest *t)
{
	const int high = digit(peek(t));
	int low;

	if (high < 0)
		return -1;
	t->at++;
	low = digit(peek(t));
	if (low < 0)
		return -1;
	t->at++;
	return high << 4 | low;
}

/* What stands behind a backslash; -1: nothing that has a meaning. */
static int read_escape(struct rest *t)
{
	const int c = peek(t);

	if (c >= 0)
		t->at++;
	if (c == 'x')
		return read_pair(t);
	for (const char *p = letters; *p; p += 2)
		if (p[1] == c)
			return (unsigned char)*p;
	return -1;
}

static bool say(struct recording *r, int c)
{
	r->block[r->n - 1].len++;
	return buf_add(&r->bytes, &(unsigned char){ (unsigned char)c }, 1);
}

static bool read_text(struct recording *r, struct rest *t)
{
	const size_t begin = t->at++;

	while (peek(t) != '"') {
		const size_t at = t->at++;
		int c;

		if (at == t->len)
			return wrong(r, begin, "this quote is never closed; a text ends "
					       "in its line, and the next line may "
					       "begin with another");
		c = (unsigned char)t->s[at];
		if (c == '\\')
			c = read_escape(t);
		if (c < 0)
			return wrong(r, at, "a backslash stands before n r t \\ \", or "
					    "before x and two hexadecimal digits; for "
					    "one of its own write two");
		if (!say(r, c))
			return false;
	}
	t->at++;
	return true;
}

static bool read_hex(struct recording *r, struct rest *t)
{
	const size_t begin = t->at++;

	do {
		const int c = read_pair(t);

		if (c < 0)
			return wrong(r, begin, "behind x stand pairs of hexadecimal "
					       "digits, as in x00ff; text stands in "
					       "double quotes");
		if (!say(r, c))
			return false;
	} while (!at_end(t) && !is_blank(t));
	return true;
}

/* The pieces, as far as the line goes. */
static bool read_pieces(struct recording *r, struct rest *t)
{
	for (skip_blanks(t); !at_end(t); skip_blanks(t)) {
		if (!is_piece(t))
			return wrong(r, t->at, "here a piece should stand: \"text\" in "
					       "double quotes, or x00ff, or a # before "
					       "a comment");
		if (!(peek(t) == '"' ? read_text(r, t) : read_hex(r, t)))
			return false;
	}
	return true;
}

/* Length of the word at the rest's place. */
static size_t word(const struct rest *t)
{
	size_t n = 0;

	while (t->at + n < t->len && !strchr(" \t\r#<>:", t->s[t->at + n]))
		n++;
	return n;
}

static bool read_session(struct recording *r, struct rest *t, struct block *b)
{
	const size_t n = word(t);
	long long number;

	if (t->at + n >= t->len || t->s[t->at + n] != ':')
		return true;
	if (!text_number(t->s + t->at, n, 1, UINT32_MAX, &number, NULL))
		return wrong(r, t->at, "before a colon stands the number of the session, "
				       "from 1 up");
	b->session = (unsigned)number;
	t->at += n + 1;
	skip_blanks(t);
	return true;
}

static bool read_time(struct recording *r, struct rest *t, struct block *b)
{
	const uint64_t most = 100ull * 24 * 3600 * 1000000;
	const size_t at = t->at;
	size_t n;

	if (is_arrow(t))
		return true;
	b->later = peek(t) == '+';
	t->at += b->later;
	n = word(t);
	if (!n || !text_duration(t->s + t->at, n, &b->usec))
		return wrong(r, at, "a line begins with > or <, in front of which a time "
				    "may stand like 0.5 or +250ms, and a session like "
				    "2:; or it goes on with \"text\" or x00ff");
	if (b->usec > most)
		return wrong(r, at, "a time is 100 days at most");
	t->at += n;
	skip_blanks(t);
	return true;
}

static bool add_block(struct recording *r, const struct block *b)
{
	if (r->n == r->cap) {
		const size_t cap = r->cap ? 2 * r->cap : 16;
		struct block *all = mem_resize(r->block, cap, sizeof(*all));

		if (!all)
			return false;
		r->block = all;
		r->cap = cap;
	}
	r->block[r->n++] = *b;
	return true;
}

static bool read_said(struct recording *r, struct rest *t)
{
	const size_t n = word(t), at = t->at;

	if (at_end(t))
		return wrong(r, at, "what was said is missing: \"text\", x00ff or end");
	if (n != 3 || strncmp(t->s + at, "end", n) != 0)
		return read_pieces(r, t);
	r->block[r->n - 1].end = true;
	t->at += n;
	skip_blanks(t);
	return at_end(t) || wrong(r, t->at, "end stands alone");
}

static bool read_block(struct recording *r, struct rest *t)
{
	struct block b = { .session = 1, .later = true, .at = r->bytes.len,
			   .line = r->lines };

	if (!read_session(r, t, &b) || !read_time(r, t, &b))
		return false;
	if (!is_arrow(t))
		return wrong(r, t->at, "here > (from the client) or < (from the server) "
				       "should stand");
	b.server = t->s[t->at++] == '<';
	skip_blanks(t);
	return add_block(r, &b) && read_said(r, t);
}

static bool read_line(struct recording *r, const char *s, size_t len)
{
	struct rest t = { .s = s, .len = len };

	r->lines++;
	skip_blanks(&t);
	if (at_end(&t))
		return true;
	if (!is_piece(&t))
		return read_block(r, &t);
	if (!r->n || r->block[r->n - 1].end)
		return wrong(r, t.at, "who says this? > stands before what comes from "
				      "the client, < before what comes from the server");
	return read_pieces(r, &t);
}

/* ---- reading: all ------------------------------------------------------------ */

void recording_init(struct recording *r, size_t max)
{
	*r = (struct recording){ .lines = 0 };
	buf_init(&r->bytes, max);
	buf_init(&r->line, max);
}

bool recording_add(struct recording *r, const void *text, size_t len)
{
	const char *s = text, *newline;

	while (len && (newline = memchr(s, '\n', len))) {
		const size_t n = (size_t)(newline - s);

		if (!buf_add(&r->line, s, n) ||
		    !read_line(r, (const char *)r->line.data, r->line.len))
			return false;
		r->line.len = 0;
		s += n + 1;
		len -= n + 1;
	}
	return buf_add(&r->line, s, len);
}

bool recording_end(struct recording *r)
{
	const bool ok = !r->line.len ||
			read_line(r, (const char *)r->line.data, r->line.len);

	buf_free(&r->line);
	return ok;
}

bool recording_keep(struct recording *r, unsigned session)
{
	bool ended[2] = { false, false };
	uint64_t now = 0;
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct block b = r->block[i];

		if (!session)
			session = b.session;
		if (b.session != session)
			continue;
		if (b.later)
			now += b.usec;
		else if (b.usec > now)
			now = b.usec;
		b.usec = now;
		b.later = false;
		r->lines = b.line;
		if (ended[b.server])
			return wrong(r, 0, "who has said end says no more");
		ended[b.server] = b.end;
		r->block[n++] = b;
	}
	r->n = n;
	return true;
}

void recording_free(struct recording *r)
{
	buf_free(&r->bytes);
	buf_free(&r->line);
	mem_free(r->block);
	r->block = NULL;
	r->n = r->cap = 0;
}
