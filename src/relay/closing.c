/* The last moments of a session whose two directions are complete.
 *
 * Where a layer stands on another one (TLS in TLS, WebSocket in TLS), the topmost has
 * heard its end while the last words of those below are still on their way.  To close
 * on unread bytes would be a reset, and that destroys what we have sent. */
#include "relay/closing.h"

/* So much is read before others get their turn. */
enum { BUDGET = 16 };

/* What options insert only looks on or changes bytes: it says nothing of its own. */
static bool has_last_words(const struct endpoint *e)
{
	unsigned readers = 0;

	for (unsigned i = 1; i < e->nlayers; i++)
		readers += e->layer[i]->ops->read &&
			   !(e->layer[i]->part->type->flags & TYPE_HIDDEN);
	return readers > 1 && !e->messages;
}

/* Reads the transport to its end, whatever comes.  True: it is over. */
static bool read_out(struct endpoint *e)
{
	struct loop_services *all = loop_services(e->loop);
	enum io r = IO_OK;
	size_t n;

	for (unsigned i = 0; i < BUDGET && r == IO_OK; i++)
		r = layer_read(e->layer[0], all->scratch, all->scratch_size, &n);
	if (r == IO_FAIL)	/* all that counts has been delivered */
		*e->fail = (struct fail){ 0 };
	if (r == IO_EOF || r == IO_FAIL)
		return true;
	return !endpoint_want(e, READY_READ);
}

bool closing_run(struct session *s)
{
	bool over = true;

	for (unsigned i = 0; i < 2; i++) {
		struct endpoint *e = &s->in[i];

		e->ready = 0;
		if (s->pump[i].off || s->setup->socat || !has_last_words(e))
			continue;
		if (read_out(e))
			endpoint_want(e, 0);
		else
			over = false;
	}
	return over;
}
