/* --progress: tells on standard error, while it goes on, how far the relay is. */
#include "meter.h"

#include <unistd.h>

#include "base/log.h"
#include "base/platform.h"
#include "relay/count.h"

enum {
	SECOND = 1000 * 1000,
	TICK = SECOND / 4,
	PAUSE = 5 * SECOND,	/* between lines where there is no terminal */
};

/* ---- the numbers -------------------------------------------------------------- */

static uint64_t began(const struct meter *m)
{
	return m->session ? m->session->relaying : m->server ? m->since : 0;
}

/* What --size= speaks of comes the way on which more has come; what a file says is
 * its own way's. */
static void measure_size(const struct meter *m, struct progress *p)
{
	p->size = m->size;
	p->done = p->bytes[p->bytes[1] > p->bytes[0]];
	for (unsigned i = 0; i < 2 && m->session && !p->size; i++)
		if (m->session->pump[i].expects) {
			p->size = m->session->pump[i].expects;
			p->done = p->bytes[i];
		}
}

/* As of now; a short relay is over before the loop looks at the clock again. */
static struct progress measure(const struct meter *m)
{
	uint64_t since = began(m), now = sys_now();
	struct totals t = { 0 };
	struct progress p;

	if (m->session)
		count_session(m->session, &t);
	if (m->server)
		count_server(m->server, &t);
	p = (struct progress){
		.bytes = { t.way[0].bytes, t.way[1].bytes },
		.elapsed = since ? now - since : 0,
		.server = m->server,
		.open = t.open,
		.sessions = t.sessions,
	};
	p.rate = progress_rate(&m->past, now, p.bytes[0] + p.bytes[1]);
	measure_size(m, &p);
	return p;
}

/* ---- showing them ------------------------------------------------------------- */

static void show(struct meter *m, const struct progress *p, bool stays)
{
	char text[PROGRESS_TEXT];

	progress_format(text, p, line_room(&m->line));
	if (stays)
		line_print(&m->line, text);
	else
		line_draw(&m->line, text);
}

/* A terminal or reader that does not take it does not hold up the relay. */
static void show_if_free(struct meter *m, const struct progress *p)
{
	if (!line_is_free(&m->line))
		return;
	if (m->line.terminal) {
		show(m, p, false);
	} else if (loop_now(m->loop) >= m->due) {
		show(m, p, true);
		m->due = loop_now(m->loop) + PAUSE;
	}
}

static void tick(void *owner, unsigned ready)
{
	struct meter *m = owner;
	uint64_t now = loop_now(m->loop);

	(void)ready;
	if (began(m)) {
		struct progress p;

		if (!m->past.n)
			progress_note(&m->past, began(m), 0);
		p = measure(m);
		show_if_free(m, &p);
		progress_note(&m->past, now, p.bytes[0] + p.bytes[1]);
	}
	timer_set(m->loop, &m->timer, now + TICK);
}

static void make_room(void *owner)
{
	line_clear(&((struct meter *)owner)->line);
}

/* ---- life --------------------------------------------------------------------- */

bool meter_start(struct meter *m, struct loop *l, uint64_t size)
{
	*m = (struct meter){ .loop = l, .size = size, .since = loop_now(l) };
	m->due = m->since + PAUSE;
	m->timer = (struct timer){ .fn = tick, .owner = m };
	line_init(&m->line, STDERR_FILENO);
	log_share(make_room, m);
	return timer_set(l, &m->timer, m->since + TICK);
}

void meter_print(struct meter *m)
{
	const struct progress p = measure(m);

	show(m, &p, true);
}

void meter_end(struct meter *m)
{
	struct progress p;

	if (!m->loop)
		return;
	timer_stop(m->loop, &m->timer);
	log_share(NULL, NULL);
	p = measure(m);
	p.over = true;
	if (began(m))
		show(m, &p, true);
	m->loop = NULL;
}
