/* The opening handshake of a WebSocket, the client's part (RFC 6455, section 4.1). */
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "layer/wsopen.h"
#include "proto/wsframe.h"

/* ---- the request ------------------------------------------------------------ */

static bool over_tls(const struct layer *l)
{
	for (l = l->below; l; l = l->below)
		if (l->part->type->groups & G_TLS)
			return true;
	return false;
}

/* The port stands behind the host, in whichever member of the stack names it. */
static const char *target_port(const struct endpoint *e)
{
	for (unsigned i = 0; i < e->spec->nparts; i++) {
		const struct part *p = &e->spec->part[i];

		for (unsigned k = 0; k + 1 < p->nargs; k++)
			if (p->arg[k] == e->target)
				return p->arg[k + 1];
	}
	return NULL;
}

static bool has_host(const struct part *p)
{
	const struct optval *v;

	for (unsigned i = 0; (v = wsopen_next(p, OPT_WS_HEADER, &i));)
		if (text_same(v->text, strcspn(v->text, ":"), "Host"))
			return true;
	return false;
}

/* Without the port that everybody expects; one given by name (https) is that. */
static bool put_host(struct buf *out, const struct layer *l)
{
	const char *host = l->end->target ? l->end->target : "localhost";
	const char *port = l->end->target ? target_port(l->end) : NULL;

	if (has_host(l->part))
		return true;
	if (!port || *port < '0' || *port > '9' ||
	    strcmp(port, over_tls(l) ? "443" : "80") == 0)
		return http1_put_field(out, "Host", host);
	return buf_format(out, "Host: %s:%s\r\n", host, port);
}

static bool put_protocols(struct buf *out, const struct part *p)
{
	const struct optval *v;

	for (unsigned i = 0; (v = wsopen_next(p, OPT_WS_PROTOCOL, &i));)
		if (!http1_put_field(out, "Sec-WebSocket-Protocol", v->text))
			return false;
	return true;
}

static bool put_key(struct wsopen *o, const unsigned char random[16])
{
	struct buf key;
	bool ok;

	buf_init(&key, 24);
	ok = wsframe_put_key(&key, random) &&
	     wsframe_put_accept(&o->accept, (const char *)key.data, key.len) &&
	     buf_format(&o->out, "Sec-WebSocket-Key: %.*s\r\n", (int)key.len,
			(const char *)key.data);
	buf_free(&key);
	return ok;
}

/* Section 4.1. */
static enum io ask(struct wsopen *o, struct layer *l)
{
	const struct part *p = l->part;
	const char *path = wsopen_path(p), *origin = part_text(p, OPT_WS_ORIGIN, NULL);
	unsigned char random[16];

	if (getentropy(random, sizeof(random)) < 0)
		return fail_sys(l->end->fail, PHASE_INTERNAL, "no random numbers");
	if (!http1_put_request(&o->out, "GET", path ? path : "/", 1) ||
	    !put_host(&o->out, l) || !http1_put_field(&o->out, "Upgrade", "websocket") ||
	    !http1_put_field(&o->out, "Connection", "Upgrade") || !put_key(o, random) ||
	    !http1_put_field(&o->out, "Sec-WebSocket-Version", "13") ||
	    (origin && !http1_put_field(&o->out, "Origin", origin)) ||
	    !put_protocols(&o->out, p) || !wsopen_put_headers(&o->out, p) ||
	    !http1_put_end(&o->out))
		return fail_memory(l->end->fail);
	o->state = WSOPEN_ASK;
	return IO_OK;
}

static const char *mend(unsigned status)
{
	switch (status) {
	case 401:
	case 403:
		return " (ws-header=\"Authorization: ...\", ws-origin=)";
	case 404:
		return " (is path= right?)";
	case 426:
		return " (it wants another protocol)";
	}
	return "";
}

/* An answer that is no upgrade: its status, and where else to go if it says so.  The
 * status is no code: 110 would look like ETIMEDOUT. */
static enum io told_no(const struct layer *l, const struct http1_head *head)
{
	struct http1_text to = http1_field(head, "Location");
	bool moved = head->status / 100 == 3 && to.len;

	return fail_say(l->end->fail, PHASE_PROXY, 0,
			"%.96s: the server does not open a WebSocket: %u %.*s%s%s%.*s",
			l->end->spec->input, head->status,
			(int)(head->reason.len < 40 ? head->reason.len : 40),
			head->reason.len ? head->reason.at : "", mend(head->status),
			moved ? "; it points to " : "",
			moved ? (int)(to.len < 80 ? to.len : 80) : 0, moved ? to.at : "");
}

/* The server has to choose one of ours if we have any, and none if we have not. */
static bool chose_well(const struct part *p, struct http1_text choice)
{
	const struct optval *v;

	if (!choice.at)
		return !part_has(p, OPT_WS_PROTOCOL);
	for (unsigned i = 0; (v = wsopen_next(p, OPT_WS_PROTOCOL, &i));)
		if (strlen(v->text) == choice.len &&
		    memcmp(v->text, choice.at, choice.len) == 0)
			return true;
	return false;
}

/* Section 4.1, its second half; NULL or what is wrong. */
static const char *check_answer(const struct wsopen *o, const struct part *p,
				const struct http1_head *head)
{
	struct http1_text accept = http1_field(head, "Sec-WebSocket-Accept");
	struct http1_text choice = http1_field(head, "Sec-WebSocket-Protocol");

	if (!http1_lists(head, "Upgrade", "websocket") ||
	    !http1_lists(head, "Connection", "upgrade"))
		return "its answer is an upgrade to something else";
	if (accept.len != o->accept.len ||
	    memcmp(accept.at, o->accept.data, accept.len) != 0)
		return "its answer does not fit our key (a cache in between?)";
	if (http1_count(head, "Sec-WebSocket-Extensions"))
		return "it uses an extension that it was not offered";
	if (!chose_well(p, choice))
		return choice.at ? "it chose a protocol that it was not offered"
				 : "it speaks none of the protocols (ws-protocol=)";
	return NULL;
}

static enum io take_answer(struct wsopen *o, struct layer *l,
			   const struct http1_head *head)
{
	const char *path = wsopen_path(l->part), *why;

	if (head->status != 101)
		return told_no(l, head);
	why = check_answer(o, l->part, head);
	if (why)
		return fail_say(l->end->fail, PHASE_PROXY, 0,
				"%.96s: the server does not open a WebSocket: %s",
				l->end->spec->input, why);
	path = path ? path : "/";
	return wsopen_done(o, l, head, (struct http1_text){ path, strlen(path) },
			   http1_field(head, "Sec-WebSocket-Protocol"));
}

/* 101 is the answer; others below 200 come before one, but not without end. */
static bool is_interim(struct wsopen *o, const struct http1_head *head)
{
	return head->status < 200 && head->status != 101 && o->interim++ < HTTP1_INTERIM;
}

static enum io read_answer(struct wsopen *o, struct layer *l)
{
	struct http1_head head;
	const char *why;

	for (;;) {
		enum http1 h = http1_read_answer(o->in.data, o->in.len, &head, &why);
		enum io r;

		if (h == HTTP1_OK && is_interim(o, &head)) {
			buf_drop(&o->in, head.size);
			continue;
		}
		if (h == HTTP1_OK)
			return take_answer(o, l, &head);
		if (h == HTTP1_BAD)
			return fail_say(l->end->fail, PHASE_PROXY, 0,
					"%.96s: this is no WebSocket server: %s",
					l->end->spec->input, why);
		r = layer_more(l->below, &o->in);
		if (r != IO_OK)
			return r == IO_EOF ? wsopen_broken_off(l) : r;
	}
}

/* ---- the steps -------------------------------------------------------------- */

enum io wsopen_client(struct wsopen *o, struct layer *l)
{
	enum io r;

	switch (o->state) {
	case WSOPEN_BEGIN:
		if (ask(o, l) != IO_OK)
			return IO_FAIL;
		/* fall through */
	case WSOPEN_ASK:
		r = layer_flush(l->below, &o->out);
		if (r != IO_OK)
			return r;
		o->state = WSOPEN_ANSWER;
		/* fall through */
	default:
		return read_answer(o, l);
	}
}
