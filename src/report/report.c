/* All that listens to events; like the log, the process's own. */
#include "report/report.h"

#include "report/notify.h"

static struct ready ready = { .setup.fd = -1, .new_fd = -1 };
static struct notify notify;

enum io report_start(const struct report_setup *setup, struct fail *f)
{
	notify_start(&notify);
	if (!setup->ready.file && setup->ready.fd < 0)
		return IO_OK;
	return ready_start(&ready, &setup->ready, f);
}

uint64_t report_watchdog(void)
{
	return notify.watchdog;
}

void report_alive(void)
{
	notify_alive(&notify);
}

void report_end(void)
{
	ready_end(&ready);
	notify_end(&notify);
}
