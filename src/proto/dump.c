/* Traffic made readable. */
#include "proto/dump.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Bytes of a row. */
enum { NARROWEST = 4, GROUP = 8, USUAL = 16, WIDEST = 32 };

enum {
	HEAD_ROOM = 256, /* a head without who */
	ROW_ROOM = 256,	 /* the longest row, colours included */
	ESCAPE_ROOM = 4, /* "\x00" */
	BYTE_ROOM = 64,	 /* what one byte costs at worst: a row of its own */
};

size_t dump_room(const char *who, size_t len)
{
	const size_t head = HEAD_ROOM + ROW_ROOM + (who ? strlen(who) : 0);

	return len > (SIZE_MAX - head) / BYTE_ROOM ? SIZE_MAX : head + len * BYTE_ROOM;
}

/* ---- pieces ------------------------------------------------------------------------
 * Each puts its text at `to`, where there is room, and answers where it ends. */

static char *put(char *to, const char *text)
{
	const size_t n = strlen(text);

	memcpy(to, text, n);
	return to + n;
}

static char *put_blanks(char *to, size_t n)
{
	memset(to, ' ', n);
	return to + n;
}

/* " 68 65 6c".  A look-up for each byte, moved with the start of its neighbour, because
 * four bytes go at once and three do not: it may spoil the byte behind.  Unrolled it
 * takes half the time. */
static char *put_hex(char *to, const unsigned char *s, size_t n)
{
#define ROW(h)                                                     \
	" " h "0 " h "1 " h "2 " h "3 " h "4 " h "5 " h "6 " h "7" \
	" " h "8 " h "9 " h "a " h "b " h "c " h "d " h "e " h "f"
	static const char all[] = ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5")
		ROW("6") ROW("7") ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d")
			ROW("e") ROW("f");
#undef ROW
	static_assert(sizeof(all) == 256 * 3 + 1, "the NUL is the last one's neighbour");

#pragma GCC unroll 4
	for (size_t i = 0; i < n; i++, to += 3)
		memcpy(to, all + 3 * s[i], 4);
	return to;
}

static char dot(unsigned char c)
{
	return c >= ' ' && c <= '~' ? (char)c : '.';
}

static char *put_dots(char *to, const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = dot(s[i]);
	return to + n;
}

/* What was written from buf_room() up to `end` is now part of the buffer. */
static bool keep(struct buf *out, const char *end)
{
	out->len = (size_t)((const unsigned char *)end - out->data);
	return true;
}

/* ---- socat's formats --------------------------------------------------------------- */

static bool socat_head(struct buf *out, const struct dump_mark *m, size_t len)
{
	return buf_format(out, "%c %s  length=%zu from=%" PRIu64 " to=%" PRIu64 "\n",
			  m->arrow, m->stamp, len, m->offset,
			  m->offset + (len ? len - 1 : 0));
}

/* One byte as -v shows it; to has room for two. */
static char *put_text_byte(char *to, unsigned char c)
{
	static const char names['\r' + 1] = {
		['\a'] = 'a', ['\b'] = 'b', ['\v'] = 'v', ['\f'] = 'f', ['\r'] = 'r',
	};

	if (c == '\\' || (c <= '\r' && names[c])) {
		*to++ = '\\';
		*to++ = c == '\\' ? '\\' : names[c];
	} else {
		*to++ = c == '\n' || c == '\t' ? (char)c : dot(c);
	}
	return to;
}

static bool text_block(struct buf *out, const unsigned char *s, size_t len)
{
	char *to = (char *)buf_room(out, len * 2);

	if (!to)
		return false;
	for (size_t i = 0; i < len; i++)
		to = put_text_byte(to, s[i]);
	return keep(out, to);
}

static bool hex_block(struct buf *out, const unsigned char *s, size_t len)
{
	char *to = (char *)buf_room(out, len * 3 + 1);

	if (!to)
		return false;
	to = put_hex(to, s, len);
	*to++ = '\n';
	return keep(out, to);
}

static bool both_row(struct buf *out, const unsigned char *s, size_t n)
{
	char *to = (char *)buf_room(out, ROW_ROOM);

	if (!to)
		return false;
	to = put_hex(to, s, n);
	to = put_blanks(to, (USUAL - n) * 3 + 2);
	to = put_dots(to, s, n);
	*to++ = '\n';
	return keep(out, to);
}

/* Bytes up to the first NL, but no more than max. */
static size_t line_length(const unsigned char *s, size_t max)
{
	const unsigned char *nl = memchr(s, '\n', max);

	return nl ? (size_t)(nl - s) + 1 : max;
}

static bool both_block(struct buf *out, const unsigned char *s, size_t len)
{
	while (len) {
		size_t n = line_length(s, len < USUAL ? len : USUAL);

		if (!both_row(out, s, n))
			return false;
		s += n;
		len -= n;
	}
	return buf_add(out, "--\n", 3);
}

bool dump_socat(struct buf *out, const struct dump_mark *m, bool text, bool hex,
		const void *data, size_t len)
{
	if (!socat_head(out, m, len))
		return false;
	if (text && hex)
		return both_block(out, data, len);
	return hex ? hex_block(out, data, len) : text_block(out, data, len);
}

/* ---- our own head ------------------------------------------------------------------ */

static const char *colour_on(const struct dump_mark *m)
{
	if (!m->colour)
		return "";
	return m->arrow == '>' ? "\033[36m" : "\033[33m";
}

static const char *colour_off(const struct dump_mark *m)
{
	return m->colour ? "\033[0m" : "";
}

bool dump_note(struct buf *out, const struct dump_mark *m, const char *what)
{
	char session[16] = "";

	if (m->session)
		snprintf(session, sizeof(session), "#%u  ", m->session);
	return buf_format(out, "%s%c %s  %s%s%s%s%s\n", colour_on(m), m->arrow, m->stamp,
			  session, what, m->who ? "  " : "", m->who ? m->who : "",
			  colour_off(m));
}

static bool own_head(struct buf *out, const struct dump_mark *m, size_t len)
{
	char what[40];

	snprintf(what, sizeof(what), "%zu byte%s", len, len == 1 ? "" : "s");
	return dump_note(out, m, what);
}

static char *put_arrow(char *to, const struct dump_mark *m)
{
	to = put(to, colour_on(m));
	*to++ = m->arrow;
	to = put(to, colour_off(m));
	*to++ = ' ';
	return to;
}

/* ---- the classic one --------------------------------------------------------------- */

/* How the rows of one block look. */
struct shape {
	const struct dump_mark *mark; /* ref */
	size_t bytes;		      /* in a full row */
	unsigned digits;	      /* of the offset */
};

/* Arrow, offset, hex with its gaps, and the characters between bars. */
static size_t row_columns(size_t bytes, unsigned digits)
{
	return 2 + digits + 1 + 3 * bytes + (bytes - 1) / GROUP + 3 + bytes + 1;
}

static bool fits(const struct shape *w)
{
	if (!w->mark->columns)
		return w->bytes <= USUAL;
	return row_columns(w->bytes, w->digits) <= w->mark->columns;
}

static struct shape shape_for(const struct dump_mark *m, size_t len)
{
	struct shape w = { .mark = m, .bytes = WIDEST, .digits = 8 };

	while (w.digits < 16 && (m->offset + len) >> 4 * w.digits)
		w.digits++;
	while (w.bytes > NARROWEST && !fits(&w))
		w.bytes /= 2;
	return w;
}

static char *put_offset(char *to, uint64_t offset, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--, offset >>= 4)
		to[i - 1] = "0123456789abcdef"[offset & 15];
	return to + digits;
}

/* n bytes where there is room for `full`. */
static char *put_groups(char *to, const unsigned char *s, size_t n, size_t full)
{
	for (size_t i = 0; i < full; i += GROUP) {
		size_t group = full < GROUP ? full : GROUP;
		size_t here = n < i ? 0 : n - i < group ? n - i : group;

		if (i)
			*to++ = ' ';
		to = put_hex(to, s + i, here);
		to = put_blanks(to, (group - here) * 3);
	}
	return to;
}

static bool classic_row(struct buf *out, const struct shape *w, uint64_t offset,
			const unsigned char *s, size_t n)
{
	char *to = (char *)buf_room(out, ROW_ROOM);

	if (!to)
		return false;
	to = put_arrow(to, w->mark);
	to = put_offset(to, offset, w->digits);
	*to++ = ' ';
	to = put_groups(to, s, n, w->bytes);
	to = put(to, "  |");
	to = put(to, colour_on(w->mark));
	to = put_dots(to, s, n);
	to = put(to, colour_off(w->mark));
	to = put(to, "|\n");
	return keep(out, to);
}

bool dump_classic(struct buf *out, const struct dump_mark *m, const void *data,
		  size_t len)
{
	const struct shape w = shape_for(m, len);
	const unsigned char *s = data;

	if (!own_head(out, m, len))
		return false;
	for (size_t i = 0; i < len; i += w.bytes)
		if (!classic_row(out, &w, m->offset + i, s + i,
				 len - i < w.bytes ? len - i : w.bytes))
			return false;
	return true;
}

/* ---- line by line ------------------------------------------------------------------ */

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c <= '~' && c != '\\';
}

/* Length of the character at s if it may stand as it is, else 0. */
static size_t plain(const unsigned char *s, size_t len)
{
	if (*s <= '~')
		return is_plain(*s);
	return text_printable(s, len);
}

static size_t plain_length(const unsigned char *s, size_t len)
{
	size_t n = 0, one = 1;

	while (n < len && one) {
		while (n < len && is_plain(s[n]))
			n++;
		one = n < len ? plain(s + n, len - n) : 0;
		n += one;
	}
	return n;
}

static size_t odd_length(const unsigned char *s, size_t len)
{
	size_t n = 0;

	while (n < len && !plain(s + n, len - n))
		n++;
	return n;
}

static char *put_escape(char *to, unsigned char c)
{
	switch (c) {
	case '\n':
		return put(to, "\\n");
	case '\r':
		return put(to, "\\r");
	case '\t':
		return put(to, "\\t");
	case '\\':
		return put(to, "\\\\");
	}
	to[0] = '\\';
	put_hex(to + 1, &c, 1);
	to[1] = 'x';
	return to + ESCAPE_ROOM;
}

/* In colour, so that they differ from what only looks like them. */
static bool escapes(struct buf *out, const struct dump_mark *m, const unsigned char *s,
		    size_t n)
{
	char *to = (char *)buf_room(out, n * ESCAPE_ROOM + ROW_ROOM);

	if (!to)
		return false;
	to = put(to, colour_on(m));
	for (size_t i = 0; i < n; i++)
		to = put_escape(to, s[i]);
	to = put(to, colour_off(m));
	return keep(out, to);
}

static bool line(struct buf *out, const struct dump_mark *m, const unsigned char *s,
		 size_t len)
{
	char arrow[ROW_ROOM];

	if (!buf_add(out, arrow, (size_t)(put_arrow(arrow, m) - arrow)))
		return false;
	while (len) {
		size_t n = plain_length(s, len), odd = odd_length(s + n, len - n);

		if (!buf_add(out, s, n) || (odd && !escapes(out, m, s + n, odd)))
			return false;
		s += n + odd;
		len -= n + odd;
	}
	return buf_add(out, "\n", 1);
}

bool dump_lines(struct buf *out, const struct dump_mark *m, const void *data, size_t len)
{
	const unsigned char *s = data;

	if (!own_head(out, m, len))
		return false;
	while (len) {
		size_t n = line_length(s, len);

		if (!line(out, m, s, n))
			return false;
		s += n;
		len -= n;
	}
	return true;
}
