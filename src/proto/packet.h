/* TCP and UDP packets over IPv4 (RFC 791) and IPv6 (RFC 8200), made for a capture: they
 * never travel, but whoever reads them finds every length and checksum right. */
#ifndef SOCKCAT_PROTO_PACKET_H
#define SOCKCAT_PROTO_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACKET_MTU = 1500,
	/* the longest data of a packet: for UDP what IPv4 can carry, for TCP what an
	 * Ethernet would */
	PACKET_DATAGRAM = 65507,
	PACKET_SEGMENT4 = PACKET_MTU - 20 - 20,
	PACKET_SEGMENT6 = PACKET_MTU - 40 - 20,
};

/* RFC 9293, section 3.1. */
enum { PACKET_FIN = 1, PACKET_SYN = 2, PACKET_RST = 4, PACKET_PUSH = 8, PACKET_ACK = 16 };

/* One end: an IPv4 address is in the first four bytes.  Port in host order. */
struct packet_end {
	unsigned char addr[16];
	uint16_t port;
};

struct packet {
	bool udp;			/* else TCP */
	bool ip6;
	struct packet_end from, to;
	uint32_t seq, ack;		/* TCP */
	unsigned char flags;		/* TCP: PACKET_*; a SYN tells segment and scale */
	const void *data;		/* ref */
	size_t len;			/* at most what fits, see above */
};

/* Bytes of the whole packet. */
size_t packet_size(const struct packet *p);

/* Writes them, the IP header first.  Returns behind the last. */
unsigned char *packet_put(unsigned char *to, const struct packet *p);

/* The internet checksum (RFC 1071) of len bytes, to which sum, what was added up before,
 * is added; len is even but for the last piece.  Not yet folded. */
uint32_t packet_sum(uint32_t sum, const unsigned char *from, size_t len);

#endif
