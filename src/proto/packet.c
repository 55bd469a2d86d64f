/* TCP and UDP packets over IPv4 and IPv6. */
#include "proto/packet.h"

#include <string.h>

enum {
	IP4_HEAD = 20,
	IP6_HEAD = 40,
	TCP_HEAD = 20,
	UDP_HEAD = 8,
	/* of a SYN: segment size (4), no-operation (1), window scale (3) */
	SYN_OPTIONS = 8,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	HOPS = 64,
	DONT_FRAGMENT = 0x4000,
	/* as wide as can be, shifted by SCALE: nobody is ever seen to be slow */
	WINDOW = 65535,
	SCALE = 10,
};

static unsigned char *put16(unsigned char *to, unsigned v)
{
	to[0] = (unsigned char)(v >> 8);
	to[1] = (unsigned char)v;
	return to + 2;
}

static unsigned char *put32(unsigned char *to, uint32_t v)
{
	return put16(put16(to, v >> 16), v & 0xffff);
}

static unsigned char *put_bytes(unsigned char *to, const void *from, size_t len)
{
	if (len)
		memcpy(to, from, len);
	return to + len;
}

/* ---- checksums ------------------------------------------------------------- */

uint32_t packet_sum(uint32_t sum, const unsigned char *from, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)from[i] << 8 | from[i + 1];
	if (i < len)
		sum += (uint32_t)from[i] << 8;
	return sum;
}

static unsigned folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* ---- the two layers -------------------------------------------------------- */

static size_t head_size(const struct packet *p)
{
	if (p->udp)
		return UDP_HEAD;
	return TCP_HEAD + (p->flags & PACKET_SYN ? SYN_OPTIONS : 0);
}

static unsigned protocol(const struct packet *p)
{
	return p->udp ? PROTO_UDP : PROTO_TCP;
}

static size_t addr_size(const struct packet *p)
{
	return p->ip6 ? 16 : 4;
}

/* What TCP and UDP add up besides themselves: both addresses, protocol and length. */
static uint32_t pseudo_sum(const struct packet *p, size_t len)
{
	uint32_t sum = (uint32_t)len + protocol(p);

	sum = packet_sum(sum, p->from.addr, addr_size(p));
	return packet_sum(sum, p->to.addr, addr_size(p));
}

static unsigned char *put_ip4(unsigned char *to, const struct packet *p, size_t len)
{
	unsigned char *const head = to;

	to = put16(to, 0x4500);
	to = put16(to, (unsigned)(IP4_HEAD + len));
	to = put16(to, 0);
	to = put16(to, DONT_FRAGMENT);
	to = put16(to, HOPS << 8 | protocol(p));
	to = put16(to, 0);
	to = put_bytes(to, p->from.addr, 4);
	to = put_bytes(to, p->to.addr, 4);
	put16(head + 10, folded(packet_sum(0, head, IP4_HEAD)));
	return to;
}

static unsigned char *put_ip6(unsigned char *to, const struct packet *p, size_t len)
{
	to = put32(to, 0x60000000);
	to = put16(to, (unsigned)len);
	to = put16(to, protocol(p) << 8 | HOPS);
	to = put_bytes(to, p->from.addr, 16);
	return put_bytes(to, p->to.addr, 16);
}

static unsigned char *put_udp(unsigned char *to, const struct packet *p)
{
	const size_t len = UDP_HEAD + p->len;
	unsigned char *const head = to;
	unsigned sum;

	to = put16(to, p->from.port);
	to = put16(to, p->to.port);
	to = put16(to, (unsigned)len);
	to = put16(to, 0);
	to = put_bytes(to, p->data, p->len);
	sum = folded(packet_sum(pseudo_sum(p, len), head, len));
	put16(head + 6, sum ? sum : 0xffff);	/* 0 would mean that there is none */
	return to;
}

static unsigned char *put_syn_options(unsigned char *to, const struct packet *p)
{
	to = put16(to, 0x0204);
	to = put16(to, p->ip6 ? PACKET_SEGMENT6 : PACKET_SEGMENT4);
	to = put16(to, 0x0103);
	return put16(to, 0x0300 | SCALE);
}

static unsigned char *put_tcp(unsigned char *to, const struct packet *p)
{
	const size_t size = head_size(p), len = size + p->len;
	unsigned char *const head = to;

	to = put16(to, p->from.port);
	to = put16(to, p->to.port);
	to = put32(to, p->seq);
	to = put32(to, p->ack);
	to = put16(to, (unsigned)(size / 4) << 12 | p->flags);
	to = put16(to, WINDOW);
	to = put32(to, 0);
	if (p->flags & PACKET_SYN)
		to = put_syn_options(to, p);
	to = put_bytes(to, p->data, p->len);
	put16(head + 16, folded(packet_sum(pseudo_sum(p, len), head, len)));
	return to;
}

/* ---- the whole ------------------------------------------------------------- */

size_t packet_size(const struct packet *p)
{
	return (p->ip6 ? IP6_HEAD : IP4_HEAD) + head_size(p) + p->len;
}

unsigned char *packet_put(unsigned char *to, const struct packet *p)
{
	const size_t len = head_size(p) + p->len;

	to = p->ip6 ? put_ip6(to, p, len) : put_ip4(to, p, len);
	return p->udp ? put_udp(to, p) : put_tcp(to, p);
}
