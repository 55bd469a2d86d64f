/* Numbers, durations and sizes, read strictly; comparing and escaping text. */
#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- letters ------------------------------------------------------------ */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The value of a digit of any base, 99 for what is none. */
static unsigned digit(char c)
{
	if (is_digit(c))
		return (unsigned)(c - '0');
	c = lower(c);
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

/* ---- numbers ------------------------------------------------------------ */

/* More than fits: the value sticks at the largest, which no range allows. */
static unsigned long long append_digit(unsigned long long v, unsigned base, unsigned d)
{
	if (v > (ULLONG_MAX - d) / base)
		return ULLONG_MAX;
	return v * base + d;
}

/* The base that the prefix of s names; *skip = length of the prefix. */
static unsigned number_base(const char *s, size_t len, size_t *skip)
{
	*skip = 0;
	if (len < 2 || s[0] != '0')
		return 10;
	*skip = lower(s[1]) == 'x' ? 2 : 1;
	return *skip == 2 ? 16 : 8;
}

static bool read_digits(const char *s, size_t len, unsigned long long *out)
{
	size_t i;
	unsigned base = number_base(s, len, &i);
	unsigned long long v = 0;

	if (i == len)
		return false;
	for (; i < len; i++) {
		if (digit(s[i]) >= base)
			return false;
		v = append_digit(v, base, digit(s[i]));
	}
	*out = v;
	return true;
}

static bool within(bool negative, unsigned long long v, long long min, long long max,
		   long long *out)
{
	long long n;

	if (v > (unsigned long long)LLONG_MAX + (negative ? 1 : 0))
		return false;
	if (negative)
		n = v ? -(long long)(v - 1) - 1 : 0;
	else
		n = (long long)v;
	if (n < min || n > max)
		return false;
	*out = n;
	return true;
}

bool text_number(const char *s, size_t len, long long min, long long max, long long *out,
		 bool *malformed)
{
	bool negative = len > 0 && s[0] == '-';
	size_t sign = len > 0 && (s[0] == '-' || s[0] == '+') ? 1 : 0;
	unsigned long long v = 0;
	bool well = read_digits(s + sign, len - sign, &v);

	if (malformed)
		*malformed = !well;
	return well && within(negative, v, min, max, out);
}

long long text_variable(const char *name, long long max, long long otherwise)
{
	const char *s = getenv(name);
	long long n;

	return s && text_number(s, strlen(s), 0, max, &n, NULL) ? n : otherwise;
}

/* ---- durations ------------------------------------------------------------ */

static bool unit_usec(const char *s, size_t len, uint64_t *usec)
{
	static const struct {
		const char *name;
		uint64_t usec;
	} units[] = {
		{ "", 1000000 },
		{ "us", 1 },
		{ "ms", 1000 },
		{ "s", 1000000 },
		{ "m", 60000000 },
		{ "h", 3600000000 },
		{ "d", 86400000000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (text_same(s, len, units[i].name)) {
			*usec = units[i].usec;
			return true;
		}
	return false;
}

/* A decimal number as whole and fraction / scale. */
struct decimal {
	uint64_t whole, fraction, scale;
};

/* Digits of the fraction behind the eighth can't change a microsecond of any
 * duration one would wait for, and would not fit. */
static size_t read_decimal(const char *s, size_t len, struct decimal *d)
{
	size_t i, digits = 0;

	*d = (struct decimal){ .scale = 1 };
	for (i = 0; i < len && is_digit(s[i]); i++, digits++)
		d->whole = append_digit(d->whole, 10, digit(s[i]));
	if (i < len && s[i] == '.')
		for (i++; i < len && is_digit(s[i]); i++, digits++)
			if (d->scale < 100000000) {
				d->fraction = d->fraction * 10 + digit(s[i]);
				d->scale *= 10;
			}
	return digits ? i : 0;
}

bool text_duration(const char *s, size_t len, uint64_t *usec)
{
	struct decimal d;
	size_t used = read_decimal(s, len, &d);
	uint64_t unit, part;

	if (!used || !unit_usec(s + used, len - used, &unit))
		return false;
	part = d.fraction * unit / d.scale;
	if (d.whole > ((uint64_t)INT64_MAX - part) / unit)
		return false;
	*usec = d.whole * unit + part;
	return true;
}

void text_from_duration(char *to, size_t cap, uint64_t usec)
{
	uint64_t unit = usec >= 1000000 ? 1000000 : usec >= 1000 ? 1000 : 1;
	const char *name = unit == 1000000 ? "s" : unit == 1000 ? "ms" : "us";
	unsigned thousandths = (unsigned)(usec % unit * 1000 / unit);
	char fraction[8] = "";

	if (thousandths) {
		size_t n = (size_t)snprintf(fraction, sizeof(fraction), ".%03u",
					    thousandths);

		while (fraction[n - 1] == '0')
			fraction[--n] = '\0';
	}
	snprintf(to, cap, "%llu%s %s", (unsigned long long)(usec / unit), fraction, name);
}

static uint64_t tenths_of(uint64_t unit, uint64_t bytes)
{
	return bytes / unit * 10 + (bytes % unit * 10 + unit / 2) / unit;
}

/* 1023.96 KiB is 1.0 MiB: rounding may take it to the next unit. */
void text_from_size(char *to, size_t cap, uint64_t bytes)
{
	static const char letters[] = "KMGTPE";
	const char *letter = letters;
	uint64_t unit = 1024, tenths;

	if (bytes < 1024) {
		snprintf(to, cap, "%u B", (unsigned)bytes);
		return;
	}
	while ((tenths = tenths_of(unit, bytes)) >= 10240) {
		unit *= 1024;
		letter++;
	}
	snprintf(to, cap, "%llu.%u %ciB", (unsigned long long)(tenths / 10),
		 (unsigned)(tenths % 10), *letter);
}

/* ---- sizes, booleans ------------------------------------------------------------ */

/* Takes "k", "Ki" or "KiB" off the end; answers how far the number is shifted. */
static unsigned size_shift(const char *s, size_t *len)
{
	static const char letters[] = "kmgt";
	size_t n = *len;
	const char *at;

	if (n > 2 && lower(s[n - 1]) == 'b' && lower(s[n - 2]) == 'i')
		n -= 2;
	else if (n > 1 && lower(s[n - 1]) == 'i')
		n--;
	if (n == 0 || !s[n - 1])
		return 0;
	at = strchr(letters, lower(s[n - 1]));
	if (!at)
		return 0;
	*len = n - 1;
	return (unsigned)(at - letters + 1) * 10;
}

bool text_size(const char *s, size_t len, uint64_t *bytes)
{
	unsigned shift = size_shift(s, &len);
	long long n;

	if (!text_number(s, len, 0, LLONG_MAX >> shift, &n, NULL))
		return false;
	*bytes = (uint64_t)n << shift;
	return true;
}

bool text_share(const char *s, size_t len, uint32_t *millionths)
{
	bool percent = len && s[len - 1] == '%';
	uint64_t unit = percent ? 10000 : 1000000;
	struct decimal d;
	uint64_t share;

	len -= percent;
	if (!len || read_decimal(s, len, &d) != len || d.whole > 100)
		return false;
	share = d.whole * unit + d.fraction * unit / d.scale;
	if (share > 1000000)
		return false;
	*millionths = (uint32_t)share;
	return true;
}

bool text_bool(const char *s, size_t len, bool *out)
{
	long long n;

	if (text_in_list(s, len, "on yes true") >= 0)
		n = 1;
	else if (text_in_list(s, len, "off no false") >= 0)
		n = 0;
	else if (!text_number(s, len, LLONG_MIN, LLONG_MAX, &n, NULL))
		return false;
	*out = n != 0;
	return true;
}

/* ---- words ------------------------------------------------------------ */

bool text_same(const char *a, size_t len, const char *b)
{
	for (size_t i = 0; i < len; i++)
		if (!b[i] || lower(a[i]) != lower(b[i]))
			return false;
	return !b[len];
}

static const char *word_end(const char *s)
{
	while (*s && *s != ' ')
		s++;
	return s;
}

/* Asked of every row of the tables for every word of the command line: without calls. */
int text_in_list(const char *word, size_t len, const char *names)
{
	int index = 0;

	if (len == 0 || memchr(word, ' ', len))
		return -1;
	for (;; index++) {
		size_t i = 0;

		while (*names == ' ')
			names++;
		if (!*names)
			return -1;
		while (i < len && names[i] && lower(word[i]) == lower(names[i]))
			i++;
		if (i == len && (!names[i] || names[i] == ' '))
			return index;
		names = word_end(names);
	}
}

enum { WORD = 64 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Three rows of the usual table: two back for the swap, one back, this one. */
unsigned text_distance(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned row[3][WORD + 1];
	unsigned *older = row[0], *old = row[1], *now = row[2];

	if (alen > WORD || blen > WORD)
		return UINT_MAX;
	for (size_t j = 0; j <= blen; j++)
		now[j] = (unsigned)j;
	for (size_t i = 1; i <= alen; i++) {
		unsigned *spare = older;
		char c = lower(a[i - 1]);

		older = old;
		old = now;
		now = spare;
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++) {
			char d = lower(b[j - 1]);

			now[j] = least(old[j - 1] + (c != d),
				       least(old[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && c == lower(b[j - 2]) &&
			    d == lower(a[i - 2]))
				now[j] = least(now[j], older[j - 2] + 1);
		}
	}
	return now[blen];
}

/* ---- escaping ------------------------------------------------------------ */

/* Length by the first byte of a UTF-8 character, 0 if it can't be one. */
static size_t utf8_length(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

/* Second bytes that would make it overlong, a surrogate, too large, or one of
 * the control characters U+0080 to U+009F, which some terminals obey. */
static bool second_forbidden(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xc2:
		return second < 0xa0;
	case 0xe0:
		return second < 0xa0;
	case 0xed:
		return second > 0x9f;
	case 0xf0:
		return second < 0x90;
	case 0xf4:
		return second > 0x8f;
	}
	return false;
}

size_t text_printable(const void *from, size_t len)
{
	const unsigned char *s = from;
	size_t n = utf8_length(s[0]);

	if (n == 0 || n > len || s[0] < ' ' || s[0] == 0x7f)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n > 1 && second_forbidden(s[0], s[1]) ? 0 : n;
}

/* One character or escape, with its NUL. */
enum { ONE_MAX = 8 };

static size_t escape_byte(char to[ONE_MAX], unsigned char c)
{
	static const char bytes[] = "\a\b\t\n\v\f\r", names[] = "abtnvfr";
	const char *at = c ? strchr(bytes, c) : NULL;

	if (!at)
		return (size_t)snprintf(to, ONE_MAX, "\\x%02x", c);
	to[0] = '\\';
	to[1] = names[at - bytes];
	return 2;
}

size_t text_escape(char *to, size_t cap, const void *from, size_t len)
{
	const unsigned char *s = from;
	size_t used = 0;

	if (cap == 0)
		return 0;
	while (len) {
		char one[ONE_MAX];
		size_t n = text_printable(s, len);
		size_t taken = n ? n : 1;

		if (n)
			memcpy(one, s, n);
		else
			n = escape_byte(one, *s);
		if (n >= cap - used)
			break;
		memcpy(to + used, one, n);
		used += n;
		s += taken;
		len -= taken;
	}
	to[used] = '\0';
	return used;
}

size_t text_cut(const char *s, size_t n)
{
	size_t start = n;

	while (start > 0 && n - start < 3 && ((unsigned char)s[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0 || (unsigned char)s[start - 1] < 0xc0)
		return n;
	start--;
	return utf8_length((unsigned char)s[start]) > n - start ? start : n;
}
