/* Events as lines of the log. */
#include "report/textlog.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

enum { WORDS = 1024 };

/* "session 3: tls", "drain" */
static size_t put_head(char to[WORDS], const struct event *e)
{
	int n = 0;

	if (e->session)
		n = snprintf(to, WORDS, "session %u: ", e->session);
	n += snprintf(to + n, WORDS - (size_t)n, "%s", event_name(e->kind));
	return (size_t)n;
}

static const char *duration(char to[32], uint64_t usec)
{
	text_from_duration(to, 32, usec);
	return to;
}

/* A step of an opening: what was opened, where it leads, how long that took. */
static void say_step(char head[WORDS], size_t n, const struct event *e)
{
	char peer[NAME_TEXT] = "", took[32];

	if (e->peer && e->peer->len)
		name_text(e->peer, peer, sizeof(peer));
	snprintf(head + n, WORDS - n, ": %s%s%s%s in %s", e->text ? e->text : e->layer,
		 *peer ? " (" : "", peer, *peer ? ")" : "", duration(took, e->usec));
}

static void say_close(char head[WORDS], size_t n, const struct event *e)
{
	char lived[32];

	snprintf(head + n, WORDS - n,
		 ": %s after %s, %llu bytes left to right, %llu right to left", e->reason,
		 duration(lived, e->usec), (unsigned long long)e->ends[0].bytes,
		 (unsigned long long)e->ends[1].bytes);
}

static void hear(void *self, const struct event *e)
{
	char text[WORDS];
	size_t n = put_head(text, e);

	(void)self;
	switch (e->kind) {
	case EVENT_START:
		snprintf(text + n, WORDS - n, ": %s | %s", e->ends[0].address,
			 e->ends[1].address);
		break;
	case EVENT_READY:
		snprintf(text + n, WORDS - n, ": %s", e->address);
		break;
	case EVENT_RESOLVE:
	case EVENT_CONNECT:
	case EVENT_OPEN:
	case EVENT_PROXY:
	case EVENT_TLS:
		say_step(text, n, e);
		break;
	case EVENT_CLOSE:
		say_close(text, n, e);
		break;
	case EVENT_DRAIN:
		snprintf(text + n, WORDS - n, ": %d sessions may finish", e->code);
		break;
	default:
		return;	/* said by those who met them */
	}
	log_say(LEVEL_INFO, "%s", text);
}

void textlog_start(void)
{
	static struct event_sink sink = { .hear = hear };

	if (log_wants(LEVEL_INFO) && !log_is_socat())
		event_add(&sink);
}
