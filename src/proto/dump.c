/* Traffic made readable. */
#include "proto/dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	ROW = 16,
	HEAD_ROOM = 256, /* a head or end line without stamp and who */
	ROW_ROOM = 128,	 /* the longest line of one row, colours included */
};

/* The worst case is a row of its own for each byte (all NL, hex and text). */
size_t dump_room(const struct dump_mark *m, size_t len)
{
	size_t head = HEAD_ROOM + strlen(m->stamp) + (m->who ? strlen(m->who) : 0);

	return len > (SIZE_MAX - head) / ROW_ROOM ? SIZE_MAX : head + len * ROW_ROOM;
}

static char dot(unsigned char c)
{
	return c >= ' ' && c <= '~' ? (char)c : '.';
}

static char *put_hex(char *to, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	*to++ = digits[c >> 4];
	*to++ = digits[c & 15];
	return to;
}

static char *put_dots(char *to, const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*to++ = dot(s[i]);
	return to;
}

/* ---- socat's formats ------------------------------------------------------------ */

static bool head(struct buf *out, const struct dump_mark *m, size_t len)
{
	return buf_format(out, "%c %s  length=%zu from=%" PRIu64 " to=%" PRIu64 "\n",
			  m->arrow, m->stamp, len, m->offset,
			  m->offset + (len ? len - 1 : 0));
}

/* One byte as -v shows it; to has room for two. */
static size_t text_byte(char *to, unsigned char c)
{
	static const char bytes[] = "\a\b\v\f\r\\", names[] = "abvfr\\";
	const char *at = c ? strchr(bytes, c) : NULL;

	if (!at) {
		to[0] = c == '\n' || c == '\t' ? (char)c : dot(c);
		return 1;
	}
	to[0] = '\\';
	to[1] = names[at - bytes];
	return 2;
}

static bool text_block(struct buf *out, const unsigned char *s, size_t len)
{
	unsigned char *room = buf_room(out, len * 2);
	char *to = (char *)room;

	if (!room)
		return false;
	for (size_t i = 0; i < len; i++)
		to += text_byte(to, s[i]);
	out->len += (size_t)((unsigned char *)to - room);
	return true;
}

static bool hex_block(struct buf *out, const unsigned char *s, size_t len)
{
	unsigned char *room = buf_room(out, len * 3);
	char *to = (char *)room;

	if (!room)
		return false;
	for (size_t i = 0; i < len; i++) {
		*to++ = ' ';
		to = put_hex(to, s[i]);
	}
	out->len += len * 3;
	return buf_add(out, "\n", 1);
}

static bool both_row(struct buf *out, const unsigned char *s, size_t n)
{
	char line[ROW_ROOM], *to = line;

	for (size_t i = 0; i < n; i++) {
		*to++ = ' ';
		to = put_hex(to, s[i]);
	}
	memset(to, ' ', (ROW - n) * 3 + 2);
	to = put_dots(to + (ROW - n) * 3 + 2, s, n);
	*to++ = '\n';
	return buf_add(out, line, (size_t)(to - line));
}

/* Bytes of the next row: up to the first NL. */
static size_t row_length(const unsigned char *s, size_t len)
{
	size_t n = len < ROW ? len : ROW;
	const unsigned char *nl = memchr(s, '\n', n);

	return nl ? (size_t)(nl - s) + 1 : n;
}

static bool both_block(struct buf *out, const unsigned char *s, size_t len)
{
	while (len) {
		size_t n = row_length(s, len);

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
	if (!head(out, m, len))
		return false;
	if (text && hex)
		return both_block(out, data, len);
	return hex ? hex_block(out, data, len) : text_block(out, data, len);
}

/* ---- the classic one ------------------------------------------------------------ */

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

static bool classic_head(struct buf *out, const struct dump_mark *m, const char *what)
{
	return buf_format(out, "%s%c %s  %s%s%s%s\n", colour_on(m), m->arrow, m->stamp,
			  what, m->who ? "  " : "", m->who ? m->who : "", colour_off(m));
}

static bool classic_row(struct buf *out, const struct dump_mark *m, uint64_t offset,
			const unsigned char *s, size_t n)
{
	char hex[ROW * 3 + 2], text[ROW + 1], *to = hex;

	for (size_t i = 0; i < ROW; i++) {
		if (i == ROW / 2)
			*to++ = ' ';
		*to++ = ' ';
		if (i < n) {
			to = put_hex(to, s[i]);
		} else {
			*to++ = ' ';
			*to++ = ' ';
		}
	}
	*to = '\0';
	*put_dots(text, s, n) = '\0';
	return buf_format(out, "%s%c%s %08" PRIx64 " %s  |%s%s%s|\n", colour_on(m),
			  m->arrow, colour_off(m), offset, hex, colour_on(m), text,
			  colour_off(m));
}

bool dump_classic(struct buf *out, const struct dump_mark *m, const void *data,
		  size_t len)
{
	const unsigned char *s = data;
	char what[40];

	snprintf(what, sizeof(what), "%zu byte%s", len, len == 1 ? "" : "s");
	if (!classic_head(out, m, what))
		return false;
	for (size_t i = 0; i < len; i += ROW)
		if (!classic_row(out, m, m->offset + i, s + i,
				 len - i < ROW ? len - i : ROW))
			return false;
	return true;
}

bool dump_end(struct buf *out, const struct dump_mark *m)
{
	return classic_head(out, m, "end");
}
