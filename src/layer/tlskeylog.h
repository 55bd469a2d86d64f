/* The secrets of all sessions, in a file for programs that look into captures of the
 * traffic, in the NSS key log format that browsers and Wireshark share. */
#ifndef SOCKCAT_LAYER_TLSKEYLOG_H
#define SOCKCAT_LAYER_TLSKEYLOG_H

#include "layer/tlsmake.h"

/* keylog=, else the environment's SSLKEYLOGFILE; without them nothing happens.  Made
 * with mode 0600, appended to; one warning.  PHASE_CONFIG if it can't be opened. */
enum io tlskeylog_set(const struct making *m);

#endif
