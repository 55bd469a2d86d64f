/* Agrees upon TLS in plain text, for the tls layer above: option starttls. */
#include <string.h>

#include "base/mem.h"
#include "endpoint/endpoint.h"
#include "proto/starttls.h"

enum { PIECE = 512 };

struct starttls_layer {
	struct layer l;
	struct starttls *talk; /* own; NULL once TLS may begin */
	enum starttls_result result;
};

static enum io starttls_prepare(struct part *p, struct fail *f)
{
	const struct optval *v = part_val(p, OPT_STARTTLS);
	const struct starttls_kind *kind = v ? starttls_find(v->text) : NULL;

	if (!v)
		return fail_say(f, PHASE_USAGE, 0,
				"%s: starttls is an option of tls, as in "
				"tls+tcp:host:port,starttls=smtp",
				p->spec->input);
	if (!kind)
		return fail_at(f, p->spec->input, v->at, v->len,
			       "starttls is for smtp, imap, pop3, ftp, ldap, xmpp, postgres, "
			       "mysql, nntp or sieve");
	if (part_is_called(p) && !starttls_serves(kind))
		return fail_at(f, p->spec->input, v->at, v->len,
			       "a server's part in starttls there is for smtp and postgres");
	return IO_OK;
}

/* ---- the dialogue ---------------------------------------------------------------- */

static enum io begin(struct starttls_layer *x)
{
	const struct part *p = x->l.part;

	x->talk = mem_new(1, sizeof(*x->talk));
	if (!x->talk)
		return fail_memory(x->l.end->fail);
	starttls_start(x->talk, starttls_find(part_text(p, OPT_STARTTLS, "")),
		       part_is_called(p), x->l.end->target);
	return IO_OK;
}

static enum io say(struct starttls_layer *x)
{
	struct starttls *s = x->talk;

	while (s->nout) {
		size_t n = 0;
		enum io r = layer_write(x->l.below, s->out, s->nout, &n);

		if (r != IO_OK)
			return r;
		s->nout -= n;
		memmove(s->out, s->out + n, s->nout);
	}
	return IO_OK;
}

static enum io failed(const struct starttls_layer *x, const char *why)
{
	return fail_say(x->l.end->fail, PHASE_TLS, 0, "%.96s: no TLS with the %s %s: %s",
			x->l.end->spec->input, starttls_name(x->talk->kind),
			x->talk->server ? "client" : "server", why);
}

/* What comes in plain text behind the go-ahead is somebody's who wants it taken for
 * what TLS protects. */
static enum io injected(const struct starttls_layer *x)
{
	return failed(x, "it sent more in plain text after that was agreed upon "
			 "(somebody on the way may have put it there)");
}

static enum io hear(struct starttls_layer *x)
{
	unsigned char piece[PIECE];
	size_t n, used;
	enum io r = layer_read(x->l.below, piece, sizeof(piece), &n);

	if (r == IO_EOF)
		return failed(x, "it closed the connection before");
	if (r != IO_OK)
		return r;
	x->result = starttls_feed(x->talk, piece, n, &used);
	if (x->result == STARTTLS_GO && used < n)
		return injected(x);
	if (!layer_unread(x->l.below, piece + used, n - used))
		return fail_memory(x->l.end->fail);
	return IO_OK;
}

static enum io starttls_open(struct layer *l)
{
	struct starttls_layer *x = (struct starttls_layer *)l;
	enum io r;

	if (!x->talk && begin(x) != IO_OK)
		return IO_FAIL;
	for (;;) {
		r = say(x);
		if (r != IO_OK)
			return r;
		if (x->result != STARTTLS_MORE)
			break;
		r = hear(x);
		if (r != IO_OK)
			return r;
	}
	if (x->result != STARTTLS_GO)
		return failed(x, x->talk->why);
	mem_free(x->talk);
	x->talk = NULL;
	return IO_OK;
}

static void starttls_free(struct layer *l)
{
	mem_free(((struct starttls_layer *)l)->talk);
}

const struct layer_ops starttls_ops = {
	.size = sizeof(struct starttls_layer),
	.prepare = starttls_prepare,
	.open = starttls_open,
	.free = starttls_free,
};
