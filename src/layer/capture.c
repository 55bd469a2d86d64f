/* Makes packets of what is relayed: --capture.
 *
 * The layer stands on top of one address, so it sees what is read there and what is
 * written, above TLS and all other layers.  Packets are made up around that: a handshake
 * when the address is open, pieces with the right numbers, acknowledgements, the end as
 * it was.  What has no internet address (UNIX sockets, pipes, programs) is given one out
 * of 192.0.2.0/24, which RFC 5737 keeps for documentation; a comment tells what it is. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/text.h"
#include "endpoint/endpoint.h"
#include "layer/capturefile.h"

enum {
	COMMENT = 512,
	/* a receiver confirms when so much has come since it last did */
	UNCONFIRMED = 32 * 1024,
	/* numbers begin so close to their wrap that any long stream meets it, not only
	 * those of gigabytes */
	BEFORE_WRAP = 64 * 1024,
	/* made up, and known as those of no protocol */
	CLIENT_PORT = 49152,
	CLIENT_PORTS = 7000,
	SERVER_PORT = 1,
};

/* The ends of a connection: this program, and who is at the other end. */
enum who { US, THEM };

struct capture {
	struct layer l;
	struct packet_end end[2];
	bool ip6, udp;
	unsigned number;	/* among the connections of this capture */
	uint32_t next[2];	/* TCP: number of each end's next byte */
	uint32_t confirmed[2];	/* TCP: the same, as the other end has confirmed it */
	bool ended[2];		/* TCP: no more comes from there */
	bool open;
	bool told;		/* what this is: in the first packet's comment */
	bool over;		/* reset, or the file could not be had */
};

/* ---- once ------------------------------------------------------------------ */

static enum io capture_prepare(struct part *p, struct fail *f)
{
	p->prepared = mem_new(1, sizeof(struct capture_file));
	return p->prepared ? capture_file_open(p->prepared, p, f) : fail_memory(f);
}

static void capture_unprepare(struct part *p)
{
	capture_file_close(p->prepared);
	mem_free(p->prepared);
	p->prepared = NULL;
}

/* ---- who is there ---------------------------------------------------------- */

/* AF_INET or AF_INET6, if that is an address of somebody; 0 for none and "any". */
static int family_of(const struct name *n)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&n->sa;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&n->sa;

	if (!n->len)
		return 0;
	if (n->sa.ss_family == AF_INET && four->sin_addr.s_addr != INADDR_ANY)
		return AF_INET;
	if (n->sa.ss_family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr))
		return AF_INET6;
	return 0;
}

static bool is_internet(const struct name *n)
{
	return n->len && (n->sa.ss_family == AF_INET || n->sa.ss_family == AF_INET6);
}

/* Where the two ends differ in their family, IPv4 is written as IPv6 knows it. */
static void take_end(struct packet_end *to, const struct name *n, bool ip6)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&n->sa;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&n->sa;

	*to = (struct packet_end){ .port = (uint16_t)name_port(n) };
	if (family_of(n) == AF_INET6) {
		memcpy(to->addr, &six->sin6_addr, 16);
	} else if (family_of(n) == AF_INET && ip6) {
		to->addr[10] = to->addr[11] = 0xff;
		memcpy(to->addr + 12, &four->sin_addr, 4);
	} else if (family_of(n) == AF_INET) {
		memcpy(to->addr, &four->sin_addr, 4);
	}
}

/* Addresses and ports that no other connection of the capture has. */
static void make_up_ends(struct capture *c)
{
	const unsigned char last = (unsigned char)(2 + c->number / CLIENT_PORTS % 250);
	const enum who server = c->l.end->server ? US : THEM;

	c->ip6 = false;
	c->end[US] = (struct packet_end){ .addr = { 192, 0, 2, 1 } };
	c->end[THEM] = (struct packet_end){ .addr = { 192, 0, 2, last } };
	c->end[server].port = SERVER_PORT;
	c->end[!server].port = (uint16_t)(CLIENT_PORT + c->number % CLIENT_PORTS);
}

/* For a packet that comes from there. */
static void find_ends(struct capture *c, enum who from)
{
	const struct endpoint *e = c->l.end;
	struct name us = { 0 }, them = { 0 };

	endpoint_local(e, &us);
	if (e->sender && from == THEM)
		them = *e->sender;
	else
		endpoint_peer(e, &them);
	name_unmap(&us);
	name_unmap(&them);
	if (!is_internet(&us) && !is_internet(&them)) {
		make_up_ends(c);
		return;
	}
	c->ip6 = family_of(&us) == AF_INET6 || family_of(&them) == AF_INET6;
	if (!family_of(&us) && !family_of(&them))
		c->ip6 = us.sa.ss_family == AF_INET6;
	take_end(&c->end[US], &us, c->ip6);
	take_end(&c->end[THEM], &them, c->ip6);
}

static bool is_datagrams(const struct endpoint *e)
{
	const int fd = e->rfd >= 0 ? e->rfd : e->wfd;
	int type = SOCK_STREAM;
	socklen_t len = sizeof(type);

	if (e->spec->part[0].type->flags & TYPE_MESSAGES)
		return true;
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return type == SOCK_DGRAM;
}

/* ---- packets --------------------------------------------------------------- */

/* What this is, for the first packet; NULL for all others. */
static const char *describe(struct capture *c, char *to)
{
	char text[COMMENT / 2];

	if (c->told)
		return NULL;
	c->told = true;
	endpoint_text(c->l.end, text, sizeof(text));
	text_escape(to, COMMENT, text, strlen(text));
	return to;
}

static void add(struct capture *c, enum who from, struct packet *p, const char *comment)
{
	const struct capture_note note = { .inbound = from == THEM, .comment = comment };

	p->udp = c->udp;
	p->ip6 = c->ip6;
	p->from = c->end[from];
	p->to = c->end[!from];
	capture_file_add(c->l.part->prepared, c->l.end->loop, p, &note);
}

static void send_segment(struct capture *c, enum who from, unsigned char flags,
			 const void *data, size_t len)
{
	const bool confirms = flags & PACKET_ACK;
	char about[COMMENT];
	struct packet p = {
		.seq = c->next[from],
		.ack = confirms ? c->next[!from] : 0,
		.flags = flags,
		.data = data,
		.len = len,
	};

	add(c, from, &p, describe(c, about));
	c->next[from] += (uint32_t)len + (flags & (PACKET_SYN | PACKET_FIN) ? 1 : 0);
	if (confirms)
		c->confirmed[!from] = c->next[!from];
}

static void send_stream(struct capture *c, enum who from, const unsigned char *data,
			size_t len)
{
	const size_t most = c->ip6 ? PACKET_SEGMENT6 : PACKET_SEGMENT4;

	while (len) {
		const size_t n = len < most ? len : most;

		send_segment(c, from, PACKET_ACK | (n == len ? PACKET_PUSH : 0), data, n);
		data += n;
		len -= n;
	}
	if (c->next[from] - c->confirmed[from] >= UNCONFIRMED)
		send_segment(c, !from, PACKET_ACK, NULL, 0);
}

static void send_datagram(struct capture *c, enum who from, const void *data, size_t len)
{
	struct packet p = { .data = data, .len = len };
	char about[COMMENT];
	const char *comment;

	find_ends(c, from); /* the peer may be another each time */
	comment = describe(c, about);
	if (len > PACKET_DATAGRAM) {
		p.len = PACKET_DATAGRAM;
		snprintf(about, sizeof(about), "the first %d of %zu bytes",
			 PACKET_DATAGRAM, len);
		comment = about;
	}
	add(c, from, &p, comment);
}

static void send_data(struct capture *c, enum who from, const void *data, size_t len)
{
	if (c->over)
		return;
	if (c->udp)
		send_datagram(c, from, data, len);
	else
		send_stream(c, from, data, len);
}

/* ---- the beginning and the end --------------------------------------------- */

static void shake_hands(struct capture *c)
{
	const enum who client = c->l.end->server ? THEM : US;

	send_segment(c, client, PACKET_SYN, NULL, 0);
	send_segment(c, !client, PACKET_SYN | PACKET_ACK, NULL, 0);
	send_segment(c, client, PACKET_ACK, NULL, 0);
}

static enum io capture_open(struct layer *l)
{
	struct capture *c = (struct capture *)l;
	struct capture_file *file = l->part->prepared;

	c->number = file->flows++;
	c->udp = is_datagrams(l->end);
	c->next[US] = c->next[THEM] = (uint32_t)-BEFORE_WRAP - c->number;
	c->open = true;
	find_ends(c, US);
	if (!c->udp)
		shake_hands(c);
	return IO_OK;
}

static void send_end(struct capture *c, enum who from)
{
	if (c->udp || c->over || c->ended[from])
		return;
	c->ended[from] = true;
	send_segment(c, from, PACKET_FIN | PACKET_ACK, NULL, 0);
	send_segment(c, !from, PACKET_ACK, NULL, 0);
}

static void send_reset(struct capture *c, enum who from)
{
	if (c->udp || c->over)
		return;
	c->over = true;
	send_segment(c, from, PACKET_RST | PACKET_ACK, NULL, 0);
}

/* Closing it now sends a reset: because somebody wants that, or because what has come
 * was not read. */
static bool closes_hard(const struct endpoint *e)
{
	struct linger hard = { 0 };
	socklen_t len = sizeof(hard);
	int unread = 0;

	if (!e->network)
		return false;
	getsockopt(e->rfd, SOL_SOCKET, SO_LINGER, &hard, &len);
	ioctl(e->rfd, FIONREAD, &unread);
	return (hard.l_onoff && !hard.l_linger) || unread > 0;
}

static bool was_reset(int code)
{
	return code == ECONNRESET || code == EPIPE;
}

/* Nobody has read or written since the peer's reset came. */
static bool has_reset_waiting(const struct endpoint *e)
{
	int code = 0;
	socklen_t len = sizeof(code);

	return e->network && e->rfd >= 0 &&
	       getsockopt(e->rfd, SOL_SOCKET, SO_ERROR, &code, &len) == 0 &&
	       was_reset(code);
}

static void note_failure(struct capture *c)
{
	if (was_reset(c->l.end->fail->code))
		send_reset(c, closes_hard(c->l.end) ? US : THEM);
}

static void capture_free(struct layer *l)
{
	struct capture *c = (struct capture *)l;

	if (!c->open || (c->ended[US] && c->ended[THEM]))
		return;
	if (has_reset_waiting(l->end))
		send_reset(c, THEM);
	else if (closes_hard(l->end))
		send_reset(c, US);
	else
		send_end(c, US);
}

/* ---- what passes ----------------------------------------------------------- */

static enum io capture_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct capture *c = (struct capture *)l;
	enum io r = layer_read(l->below, to, cap, n);

	if (r == IO_OK)
		send_data(c, THEM, to, *n);
	else if (r == IO_EOF)
		send_end(c, THEM);
	else if (r == IO_FAIL)
		note_failure(c);
	return r;
}

static enum io capture_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct capture *c = (struct capture *)l;
	enum io r = layer_write(l->below, from, len, n);

	if (r == IO_OK)
		send_data(c, US, from, *n);
	else if (r == IO_FAIL)
		note_failure(c);
	return r;
}

static enum io capture_shut(struct layer *l)
{
	enum io r = layer_shut(l->below);

	if (r == IO_OK || r == IO_EOF)
		send_end((struct capture *)l, US);
	return r;
}

const struct layer_ops capture_ops = {
	.size = sizeof(struct capture),
	.prepare = capture_prepare,
	.unprepare = capture_unprepare,
	.open = capture_open,
	.read = capture_read,
	.write = capture_write,
	.shut = capture_shut,
	.free = capture_free,
};
