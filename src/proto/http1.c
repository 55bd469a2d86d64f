/* HTTP/1 heads: start line and fields of a request or an answer (RFC 9112). */
#include "proto/http1.h"

#include <string.h>

#include "base/text.h"
#include "proto/base64.h"

static const char too_long[] = "its head does not end within 16 KiB";
static const char no_http[] = "it does not speak HTTP/1";

/* ---- characters ------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_token_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* What may stand in a target: neither blanks nor control characters. */
static bool is_visible(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f;
}

static bool is_text(char c)
{
	return is_visible(c) || is_blank(c);
}

/* The first stretch of s whose characters all fit. */
static size_t span(struct http1_text s, bool (*fits)(char c))
{
	size_t n = 0;

	while (n < s.len && fits(s.at[n]))
		n++;
	return n;
}

static bool is_all(const char *s, bool (*fits)(char c))
{
	struct http1_text whole = { s, strlen(s) };

	return span(whole, fits) == whole.len;
}

bool http1_is_token(const char *s)
{
	return *s && is_all(s, is_token_char);
}

bool http1_is_value(const char *s)
{
	return is_all(s, is_text);
}

bool http1_is_target(const char *s)
{
	return *s && is_all(s, is_visible);
}

/* ---- pieces ----------------------------------------------------------------- */

/* Cuts n bytes from the front. */
static struct http1_text cut(struct http1_text *from, size_t n)
{
	struct http1_text front = { from->at, n };

	from->at += n;
	from->len -= n;
	return front;
}

static struct http1_text trimmed(struct http1_text s)
{
	cut(&s, span(s, is_blank));
	while (s.len && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

static bool skip(struct http1_text *s, char c)
{
	if (!s->len || *s->at != c)
		return false;
	cut(s, 1);
	return true;
}

/* Cuts the next line, whose LF is there; its end is not part of the result. */
static struct http1_text cut_line(struct http1_text *from)
{
	const char *lf = memchr(from->at, '\n', from->len);
	struct http1_text line = cut(from, (size_t)(lf - from->at));

	skip(from, '\n');
	if (line.len && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Bytes up to and with the first empty line; 0 = not there yet. */
static size_t head_size(const char *data, size_t len)
{
	const char *at = data, *end = data + len;

	while ((at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		if (at < end && *at == '\n')
			return (size_t)(at + 1 - data);
		if (end - at >= 2 && at[0] == '\r' && at[1] == '\n')
			return (size_t)(at + 2 - data);
	}
	return 0;
}

/* "HTTP/1." and one digit. */
static bool cut_version(struct http1_text *s, unsigned *minor)
{
	static const char name[] = "HTTP/1.";
	size_t n = sizeof(name) - 1;

	if (s->len <= n || memcmp(s->at, name, n) != 0 || !is_digit(s->at[n]))
		return false;
	*minor = (unsigned)(s->at[n] - '0');
	cut(s, n + 1);
	return true;
}

/* ---- start lines ------------------------------------------------------------ */

static bool cut_status(struct http1_text *s, unsigned *status)
{
	long long number;

	if (s->len < 3 || !is_digit(*s->at) ||
	    !text_number(s->at, 3, 100, 599, &number, NULL))
		return false;
	*status = (unsigned)number;
	cut(s, 3);
	return true;
}

static const char *read_status_line(struct http1_text line, struct http1_head *head)
{
	if (!cut_version(&line, &head->minor))
		return no_http;
	if (!skip(&line, ' ') || !cut_status(&line, &head->status) ||
	    (line.len && !skip(&line, ' ')) || span(line, is_text) != line.len)
		return "its status line is malformed";
	head->reason = line;
	return NULL;
}

static const char *read_request_line(struct http1_text line, struct http1_head *head)
{
	head->method = cut(&line, span(line, is_token_char));
	if (!head->method.len || !skip(&line, ' '))
		return no_http;
	head->target = cut(&line, span(line, is_visible));
	if (!head->target.len || !skip(&line, ' '))
		return "its request line is malformed";
	return cut_version(&line, &head->minor) && !line.len ? NULL : no_http;
}

/* What has come of the start line could be that of an answer, of a request. */
static bool may_answer(const char *data, size_t len)
{
	static const char name[] = "HTTP/1.";

	return memcmp(data, name, len < sizeof(name) - 1 ? len : sizeof(name) - 1) == 0;
}

static bool may_request(const char *data, size_t len)
{
	size_t n = span((struct http1_text){ data, len }, is_token_char);

	return n == len || (n && data[n] == ' ');
}

/* ---- fields ----------------------------------------------------------------- */

static const char *check_field(struct http1_text line)
{
	if (is_blank(*line.at))
		return "its head has a folded line";
	if (span(line, is_text) != line.len)
		return "its head has a control character";
	if (!cut(&line, span(line, is_token_char)).len || !line.len || *line.at != ':')
		return "its head has a line that is no field";
	return NULL;
}

static const char *check_fields(struct http1_text all)
{
	const char *why = NULL;

	while (all.len && !why)
		why = check_field(cut_line(&all));
	return why;
}

/* Goes to the next field of that name. */
static bool next_field(struct http1_text *rest, const char *name,
		       struct http1_text *value)
{
	while (rest->len) {
		struct http1_text line = cut_line(rest);
		struct http1_text found = cut(&line, span(line, is_token_char));

		if (text_same(found.at, found.len, name)) {
			cut(&line, 1);
			*value = trimmed(line);
			return true;
		}
	}
	return false;
}

struct http1_text http1_field(const struct http1_head *head, const char *name)
{
	struct http1_text rest = head->fields, value = { NULL, 0 };

	next_field(&rest, name, &value);
	return value;
}

unsigned http1_count(const struct http1_head *head, const char *name)
{
	struct http1_text rest = head->fields, value;
	unsigned n = 0;

	while (next_field(&rest, name, &value))
		n++;
	return n;
}

/* What ends a word before its parameters does so here as well. */
static bool is_word_char(char c)
{
	return c != ';' && !is_blank(c);
}

static bool is_listed(struct http1_text list, const char *word)
{
	while (list.len) {
		const char *comma = memchr(list.at, ',', list.len);
		size_t n = comma ? (size_t)(comma - list.at) : list.len;
		struct http1_text item = trimmed(cut(&list, n));

		if (text_same(item.at, span(item, is_word_char), word))
			return true;
		skip(&list, ',');
	}
	return false;
}

bool http1_lists(const struct http1_head *head, const char *name, const char *word)
{
	struct http1_text rest = head->fields, value;

	while (next_field(&rest, name, &value))
		if (is_listed(value, word))
			return true;
	return false;
}

bool http1_length(const struct http1_head *head, uint64_t *length)
{
	struct http1_text value = http1_field(head, "Content-Length");
	uint64_t n = 0;

	if (!value.len || http1_count(head, "Content-Length") != 1)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (!is_digit(value.at[i]) || n > (UINT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(value.at[i] - '0');
	}
	*length = n;
	return true;
}

/* ---- whole heads ------------------------------------------------------------ */

/* What makes a request or an answer of a head. */
struct kind {
	bool (*may)(const char *data, size_t len);
	const char *(*read)(struct http1_text line, struct http1_head *head);
};

static enum http1 read_head(const struct kind *kind, const char *data, size_t len,
			    struct http1_head *head, const char **why)
{
	size_t window = len < HTTP1_MAX ? len : HTTP1_MAX;
	struct http1_head h = { .size = 0 };

	*why = NULL;
	if (!len)
		return HTTP1_MORE;
	if (!kind->may(data, window))
		*why = no_http;
	else if (!(h.size = head_size(data, window)))
		*why = len >= HTTP1_MAX ? too_long : NULL;
	if (*why || !h.size)
		return *why ? HTTP1_BAD : HTTP1_MORE;
	h.fields = (struct http1_text){ data, h.size };
	*why = kind->read(cut_line(&h.fields), &h);
	h.fields.len -= data[h.size - 2] == '\r' ? 2 : 1;
	if (!*why)
		*why = check_fields(h.fields);
	if (*why)
		return HTTP1_BAD;
	*head = h;
	return HTTP1_OK;
}

enum http1 http1_read_request(const void *data, size_t len, struct http1_head *head,
			      const char **why)
{
	static const struct kind request = { may_request, read_request_line };

	return read_head(&request, data, len, head, why);
}

enum http1 http1_read_answer(const void *data, size_t len, struct http1_head *head,
			     const char **why)
{
	static const struct kind answer = { may_answer, read_status_line };

	return read_head(&answer, data, len, head, why);
}

/* ---- writing ---------------------------------------------------------------- */

static const struct {
	unsigned status;
	const char *words;
} reasons[] = {
	{ 101, "Switching Protocols" },
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 426, "Upgrade Required" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

const char *http1_reason(unsigned status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].words;
	return "Unknown";
}

bool http1_put_request(struct buf *out, const char *method, const char *target,
		       unsigned minor)
{
	return buf_format(out, "%s %s HTTP/1.%u\r\n", method, target, minor);
}

bool http1_put_status(struct buf *out, unsigned status, unsigned minor)
{
	return buf_format(out, "HTTP/1.%u %u %s\r\n", minor, status,
			  http1_reason(status));
}

bool http1_put_field(struct buf *out, const char *name, const char *value)
{
	return buf_format(out, "%s: %s\r\n", name, value);
}

bool http1_put_end(struct buf *out)
{
	return buf_add(out, "\r\n", 2);
}

bool http1_put_basic(struct buf *out, const char *name, const char *who)
{
	return buf_format(out, "%s: Basic ", name) &&
	       base64_put(out, who, strlen(who)) && buf_add(out, "\r\n", 2);
}
