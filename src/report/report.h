/* All that listens to events, as the command line asks for it. */
#ifndef SOCKCAT_REPORT_REPORT_H
#define SOCKCAT_REPORT_REPORT_H

#include "base/log.h"
#include "report/ready.h"

struct report_setup {
	/* ref: the file to tell of events in; "" = standard error, NULL = nowhere */
	const char *events;
	struct ready_setup ready;
};

/* Starts the log, and the log of events, which takes its place on standard error.
 * PHASE_USAGE or PHASE_WRITE; failures can be told all the same. */
enum io report_log(const struct report_setup *setup, struct log_setup *log,
		   struct fail *f);

/* Who waits for us: a script, the service manager.  Once, before anything is opened. */
enum io report_start(const struct report_setup *setup, struct fail *f);

/* How often the service manager wants to hear that we live, in microseconds; 0 = it
 * does not. */
uint64_t report_watchdog(void);
void report_alive(void);

/* The service manager hears that this is the end; else it would by the first drain or
 * exit. */
void report_stopping(void);

/* In a worker: who waits for us waits for its parent, which tells of our end, too.  The
 * logs are for both. */
void report_forked(void);

/* That the program ends, with this exit code. */
void report_exit(int status);

/* After the last event; also when nothing was started. */
void report_end(void);

#endif
