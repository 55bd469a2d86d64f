/* What a command line will do. */
#include "cli/course.h"

#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "base/name.h"
#include "base/text.h"
#include "cli/kind.h"
#include "cli/layout.h"
#include "cli/plainly.h"
#include "spec/defaults.h"

unsigned course_first(const struct plan *p)
{
	return p->server > 0 ? (unsigned)p->server : 0;
}

/* ---- one sentence after the other ---------------------------------------------- */

struct steps {
	FILE *to; /* ref */
	unsigned n;
};

static void step(struct steps *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void step(struct steps *s, const char *fmt, ...)
{
	char text[3 * PLAIN_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(s->to, "  %2u. ", ++s->n);
	layout_flow(s->to, text, 6, 6);
}

/* ---- opening --------------------------------------------------------------------- */

const char *course_place(const struct part *p)
{
	switch (kind_family(p)) {
	case AF_INET:
		return "every IPv4 address";
	case AF_INET6:
		return "every IPv6 address";
	default:
		return "every address, IPv4 and IPv6";
	}
}

/* The port and address of a service; host and port of a peer; a path or a name. */
static const char *where(const struct part *p, char to[PLAIN_TEXT])
{
	if (kind_is_service(p))
		snprintf(to, PLAIN_TEXT, "port %.100s of %.200s", p->arg[0],
			 part_text(p, OPT_BIND, course_place(p)));
	else if (kind_is_inet(p) && p->nargs > 1)
		snprintf(to, PLAIN_TEXT, "port %.100s of %.200s", p->arg[1], p->arg[0]);
	else
		plainly_quoted(to, p->nargs ? p->arg[0] : "");
	return to;
}

static const char *lookup(const struct part *p)
{
	struct name n;

	return kind_is_inet(p) && p->nargs > 1 && !name_numeric(&n, p->arg[0], 0)
		       ? "looks up the name, "
		       : "";
}

static const char *until_when(const struct plan *p, unsigned side, bool messages)
{
	if (p->server == (int)side)
		return messages ? "stays there for all who send"
				: "stays there for all who come";
	return messages ? "takes what comes" : "waits for one client";
}

static void open_transport(struct steps *s, const struct plan *p, const struct part *q,
			   unsigned side)
{
	const unsigned n = side + 1;
	char at[PLAIN_TEXT];

	switch (kind_of(q)) {
	case KIND_READY:
		step(s, "Address %u is there at once.", n);
		break;
	case KIND_FILE:
		step(s, "Address %u opens %s.", n, where(q, at));
		break;
	case KIND_TERMINAL:
		step(s, "Address %u makes a pseudo terminal.", n);
		break;
	case KIND_PROGRAM:
		step(s, "Address %u starts its program.", n);
		break;
	case KIND_CONNECT:
		step(s, "Address %u %sconnects to %s.", n, lookup(q), where(q, at));
		break;
	case KIND_LISTEN:
		step(s, "Address %u listens on %s and %s.", n, where(q, at),
		     until_when(p, side, false));
		break;
	case KIND_SEND:
		step(s, "Address %u %smakes a socket for datagrams to %s.", n, lookup(q),
		     where(q, at));
		break;
	case KIND_RECEIVE:
		step(s, "Address %u makes a socket for datagrams at %s and %s.", n,
		     where(q, at), until_when(p, side, true));
		break;
	case KIND_PROXY:
		step(s,
		     "Address %u hears from the client of the other one where it wants "
		     "to go, looks that up, and connects if allow= admits it.",
		     n);
		break;
	}
}

static void open_layers(struct steps *s, const struct spec *spec, unsigned side)
{
	for (const struct part *q = spec->part + 1; q < spec->part + spec->nparts; q++) {
		const char *role = part_is_called(q) ? "server" : "client";

		if (kind_has_role(q) && q->nargs > 1)
			step(s, "Address %u, %s: asks for port %.100s of %.200s.",
			     side + 1, q->name, q->arg[1], q->arg[0]);
		else if (kind_has_role(q))
			step(s, "Address %u, %s: handshake, in the part of the %s.",
			     side + 1, q->name, role);
	}
}

static void open_side(struct steps *s, const struct plan *p, unsigned side)
{
	for (const struct spec *half = &p->spec[side]; half; half = half->writer) {
		open_transport(s, p, &half->part[0], side);
		open_layers(s, half, side);
	}
}

void course_opening(FILE *to, const struct plan *p)
{
	const unsigned first = course_first(p);
	const struct spec *server = &p->spec[first];
	struct steps s = { .to = to };

	fprintf(to, "  Address %u is opened first, because it %s.\n", first + 1,
		p->server < 0 ? "stands first" : "serves");
	if (p->server >= 0) {
		open_transport(&s, p, &server->part[0], first);
		step(&s, "For each of them a session of its own begins, in %s.",
		     p->cli->workers ? "one of the workers" : "this process");
		open_layers(&s, server, first);
	} else {
		open_side(&s, p, first);
	}
	open_side(&s, p, !first);
	step(&s, "Data passes.");
}

/* ---- data ------------------------------------------------------------------------ */

static const struct spec *half_written(const struct spec *s)
{
	return s->writer ? s->writer : s;
}

static const char *why_not(const struct plan *p, unsigned from)
{
	const struct relay_setup *setup = &p->cli->setup;

	if (from == 0 ? !setup->left_to_right : !setup->right_to_left)
		return from == 0 ? "-U" : "-u";
	if (!(p->spec[from].part[0].type->flags & TYPE_READS))
		return "nothing can be read there";
	if (!(half_written(&p->spec[!from])->part[0].type->flags & TYPE_WRITES))
		return "nothing can be written there";
	return NULL;
}

bool course_flows(const struct plan *p, unsigned from)
{
	return !why_not(p, from);
}

/* socat tells these. */
static bool is_udp_client(const struct part *q)
{
	return kind_of(q) == KIND_SEND && strstr(q->type->names, "-connect");
}

/* What the far side hears when there is no more for it. */
static const char *end_of_transport(const struct part *q)
{
	if (part_has(q, OPT_SHUT_NONE) || part_has(q, OPT_END_CLOSE))
		return "is told nothing";
	if (part_has(q, OPT_SHUT_NULL) || (q->spec->rules.socat && is_udp_client(q)))
		return "gets an empty packet";
	if (part_has(q, OPT_SHUT_CLOSE))
		return "is closed, for reading as well";
	switch (kind_of(q)) {
	case KIND_CONNECT:
	case KIND_LISTEN:
	case KIND_PROXY:
		return "is half-closed; what it still sends is heard";
	case KIND_SEND:
	case KIND_RECEIVE:
		return "is told nothing: datagrams have no end";
	case KIND_PROGRAM:
		return kind_on_terminal(q) ? "gets the end-of-file character"
					   : "finds the end of its input; what it "
					     "still writes is heard";
	case KIND_TERMINAL:
		return "gets the end-of-file character";
	case KIND_FILE:
	case KIND_READY:
		break;
	}
	return "is closed for writing";
}

/* What a layer says first; *last if those below it then say nothing. */
static const char *end_of_layer(const struct part *q, bool *last)
{
	*last = false;
	if (q->type->groups & G_WS) {
		*last = true;
		return "gets a WebSocket Close; what it still sends is heard";
	}
	if (q->type->groups & G_TLS) {
		*last = q->type->flags & TYPE_MESSAGES;
		return *last ? "gets a close_notify" : "gets a close_notify, then ";
	}
	if (q->type->groups & G_SHAPE)
		return "gets all that shape holds back, then ";
	return "";
}

static void tell_end(FILE *to, const struct plan *p, unsigned from)
{
	const struct spec *s = half_written(&p->spec[!from]);
	char text[3 * PLAIN_TEXT];
	bool last = false;
	size_t n = (size_t)snprintf(text, sizeof(text),
				    "When address %u has ended, address %u ", from + 1,
				    2 - from);

	for (unsigned i = s->nparts; i-- > 1 && !last;)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s",
				      end_of_layer(&s->part[i], &last));
	snprintf(text + n, sizeof(text) - n, "%s.",
		 last ? "" : end_of_transport(s->part));
	fputs("  ", to);
	layout_flow(to, text, 2, 2);
}

/* What the other direction has then. */
static void tell_rest(FILE *to, const struct relay_setup *setup)
{
	char time[40], text[PLAIN_TEXT];

	text_from_duration(time, sizeof(time),
			   setup->linger_set ? setup->linger : DEFAULT_ANSWER);
	if (setup->linger_set)
		snprintf(text, sizeof(text),
			 "The other direction then ends after %s "
			 "without a byte (-t).",
			 time);
	else
		snprintf(text, sizeof(text),
			 "The other direction then goes on to its own "
			 "end; if the far side could not be told, %s without a byte end "
			 "it.",
			 time);
	fputs("  ", to);
	layout_flow(to, text, 2, 2);
}

static void tell_limits(FILE *to, const struct relay_setup *setup)
{
	char text[PLAIN_TEXT];

	if (setup->idle_set) {
		text_from_duration(text, sizeof(text), setup->idle);
		fprintf(to, "  All ends after %s without a byte (-T).\n", text);
	}
	if (setup->block)
		fprintf(to, "  At most %s are moved at once (-b).\n",
			plainly_bytes(text, (long long)setup->block));
}

void course_data(FILE *to, const struct plan *p)
{
	for (unsigned i = 0; i < 2; i++) {
		const char *no = why_not(p, i);

		fprintf(to, "  address %u -> address %u: %s%s\n", i + 1, 2 - i,
			no ? "no, " : "yes", no ? no : "");
	}
	for (unsigned i = 0; i < 2; i++)
		if (course_flows(p, i))
			tell_end(to, p, i);
	if (course_flows(p, 0) && course_flows(p, 1))
		tell_rest(to, &p->cli->setup);
	tell_limits(to, &p->cli->setup);
}
