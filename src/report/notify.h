/* Tells the service manager how we are: sd_notify(3). */
#ifndef SOCKCAT_REPORT_NOTIFY_H
#define SOCKCAT_REPORT_NOTIFY_H

#include "base/event.h"

/* All zero: nobody wants to know. */
struct notify {
	struct event_sink sink;
	int fd;			/* own, while sink.hear is set */
	uint64_t watchdog;	/* microseconds between signs of life; 0 = nobody asks */
	bool stopping;		/* has been told */
};

/* Listens to events if NOTIFY_SOCKET says where to tell, and takes the manager's
 * variables out of the environment, so that programs do not speak for us.  A socket
 * that is not there is told by a warning only. */
void notify_start(struct notify *n);

/* A sign of life; due at least every n->watchdog microseconds. */
void notify_alive(const struct notify *n);

/* The end begins: told once. */
void notify_stopping(struct notify *n);

void notify_end(struct notify *n);

#endif
