/* Values in plain words. */
#ifndef SOCKCAT_CLI_PLAINLY_H
#define SOCKCAT_CLI_PLAINLY_H

#include "spec/option.h"

enum { PLAIN_TEXT = 400 };

/* In double quotes, control characters escaped; what does not fit ends in "...". */
const char *plainly_quoted(char to[PLAIN_TEXT], const char *text);

/* "64 KiB", "1000 bytes". */
const char *plainly_bytes(char to[PLAIN_TEXT], long long n);

/* The value as it was read: "yes", "1.5 s", "\"s.pem\""; "" where there is none.  Those
 * of V_SECRET are asterisks.  All return to. */
const char *plainly_value(char to[PLAIN_TEXT], const struct optval *v);

#endif
