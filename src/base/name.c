/* Socket addresses and text. */
#include "base/name.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"

static const struct sockaddr_in *ip4(const struct name *n)
{
	return (const struct sockaddr_in *)&n->sa;
}

static const struct sockaddr_in6 *ip6(const struct name *n)
{
	return (const struct sockaddr_in6 *)&n->sa;
}

static int family(const struct name *n)
{
	return n->len >= (socklen_t)sizeof(sa_family_t) ? n->sa.ss_family : AF_UNSPEC;
}

void name_unmap(struct name *n)
{
	struct sockaddr_in plain = { .sin_family = AF_INET };

	if (family(n) != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&ip6(n)->sin6_addr))
		return;
	plain.sin_port = ip6(n)->sin6_port;
	memcpy(&plain.sin_addr, ip6(n)->sin6_addr.s6_addr + 12, sizeof(plain.sin_addr));
	*n = (struct name){ .len = sizeof(plain) };
	memcpy(&n->sa, &plain, sizeof(plain));
}

/* ---- UNIX names ------------------------------------------------------------ */

/* The bytes that make up the name, without the NUL before an abstract one. */
struct path {
	const char *s;
	size_t len;
	bool abstract;
};

static struct path unix_path(const struct name *n)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&n->sa;
	size_t start = offsetof(struct sockaddr_un, sun_path);
	size_t len = (size_t)n->len > start ? (size_t)n->len - start : 0;
	struct path p = { .s = un->sun_path };

	if (len > sizeof(un->sun_path))
		len = sizeof(un->sun_path);
	p.abstract = len > 0 && un->sun_path[0] == '\0';
	if (p.abstract) {
		p.s++;
		p.len = len - 1;
	} else {
		p.len = strnlen(un->sun_path, len);
	}
	return p;
}

bool name_unix(struct name *out, const char *path, size_t len, bool abstract, bool tight)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t skip = abstract ? 1 : 0;

	/* one byte more than the name either way: the NUL before or behind it */
	if (len >= sizeof(un.sun_path))
		return false;
	if (len)
		memcpy(un.sun_path + skip, path, len);
	*out = (struct name){ 0 };
	memcpy(&out->sa, &un, sizeof(un));
	out->len = (socklen_t)(tight ? offsetof(struct sockaddr_un, sun_path) + len + 1
				     : sizeof(un));
	return true;
}

/* The zeros that fill up a name of the full length are noise to a reader. */
static size_t shown_length(const struct path *p)
{
	size_t len = p->len;

	while (p->abstract && len && p->s[len - 1] == '\0')
		len--;
	return len;
}

static const char *put_path(const struct path *p, const char *prefix,
			    const char *abstract, const char *suffix, char *to,
			    size_t cap)
{
	char text[NAME_TEXT];

	text_escape(text, sizeof(text), p->s, shown_length(p));
	snprintf(to, cap, "%s%s%s%s", prefix, p->abstract ? abstract : "", text, suffix);
	return to;
}

static bool unnamed(const struct path *p)
{
	return p->len == 0 && !p->abstract;
}

/* ---- to text ------------------------------------------------------------ */

static void put_zone(const struct name *n, char *to, size_t cap)
{
	char interface[IF_NAMESIZE];
	unsigned zone = ip6(n)->sin6_scope_id;

	to[0] = '\0';
	if (!zone)
		return;
	if (if_indextoname(zone, interface))
		snprintf(to, cap, "%%%s", interface);
	else
		snprintf(to, cap, "%%%u", zone);
}

/* Without brackets. */
static const char *ip_text(const struct name *n, char *to, size_t cap)
{
	char address[INET6_ADDRSTRLEN] = "?", zone[IF_NAMESIZE + 2] = "";

	if (family(n) == AF_INET) {
		inet_ntop(AF_INET, &ip4(n)->sin_addr, address, sizeof(address));
	} else {
		inet_ntop(AF_INET6, &ip6(n)->sin6_addr, address, sizeof(address));
		put_zone(n, zone, sizeof(zone));
	}
	snprintf(to, cap, "%s%s", address, zone);
	return to;
}

/* "[0000:0000:...]": as socat writes it. */
static const char *ip6_in_full(const struct name *n, char *to, size_t cap)
{
	const unsigned char *a = ip6(n)->sin6_addr.s6_addr;
	char text[48];
	size_t used = 0;

	for (unsigned i = 0; i < 16; i += 2)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%02x%02x",
					 i ? ":" : "[", a[i], a[i + 1]);
	snprintf(to, cap, "%s]", text);
	return to;
}

static const char *other_text(const struct name *n, char *to, size_t cap)
{
	unsigned cid, port;

	if (family(n) != AF_UNSPEC && sys_vsock(&n->sa, &cid, &port))
		snprintf(to, cap, "vsock %u:%u", cid, port);
	else if (family(n) != AF_UNSPEC)
		snprintf(to, cap, "address of family %d", family(n));
	else
		snprintf(to, cap, "unknown");
	return to;
}

static const char *unix_text(const struct name *n, char *to, size_t cap)
{
	struct path p = unix_path(n);

	return put_path(&p, unnamed(&p) ? "unnamed" : "", "@", "", to, cap);
}

const char *name_text(const struct name *n, char *to, size_t cap)
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];

	switch (family(n)) {
	case AF_INET:
		snprintf(to, cap, "%s:%u", ip_text(n, host, sizeof(host)), name_port(n));
		return to;
	case AF_INET6:
		snprintf(to, cap, "[%s]:%u", ip_text(n, host, sizeof(host)),
			 name_port(n));
		return to;
	case AF_UNIX:
		return unix_text(n, to, cap);
	default:
		return other_text(n, to, cap);
	}
}

const char *name_log(const struct name *n, char *to, size_t cap)
{
	char host[64], text[NAME_TEXT];
	struct path p;

	if (!log_is_socat())
		return name_text(n, to, cap);
	switch (family(n)) {
	case AF_INET6:
		snprintf(to, cap, "AF=%d %s:%u", AF_INET6,
			 ip6_in_full(n, host, sizeof(host)), name_port(n));
		return to;
	case AF_UNIX:
		p = unix_path(n);
		snprintf(host, sizeof(host), "AF=%d \"", AF_UNIX);
		return put_path(&p, host, "\\0", "\"", to, cap);
	default:
		snprintf(to, cap, "AF=%d %s", family(n),
			 name_text(n, text, sizeof(text)));
		return to;
	}
}

const char *name_host(const struct name *n, char *to, size_t cap)
{
	unsigned cid, port;

	switch (family(n)) {
	case AF_INET:
		return ip_text(n, to, cap);
	case AF_INET6:
		return ip6_in_full(n, to, cap);
	case AF_UNIX:
		if (cap)
			to[0] = '\0';
		return unix_path(n).len ? unix_text(n, to, cap) : to;
	default:
		if (family(n) == AF_UNSPEC || !sys_vsock(&n->sa, &cid, &port))
			return other_text(n, to, cap);
		snprintf(to, cap, "%u", cid);
		return to;
	}
}

/* ---- ports ------------------------------------------------------------ */

unsigned name_port(const struct name *n)
{
	unsigned cid, port;

	switch (family(n)) {
	case AF_INET:
		return ntohs(ip4(n)->sin_port);
	case AF_INET6:
		return ntohs(ip6(n)->sin6_port);
	case AF_UNSPEC:
		return 0;
	default:
		return sys_vsock(&n->sa, &cid, &port) ? port : 0;
	}
}

void name_set_port(struct name *n, unsigned port)
{
	if (family(n) == AF_INET)
		((struct sockaddr_in *)&n->sa)->sin_port = htons((uint16_t)port);
	else if (family(n) == AF_INET6)
		((struct sockaddr_in6 *)&n->sa)->sin6_port = htons((uint16_t)port);
}

/* ---- comparing ------------------------------------------------------------ */

enum { KEY_MAX = sizeof(struct sockaddr_storage) + 8 };

static size_t put_bytes(unsigned char *key, size_t used, const void *from, size_t n)
{
	memcpy(key + used, from, n);
	return used + n;
}

static size_t unix_key(const struct name *n, unsigned char *key, size_t used)
{
	struct path p = unix_path(n);

	key[used++] = p.abstract;
	return put_bytes(key, used, p.s, p.len);
}

/* What makes a name this one and no other, without padding and flow labels. */
static size_t name_key(const struct name *n, unsigned char *key)
{
	int af = family(n);
	size_t used = put_bytes(key, 0, &af, sizeof(af));

	switch (af) {
	case AF_INET:
		used = put_bytes(key, used, &ip4(n)->sin_addr, sizeof(struct in_addr));
		return put_bytes(key, used, &ip4(n)->sin_port, sizeof(in_port_t));
	case AF_INET6:
		used = put_bytes(key, used, &ip6(n)->sin6_addr, sizeof(struct in6_addr));
		used = put_bytes(key, used, &ip6(n)->sin6_scope_id, sizeof(uint32_t));
		return put_bytes(key, used, &ip6(n)->sin6_port, sizeof(in_port_t));
	case AF_UNIX:
		return unix_key(n, key, used);
	case AF_UNSPEC:
		return used;
	default:
		return put_bytes(key, used, &n->sa, n->len);
	}
}

bool name_equal(const struct name *a, const struct name *b)
{
	unsigned char ka[KEY_MAX], kb[KEY_MAX];
	size_t na, nb;

	if (a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0)
		return true;
	na = name_key(a, ka);
	nb = name_key(b, kb);
	return na == nb && memcmp(ka, kb, na) == 0;
}

/* FNV-1a. */
unsigned name_hash(const struct name *n)
{
	unsigned char key[KEY_MAX];
	size_t len = name_key(n, key);
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ key[i]) * 16777619u;
	return hash;
}

/* ---- from text ------------------------------------------------------------ */

/* NUL-terminated and without brackets, which only IPv6 may have. */
static bool bare_host(const char *host, size_t len, char *to, size_t cap, int *af)
{
	*af = AF_UNSPEC;
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		*af = AF_INET6;
		host++;
		len -= 2;
	}
	if (len == 0 || len >= cap || memchr(host, '\0', len))
		return false;
	memcpy(to, host, len);
	to[len] = '\0';
	return true;
}

static bool numeric(struct name *out, const char *host, size_t len, unsigned port)
{
	char bare[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;

	if (!bare_host(host, len, bare, sizeof(bare), &hints.ai_family) ||
	    getaddrinfo(bare, NULL, &hints, &list) != 0)
		return false;
	*out = (struct name){ .len = list->ai_addrlen };
	memcpy(&out->sa, list->ai_addr, list->ai_addrlen);
	freeaddrinfo(list);
	name_set_port(out, port);
	return true;
}

bool name_numeric(struct name *out, const char *host, unsigned port)
{
	return numeric(out, host, strlen(host), port);
}

/* ---- ranges ------------------------------------------------------------ */

/* Both families in 16 bytes: IPv4 as IPv6 maps it.  False for other families. */
static bool as_mapped(const struct name *n, unsigned char to[16])
{
	static const unsigned char prefix[12] = { [10] = 0xff, [11] = 0xff };

	switch (family(n)) {
	case AF_INET:
		memcpy(to, prefix, 12);
		memcpy(to + 12, &ip4(n)->sin_addr, 4);
		return true;
	case AF_INET6:
		memcpy(to, &ip6(n)->sin6_addr, 16);
		return true;
	default:
		return false;
	}
}

static void mask_bits(struct range *r, unsigned bits)
{
	memset(r->mask, 0, sizeof(r->mask));
	for (unsigned i = 0; i < bits; i++)
		r->mask[i / 8] |= (unsigned char)(0x80 >> i % 8);
}

static bool parse_bits(const char *host, size_t len, const char *bits, size_t nbits,
		       struct range *r)
{
	long long n;
	bool v4;

	if (!numeric(&r->base, host, len, 0))
		return false;
	v4 = family(&r->base) == AF_INET;
	if (nbits == 0 || bits[0] < '0' || bits[0] > '9' ||
	    !text_number(bits, nbits, 0, v4 ? 32 : 128, &n, NULL))
		return false;
	mask_bits(r, (unsigned)n + (v4 ? 96 : 0));
	return true;
}

static bool parse_mask(const char *host, size_t len, const char *mask, size_t nmask,
		       struct range *r)
{
	struct name m;

	if (!numeric(&r->base, host, len, 0) || !numeric(&m, mask, nmask, 0) ||
	    family(&m) != family(&r->base))
		return false;
	as_mapped(&m, r->mask);
	if (family(&m) == AF_INET)
		memset(r->mask, 0xff, 12);
	return true;
}

static bool parse_single(const char *s, size_t len, struct range *r)
{
	if (!numeric(&r->base, s, len, 0))
		return false;
	mask_bits(r, 128);
	return true;
}

/* The colon between address and mask: behind a bracket, or the only one. */
static const char *mask_colon(const char *s, size_t len)
{
	const char *bracket = memchr(s, ']', len);
	const char *from = bracket ? bracket : s;

	return memchr(from, ':', len - (size_t)(from - s));
}

bool range_parse(const char *s, size_t len, struct range *out)
{
	struct range r = { 0 };
	const char *slash = memchr(s, '/', len), *end = s + len, *colon;

	if (slash) {
		if (!parse_bits(s, (size_t)(slash - s), slash + 1,
				(size_t)(end - slash - 1), &r))
			return false;
	} else if (!parse_single(s, len, &r)) {
		colon = mask_colon(s, len);
		if (!colon || !parse_mask(s, (size_t)(colon - s), colon + 1,
					  (size_t)(end - colon - 1), &r))
			return false;
	}
	*out = r;
	return true;
}

static bool zone_fits(const struct name *base, const struct name *peer)
{
	if (family(base) != AF_INET6 || !ip6(base)->sin6_scope_id)
		return true;
	return family(peer) == AF_INET6 &&
	       ip6(base)->sin6_scope_id == ip6(peer)->sin6_scope_id;
}

bool range_has(const struct range *r, const struct name *peer)
{
	unsigned char base[16], other[16];

	if (!as_mapped(&r->base, base) || !as_mapped(peer, other))
		return false;
	for (unsigned i = 0; i < 16; i++)
		if ((base[i] ^ other[i]) & r->mask[i])
			return false;
	return zone_fits(&r->base, peer);
}
