/* Making sockets: what every socket transport does, once. */
#ifndef SOCKCAT_ADDR_SOCKET_H
#define SOCKCAT_ADDR_SOCKET_H

#include <sys/types.h>

#include "base/name.h"
#include "endpoint/endpoint.h"

/* A non-blocking close-on-exec socket, in the part's network namespace (netns=).
 * -1 with errno. */
int socket_new(const struct part *p, int family, int type, int protocol);

/* The same with the part's PH_SOCKET options on it.
 * *fd is the caller's.  The part's socktype= and protocol options win. */
enum io socket_make(const struct part *p, int family, int type, int protocol, int *fd,
		    struct fail *f);

/* ops.prepare and ops.unprepare of every type that calls socket_bind(): looks up
 * the host of bind= once, at start, so that nobody waits for a resolver later. */
enum io socket_prepare(struct part *p, struct fail *f);
void socket_unprepare(struct part *p);

/* The address that bind= names for this family; false if there is none. */
bool socket_bind_name(const struct part *p, int family, struct name *out);

/* Small pieces go at once, where it is TCP: one that relays does not know whether more
 * will come.  On a listener: for all that it accepts.  nodelay=0 takes it back. */
void socket_hurry(int fd);

/* AI_* from the part's ai-* options, for resolve_run(). */
int socket_resolve_flags(const struct part *p);

/* Binds fd to `to` if given (listeners), else where bind= sourceport= lowport of
 * the part say, if anywhere; PH_BOUND options after. */
enum io socket_bind(const struct part *p, int fd, const struct name *to, int family,
		    struct fail *f);

/* range= sourceport= lowport of a listener's part: may this peer come in?  A refusal
 * is logged (warning) and the connection is the caller's to close. */
bool socket_admits(const struct part *p, const struct name *peer);

/* UNIX names: path, or abstract by the type or a leading '@'-less row; honours
 * unix-tightsocklen.  Used by stream and datagram transports. */
enum io socket_unix_name(const struct part *p, const char *path, struct name *out,
			 struct fail *f);

/* The entry of the file system that a bind has made.  While a socket bound to it is
 * open the system gives its number to no other.  A process forked off leaves it alone. */
struct socket_file {
	dev_t dev;
	ino_t ino;
	int dir;			/* own: where it is, whatever root we have then */
	pid_t maker;			/* 0: there is none to remove */
};

/* Binds a UNIX socket to its name: chdir and umask in force, stale socket files
 * replaced (probed by connect), live ones not, unlink-early obeyed, owner and mode right
 * before anyone else can connect.  Abstract names make no file.  A failure leaves none
 * behind. */
enum io socket_bind_unix(const struct part *p, int fd, const struct name *at,
			 struct socket_file *file, struct fail *f);

/* Removes the file again, unless unlink-close=0 or somebody else has put another in
 * its place.  The socket is still open. */
void socket_unlink_unix(const struct part *p, const char *path,
			struct socket_file *file);

#endif
