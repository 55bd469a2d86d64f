/* What sort of transport an address has. */
#include "cli/kind.h"

#include <string.h>
#include <sys/socket.h>

static enum kind of_socket(const struct type *t)
{
	if (t->groups & G_ALLOW)
		return KIND_PROXY;
	if (t->socktype == SOCK_STREAM)
		return t->flags & TYPE_LISTENS ? KIND_LISTEN : KIND_CONNECT;
	return t->flags & TYPE_LISTENS || !(t->flags & TYPE_WRITES) ? KIND_RECEIVE
								    : KIND_SEND;
}

enum kind kind_of(const struct part *p)
{
	const struct type *t = p->type;

	if (t->socktype)
		return of_socket(t);
	if (t->flags & TYPE_PROGRAM)
		return KIND_PROGRAM;
	if (t->groups & G_PTY)
		return KIND_TERMINAL;
	if (p->nargs && (strstr(t->args, "path") || strcmp(t->args, "file") == 0))
		return KIND_FILE;
	return KIND_READY;
}

bool kind_on_terminal(const struct part *p)
{
	return kind_of(p) == KIND_PROGRAM &&
	       (part_has(p, OPT_PTY) || part_has(p, OPT_PTMX) ||
		part_has(p, OPT_OPENPTY));
}

bool kind_is_inet(const struct part *p)
{
	const struct type *t = p->type;

	return t->socktype && t->family != AF_UNIX && strcmp(t->args, "number") != 0;
}

bool kind_is_service(const struct part *p)
{
	return kind_is_inet(p) &&
	       (kind_of(p) == KIND_LISTEN || kind_of(p) == KIND_RECEIVE);
}

int kind_family(const struct part *p)
{
	const struct spec_rules *rules = &p->spec->rules;
	int family = p->type->family ? p->type->family : rules->family;

	if (!family && kind_is_service(p))
		family = rules->listen_family;
	return (int)part_num(p, OPT_FAMILY, family);
}

bool kind_has_role(const struct part *p)
{
	return p->type->flags & TYPE_LAYER && p->type->flags & TYPE_HANDSHAKE;
}

/* As layer/tlstrust.c does. */
bool kind_checks_chain(const struct part *p)
{
	if (part_val(p, OPT_VERIFY))
		return part_num(p, OPT_VERIFY, 1) != 0;
	if (part_val(p, OPT_PIN) || (part_is_called(p) && !p->spec->rules.socat))
		return part_has(p, OPT_CAFILE) || part_has(p, OPT_CAPATH);
	return true;
}

const struct part *kind_find_tls(const struct spec *s)
{
	for (unsigned i = s->nparts; i-- > 0;)
		if (s->part[i].type->groups & G_TLS)
			return &s->part[i];
	return NULL;
}
