/* "Did you mean": the known name nearest to what was typed. */
#ifndef SOCKCAT_SPEC_SUGGEST_H
#define SOCKCAT_SPEC_SUGGEST_H

#include "spec/spec.h"

enum { SUGGEST_TEXT = 64 };

/* Write "; did you mean \"reuseaddr\"?" or nothing into to; return to. */
const char *suggest_type(const char *word, size_t len, char to[SUGGEST_TEXT]);

/* Options of these groups come first; 0 = any. */
const char *suggest_option(const char *word, size_t len, uint64_t groups,
			   char to[SUGGEST_TEXT]);

/* Names of the addresses that take options of these groups: "tcp-connect, ...". */
void suggest_takers(uint64_t groups, char *to, size_t cap);

/* Where only layers take them, the stack with the first of these in front:
 * ", as in frame+tcp:host:port"; else nothing.  Not if it has a layer of that kind. */
void suggest_stack(const struct spec *s, uint64_t groups, char *to, size_t cap);

#endif
