/* The log's lines for those events that nobody says in words: at -d -d -d the log shows
 * all of them. */
#ifndef SOCKCAT_REPORT_TEXTLOG_H
#define SOCKCAT_REPORT_TEXTLOG_H

#include "base/event.h"

/* Hears events from now on, to log them at LEVEL_INFO; does nothing if the log is of
 * another level, or in socat's format. */
void textlog_start(void);

#endif
