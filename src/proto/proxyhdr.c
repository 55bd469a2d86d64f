/* The PROXY protocol, versions 1 and 2. */
#include "proto/proxyhdr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include "base/buf.h"

enum {
	V1_MIN = 15,	/* "PROXY UNKNOWN\r\n" */
	V1_MAX = 107,	/* two IPv6 addresses in full */
	V2_FIXED = 16,	/* up to the length, with it */
	V2_LENGTH = 14, /* where that is */
	V2_LOCAL = 0x20,
	V2_PROXY = 0x21,
	IP4_BLOCK = 2 * 4 + 2 * 2,
	IP6_BLOCK = 2 * 16 + 2 * 2,
	UNIX_PATH = 108,
	TLV_HEAD = 3,
	TLV_CRC32C = 0x03,
	TLV_TLS = 0x20,
	TLS_FIXED = 5, /* of its value: the bits, and the result of verifying */
	TLS_USED = 0x01,
	TLS_CERT_CONNECTION = 0x02,
	TLS_CERT_SESSION = 0x04,
	UNIQUE_ID_MAX = 128,
};

static const char v1_start[] = "PROXY ";
static const unsigned char v2_start[12] = "\r\n\r\n\0\r\nQUIT\n";

static const struct {
	unsigned char type;
	bool tls; /* stands inside the one about TLS */
} kinds[PROXYHDR_VALUES] = {
	[PROXYHDR_ALPN] = { 0x01, false },
	[PROXYHDR_AUTHORITY] = { 0x02, false },
	[PROXYHDR_UNIQUE_ID] = { 0x05, false },
	[PROXYHDR_TLS_VERSION] = { 0x21, true },
	[PROXYHDR_TLS_CN] = { 0x22, true },
	[PROXYHDR_TLS_CIPHER] = { 0x23, true },
};

/* ---- addresses ------------------------------------------------------------- */

static void ip_name(struct name *n, int family, const void *host, unsigned port)
{
	struct sockaddr_in *ip4 = (struct sockaddr_in *)&n->sa;
	struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *)&n->sa;

	*n = (struct name){ .len = family == AF_INET ? sizeof(*ip4) : sizeof(*ip6) };
	n->sa.ss_family = (sa_family_t)family;
	if (family == AF_INET)
		memcpy(&ip4->sin_addr, host, sizeof(ip4->sin_addr));
	else
		memcpy(&ip6->sin6_addr, host, sizeof(ip6->sin6_addr));
	name_set_port(n, port);
}

static const void *ip_host(const struct name *n)
{
	if (n->sa.ss_family == AF_INET)
		return &((const struct sockaddr_in *)&n->sa)->sin_addr;
	return &((const struct sockaddr_in6 *)&n->sa)->sin6_addr;
}

/* 0: no address that the protocol knows. */
static int common_family(const struct proxyhdr *h)
{
	int family = h->from.sa.ss_family;

	if (!h->named || !h->from.len || !h->to.len || h->to.sa.ss_family != family)
		return 0;
	return family == AF_INET || family == AF_INET6 || family == AF_UNIX ? family : 0;
}

/* ---- version 1 --------------------------------------------------------------- */

/* Cuts the text at its first blank; what follows, or NULL. */
static char *cut_field(char *text)
{
	char *blank = text ? strchr(text, ' ') : NULL;

	if (!blank)
		return NULL;
	*blank = '\0';
	return blank + 1;
}

/* Decimal, without sign and leading zeros. */
static bool read_port(const char *text, unsigned *port)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 5 || text[n] || (n > 1 && text[0] == '0'))
		return false;
	*port = 0;
	for (; *text; text++)
		*port = *port * 10 + (unsigned)(*text - '0');
	return *port <= UINT16_MAX;
}

static bool read_ip(int family, const char *host, const char *port, struct name *out)
{
	unsigned char bytes[16];
	unsigned number;

	if (inet_pton(family, host, bytes) != 1 || !read_port(port, &number))
		return false;
	ip_name(out, family, bytes, number);
	return true;
}

/* "host host port port". */
static bool read_fields(int family, char *from, struct proxyhdr *out)
{
	char *to = cut_field(from);
	char *from_port = cut_field(to);
	char *to_port = cut_field(from_port);

	out->named = true;
	return to_port && read_ip(family, from, from_port, &out->from) &&
	       read_ip(family, to, to_port, &out->to);
}

/* The line without its end.  Of UNKNOWN the rest is to be ignored (2.1). */
static bool read_line(char *line, struct proxyhdr *out)
{
	char *rest = line + sizeof(v1_start) - 1;
	char *fields = cut_field(rest);

	*out = (struct proxyhdr){ .version = 1 };
	if (strcmp(rest, "UNKNOWN") == 0)
		return true;
	if (!fields)
		return false;
	if (strcmp(rest, "TCP4") == 0)
		return read_fields(AF_INET, fields, out);
	return strcmp(rest, "TCP6") == 0 && read_fields(AF_INET6, fields, out);
}

static enum proxyhdr_answer bad(const char **why, const char *text)
{
	*why = text;
	return PROXYHDR_BAD;
}

static enum proxyhdr_answer decode_v1(const char *data, size_t len, struct proxyhdr *out,
				      size_t *size, const char **why)
{
	size_t most = len < V1_MAX ? len : V1_MAX, n;
	const char *nl = memchr(data, '\n', most);
	char line[V1_MAX];

	if (!nl && most == V1_MAX)
		return bad(why, "its line has more than 107 bytes");
	if (!nl) {
		*size = len < V1_MIN - 1 ? V1_MIN : len + (data[len - 1] == '\r' ? 1 : 2);
		*size = *size < V1_MAX ? *size : V1_MAX;
		return PROXYHDR_MORE;
	}
	*size = (size_t)(nl - data) + 1;
	n = *size - 2;
	if (nl[-1] != '\r')
		return bad(why, "its line ends without CR");
	if (memchr(data, '\0', n))
		return bad(why, "its line has a NUL in it");
	memcpy(line, data, n);
	line[n] = '\0';
	return read_line(line, out) ? PROXYHDR_DONE : bad(why, "its line is malformed");
}

static bool encode_v1(const struct proxyhdr *h, struct buf *out)
{
	int family = h->datagram ? 0 : common_family(h);
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];

	if (family != AF_INET && family != AF_INET6)
		return buf_format(out, "%sUNKNOWN\r\n", v1_start);
	if (!inet_ntop(family, ip_host(&h->from), from, sizeof(from)) ||
	    !inet_ntop(family, ip_host(&h->to), to, sizeof(to)))
		return false;
	return buf_format(out, "%s%s %s %s %u %u\r\n", v1_start,
			  family == AF_INET ? "TCP4" : "TCP6", from, to,
			  name_port(&h->from), name_port(&h->to));
}

/* ---- version 2, coming in ------------------------------------------------------ */

static unsigned get16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Castagnoli's polynomial, low bit first (RFC 9260, appendix A).  Bytes [zero, zero +
 * 4) count as zero: there the sum itself stands. */
static uint32_t crc32c(const unsigned char *data, size_t len, size_t zero)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		sum ^= i >= zero && i - zero < 4 ? 0 : data[i];
		for (unsigned bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78u : 0);
	}
	return ~sum;
}

/* Path or abstract name, filled up with NUL. */
static bool read_path(const unsigned char *block, struct name *out)
{
	bool abstract = !block[0];
	size_t len = UNIX_PATH;

	while (len && !block[len - 1])
		len--;
	if (len)
		return name_unix(out, (const char *)block + abstract, len - abstract,
				 abstract, true);
	*out = (struct name){ .len = offsetof(struct sockaddr_un, sun_path) };
	out->sa.ss_family = AF_UNIX;
	return true;
}

/* What comes after the fixed part; *used is what the addresses take of it. */
static bool read_addresses(unsigned family, const unsigned char *p, size_t len,
			   struct proxyhdr *out, size_t *used)
{
	static const size_t size[] = { 0, IP4_BLOCK, IP6_BLOCK, 2 * UNIX_PATH };

	*used = size[family];
	if (len < *used)
		return false;
	switch (family) {
	case 1:
		ip_name(&out->from, AF_INET, p, get16(p + 8));
		ip_name(&out->to, AF_INET, p + 4, get16(p + 10));
		return true;
	case 2:
		ip_name(&out->from, AF_INET6, p, get16(p + 32));
		ip_name(&out->to, AF_INET6, p + 16, get16(p + 34));
		return true;
	case 3:
		return read_path(p, &out->from) && read_path(p + UNIX_PATH, &out->to);
	default:
		return true;
	}
}

static void keep_value(struct proxyhdr *out, unsigned type, const unsigned char *p,
		       size_t len, bool tls)
{
	for (unsigned i = 0; i < PROXYHDR_VALUES; i++)
		if (kinds[i].type == type && kinds[i].tls == tls)
			out->value[i] = (struct proxyhdr_bytes){ p, len };
}

/* One value: type, length, bytes.  Its whole size, or 0 if it breaks off. */
static size_t cut_value(const unsigned char *p, size_t left)
{
	size_t size = left < TLV_HEAD ? SIZE_MAX : TLV_HEAD + get16(p + 1);

	return size <= left ? size : 0;
}

static bool read_tls(const unsigned char *p, size_t len, struct proxyhdr *out)
{
	size_t n;

	if (len < TLS_FIXED)
		return false;
	out->tls = p[0] & TLS_USED;
	out->certificate = out->tls && p[0] & (TLS_CERT_CONNECTION | TLS_CERT_SESSION);
	out->verified = out->certificate && get32(p + 1) == 0;
	for (size_t at = TLS_FIXED; at < len; at += n) {
		n = cut_value(p + at, len - at);
		if (!n)
			return false;
		keep_value(out, p[at], p + at + TLV_HEAD, n - TLV_HEAD, true);
	}
	return true;
}

/* The values of a header (all of it is data[0 .. size)) from `at` on. */
static enum proxyhdr_answer read_values(const unsigned char *data, size_t at, size_t size,
					struct proxyhdr *out, const char **why)
{
	for (size_t n; at < size; at += n) {
		const unsigned char *p = data + at + TLV_HEAD;
		size_t len;

		n = cut_value(data + at, size - at);
		if (!n)
			return bad(why, "a value breaks off");
		len = n - TLV_HEAD;
		keep_value(out, data[at], p, len, false);
		if (data[at] == TLV_TLS && !read_tls(p, len, out))
			return bad(why, "what it says of TLS breaks off");
		if (data[at] != TLV_CRC32C)
			continue;
		if (len != 4 || get32(p) != crc32c(data, size, (size_t)(p - data)))
			return bad(why, "its checksum is wrong");
		out->checksum = true;
	}
	if (out->value[PROXYHDR_UNIQUE_ID].len > UNIQUE_ID_MAX)
		return bad(why, "its unique id has more than 128 bytes");
	return PROXYHDR_DONE;
}

/* Of LOCAL all the rest is to be discarded (2.2). */
static enum proxyhdr_answer read_block(const unsigned char *data, size_t size,
				       struct proxyhdr *out, const char **why)
{
	unsigned family = data[13] >> 4, transport = data[13] & 15;
	size_t used;

	*out = (struct proxyhdr){ .version = 2 };
	if (data[12] == V2_LOCAL)
		return PROXYHDR_DONE;
	if (family > 3 || transport > 2)
		return bad(why, "its kind of address does not exist");
	if (!read_addresses(family, data + V2_FIXED, size - V2_FIXED, out, &used))
		return bad(why, "its addresses break off or are too long");
	out->named = family && transport;
	out->datagram = transport == 2;
	return read_values(data, V2_FIXED + used, size, out, why);
}

static enum proxyhdr_answer decode_v2(const unsigned char *data, size_t len,
				      struct proxyhdr *out, size_t *size,
				      const char **why)
{
	*size = V2_FIXED;
	if (len > 12 && data[12] != V2_LOCAL && data[12] != V2_PROXY)
		return bad(why, "its version or command does not exist");
	if (len < *size)
		return PROXYHDR_MORE;
	*size += get16(data + V2_LENGTH);
	if (*size > PROXYHDR_MAX)
		return bad(why, "it has more than 4096 bytes");
	return len < *size ? PROXYHDR_MORE : read_block(data, *size, out, why);
}

static bool begins(const void *data, size_t len, const void *start, size_t n)
{
	return memcmp(data, start, len < n ? len : n) == 0;
}

enum proxyhdr_answer proxyhdr_decode(const void *data, size_t len, struct proxyhdr *out,
				     size_t *size, const char **why)
{
	*size = V1_MIN;
	if (len == 0)
		return PROXYHDR_MORE;
	if (begins(data, len, v2_start, sizeof(v2_start)))
		return decode_v2(data, len, out, size, why);
	if (begins(data, len, v1_start, sizeof(v1_start) - 1))
		return decode_v1(data, len, out, size, why);
	return PROXYHDR_NONE;
}

/* ---- version 2, going out ------------------------------------------------------ */

static bool add16(struct buf *out, size_t n)
{
	unsigned char b[2] = { (unsigned char)(n >> 8), (unsigned char)n };

	return n <= UINT16_MAX && buf_add(out, b, 2);
}

/* A number in its place, once it is known. */
static void put(unsigned char *p, uint32_t n, unsigned bytes)
{
	while (bytes--) {
		p[bytes] = (unsigned char)n;
		n >>= 8;
	}
}

static bool add_path(struct buf *out, const struct name *n)
{
	const struct sockaddr_un *un = (const struct sockaddr_un *)&n->sa;
	size_t start = offsetof(struct sockaddr_un, sun_path);
	size_t len = n->len > start ? n->len - start : 0;
	unsigned char block[UNIX_PATH] = { 0 };

	memcpy(block, un->sun_path, len < UNIX_PATH ? len : UNIX_PATH);
	return buf_add(out, block, sizeof(block));
}

static bool add_addresses(struct buf *out, const struct proxyhdr *h, int family)
{
	size_t n = family == AF_INET ? 4 : 16;

	if (!family)
		return true;
	if (family == AF_UNIX)
		return add_path(out, &h->from) && add_path(out, &h->to);
	return buf_add(out, ip_host(&h->from), n) && buf_add(out, ip_host(&h->to), n) &&
	       add16(out, name_port(&h->from)) && add16(out, name_port(&h->to));
}

static bool add_values(struct buf *out, const struct proxyhdr *h, bool tls)
{
	for (unsigned i = 0; i < PROXYHDR_VALUES; i++) {
		const struct proxyhdr_bytes *v = &h->value[i];

		if (!v->data || kinds[i].tls != tls)
			continue;
		if (!buf_add(out, &kinds[i].type, 1) || !add16(out, v->len) ||
		    !buf_add(out, v->data, v->len))
			return false;
	}
	return true;
}

static bool add_tls(struct buf *out, const struct proxyhdr *h)
{
	unsigned char head[TLV_HEAD + TLS_FIXED] = { TLV_TLS };
	size_t at = out->len;

	if (!h->tls)
		return true;
	head[3] = TLS_USED | (h->certificate ? TLS_CERT_SESSION : 0);
	put(head + 4, !(h->certificate && h->verified), 4);
	if (!buf_add(out, head, sizeof(head)) || !add_values(out, h, true))
		return false;
	put(out->data + at + 1, (uint32_t)(out->len - at - TLV_HEAD), 2);
	return true;
}

static bool add_checksum(struct buf *out, const struct proxyhdr *h)
{
	static const unsigned char room[TLV_HEAD + 4] = { TLV_CRC32C, 0, 4 };

	return !h->checksum || buf_add(out, room, sizeof(room));
}

static bool encode_v2(const struct proxyhdr *h, struct buf *out)
{
	int family = common_family(h);
	unsigned kind = family == AF_INET ? 1 : family == AF_INET6 ? 2 : family ? 3 : 0;
	unsigned char fixed[V2_FIXED] = { 0 };

	memcpy(fixed, v2_start, sizeof(v2_start));
	fixed[12] = family ? V2_PROXY : V2_LOCAL;
	fixed[13] = (unsigned char)(kind << 4 | (!family ? 0u : h->datagram ? 2u : 1u));
	if (!buf_add(out, fixed, sizeof(fixed)) || !add_addresses(out, h, family))
		return false;
	if (family && (!add_values(out, h, false) || !add_tls(out, h) ||
		       !add_checksum(out, h)))
		return false;
	put(out->data + V2_LENGTH, (uint32_t)(out->len - V2_FIXED), 2);
	if (family && h->checksum)
		put(out->data + out->len - 4, crc32c(out->data, out->len, out->len - 4),
		    4);
	return out->len <= PROXYHDR_MAX;
}

bool proxyhdr_encode(const struct proxyhdr *h, struct buf *out)
{
	return h->version == 1 ? encode_v1(h, out) : encode_v2(h, out);
}
