/* The only place that papers over differences between systems. */
#ifndef SOCKCAT_BASE_PLATFORM_H
#define SOCKCAT_BASE_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* All descriptors made here are close-on-exec.  -1 with errno on failure. */
int sys_socket(int family, int type, int protocol, bool nonblock);
/* Goes into a network namespace, named as ip-netns(8) does or by a path.  The calling
 * thread only.  Async-signal-safe. */
bool sys_enter_netns(const char *name);
/* A socket of that namespace, made from where we are. */
int sys_socket_in(const char *netns, int family, int type, int protocol, bool nonblock);
int sys_accept(int fd, struct sockaddr *sa, socklen_t *len, bool nonblock);
int sys_pipe(int fds[2], bool nonblock);
int sys_socketpair(int type, int fds[2], bool nonblock);	/* AF_UNIX */
/* recvmmsg(2) without its timeout; where there is none, recvmsg(2) for the first. */
#ifndef MSG_WAITFORONE
struct mmsghdr {
	struct msghdr msg_hdr;
	unsigned msg_len;
};
#endif
int sys_recvmmsg(int fd, struct mmsghdr *m, unsigned n, int flags);
/* close-on-exec copy, >= 3 */
int sys_dup(int fd);
bool sys_nonblock(int fd);
bool sys_cloexec(int fd);

/* A description of our own for a pipe, FIFO or terminal we inherited, opened
 * non-blocking with the given O_RDONLY/O_WRONLY/O_RDWR, so that the others who
 * share the inherited one see no change.  -1 where the system can't. */
int sys_reopen(int fd, int flags);

/* All of it, waiting as long as that takes; EINTR is survived, and a descriptor
 * that somebody made non-blocking is polled.  For standard error and log files.
 * False with errno. */
bool sys_write_all(int fd, const void *from, size_t len);

/* The parts of an AF_VSOCK address; false if it is none, or the system has none. */
bool sys_vsock(const struct sockaddr_storage *sa, unsigned *cid, unsigned *port);

/* How many columns the terminal has at this moment; if it does not say, or fd is no
 * terminal, what COLUMNS says; 0 = nobody says. */
unsigned sys_columns(int fd);

/* Monotonic clock, microseconds. */
uint64_t sys_now(void);

/* close(2) that survives EINTR and keeps errno.  -1 is fine. */
void sys_close(int fd);

/* Gives memory that was freed back to the system, where the allocator keeps it. */
void sys_trim_memory(void);

/* The most memory that the process has had at once, in bytes; 0 = not known. */
uint64_t sys_peak_memory(void);

/* What TCP knows of the connection: smoothed round-trip time and its variation in
 * microseconds, segments sent again (TCP_INFO, tcp(7)).  False: no TCP socket, or a
 * system that does not tell. */
bool sys_tcp_state(int fd, uint32_t *rtt, uint32_t *rttvar, uint32_t *retransmits);

/* The socket's IPPROTO_* number; 0: no IP socket, or a system that does not tell. */
int sys_protocol(int fd);

/* The longest listen backlog that the system grants. */
int sys_backlog(void);

/* Lets other sockets of ours be bound where this one is or will be; the kernel then deals
 * out what comes by the addresses of both ends, so that a peer stays with one of them.
 * False: not here. */
bool sys_share_port(int fd);

/* How many processors this process may use, at least 1. */
unsigned sys_processors(void);

/* Memory, all zero, that processes forked later have in common; NULL with errno. */
void *sys_common_memory(size_t size);
void sys_common_memory_free(void *memory, size_t size);

#endif
