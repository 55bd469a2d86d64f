/* A WebSocket session, the way up: frames are read, checked and handed on. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "layer/ws.h"

static const char *peer(const struct ws *w)
{
	return w->l.end->server ? "client" : "server";
}

/* ---- what goes wrong -------------------------------------------------------- */

static enum io violation(struct ws *w, unsigned status, const char *why)
{
	ws_close(w, status);
	return fail_say(w->l.end->fail, PHASE_RECEIVE, 0,
			"%.96s: the %s broke WebSocket's rules: %s",
			w->l.end->spec->input, peer(w), why);
}

static enum io too_long(struct ws *w, uint64_t max, const char *limit)
{
	ws_close(w, WSCLOSE_SIZE);
	return fail_say(w->l.end->fail, PHASE_RECEIVE, EMSGSIZE,
			"%.96s: the %s sent a message longer than the %llu bytes that %s "
			"allows",
			w->l.end->spec->input, peer(w), (unsigned long long)max, limit);
}

/* Where nobody reads nothing can be missing. */
static enum io ended_early(struct ws *w)
{
	w->reading = READ_ENDED;
	if (!w->l.end->reads)
		return IO_EOF;
	return fail_say(
		w->l.end->fail, PHASE_EARLY, 0,
		"%.96s: the stream ended without a Close, so something may be missing",
		w->l.end->spec->input);
}

static enum io below_said(struct ws *w, enum io r)
{
	return r == IO_EOF ? ended_early(w) : r;
}

/* ---- control frames ----------------------------------------------------- */

/* Only the latest ping needs its pong (section 5.5.3), so a peer that does not read
 * cannot make us keep more. */
static enum io take_ping(struct ws *w)
{
	if (w->closed)
		return IO_OK;
	buf_free(&w->pong);
	if (!buf_add(&w->pong, w->head.data, w->head.len))
		return fail_memory(w->l.end->fail);
	w->owes_pong = true;
	return IO_OK;
}

static enum io take_close(struct ws *w)
{
	const char *why = wsframe_read_close(w->head.data, w->head.len, &w->status);
	size_t nreason = w->head.len > 2 ? w->head.len - 2 : 0;
	char said[WSFRAME_CONTROL] = "";

	if (why)
		return violation(w, WSCLOSE_PROTOCOL, why);
	w->reading = READ_ENDED;
	if (w->status == WSCLOSE_NORMAL || w->status == WSCLOSE_AWAY ||
	    w->status == WSCLOSE_NONE)
		return IO_OK;
	memcpy(said, w->head.data + 2, nreason);
	if (w->status >= WSCLOSE_PRIVATE) {
		log_say(LEVEL_WARNING,
			"%s: the %s closed the WebSocket with status %u %s",
			w->l.end->spec->input, peer(w), w->status, said);
		fail_say(fail_record(w->l.end->missing), PHASE_RECEIVE, 0,
			 "%.96s: the %s closed the WebSocket with status %u %s",
			 w->l.end->spec->input, peer(w), w->status, said);
		return IO_OK;
	}
	ws_close(w, w->status);
	return fail_say(w->l.end->fail, PHASE_RECEIVE, (int)w->status,
			"%.96s: the %s closed the WebSocket with status %u%s%s",
			w->l.end->spec->input, peer(w), w->status, nreason ? ": " : "",
			said);
}

static enum io read_control(struct ws *w)
{
	enum io r = layer_fill(w->l.below, &w->head, (size_t)w->frame.len);

	if (r != IO_OK)
		return below_said(w, r);
	wsframe_mask(&w->frame, 0, w->head.data, w->head.len);
	w->reading = READ_HEAD;
	if (w->frame.opcode == WSFRAME_PING)
		r = take_ping(w);
	else if (w->frame.opcode == WSFRAME_CLOSE)
		r = take_close(w);
	buf_free(&w->head);
	return r;
}

/* ---- data frames -------------------------------------------------------- */

static enum io begin_frame(struct ws *w)
{
	const char *why = wsframe_read(w->head.data, &w->frame);
	bool control = wsframe_is_control(&w->frame);

	buf_free(&w->head);
	if (!why)
		why = wsframe_fits(&w->frame, w->inside, w->l.end->server);
	if (why)
		return violation(w, WSCLOSE_PROTOCOL, why);
	w->at = 0;
	w->reading = control ? READ_CONTROL : READ_DATA;
	if (control)
		return IO_OK;
	if (!w->inside)
		w->is_text = w->frame.opcode == WSFRAME_TEXT;
	w->inside = true;
	if (w->l.end->messages && w->frame.len > w->max - w->message.len)
		return too_long(w, w->max, "ws-max-message=");
	return IO_OK;
}

static enum io read_head(struct ws *w)
{
	enum io r = layer_fill(w->l.below, &w->head, 2);

	if (r == IO_OK)
		r = layer_fill(w->l.below, &w->head, wsframe_size(w->head.data));
	return r == IO_OK ? begin_frame(w) : below_said(w, r);
}

/* Some of the frame's payload; *last: with it ends a message. */
static enum io read_payload(struct ws *w, void *to, size_t cap, size_t *n, bool *last)
{
	uint64_t left = w->frame.len - w->at;
	enum io r;

	*n = 0;
	if (left) {
		r = layer_read(w->l.below, to, left < cap ? (size_t)left : cap, n);
		if (r != IO_OK)
			return below_said(w, r);
		wsframe_mask(&w->frame, w->at, to, *n);
		w->at += *n;
	}
	if (w->at == w->frame.len)
		w->reading = READ_HEAD;
	*last = w->at == w->frame.len && w->frame.fin;
	if (w->is_text && (!utf8_check(&w->in, to, *n) || (*last && w->in.left)))
		return violation(w, WSCLOSE_DATA, "text that is not UTF-8");
	if (*last)
		w->inside = false;
	return IO_OK;
}

/* A message that comes at once is not copied. */
static enum io keep_together(struct ws *w, void *to, size_t cap, size_t *n, bool last,
			     bool *done)
{
	*done = last;
	if (last && !w->message.len)
		return IO_OK;
	if (!buf_add(&w->message, to, *n))
		return fail_memory(w->l.end->fail);
	if (!last)
		return IO_OK;
	if (w->message.len > cap)
		return too_long(w, cap, "-b");
	*n = w->message.len;
	memcpy(to, w->message.data, *n);
	buf_free(&w->message);
	return IO_OK;
}

static enum io read_data(struct ws *w, void *to, size_t cap, size_t *n, bool *done)
{
	bool last = false;
	enum io r = read_payload(w, to, cap, n, &last);

	if (r != IO_OK)
		return r;
	if (w->l.end->messages)
		return keep_together(w, to, cap, n, last, done);
	*done = *n > 0;
	return IO_OK;
}

/* One step of reading; *done: *n bytes, or a message, are there. */
static enum io read_step(struct ws *w, void *to, size_t cap, size_t *n, bool *done)
{
	switch (w->reading) {
	case READ_HEAD:
		return read_head(w);
	case READ_CONTROL:
		return read_control(w);
	case READ_DATA:
		return read_data(w, to, cap, n, done);
	case READ_ENDED:
		break;
	}
	return IO_EOF;
}

/* The pong goes as soon as there is room.  If nobody else waits for that, the reader
 * does; that writing fails is for the writer to find out. */
static enum io answer(struct ws *w, enum io r)
{
	struct fail *f = w->l.end->fail;
	enum io down = IO_OK;

	if (r == IO_FAIL)
		return r;
	if (w->owes_pong || w->out.len)
		down = ws_flush(w);
	if (down == IO_FAIL)
		*f = (struct fail){ 0 };
	return r == IO_READ && down == IO_WRITE && !w->waits ? IO_WRITE : r;
}

enum io ws_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct ws *w = (struct ws *)l;
	unsigned steps = 0;
	bool done = false;
	enum io r = IO_OK;

	while (r == IO_OK && !done)
		r = steps++ < WS_PATIENCE ? read_step(w, to, cap, n, &done)
					  : endpoint_pause(l->end, &w->again);
	return answer(w, r);
}
