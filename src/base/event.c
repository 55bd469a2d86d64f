/* Events, from those who meet them to those who show them. */
#include "base/event.h"

static struct event_sink *sinks;

void event_add(struct event_sink *s)
{
	struct event_sink **at = &sinks;

	while (*at)
		at = &(*at)->next;
	s->next = NULL;
	*at = s;
}

void event_remove(struct event_sink *s)
{
	for (struct event_sink **at = &sinks; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			return;
		}
}

bool event_wanted(void)
{
	return sinks != NULL;
}

void event_tell(const struct event *e)
{
	struct event_sink *next;

	for (struct event_sink *s = sinks; s; s = next) {
		next = s->next;
		s->hear(s->self, e);
	}
}

const char *event_name(enum event_kind k)
{
	static const char *const names[EVENTS] = {
		[EVENT_START] = "start",   [EVENT_LISTEN] = "listen",
		[EVENT_READY] = "ready",   [EVENT_ACCEPT] = "accept",
		[EVENT_RESOLVE] = "resolve", [EVENT_CONNECT] = "connect",
		[EVENT_OPEN] = "open",	   [EVENT_PROXY] = "proxy",
		[EVENT_TLS] = "tls",	   [EVENT_EOF] = "eof",
		[EVENT_ERROR] = "error",   [EVENT_CLOSE] = "close",
		[EVENT_WORKER] = "worker", [EVENT_DRAIN] = "drain",
		[EVENT_EXIT] = "exit",
	};

	return names[k];
}

const char *span_name(enum span s)
{
	static const char *const names[SPANS] = {
		[SPAN_RESOLVE] = "resolve",
		[SPAN_CONNECT] = "connect",
		[SPAN_PROXY] = "proxy",
		[SPAN_TLS] = "tls",
		[SPAN_OPEN] = "open",
	};

	return names[s];
}
