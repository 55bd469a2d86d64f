/* What the kernel says beside a datagram (cmsg(3)). */
#include "addr/ancillary.h"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "base/log.h"

static const struct sockaddr_in *ip4(const struct name *n)
{
	return (const struct sockaddr_in *)(const void *)&n->sa;
}

static const struct sockaddr_in6 *ip6(const struct name *n)
{
	return (const struct sockaddr_in6 *)(const void *)&n->sa;
}

static void make_name4(struct in_addr addr, struct name *out)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = addr };

	memcpy(&out->sa, &sin, sizeof(sin));
	out->len = sizeof(sin);
}

static void make_name6(const struct in6_pktinfo *info, struct name *out)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };

	sin6.sin6_addr = info->ipi6_addr;
	if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
		sin6.sin6_scope_id = (uint32_t)info->ipi6_ifindex;
	memcpy(&out->sa, &sin6, sizeof(sin6));
	out->len = sizeof(sin6);
}

static struct msghdr header_of(struct ancillary *a)
{
	return (struct msghdr){ .msg_control = a->space, .msg_controllen = a->len };
}

static bool is_kind(const struct cmsghdr *h, int level, int type, size_t len)
{
	return h->cmsg_level == level && h->cmsg_type == type &&
	       h->cmsg_len >= CMSG_LEN(len);
}

static void put(struct ancillary *a, int level, int type, const void *data, size_t len)
{
	struct cmsghdr h = { .cmsg_level = level, .cmsg_type = type };

	h.cmsg_len = CMSG_LEN(len);
	memset(a->space, 0, CMSG_SPACE(len));
	memcpy(a->space, &h, sizeof(h));
	memcpy(CMSG_DATA((struct cmsghdr *)(void *)a->space), data, len);
	a->len = CMSG_SPACE(len);
}

/* ---- for the log and the environment ----------------------------------- */

struct report {
	const struct cmsghdr *h;	/* ref */
	struct environment *env;	/* ref; NULL = only the log */
	bool ok;
};

static void report(struct report *r, const char *message, const char *key,
		   const char *var, const char *value)
{
	log_say(LEVEL_INFO, "ancillary message: %s: %s=%s", message, key, value);
	if (r->env && r->ok)
		r->ok = environment_add(r->env, var, value);
}

static void report_interface(struct report *r, const char *message, const char *var,
			     unsigned index)
{
	char text[IF_NAMESIZE];

	if (if_indextoname(index, text))
		report(r, message, "if", var, text);
}

static void report_host(struct report *r, const char *message, const char *key,
			const char *var, const struct name *n)
{
	char text[NAME_TEXT];

	report(r, message, key, var, name_host(n, text, sizeof(text)));
}

/* ---- addresses of IPv4 ------------------------------------------------- */

#ifdef IP_PKTINFO

static bool info4(const struct cmsghdr *h, struct in_pktinfo *info)
{
	if (!is_kind(h, IPPROTO_IP, IP_PKTINFO, sizeof(*info)))
		return false;
	memcpy(info, CMSG_DATA(h), sizeof(*info));
	return true;
}

static void ask4(int fd)
{
	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &(int){ 1 }, sizeof(int));
}

static bool local4(const struct cmsghdr *h, struct name *out)
{
	struct in_pktinfo info;

	if (!info4(h, &info))
		return false;
	make_name4(info.ipi_spec_dst, out);
	return true;
}

static void from4(struct ancillary *a, const struct name *local)
{
	struct in_pktinfo info = { .ipi_spec_dst = ip4(local)->sin_addr };

	put(a, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void report4(struct report *r)
{
	struct in_pktinfo info;
	struct name n = { 0 };

	if (!info4(r->h, &info))
		return;
	report_interface(r, "IP_PKTINFO", "IP_IF", (unsigned)info.ipi_ifindex);
	make_name4(info.ipi_spec_dst, &n);
	report_host(r, "IP_PKTINFO", "locaddr", "IP_LOCADDR", &n);
	make_name4(info.ipi_addr, &n);
	report_host(r, "IP_PKTINFO", "dstaddr", "IP_DSTADDR", &n);
}

#else

static void ask4(int fd)
{
	(void)fd;
}

static bool local4(const struct cmsghdr *h, struct name *out)
{
	(void)h;
	(void)out;
	return false;
}

static void from4(struct ancillary *a, const struct name *local)
{
	(void)a;
	(void)local;
}

static void report4(struct report *r)
{
	(void)r;
}

#endif

/* ---- addresses of IPv6 (RFC 3542) -------------------------------------- */

static bool info6(const struct cmsghdr *h, struct in6_pktinfo *info)
{
	if (!is_kind(h, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(*info)))
		return false;
	memcpy(info, CMSG_DATA(h), sizeof(*info));
	return true;
}

static void ask6(int fd)
{
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &(int){ 1 }, sizeof(int));
}

static bool local6(const struct cmsghdr *h, struct name *out)
{
	struct in6_pktinfo info;

	if (!info6(h, &info) || IN6_IS_ADDR_MULTICAST(&info.ipi6_addr) ||
	    (IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr) && info.ipi6_addr.s6_addr[12] >= 224))
		return false;
	make_name6(&info, out);
	return true;
}

static void from6(struct ancillary *a, const struct name *local)
{
	struct in6_pktinfo info = { .ipi6_addr = ip6(local)->sin6_addr };

	info.ipi6_ifindex = ip6(local)->sin6_scope_id;
	put(a, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static void report6(struct report *r)
{
	struct in6_pktinfo info;
	struct name n = { 0 };

	if (!info6(r->h, &info))
		return;
	make_name6(&info, &n);
	report_host(r, "IPV6_PKTINFO", "dstaddr", "IPV6_DSTADDR", &n);
	report_interface(r, "IPV6_PKTINFO", "IPV6_IF", (unsigned)info.ipi6_ifindex);
}

/* ---- numbers ----------------------------------------------------------- */

static const struct number {
	int level, type;
	const char *name, *key;
	bool hex;
} numbers[] = {
	{ IPPROTO_IP, IP_TTL, "IP_TTL", "ttl", false },
	{ IPPROTO_IP, IP_TOS, "IP_TOS", "tos", false },
	{ IPPROTO_IPV6, IPV6_HOPLIMIT, "IPV6_HOPLIMIT", "hoplimit", false },
	{ IPPROTO_IPV6, IPV6_TCLASS, "IPV6_TCLASS", "tclass", true },
};

/* Some kernels give a byte, some an int. */
static unsigned number_in(const struct cmsghdr *h)
{
	int n;

	if (h->cmsg_len < CMSG_LEN(sizeof(n)))
		return *CMSG_DATA(h);
	memcpy(&n, CMSG_DATA(h), sizeof(n));
	return (unsigned)n;
}

static void report_number(struct report *r)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct number *row = &numbers[i];
		char text[16];

		if (!is_kind(r->h, row->level, row->type, 1))
			continue;
		snprintf(text, sizeof(text), row->hex ? "x%08x" : "%u", number_in(r->h));
		report(r, row->name, row->key, row->name, text);
	}
}

static void report_time(struct report *r)
{
	struct timeval t;
	struct tm tm;
	char date[40], text[80];

	if (!is_kind(r->h, SOL_SOCKET, SCM_TIMESTAMP, sizeof(t)))
		return;
	memcpy(&t, CMSG_DATA(r->h), sizeof(t));
	if (!localtime_r(&t.tv_sec, &tm) ||
	    !strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &tm))
		return;
	snprintf(text, sizeof(text), "%s, %06ld usecs", date, (long)t.tv_usec);
	report(r, "SCM_TIMESTAMP", "timestamp", "TIMESTAMP", text);
}

static void report_options(struct report *r)
{
	const unsigned char *data = CMSG_DATA(r->h);
	char text[2 + 2 * MAX_IPOPTLEN] = "x";
	size_t len;

	if (!is_kind(r->h, IPPROTO_IP, IP_RECVOPTS, 0))
		return;
	len = (size_t)(r->h->cmsg_len - CMSG_LEN(0));
	for (size_t i = 0; i < len && i < MAX_IPOPTLEN; i++)
		snprintf(text + 1 + 2 * i, 3, "%02x", data[i]);
	report(r, "IP_OPTIONS", "options", "IP_OPTIONS", text);
}

/* ---- all --------------------------------------------------------------- */

void ancillary_ask_local(int fd)
{
	struct name at = { .len = sizeof(at.sa) };

	if (getsockname(fd, (struct sockaddr *)&at.sa, &at.len) < 0)
		return;
	if (at.sa.ss_family == AF_INET && ip4(&at)->sin_addr.s_addr == INADDR_ANY)
		ask4(fd);
	if (at.sa.ss_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&ip6(&at)->sin6_addr))
		ask6(fd);
}

bool ancillary_local(struct ancillary *a, const struct name *at, struct name *out)
{
	struct msghdr m = header_of(a);

	*out = (struct name){ 0 };
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h))
		if (at->sa.ss_family == AF_INET ? local4(h, out) : local6(h, out)) {
			name_set_port(out, name_port(at));
			return true;
		}
	return false;
}

void ancillary_from(struct ancillary *a, const struct name *local)
{
	a->len = 0;
	if (local->sa.ss_family == AF_INET)
		from4(a, local);
	else if (local->sa.ss_family == AF_INET6)
		from6(a, local);
}

#ifdef UDP_SEGMENT
bool ancillary_cut(struct ancillary *a, size_t len)
{
	struct cmsghdr *h = (struct cmsghdr *)(a->space + a->len);
	const uint16_t size = (uint16_t)len;

	memset(h, 0, CMSG_SPACE(sizeof(size)));
	h->cmsg_level = IPPROTO_UDP;
	h->cmsg_type = UDP_SEGMENT;
	h->cmsg_len = CMSG_LEN(sizeof(size));
	memcpy(CMSG_DATA(h), &size, sizeof(size));
	a->len += CMSG_SPACE(sizeof(size));
	return true;
}
#else
bool ancillary_cut(struct ancillary *a, size_t len)
{
	(void)a;
	(void)len;
	return false;
}
#endif

bool ancillary_describe(struct ancillary *a, bool pktinfo, struct environment *env)
{
	struct msghdr m = header_of(a);
	struct report r = { .env = env, .ok = true };

	if (!env && !log_wants(LEVEL_INFO))
		return true;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		r.h = h;
		report_time(&r);
		report_number(&r);
		report_options(&r);
		if (pktinfo) {
			report4(&r);
			report6(&r);
		}
	}
	return r.ok;
}
