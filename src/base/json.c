/* JSON, written member by member. */
#include "base/json.h"

#include <string.h>

#include "base/text.h"

/* A character that may not stand in a string as it is. */
static bool add_escaped(struct buf *b, unsigned char c)
{
	if (c == '"' || c == '\\')
		return buf_format(b, "\\%c", c);
	return c < 0x80 ? buf_format(b, "\\u%04x", c) : buf_format(b, "\\ufffd");
}

bool json_text(struct buf *b, const char *s)
{
	size_t len = s ? strlen(s) : 0;
	bool ok = s ? buf_add(b, "\"", 1) : buf_add(b, "null", 4);

	while (ok && len) {
		size_t n = *s == '"' || *s == '\\' ? 0 : text_printable(s, len);

		ok = n ? buf_add(b, s, n) : add_escaped(b, (unsigned char)*s);
		s += n ? n : 1;
		len -= n ? n : 1;
	}
	return ok && (!s || buf_add(b, "\"", 1));
}

bool json_name(struct buf *b, const char *name)
{
	const bool first = !b->len || strchr("{[", b->data[b->len - 1]);

	return (first || buf_add(b, ",", 1)) && json_text(b, name) && buf_add(b, ":", 1);
}

bool json_add(struct buf *b, const char *name, const char *value)
{
	return json_name(b, name) && json_text(b, value);
}

bool json_add_number(struct buf *b, const char *name, long long value)
{
	return json_name(b, name) && buf_format(b, "%lld", value);
}
