/* What a proxy's clients may ask for: the language of allow=. */
#include "spec/allow.h"

#include <string.h>

#include "base/text.h"

static const char separators[] = ", \t";

/* ---- reading ---------------------------------------------------------------- */

static bool read_ports(const char *s, size_t len, struct allow_rule *out)
{
	const char *dash = memchr(s, '-', len);
	size_t n = dash ? (size_t)(dash - s) : len;
	long long low, high;

	if (len == 1 && *s == '*')
		return true;
	if (!text_number(s, n, 0, 65535, &low, NULL))
		return false;
	high = low;
	if (dash && !text_number(dash + 1, len - n - 1, low, 65535, &high, NULL))
		return false;
	out->low = (unsigned)low;
	out->high = (unsigned)high;
	return true;
}

static bool is_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((i && s[i] == '.' && s[i - 1] == '.') ||
		    !((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
		      (s[i] >= '0' && s[i] <= '9') || (s[i] && strchr("-_.", s[i]))))
			return false;
	return len > 0 && *s != '.' && *s != '-';
}

/* Without brackets all four figures are wanted: 10.0.1 would be 10.0.0.1. */
static bool is_range(const char *s, size_t len, struct range *out)
{
	unsigned dots = 0;

	for (size_t i = 0; i < len; i++)
		dots += s[i] == '.';
	return len && (*s == '[' || dots == 3) && range_parse(s, len, out);
}

/* A name's last label does not begin with a figure: 10.0.0 and 1.2.3.4.5 are mistakes. */
static bool is_host_name(const char *s, size_t len)
{
	size_t last = len;

	if (len > 1 && s[len - 1] == '.')
		last = --len;
	while (last && s[last - 1] != '.')
		last--;
	return is_name(s, len) && last < len && !(s[last] >= '0' && s[last] <= '9');
}

static bool read_host(const char *s, size_t len, struct allow_rule *out)
{
	out->host = s;
	out->len = len;
	if (len == 1 && *s == '*') {
		out->kind = ALLOW_ANY;
		return true;
	}
	if (is_range(s, len, &out->range)) {
		out->kind = ALLOW_RANGE;
		return true;
	}
	out->kind = ALLOW_NAME;
	if (len > 2 && s[0] == '*' && s[1] == '.') {
		out->kind = ALLOW_DOMAIN;
		out->host++;
		out->len--;
		return is_host_name(s + 2, len - 2);
	}
	return is_host_name(s, len);
}

/* Where the ports' colon is: the first one outside the brackets of IPv6. */
static size_t host_length(const char *s, size_t len)
{
	const char *close = *s == '[' ? memchr(s, ']', len) : NULL;
	size_t skip = close ? (size_t)(close - s) : 0;
	const char *colon = memchr(s + skip, ':', len - skip);

	return colon ? (size_t)(colon - s) : len;
}

enum allow allow_next(const char **at, struct allow_rule *out, size_t *len)
{
	const char *s = *at + strspn(*at, separators);
	size_t n = strcspn(s, separators), host;

	if (!n)
		return ALLOW_END;
	*at = s;
	*len = n;
	*out = (struct allow_rule){ .low = 0, .high = 65535 };
	host = host_length(s, n);
	if (!read_host(s, host, out) ||
	    (host < n && !read_ports(s + host + 1, n - host - 1, out)))
		return ALLOW_BAD;
	*at = s + n;
	return ALLOW_RULE;
}

/* ---- asking ----------------------------------------------------------------- */

/* This host itself, and what is no host beyond a router (RFC 6890). */
static bool is_special(const struct name *to)
{
	static const char *const nets[] = {
		"0.0.0.0/8",	 "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
		"255.255.255.255", "[::]/128",	"[::1]/128",	  "[fe80::]/10",
		"[ff00::]/8",
	};
	struct range r;

	for (size_t i = 0; i < sizeof(nets) / sizeof(*nets); i++)
		if (range_parse(nets[i], strlen(nets[i]), &r) && range_has(&r, to))
			return true;
	return false;
}

static size_t length_without_dot(const char *host, size_t len)
{
	return len > 1 && host[len - 1] == '.' ? len - 1 : len;
}

static bool same(const char *a, size_t alen, const char *b, size_t blen)
{
	for (size_t i = 0; i < alen && alen == blen; i++) {
		char x = a[i], y = b[i];

		if (x >= 'A' && x <= 'Z')
			x = (char)(x - 'A' + 'a');
		if (y >= 'A' && y <= 'Z')
			y = (char)(y - 'A' + 'a');
		if (x != y)
			return false;
	}
	return alen == blen;
}

/* Does the rule's name, or its domain, fit what the client said? */
static bool names(const struct allow_rule *r, const char *host)
{
	size_t len = length_without_dot(host, strlen(host));
	size_t want = length_without_dot(r->host, r->len);

	if (r->kind == ALLOW_NAME)
		return same(host, len, r->host, want);
	return len > want && same(host + len - want, want, r->host, want);
}

static bool has_port(const struct allow_rule *r, unsigned port)
{
	return port >= r->low && port <= r->high;
}

bool allow_has(const struct allow_rule *r, const char *host, const struct name *to)
{
	struct name plain = *to;

	name_unmap(&plain);
	if (!has_port(r, name_port(&plain)))
		return false;
	switch (r->kind) {
	case ALLOW_ANY:
		return !is_special(&plain);
	case ALLOW_DOMAIN:
		return names(r, host) && !is_special(&plain);
	case ALLOW_NAME:
		return names(r, host);
	case ALLOW_RANGE:
		return range_has(&r->range, &plain);
	}
	return false;
}

bool allow_may(const struct allow_rule *r, const char *host, unsigned port)
{
	struct name to;

	if (name_numeric(&to, host, port))
		return allow_has(r, host, &to);
	return has_port(r, port) &&
	       (r->kind == ALLOW_ANY || r->kind == ALLOW_RANGE || names(r, host));
}
