/* The opening handshake of a WebSocket: request and answer. */
#include "layer/wsopen.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"

enum { ACCEPT_LEN = 28 };

/* ---- options ---------------------------------------------------------------- */

/* The next value of an option that may be repeated; *i counts, from 0. */
const struct optval *wsopen_next(const struct part *p, unsigned id, unsigned *i)
{
	while (*i < p->nvals)
		if (p->val[(*i)++].opt->id == id)
			return &p->val[*i - 1];
	return NULL;
}

const char *wsopen_path(const struct part *p)
{
	return part_text(p, OPT_PATH, p->nargs ? p->arg[0] : NULL);
}

/* Fields that the handshake itself has something to say about. */
static bool is_reserved(const char *name, size_t len)
{
	static const char sec[] = "sec-websocket-";

	return text_in_list(name, len,
			    "upgrade connection origin content-length "
			    "transfer-encoding") >= 0 ||
	       (len >= sizeof(sec) - 1 && text_same(name, sizeof(sec) - 1, sec));
}

static enum io wrong(const struct part *p, const struct optval *v, const char *why,
		     struct fail *f)
{
	return fail_at(f, p->spec->input, v->at, v->len, "%s", why);
}

static enum io check_header(const struct part *p, const struct optval *v, struct fail *f)
{
	const char *colon = strchr(v->text, ':');
	size_t len = colon ? (size_t)(colon - v->text) : 0;
	char name[80] = "";

	if (len < sizeof(name))
		memcpy(name, v->text, len);
	if (!http1_is_token(name) || !http1_is_value(v->text))
		return wrong(p, v, "a header is one line: \"Name: value\"", f);
	if (is_reserved(name, len))
		return wrong(p, v,
			     "this header is part of the handshake (see ws-origin, "
			     "ws-protocol)",
			     f);
	return IO_OK;
}

static enum io check_path(const struct part *p, struct fail *f)
{
	const struct optval *v = part_val(p, OPT_PATH);
	const char *path = wsopen_path(p);

	if (!path || (*path == '/' && http1_is_target(path)))
		return IO_OK;
	return fail_at(f, p->spec->input, v ? v->at : p->arg_at[0],
		       v ? v->len : p->arg_len[0],
		       "the path of a WebSocket begins with a slash and has no blanks");
}

enum io wsopen_prepare(const struct part *p, struct fail *f)
{
	for (unsigned i = 0; i < p->nvals; i++) {
		const struct optval *v = &p->val[i];

		switch (v->opt->id) {
		case OPT_WS_HEADER:
			if (check_header(p, v, f) != IO_OK)
				return IO_FAIL;
			break;
		case OPT_WS_PROTOCOL:
			if (!http1_is_token(v->text))
				return wrong(p, v,
					     "a protocol is one word (give "
					     "ws-protocol= again for the next)",
					     f);
			break;
		case OPT_WS_ORIGIN:
			if (!http1_is_target(v->text))
				return wrong(p, v,
					     "an origin looks like "
					     "https://example.org",
					     f);
			break;
		}
	}
	return check_path(p, f);
}

/* ---- both ------------------------------------------------------------------- */

enum io wsopen_broken_off(const struct layer *l)
{
	return fail_say(
		l->end->fail, PHASE_PROXY, 0,
		"%.96s: the %s closed the connection during the WebSocket handshake",
		l->end->spec->input, l->end->server ? "client" : "server");
}

/* Of all the headers that the user wants to be there. */
bool wsopen_put_headers(struct buf *out, const struct part *p)
{
	const struct optval *v;

	for (unsigned i = 0; (v = wsopen_next(p, OPT_WS_HEADER, &i));)
		if (!buf_format(out, "%s\r\n", v->text))
			return false;
	return true;
}

/* What came behind the head are frames already. */
enum io wsopen_done(struct wsopen *o, struct layer *l, const struct http1_head *head,
		    struct http1_text path, struct http1_text protocol)
{
	if (!layer_unread(l->below, o->in.data + head->size, o->in.len - head->size))
		return fail_memory(l->end->fail);
	log_say(LEVEL_NOTICE, "%s: WebSocket %.*s%s%.*s", l->end->spec->input,
		(int)path.len, path.at, protocol.at ? ", protocol " : "",
		(int)protocol.len, protocol.at ? protocol.at : "");
	return IO_OK;
}

/* ---- the steps -------------------------------------------------------------- */

enum io wsopen_run(struct wsopen *o, struct layer *l)
{
	if (o->state == WSOPEN_BEGIN) {
		buf_init(&o->in, HTTP1_MAX);
		buf_init(&o->out, HTTP1_MAX);
		buf_init(&o->accept, ACCEPT_LEN);
	}
	return l->end->server ? wsopen_server(o, l) : wsopen_client(o, l);
}

void wsopen_free(struct wsopen *o)
{
	buf_free(&o->in);
	buf_free(&o->out);
	buf_free(&o->accept);
}
