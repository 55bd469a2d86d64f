/* Asks a SOCKS proxy for a path: layers socks4, socks4a and socks5; or to wait for
 * somebody in our place: socks5-bind. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "endpoint/admit.h"
#include "endpoint/endpoint.h"
#include "endpoint/tell.h"
#include "loop/resolve.h"
#include "proto/socks.h"

/* Made once for all sessions of the address. */
struct socks_setup {
	struct socks_host to;
	const char *user, *password; /* ref; user NULL: no login */
};

struct flavour {
	enum socks_version version;
	bool by_name; /* the server looks the host up */
	enum socks_command command;
};

/* What has been said last; `out` holds what of it is still to go. */
enum state {
	SOCKS_START,
	SOCKS_GREETED,	 /* SOCKS 5: which login does the server want? */
	SOCKS_LOGGED_IN, /* are user and password right? */
	SOCKS_ASKED,	 /* is the request granted? */
	SOCKS_WAITS,	 /* to BIND: who has come? */
	SOCKS_DONE,
};

struct socks {
	struct layer l;
	const struct flavour *is; /* ref */
	enum state state;
	struct buf out, in;
	struct resolve names;
	/* what the server has answered */
	unsigned method;
	bool accepted;
	struct socks_reply reply;
	struct name peer, local; /* to BIND: the ends of the connection behind it */
};

/* ---- once -------------------------------------------------------------------- */

static enum io bad_argument(const struct part *p, unsigned i, struct fail *f,
			    const char *why)
{
	return fail_at(f, p->spec->input, p->arg_at[i], p->arg_len[i], "%s: %s", p->name,
		       why);
}

static enum io bad_option(const struct part *p, const struct optval *v, struct fail *f,
			  const char *why)
{
	return fail_at(f, p->spec->input, v->at, v->len, "%s: %s", v->opt->names, why);
}

static enum io set_host(const struct part *p, struct socks_host *to, struct fail *f)
{
	const struct servent *service;
	long long port;

	if (!*p->arg[0])
		return bad_argument(p, 1, f, "the host is missing in front of this port");
	if (strlen(p->arg[0]) > SOCKS_TEXT_MAX)
		return bad_argument(p, 0, f, "SOCKS takes names of up to 255 bytes");
	memcpy(to->name, p->arg[0], strlen(p->arg[0]) + 1);
	if (!text_number(p->arg[1], strlen(p->arg[1]), 0, 65535, &port, NULL)) {
		service = getservbyname(p->arg[1], "tcp");
		if (!service)
			return bad_argument(p, 1, f, "no such service (give a number)");
		port = ntohs((uint16_t)service->s_port);
	}
	to->port = (unsigned)port;
	return IO_OK;
}

/* The synonyms' templates use socksport= up; one that is left has no effect. */
static enum io check_options(const struct part *p, struct fail *f)
{
	static const unsigned texts[] = { OPT_SOCKSUSER, OPT_SOCKSPASS };
	const struct optval *v = part_val(p, OPT_SOCKSPORT);

	if (v)
		return bad_option(p, v, f, "the proxy's port is in the address already");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		v = part_val(p, texts[i]);
		if (v && strlen(v->text) > SOCKS_TEXT_MAX)
			return bad_option(p, v, f, "SOCKS takes up to 255 bytes");
	}
	return IO_OK;
}

static enum io prepare(struct part *p, struct fail *f)
{
	struct socks_setup *s = mem_new(1, sizeof(*s));

	if (!s)
		return fail_memory(f);
	p->prepared = s;
	s->user = part_text(p, OPT_SOCKSUSER, NULL);
	s->password = part_text(p, OPT_SOCKSPASS, "");
	if (part_needs_proxy(p, f) != IO_OK || set_host(p, &s->to, f) != IO_OK)
		return IO_FAIL;
	return check_options(p, f);
}

static void socks_unprepare(struct part *p)
{
	mem_free(p->prepared);
	p->prepared = NULL;
}

/* The user that socat names, too; what is too long for SOCKS is nobody. */
static const char *login_name(void)
{
	const char *name = getenv("LOGNAME");

	if (!name)
		name = getenv("USER");
	return name && strlen(name) <= SOCKS_TEXT_MAX ? name : "";
}

static enum io socks4_prepare(struct part *p, struct fail *f)
{
	const struct optval *password = part_val(p, OPT_SOCKSPASS);
	struct socks_setup *s;
	struct name n;

	if (prepare(p, f) != IO_OK)
		return IO_FAIL;
	s = p->prepared;
	if (password)
		return bad_option(p, password, f, "SOCKS 4 has no passwords, socks5 has");
	if (name_numeric(&n, s->to.name, 0) && n.sa.ss_family != AF_INET)
		return bad_argument(p, 0, f, "SOCKS 4 has no IPv6 addresses, socks5 has");
	if (!s->user)
		s->user = login_name();
	return IO_OK;
}

static enum io socks5_prepare(struct part *p, struct fail *f)
{
	const struct optval *password = part_val(p, OPT_SOCKSPASS);

	if (password && !part_val(p, OPT_SOCKSUSER))
		return bad_option(p, password, f, "a password needs a user: socksuser=");
	return prepare(p, f);
}

/* ---- what cannot go on ------------------------------------------------------- */

static enum io say_no(struct socks *x, const char *why, const char *mend)
{
	return fail_say(x->l.end->fail, PHASE_PROXY, 0, "%.96s: the SOCKS server %s%s",
			x->l.end->spec->input, why, mend);
}

/* Whose words these are, from the first byte or two. */
static enum io not_socks(struct socks *x)
{
	const struct buf *in = &x->in;
	char text[40], why[96];

	if (in->data[0] == 'H')
		return say_no(x, "answers in HTTP",
			      " (to a proxy for HTTP leads proxy:SERVER:HOST:PORT)");
	if (in->data[0] == 0x15 || in->data[0] == 0x16)
		return say_no(x, "wants TLS", " (socks5+tls+tcp:SERVER:PORT:HOST:PORT)");
	if (x->is->version == SOCKS_5 && in->data[0] == 0)
		return say_no(x, "speaks SOCKS 4 only", " (socks4 and socks4a do, too)");
	if (x->is->version == SOCKS_4 && in->data[0] == SOCKS_5)
		return say_no(x, "speaks SOCKS 5 only", " (socks5 does, too)");
	text_escape(text, sizeof(text), in->data, in->len < 4 ? in->len : 4);
	snprintf(why, sizeof(why), "is none: its answer begins with \"%s\"", text);
	return say_no(x, why, "");
}

static enum io closed(struct socks *x)
{
	*x->l.end->fail = (struct fail){ 0 };
	return say_no(x, "closed the connection before it had answered",
		      x->is->version == SOCKS_5 && x->state == SOCKS_GREETED
			      ? " (does it speak SOCKS 5?)"
			      : "");
}

static enum io no_method(struct socks *x, bool has_user)
{
	if (x->method != SOCKS_NO_METHOD && x->method != SOCKS_LOGIN)
		return say_no(x, "wants a login of a kind that was not offered", "");
	if (has_user)
		return say_no(x, "takes neither user and password nor nobody", "");
	return say_no(x, "demands a login", ": give it socksuser= and sockspass=");
}

static enum io refused(struct socks *x)
{
	const char *text = socks_answer_text(x->reply.answer);
	bool who = x->reply.answer == SOCKS_NO_IDENT ||
		   x->reply.answer == SOCKS_OTHER_USER;
	char number[40];

	if (!text) {
		snprintf(number, sizeof(number), "answer %u, which has no meaning",
			 x->reply.answer);
		text = number;
	}
	return fail_say(x->l.end->fail, PHASE_PROXY, 0,
			"%.96s: the SOCKS server says no: %s%s", x->l.end->spec->input,
			text, who ? " (socksuser= sets the name to check)" : "");
}

/* ---- talking ----------------------------------------------------------------- */

typedef enum socks_parse reader(struct socks *x, size_t *size);

static enum socks_parse read_choice(struct socks *x, size_t *size)
{
	return socks5_get_choice(x->in.data, x->in.len, size, &x->method);
}

static enum socks_parse read_verdict(struct socks *x, size_t *size)
{
	return socks5_get_verdict(x->in.data, x->in.len, size, &x->accepted);
}

static enum socks_parse read_reply(struct socks *x, size_t *size)
{
	return socks_get_reply(x->is->version, x->in.data, x->in.len, size, &x->reply);
}

/* Some servers do not wait for our last words before they close. */
static bool was_reset(const struct fail *f)
{
	return (f->phase == PHASE_SEND || f->phase == PHASE_RECEIVE) &&
	       (f->code == ECONNRESET || f->code == EPIPE);
}

/* What was said goes out, then the answer comes in, and not a byte more. */
static enum io hear(struct socks *x, reader *read)
{
	struct layer *below = x->l.below;
	enum socks_parse heard = SOCKS_SHORT;
	size_t size;
	enum io r = layer_flush(below, &x->out);

	while (r == IO_OK && (heard = read(x, &size)) == SOCKS_SHORT)
		r = layer_fill(below, &x->in, size);
	if (r == IO_EOF || (r == IO_FAIL && was_reset(x->l.end->fail)))
		return closed(x);
	if (r != IO_OK)
		return r;
	if (heard == SOCKS_BAD)
		return not_socks(x);
	buf_drop(&x->in, size);
	return IO_OK;
}

static enum io say(struct socks *x, bool put, enum state next)
{
	x->state = next;
	return put ? IO_OK : fail_memory(x->l.end->fail);
}

/* ---- what is said ------------------------------------------------------------ */

/* Without 4a the server wants an address.  A step. */
static enum io find_address(struct socks *x, struct socks_host *to)
{
	struct endpoint *e = x->l.end;
	struct name n = { .len = sizeof(struct sockaddr_in) };
	enum io r;

	x->names.fn = endpoint_woken;
	x->names.owner = e;
	r = resolve_run(e->loop, &x->names, to->name, NULL, AF_INET, SOCK_STREAM, 0, 0,
			e->fail);
	if (r != IO_OK)
		return r;
	endpoint_resolved(e, to->name);
	memcpy(&n.sa, x->names.list->ai_addr, sizeof(struct sockaddr_in));
	name_host(&n, to->name, sizeof(to->name));
	return IO_OK;
}

static enum io ask4(struct socks *x)
{
	const struct socks_setup *s = x->l.part->prepared;
	struct socks_host to = s->to;
	enum io r = x->is->by_name ? IO_OK : find_address(x, &to);

	if (r != IO_OK)
		return r;
	return say(
		x,
		socks4_put_request(&x->out, x->is->command, x->is->by_name, &to, s->user),
		SOCKS_ASKED);
}

static enum io ask5(struct socks *x)
{
	const struct socks_setup *s = x->l.part->prepared;

	return say(x, socks5_put_request(&x->out, x->is->command, &s->to), SOCKS_ASKED);
}

static enum io begin(struct socks *x)
{
	const struct socks_setup *s = x->l.part->prepared;

	buf_init(&x->out, SOCKS_MESSAGE_MAX);
	buf_init(&x->in, SOCKS_MESSAGE_MAX);
	if (x->is->version == SOCKS_4)
		return ask4(x);
	return say(x, socks5_put_greeting(&x->out, s->user), SOCKS_GREETED);
}

static enum io log_in(struct socks *x)
{
	const struct socks_setup *s = x->l.part->prepared;

	if (x->method == SOCKS_FREELY)
		return ask5(x);
	if (x->method != SOCKS_LOGIN || !s->user)
		return no_method(x, s->user);
	return say(x, socks5_put_login(&x->out, s->user, s->password), SOCKS_LOGGED_IN);
}

/* ---- BIND -------------------------------------------------------------------- */

static bool is_any(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* An address that the server does not tell, or only as 0.0.0.0, is its own. */
static void note_local(struct socks *x)
{
	const struct socks_host *at = &x->reply.at;
	char text[NAME_TEXT];

	if (!name_numeric(&x->local, at->name, at->port) || is_any(at->name)) {
		endpoint_peer(x->l.end, &x->local);
		name_set_port(&x->local, at->port);
	}
	log_say(LEVEL_NOTICE, "listening on %s", name_log(&x->local, text, sizeof(text)));
	x->l.end->local = &x->local;
	endpoint_reachable(x->l.end, NULL);
}

/* The one who has come is the peer from now on, and we are who is called. */
static enum io let_in(struct socks *x)
{
	const struct socks_host *at = &x->reply.at;
	struct endpoint *e = x->l.end;
	char from[NAME_TEXT], to[NAME_TEXT];

	if (!name_numeric(&x->peer, at->name, at->port))
		x->peer.len = 0;
	name_log(&x->peer, from, sizeof(from));
	if (!admit_by_range(x->l.part, OPT_RANGE, &x->peer))
		return fail_say(
			e->fail, PHASE_CONNECT, 0,
			"%.96s: refusing connection from %s: its address is outside range=",
			e->spec->input, from);
	log_say(LEVEL_NOTICE, "accepting connection from %s on %s", from,
		name_log(&x->local, to, sizeof(to)));
	e->peer = &x->peer;
	e->server = true;
	return IO_OK;
}

/* ---- open -------------------------------------------------------------------- */

static enum io choice(struct socks *x)
{
	enum io r = hear(x, read_choice);

	return r == IO_OK ? log_in(x) : r;
}

static enum io verdict(struct socks *x)
{
	enum io r = hear(x, read_verdict);

	if (r != IO_OK)
		return r;
	if (!x->accepted)
		return say_no(x, "refused user and password",
			      " (check socksuser= and sockspass=)");
	return ask5(x);
}

static enum io reply(struct socks *x)
{
	enum io r = hear(x, read_reply);

	return r == IO_OK && x->reply.answer != SOCKS_GRANTED ? refused(x) : r;
}

static enum io granted(struct socks *x)
{
	enum io r = reply(x);

	if (r != IO_OK)
		return r;
	x->state = SOCKS_DONE;
	if (x->is->command == SOCKS_BIND) {
		x->state = SOCKS_WAITS;
		note_local(x);
	}
	return IO_OK;
}

static enum io guest(struct socks *x)
{
	enum io r = reply(x);

	x->state = r == IO_OK ? SOCKS_DONE : SOCKS_WAITS;
	return r == IO_OK ? let_in(x) : r;
}

static enum io step(struct socks *x)
{
	switch (x->state) {
	case SOCKS_START:
		return begin(x);
	case SOCKS_GREETED:
		return choice(x);
	case SOCKS_LOGGED_IN:
		return verdict(x);
	case SOCKS_ASKED:
		return granted(x);
	case SOCKS_WAITS:
		return guest(x);
	case SOCKS_DONE:
		break;
	}
	return IO_OK;
}

static void forget(struct socks *x)
{
	resolve_free(&x->names);
	buf_free(&x->in);
	buf_free(&x->out);
}

static enum io run(struct layer *l, const struct flavour *is)
{
	struct socks *x = (struct socks *)l;
	enum io r = IO_OK;

	x->is = is;
	while (r == IO_OK && x->state != SOCKS_DONE)
		r = step(x);
	if (r != IO_OK)
		return r;
	forget(x);
	l->end->target = l->part->arg[0];
	return IO_OK;
}

static void socks_free(struct layer *l)
{
	struct socks *x = (struct socks *)l;

	forget(x);
	if (l->end->peer == &x->peer)
		l->end->peer = l->end->local = NULL;
}

static enum io socks4_open(struct layer *l)
{
	static const struct flavour is = { SOCKS_4, false, SOCKS_CONNECT };

	return run(l, &is);
}

static enum io socks4a_open(struct layer *l)
{
	static const struct flavour is = { SOCKS_4, true, SOCKS_CONNECT };

	return run(l, &is);
}

static enum io socks5_open(struct layer *l)
{
	static const struct flavour is = { SOCKS_5, true, SOCKS_CONNECT };

	return run(l, &is);
}

static enum io socks5_bind_open(struct layer *l)
{
	static const struct flavour is = { SOCKS_5, true, SOCKS_BIND };

	return run(l, &is);
}

#define SOCKS_OPS \
	.size = sizeof(struct socks), .unprepare = socks_unprepare, .free = socks_free

const struct layer_ops socks4_ops = {
	SOCKS_OPS,
	.prepare = socks4_prepare,
	.open = socks4_open,
};

const struct layer_ops socks4a_ops = {
	SOCKS_OPS,
	.prepare = socks4_prepare,
	.open = socks4a_open,
};

const struct layer_ops socks5_ops = {
	SOCKS_OPS,
	.prepare = socks5_prepare,
	.open = socks5_open,
};

const struct layer_ops socks5_bind_ops = {
	SOCKS_OPS,
	.prepare = socks5_prepare,
	.open = socks5_bind_open,
};
