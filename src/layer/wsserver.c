/* The opening handshake of a WebSocket, the server's part (RFC 6455, section 4.2). */
#include <string.h>

#include "base/text.h"
#include "layer/wsopen.h"
#include "proto/wsframe.h"

enum { PARTING = 64 }; /* reads from one who was sent away */

/* ---- who is let in ---------------------------------------------------------- */

/* Why a client is not let in, and with which status it is told. */
struct refusal {
	unsigned status;
	const char *why;
};

/* What it asks for, its query aside. */
static bool path_fits(const struct part *p, struct http1_text target)
{
	const char *path = wsopen_path(p);
	const char *query = path && !strchr(path, '?')
				    ? memchr(target.at, '?', target.len)
				    : NULL;
	size_t len = query ? (size_t)(query - target.at) : target.len;

	return !path || (strlen(path) == len && memcmp(path, target.at, len) == 0);
}

static bool origin_fits(const struct part *p, const struct http1_head *head)
{
	struct http1_text origin = http1_field(head, "Origin");
	const struct optval *v;

	for (unsigned i = 0; (v = wsopen_next(p, OPT_WS_ORIGIN, &i));)
		if (text_same(origin.at, origin.len, v->text))
			return true;
	return !part_has(p, OPT_WS_ORIGIN);
}

/* The first of ours that the client offers. */
static const char *choice(const struct part *p, const struct http1_head *head)
{
	const struct optval *v;

	for (unsigned i = 0; (v = wsopen_next(p, OPT_WS_PROTOCOL, &i));)
		if (http1_lists(head, "Sec-WebSocket-Protocol", v->text))
			return v->text;
	return NULL;
}

/* Section 4.2.1. */
static struct refusal check_request(const struct part *p, const struct http1_head *head)
{
	struct http1_text key = http1_field(head, "Sec-WebSocket-Key");
	struct http1_text version = http1_field(head, "Sec-WebSocket-Version");

	if (!text_same(head->method.at, head->method.len, "GET") || head->minor < 1)
		return (struct refusal){ 400,
					 "a WebSocket begins with GET and HTTP/1.1" };
	if (!path_fits(p, head->target))
		return (struct refusal){ 404, "there is nothing at that path" };
	if (!http1_lists(head, "Upgrade", "websocket") ||
	    !http1_lists(head, "Connection", "upgrade"))
		return (struct refusal){ 426, "here is a WebSocket only" };
	if (!text_same(version.at, version.len, "13"))
		return (struct refusal){ 426, "the version of WebSocket has to be 13" };
	if (http1_count(head, "Sec-WebSocket-Key") != 1 ||
	    !wsframe_is_key(key.at, key.len) || http1_count(head, "Host") != 1)
		return (struct refusal){ 400, "the key or the host is missing" };
	if (!origin_fits(p, head))
		return (struct refusal){ 403, "the origin is not one of ws-origin=" };
	if (part_has(p, OPT_WS_PROTOCOL) && !choice(p, head))
		return (struct refusal){ 400, "the protocol is none of ws-protocol=" };
	return (struct refusal){ 0, NULL };
}

/* The cause is recorded now, so that it stays the cause even if the client stays
 * until the handshake's time is over. */
static enum io refuse(struct wsopen *o, struct layer *l, struct refusal no)
{
	struct buf *out = &o->out;
	bool upgrade = no.status == 426;

	fail_say(l->end->fail, PHASE_PROXY, (int)no.status,
		 "%.96s: client refused with %u: %s", l->end->spec->input, no.status,
		 no.why);
	if (!http1_put_status(out, no.status, 1) ||
	    (upgrade && (!http1_put_field(out, "Upgrade", "websocket") ||
			 !http1_put_field(out, "Sec-WebSocket-Version", "13"))) ||
	    !http1_put_field(out, "Connection", upgrade ? "Upgrade, close" : "close") ||
	    !http1_put_field(out, "Content-Type", "text/plain") ||
	    !buf_format(out, "Content-Length: %zu\r\n\r\n%s\n", strlen(no.why) + 1,
			no.why))
		return fail_memory(l->end->fail);
	o->state = WSOPEN_REFUSE;
	return IO_OK;
}

/* Section 4.2.2. */
static enum io grant(struct wsopen *o, struct layer *l, const struct http1_head *head)
{
	struct http1_text key = http1_field(head, "Sec-WebSocket-Key");
	const char *protocol = choice(l->part, head);
	struct buf *out = &o->out;

	if (!http1_put_status(out, 101, 1) ||
	    !http1_put_field(out, "Upgrade", "websocket") ||
	    !http1_put_field(out, "Connection", "Upgrade") ||
	    !buf_format(out, "Sec-WebSocket-Accept: ") ||
	    !wsframe_put_accept(out, key.at, key.len) || !buf_format(out, "\r\n") ||
	    (protocol && !http1_put_field(out, "Sec-WebSocket-Protocol", protocol)) ||
	    !wsopen_put_headers(out, l->part) || !http1_put_end(out))
		return fail_memory(l->end->fail);
	o->state = WSOPEN_GRANT;
	return wsopen_done(
		o, l, head, head->target,
		(struct http1_text){ protocol, protocol ? strlen(protocol) : 0 });
}

static enum io read_request(struct wsopen *o, struct layer *l)
{
	struct http1_head head;
	struct refusal no;
	const char *why;

	for (;;) {
		enum http1 h = http1_read_request(o->in.data, o->in.len, &head, &why);
		enum io r;

		if (h == HTTP1_BAD)
			return refuse(o, l, (struct refusal){ 400, why });
		if (h == HTTP1_OK)
			break;
		r = layer_more(l->below, &o->in);
		if (r != IO_OK)
			return r == IO_EOF ? wsopen_broken_off(l) : r;
	}
	no = check_request(l->part, &head);
	return no.status ? refuse(o, l, no) : grant(o, l, &head);
}

/* Closing with bytes unread would destroy the answer on its way.  One who goes on
 * sending will not read it. */
static enum io wait_for_parting(struct layer *l)
{
	unsigned char waste[1024];
	enum io r = IO_OK;
	size_t n;

	for (unsigned i = 0; r == IO_OK && i < PARTING; i++)
		r = layer_read(l->below, waste, sizeof(waste), &n);
	return r == IO_OK || r == IO_EOF ? IO_FAIL : r;
}

/* ---- the steps -------------------------------------------------------------- */

enum io wsopen_server(struct wsopen *o, struct layer *l)
{
	enum io r;

	switch (o->state) {
	case WSOPEN_BEGIN:
		o->state = WSOPEN_REQUEST;
		/* fall through */
	case WSOPEN_REQUEST:
		r = read_request(o, l);
		return r == IO_OK ? wsopen_server(o, l) : r;
	case WSOPEN_REFUSE:
		r = layer_flush(l->below, &o->out);
		if (r == IO_OK)
			r = layer_shut(l->below);
		if (r != IO_OK && r != IO_EOF)
			return r;
		o->state = WSOPEN_PART;
		/* fall through */
	case WSOPEN_PART:
		return wait_for_parting(l);
	default:
		return layer_flush(l->below, &o->out);
	}
}
