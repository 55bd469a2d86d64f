/* One line that stands at the bottom of the terminal. */
#include "report/line.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/platform.h"

enum { COLUMNS = 80, LONGEST = 1024 };

void line_init(struct line *l, int fd)
{
	*l = (struct line){ .fd = fd, .terminal = isatty(fd) };
}

/* Asked each time: it may have been resized. */
unsigned line_room(const struct line *l)
{
	const unsigned columns = sys_columns(l->fd);

	if (!l->terminal)
		return UINT_MAX;
	return (columns ? columns : COLUMNS) - 1;
}

static bool in_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	return group < 0 || group == getpgrp();	/* not the one that controls us */
}

bool line_is_free(const struct line *l)
{
	struct pollfd p = { .fd = l->fd, .events = POLLOUT };

	return poll(&p, 1, 0) > 0 && (p.revents & POLLOUT) &&
	       (!l->terminal || in_foreground(l->fd));
}

/* Blanks up to where the old one ended, if that is still within the terminal. */
static void put(struct line *l, const char *text, const char *end)
{
	unsigned len = (unsigned)strlen(text), room = line_room(l);
	unsigned old = l->drawn < room ? l->drawn : room;
	char out[LONGEST];
	int n = snprintf(out, sizeof(out), "\r%s%*s%s", text,
			 old > len ? (int)(old - len) : 0, "", end);

	/* Nobody is left to tell if this fails. */
	if (n > 0 && (size_t)n < sizeof(out))
		(void)log_write(out, (size_t)n);
	l->drawn = len;
}

void line_draw(struct line *l, const char *text)
{
	put(l, text, "");
}

void line_clear(struct line *l)
{
	if (l->drawn)
		put(l, "", "\r");
}

void line_print(struct line *l, const char *text)
{
	char out[LONGEST];
	int n;

	if (l->terminal) {
		put(l, text, "\n");
		l->drawn = 0;
		return;
	}
	n = snprintf(out, sizeof(out), "%.40s: %s\n", log_program(), text);
	if (n > 0)
		(void)log_write(out, (size_t)n);
}
