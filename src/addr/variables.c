/* What a program finds in its environment. */
#include "addr/variables.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

bool variables_set(struct variables *v, const char *name, const char *value)
{
	return environment_add(&v->own, name, value);
}

/* "SOCKCAT" for "sockcat": what can't be in a name becomes '_'. */
static void to_prefix(char *to, size_t cap, const char *program)
{
	size_t n = 0;

	for (; program[n] && n + 1 < cap; n++) {
		char c = program[n];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')))
			c = '_';
		to[n] = c;
	}
	to[n] = '\0';
}

static bool add_pair(struct variables *v, const char *prefix, const char *pair)
{
	const char *value = strchr(pair, '=');
	char name[128];

	snprintf(name, sizeof(name), "%s_%.*s", prefix, (int)(value - pair), pair);
	return variables_set(v, name, value + 1);
}

static bool add_all(struct variables *v, const char *prefix,
		    const struct environment *known)
{
	for (size_t i = 0; i < known->n; i++)
		if (!add_pair(v, prefix, known->pair[i]))
			return false;
	return true;
}

/* Scripts read socat's names, whatever the program is called. */
static bool add_prefixed(struct variables *v, const struct environment *known)
{
	char own[64];

	to_prefix(own, sizeof(own), log_program());
	if (log_is_socat())
		return add_all(v, own, known);
	return add_all(v, "SOCKCAT", known) && add_all(v, "SOCAT", known) &&
	       (!strcmp(own, "SOCKCAT") || !strcmp(own, "SOCAT") ||
		add_all(v, own, known));
}

bool variables_describe(struct variables *v, struct endpoint *e)
{
	struct environment known = { 0 };
	char pid[24];
	bool ok;

	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	ok = environment_add(&known, "VERSION", PACKAGE_VERSION) &&
	     environment_add(&known, "PID", pid) &&
	     environment_add(&known, "PPID", pid) &&
	     (!e || endpoint_describe(e, &known)) && add_prefixed(v, &known);
	environment_free(&known);
	return ok;
}

static bool same_name(const char *pair, const char *other)
{
	size_t len = strcspn(pair, "=");

	return strncmp(pair, other, len) == 0 && other[len] == '=';
}

static bool is_set(const struct variables *v, const char *pair)
{
	for (size_t i = 0; i < v->own.n; i++)
		if (same_name(v->own.pair[i], pair))
			return true;
	return false;
}

bool variables_join(struct variables *v)
{
	size_t n = 0, inherited = 0;

	while (environ[inherited])
		inherited++;
	v->all = mem_new(inherited + v->own.n + 1, sizeof(*v->all));
	if (!v->all)
		return false;
	for (char **at = environ; *at; at++)
		if (!is_set(v, *at))
			v->all[n++] = *at;
	/* of one set twice the last counts */
	for (size_t i = v->own.n; i-- > 0;) {
		bool later = false;

		for (size_t k = i + 1; k < v->own.n; k++)
			later |= same_name(v->own.pair[i], v->own.pair[k]);
		if (!later)
			v->all[n++] = v->own.pair[i];
	}
	return true;
}

void variables_free(struct variables *v)
{
	mem_free(v->all);
	environment_free(&v->own);
	*v = (struct variables){ 0 };
}
