/* Datagram sessions end when nothing has moved for a while: no peer says that it goes. */
#include "addr/hub.h"

static bool set_expiry(struct dgram *d, uint64_t due)
{
	return timer_set(d->x.l.end->loop, &d->expiry, due);
}

static void expire(void *owner, unsigned ready)
{
	struct dgram *d = owner;
	struct endpoint *e = d->x.l.end;
	uint64_t now = loop_now(e->loop), due = d->active + d->idle;

	(void)ready;
	if (d->peer && d->peer->first)
		due = now + d->idle;	/* what is waiting will be read */
	/* without memory for a timer nobody would ever end the session */
	if (due > now && set_expiry(d, due))
		return;
	d->spent = true;
	hub_forget(d);
	endpoint_wake(e);
}

enum io dgram_expires(struct dgram *d, uint64_t idle)
{
	struct loop *l = d->x.l.end->loop;

	d->idle = idle;
	d->active = loop_now(l);
	d->expiry = (struct timer){ .fn = expire, .owner = d };
	if (idle && !set_expiry(d, d->active + idle))
		return fail_memory(d->x.l.end->fail);
	return IO_OK;
}

void dgram_hurry(struct dgram *d, uint64_t idle)
{
	if (!d->expiry.fn || (d->idle && d->idle <= idle))
		return;
	d->idle = idle;
	if (!set_expiry(d, d->active + idle))
		expire(d, READY_WAKE);
}
