/* WebSocket (RFC 6455) over whatever is below.
 *
 * If the other side keeps message boundaries, a message is one read or one write.
 * Else it is a stream: each write becomes a message, and what comes is handed up as
 * it comes.
 *
 * WebSocket has no half-close, but between Close frames each side may still send:
 * our end is told by a Close, the peer's Close is the end of what it sends, and it
 * is answered when our own direction ends. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "layer/ws.h"
#include "spec/defaults.h"

enum { STRETCH = 64 * 1024 }; /* the longest message that a stream is cut into */

static enum io fail_here(struct ws *w, enum phase phase, const char *what)
{
	return fail_say(w->l.end->fail, phase, 0, "%.96s: %s", w->l.end->spec->input,
			what);
}

/* ---- preparing and opening -------------------------------------------------- */

static enum io ws_prepare(struct part *p, struct fail *f)
{
	const struct optval *mode = part_val(p, OPT_WS_MODE);
	const struct optval *max = part_val(p, OPT_WS_MAX_MESSAGE);

	if (part_needs_stream(p, f) != IO_OK)
		return IO_FAIL;
	if (mode && strcmp(mode->text, "text") != 0 && strcmp(mode->text, "binary") != 0)
		return fail_at(f, p->spec->input, mode->at, mode->len,
			       "ws-mode is text or binary");
	if (max && max->num < 1)
		return fail_at(f, p->spec->input, max->at, max->len,
			       "ws-max-message must be at least 1");
	return wsopen_prepare(p, f);
}

static bool faces_messages(const struct endpoint *e)
{
	const struct spec *to = e->other ? e->other->spec : NULL;

	for (unsigned i = 0; to && i < to->nparts; i++)
		if (to->part[i].type->flags & TYPE_MESSAGES)
			return true;
	return false;
}

static enum io ws_open(struct layer *l)
{
	struct ws *w = (struct ws *)l;
	enum io r = wsopen_run(&w->opening, l);

	if (r != IO_OK)
		return r;
	wsopen_free(&w->opening);
	w->open = true;
	w->text = strcmp(part_text(l->part, OPT_WS_MODE, "binary"), "text") == 0;
	w->max = (uint64_t)part_num(l->part, OPT_WS_MAX_MESSAGE, DEFAULT_WS_MESSAGE);
	l->end->messages = faces_messages(l->end);
	buf_init(&w->head, WSFRAME_CONTROL);
	buf_init(&w->message, w->max);
	buf_init(&w->out, SIZE_MAX);
	buf_init(&w->pong, WSFRAME_CONTROL);
	return IO_OK;
}

/* ---- frames down ------------------------------------------------------------ */

/* Payload in two pieces, since the first may be what was kept of a character. */
static enum io put_frame(struct ws *w, unsigned char opcode, const void *first,
			 size_t nfirst, const void *second, size_t nsecond)
{
	struct wsframe f = { .opcode = opcode,
			     .fin = true,
			     .masked = !w->l.end->server,
			     .len = (uint64_t)nfirst + nsecond };
	unsigned char head[WSFRAME_HEAD], *payload;
	size_t size;

	if (f.masked && getentropy(f.mask, sizeof(f.mask)) < 0)
		return fail_sys(w->l.end->fail, PHASE_INTERNAL, "no random numbers");
	size = wsframe_put(head, &f);
	if (!buf_room(&w->out, size + nfirst + nsecond))
		return fail_memory(w->l.end->fail);
	buf_add(&w->out, head, size);
	payload = w->out.data + w->out.len;
	buf_add(&w->out, first, nfirst);
	buf_add(&w->out, second, nsecond);
	wsframe_mask(&f, 0, payload, nfirst + nsecond);
	return IO_OK;
}

static enum io put_close(struct ws *w, unsigned status)
{
	unsigned char payload[2];

	w->closed = true;
	w->owes_pong = false;
	return put_frame(w, WSFRAME_CLOSE, payload, wsframe_put_close(payload, status),
			 NULL, 0);
}

/* All that is on its way, then the pong: it never stands within another frame. */
enum io ws_flush(struct ws *w)
{
	enum io r = layer_flush(w->l.below, &w->out);

	if (r == IO_OK && w->owes_pong) {
		w->owes_pong = false;
		r = put_frame(w, WSFRAME_PONG, w->pong.data, w->pong.len, NULL, 0);
		buf_free(&w->pong);
		if (r == IO_OK)
			r = layer_flush(w->l.below, &w->out);
	}
	if (r == IO_OK)
		buf_free(&w->out);
	return r;
}

/* Text goes out in whole characters; what a message ends in the middle of is kept
 * for the next, which there is if this is a stream. */
static enum io put_text(struct ws *w, const unsigned char *from, size_t len)
{
	size_t kept = w->sent.have, whole;
	unsigned char first[WS_UTF8_REST];

	memcpy(first, w->rest, kept);
	if (!utf8_check(&w->sent, from, len) || (w->l.end->messages && w->sent.left))
		return fail_here(w, PHASE_SEND,
				 "what is to be sent is not UTF-8 (ws-mode=binary takes "
				 "anything)");
	if (w->sent.have > len) { /* nothing but more of that character */
		memcpy(w->rest + kept, from, len);
		return IO_OK;
	}
	whole = len - w->sent.have;
	memcpy(w->rest, from + whole, w->sent.have);
	if (kept + whole == 0 && !w->l.end->messages)
		return IO_OK;
	return put_frame(w, WSFRAME_TEXT, first, kept, from, whole);
}

/* A lost connection after the peer's Close costs nothing that it wants to have. */
static enum io went_down(struct ws *w, enum io r)
{
	struct fail *f = w->l.end->fail;

	if (r != IO_FAIL || w->reading != READ_ENDED ||
	    (f->code != EPIPE && f->code != ECONNRESET))
		return r;
	*f = (struct fail){ 0 };
	return IO_EOF;
}

static enum io ws_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct ws *w = (struct ws *)l;
	enum io r;

	if (!w->busy) {
		if (!l->end->messages && len > STRETCH)
			len = STRETCH;
		r = w->text ? put_text(w, from, len)
			    : put_frame(w, WSFRAME_BINARY, NULL, 0, from, len);
		if (r != IO_OK)
			return r;
		w->busy = true;
		w->taken = len;
	}
	r = ws_flush(w);
	w->waits = r == IO_WRITE;
	if (r != IO_OK)
		return went_down(w, r);
	w->busy = false;
	*n = w->taken;
	return IO_OK;
}

void ws_close(struct ws *w, unsigned status)
{
	struct fail *f = w->l.end->fail, ours = *f;

	if (!w->closed && layer_flush(w->l.below, &w->out) == IO_OK &&
	    put_close(w, status) == IO_OK)
		(void)layer_flush(w->l.below, &w->out);
	w->closed = true;
	*f = ours;
}

static enum io ws_shut(struct layer *l)
{
	struct ws *w = (struct ws *)l;

	if (w->sent.left)
		return fail_here(w, PHASE_SEND,
				 "what is to be sent ends within a UTF-8 character "
				 "(ws-mode=binary takes anything)");
	if (part_has(l->part, OPT_SHUT_NONE))
		return IO_EOF;
	if (!w->closed && put_close(w, w->status ? w->status : WSCLOSE_NORMAL) != IO_OK)
		return IO_FAIL;
	return went_down(w, ws_flush(w));
}

/* ---- death ------------------------------------------------------------------ */

/* Closing on unread bytes would turn into a reset that destroys what we sent last.
 * There are some where the layer above saw its end before we saw ours. */
static void forget_rest(struct ws *w)
{
	unsigned char waste[512];
	enum io r = IO_OK;
	size_t n;

	for (unsigned i = 0; r == IO_OK && i < WS_PATIENCE && w->reading != READ_ENDED;
	     i++)
		r = layer_read(w->l.below, waste, sizeof(waste), &n);
	*w->l.end->fail = (struct fail){ 0 };
}

/* Nobody shuts a direction that was never used, but the peer waits for our Close all
 * the same.  After a failure it gets none: something may be missing. */
static void ws_free(struct layer *l)
{
	struct ws *w = (struct ws *)l;

	if (w->open && l->end->fail->phase == PHASE_NONE) {
		if (w->closed) /* what is below may still be passing on the last bytes */
			(void)layer_shut(l->below);
		ws_close(w, w->status ? w->status : WSCLOSE_NORMAL);
		forget_rest(w);
	}
	timer_stop(l->end->loop, &w->again);
	wsopen_free(&w->opening);
	buf_free(&w->head);
	buf_free(&w->message);
	buf_free(&w->out);
	buf_free(&w->pong);
}

const struct layer_ops ws_ops = {
	.size = sizeof(struct ws),
	.prepare = ws_prepare,
	.open = ws_open,
	.read = ws_read,
	.write = ws_write,
	.shut = ws_shut,
	.free = ws_free,
};
