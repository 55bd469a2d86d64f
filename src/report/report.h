/* All that listens to events, as the command line asks for it. */
#ifndef SOCKCAT_REPORT_REPORT_H
#define SOCKCAT_REPORT_REPORT_H

#include "report/ready.h"

struct report_setup {
	struct ready_setup ready;
};

/* Once, before the first event. */
enum io report_start(const struct report_setup *setup, struct fail *f);

/* How often the service manager wants to hear that we live, in microseconds; 0 = it
 * does not. */
uint64_t report_watchdog(void);
void report_alive(void);

/* After the last event; also when nothing was started. */
void report_end(void);

#endif
