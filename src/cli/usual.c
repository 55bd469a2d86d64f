/* What holds where an important option was not given: a row for each. */
#include "cli/usual.h"

#include <stdio.h>

#include "base/text.h"
#include "cli/course.h"
#include "cli/kind.h"
#include "spec/defaults.h"

/* ---- when a row is worth telling --------------------------------------------- */

static bool has_any(const struct part *p, unsigned opt_id)
{
	return spec_with(p->spec, opt_id) != NULL;
}

static bool serves(const struct part *p)
{
	const enum kind k = kind_of(p);

	return (k == KIND_LISTEN || k == KIND_RECEIVE) && p->type->flags & TYPE_LISTENS;
}

static bool forks(const struct part *p)
{
	return serves(p) && part_has(p, OPT_FORK);
}

static bool forks_by_peer(const struct part *p)
{
	return forks(p) && p->type->flags & TYPE_MESSAGES && p->type->groups & G_LISTEN;
}

static bool listens(const struct part *p)
{
	return kind_of(p) == KIND_LISTEN;
}

static bool listens_inet(const struct part *p)
{
	return listens(p) && kind_is_inet(p);
}

static bool dials(const struct part *p)
{
	return kind_of(p) == KIND_CONNECT;
}

static bool retries(const struct part *p)
{
	return has_any(p, OPT_RETRY) || has_any(p, OPT_FOREVER);
}

static bool dials_once(const struct part *p)
{
	return dials(p) && (!retries(p) || p->spec->rules.socat);
}

static bool dials_often(const struct part *p)
{
	return dials(p) && retries(p) && !p->spec->rules.socat;
}

static bool shakes_hands(const struct part *p)
{
	for (unsigned i = 1; i < p->spec->nparts; i++)
		if (kind_has_role(&p->spec->part[i]))
			return true;
	return kind_of(p) == KIND_PROXY;
}

static bool is_server(const struct part *p)
{
	return part_is_called(p);
}

static bool is_client(const struct part *p)
{
	return !part_is_called(p);
}

static bool trusts_system(const struct part *p)
{
	return kind_checks_chain(p) && !part_has(p, OPT_CAPATH);
}

static bool checks_server(const struct part *p)
{
	return is_client(p) && kind_checks_chain(p);
}

static bool knows_server(const struct part *p)
{
	return is_client(p) && !kind_checks_chain(p);
}

static bool checks_clients(const struct part *p)
{
	return is_server(p) && (kind_checks_chain(p) || part_val(p, OPT_PIN));
}

static bool takes_all(const struct part *p)
{
	return is_server(p) && !checks_clients(p);
}

static bool is_stream(const struct part *p)
{
	return !(p->type->flags & TYPE_MESSAGES);
}

static bool on_socketpair(const struct part *p)
{
	return kind_of(p) == KIND_PROGRAM && !kind_on_terminal(p) &&
	       !part_has(p, OPT_PIPES) && !part_has(p, OPT_NOFORK);
}

static bool is_program(const struct part *p)
{
	return kind_of(p) == KIND_PROGRAM;
}

static bool asks_root(const struct part *p)
{
	return is_client(p) && !p->nargs;
}

static bool serves_all(const struct part *p)
{
	return is_server(p) && !p->nargs;
}

/* ---- the rows ------------------------------------------------------------------ */

static const struct usual {
	unsigned id;
	uint64_t groups;		/* of parts that have it; 0 = any */
	bool (*when)(const struct part *p);	/* NULL = always */
	const char *text;		/* or NULL, and one of these: */
	uint64_t usec;
	long long bytes;
	const char *(*tell)(const struct part *p);
} rows[] = {
	{ OPT_FORK, G_FORK, serves, .text = "no: one client, and that is all" },
	{ OPT_MAX_CHILDREN, G_FORK, forks, .text = "no limit" },
	{ OPT_BIND, 0, kind_is_service, .tell = course_place },
	{ OPT_RANGE, G_RANGE, kind_is_service, .text = "anybody may come" },
	{ OPT_REUSEADDR, 0, listens_inet, .text = "yes" },
	{ OPT_BACKLOG, G_LISTEN, listens, .text = "as long as the system grants" },
	{ OPT_ACCEPT_TIMEOUT, G_LISTEN, serves, .text = "waits for ever" },
	{ OPT_IDLE, G_UDP, forks_by_peer, .usec = DEFAULT_IDLE },
	{ OPT_CONNECT_TIMEOUT, 0, dials_once, .text = "as long as the system tries" },
	{ OPT_CONNECT_TIMEOUT, 0, dials_often, .usec = DEFAULT_CONNECT_TRY },
	{ OPT_RETRY, G_RETRY, dials_once, .text = "one try" },
	{ OPT_INTERVAL, G_RETRY, retries, .usec = DEFAULT_INTERVAL },
	{ OPT_HANDSHAKE_TIMEOUT, 0, shakes_hands, .usec = DEFAULT_HANDSHAKE },
	{ OPT_CERT, G_TLS, is_client, .text = "none: the server does not learn who "
						  "we are" },
	{ OPT_VERIFY, G_TLS, checks_server, .text = "yes" },
	{ OPT_VERIFY, G_TLS, knows_server, .text = "no: the pin is enough" },
	{ OPT_VERIFY, G_TLS, checks_clients, .text = "yes: clients need a certificate" },
	{ OPT_VERIFY, G_TLS, takes_all, .text = "no: clients need no certificate" },
	{ OPT_CAFILE, G_TLS, trusts_system, .text = "whom this system trusts" },
	{ OPT_COMMONNAME, G_TLS, checks_server, .text = "the name of the host" },
	{ OPT_MIN_PROTO, G_TLS, is_stream, .text = "TLS1.2" },
	{ OPT_HTTP_VERSION, G_HTTP, NULL, .text = "1.0" },
	{ OPT_PATH, G_WS, asks_root, .text = "\"/\"" },
	{ OPT_PATH, G_WS, serves_all, .text = "any" },
	{ OPT_WS_MODE, G_WS, NULL, .text = "binary" },
	{ OPT_WS_MAX_MESSAGE, G_WS, NULL, .bytes = DEFAULT_WS_MESSAGE },
	{ OPT_FRAME_MAX, G_FRAME, NULL, .bytes = DEFAULT_FRAME_MAX },
	{ OPT_PTY, G_PROGRAM, on_socketpair, .text = "no: a socket pair" },
	{ OPT_STDERR, G_PROGRAM, is_program, .text = "no: it is that of sockcat" },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* TLS, WebSocket and the like have their own part; the rest is the transport's. */
static bool fits(const struct usual *u, const struct part *p)
{
	const uint64_t of_layers = G_TLS | G_HTTP | G_WS | G_FRAME;

	if (u->groups & of_layers ? !(p->type->groups & u->groups)
				  : (p->type->flags & TYPE_LAYER) != 0)
		return false;
	if (u->groups && !(p->type->groups & u->groups))
		return false;
	return !part_val(p, u->id) && (!u->when || u->when(p));
}

static void say(const struct usual *u, const struct part *p, char to[PLAIN_TEXT])
{
	if (u->tell)
		snprintf(to, PLAIN_TEXT, "%s", u->tell(p));
	else if (u->text)
		snprintf(to, PLAIN_TEXT, "%s", u->text);
	else if (u->usec)
		text_from_duration(to, PLAIN_TEXT, u->usec);
	else
		plainly_bytes(to, u->bytes);
}

const struct opt *usual_next(const struct part *p, size_t *i, char to[PLAIN_TEXT])
{
	while (*i < ROWS) {
		const struct usual *u = &rows[(*i)++];

		if (!fits(u, p))
			continue;
		say(u, p, to);
		return opt_by_id(u->id);
	}
	return NULL;
}
