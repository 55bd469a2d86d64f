/* What does not go with --workers.
 *
 * All that is one for the whole server and would be many: a file with an order of its
 * own, a line on the terminal, a time without sessions. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "workers.h"

static enum io refuse(struct fail *f, const char *flag, const char *why)
{
	return fail_say(f, PHASE_USAGE, EINVAL,
			"--%s and --workers exclude each other: %s", flag, why);
}

static enum io check_flags(const struct cli *c, struct fail *f)
{
	if (c->record)
		return refuse(f, "record", "a recording is written by one process");
	if (c->capture)
		return refuse(f, "capture", "a capture is written by one process");
	if (c->setup.progress)
		return refuse(f, "progress",
			      "it is about one process; --statistics sums up all");
	if (c->setup.exit_idle)
		return refuse(f, "exit-idle",
			      "no worker knows of the sessions of the others");
	return IO_OK;
}

static enum io refuse_option(const struct spec *s, unsigned id, const char *why,
			     struct fail *f)
{
	const struct part *p = spec_with(s, id);
	const struct optval *v;

	if (!p)
		return IO_OK;
	v = part_val(p, id);
	return fail_at(f, p->spec->input, v->at, v->len,
		       "%s does not go with --workers: %s", v->name, why);
}

/* In the address that serves, and whatever stands in the other. */
static enum io check_options(const struct spec *s, struct fail *f)
{
	static const struct {
		unsigned id;
		const char *why;
	} rows[] = {
		{ OPT_ACCEPT_TIMEOUT, "no worker knows of the clients of the others" },
		{ OPT_SIGHUP, "a signal would go to many programs" },
		{ OPT_SIGINT, "a signal would go to many programs" },
		{ OPT_SIGQUIT, "a signal would go to many programs" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (refuse_option(s, rows[i].id, rows[i].why, f) != IO_OK)
			return IO_FAIL;
	return IO_OK;
}

/* A group's datagrams come to each socket that is bound there. */
static enum io check_groups(const struct spec *s, struct fail *f)
{
	static const unsigned joins[] = { OPT_IP_ADD_MEMBERSHIP,
					  OPT_IP_ADD_SOURCE_MEMBERSHIP,
					  OPT_IPV6_JOIN_GROUP,
					  OPT_IPV6_JOIN_SOURCE_GROUP };

	for (size_t i = 0; i < sizeof(joins) / sizeof(*joins); i++)
		if (refuse_option(s, joins[i],
				  "each worker would get what is sent to the group",
				  f) != IO_OK)
			return IO_FAIL;
	return IO_OK;
}

static enum io check_share(const struct spec *s, unsigned n, struct fail *f)
{
	const struct part *p = spec_with(s, OPT_MAX_CHILDREN);
	const struct optval *v;

	if (!p)
		return IO_OK;
	v = part_val(p, OPT_MAX_CHILDREN);
	if (v->num == 0 || v->num >= n)
		return IO_OK;
	return fail_at(f, p->spec->input, v->at, v->len,
		       "max-children= is for all workers together and would leave some of "
		       "the %u without any: --workers=%lld",
		       n, v->num);
}

enum io workers_check(const struct cli *c, const struct spec spec[2], int side,
		      struct fail *f)
{
	if (!c->workers)
		return IO_OK;
	if (side < 0)
		return fail_say(f, PHASE_USAGE, EINVAL,
				"--workers is for a server: an address that waits for "
				"clients, with fork");
	for (unsigned i = 0; i < 2; i++)
		for (const struct spec *s = &spec[i]; s; s = s->writer)
			if (check_options(s, f) != IO_OK)
				return IO_FAIL;
	if (check_flags(c, f) != IO_OK || check_groups(&spec[side], f) != IO_OK)
		return IO_FAIL;
	return check_share(&spec[side], c->workers, f);
}
