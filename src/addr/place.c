/* Where a listener sits: its port, its families, the socket bound there. */
#include "addr/place.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

#include "addr/socket.h"
#include "base/platform.h"
#include "base/text.h"

/* What the type, pf=, -4 or -6 say; AF_UNSPEC = nothing. */
static int family_said(const struct part *p)
{
	const struct spec_rules *rules = &p->spec->rules;
	int family = p->type->family;

	if (family == AF_UNSPEC)
		family = rules->family ? rules->family : rules->listen_family;
	return (int)part_num(p, OPT_FAMILY, family);
}

/* Who says IPv6 wants no IPv4.  To socat only the type says it: -6 and pf= leave it to
 * the system there, and that serves both. */
static bool is_six_only(const struct part *p)
{
	const bool socat = p->spec->rules.socat;

	return (socat ? p->type->family : family_said(p)) == AF_INET6;
}

/* In the order they are tried; one IPv6 socket serves both. */
static unsigned families(const struct part *p, int out[2])
{
	int family = family_said(p);
	struct name n;

	if (family == AF_UNSPEC && part_val(p, OPT_BIND))
		family = socket_bind_name(p, AF_INET, &n) ? AF_INET : AF_INET6;
	out[0] = family ? family : AF_INET6;
	out[1] = AF_INET;
	return family ? 1 : 2;
}

static enum io find_port(const struct part *p, const char *service, unsigned *port,
			 struct fail *f)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_family = AF_INET,
				  .ai_socktype = p->type->socktype };
	struct addrinfo *list;
	long long n;
	int r;

	if (text_number(service, strlen(service), 0, 65535, &n, NULL)) {
		*port = (unsigned)n;
		return IO_OK;
	}
	/* the services file, not the network */
	r = getaddrinfo(NULL, service, &hints, &list);
	if (r)
		return fail_say(f, PHASE_RESOLVE, r,
				"%s: unknown service \"%s\" (give a port number)",
				p->spec->input, service);
	*port = ntohs(((struct sockaddr_in *)(void *)list->ai_addr)->sin_port);
	freeaddrinfo(list);
	return IO_OK;
}

static void set_int(int fd, int level, int name, int value)
{
	setsockopt(fd, level, name, &value, sizeof(value));
}

static void name_of(const struct part *p, int family, unsigned port, struct name *at)
{
	if (!socket_bind_name(p, family, at)) {
		*at = (struct name){ .len = sizeof(struct sockaddr_in) };
		if (family == AF_INET6)
			at->len = sizeof(struct sockaddr_in6);
		at->sa.ss_family = (sa_family_t)family;
	}
	name_set_port(at, port);
}

static enum io bind_family(const struct part *p, int family, unsigned port, bool reuse,
			   int *fd, struct fail *f)
{
	struct name at;

	name_of(p, family, port, &at);
	if (socket_make(p, family, p->type->socktype, p->type->protocol, fd, f) != IO_OK)
		return IO_FAIL;
	if (reuse && !part_val(p, OPT_REUSEADDR))
		set_int(*fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (family == AF_INET6 && !part_val(p, OPT_V6ONLY))
		set_int(*fd, IPPROTO_IPV6, IPV6_V6ONLY, is_six_only(p));
	if (socket_bind(p, *fd, &at, family, f) == IO_OK)
		return IO_OK;
	sys_close(*fd);
	*fd = -1;
	return IO_FAIL;
}

static bool family_missing(const struct fail *f)
{
	return f->code == EAFNOSUPPORT || f->code == EADDRNOTAVAIL ||
	       f->code == EPROTONOSUPPORT;
}

enum io place_bind(const struct part *p, const char *service, bool reuse, int *fd,
		   struct fail *f)
{
	struct fail first = { 0 };
	int family[2];
	unsigned port = 0, n = families(p, family);

	if (find_port(p, service, &port, f) != IO_OK)
		return IO_FAIL;
	if (bind_family(p, family[0], port, reuse, fd, &first) == IO_OK)
		return IO_OK;
	if (n > 1 && family_missing(&first))
		return bind_family(p, family[1], port, reuse, fd, f);
	if (f->phase == PHASE_NONE)
		*f = first;
	return IO_FAIL;
}

/* ---- the same place again --------------------------------------------------------- */

static void copy_six_only(int from, int to, int family)
{
	socklen_t len = sizeof(int);
	int only = 0;

	if (family == AF_INET6 &&
	    getsockopt(from, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len) == 0)
		set_int(to, IPPROTO_IPV6, IPV6_V6ONLY, only);
}

static enum io bind_beside(const struct part *p, int first, int *fd, struct fail *f)
{
	struct name at = { .len = sizeof(at.sa) };
	int family;

	if (getsockname(first, (struct sockaddr *)&at.sa, &at.len) < 0)
		return fail_sys(f, PHASE_BIND, "%s: cannot share its place",
				p->spec->input);
	family = at.sa.ss_family;
	if (socket_make(p, family, p->type->socktype, p->type->protocol, fd, f) != IO_OK)
		return IO_FAIL;
	set_int(*fd, SOL_SOCKET, SO_REUSEADDR, 1);
	copy_six_only(first, *fd, family);
	if (sys_share_port(*fd) && socket_bind(p, *fd, &at, family, f) == IO_OK)
		return IO_OK;
	sys_close(*fd);
	return IO_FAIL;
}

static enum io no_dealing(const struct part *p, struct fail *f)
{
	return fail_say(f, PHASE_BIND, EOPNOTSUPP,
			"%s: this system cannot leave a peer's datagrams to one worker; "
			"--workers=1 is possible",
			p->spec->input);
}

/* The first one is bound before it may share: it finds out whether the place is taken,
 * by another run of us as well. */
static enum io bind_all(const struct part *p, int fd, struct sharing *s, struct fail *f)
{
	sharing_close(s);
	if (s->want < 2)
		return IO_OK;
	if (!sys_share_port(fd))
		return p->type->socktype == SOCK_STREAM ? IO_OK : no_dealing(p, f);
	while (s->nmore + 1 < s->want) {
		if (bind_beside(p, fd, &s->more[s->nmore], f) != IO_OK)
			return IO_FAIL;
		s->nmore++;
	}
	return IO_OK;
}

enum io place_listen(struct endpoint *e, bool reuse, int *fd)
{
	const struct part *p = e->layer[0]->part;
	struct sharing *s = sharing_of(e);

	if (place_bind(p, p->arg[0], reuse, fd, e->fail) != IO_OK)
		return IO_FAIL;
	if (!s || bind_all(p, *fd, s, e->fail) == IO_OK)
		return IO_OK;
	sys_close(*fd);
	return IO_FAIL;
}

/* ---- for the log ------------------------------------------------------------------ */

const char *place_families(const struct part *p, int fd, const struct name *at)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&at->sa;
	socklen_t len = sizeof(int);
	int only = 1;

	if (p->spec->rules.socat || at->sa.ss_family != AF_INET6 ||
	    !IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr) ||
	    getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len) < 0)
		return "";
	return only ? "" : "IPv4 and IPv6: ";
}
