/* Where a listener sits: its port, its families, the socket bound there. */
#ifndef SOCKCAT_ADDR_PLACE_H
#define SOCKCAT_ADDR_PLACE_H

#include "base/name.h"
#include "endpoint/sharing.h"

/* A socket of the part's type bound to the port (number or name of a service, looked
 * up in the services file) at bind= or any address.  Families as the type, pf=, -4 -6
 * and bind= say, IPv6 without IPv4 unless there is ipv6only=0; if they say nothing, one
 * IPv6 socket that serves both, or IPv4 where the system has no IPv6.  reuse:
 * SO_REUSEADDR unless the user says.  IO_OK: *fd is the caller's. */
enum io place_bind(const struct part *p, const char *service, bool reuse, int *fd,
		   struct fail *f);

/* The same for an endpoint that listens at the port of its transport's first argument;
 * where several processes do, with the sockets that are wanted beside it (none where the
 * system cannot deal out what comes). */
enum io place_listen(struct endpoint *e, bool reuse, int *fd);

/* "IPv4 and IPv6: " if both reach a socket bound there, else "": [::] alone does not
 * show it. */
const char *place_families(const struct part *p, int fd, const struct name *at);

#endif
