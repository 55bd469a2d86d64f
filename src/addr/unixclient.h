/* UNIX sockets as a client: whatever kind the server is, with a name of our own if
 * it is to answer. */
#ifndef SOCKCAT_ADDR_UNIXCLIENT_H
#define SOCKCAT_ADDR_UNIXCLIENT_H

#include "addr/dgram.h"

/* A step of d's open: connects to the server at the path.  type: SOCK_DGRAM, or
 * 0 = stream, else seqpacket, else datagrams, as the server has it; the user's socktype=
 * wins.  The other steps are those of addr/dgram.h. */
enum io unixclient_open(struct dgram *d, const char *path, int type);

#endif
