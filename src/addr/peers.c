/* Who talks to a datagram listener: peers by name, each with its queue. */
#include "addr/peers.h"

#include <string.h>

#include "base/mem.h"

enum { FIRST_SLOTS = 64 };

/* ---- by name ----------------------------------------------------------- */

static struct peer **bucket(const struct peers *t, const struct name *name)
{
	return &t->slot[name_hash(name) & (t->nslots - 1)];
}

struct peer *peers_find(const struct peers *t, const struct name *name)
{
	struct peer *p = t->nslots ? *bucket(t, name) : NULL;

	while (p && !name_equal(&p->name, name))
		p = p->next;
	return p;
}

static void put(struct peers *t, struct peer *p)
{
	struct peer **b = bucket(t, &p->name);

	p->next = *b;
	*b = p;
}

/* Never more peers than buckets.  A table that cannot grow still works. */
static bool grow(struct peers *t)
{
	struct peers old = *t;
	unsigned nslots = t->nslots ? 2 * t->nslots : FIRST_SLOTS;
	struct peer **slot;

	if (t->n < t->nslots)
		return true;
	slot = mem_new(nslots, sizeof(struct peer *));
	if (!slot)
		return t->nslots > 0;
	t->slot = slot;
	t->nslots = nslots;
	for (unsigned i = 0; i < old.nslots; i++)
		for (struct peer *p = old.slot[i], *next; p; p = next) {
			next = p->next;
			put(t, p);
		}
	mem_free(old.slot);
	return true;
}

struct peer *peers_new(const struct name *name)
{
	struct peer *p = mem_new(1, sizeof(*p));

	if (p)
		p->name = *name;
	return p;
}

bool peers_list(struct peers *t, struct peer *p)
{
	struct peer *same = peers_find(t, &p->name);

	if (same)
		peers_unlist(t, same);
	if (!grow(t))
		return false;
	put(t, p);
	p->listed = true;
	t->n++;
	return true;
}

void peers_unlist(struct peers *t, struct peer *p)
{
	struct peer **at;

	if (!p->listed)
		return;
	for (at = bucket(t, &p->name); *at != p; at = &(*at)->next)
		;
	*at = p->next;
	p->next = NULL;
	p->listed = false;
	t->n--;
}

/* ---- queues ------------------------------------------------------------ */

static bool has_room(const struct peers *t, const struct peer *p, size_t len)
{
	return p->waiting < PEER_DATAGRAMS && len <= PEER_BYTES - p->bytes &&
	       len <= PEERS_BYTES - t->bytes;
}

bool peers_push(struct peers *t, struct peer *p, const void *data, size_t len)
{
	struct datagram *d = has_room(t, p, len) ? mem_new(1, sizeof(*d) + len) : NULL;

	if (!d) {
		p->dropped++;
		return false;
	}
	d->next = NULL;
	d->len = len;
	if (len)
		memcpy(d->data, data, len);
	if (p->last)
		p->last->next = d;
	else
		p->first = d;
	p->last = d;
	p->waiting++;
	p->bytes += len;
	t->bytes += len;
	return true;
}

struct datagram *peers_pop(struct peers *t, struct peer *p)
{
	struct datagram *d = p->first;

	if (!d)
		return NULL;
	p->first = d->next;
	if (!p->first)
		p->last = NULL;
	p->waiting--;
	p->bytes -= d->len;
	t->bytes -= d->len;
	return d;
}

/* ---- the end ----------------------------------------------------------- */

void peers_free(struct peers *t, struct peer *p)
{
	struct datagram *d;

	if (!p)
		return;
	peers_unlist(t, p);
	while ((d = peers_pop(t, p)))
		mem_free(d);
	environment_free(&p->told);
	mem_free(p);
}

void peers_end(struct peers *t)
{
	for (unsigned i = 0; i < t->nslots; i++)
		while (t->slot[i])
			peers_unlist(t, t->slot[i]);
	mem_free(t->slot);
	*t = (struct peers){ 0 };
}
