/* pcapng, as far as a writer needs it. */
#include "proto/pcapng.h"

#include <string.h>

#include "base/text.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,

	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINK_RAW = 101,		/* the packet's first nibble tells IPv4 from IPv6 */

	OPTION_COMMENT = 1,	/* in every block */
	OPTION_PROGRAM = 4,	/* shb_userappl */
	OPTION_NAME = 2,	/* if_name */
	OPTION_ABOUT = 3,	/* if_description */
	OPTION_UNIT = 9,	/* if_tsresol */
	OPTION_FLAGS = 2,	/* epb_flags */

	NANOSECONDS = 9,	/* for OPTION_UNIT: 10^-9 s */
	INBOUND = 1,		/* for OPTION_FLAGS */
	OUTBOUND = 2,

	/* type and length before, length again behind */
	FRAME = 12,
	SECTION_BODY = 16,
	INTERFACE_BODY = 8,
	PACKET_BODY = 20,
	OPTION_HEAD = 4,	/* so long is the end of options, too */
};

/* ---- pieces ---------------------------------------------------------------- */

static unsigned char *put16(unsigned char *to, unsigned v)
{
	to[0] = (unsigned char)v;
	to[1] = (unsigned char)(v >> 8);
	return to + 2;
}

static unsigned char *put32(unsigned char *to, uint32_t v)
{
	return put16(put16(to, v & 0xffff), v >> 16);
}

static size_t padding(size_t len)
{
	return -len & 3;
}

static unsigned char *put_padding(unsigned char *to, size_t len)
{
	memset(to, 0, padding(len));
	return to + padding(len);
}

static size_t text_len(const char *text)
{
	const size_t len = strlen(text);

	return len < PCAPNG_TEXT ? len : text_cut(text, PCAPNG_TEXT);
}

static size_t option_size(size_t len)
{
	return OPTION_HEAD + len + padding(len);
}

static unsigned char *put_option(unsigned char *to, unsigned code, const void *value,
				 size_t len)
{
	to = put16(to, code);
	to = put16(to, (unsigned)len);
	memcpy(to, value, len);
	return put_padding(to + len, len);
}

static unsigned char *put_text(unsigned char *to, unsigned code, const char *text)
{
	return put_option(to, code, text, text_len(text));
}

static unsigned char *put_block(unsigned char *to, uint32_t type, size_t size)
{
	to = put32(to, type);
	return put32(to, (uint32_t)size);
}

static unsigned char *put_options_end(unsigned char *to, size_t block_size)
{
	to = put32(to, 0);
	return put32(to, (uint32_t)block_size);
}

/* ---- the start ------------------------------------------------------------- */

static const char interface_name[] = "sockcat";

static size_t section_size(const struct pcapng_start *s)
{
	return FRAME + SECTION_BODY + option_size(text_len(s->program)) + OPTION_HEAD;
}

static size_t interface_size(const struct pcapng_start *s)
{
	return FRAME + INTERFACE_BODY + option_size(strlen(interface_name)) +
	       option_size(text_len(s->interface)) + option_size(1) + OPTION_HEAD;
}

static unsigned char *put_section(unsigned char *to, const struct pcapng_start *s)
{
	const size_t size = section_size(s);

	to = put_block(to, BLOCK_SECTION, size);
	to = put32(to, BYTE_ORDER_MAGIC);
	to = put16(to, 1);	/* version 1.0 */
	to = put16(to, 0);
	to = put32(to, 0xffffffff);	/* length of the section: not known */
	to = put32(to, 0xffffffff);
	to = put_text(to, OPTION_PROGRAM, s->program);
	return put_options_end(to, size);
}

static unsigned char *put_interface(unsigned char *to, const struct pcapng_start *s)
{
	const size_t size = interface_size(s);

	to = put_block(to, BLOCK_INTERFACE, size);
	to = put16(to, LINK_RAW);
	to = put16(to, 0);
	to = put32(to, 0);	/* packets are never cut */
	to = put_text(to, OPTION_NAME, interface_name);
	to = put_text(to, OPTION_ABOUT, s->interface);
	to = put_option(to, OPTION_UNIT, &(unsigned char){ NANOSECONDS }, 1);
	return put_options_end(to, size);
}

size_t pcapng_start_size(const struct pcapng_start *s)
{
	return section_size(s) + interface_size(s);
}

unsigned char *pcapng_put_start(unsigned char *to, const struct pcapng_start *s)
{
	return put_interface(put_section(to, s), s);
}

/* ---- packets --------------------------------------------------------------- */

size_t pcapng_packet_size(const struct pcapng_packet *p)
{
	return FRAME + PACKET_BODY + p->len + padding(p->len) + option_size(4) +
	       (p->comment ? option_size(text_len(p->comment)) : 0) + OPTION_HEAD;
}

unsigned char *pcapng_put_head(unsigned char *to, const struct pcapng_packet *p)
{
	to = put_block(to, BLOCK_PACKET, pcapng_packet_size(p));
	to = put32(to, 0);	/* the only interface */
	to = put32(to, (uint32_t)(p->time >> 32));
	to = put32(to, (uint32_t)p->time);
	to = put32(to, (uint32_t)p->len);	/* here, */
	return put32(to, (uint32_t)p->len);	/* and when it was on its way */
}

unsigned char *pcapng_put_end(unsigned char *to, const struct pcapng_packet *p)
{
	to = put_padding(to, p->len);
	to = put_option(to, OPTION_FLAGS,
			&(unsigned char[4]){ p->inbound ? INBOUND : OUTBOUND }, 4);
	if (p->comment)
		to = put_text(to, OPTION_COMMENT, p->comment);
	return put_options_end(to, pcapng_packet_size(p));
}
