/* --log-json: each event as one line of JSON, for scripts.
 *
 * sockcat(1), "Events", says what each line holds; its names are an interface.  Lines
 * are written at once and whole, appended to what is there.  One that cannot be written
 * (a full disk, a reader that has gone) is lost, the first time with a warning: the
 * relay goes on. */
#ifndef SOCKCAT_REPORT_JSONLOG_H
#define SOCKCAT_REPORT_JSONLOG_H

#include "base/event.h"
#include "base/log.h"
#include "base/outlet.h"

struct jsonlog {
	struct event_sink sink;
	const char *path;	/* ref: NULL = standard error */
	struct outlet out;	/* own: path's */
	bool warned;		/* the first line has been lost */
};

/* Hears events from now on.  path NULL: standard error; patient: a slow reader of path is
 * waited for.  IO_FAIL: PHASE_WRITE.  The struct stays where it is until the end. */
enum io jsonlog_start(struct jsonlog *j, const char *path, bool patient, struct fail *f);

/* log_setup.hear: a line of the log among the events, which stand in its place.
 * Nothing before the start. */
void jsonlog_hear(void *jsonlog, enum level level, const char *text);

/* Fine for one that was never started (all zero). */
void jsonlog_end(struct jsonlog *j);

#endif
