/* The two addresses of a command line: read, with the layers that flags ask for, and
 * checked as a pair. */
#include "addresses.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "capturing.h"
#include "workers.h"

/* What is read: for whom, where to. */
struct reading {
	const struct cli *cli;		/* ref */
	struct spec *spec;		/* ref: [2] */
	struct fail *fail;		/* ref */
};

/* --- layers for flags ------------------------------------------------------------ */

/* What "$NAME" stands for in the name of a raw copy. */
static const char *variable(const struct cli *c, const char *name, char *room, size_t cap)
{
	struct timespec now;
	struct tm local;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!strcmp(name, "PROGNAME"))
		return c->log.program;
	if (!strcmp(name, "MICROS"))
		snprintf(room, cap, "%06ld", now.tv_nsec / 1000);
	else if (strcmp(name, "TIMESTAMP") != 0)
		return getenv(name) ? getenv(name) : "";
	else if (!localtime_r(&now.tv_sec, &local) ||
		 !strftime(room, cap, "%Y%m%dT%H%M%S", &local))
		return "";
	return room;
}

/* socat's "$$" and "$NAME" in names of files; `to` gets the NUL as well. */
static bool expand(const struct cli *c, const char *name, struct buf *to)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz_0123456789";
	char word[64], room[32];

	for (size_t len; *name; name += len) {
		bool ok;

		len = *name == '$' ? strspn(name + 1, letters) + 1 : 1;
		snprintf(word, sizeof(word), "%.*s", (int)len - 1, name + 1);
		if (*name == '$' && name[1] == '$') {
			len = 2;
			ok = buf_format(to, "%ld", (long)getpid());
		} else if (len > 1) {
			ok = buf_format(to, "%s",
					variable(c, word, room, sizeof(room)));
		} else {
			ok = buf_add(to, name, 1);
		}
		if (!ok)
			return false;
	}
	return buf_add(to, "", 1);
}

/* The file for the raw copy, as the tap's option. */
static bool add_raw(const struct cli *c, const char *raw, struct buf *b)
{
	struct buf name;
	bool ok;

	buf_init(&name, 64 * 1024);
	ok = !c->rules.socat || expand(c, raw, &name);
	ok = ok && buf_format(b, ",tap-raw=") &&
	     spec_quote(b, c->rules.socat ? (const char *)name.data : raw);
	buf_free(&name);
	return ok;
}

/* -v -x --hexdump --text -r -R are a layer on top that watches what is read. */
static enum io insert_tap(const struct cli *c, unsigned side, struct spec *s,
			  struct fail *f)
{
	const unsigned dump = c->dump;
	const char *const raw = c->raw[side];
	enum io r = IO_OK;
	struct buf b;
	bool ok;

	if (!dump && !raw)
		return IO_OK;
	buf_init(&b, 64 * 1024);
	ok = buf_format(&b, "%s%s%s", dump & DUMP_TEXT ? ",tap-text" : "",
			dump & DUMP_HEX ? ",tap-hex" : "",
			dump & DUMP_CLASSIC ? ",tap-dump" : "");
	ok = ok && buf_format(&b, "%s", dump & DUMP_LINES ? ",tap-lines" : "");
	ok = ok && (!raw || add_raw(c, raw, &b));
	ok = ok && buf_add(&b, "", 1);
	r = ok ? spec_insert(s, "tap", (char *)b.data + 1, f) : fail_memory(f);
	buf_free(&b);
	return r;
}

/* As the user wrote it: what the flags insert is hidden. */
static bool has_hexdump(const struct spec *s)
{
	for (unsigned i = 0; i < s->nparts; i++) {
		const struct type *t = s->part[i].type;

		if ((t->groups & G_TAP) && !(t->flags & TYPE_HIDDEN))
			return true;
	}
	return false;
}

/* Flags that say how to show the data want something to be shown. */
static enum io check_dump(const struct reading *r)
{
	const struct dump_rules *d = &r->cli->rules.dump;

	if ((!d->file && !d->limit) || r->cli->dump || has_hexdump(&r->spec[0]) ||
	    has_hexdump(&r->spec[1]))
		return IO_OK;
	return fail_say(r->fail, PHASE_USAGE, 0,
			"--dump-%s without anything to show: add -v, -x, --hexdump or "
			"--text, or hexdump+ in front of an address",
			d->file ? "file" : "limit");
}

static enum io read_address(const struct reading *r, unsigned side)
{
	const struct cli *c = r->cli;
	enum io answer = spec_parse(c->address[side], &c->rules, &r->spec[side], r->fail);

	spec_hide(c->address[side]);
	if (answer != IO_OK)
		return IO_FAIL;
	return insert_tap(c, side, &r->spec[side], r->fail);
}

static bool listens(const struct spec *s)
{
	return s->part[0].type->flags & TYPE_LISTENS;
}

/* Both, with the layers that flags ask for. */
static enum io read_both(const struct reading *r)
{
	if (read_address(r, 0) != IO_OK || read_address(r, 1) != IO_OK ||
	    capture_insert(r->cli, r->spec, r->fail) != IO_OK)
		return IO_FAIL;
	return record_insert(r->cli, r->spec, r->fail);
}

/* --- directions ------------------------------------------------------------------ */

static bool readable(const struct spec *s)
{
	return s->part[0].type->flags & TYPE_READS;
}

static bool writable(const struct spec *s)
{
	return (s->writer ? s->writer : s)->part[0].type->flags & TYPE_WRITES;
}

/* Whatever would be lost without a word is refused. */
static enum io check_ways(const struct reading *r)
{
	const struct relay_setup *const setup = &r->cli->setup;
	const bool left = setup->left_to_right;
	const struct spec *from = &r->spec[!left], *to = &r->spec[left];

	if (readable(from) && writable(to))
		return IO_OK;
	if (left && setup->right_to_left && readable(to) && writable(from))
		return IO_OK;
	if (!readable(from))
		return fail_at(r->fail, from->input, 0, strlen(from->input),
			       "nothing can be read from this%s",
			       left ? "" : "; with -U data comes from the second "
					   "address");
	return fail_at(r->fail, to->input, 0, strlen(to->input),
		       "nothing can be written to this; data goes to the %s address",
		       left ? "second" : "first");
}

/* --- fork ----------------------------------------------------------------------- */

static enum io fork_refused(const struct spec *s, struct fail *f, const char *why)
{
	const struct optval *v = part_val(spec_with(s, OPT_FORK), OPT_FORK);

	return fail_at(f, s->input, v->at, v->len, "%s", why);
}

static bool forks(const struct spec *s)
{
	const struct part *p = spec_with(s, OPT_FORK);

	return p && part_has(p, OPT_FORK);
}

static enum io no_server(const struct reading *r)
{
	if (!r->cli->setup.exit_idle)
		return IO_OK;
	return fail_say(r->fail, PHASE_USAGE, EINVAL,
			"--exit-idle is for a server with fork; accept-timeout= limits "
			"the waiting for one client, -T the silence of a session");
}

/* Which address serves: -1 = none. */
static enum io find_server(const struct reading *r, int *side)
{
	const bool first = forks(&r->spec[0]), second = forks(&r->spec[1]);

	*side = first ? 0 : second ? 1 : -1;
	if (*side < 0)
		return no_server(r);
	if (first && second)
		return fork_refused(&r->spec[1], r->fail,
				    "only one of the two addresses can have fork");
	if (!listens(&r->spec[*side]))
		return fork_refused(
			&r->spec[*side], r->fail,
			"fork needs an address that waits for clients; to dial again "
			"after failures there are retry= and forever");
	if (second && listens(&r->spec[0]))
		return fork_refused(&r->spec[1], r->fail,
				    "the first address waits for a client, too: give "
				    "that one fork instead");
	return IO_OK;
}

enum io addresses_read(const struct cli *c, struct spec spec[2], int *side,
		       struct fail *f)
{
	const struct reading r = { .cli = c, .spec = spec, .fail = f };

	if (read_both(&r) != IO_OK || check_dump(&r) != IO_OK ||
	    check_ways(&r) != IO_OK || find_server(&r, side) != IO_OK)
		return IO_FAIL;
	return workers_check(c, spec, *side, f);
}
