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
	ARROW_ROOM = 16, /* an arrow in its colour, and a blank */
	ESCAPE_ROOM = 4, /* "\x00" */
	TINTED_ROOM = 16, /* the same with its colour, on and off */
	BYTE_ROOM = 64,	 /* what one byte costs at worst: a row of its own */
	STRETCH = 1024,	 /* bytes that room is made for at once */
};

size_t dump_room(const char *who, size_t len)
{
	const size_t head = HEAD_ROOM + ROW_ROOM + (who ? strlen(who) : 0);

	return len > (SIZE_MAX - head) / BYTE_ROOM ? SIZE_MAX : head + len * BYTE_ROOM;
}

/* ---- tables ------------------------------------------------------------------------
 * What a byte looks like is looked up: with data of all kinds no branch could be
 * foretold, and one that was foretold wrongly costs as much as ten bytes. */

#define TIMES4(s) s s s s
#define TIMES16(s) TIMES4(s) TIMES4(s) TIMES4(s) TIMES4(s)
#define TIMES32(s) TIMES16(s) TIMES16(s)
#define BEYOND_ASCII(s) s TIMES32(s) TIMES32(s) TIMES32(s) TIMES32(s) /* and DEL */
#define PRINTABLE                           \
	" !\"#$%&'()*+,-./0123456789:;<=>?" \
	"@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_" \
	"`abcdefghijklmnopqrstuvwxyz{|}~"
#define ROW(h)                                                                          \
	" " h "0", " " h "1", " " h "2", " " h "3", " " h "4", " " h "5", " " h "6",    \
	" " h "7", " " h "8", " " h "9", " " h "a", " " h "b", " " h "c", " " h "d",    \
	" " h "e", " " h "f"

/* " 68" for each byte.  Of four bytes each, as the processor finds those without
 * multiplying. */
static const char in_hex[256][4] = {
	ROW("0"), ROW("1"), ROW("2"), ROW("3"), ROW("4"), ROW("5"), ROW("6"), ROW("7"),
	ROW("8"), ROW("9"), ROW("a"), ROW("b"), ROW("c"), ROW("d"), ROW("e"), ROW("f"),
};

/* Beside the hex. */
static const char as_dot[] = TIMES32(".") PRINTABLE BEYOND_ASCII(".");

/* -v: the first character; and the second, if there is one. */
static const char as_text[] = "......." "\\\\\t\n\\\\\\" ".." TIMES16(".")
	PRINTABLE BEYOND_ASCII(".");
static const char text_second[256] = {
	['\a'] = 'a', ['\b'] = 'b', ['\v'] = 'v', ['\f'] = 'f', ['\r'] = 'r',
	['\\'] = '\\',
};

/* --text: "a   ", "\n  " or "\x00", and how much of that counts. */
#define HEX_ROW(h)                                                                 \
	"\\x" h "0\\x" h "1\\x" h "2\\x" h "3\\x" h "4\\x" h "5\\x" h "6\\x" h "7" \
	"\\x" h "8\\x" h "9\\x" h "a\\x" h "b\\x" h "c\\x" h "d\\x" h "e\\x" h "f"
static const char in_line[] =
	"\\x00\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\t  \\n  \\x0b\\x0c\\r  \\x0e\\x0f"
	HEX_ROW("1")
	"    !   \"   #   $   %   &   '   (   )   *   +   ,   -   .   /   "
	"0   1   2   3   4   5   6   7   8   9   :   ;   <   =   >   ?   "
	"@   A   B   C   D   E   F   G   H   I   J   K   L   M   N   O   "
	"P   Q   R   S   T   U   V   W   X   Y   Z   [   \\\\  ]   ^   _   "
	"`   a   b   c   d   e   f   g   h   i   j   k   l   m   n   o   "
	"p   q   r   s   t   u   v   w   x   y   z   {   |   }   ~   "
	"\\x7f" HEX_ROW("8") HEX_ROW("9") HEX_ROW("a") HEX_ROW("b")
	HEX_ROW("c") HEX_ROW("d") HEX_ROW("e") HEX_ROW("f");
static const char line_width[] = "\4\4\4\4\4\4\4\4\4\2\2\4\4\2\4\4" TIMES16("\4")
	TIMES32("\1") TIMES16("\1")
	"\1\1\1\1\1\1\1\1\1\1\1\1\2\1\1\1" TIMES16("\1")
	"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1" BEYOND_ASCII("\4");

static_assert(sizeof(as_dot) == 256 + 1, "one for each byte");
static_assert(sizeof(as_text) == 256 + 1, "one for each byte");
static_assert(sizeof(in_line) == 256 * 4 + 1, "four for each byte");
static_assert(sizeof(line_width) == 256 + 1, "one for each byte");

/* ---- pieces ------------------------------------------------------------------------
 * Each puts its text at `to`, where there is room, and answers where it ends.  What is
 * done for each byte writes the most that one has: it may spoil what is behind. */

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

/* " 68 65 6c".  Four bytes are stored at once, three are not. */
static inline char *put_hex(char *to, const unsigned char *s, size_t n)
{
	for (; n >= GROUP; n -= GROUP, s += GROUP, to += 3 * GROUP) {
#pragma GCC unroll 8
		for (size_t i = 0; i < GROUP; i++)
			memcpy(to + 3 * i, in_hex[s[i]], sizeof(in_hex[0]));
	}
	for (size_t i = 0; i < n; i++, to += 3)
		memcpy(to, in_hex[s[i]], sizeof(in_hex[0]));
	return to;
}

static void put_digits(char to[2], unsigned char c)
{
	memcpy(to, in_hex[c] + 1, 2);
}

static inline char *put_dots(char *to, const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = as_dot[s[i]];
	return to + n;
}

/* Where text for so many bytes may be put. */
static char *room_for(struct buf *out, size_t bytes)
{
	return (char *)buf_room(out, bytes * BYTE_ROOM + ROW_ROOM);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
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

/* One byte as -v shows it. */
static inline char *put_text_byte(char *to, unsigned char c)
{
	to[0] = as_text[c];
	to[1] = text_second[c];
	return to + 1 + (text_second[c] != 0);
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

static inline char *put_both_row(char *to, const unsigned char *s, size_t n)
{
	to = put_hex(to, s, n);
	to = put_blanks(to, (USUAL - n) * 3 + 2);
	to = put_dots(to, s, n);
	*to++ = '\n';
	return to;
}

/* Bytes up to the first NL, but no more than max. */
static size_t line_length(const unsigned char *s, size_t max)
{
	const unsigned char *nl = memchr(s, '\n', max);

	return nl ? (size_t)(nl - s) + 1 : max;
}

/* The rows of a stretch; so many bytes of it as whole rows have. */
static size_t put_both(char **to, const unsigned char *s, size_t len)
{
	size_t done = 0;

	while (done + USUAL <= STRETCH && done < len) {
		const size_t n = line_length(s + done, least(len - done, USUAL));

		*to = n == USUAL ? put_both_row(*to, s + done, USUAL)
				 : put_both_row(*to, s + done, n);
		done += n;
	}
	return done;
}

static bool both_block(struct buf *out, const unsigned char *s, size_t len)
{
	while (len) {
		char *to = room_for(out, least(len, STRETCH));
		size_t n;

		if (!to)
			return false;
		n = put_both(&to, s, len);
		keep(out, to);
		s += n;
		len -= n;
	}
	return buf_add(out, "--\n", 3);
}

/* [hex][text].  As a table, not as branches, because a compiler that makes one function
 * of the three has too few registers for their loops. */
static bool (*const blocks[2][2])(struct buf *out, const unsigned char *s, size_t len) = {
	{ text_block, text_block },
	{ hex_block, both_block },
};

bool dump_socat(struct buf *out, const struct dump_mark *m, bool text, bool hex,
		const void *data, size_t len)
{
	return socat_head(out, m, len) && blocks[hex][text](out, data, len);
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
	char arrow[ARROW_ROOM];	      /* the first `narrow` bytes */
	size_t narrow;
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
	w.narrow = (size_t)(put_arrow(w.arrow, m) - w.arrow);
	return w;
}

static inline char *put_offset(char *to, uint64_t offset, unsigned digits)
{
	unsigned i = digits;

	for (; i >= 2; i -= 2, offset >>= 8)
		put_digits(to + i - 2, (unsigned char)offset);
	if (i)
		*to = "0123456789abcdef"[offset & 15];
	return to + digits;
}

/* n bytes where there is room for `full`. */
static inline char *put_groups(char *to, const unsigned char *s, size_t n, size_t full)
{
	for (size_t i = 0; i < full; i += GROUP) {
		const size_t group = least(full, GROUP);
		const size_t here = n < i ? 0 : least(n - i, group);

		if (i)
			*to++ = ' ';
		to = put_hex(to, s + i, here);
		to = put_blanks(to, (group - here) * 3);
	}
	return to;
}

static inline char *put_row(char *to, const struct shape *w, uint64_t offset,
			    const unsigned char *s, size_t n, size_t full)
{
	memcpy(to, w->arrow, ARROW_ROOM);
	to = put_offset(to + w->narrow, offset, w->digits);
	*to++ = ' ';
	to = put_groups(to, s, n, full);
	to = put(to, "  |");
	to = put(to, colour_on(w->mark));
	to = put_dots(to, s, n);
	to = put(to, colour_off(w->mark));
	return put(to, "|\n");
}

/* Most rows are full and of the usual width: those have sizes the compiler knows. */
static char *put_rows(char *to, const struct shape *w, uint64_t offset,
		      const unsigned char *s, size_t len)
{
	for (size_t i = 0; i < len; i += w->bytes) {
		const size_t n = least(len - i, w->bytes);

		to = n == USUAL && w->bytes == USUAL
			     ? put_row(to, w, offset + i, s + i, USUAL, USUAL)
			     : put_row(to, w, offset + i, s + i, n, w->bytes);
	}
	return to;
}

bool dump_classic(struct buf *out, const struct dump_mark *m, const void *data,
		  size_t len)
{
	const struct shape w = shape_for(m, len);
	const unsigned char *s = data;

	if (!own_head(out, m, len))
		return false;
	for (size_t i = 0, n; i < len; i += n) {
		char *to;

		n = least(len - i, STRETCH);
		to = room_for(out, n);
		if (!to)
			return false;
		keep(out, put_rows(to, &w, m->offset + i, s + i, n));
	}
	return true;
}

/* ---- line by line ------------------------------------------------------------------ */

/* The length of the character beyond ASCII at s, if it may stand as it is, else 0.  What
 * is asked first, whether two bytes begin like one, is seldom true of random data. */
static inline size_t foreign(const unsigned char *s, size_t len)
{
	const unsigned pair = len < 2 ? 0 : (unsigned)s[0] << 8 | s[1];

	return (pair & 0xc0c0) == 0xc080 ? text_printable(s, len) : 0;
}

/* One byte, as it is or escaped. */
static inline char *put_byte(char *to, unsigned char c)
{
	memcpy(to, in_line + ESCAPE_ROOM * c, ESCAPE_ROOM);
	return to + line_width[c];
}

/* Escapes may be in colour, so that they differ from what only looks like them. */
static inline char *put_line(char *to, const unsigned char *s, size_t len, bool colour,
			     const char *on, const char *off)
{
	const unsigned char *const end = s + len;
	bool tinted = false;

	while (s < end) {
		const size_t n = foreign(s, (size_t)(end - s));
		const bool odd = colour && !n && line_width[*s] > 1;

		if (tinted != odd)
			to = put(to, odd ? on : off);
		tinted = odd;
		if (!n) {
			to = put_byte(to, *s++);
			continue;
		}
		memcpy(to, s, n);
		to += n;
		s += n;
	}
	return tinted ? put(to, off) : to;
}

static bool line(struct buf *out, const struct dump_mark *m, const unsigned char *s,
		 size_t len)
{
	const size_t each = m->colour ? TINTED_ROOM : ESCAPE_ROOM;
	char *to = (char *)buf_room(out, len * each + ROW_ROOM);

	if (!to)
		return false;
	to = put_arrow(to, m);
	to = m->colour ? put_line(to, s, len, true, colour_on(m), colour_off(m))
		       : put_line(to, s, len, false, "", "");
	*to++ = '\n';
	return keep(out, to);
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
