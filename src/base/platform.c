/* Where systems differ: descriptors born close-on-exec, clocks, limits. */
#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#ifdef __linux__
#include <linux/vm_sockets.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

static bool add_flag(int fd, int get, int set, int flag)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return false;
	return (flags & flag) || fcntl(fd, set, flags | flag) == 0;
}

bool sys_nonblock(int fd)
{
	return add_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK);
}

bool sys_cloexec(int fd)
{
	return add_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC);
}

/* The flags atomically where the system knows them (all but macOS): another
 * thread may be forking. */
#ifdef SOCK_CLOEXEC

static int type_flags(bool nonblock)
{
	return SOCK_CLOEXEC | (nonblock ? SOCK_NONBLOCK : 0);
}

int sys_socket(int family, int type, int protocol, bool nonblock)
{
	return socket(family, type | type_flags(nonblock), protocol);
}

int sys_accept(int fd, struct sockaddr *sa, socklen_t *len, bool nonblock)
{
	return accept4(fd, sa, len, type_flags(nonblock));
}

int sys_pipe(int fds[2], bool nonblock)
{
	return pipe2(fds, O_CLOEXEC | (nonblock ? O_NONBLOCK : 0));
}

int sys_socketpair(int type, int fds[2], bool nonblock)
{
	return socketpair(AF_UNIX, type | type_flags(nonblock), 0, fds);
}

#else

static int finish(int fd, bool nonblock)
{
	if (fd < 0 || (sys_cloexec(fd) && (!nonblock || sys_nonblock(fd))))
		return fd;
	sys_close(fd);
	return -1;
}

static int finish_pair(int fds[2], int result, bool nonblock)
{
	if (result < 0)
		return -1;
	if (finish(fds[0], nonblock) < 0) {
		sys_close(fds[1]);
		return -1;
	}
	if (finish(fds[1], nonblock) < 0) {
		sys_close(fds[0]);
		return -1;
	}
	return 0;
}

int sys_socket(int family, int type, int protocol, bool nonblock)
{
	return finish(socket(family, type, protocol), nonblock);
}

int sys_accept(int fd, struct sockaddr *sa, socklen_t *len, bool nonblock)
{
	return finish(accept(fd, sa, len), nonblock);
}

int sys_pipe(int fds[2], bool nonblock)
{
	return finish_pair(fds, pipe(fds), nonblock);
}

int sys_socketpair(int type, int fds[2], bool nonblock)
{
	return finish_pair(fds, socketpair(AF_UNIX, type, 0, fds), nonblock);
}

#endif

#ifdef MSG_WAITFORONE

int sys_recvmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	return recvmmsg(fd, m, n, flags, NULL);
}

#else

/* An error behind the first is the next call's, as recvmmsg(2) has it: who asks for no
 * second gets none that would have to be kept. */
int sys_recvmmsg(int fd, struct mmsghdr *m, unsigned n, int flags)
{
	const ssize_t got = recvmsg(fd, &m->msg_hdr, flags);

	(void)n;
	m->msg_len = got < 0 ? 0 : (unsigned)got;
	return got < 0 ? -1 : 1;
}

#endif

int sys_dup(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

#ifdef __linux__

bool sys_enter_netns(const char *name)
{
	const bool is_path = strchr(name, '/');
	const int dir = is_path ? AT_FDCWD : open("/run/netns", O_PATH | O_CLOEXEC);
	const int fd = dir == -1 ? -1 : openat(dir, name, O_RDONLY | O_CLOEXEC);
	const bool ok = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;

	sys_close(fd);
	if (!is_path)
		sys_close(dir);
	return ok;
}

int sys_socket_in(const char *netns, int family, int type, int protocol, bool nonblock)
{
	const int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd = -1;

	if (home >= 0 && sys_enter_netns(netns)) {
		fd = sys_socket(family, type, protocol, nonblock);
		if (setns(home, CLONE_NEWNET) < 0) {
			sys_close(fd);
			fd = -1;
		}
	}
	sys_close(home);
	return fd;
}

int sys_reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static int backlog_limit(void)
{
	char text[16];
	long long limit = SOMAXCONN;
	int fd = open("/proc/sys/net/core/somaxconn", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return SOMAXCONN;
	n = read(fd, text, sizeof(text));
	if (n > 1)
		text_number(text, (size_t)n - 1, 1, INT_MAX, &limit, NULL);
	sys_close(fd);
	return (int)limit;
}

bool sys_vsock(const struct sockaddr_storage *sa, unsigned *cid, unsigned *port)
{
	const struct sockaddr_vm *vm = (const struct sockaddr_vm *)sa;

	if (sa->ss_family != AF_VSOCK)
		return false;
	*cid = vm->svm_cid;
	*port = vm->svm_port;
	return true;
}

#else

bool sys_enter_netns(const char *name)
{
	(void)name;
	errno = ENOSYS;
	return false;
}

int sys_socket_in(const char *netns, int family, int type, int protocol, bool nonblock)
{
	(void)family;
	(void)type;
	(void)protocol;
	(void)nonblock;
	return sys_enter_netns(netns) ? 0 : -1;
}

/* Elsewhere /dev/fd/N gives a copy of the same description, not a new one. */
int sys_reopen(int fd, int flags)
{
	(void)fd;
	(void)flags;
	errno = ENOSYS;
	return -1;
}

static int backlog_limit(void)
{
	return SOMAXCONN;
}

bool sys_vsock(const struct sockaddr_storage *sa, unsigned *cid, unsigned *port)
{
	(void)sa;
	(void)cid;
	(void)port;
	return false;
}

#endif

int sys_backlog(void)
{
	return backlog_limit();
}

#if defined(__linux__) && defined(TCP_INFO)

bool sys_tcp_state(int fd, uint32_t *rtt, uint32_t *rttvar, uint32_t *retransmits)
{
	struct tcp_info now = { 0 };
	socklen_t len = sizeof(now);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &now, &len) < 0)
		return false;
	*rtt = now.tcpi_rtt;
	*rttvar = now.tcpi_rttvar;
	*retransmits = now.tcpi_total_retrans;
	return true;
}

#else

bool sys_tcp_state(int fd, uint32_t *rtt, uint32_t *rttvar, uint32_t *retransmits)
{
	(void)fd, (void)rtt, (void)rttvar, (void)retransmits;
	return false;
}

#endif

#ifdef SO_PROTOCOL

int sys_protocol(int fd)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(sa), size = sizeof(int);
	int protocol;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0 ||
	    (sa.ss_family != AF_INET && sa.ss_family != AF_INET6) ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) < 0)
		return 0;
	return protocol;
}

#else

int sys_protocol(int fd)
{
	(void)fd;
	return 0;
}

#endif

/* After a poll that says so, a pipe or terminal takes at least a byte. */
static void wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	poll(&p, 1, -1);
}

bool sys_write_all(int fd, const void *from, size_t len)
{
	const char *s = from;

	while (len) {
		ssize_t n = write(fd, s, len);

		if (n >= 0) {
			s += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			wait_writable(fd);
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

unsigned sys_columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return (unsigned)text_variable("COLUMNS", UINT16_MAX, 0);
}

uint64_t sys_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Once interrupted, the descriptor is closed on every system we know: a second
 * try might close somebody else's. */
void sys_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}

/* ru_maxrss counts KiB, but for one that counts bytes. */
#ifdef __APPLE__
enum { RSS_UNIT = 1 };
#else
enum { RSS_UNIT = 1024 };
#endif

uint64_t sys_peak_memory(void)
{
	struct rusage used;

	return getrusage(RUSAGE_SELF, &used) == 0 ? (uint64_t)used.ru_maxrss * RSS_UNIT
						   : 0;
}

#ifdef __GLIBC__
void sys_trim_memory(void)
{
	malloc_trim(0);
}
#else
void sys_trim_memory(void)
{
}
#endif

/* Elsewhere SO_REUSEPORT lets the last one that was bound have all. */
#ifdef __linux__

bool sys_share_port(int fd)
{
	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){ 1 }, sizeof(int)) == 0;
}

unsigned sys_processors(void)
{
	cpu_set_t set;
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}

#else

bool sys_share_port(int fd)
{
	(void)fd;
	return false;
}

unsigned sys_processors(void)
{
	const long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

#endif

void *sys_common_memory(size_t size)
{
	void *m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		       0);

	return m == MAP_FAILED ? NULL : m;
}

void sys_common_memory_free(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}
