/* What holds where an option is not given: for the code that goes by it, and for
 * --explain, which tells.  Times in microseconds, sizes in bytes. */
#ifndef SOCKCAT_SPEC_DEFAULTS_H
#define SOCKCAT_SPEC_DEFAULTS_H

enum {
	DEFAULT_INTERVAL = 1000 * 1000,
	/* connect-timeout of each try, where there are several */
	DEFAULT_CONNECT_TRY = 30 * 1000 * 1000,
	/* from the open transport to the open stack */
	DEFAULT_HANDSHAKE = 30 * 1000 * 1000,
	DEFAULT_IDLE = 30 * 1000 * 1000,	/* of a session by peer */
	/* for the answer after an end that the far side cannot be told */
	DEFAULT_ANSWER = 500 * 1000,
	/* a try of --probe, all in all; and where only an answer can tell */
	DEFAULT_PROBE = 10 * 1000 * 1000,
	DEFAULT_PROBE_ANSWER = 2 * 1000 * 1000,
	DEFAULT_FRAME_MAX = 64 * 1024,
	DEFAULT_WS_MESSAGE = 1024 * 1024,
};

#endif
