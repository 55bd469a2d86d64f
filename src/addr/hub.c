/* One datagram socket for many sessions. */
#include "addr/hub.h"

#include <errno.h>
#include <limits.h>

#include "addr/socket.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"

enum {
	TURNS = 4,		/* batches routed before others get their turn */
	ENOUGH = PEER_DATAGRAMS / 4,	/* as many wait as a session takes at once, */
	MUCH = PEER_BYTES / 4,		/* or so many bytes */
	LATE = 256,		/* datagrams that may wait for a session to end */
	RECEIVE_BUFFER = 4 * 1024 * 1024,
	QUIET_USEC = 10 * 1000 * 1000,	/* between two warnings that tell the same */
	STUCK_USEC = 10 * 1000,	/* until the rest of a batch is looked at again */
};

struct hub {
	struct loop *loop;		/* ref */
	const struct part *part;	/* ref */
	struct endpoint *listener;	/* ref; NULL once it is gone */
	int fd;				/* ref; own once the listener is gone */
	struct watch watch;		/* the same, to feed the sessions left */
	struct name at;			/* the socket's own */
	struct peers peers;
	unsigned live, max;		/* sessions */
	bool singly;			/* a session takes one datagram only */
	struct peer *late, **late_end;	/* own: singly: those who wait for room */
	unsigned nlate;
	struct timer late_timer;	/* for those, and for what is left of a batch */
	struct peer *woken, **woken_end;	/* ref: who has got something, in turn */
	uint64_t quiet;			/* no warning before this time */
	struct arrivals *in;		/* own: the batch received last */
	unsigned routed;		/* of it */
};

/* ---- who gets in ------------------------------------------------------- */

static void warn_full(struct hub *h, const struct name *from)
{
	char text[NAME_TEXT];

	fail_say(fail_record(h->listener->missing), PHASE_RECEIVE, ENOBUFS,
		 "%s: datagrams of new senders were dropped, for want of room",
		 h->part->spec->input);
	if (loop_now(h->loop) < h->quiet)
		return;
	h->quiet = loop_now(h->loop) + QUIET_USEC;
	log_say(LEVEL_WARNING,
		"%s: %u sessions are all there may be (max-children= or idle= change that); dropping datagrams of new senders, such as %s",
		h->part->spec->input, h->live, dgram_text(from, text));
}

static enum io no_memory(struct hub *h)
{
	fail_memory(fail_record(h->listener->missing));
	if (loop_now(h->loop) >= h->quiet)
		log_say(LEVEL_WARNING, "%s: out of memory; dropping a datagram",
			h->part->spec->input);
	h->quiet = loop_now(h->loop) + QUIET_USEC;
	return IO_READ;
}

void hub_log_peer(const struct part *p, const struct name *peer, bool singly)
{
	char text[NAME_TEXT];

	dgram_text(peer, text);
	if (singly)
		log_say(LEVEL_NOTICE, "receiving packet from %s", text);
	else
		log_say(LEVEL_NOTICE, "accepting %sconnection from %s", dgram_word(p),
			text);
}

/* The peer with its first datagram becomes the child's. */
static enum io adopt(struct hub *h, struct peer *p, struct endpoint *child)
{
	struct dgram *d = (struct dgram *)child->layer[0];

	hub_log_peer(h->part, &p->name, h->singly);
	d->hub = h;
	d->peer = p;
	d->to = p->name;
	d->local = p->local;
	d->once = h->singly;
	p->owner = child;
	h->live++;
	return IO_OK;
}

/* For singly: nobody else's datagrams wait behind this one, so it may. */
static void wait_for_room(struct hub *h, struct peer *p)
{
	*h->late_end = p;
	h->late_end = &p->next;
	h->nlate++;
}

static struct peer *take_late(struct hub *h)
{
	struct peer *p = h->late;

	h->late = p->next;
	if (!h->late)
		h->late_end = &h->late;
	p->next = NULL;
	h->nlate--;
	return p;
}

static enum io newcomer(struct hub *h, struct arrival *a, struct endpoint *child)
{
	bool full = h->live >= h->max;
	struct peer *p;

	if (!socket_admits(h->part, &a->from))
		return IO_READ;
	if (full && (!h->singly || h->nlate >= LATE)) {
		warn_full(h, &a->from);
		return IO_READ;
	}
	p = peers_new(&a->from);
	if (!p || (!h->singly && !peers_list(&h->peers, p)) ||
	    !peers_push(&h->peers, p, a->data, a->len)) {
		peers_free(&h->peers, p);
		return no_memory(h);
	}
	ancillary_local(&a->beside, &h->at, &p->local);
	dgram_note(h->part, a, &p->told);
	if (!full)
		return adopt(h, p, child);
	wait_for_room(h, p);
	return IO_READ;
}

/* ---- routing ----------------------------------------------------------- */

static void note_drop(const struct peer *p)
{
	char text[NAME_TEXT];

	if (p->dropped != 1)
		return;
	fail_say(fail_record(p->owner->missing), PHASE_RECEIVE, ENOBUFS,
		 "%s: datagrams were dropped: the session did not keep up",
		 p->owner->spec->input);
	log_say(LEVEL_INFO, "dropping datagrams from %s: its session does not keep up",
		dgram_text(&p->name, text));
}

/* A session that is woken reads all that waits for it: so not before all has been routed
 * that came with its first datagram, unless that would overflow its queue. */
static void wake_later(struct hub *h, struct peer *p)
{
	if (p->to_be_woken)
		return;
	p->to_be_woken = true;
	p->next_woken = NULL;
	*h->woken_end = p;
	h->woken_end = &p->next_woken;
}

static void wake_all(struct hub *h)
{
	struct peer *p = h->woken;

	h->woken = NULL;
	h->woken_end = &h->woken;
	while (p) {
		struct peer *next = p->next_woken;

		p->to_be_woken = false;
		endpoint_wake(p->owner);
		p = next;
	}
}

/* Another quarter of its queue is full, with this datagram. */
static bool is_filling(const struct peer *p, size_t len)
{
	return p->waiting % ENOUGH == 0 || (p->bytes - len) / MUCH != p->bytes / MUCH;
}

/* True: it was for a session we have. */
static bool route(struct hub *h, struct arrival *a)
{
	struct peer *p = h->singly ? NULL : peers_find(&h->peers, &a->from);

	if (!p)
		return false;
	dgram_note(h->part, a, NULL);
	if (!peers_push(&h->peers, p, a->data, a->len))
		note_drop(p);
	else if (p->waiting == 1)
		wake_later(h, p);
	else if (is_filling(p, a->len))
		endpoint_wake(p->owner);
	return true;
}

static void too_long(struct hub *h)
{
	log_say(LEVEL_WARNING, "%s: dropping a datagram of more than %zu bytes",
		h->part->spec->input, h->in->cap);
	if (h->listener)
		fail_say(fail_record(h->listener->missing), PHASE_RECEIVE, EMSGSIZE,
			 "%s: a datagram was dropped that was too long",
			 h->part->spec->input);
}

static bool has_rest(const struct hub *h)
{
	return h->routed < h->in->n;
}

/* The batch, up to somebody new: then IO_OK, and child is his.  No child: nobody new
 * comes in. */
static enum io route_batch(struct hub *h, struct endpoint *child)
{
	while (has_rest(h)) {
		struct arrival *a = &h->in->of[h->routed++];

		if (a->len > h->in->cap)
			too_long(h);
		else if (!route(h, a) && child && newcomer(h, a, child) == IO_OK)
			return IO_OK;
	}
	return IO_READ;
}

static enum io receive(struct hub *h)
{
	h->routed = 0;
	return arrivals_receive(h->in, h->fd);
}

/* What one datagram on its way to somebody has caused is no trouble of ours. */
static bool is_fatal(int err)
{
	return err == EBADF || err == ENOTSOCK || err == EINVAL || err == EFAULT;
}

/* Answers as route_batch(), or IO_FAIL. */
static enum io route_all(struct hub *h, struct endpoint *child)
{
	for (unsigned i = 0; i < TURNS; i++) {
		if (!has_rest(h) && receive(h) == IO_FAIL && is_fatal(errno) &&
		    h->listener)
			return fail_sys(h->listener->fail, PHASE_RECEIVE,
					"cannot receive on %s", h->part->spec->input);
		if (route_batch(h, child) == IO_OK)
			return IO_OK;
		if (h->in->n < h->in->max)
			break;
	}
	return IO_READ;
}

/* The kernel does not tell again of what we have. */
static void watch_rest(struct hub *h)
{
	if (has_rest(h))
		timer_set(h->loop, &h->late_timer, loop_now(h->loop) + STUCK_USEC);
}

enum io hub_accept(struct hub *h, struct endpoint *child)
{
	enum io r;

	if (h->late && h->live < h->max)
		return adopt(h, take_late(h), child);
	r = route_all(h, child);
	wake_all(h);
	watch_rest(h);
	return r;
}

/* ---- sessions ---------------------------------------------------------- */

int hub_fd(const struct hub *h)
{
	return h->fd;
}

const struct name *hub_name(const struct hub *h)
{
	return &h->at;
}

struct datagram *hub_pop(struct dgram *d)
{
	return peers_pop(&d->hub->peers, d->peer);
}

void hub_forget(struct dgram *d)
{
	if (d->peer)
		peers_unlist(&d->hub->peers, d->peer);
}

/* Without a listener nobody new comes in. */
static void feed(void *owner, unsigned ready)
{
	struct hub *h = owner;

	(void)ready;
	route_all(h, NULL);
	wake_all(h);
}

/* A listener that is short of something may leave the rest where it is. */
static void late_due(void *owner, unsigned ready)
{
	struct hub *h = owner;

	watch_rest(h);
	if (h->listener)
		endpoint_wake(h->listener);
	else
		feed(h, ready);
}

static void hub_free(struct hub *h)
{
	while (h->late)
		peers_free(&h->peers, take_late(h));
	timer_stop(h->loop, &h->late_timer);
	peers_end(&h->peers);
	mem_free(h->in);
	if (!h->listener) {
		watch_set(h->loop, &h->watch, 0);
		sys_close(h->fd);
	}
	mem_free(h);
}

void hub_leave(struct dgram *d)
{
	struct hub *h = d->hub;
	char text[NAME_TEXT];

	if (d->peer->dropped)
		log_say(LEVEL_INFO, "%lu datagrams from %s were dropped",
			d->peer->dropped, dgram_text(&d->peer->name, text));
	peers_free(&h->peers, d->peer);
	d->peer = NULL;
	h->live--;
	if (!h->listener && !h->live)
		hub_free(h);
	else if (h->late)
		timer_set(h->loop, &h->late_timer, loop_now(h->loop));
}

/* ---- birth and death --------------------------------------------------- */

/* One socket does what many would do elsewhere: a burst of newcomers should find
 * room.  The system grants what it sees fit. */
static void enlarge(const struct hub *h)
{
	if (!part_val(h->part, OPT_SO_RCVBUF) && !part_val(h->part, OPT_SO_RCVBUF_LATE))
		setsockopt(h->fd, SOL_SOCKET, SO_RCVBUF, &(int){ RECEIVE_BUFFER },
			   sizeof(int));
}

enum io hub_new(struct dgram *d, bool singly)
{
	struct endpoint *e = d->x.l.end;
	struct hub *h = mem_new(1, sizeof(*h));
	long long max = part_num(d->x.l.part, OPT_MAX_CHILDREN, 0);

	if (!h)
		return fail_memory(e->fail);
	*h = (struct hub){
		.loop = e->loop,
		.part = d->x.l.part,
		.listener = e,
		.fd = e->rfd,
		.singly = singly,
		.max = max > 0 && max < UINT_MAX ? (unsigned)max : HUB_SESSIONS,
		.in = arrivals_new(e->network ? ARRIVAL_IP : SCRATCH_SIZE),
	};
	h->late_end = &h->late;
	h->woken_end = &h->woken;
	h->late_timer = (struct timer){ .fn = late_due, .owner = h };
	d->hub = h;
	endpoint_local(e, &h->at);
	enlarge(h);
	return h->in ? IO_OK : fail_memory(e->fail);
}

static void hurry_all(struct hub *h)
{
	for (unsigned i = 0; i < h->peers.nslots; i++)
		for (struct peer *p = h->peers.slot[i]; p; p = p->next)
			dgram_hurry((struct dgram *)p->owner->layer[0], HUB_LAST_USEC);
}

bool hub_close(struct hub *h)
{
	if (!h->live) {
		hub_free(h);
		return false;
	}
	hurry_all(h);
	h->listener = NULL;
	watch_rest(h);
	h->watch = (struct watch){ .fd = h->fd, .fn = feed, .owner = h };
	watch_set(h->loop, &h->watch, READY_READ);
	return true;
}
