/* --probe: a probe, several in a row, or one of each port of a range. */
#include "probing.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "relay/opening.h"
#include "relay/tell.h"
#include "spec/defaults.h"

enum { SIDE_BY_SIDE = 64, LINE = 4096 };

/* ---- may it be? ------------------------------------------------------------ */

static enum io check_flags(const struct cli *c, struct fail *f)
{
	static const char fit[] =
		"probe count wait debug ipv4 ipv6 any-ip log-syslog log-file log-stderr "
		"log-mixed log-program log-micros log-host log-json lock wait-lock "
		"any-option dialect descriptors experimental sloppy log-signals";

	for (unsigned i = 0; i < c->ngiven; i++) {
		const char *name = c->given[i].flag->name;

		if (text_in_list(name, strlen(name), fit) < 0)
			return fail_at(f, NULL, 0, 0,
				       "--%s has no use with --probe, which relays "
				       "nothing",
				       name);
	}
	return IO_OK;
}

/* A probe waits for nobody, and what is always there needs none. */
static enum io check_part(const struct part *q, struct fail *f)
{
	const struct spec *s = q->spec;
	const size_t len = strlen(s->input);

	if (q->type->flags & TYPE_LISTENS)
		return fail_at(f, s->input, 0, len,
			       "%s waits for others, but a probe goes to them", q->name);
	if (q == s->part && !q->type->socktype && !(q->type->flags & TYPE_PROGRAM))
		return fail_at(f, s->input, 0, len,
			       "a probe is for what is reached by a socket or a program");
	if (q->type->socktype == SOCK_DGRAM && !strstr(q->type->names, "-connect"))
		return fail_at(f, s->input, 0, len,
			       "only a connected socket hears that nothing listens: "
			       "give udp: or unix-connect: instead of %s",
			       q->name);
	return IO_OK;
}

static enum io check_address(const struct probing *p, struct fail *f)
{
	const struct spec *s = &p->spec;

	if (s->writer)
		return fail_at(f, s->input, 0, strlen(s->input),
			       "a probe is for one address, not for two joined by !!");
	for (const struct part *q = s->part; q < s->part + s->nparts; q++)
		if (check_part(q, f) != IO_OK)
			return IO_FAIL;
	if (!s->ports.len || (!p->cli->count && !p->cli->wait))
		return IO_OK;
	return fail_at(f, s->input, s->ports.at, s->ports.len,
		       "--%s is for one port, not for a range",
		       p->cli->count ? "count" : "wait");
}

/* ---- what is said ---------------------------------------------------------- */

static void failed(struct probing *p, const struct fail *why)
{
	p->failed++;
	if (p->first.phase == PHASE_NONE)
		p->first = *why;
}

/* In their order, whatever the order in which they came. */
static void print_lines(struct probing *p)
{
	for (; p->printed < p->n && p->finding[p->printed].done; p->printed++) {
		struct finding *g = &p->finding[p->printed];

		if (g->line)
			fputs(g->line, stdout);
		mem_free(g->line);
		g->line = NULL;
	}
	fflush(stdout);
}

static void print_summary(struct probing *p)
{
	uint64_t *total = mem_new(p->n, sizeof(*total));
	struct buf b;
	size_t n = 0;

	buf_init(&b, LINE);
	for (unsigned i = 0; i < p->n && total; i++)
		if (p->finding[i].open)
			total[n++] = p->finding[i].total;
	if (total && probeline_summary(&b, p->spec.input, total, n, p->failed))
		fwrite(b.data, 1, b.len, stdout);
	else
		fail_memory(p->fail);
	buf_free(&b);
	mem_free(total);
}

/* Of a range only the open ones count. */
static void judge(struct probing *p)
{
	const struct fail *why = &p->first;

	if (!p->spec.ports.len) {
		*p->fail = *why;
		return;
	}
	if (p->failed < p->n)
		return;
	fail_say(p->fail, why->phase, why->code,
		 "%.80s: none of these %u ports is open; the first: %s", p->spec.input,
		 p->n, why->text);
	log_fail(LEVEL_ERROR, p->fail);
	tell_failure(&p->spec, p->fail);
}

static void end(struct probing *p)
{
	judge(p);
	if (p->cli->count)
		print_summary(p);
	p->over = true;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		*p->fail = (struct fail){ 0 };
		fail_sys(p->fail, PHASE_WRITE, "cannot write to standard output");
		p->over = false;
	}
	loop_stop(p->loop);
}

/* ---- one of them ----------------------------------------------------------- */

static void job_clear(struct job *j)
{
	if (!j->text)
		return;
	timer_stop(j->all->loop, &j->pause);
	probe_free(&j->probe);
	spec_unprepare(&j->spec);
	spec_free(&j->spec);
	mem_free(j->text);
	j->text = NULL;
}

/* The address with its one port. */
static char *address_of(const struct probing *p, unsigned place)
{
	const struct port_range *const r = &p->spec.ports;

	if (!r->len)
		return mem_format("%s", p->typed);
	return mem_format("%.*s%u%s", (int)r->at, p->typed, r->low + place,
			  p->typed + r->at + r->len);
}

/* A caret below our text would outlive it: it goes below what was typed. */
static void move_caret(const struct job *j, struct fail *f)
{
	const struct port_range *const r = &j->all->spec.ports;

	if (f->input != j->text)
		return;
	f->input = j->all->cli->address[0];
	if (r->len && f->at > r->at)
		f->at += strlen(j->all->typed) - strlen(j->text);
}

static enum io job_prepare(struct job *j)
{
	const struct probing *const p = j->all;
	enum io r;

	j->text = address_of(p, j->place);
	if (!j->text)
		return fail_memory(p->fail);
	r = spec_parse(j->text, &p->cli->rules, &j->spec, p->fail);
	spec_hide(j->text);
	if (r == IO_OK)
		r = spec_prepare(&j->spec, p->fail);
	if (r != IO_OK)
		move_caret(j, p->fail);
	return r;
}

static void job_over(void *owner, struct probe *pr);

static void job_try(void *owner, unsigned ready)
{
	struct job *j = owner;

	(void)ready;
	j->probe.spec = &j->spec;
	j->probe.loop = j->all->loop;
	j->probe.banner = j->all->cli->banner;
	j->probe.id = j->place + 1;
	j->probe.until = j->all->until;
	j->probe.ended = job_over;
	j->probe.owner = j;
	probe_start(&j->probe);
}

/* The next one that nobody is at work for. */
static enum io job_begin(struct job *j)
{
	struct probing *const p = j->all;

	if (p->next == p->n)
		return IO_OK;
	j->place = p->next++;
	j->tries = 0;
	j->pause = (struct timer){ .fn = job_try, .owner = j };
	if (job_prepare(j) != IO_OK)
		return IO_FAIL;
	job_try(j, 0);
	return IO_OK;
}

/* Another try of the same; not where it would fail the same. */
static bool job_again(struct job *j)
{
	struct probing *const p = j->all;
	const struct fail *why = &j->probe.fail;
	const uint64_t now = loop_now(p->loop);
	uint64_t pause;
	bool again = opening_again(&j->spec, j->tries, why->phase, &pause);

	if (p->until)
		again = why->phase >= PHASE_RESOLVE && now + pause < p->until;
	if (!again || !timer_set(p->loop, &j->pause, now + pause))
		return false;
	j->tries++;
	log_fail(LEVEL_NOTICE, why);
	tell_retry(&j->spec, j->probe.id, j->tries, why);
	return true;
}

/* False: no memory. */
static bool note_open(struct job *j)
{
	struct finding *g = &j->all->finding[j->place];
	struct buf b;

	buf_init(&b, LINE);
	g->open = true;
	g->total = j->probe.times.total;
	if (probeline_one(&b, j->spec.input, &j->probe.times))
		g->line = mem_text((const char *)b.data, b.len);
	buf_free(&b);
	return g->line;
}

static void note_failed(struct job *j)
{
	struct probing *const p = j->all;
	const bool one_of_many = p->spec.ports.len;

	log_fail(one_of_many ? LEVEL_NOTICE : LEVEL_ERROR, &j->probe.fail);
	if (!one_of_many)
		tell_failure(&j->spec, &j->probe.fail);
	failed(p, &j->probe.fail);
}

static void job_over(void *owner, struct probe *pr)
{
	struct job *j = owner;
	struct probing *const p = j->all;

	if (pr->fail.phase != PHASE_NONE && job_again(j))
		return;
	if (pr->fail.phase != PHASE_NONE)
		note_failed(j);
	else if (!note_open(j))
		fail_memory(p->fail);
	p->finding[j->place].done = true;
	p->done++;
	job_clear(j);
	print_lines(p);
	if (p->fail->phase != PHASE_NONE || job_begin(j) != IO_OK)
		loop_stop(p->loop);
	else if (p->done == p->n)
		end(p);
}

/* ---- all of them ----------------------------------------------------------- */

static void hear_nothing(void *self, const struct event *e)
{
	(void)self, (void)e;
}

static enum io read_address(struct probing *p, struct fail *f)
{
	struct spec_rules rules = p->cli->rules;
	char *const word = p->cli->address[0];
	enum io r;

	rules.ports = true;
	p->typed = mem_format("%s", word);
	if (!p->typed)
		return fail_memory(f);
	r = spec_parse(word, &rules, &p->spec, f);
	spec_hide(word);
	return r == IO_OK ? check_address(p, f) : r;
}

static enum io make_room(struct probing *p, struct fail *f)
{
	const struct port_range *const r = &p->spec.ports;

	p->n = r->len ? r->high - r->low + 1 : p->cli->count ? p->cli->count : 1;
	p->njobs = !r->len ? 1 : p->n < SIDE_BY_SIDE ? p->n : SIDE_BY_SIDE;
	p->finding = mem_new(p->n, sizeof(*p->finding));
	p->job = mem_new(p->njobs, sizeof(*p->job));
	return p->finding && p->job ? IO_OK : fail_memory(f);
}

enum io probing_start(struct probing *p, const struct cli *c, struct loop *l,
		      struct fail *f)
{
	p->cli = c;
	p->loop = l;
	p->fail = f;
	if (check_flags(c, f) != IO_OK || read_address(p, f) != IO_OK ||
	    make_room(p, f) != IO_OK)
		return IO_FAIL;
	p->sink = (struct event_sink){ .hear = hear_nothing };
	event_add(&p->sink);
	p->until = c->wait ? loop_now(l) + c->wait : 0;
	for (unsigned i = 0; i < p->njobs; i++) {
		p->job[i].all = p;
		if (job_begin(&p->job[i]) != IO_OK)
			return IO_FAIL;
	}
	return IO_OK;
}

void probing_free(struct probing *p)
{
	for (unsigned i = 0; i < p->njobs && p->job; i++)
		job_clear(&p->job[i]);
	for (unsigned i = 0; i < p->n && p->finding; i++)
		mem_free(p->finding[i].line);
	if (p->sink.hear)
		event_remove(&p->sink);
	mem_free(p->job);
	mem_free(p->finding);
	spec_free(&p->spec);
	mem_free(p->typed);
	*p = (struct probing){ 0 };
}
