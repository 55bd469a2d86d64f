/* Making sockets: what every socket transport does, once. */
#include "addr/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "base/text.h"
#include "endpoint/admit.h"
#include "endpoint/apply.h"
#include "spec/constants.h"

enum { LOWPORT_FIRST = 640, LOWPORT_LAST = 1023 };

/* What bind= names, looked up once. */
struct prepared {
	struct name v4, v6;
};

int socket_new(const struct part *p, int family, int type, int protocol)
{
	const char *netns = part_text(p, OPT_NETNS, NULL);

	return netns ? sys_socket_in(netns, family, type, protocol, true)
		     : sys_socket(family, type, protocol, true);
}

static enum io no_socket(const struct part *p, struct fail *f)
{
	const char *netns = part_text(p, OPT_NETNS, NULL);

	if (netns)
		return fail_sys(f, PHASE_CONFIG,
				"%s: cannot make a socket in the network namespace %s",
				p->spec->input, netns);
	return fail_sys(f, PHASE_BIND, "cannot make a socket for %s", p->spec->input);
}

enum io socket_make(const struct part *p, int family, int type, int protocol, int *fd,
		    struct fail *f)
{
	type = (int)part_num(p, OPT_SOCKTYPE, type);
	protocol = (int)part_num(p, OPT_PROTOCOL, protocol);
	*fd = socket_new(p, family, type, protocol);
	if (*fd < 0)
		return no_socket(p, f);
	if (apply_phase(p, *fd, PH_SOCKET, f) == IO_OK)
		return IO_OK;
	sys_close(*fd);
	*fd = -1;
	return IO_FAIL;
}

void socket_hurry(int fd)
{
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

int socket_resolve_flags(const struct part *p)
{
	int flags = 0;

	for (unsigned i = 0; i < p->nvals; i++) {
		const struct optval *v = &p->val[i];
		const int bit = (int)v->opt->act.a;

		if (v->opt->act.how == HOW_RESOLVE)
			flags = v->num ? flags | bit : flags & ~bit;
	}
	return flags;
}

/* ---- bind= ------------------------------------------------------------------- */

/* "host", "host:port", ":port", "[::1]:port": the port's place, or the end. */
static const char *bind_port(const char *text)
{
	const char *bracket = strchr(text, ']');
	const char *colon = strrchr(bracket ? bracket : text, ':');

	return colon ? colon : text + strlen(text);
}

static void keep(struct prepared *names, const struct sockaddr *sa, socklen_t len)
{
	struct name *n = sa->sa_family == AF_INET ? &names->v4 : &names->v6;

	if (n->len || len > sizeof(n->sa))
		return;
	memcpy(&n->sa, sa, len);
	n->len = len;
}

static enum io look_up(struct prepared *names, const char *text, struct part *p,
		       struct fail *f)
{
	const char *port = bind_port(text);
	struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	size_t len = (size_t)(port - text);
	char host[256];
	int r;

	if (len >= 2 && text[0] == '[' && port[-1] == ']')
		snprintf(host, sizeof(host), "%.*s", (int)len - 2, text + 1);
	else
		snprintf(host, sizeof(host), "%.*s", (int)len, text);
	hints.ai_family = p->type->family == AF_INET || p->type->family == AF_INET6 ?
				  p->type->family : AF_UNSPEC;
	r = getaddrinfo(*host ? host : NULL, *port ? port + 1 : "0", &hints, &list);
	if (r)
		return fail_say(f, PHASE_RESOLVE, r, "bind=%s: cannot resolve it: %s",
				text, gai_strerror(r));
	for (struct addrinfo *a = list; a; a = a->ai_next)
		keep(names, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(list);
	return IO_OK;
}

enum io socket_prepare(struct part *p, struct fail *f)
{
	const char *text = part_text(p, OPT_BIND, NULL);
	struct prepared *names;

	if (!text || p->type->family == AF_UNIX)
		return IO_OK;
	names = p->prepared = mem_new(1, sizeof(*names));
	if (!names)
		return fail_memory(f);
	return look_up(names, text, p, f);
}

void socket_unprepare(struct part *p)
{
	mem_free(p->prepared);
	p->prepared = NULL;
}

bool socket_bind_name(const struct part *p, int family, struct name *out)
{
	const struct prepared *names = p->prepared;

	if (!names)
		return false;
	*out = family == AF_INET ? names->v4 : names->v6;
	return out->len > 0;
}

/* ---- binding ------------------------------------------------------------------ */

static void any_address(int family, struct name *out)
{
	*out = (struct name){ .len = family == AF_INET ? sizeof(struct sockaddr_in)
						       : sizeof(struct sockaddr_in6) };
	out->sa.ss_family = (sa_family_t)family;
}

/* lowport: any free one from 1023 down. */
static bool bind_low(int fd, struct name *at)
{
	for (unsigned port = LOWPORT_LAST; port >= LOWPORT_FIRST; port--) {
		name_set_port(at, port);
		if (bind(fd, (struct sockaddr *)&at->sa, at->len) == 0)
			return true;
		if (errno != EADDRINUSE)
			return false;
	}
	return false;
}

/* Where an outgoing socket is to be bound, if anywhere. */
static bool wanted_name(const struct part *p, int family, struct name *at)
{
	long long port = part_num(p, OPT_SOURCEPORT, 0);

	if (family != AF_INET && family != AF_INET6)
		return false;
	if (!socket_bind_name(p, family, at)) {
		if (port <= 0 && !part_has(p, OPT_LOWPORT))
			return false;
		any_address(family, at);
	}
	if (port > 0)
		name_set_port(at, (unsigned)port);
	return true;
}

static enum io bind_to(const struct part *p, int fd, struct name *at, bool low,
		       struct fail *f)
{
	char text[NAME_TEXT];

	if (low && !name_port(at) ? bind_low(fd, at)
				  : bind(fd, (struct sockaddr *)&at->sa, at->len) == 0)
		return IO_OK;
	return fail_sys(f, PHASE_BIND, "%s: cannot bind to %s", p->spec->input,
			name_text(at, text, sizeof(text)));
}

enum io socket_bind(const struct part *p, int fd, const struct name *to, int family,
		    struct fail *f)
{
	struct name at;

	if (to) {
		at = *to;
		if (bind_to(p, fd, &at, false, f) != IO_OK)
			return IO_FAIL;
	} else if (wanted_name(p, family, &at)) {
		if (bind_to(p, fd, &at, part_has(p, OPT_LOWPORT), f) != IO_OK)
			return IO_FAIL;
	}
	return apply_phase(p, fd, PH_BOUND, f);
}

/* ---- who may come in ----------------------------------------------------------- */

bool socket_admits(const struct part *p, const struct name *peer)
{
	long long port = part_num(p, OPT_SOURCEPORT, 0);
	const char *why = NULL;
	char text[NAME_TEXT];

	if (peer->sa.ss_family == AF_UNIX)
		return true;
	if (!admit_by_range(p, OPT_RANGE, peer))
		why = "its address is outside range=";
	else if (port > 0 && name_port(peer) != port)
		why = "it doesn't come from sourceport=";
	else if (part_has(p, OPT_LOWPORT) && name_port(peer) >= 1024)
		why = "lowport asks for a port below 1024";
	if (why)
		log_say(LEVEL_WARNING, "refusing connection from %s: %s",
			name_log(peer, text, sizeof(text)), why);
	return !why;
}

/* ---- UNIX names ----------------------------------------------------------------- */

static bool is_abstract(const struct part *p)
{
	return strncmp(p->type->names, "abstract", 8) == 0;
}

enum io socket_unix_name(const struct part *p, const char *path, struct name *out,
			 struct fail *f)
{
	bool abstract = is_abstract(p);

	/* "@name" is how ss(8) and netstat write abstract names, and users copy them */
	if (!abstract && path[0] == '@' && !p->spec->rules.socat) {
		abstract = true;
		path++;
	}
	if (name_unix(out, path, strlen(path), abstract,
		      part_num(p, OPT_TIGHTSOCKLEN, 1)))
		return IO_OK;
	return fail_say(
		f, PHASE_USAGE, ENAMETOOLONG,
		"the socket name \"%s\" is empty or longer than the %zu bytes a system allows",
		path, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
}

/* Does the socket file have an owner?  A connect tells: refused means that he is gone.
 * A datagram socket asks, because a server of streams refuses its kind without
 * noticing: one that waits for a single client must not take us for it. */
static bool is_alive(const struct name *at)
{
	int fd = sys_socket(AF_UNIX, SOCK_DGRAM, 0, true);
	bool alive = fd < 0 ||
		     connect(fd, (const struct sockaddr *)&at->sa, at->len) == 0 ||
		     (errno != ECONNREFUSED && errno != ENOENT);

	sys_close(fd);
	return alive;
}

/* Makes way for a bind: a dead socket goes, everything else stays. */
static enum io clear_path(const struct part *p, const struct name *at, struct fail *f)
{
	const char *path = ((const struct sockaddr_un *)&at->sa)->sun_path;
	bool asked = part_has(p, OPT_UNLINK_EARLY) || part_has(p, OPT_UNLINK);
	struct stat st;

	if (lstat(path, &st) < 0)
		return IO_OK;
	if (p->spec->rules.socat) {
		if (asked)
			unlink(path);
		return IO_OK;
	}
	if (!S_ISSOCK(st.st_mode)) {
		if (!asked)
			return fail_say(
				f, PHASE_BIND, EADDRINUSE,
				"%s exists and is no socket (unlink-early removes it)",
				path);
	} else if (is_alive(at)) {
		return fail_say(f, PHASE_BIND, EADDRINUSE,
				"address already in use: somebody is serving %s", path);
	}
	if (unlink(path) < 0 && errno != ENOENT)
		return fail_sys(f, PHASE_BIND, "cannot remove the stale %s", path);
	return IO_OK;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Before the end there may be a chroot(2) or a change of the directory. */
static int open_directory(const char *path)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path) + 2];
	const int len = (int)(base_name(path) - path);

	snprintf(dir, sizeof(dir), "%.*s.", len, path);
	return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void note_file(struct socket_file *file, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	*file = (struct socket_file){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.dir = open_directory(path),
		.maker = getpid(),
	};
}

/* Not what somebody else has put there since. */
static void remove_file(struct socket_file *file, const char *path)
{
	const char *name;
	struct stat st;

	if (!file->maker)
		return;
	name = base_name(path);
	if (file->maker == getpid() &&
	    fstatat(file->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == file->dev && st.st_ino == file->ino)
		unlinkat(file->dir, name, 0);
	sys_close(file->dir);
	file->maker = 0;
}

/* The socket appears with the mode it shall have; where its owner changes first,
 * nobody may connect until that is done. */
static enum io no_entry(const char *path, struct fail *f)
{
	if (errno != EADDRINUSE)
		return fail_sys(f, PHASE_BIND, "cannot bind to %s", path);
	return fail_say(f, PHASE_BIND, EADDRINUSE,
			"cannot bind to %s: it exists (unlink-early removes it)", path);
}

static enum io bind_with_mode(const struct part *p, int fd, const struct name *at,
			      struct socket_file *file, struct fail *f)
{
	const char *path = ((const struct sockaddr_un *)&at->sa)->sun_path;
	const struct optval *mode = part_val(p, OPT_MODE);
	bool owner = part_val(p, OPT_USER) || part_val(p, OPT_GROUP) ||
		     part_val(p, OPT_USER_EARLY) || part_val(p, OPT_GROUP_EARLY);
	mode_t old = umask(0), final = mode ? (mode_t)mode->num : 0777 & ~old;
	int r;

	umask(owner ? 0777 : 0777 & ~final);
	r = bind(fd, (const struct sockaddr *)&at->sa, at->len);
	umask(old);
	if (r < 0)
		return no_entry(path, f);
	note_file(file, path);
	if (apply_owner(p, path, f) != IO_OK)
		return IO_FAIL;
	if (owner && chmod(path, final) < 0)
		return fail_sys(f, PHASE_BIND, "cannot set the mode of %s", path);
	return IO_OK;
}

enum io socket_bind_unix(const struct part *p, int fd, const struct name *at,
			 struct socket_file *file, struct fail *f)
{
	const char *path = ((const struct sockaddr_un *)&at->sa)->sun_path;
	struct workplace w;
	enum io r;

	*file = (struct socket_file){ 0 };
	if (!path[0]) {
		if (bind(fd, (const struct sockaddr *)&at->sa, at->len) < 0)
			return fail_sys(f, PHASE_BIND, "cannot bind to %s",
					p->spec->input);
		return apply_phase(p, fd, PH_BOUND, f);
	}
	if (apply_enter(p, &w, f) != IO_OK)
		return IO_FAIL;
	r = clear_path(p, at, f);
	if (r == IO_OK)
		r = bind_with_mode(p, fd, at, file, f);
	if (r == IO_OK)
		r = apply_phase(p, fd, PH_BOUND, f);
	if (r != IO_OK)
		remove_file(file, path);
	apply_leave(&w);
	return r;
}

void socket_unlink_unix(const struct part *p, const char *path, struct socket_file *file)
{
	if (part_num(p, OPT_UNLINK_CLOSE, 1))
		remove_file(file, path);
	else if (file->maker)
		sys_close(file->dir);
	file->maker = 0;
}
