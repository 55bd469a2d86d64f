/* What in a command line is probably not what was meant, or is dangerous. */
#include "cli/warnings.h"

#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "cli/course.h"
#include "cli/kind.h"
#include "cli/layout.h"
#include "cli/plainly.h"
#include "spec/argv.h"

/* Where we are. */
struct warnings {
	FILE *to;		 /* ref */
	const struct plan *plan; /* ref */
	unsigned side;		 /* the address in question */
	unsigned n;		 /* told so far */
	struct fail *fail;	 /* ref */
};

static void warn(struct warnings *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void warn(struct warnings *d, const char *fmt, ...)
{
	char text[2 * PLAIN_TEXT];
	va_list ap;
	int n = snprintf(text, sizeof(text), "Address %u: ", d->side + 1);

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	fputs("  ! ", d->to);
	layout_flow(d->to, text, 4, 4);
	d->n++;
}

static const struct spec *spec_of(const struct warnings *d)
{
	return &d->plan->spec[d->side];
}

static const struct spec *facing(const struct warnings *d)
{
	return &d->plan->spec[!d->side];
}

/* ---- who may come ----------------------------------------------------------------- */

/* Somebody looks at who comes: a network, or a certificate. */
static bool guarded(const struct spec *s)
{
	const struct part *tls = kind_find_tls(s);

	return spec_with(s, OPT_RANGE) || spec_with(s, OPT_SOURCEPORT) ||
	       (tls && (kind_checks_chain(tls) || part_val(tls, OPT_PIN)));
}

/* bind= names one address, not "any". */
static bool bound(const struct part *p)
{
	const char *at = part_text(p, OPT_BIND, NULL);

	return at && *at != ':' && strncmp(at, "0.0.0.0", 7) != 0 &&
	       strncmp(at, "[::]", 4) != 0 && strcmp(at, "::") != 0;
}

static bool in_the_open(const struct spec *s)
{
	return kind_is_service(s->part) && !bound(s->part) && !guarded(s);
}

static void who_comes(struct warnings *d, const struct part *p)
{
	const struct part *other = facing(d)->part;

	if (!kind_is_service(p) || !in_the_open(p->spec))
		return;
	if (kind_of(other) == KIND_PROGRAM)
		warn(d,
		     "whoever reaches port %s of this host from anywhere gets the "
		     "program of the other address; range= admits one network only, "
		     "bind=127.0.0.1 this host only.",
		     p->arg[0]);
	else if (kind_of(other) != KIND_PROXY)
		warn(d,
		     "whoever reaches port %s of this host from anywhere may come; "
		     "range= admits one network only, bind=127.0.0.1 this host only.",
		     p->arg[0]);
}

static void how_many_come(struct warnings *d, const struct part *p)
{
	const struct part *other = facing(d)->part;

	if (!(p->type->flags & TYPE_LISTENS) || p->type->flags & TYPE_LAYER)
		return;
	if (!part_has(p, OPT_FORK))
		warn(d, "without fork it serves one client only, then all is over.");
	else if (kind_of(other) == KIND_PROGRAM && !part_has(p, OPT_MAX_CHILDREN))
		warn(d, "each client starts a program, without a limit; max-children= "
			"sets one.");
}

static void needless(struct warnings *d, const struct part *p)
{
	if (kind_of(p) == KIND_LISTEN && kind_is_inet(p) && part_has(p, OPT_REUSEADDR))
		warn(d, "reuseaddr is not needed, listeners have it in any case.");
}

/* ---- a proxy for others -------------------------------------------------------- */

static bool allows_all(const struct part *p)
{
	const struct optval *v;

	for (unsigned i = 0; (v = part_nth(p, OPT_ALLOW, i)); i++)
		if (strcmp(v->text, "*") == 0)
			return true;
	return false;
}

static void open_relay(struct warnings *d, const struct part *p)
{
	if (kind_of(p) != KIND_PROXY)
		return;
	if (!part_val(p, OPT_ALLOW))
		warn(d, "will be refused: allow= has to say what its clients may reach.");
	else if (allows_all(p) && in_the_open(facing(d)))
		warn(d, "an open relay: anybody may reach anything through this host; "
			"say who may come with range=, or less in allow=.");
	else if (in_the_open(facing(d)))
		warn(d,
		     "anybody may reach what allow= admits through this host; range= at "
		     "the other address says who may come.");
}

/* ---- TLS ---------------------------------------------------------------------- */

static void tls_trust(struct warnings *d, const struct part *p)
{
	if (part_is_called(p) || part_val(p, OPT_PIN))
		return;
	if (!part_num(p, OPT_VERIFY, 1))
		warn(d, "verify=0: whoever stands between may pose as the server, read "
			"all and change it; cafile= names who vouches for the server, "
			"pin= its own key.");
}

static void tls_identity(struct warnings *d, const struct part *p)
{
	const bool anonymous = strstr(part_text(p, OPT_CIPHERS, ""), "NULL");

	if (part_is_called(p) && !part_val(p, OPT_CERT) && !anonymous)
		warn(d, "will be refused: a TLS server needs a certificate, cert=FILE or "
			"cert=auto.");
}

static void tls_strength(struct warnings *d, const struct part *p)
{
	const char *min = part_text(p, OPT_MIN_PROTO, "");
	const char *max = part_text(p, OPT_MAX_PROTO, "");
	static const char old[] = "SSL3 SSLv3 TLS1 TLS1.0 TLSv1 TLSv1.0 TLS1.1 TLSv1.1 "
				  "DTLS1 DTLS1.0 DTLSv1 DTLSv1.0";

	if ((*min && text_in_list(min, strlen(min), old) >= 0) ||
	    (*max && text_in_list(max, strlen(max), old) >= 0))
		warn(d, "versions of TLS before 1.2 can be broken.");
	if (part_val(p, OPT_KEYLOG))
		warn(d, "who can read the file of keylog= can read all that passes.");
}

static void tls(struct warnings *d, const struct part *p)
{
	if (!(p->type->groups & G_TLS))
		return;
	tls_trust(d, p);
	tls_identity(d, p);
	tls_strength(d, p);
}

/* ---- secrets --------------------------------------------------------------------- */

static void secrets(struct warnings *d, const struct part *p)
{
	if (part_val(p, OPT_PROXY_AUTHORIZATION))
		warn(d,
		     "a password on the command line stays in the shell's history, and "
		     "ps(1) shows it for a moment; proxy-authorization-file= reads it "
		     "from a file.");
	if (part_val(p, OPT_SOCKSPASS))
		warn(d,
		     "a password on the command line stays in the shell's history, and "
		     "ps(1) shows it for a moment.");
}

/* ---- programs -------------------------------------------------------------------- */

/* What would mean something to a shell. */
static bool is_for_shell(const char *word)
{
	static const char whole[] = "| || & && ; > >> < << 2> 2>&1 2>>";

	return text_in_list(word, strlen(word), whole) >= 0 || strchr(word, '$') ||
	       strchr(word, '`') || strchr(word, '*');
}

static void words(struct warnings *d, const struct part *p)
{
	struct argv a;
	char text[PLAIN_TEXT];

	if (words_lost_quotes(p))
		warn(d,
		     "the quotes are taken off before the words are split, so they hold "
		     "no words together; write \\\" for quotes that do, or use system:.");
	if (argv_of(&a, p, d->fail) == IO_OK)
		for (unsigned i = 1; i < a.n; i++)
			if (is_for_shell(a.word[i])) {
				warn(d,
				     "there is no shell to see a meaning in %s, the "
				     "program gets it as it is; system: runs a shell.",
				     plainly_quoted(text, a.word[i]));
				break;
			}
	argv_free(&a);
}

static void program(struct warnings *d, const struct part *p)
{
	if (kind_of(p) == KIND_PROGRAM && p->type->groups & G_EXEC)
		words(d, p);
	else if (kind_of(p) == KIND_PROGRAM && p->nargs)
		warn(d,
		     "a shell reads the command: quotes, $ and * in it have the shell's "
		     "meaning, and what gets into it from outside is run; exec: does "
		     "without.");
}

/* ---- options on the wrong side ---------------------------------------------------- */

static const char *direction(const struct optval *v)
{
	return v->way == WAY_UP ? "up." : v->way == WAY_DOWN ? "down." : "";
}

/* Of an option of a layer that acts on what is read from the address, or on one
 * direction only: nothing passes that way. */
static void wrong_way(struct warnings *d, const struct part *p)
{
	const bool from = course_flows(d->plan, d->side);
	const bool toward = course_flows(d->plan, !d->side);

	for (unsigned i = 0; i < p->nvals; i++) {
		const struct optval *v = &p->val[i];
		const bool reads = v->way == WAY_DOWN ||
				   (v->opt->act.how == HOW_INSERT &&
				    strcmp(v->opt->act.layer, "limit") == 0);

		if ((reads && !from) || (v->way == WAY_UP && !toward))
			warn(d, "%s%s does nothing, because nothing %s this address.",
			     direction(v), v->name,
			     reads ? "is read from" : "is written to");
	}
}

/* ---- all ----------------------------------------------------------------------- */

static void of_part(struct warnings *d, const struct part *p)
{
	static void (*const all[])(struct warnings *d, const struct part *p) = {
		who_comes, how_many_come, needless, open_relay,
		tls,	   secrets,	  program,  wrong_way,
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		all[i](d, p);
}

enum io warnings_print(FILE *to, const struct plan *p, struct fail *f)
{
	struct warnings d = { .to = to, .plan = p, .fail = f };

	for (; d.side < 2; d.side++)
		for (const struct spec *s = spec_of(&d); s; s = s->writer)
			for (unsigned i = s->nparts; i-- > 0;)
				of_part(&d, &s->part[i]);
	if (!d.n)
		fputs("  none\n", to);
	return f->phase == PHASE_NONE ? IO_OK : IO_FAIL;
}
