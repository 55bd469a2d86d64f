/* An address as typed becomes a stack of parts; what the stack knows is asked. */
#include "spec/spec.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "spec/parse.h"

static enum io parse_single(struct parse *p)
{
	enum io r = parse_cut(p);

	if (r == IO_OK)
		r = parse_stack(p);
	if (r == IO_OK)
		r = parse_arguments(p);
	if (r == IO_OK)
		r = parse_options(p);
	mem_free(p->raw.option);
	p->raw.option = NULL;
	return r;
}

/* Room for every piece unquoted with its NUL, type names, and synonyms' words. */
static char *make_copy(const char *text)
{
	return mem_new(2 * strlen(text) + 512, 1);
}

static enum io parse_writer(struct parse *p)
{
	struct spec *s = p->out;

	p->lex.at += 2;
	s->writer = mem_new(1, sizeof(*s->writer));
	if (!s->writer)
		return fail_memory(p->fail);
	s->writer->rules = s->rules;
	s->writer->input = s->input;
	p->out = s->writer;
	return parse_single(p);
}

enum io spec_parse(const char *text, const struct spec_rules *rules, struct spec *out,
		   struct fail *f)
{
	struct parse p = { .lex = { .input = text, .end = strlen(text) },
			   .out = out,
			   .fail = f };
	enum io r;

	*out = (struct spec){ .rules = *rules,
			      .input = text,
			      .copy[0] = make_copy(text) };
	if (!out->copy[0])
		return fail_memory(f);
	p.to = out->copy[0];
	r = parse_single(&p);
	if (r == IO_OK && lex_at_dual(&p.lex))
		r = parse_writer(&p);
	if (r == IO_OK && p.lex.at < p.lex.end)
		r = fail_at(f, text, p.lex.at, p.lex.end - p.lex.at,
			    "an address has two halves at most");
	return r;
}

enum io spec_insert(struct spec *s, const char *layer, const char *options,
		    struct fail *f)
{
	struct parse p = { .lex = { .input = options, .end = strlen(options) },
			   .out = s, .fail = f };
	enum io r;

	if (s->nparts == STACK_MAX || s->inserts == INSERTS_MAX)
		return fail_at(f, s->input, 0, 0, "too many layers");
	p.to = make_copy(options);
	if (!p.to)
		return fail_memory(f);
	s->copy[++s->inserts] = p.to;
	p.raw.keyword = (struct piece){ .text = p.to };
	*p.to++ = '\0';
	if (!parse_insert(&p, layer, p.raw.keyword))
		return IO_FAIL;
	r = *options ? parse_cut_option(&p) : IO_OK;
	if (r == IO_OK)
		r = parse_cut_options(&p);
	if (r == IO_OK)
		r = parse_options(&p);
	mem_free(p.raw.option);
	return r;
}

bool spec_quote(struct buf *options, const char *text)
{
	for (; *text; text++) {
		const bool plain = strchr("/._-", *text) ||
				   (*text >= '0' && *text <= '9') ||
				   (*text >= 'a' && *text <= 'z') ||
				   (*text >= 'A' && *text <= 'Z');

		if (!plain && !buf_add(options, "\\", 1))
			return false;
		if (!buf_add(options, text, 1))
			return false;
	}
	return true;
}

void spec_free(struct spec *s)
{
	for (unsigned i = 0; i < s->nparts; i++) {
		for (unsigned k = 0; k < s->part[i].nvals; k++)
			mem_free(s->part[i].val[k].bytes);
		mem_free(s->part[i].val);
	}
	for (unsigned i = 0; i <= s->inserts; i++)
		mem_free(s->copy[i]);
	if (s->writer) {
		spec_free(s->writer);
		mem_free(s->writer);
	}
	*s = (struct spec){ 0 };
}

/* ---- asking ---------------------------------------------------------------------- */

bool part_is_called(const struct part *p)
{
	for (const struct part *q = p->spec->part; q < p; q++)
		if (q->type->flags & TYPE_LISTENS)
			return true;
	return false;
}

enum io part_needs_stream(const struct part *p, struct fail *f)
{
	const struct spec *s = p->spec;

	for (const struct part *q = s->part; q < p; q++)
		if (q->type->flags & TYPE_MESSAGES)
			return fail_at(f, s->input, 0, strlen(s->input),
				       "%s needs a stream below it, and %s carries "
				       "messages",
				       p->name, q->name);
	return IO_OK;
}

enum io part_needs_proxy(const struct part *p, struct fail *f)
{
	const struct spec *s = p->spec;

	if (part_is_called(p))
		return fail_at(f, s->input, 0, strlen(s->input),
			       "%s asks a proxy, but over %s it would ask a client",
			       p->name, s->part[0].name);
	return part_needs_stream(p, f);
}

const struct optval *part_val(const struct part *p, unsigned opt_id)
{
	for (unsigned i = p->nvals; i-- > 0;)
		if (p->val[i].opt->id == opt_id)
			return &p->val[i];
	return NULL;
}

const struct optval *part_nth(const struct part *p, unsigned opt_id, unsigned n)
{
	for (unsigned i = 0; i < p->nvals; i++)
		if (p->val[i].opt->id == opt_id && n-- == 0)
			return &p->val[i];
	return NULL;
}

const struct optval *part_val_way(const struct part *p, unsigned opt_id,
				  enum opt_way way)
{
	for (unsigned i = p->nvals; i-- > 0;)
		if (p->val[i].opt->id == opt_id &&
		    (p->val[i].way == WAY_BOTH || p->val[i].way == way))
			return &p->val[i];
	return NULL;
}

bool part_has(const struct part *p, unsigned opt_id)
{
	const struct optval *v = part_val(p, opt_id);

	return v && (v->num || v->text || v->usec || v->nbytes);
}

long long part_num(const struct part *p, unsigned opt_id, long long otherwise)
{
	const struct optval *v = part_val(p, opt_id);

	return v ? v->num : otherwise;
}

uint64_t part_usec(const struct part *p, unsigned opt_id, uint64_t otherwise)
{
	const struct optval *v = part_val(p, opt_id);

	return v ? v->usec : otherwise;
}

const char *part_text(const struct part *p, unsigned opt_id, const char *otherwise)
{
	const struct optval *v = part_val(p, opt_id);

	return v && v->text ? v->text : otherwise;
}

const struct part *spec_with(const struct spec *s, unsigned opt_id)
{
	for (unsigned i = s->nparts; i-- > 0;)
		if (part_val(&s->part[i], opt_id))
			return &s->part[i];
	return NULL;
}
