/* Tells the service manager how we are.
 *
 * Each message is a datagram of lines NAME=value to the UNIX socket that NOTIFY_SOCKET
 * names; '@' in front stands for the abstract namespace. */
#include "report/notify.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/platform.h"
#include "base/text.h"

static void send_text(const struct notify *n, const char *text)
{
	if (n->fd >= 0)
		(void)send(n->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void notify_stopping(struct notify *n)
{
	if (!n->sink.hear || n->stopping)
		return;
	n->stopping = true;
	send_text(n, "STOPPING=1\n");
}

static void hear(void *self, const struct event *e)
{
	struct notify *n = self;

	if (e->kind == EVENT_READY)
		send_text(n, "READY=1\n");
	if (e->kind == EVENT_DRAIN || e->kind == EVENT_EXIT)
		notify_stopping(n);
}

static bool reach(struct notify *n, const char *where)
{
	const bool abstract = *where == '@';
	struct name to;

	if (!name_unix(&to, where + abstract, strlen(where) - abstract, abstract, true))
		return false;
	n->fd = sys_socket(AF_UNIX, SOCK_DGRAM, 0, true);
	return n->fd >= 0 && connect(n->fd, (struct sockaddr *)&to.sa, to.len) == 0;
}

/* Half of the time after which it would take us for dead. */
static uint64_t watchdog(void)
{
	const pid_t self = getpid();
	long long usec = text_variable("WATCHDOG_USEC", LLONG_MAX, 0);

	return text_variable("WATCHDOG_PID", LLONG_MAX, self) == self
		       ? (uint64_t)usec / 2
		       : 0;
}

void notify_start(struct notify *n)
{
	const char *where = getenv("NOTIFY_SOCKET");

	if (!where || !*where)
		return;
	*n = (struct notify){ .sink = { .hear = hear, .self = n },
			      .fd = -1,
			      .watchdog = watchdog() };
	if (!reach(n, where))
		log_say(LEVEL_WARNING, "cannot tell NOTIFY_SOCKET=%s that all is ready",
			where);
	event_add(&n->sink);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_alive(const struct notify *n)
{
	send_text(n, "WATCHDOG=1\n");
}

void notify_end(struct notify *n)
{
	if (!n->sink.hear)
		return;
	event_remove(&n->sink);
	sys_close(n->fd);
	*n = (struct notify){ 0 };
}
