/* pcapng, the capture file format of Wireshark (draft-ietf-opsawg-pcapng), as far as a
 * writer needs it: one section, one interface that carries IP packets without a link
 * layer, and packets.  All in little-endian order. */
#ifndef SOCKCAT_PROTO_PCAPNG_H
#define SOCKCAT_PROTO_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer texts are cut. */
enum { PCAPNG_TEXT = 1024 };

/* What stands before the packets: Section Header Block (section 4.1) and Interface
 * Description Block (4.2).  Texts are UTF-8. */
struct pcapng_start {
	const char *program;	/* ref: who writes this, "sockcat 1.0" */
	const char *interface;	/* ref: where it was captured */
};

size_t pcapng_start_size(const struct pcapng_start *s);
unsigned char *pcapng_put_start(unsigned char *to, const struct pcapng_start *s);

/* Enhanced Packet Block (4.3) for one packet. */
struct pcapng_packet {
	uint64_t time;		/* nanoseconds since 1970, UTC */
	bool inbound;		/* else outbound */
	size_t len;		/* bytes of the packet */
	const char *comment;	/* ref: or NULL */
};

size_t pcapng_packet_size(const struct pcapng_packet *p);

/* The block's head and its end; between them are the packet's len bytes, the caller's.
 * Both return behind the last byte. */
unsigned char *pcapng_put_head(unsigned char *to, const struct pcapng_packet *p);
unsigned char *pcapng_put_end(unsigned char *to, const struct pcapng_packet *p);

#endif
