/* One datagram socket for many sessions.
 *
 * The listening layer makes the hub; every accepted endpoint holds on to it.  Each
 * datagram goes to the session of its sender, or makes a new one.  The server
 * calls hub_accept() whenever the socket is readable, and must not stop doing so while
 * sessions live (no pausing at max-children: the hub itself turns newcomers away).
 * A hub outlives its listener as long as there are sessions, and then feeds them by
 * itself; as nothing else would end them, they then expire sooner (HUB_LAST_USEC). */
#ifndef SOCKCAT_ADDR_HUB_H
#define SOCKCAT_ADDR_HUB_H

#include "addr/dgram.h"

enum {
	HUB_SESSIONS = 4096,		/* at once, unless max-children= says */
	HUB_LAST_USEC = 1000 * 1000,	/* idle= at most, once the listener is gone */
};

/* For the listening layer d, whose endpoint's rfd is the socket; d->hub is set.
 * singly: each datagram is a session of its own. */
enum io hub_new(struct dgram *d, bool singly);

/* Routes what has arrived until somebody new is there: then child, built and of
 * the same address, is given the first datagram, and the answer is IO_OK. */
enum io hub_accept(struct hub *h, struct endpoint *child);

/* Says in the log who came. */
void hub_log_peer(const struct part *p, const struct name *peer, bool singly);

/* For sessions: the socket to write to, its name, the next datagram (own) or NULL. */
int hub_fd(const struct hub *h);
const struct name *hub_name(const struct hub *h);
struct datagram *hub_pop(struct dgram *d);

/* The session takes no more; its peer's next datagram makes a new one. */
void hub_forget(struct dgram *d);

/* The session ends: its peer is freed. */
void hub_leave(struct dgram *d);

/* The listening layer ends, its sessions may finish.  True: the socket is still in use
 * and stays the hub's. */
bool hub_close(struct hub *h);

#endif
