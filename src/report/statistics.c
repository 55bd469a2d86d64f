/* What a run has moved and met, and the table that tells it. */
#include "report/statistics.h"

#include <stdio.h>

#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"

static const char *const ways[2] = { "left to right", "right to left" };

static unsigned long long number(uint64_t n)
{
	return n;
}

static void show_for_socat(const struct totals *t)
{
	for (unsigned i = 0; i < 2; i++)
		log_always("STATISTICS: transferred %llu bytes in %llu blocks %s",
			   number(t->way[i].bytes), number(t->way[i].reads), ways[i]);
}

static void show_flow(const char *name, const struct flow *f)
{
	char messages[24] = "-";

	if (f->messages)
		snprintf(messages, sizeof(messages), "%llu", number(f->messages));
	log_always("  %-13s %15llu %11llu %11llu %11s", name, number(f->bytes),
		   number(f->reads), number(f->writes), messages);
}

static void show_sessions(const struct totals *t)
{
	if (t->open)
		log_always("  %-13s %15llu, %llu of them open", "sessions",
			   number(t->sessions), number(t->open));
	else
		log_always("  %-13s %15llu", "sessions", number(t->sessions));
}

/* "  failures                  3: connect 2, tls 1" */
static void show_failures(const struct totals *t)
{
	char causes[64 * PHASES];
	uint64_t all = 0;
	size_t len = 0;

	for (unsigned p = PHASE_INTERNAL; p < PHASE_SIGNAL; p++) {
		if (!t->failed[p])
			continue;
		len += (size_t)snprintf(causes + len, sizeof(causes) - len, "%s %s %llu",
					all ? "," : ":", fail_phase_name(p),
					number(t->failed[p]));
		all += t->failed[p];
	}
	causes[len] = '\0';
	log_always("  %-13s %15llu%s", "failures", number(all), causes);
}

void statistics_show(const struct totals *t)
{
	char peak[16];

	if (log_is_socat()) {
		show_for_socat(t);
		return;
	}
	log_always("%-15s %15s %11s %11s %11s", "statistics", "bytes", "reads", "writes",
		   "messages");
	for (unsigned i = 0; i < 2; i++)
		show_flow(ways[i], &t->way[i]);
	show_sessions(t);
	show_failures(t);
	text_from_size(peak, sizeof(peak), sys_peak_memory() + t->others_memory);
	log_always("  %-13s %15s", "peak memory", peak);
}
