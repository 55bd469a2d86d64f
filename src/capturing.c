/* --capture and --record: which of the two addresses gets the layer that writes. */
#include "capturing.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

/* ---- may it be? ------------------------------------------------------------ */

static bool is_output(const struct part *p)
{
	static const char *const names[] = { "stdio", "stdout", "text" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (text_in_list(names[i], strlen(names[i]), p->type->names) >= 0)
			return true;
	return text_in_list("fd", 2, p->type->names) >= 0 && !strcmp(p->arg[0], "1");
}

/* Records and the data must not be mixed. */
static enum io check_output(const struct cli *c, const struct spec spec[2],
			    const char *flag, struct fail *f)
{
	const bool written[2] = { c->setup.right_to_left, c->setup.left_to_right };

	for (unsigned i = 0; i < 2; i++) {
		const struct spec *to = spec[i].writer ? spec[i].writer : &spec[i];

		if (written[i] && is_output(&to->part[0]))
			return fail_at(f, to->input, 0, strlen(to->input),
				       "standard output gets the data that goes here, so "
				       "%s needs a file: %s=FILE",
				       flag, flag);
	}
	return IO_OK;
}

/* Two kinds of records cannot be told apart, and no person reads packets. */
static enum io check_reader(const struct cli *c, struct fail *f)
{
	if (c->record && !strcmp(c->record, "-"))
		return fail_at(f, NULL, 0, 0,
			       "--capture=- and --record=- would mix on standard output: "
			       "give one of them a file");
	if (isatty(STDOUT_FILENO) && c->ask != ASK_EXPLAIN)
		return fail_at(f, NULL, 0, 0,
			       "--capture=- writes to standard output, which is a "
			       "terminal here: give a file, or a reader as in | "
			       "wireshark -k -i -");
	return IO_OK;
}

static enum io check_size(const struct cli *c, struct fail *f)
{
	const char *const size = c->capture_size;
	uint64_t bytes = 0;

	if (!size)
		return IO_OK;
	if (!c->capture)
		return fail_at(f, size, 0, strlen(size),
			       "--capture-size is for --capture, which is not given");
	if (!text_size(size, strlen(size), &bytes) || bytes == 0)
		return fail_at(f, size, 0, strlen(size),
			       "the size of a capture file is a number of bytes like "
			       "500k or 100M");
	return IO_OK;
}

/* ---- where to -------------------------------------------------------------- */

/* Where clients come in, their addresses are what one looks for; else the first that has
 * any.  The two halves of a dual address would be two captures. */
static struct spec *choose(struct spec spec[2])
{
	for (unsigned i = 0; i < 2; i++)
		if (!spec[i].writer && (spec[i].part[0].type->flags & TYPE_LISTENS))
			return &spec[i];
	for (unsigned i = 0; i < 2; i++)
		if (!spec[i].writer && spec[i].part[0].type->socktype)
			return &spec[i];
	return spec[1].writer ? &spec[0] : &spec[1];
}

enum io capture_insert(const struct cli *c, struct spec spec[2], struct fail *f)
{
	struct spec *s = choose(spec);
	struct buf b;
	enum io r;
	bool ok;

	if (check_size(c, f) != IO_OK)
		return IO_FAIL;
	if (!c->capture)
		return IO_OK;
	if (!strcmp(c->capture, "-") &&
	    (check_output(c, spec, "--capture", f) != IO_OK ||
	     check_reader(c, f) != IO_OK))
		return IO_FAIL;
	if (s->writer)
		return fail_at(f, s->input, 0, strlen(s->input),
			       "--capture needs one address that is not two joined by !!");
	buf_init(&b, 64 * 1024);
	ok = buf_format(&b, "capture-file=") && spec_quote(&b, c->capture) &&
	     (!c->capture_size || buf_format(&b, ",capture-size=%s", c->capture_size)) &&
	     buf_add(&b, "", 1);
	r = ok ? spec_insert(s, "capture", (char *)b.data, f) : fail_memory(f);
	buf_free(&b);
	return r;
}

/* ---- recording ------------------------------------------------------------- */

/* Both directions are seen where clients come in, else at the second address; of an
 * address in two halves one would be. */
enum io record_insert(const struct cli *c, struct spec spec[2], struct fail *f)
{
	unsigned side = !(spec[0].part[0].type->flags & TYPE_LISTENS);
	enum io r = IO_FAIL;
	struct buf b;

	if (!c->record)
		return IO_OK;
	if (!strcmp(c->record, "-") && check_output(c, spec, "--record", f) != IO_OK)
		return IO_FAIL;
	if (spec[side].writer)
		side = !side;
	if (spec[side].writer)
		return fail_say(f, PHASE_USAGE, 0,
				"--record needs an address without !!, at which both "
				"directions pass");
	buf_init(&b, 64 * 1024);
	if (buf_format(&b, "record-file=") && spec_quote(&b, c->record) &&
	    buf_add(&b, "", 1))
		r = spec_insert(&spec[side], "record", (char *)b.data, f);
	else
		fail_memory(f);
	buf_free(&b);
	return r;
}
