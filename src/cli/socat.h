/* The socat dialect: what differs from our own on the command line. */
#ifndef SOCKCAT_CLI_SOCAT_H
#define SOCKCAT_CLI_SOCAT_H

#include <stdio.h>

#include "cli/options.h"

/* socat's defaults, and what its environment variables SOCAT_DEFAULT_LISTEN_IP and
 * SOCAT_PREFERRED_RESOLVE_IP ask for. */
void socat_defaults(struct cli *c);

/* 0 or 1, but 128+n after signal n. */
int socat_exit_code(const struct fail *f);

/* -V: the version on the second line, then one "#define WITH_NAME 1" for each
 * feature that works in this build. */
void socat_version(FILE *to);

/* -h: flags and address types; -hh: option names, too; -hhh: all their aliases.
 * Only what works in this build.  False: out of memory. */
bool socat_help(FILE *to, unsigned level);

#endif
