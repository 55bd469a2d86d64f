/* Options on real descriptors: what was asked for is what the kernel then says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "endpoint/apply.h"
#include "spec/constants.h"

static struct spec spec;
static struct fail failure;
static int fd = -1, other = -1;

static void close_all(void)
{
	if (fd >= 0)
		close(fd);
	if (other >= 0)
		close(other);
	fd = other = -1;
}

static int forget(void **state)
{
	(void)state;
	close_all();
	spec_free(&spec);
	return 0;
}

static const struct part *parse_in(const char *address, bool socat)
{
	const struct spec_rules rules = { .socat = socat };

	spec_free(&spec);
	failure = (struct fail){ 0 };
	if (spec_parse(address, &rules, &spec, &failure) != IO_OK)
		fail_msg("%s: %s", address, failure.text);
	return &spec.part[0];
}

static const struct part *parse(const char *address)
{
	return parse_in(address, false);
}

/* Applies and complains in the kernel's words. */
static void apply(const char *address, enum opt_phase phase)
{
	if (apply_phase(parse(address), fd, phase, &failure) != IO_OK)
		fail_msg("%s: %s", address, failure.text);
}

static void assert_refused(const char *address, enum opt_phase phase, const char *hint)
{
	if (apply_phase(parse(address), fd, phase, &failure) != IO_FAIL)
		fail_msg("%s is taken", address);
	if (!strstr(failure.text, hint))
		fail_msg("\"%s\" lacks \"%s\"", failure.text, hint);
}

static void make_socket(int family, int type)
{
	close_all();
	fd = socket(family, type | SOCK_CLOEXEC, 0);
	if (fd < 0 && errno == EAFNOSUPPORT)
		skip();
	assert_true(fd >= 0);
}

static int get(int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

/* ---- socket options ------------------------------------------------------------- */

struct expectation {
	const char *address;
	int family, type, level, name, value;
};

#define TCP4 AF_INET, SOCK_STREAM
#define UDP4 AF_INET, SOCK_DGRAM
#define UDP6 AF_INET6, SOCK_DGRAM
#define UNIX AF_UNIX, SOCK_STREAM

static void socket_options_reach_the_kernel(void **state)
{
	static const struct expectation all[] = {
		{ "tcp:h:1,keepalive", TCP4, SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ "tcp:h:1,reuseaddr", TCP4, SOL_SOCKET, SO_REUSEADDR, 1 },
		{ "tcp:h:1,reuseaddr=0", TCP4, SOL_SOCKET, SO_REUSEADDR, 0 },
		{ "tcp:h:1,reuseaddr=", TCP4, SOL_SOCKET, SO_REUSEADDR, 0 },
		{ "tcp:h:1,reuseport", TCP4, SOL_SOCKET, SO_REUSEPORT, 1 },
		{ "udp:h:1,broadcast", UDP4, SOL_SOCKET, SO_BROADCAST, 1 },
		{ "tcp:h:1,oobinline", TCP4, SOL_SOCKET, SO_OOBINLINE, 1 },
		{ "tcp:h:1,dontroute", TCP4, SOL_SOCKET, SO_DONTROUTE, 1 },
		{ "tcp:h:1,rcvlowat=7", TCP4, SOL_SOCKET, SO_RCVLOWAT, 7 },
#ifdef __linux__
		{ "tcp:h:1,priority=5", TCP4, SOL_SOCKET, SO_PRIORITY, 5 },
		{ "tcp:h:1,rcvbuf=16k", TCP4, SOL_SOCKET, SO_RCVBUF, 32768 },
		{ "tcp:h:1,sndbuf=16k", TCP4, SOL_SOCKET, SO_SNDBUF, 32768 },
		{ "tcp:h:1,rcvbuf-late=16k", TCP4, SOL_SOCKET, SO_RCVBUF, 32768 },
		{ "tcp:h:1,sndbuf-late=16k", TCP4, SOL_SOCKET, SO_SNDBUF, 32768 },
		{ "udp:h:1,timestamp", UDP4, SOL_SOCKET, SO_TIMESTAMP, 1 },
		{ "udp:h:1,nocheck", UDP4, SOL_SOCKET, SO_NO_CHECK, 1 },
		{ "unix:/x,passcred", UNIX, SOL_SOCKET, SO_PASSCRED, 1 },
		{ "tcp:h:1,cork", TCP4, IPPROTO_TCP, TCP_CORK, 1 },
		{ "tcp:h:1,quickack=0", TCP4, IPPROTO_TCP, TCP_QUICKACK, 0 },
		{ "tcp:h:1,keepidle=11", TCP4, IPPROTO_TCP, TCP_KEEPIDLE, 11 },
		{ "tcp:h:1,keepintvl=12", TCP4, IPPROTO_TCP, TCP_KEEPINTVL, 12 },
		{ "tcp:h:1,keepcnt=13", TCP4, IPPROTO_TCP, TCP_KEEPCNT, 13 },
		{ "tcp:h:1,syncnt=2", TCP4, IPPROTO_TCP, TCP_SYNCNT, 2 },
		{ "tcp:h:1,linger2=14", TCP4, IPPROTO_TCP, TCP_LINGER2, 14 },
		{ "tcp:h:1,defer-accept=1", TCP4, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1 },
		{ "tcp:h:1,window-clamp=9000", TCP4, IPPROTO_TCP, TCP_WINDOW_CLAMP,
		  9000 },
		{ "udp:h:1,recverr", UDP4, IPPROTO_IP, IP_RECVERR, 1 },
		{ "udp:h:1,recvttl", UDP4, IPPROTO_IP, IP_RECVTTL, 1 },
		{ "udp:h:1,recvtos", UDP4, IPPROTO_IP, IP_RECVTOS, 1 },
		{ "udp:h:1,recvopts", UDP4, IPPROTO_IP, IP_RECVOPTS, 1 },
		{ "udp:h:1,pktinfo", UDP4, IPPROTO_IP, IP_PKTINFO, 1 },
		{ "udp:h:1,mtudiscover=2", UDP4, IPPROTO_IP, IP_MTU_DISCOVER, 2 },
		{ "udp:h:1,freebind", UDP4, IPPROTO_IP, IP_FREEBIND, 1 },
		{ "udp6:h:1,ipv6-recverr", UDP6, IPPROTO_IPV6, IPV6_RECVERR, 1 },
		{ "udp6:h:1,mtudiscover6=2", UDP6, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 2 },
		{ "udp6:h:1,ipv6-recvpathmtu", UDP6, IPPROTO_IPV6, IPV6_RECVPATHMTU, 1 },
#endif
		{ "tcp:h:1,nodelay", TCP4, IPPROTO_TCP, TCP_NODELAY, 1 },
		{ "udp:h:1,ttl=9", UDP4, IPPROTO_IP, IP_TTL, 9 },
		{ "udp:h:1,tos=16", UDP4, IPPROTO_IP, IP_TOS, 16 },
		{ "udp:h:1,multicast-ttl=8", UDP4, IPPROTO_IP, IP_MULTICAST_TTL, 8 },
		{ "udp:h:1,multicast-loop=0", UDP4, IPPROTO_IP, IP_MULTICAST_LOOP, 0 },
		{ "udp6:h:1,v6only", UDP6, IPPROTO_IPV6, IPV6_V6ONLY, 1 },
		{ "udp6:h:1,unicast-hops=7", UDP6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 7 },
		{ "udp6:h:1,mcloop6=0", UDP6, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0 },
		{ "udp6:h:1,ipv6-tclass=33", UDP6, IPPROTO_IPV6, IPV6_TCLASS, 33 },
		{ "udp6:h:1,ipv6-recvtclass", UDP6, IPPROTO_IPV6, IPV6_RECVTCLASS, 1 },
		{ "udp6:h:1,recvhoplimit", UDP6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1 },
		{ "udp6:h:1,recvpktinfo", UDP6, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1 },
		{ "udp6:h:1,recvrthdr", UDP6, IPPROTO_IPV6, IPV6_RECVRTHDR, 1 },
		{ "udp6:h:1,recvhopopts", UDP6, IPPROTO_IPV6, IPV6_RECVHOPOPTS, 1 },
		{ "udp6:h:1,recvdstopts", UDP6, IPPROTO_IPV6, IPV6_RECVDSTOPTS, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const struct expectation *e = &all[i];

		close_all();
		fd = socket(e->family, e->type, 0);
		if (fd < 0 && e->family == AF_INET6)
			continue; /* a system without IPv6 */
		apply(e->address, (enum opt_phase)parse(e->address)->val[0].opt->phase);
		if (get(e->level, e->name) != e->value)
			fail_msg("%s: the kernel says %d", e->address,
				 get(e->level, e->name));
	}
}

static void the_segment_size_is_set_before_connecting(void **state)
{
	(void)state;
	make_socket(AF_INET, SOCK_STREAM);
	apply("tcp:h:1,mss=1000", PH_SOCKET);
	assert_refused("tcp:h:1,mss=70000", PH_SOCKET, "option mss=70000");
}

static void linger_and_time_limits_have_their_own_shape(void **state)
{
	struct linger linger;
	struct timeval limit;
	socklen_t len = sizeof(linger);

	(void)state;
	make_socket(AF_INET, SOCK_STREAM);
	apply("tcp:h:1,linger=3,rcvtimeo=2s,sndtimeo=3", PH_SOCKET);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len), 0);
	assert_int_equal(linger.l_onoff, 1);
	assert_int_equal(linger.l_linger, 3);
	len = sizeof(limit);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, &len), 0);
	assert_int_equal(limit.tv_sec, 2);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &len), 0);
	assert_int_equal(limit.tv_sec, 3);
	apply("tcp:h:1,linger=0", PH_SOCKET);
	len = sizeof(linger);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len), 0);
	assert_int_equal(linger.l_onoff, 1);
	assert_int_equal(linger.l_linger, 0);
}

static void any_socket_option_can_be_given_by_number(void **state)
{
	char address[160];

	(void)state;
	make_socket(AF_INET, SOCK_STREAM);
	snprintf(address, sizeof(address), "tcp:h:1,setsockopt-int=%d:%d:1", SOL_SOCKET,
		 SO_KEEPALIVE);
	apply(address, PH_CONNECTED);
	assert_int_equal(get(SOL_SOCKET, SO_KEEPALIVE), 1);
	snprintf(address, sizeof(address), "tcp:h:1,setsockopt=%d:%d:i0", SOL_SOCKET,
		 SO_KEEPALIVE);
	apply(address, PH_CONNECTED);
	assert_int_equal(get(SOL_SOCKET, SO_KEEPALIVE), 0);
	snprintf(address, sizeof(address), "tcp:h:1,setsockopt-socket=%d:%d:i1",
		 SOL_SOCKET, SO_REUSEADDR);
	apply(address, PH_CONNECTED);
	assert_int_equal(get(SOL_SOCKET, SO_REUSEADDR), 0);
	apply(address, PH_SOCKET);
	assert_int_equal(get(SOL_SOCKET, SO_REUSEADDR), 1);
	snprintf(address, sizeof(address), "tcp-l:1,setsockopt-listen=%d:%d:i1",
		 SOL_SOCKET, SO_OOBINLINE);
	apply(address, PH_LISTEN);
	assert_int_equal(get(SOL_SOCKET, SO_OOBINLINE), 1);
	assert_refused("tcp:h:1,setsockopt=1:29999:i1", PH_CONNECTED, "does not have it");
}

#ifdef __linux__
static void text_options_are_text(void **state)
{
	char name[32] = "";
	socklen_t len = sizeof(name);

	(void)state;
	make_socket(AF_INET, SOCK_STREAM);
	apply("tcp:h:1,setsockopt-string=6:13:reno", PH_CONNECTED);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
	assert_string_equal(name, "reno");
	assert_refused("tcp:h:1,bindtodevice=no-such-if", PH_SOCKET,
		       "no such network interface");
}

static void an_ipv4_option_sets_its_counterpart_on_an_ipv6_socket(void **state)
{
	(void)state;
	make_socket(AF_INET6, SOCK_DGRAM);
	apply("udp:h:1,tos=24,ttl=5,recvttl,recvtos,pktinfo,recverr,multicast-ttl=6",
	      PH_SOCKET);
	assert_int_equal(get(IPPROTO_IPV6, IPV6_TCLASS), 24);
	assert_int_equal(get(IPPROTO_IPV6, IPV6_UNICAST_HOPS), 5);
	assert_int_equal(get(IPPROTO_IPV6, IPV6_RECVHOPLIMIT), 1);
	assert_int_equal(get(IPPROTO_IPV6, IPV6_RECVTCLASS), 1);
	assert_int_equal(get(IPPROTO_IPV6, IPV6_RECVPKTINFO), 1);
	assert_int_equal(get(IPPROTO_IPV6, IPV6_RECVERR), 1);
	assert_int_equal(get(IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 6);
	assert_int_equal(get(IPPROTO_IP, IP_TTL), 5);
}
#endif

static void an_ipv6_option_matters_only_where_the_family_was_chosen(void **state)
{
	(void)state;
	make_socket(AF_INET, SOCK_STREAM);
	apply("tcp:h:1,ipv6-tclass=8", PH_SOCKET);
	assert_refused("tcp:h:1,pf=ip4,ipv6-tclass=8", PH_SOCKET, "does not have it");
}

static void what_can_only_be_read_is_refused_with_that_reason(void **state)
{
	(void)state;
	make_socket(AF_INET, SOCK_STREAM);
	assert_refused("tcp:h:1,so-error", PH_SOCKET,
		       "option so-error cannot be set: the system lets it be read only");
	assert_refused("tcp:h:1,tcp-info", PH_SOCKET, "read only");
	assert_int_equal(failure.phase, PHASE_BIND);
}

static void options_wait_for_their_phase(void **state)
{
	(void)state;
	make_socket(AF_INET, SOCK_STREAM);
	apply("tcp:h:1,nodelay,keepalive", PH_FD);
	apply("tcp:h:1,nodelay,keepalive", PH_BOUND);
	assert_int_equal(get(SOL_SOCKET, SO_KEEPALIVE), 0);
	assert_int_equal(get(IPPROTO_TCP, TCP_NODELAY), 0);
	apply("tcp:h:1,nodelay,keepalive", PH_SOCKET);
	assert_int_equal(get(SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(get(IPPROTO_TCP, TCP_NODELAY), 0);
}

static void a_socket_we_were_given_gets_options_with_the_descriptor(void **state)
{
	(void)state;
	make_socket(AF_INET, SOCK_STREAM);
	apply("fd:9,nodelay,keepalive", PH_FD);
	assert_int_equal(get(SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(get(IPPROTO_TCP, TCP_NODELAY), 1);
	close_all();
	fd = open("/dev/null", O_RDWR);
	assert_refused("fd:9,keepalive", PH_FD, "this is no socket");
}

static void the_last_of_equal_options_counts(void **state)
{
	(void)state;
	make_socket(AF_INET, SOCK_DGRAM);
	apply("udp:h:1,ttl=3,ttl=4", PH_SOCKET);
	assert_int_equal(get(IPPROTO_IP, IP_TTL), 4);
}

/* ---- multicast -------------------------------------------------------------------- */

/* Joining twice is refused, so a second try tells whether the first one took. */
static bool has_joined(const char *group)
{
	struct ip_mreqn request = { .imr_address.s_addr = htonl(INADDR_LOOPBACK) };

	inet_pton(AF_INET, group, &request.imr_multiaddr);
	return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)) <
		       0 &&
	       errno == EADDRINUSE;
}

static void groups_are_joined_by_address_or_name_of_the_interface(void **state)
{
	(void)state;
	make_socket(AF_INET, SOCK_DGRAM);
	apply("udp4-recv:1,ip-add-membership=224.1.2.3:127.0.0.1", PH_SOCKET);
	assert_true(has_joined("224.1.2.3"));
	assert_false(has_joined("224.1.2.4"));
	assert_refused("udp4-recv:1,ip-add-membership=10.0.0.1:127.0.0.1", PH_SOCKET,
		       "option ip-add-membership=10.0.0.1:127.0.0.1 cannot be set");
	assert_refused("udp4-recv:1,ip-add-membership=[ff02::1]:lo", PH_SOCKET,
		       "ipv6-join-group");
	assert_int_equal(failure.phase, PHASE_USAGE);
	assert_refused("udp4-recv:1,ip-add-membership=224.1.2.3:nix0", PH_SOCKET,
		       "no network interface \"nix0\"");
	assert_refused("udp4-recv:1,ip-add-membership=224.1.2.3:127.0.0.1:1:1", PH_SOCKET,
		       "no network interface \"1:1\"");
}

#ifdef __linux__
static void groups_are_joined_by_name_of_the_interface(void **state)
{
	(void)state;
	make_socket(AF_INET, SOCK_DGRAM);
	apply("udp4-recv:1,ip-add-membership=224.1.2.5:lo", PH_SOCKET);
	assert_true(has_joined("224.1.2.5"));
	make_socket(AF_INET, SOCK_DGRAM);
	apply("udp4-recv:1,ip-add-membership=224.1.2.6:0.0.0.0:lo", PH_SOCKET);
	assert_true(has_joined("224.1.2.6"));
}

static void ipv6_groups_are_joined_on_an_interface(void **state)
{
	struct ipv6_mreq request = { .ipv6mr_interface = if_nametoindex("lo") };

	(void)state;
	make_socket(AF_INET6, SOCK_DGRAM);
	apply("udp6-recv:1,ipv6-join-group=[ff02::1234]:lo", PH_SOCKET);
	inet_pton(AF_INET6, "ff02::1234", &request.ipv6mr_multiaddr);
	assert_int_equal(
		setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &request, sizeof(request)),
		-1);
	assert_refused("udp6-recv:1,ipv6-join-group=224.1.2.3:lo", PH_SOCKET,
		       "IPv6 group");
}

static void one_source_of_a_group_can_be_chosen(void **state)
{
	(void)state;
	make_socket(AF_INET, SOCK_DGRAM);
	apply("udp4-recv:1,source-membership=232.1.2.3:127.0.0.1:127.0.0.9", PH_SOCKET);
	make_socket(AF_INET, SOCK_DGRAM);
	apply("udp4-recv:1,source-membership=232.1.2.3:lo:127.0.0.9", PH_SOCKET);
	assert_refused("udp4-recv:1,source-membership=232.1.2.3:lo", PH_SOCKET,
		       "group:interface:source");
	make_socket(AF_INET6, SOCK_DGRAM);
	apply("udp6-recv:1,join-source-group=[ff32::1]:lo:[::1]", PH_SOCKET);
	assert_refused("udp6-recv:1,join-source-group=[ff32::1]:lo:127.0.0.1", PH_SOCKET,
		       "[source]");
}

static void an_ipv4_group_is_joined_by_a_socket_for_both_families(void **state)
{
	(void)state;
	make_socket(AF_INET6, SOCK_DGRAM);
	apply("udp-recv:1,ip-add-membership=224.1.2.7:127.0.0.1", PH_SOCKET);
	assert_true(has_joined("224.1.2.7"));
}
#endif

/* ---- files ------------------------------------------------------------------------ */

static char path[] = "/tmp/sockcat-apply-XXXXXX";

static void make_file(const char *content)
{
	close_all();
	snprintf(path, sizeof(path), "/tmp/sockcat-apply-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
}

static void open_flags_come_from_the_options(void **state)
{
	(void)state;
	assert_int_equal(
		apply_open_flags(parse("open:x,creat,trunc,excl,append"), O_WRONLY),
		O_WRONLY | O_CREAT | O_TRUNC | O_EXCL | O_APPEND);
	assert_int_equal(apply_open_flags(parse("open:x,rdonly"), O_RDWR), O_RDONLY);
	assert_int_equal(apply_open_flags(parse("open:x,wronly,rdwr"), O_RDONLY), O_RDWR);
	assert_int_equal(apply_open_flags(parse("open:x,creat=0,append=0"),
					  O_WRONLY | O_CREAT | O_APPEND),
			 O_WRONLY);
	assert_int_equal(
		apply_open_flags(parse("open:x,nonblock,noctty,nofollow,sync"), O_RDWR),
		O_RDWR | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_SYNC);
	assert_int_equal(apply_open_flags(parse("open:x"), O_RDWR), O_RDWR);
}

static void position_length_and_mode_of_a_file_are_set(void **state)
{
	struct stat st;

	(void)state;
	make_file("0123456789");
	apply("open:x,seek=4", PH_LATE);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 4);
	apply("open:x,seek-cur=-1", PH_LATE);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 3);
	apply("open:x,seek-end=-2", PH_LATE);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 8);
	apply("open:x,ftruncate=6", PH_LATE);
	apply("open:x,mode=640", PH_FD);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 6);
	assert_int_equal(st.st_mode & 07777, 0640);
	apply("open:x,perm-late=600", PH_LATE);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_refused("open:x,seek=-5", PH_LATE, "option seek=-5 cannot be set");
	unlink(path);
	close_all();
	make_socket(AF_INET, SOCK_STREAM);
	assert_refused("fd:9,seek=5", PH_LATE, "only files have a position");
}

static void owners_are_set_on_descriptor_and_path(void **state)
{
	char address[200];
	struct stat st;

	(void)state;
	make_file("");
	snprintf(address, sizeof(address), "open:x,user=%u,group=%u,mode=604", getuid(),
		 getgid());
	apply(address, PH_FD);
	assert_int_equal(
		apply_owner(parse("unix-l:x,mode=600,perm-late=640"), path, &failure),
		IO_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	if (getuid() == 0) {
		apply("open:x,user=12,group=13", PH_FD);
		assert_int_equal(
			apply_owner(parse("unix-l:x,group-late=14"), path, &failure),
			IO_OK);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, 12);
		assert_int_equal(st.st_gid, 14);
	} else {
		assert_refused("open:x,user=0", PH_FD, "needs root");
	}
	unlink(path);
	assert_int_equal(apply_owner(parse("unix-l:x,mode=600"), path, &failure),
			 IO_FAIL);
	assert_non_null(strstr(failure.text, "option mode=600"));
}

static void a_socket_with_an_entry_leaves_its_descriptor_alone(void **state)
{
	(void)state;
	make_socket(AF_UNIX, SOCK_STREAM);
	apply("unix-l:/x,mode=600,user=0", PH_FD);
}

static void descriptor_flags_are_set_and_cleared(void **state)
{
	(void)state;
	make_file("");
	apply("open:x,append", PH_FD);
	assert_true(fcntl(fd, F_GETFL) & O_APPEND);
	apply("open:x,append=0", PH_FD);
	assert_false(fcntl(fd, F_GETFL) & O_APPEND);
	apply("open:x,nonblock", PH_FD);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	apply("open:x,nonblock=0", PH_FD);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	apply("open:x,cloexec", PH_FD);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	apply("open:x,cloexec=0", PH_FD);
	assert_false(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	unlink(path);
}

/* What a process of its own finds: record locks do not stop their owner. */
static bool others_are_locked_out(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void files_are_locked_both_ways(void **state)
{
	(void)state;
	make_file("");
	apply("open:x,setlk=0", PH_FD);
	assert_false(others_are_locked_out());
	apply("open:x,setlk", PH_FD);
	assert_true(others_are_locked_out());
	other = open(path, O_RDWR);
	apply("open:x,flock-sh-nb", PH_FD);
	assert_int_equal(flock(other, LOCK_SH | LOCK_NB), 0);
	assert_refused("open:x,flock-nb", PH_FD, "somebody else holds the lock");
	close(other);
	other = -1;
	apply("open:x,flock", PH_FD);
	unlink(path);
}

#ifdef __linux__
static void a_pipe_takes_its_size_and_others_refuse(void **state)
{
	int ends[2];

	(void)state;
	close_all();
	assert_int_equal(pipe(ends), 0);
	fd = ends[0];
	other = ends[1];
	apply("pipe,pipesz=8192", PH_FD);
	assert_int_equal(fcntl(fd, F_GETPIPE_SZ), 8192);
	assert_refused("pipe,pipesz=8G", PH_FD, "the system refuses the value");
}

static void ioctls_are_passed_on(void **state)
{
	int waiting = 0, ends[2];
	char address[80];

	(void)state;
	close_all();
	assert_int_equal(pipe(ends), 0);
	fd = ends[0];
	other = ends[1];
	snprintf(address, sizeof(address), "fd:9,ioctl-intp=%lu:1",
		 (unsigned long)FIONBIO);
	apply(address, PH_FD);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	snprintf(address, sizeof(address), "fd:9,ioctl-bin=%lu:i0",
		 (unsigned long)FIONBIO);
	apply(address, PH_FD);
	assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
	snprintf(address, sizeof(address), "fd:9,ioctl-void=%lu", (unsigned long)FIOCLEX);
	apply(address, PH_FD);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(ioctl(fd, FIONREAD, &waiting), 0);
	assert_refused("fd:9,ioctl=1", PH_FD, "does not know the request");
}
#endif

/* ---- where and under which mask -------------------------------------------- */

static void an_entry_is_made_in_its_directory_under_its_mask(void **state)
{
	char before[PATH_MAX], now[PATH_MAX];
	mode_t mask = umask(022);
	struct workplace w;

	(void)state;
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(apply_enter(parse("open:x,chdir=/,umask=077"), &w, &failure),
			 IO_OK);
	assert_string_equal(getcwd(now, sizeof(now)), "/");
	assert_int_equal(umask(077), 077);
	apply_leave(&w);
	assert_string_equal(getcwd(now, sizeof(now)), before);
	assert_int_equal(umask(mask), 022);
	apply_leave(&w);
	assert_int_equal(apply_enter(parse("open:x,chdir=/no/such/place"), &w, &failure),
			 IO_FAIL);
	assert_non_null(strstr(failure.text, "option chdir=/no/such/place"));
	assert_string_equal(getcwd(now, sizeof(now)), before);
}

/* ---- terminals -------------------------------------------------------------- */

static void make_terminal(void)
{
	close_all();
	other = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(other >= 0);
	assert_int_equal(grantpt(other), 0);
	assert_int_equal(unlockpt(other), 0);
	fd = open(ptsname(other), O_RDWR | O_NOCTTY);
	assert_true(fd >= 0);
}

static struct termios modes(void)
{
	struct termios t;

	assert_int_equal(tcgetattr(fd, &t), 0);
	return t;
}

static struct termios set_modes_in(const char *address, bool socat)
{
	struct termios before = modes(), saved;
	bool changed = false;

	if (apply_termios(parse_in(address, socat), fd, &saved, &changed, &failure) !=
	    IO_OK)
		fail_msg("%s: %s", address, failure.text);
	assert_true(changed);
	assert_int_equal(saved.c_lflag, before.c_lflag);
	assert_int_equal(saved.c_oflag, before.c_oflag);
	return modes();
}

static struct termios set_modes(const char *address)
{
	return set_modes_in(address, false);
}

static tcflag_t field_of(const struct termios *t, long which)
{
	const tcflag_t fields[] = { t->c_iflag, t->c_oflag, t->c_cflag, t->c_lflag };

	return fields[which];
}

static void every_terminal_flag_goes_on_and_off(void **state)
{
	const struct opt *o;

	(void)state;
	make_terminal();
	for (size_t i = 0; (o = opt_row(i)); i++) {
		int len = (int)strcspn(o->names, " ");
		char address[80];
		struct termios t;

		/* control modes are not a pseudo terminal's to choose */
		if (o->act.how != HOW_TERMIOS_FLAG || !opt_available(o) || o->act.a == 2)
			continue;
		snprintf(address, sizeof(address), "open:x,%.*s=1", len, o->names);
		t = set_modes(address);
		if ((field_of(&t, o->act.a) & (tcflag_t)o->act.b) != (tcflag_t)o->act.b)
			fail_msg("%s is not set", address);
		snprintf(address, sizeof(address), "open:x,%.*s=0", len, o->names);
		t = set_modes(address);
		if (field_of(&t, o->act.a) & (tcflag_t)o->act.b)
			fail_msg("%s is not cleared", address);
	}
}

static void every_speed_is_one_that_terminals_take(void **state)
{
	const struct opt *o;
	struct termios t;

	(void)state;
	make_terminal();
	for (size_t i = 0; (o = opt_row(i)); i++) {
		char address[80];

		if (o->act.how != HOW_TERMIOS_SPEED || !opt_available(o) ||
		    o->act.a == B0)
			continue;
		snprintf(address, sizeof(address), "open:x,%s", o->names);
		t = set_modes(address);
		assert_int_equal(cfgetospeed(&t), o->act.a);
		snprintf(address, sizeof(address), "open:x,ospeed=%s", o->names + 1);
		t = set_modes(address);
		assert_int_equal(cfgetospeed(&t), o->act.a);
	}
}

static void a_speed_that_terminals_lack_is_refused(void **state)
{
	bool changed;

	(void)state;
	make_terminal();
	assert_int_equal(
		apply_termios(parse("open:x,ospeed=12345"), fd, NULL, &changed, &failure),
		IO_FAIL);
	assert_non_null(strstr(failure.text, "option ospeed=12345"));
}

static void patterns_values_and_characters_find_their_place(void **state)
{
	struct termios t;

	(void)state;
	make_terminal();
	t = set_modes("open:x,tab3,cr2,veof=^A,vmin=3,vtime=4,intr=x");
	assert_int_equal(t.c_oflag & TABDLY, TAB3);
	assert_int_equal(t.c_oflag & CRDLY, CR2);
	assert_int_equal(t.c_cc[VEOF], 1);
	assert_int_equal(t.c_cc[VMIN], 3);
	assert_int_equal(t.c_cc[VTIME], 4);
	assert_int_equal(t.c_cc[VINTR], 'x');
	t = set_modes("open:x,crdly=1,tabdly=0");
	assert_int_equal(t.c_oflag & CRDLY, CR1);
	assert_int_equal(t.c_oflag & TABDLY, TAB0);
	t = set_modes("open:x,echo=0,setflags=3:8");
	assert_true(t.c_lflag & ECHO);
}

static void values_that_do_not_fit_are_refused(void **state)
{
	bool changed;

	(void)state;
	make_terminal();
	assert_int_equal(
		apply_termios(parse("open:x,crdly=4"), fd, NULL, &changed, &failure),
		IO_FAIL);
	assert_non_null(strstr(failure.text,
			       "option crdly=4 cannot be set: the value is too large"));
	assert_int_equal(
		apply_termios(parse("open:x,setflags=4:1"), fd, NULL, &changed, &failure),
		IO_FAIL);
}

static void raw_passes_every_byte_as_cfmakeraw_does(void **state)
{
	struct termios want, t;

	(void)state;
	make_terminal();
	want = modes();
	cfmakeraw(&want);
	t = set_modes("open:x,raw");
	assert_int_equal(t.c_iflag, want.c_iflag);
	assert_int_equal(t.c_oflag, want.c_oflag);
	assert_int_equal(t.c_lflag, want.c_lflag);
	assert_int_equal(t.c_cc[VMIN], 1);
	assert_int_equal(t.c_cc[VTIME], 0);
}

static void raw_keeps_the_echo_in_socats_dialect(void **state)
{
	struct termios t;

	(void)state;
	make_terminal();
	t = set_modes_in("open:x,raw", true);
	assert_true(t.c_lflag & ECHO);
	assert_false(t.c_lflag & (ICANON | ISIG));
	assert_false(t.c_oflag & OPOST);
	assert_false(t.c_iflag & (ICRNL | IXON));
	t = set_modes_in("open:x,raw,echo=0", true);
	assert_false(t.c_lflag & ECHO);
}

static void rawer_leaves_nothing_and_sane_brings_all_back(void **state)
{
	struct termios t;

	(void)state;
	make_terminal();
	t = set_modes("open:x,rawer");
	assert_int_equal(t.c_iflag, 0);
	assert_int_equal(t.c_oflag, 0);
	assert_int_equal(t.c_lflag, 0);
	t = set_modes("open:x,sane");
	assert_true(t.c_lflag & ECHO && t.c_lflag & ICANON && t.c_lflag & ISIG);
	assert_true(t.c_iflag & ICRNL && t.c_iflag & BRKINT);
	assert_int_equal(t.c_oflag, OPOST | ONLCR);
	assert_int_equal(t.c_cc[VEOF], 4);
}

static void options_are_applied_in_the_order_typed(void **state)
{
	struct termios t;

	(void)state;
	make_terminal();
	t = set_modes("open:x,raw,echo");
	assert_true(t.c_lflag & ECHO);
	t = set_modes("open:x,echo,raw");
	assert_false(t.c_lflag & ECHO);
}

static void what_is_no_terminal_says_so_and_only_if_asked(void **state)
{
	bool changed = true;

	(void)state;
	make_file("");
	assert_int_equal(apply_termios(parse("open:x"), fd, NULL, &changed, &failure),
			 IO_OK);
	assert_false(changed);
	assert_int_equal(apply_termios(parse("open:x,raw"), fd, NULL, &changed, &failure),
			 IO_FAIL);
	assert_non_null(strstr(failure.text, "this is no terminal"));
	assert_int_equal(failure.phase, PHASE_CONFIG);
	unlink(path);
}

static void a_window_has_rows_and_columns(void **state)
{
	struct winsize size;

	(void)state;
	make_terminal();
	apply("pty,winsz=33:99", PH_FD);
	assert_int_equal(ioctl(fd, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_row, 33);
	assert_int_equal(size.ws_col, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(socket_options_reach_the_kernel),
		cmocka_unit_test(the_segment_size_is_set_before_connecting),
		cmocka_unit_test(linger_and_time_limits_have_their_own_shape),
		cmocka_unit_test(any_socket_option_can_be_given_by_number),
		cmocka_unit_test(an_ipv6_option_matters_only_where_the_family_was_chosen),
		cmocka_unit_test(what_can_only_be_read_is_refused_with_that_reason),
		cmocka_unit_test(options_wait_for_their_phase),
		cmocka_unit_test(
			a_socket_we_were_given_gets_options_with_the_descriptor),
		cmocka_unit_test(the_last_of_equal_options_counts),
		cmocka_unit_test(groups_are_joined_by_address_or_name_of_the_interface),
#ifdef __linux__
		cmocka_unit_test(text_options_are_text),
		cmocka_unit_test(an_ipv4_option_sets_its_counterpart_on_an_ipv6_socket),
		cmocka_unit_test(groups_are_joined_by_name_of_the_interface),
		cmocka_unit_test(ipv6_groups_are_joined_on_an_interface),
		cmocka_unit_test(one_source_of_a_group_can_be_chosen),
		cmocka_unit_test(
			an_ipv4_group_is_joined_by_a_socket_for_both_families),
		cmocka_unit_test(a_pipe_takes_its_size_and_others_refuse),
		cmocka_unit_test(ioctls_are_passed_on),
#endif
		cmocka_unit_test(open_flags_come_from_the_options),
		cmocka_unit_test(position_length_and_mode_of_a_file_are_set),
		cmocka_unit_test(owners_are_set_on_descriptor_and_path),
		cmocka_unit_test(
			a_socket_with_an_entry_leaves_its_descriptor_alone),
		cmocka_unit_test(descriptor_flags_are_set_and_cleared),
		cmocka_unit_test(files_are_locked_both_ways),
		cmocka_unit_test(an_entry_is_made_in_its_directory_under_its_mask),
		cmocka_unit_test(every_terminal_flag_goes_on_and_off),
		cmocka_unit_test(every_speed_is_one_that_terminals_take),
		cmocka_unit_test(a_speed_that_terminals_lack_is_refused),
		cmocka_unit_test(patterns_values_and_characters_find_their_place),
		cmocka_unit_test(values_that_do_not_fit_are_refused),
		cmocka_unit_test(raw_passes_every_byte_as_cfmakeraw_does),
		cmocka_unit_test(raw_keeps_the_echo_in_socats_dialect),
		cmocka_unit_test(rawer_leaves_nothing_and_sane_brings_all_back),
		cmocka_unit_test(options_are_applied_in_the_order_typed),
		cmocka_unit_test(what_is_no_terminal_says_so_and_only_if_asked),
		cmocka_unit_test(a_window_has_rows_and_columns),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
