/* Sees to it that a spool is written. */
#include "loop/drain.h"

#include "base/mem.h"

/* How old a record may get before it is written: who looks on live sees no delay, and
 * many small ones still go together.  Microseconds. */
enum { MOMENT = 200 * 1000 };

static void due(void *owner, unsigned ready)
{
	struct drain *d = owner;

	(void)ready;
	spool_flush(d->spool);
	drain_run(d, d->loop, d->spool);
}

static void start(struct drain *d, struct loop *l, struct spool *s)
{
	*d = (struct drain){
		.spool = s,
		.loop = l,
		.timer = { .fn = due, .owner = d },
		.watch = { .fd = s->fd, .background = true, .fn = due, .owner = d },
	};
}

void drain_run(struct drain *d, struct loop *l, struct spool *s)
{
	const bool waits = spool_waits(s);

	if (!d->loop)
		start(d, l, s);
	if (!watch_set(l, &d->watch, waits ? READY_WRITE : 0))
		return; /* the next record tries again */
	if (waits || spool_empty(s))
		timer_stop(l, &d->timer);
	else if (!d->timer.slot && !timer_set(l, &d->timer, loop_now(l) + MOMENT))
		spool_flush(s);
}

void drain_stop(struct drain *d)
{
	if (!d->loop)
		return;
	timer_stop(d->loop, &d->timer);
	watch_set(d->loop, &d->watch, 0);
	*d = (struct drain){ 0 };
}

/* Without memory the next text tries again. */
static void drain_text(void *loop, struct spool *s, bool waits)
{
	if (waits && !s->drain)
		s->drain = mem_new(1, sizeof(*s->drain));
	if (!s->drain)
		return;
	if (waits) {
		drain_run(s->drain, loop, s);
		return;
	}
	drain_stop(s->drain);
	mem_free(s->drain);
	s->drain = NULL;
}

void drain_texts(struct loop *l)
{
	spool_watch(l ? drain_text : NULL, l);
}
