/* socat's notation for binary data: "i5 x0a0b \"text\" 'c'".
 *
 * Elements follow each other with or without blanks between them.  Integers are
 * decimal and in the host's byte order: i int, s short, l long, b byte, capital
 * letters unsigned, no letter int; x is followed by pairs of hex digits. */
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "spec/option.h"

/* Bytes being gathered from the notation.  Sized once: no element gives more
 * than eight bytes per character of text. */
struct bytes {
	unsigned char *data; /* own */
	size_t n;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "x0a0b": pairs of hex digits, as far as they go. */
static const char *take_hex(const char *s, struct bytes *b)
{
	const char *start = s;

	while (hex_digit(s[0]) >= 0) {
		if (hex_digit(s[1]) < 0)
			return NULL;
		b->data[b->n++] = (unsigned char)(hex_digit(s[0]) << 4 | hex_digit(s[1]));
		s += 2;
	}
	return s == start ? NULL : s;
}

static char unescape(char c)
{
	static const char from[] = "0abfnrtv", to[] = "\0\a\b\f\n\r\t\v";
	const char *p = c ? strchr(from, c) : NULL;

	if (p)
		c = to[p - from];
	return c;
}

/* Text up to the closing quote; a backslash is before a special character. */
static const char *take_quoted(const char *s, char quote, struct bytes *b)
{
	size_t before = b->n;

	for (; *s && *s != quote; s++) {
		char c = *s;

		if (c == '\\') {
			if (!*++s)
				return NULL;
			c = unescape(*s);
		}
		b->data[b->n++] = (unsigned char)c;
	}
	if (!*s || (quote == '\'' && b->n - before != 1))
		return NULL;
	return s + 1;
}

static size_t integer_size(char letter)
{
	switch (letter) {
	case 'b':
	case 'B':
		return 1;
	case 's':
	case 'S':
		return sizeof(short);
	case 'l':
	case 'L':
		return sizeof(long);
	default:
		return sizeof(int);
	}
}

/* What an integer of the size holds; a small letter means signed.  Bytes may
 * be written either way. */
static void integer_limits(char letter, long long *min, long long *max)
{
	bool is_signed = letter >= 'a' && letter <= 'z';
	size_t bits = 8 * integer_size(letter);

	*max = bits >= 64 ? LLONG_MAX
			  : (1LL << (is_signed && bits > 8 ? bits - 1 : bits)) - 1;
	*min = !is_signed ? 0 : bits >= 64 ? LLONG_MIN : -(1LL << (bits - 1));
}

static void add_integer(struct bytes *b, size_t size, long long value)
{
	const unsigned char byte = (unsigned char)value;
	const short s = (short)value;
	const int i = (int)value;
	const long l = (long)value;
	const void *from = &l;

	if (size == sizeof(byte))
		from = &byte;
	else if (size == sizeof(s))
		from = &s;
	else if (size == sizeof(i))
		from = &i;
	memcpy(b->data + b->n, from, size);
	b->n += size;
}

/* Decimal, in the host's byte order. */
static const char *take_integer(const char *s, char letter, struct bytes *b)
{
	size_t sign = *s == '-', skip = sign, len;
	long long min, max, value;

	integer_limits(letter, &min, &max);
	len = sign + strspn(s + sign, "0123456789");
	while (len - skip > 1 && s[skip] == '0')
		skip++; /* or it would be read as octal */
	if (len == sign || !text_number(s + skip, len - skip, 0, LLONG_MAX, &value, NULL))
		return NULL;
	value = sign ? -value : value;
	if (value < min || value > max)
		return NULL;
	add_integer(b, integer_size(letter), value);
	return s + len;
}

static const char *take_element(const char *s, struct bytes *b)
{
	if (*s == 'x')
		return take_hex(s + 1, b);
	if (*s == '"' || *s == '\'')
		return take_quoted(s + 1, *s, b);
	if (strchr("iIlLsSbB", *s))
		return take_integer(s + 1, *s, b);
	return take_integer(s, 'i', b);
}

bool option_bytes(const char *s, unsigned char **out, size_t *n)
{
	struct bytes b = { .data = mem_new(strlen(s) + 1, sizeof(long)) };

	while (b.data && s && *s) {
		if (is_blank(*s))
			s++;
		else
			s = take_element(s, &b);
	}
	if (!b.data || !s) {
		mem_free(b.data);
		return false;
	}
	*out = b.data;
	*n = b.n;
	return true;
}
