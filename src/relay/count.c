/* What sessions have moved so far, summed up. */
#include "relay/count.h"

#include <sys/stat.h>
#include <unistd.h>

/* Where both ends keep messages apart, each that was read is one. */
static uint64_t messages_of(const struct pump *p)
{
	if (!p->from || (!p->from->messages && !p->to->messages))
		return 0;
	return p->from->messages ? p->blocks : p->writes;
}

void count_session(const struct session *s, struct totals *t)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct pump *p = &s->pump[i];
		struct flow *f = &t->way[i];

		f->bytes += p->bytes;
		f->reads += p->blocks;
		f->writes += p->writes;
		f->messages += messages_of(p);
	}
	t->sessions++;
	t->open += s->state != SESSION_DEAD;
	t->failed[s->fail->phase]++;
}

void count_all(const struct totals *more, struct totals *t)
{
	for (unsigned i = 0; i < 2; i++) {
		t->way[i].bytes += more->way[i].bytes;
		t->way[i].reads += more->way[i].reads;
		t->way[i].writes += more->way[i].writes;
		t->way[i].messages += more->way[i].messages;
	}
	for (unsigned p = 0; p < PHASES; p++)
		t->failed[p] += more->failed[p];
	t->sessions += more->sessions;
	t->open += more->open;
	t->others_memory += more->others_memory;
}

void count_server(const struct server *v, struct totals *t)
{
	count_all(v->past, t);
	for (const struct session *s = v->sessions; s; s = s->next)
		count_session(s, t);
}

uint64_t count_expected(const struct endpoint *from)
{
	const struct part *p = spec_with(from->spec, OPT_READBYTES);
	uint64_t limit = p ? (uint64_t)part_num(p, OPT_READBYTES, 0) : 0, left = 0;
	struct stat st;
	off_t at;

	if (from->rfd >= 0 && fstat(from->rfd, &st) == 0 && S_ISREG(st.st_mode)) {
		at = lseek(from->rfd, 0, SEEK_CUR);
		left = at >= 0 && at < st.st_size ? (uint64_t)(st.st_size - at) : 0;
	}
	return limit && (!left || limit < left) ? limit : left;
}
