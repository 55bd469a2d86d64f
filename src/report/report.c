/* All that listens to events; like the log, the process's own. */
#include "report/report.h"

#include <errno.h>

#include "base/spool.h"
#include "report/jsonlog.h"
#include "report/notify.h"
#include "report/textlog.h"

static struct jsonlog events;
static struct ready ready = { .setup.fd = -1, .new_fd = -1 };
static struct notify notify;
static bool forked;

static enum io log_refused(const struct log_setup *log, struct fail *f)
{
	if (log->target == LOG_TO_FILE)
		return fail_sys(f, PHASE_WRITE, "cannot log to %s", log->path);
	return fail_say(f, PHASE_USAGE, EINVAL, "there is no syslog facility %s",
			log->facility ? log->facility : "daemon");
}

/* Lines of JSON on standard error, and nothing else there from us. */
static void log_as_json(struct log_setup *log)
{
	if (log->target == LOG_TO_BOTH)
		log->target = LOG_TO_SYSLOG;
	if (log->target != LOG_TO_STDERR)
		return;
	log->target = LOG_TO_HEARER;
	log->hear = jsonlog_hear;
	log->self = &events;
}

enum io report_log(const struct report_setup *setup, struct log_setup *log,
		   struct fail *f)
{
	const char *file = setup->events && *setup->events ? setup->events : NULL;

	if (setup->events && !file)
		log_as_json(log);
	if (!log_start(log))
		return log_refused(log, f);
	if (setup->events && jsonlog_start(&events, file, log->patient, f) != IO_OK)
		return IO_FAIL;
	if (log->target != LOG_TO_HEARER)
		textlog_start();
	return IO_OK;
}

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

void report_stopping(void)
{
	notify_stopping(&notify);
}

void report_forked(void)
{
	ready_leave(&ready);
	notify_end(&notify);
	spool_forget();
	forked = true;
}

void report_exit(int status)
{
	if (forked)
		return;
	log_say(LEVEL_NOTICE, "exiting with status %d", status);
	event_tell(&(struct event){ .kind = EVENT_EXIT, .side = -1, .code = status });
}

void report_end(void)
{
	ready_end(&ready);
	notify_end(&notify);
	jsonlog_end(&events);
}
