/* Numbers, durations and sizes as users write them, read strictly; case-blind
 * comparison; escaping.  All parsers take len bytes (no NUL needed), leave the
 * output untouched on failure, and accept no leading or trailing garbage. */
#ifndef SOCKCAT_BASE_TEXT_H
#define SOCKCAT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* C syntax: decimal, 0x hex, 0 octal, sign.  False if malformed or not within
 * [min, max]; if malformed *malformed is set (when not NULL). */
bool text_number(const char *s, size_t len, long long min, long long max,
		 long long *out, bool *malformed);

/* The number, 0 to max, in a variable of the environment; else what is said. */
long long text_variable(const char *name, long long max, long long otherwise);

/* Unsigned decimal seconds with fraction ("0.5", "3"), or with a unit:
 * us ms s m h d ("250ms", "1.5h").  Microseconds out. */
bool text_duration(const char *s, size_t len, uint64_t *usec);

/* Bytes: number with an optional k M G T (1024-based; "KiB"-style endings too). */
bool text_size(const char *s, size_t len, uint64_t *bytes);

/* A share of the whole, "5%", "0.5%" or "0.05"; millionths out, at most 1000000. */
bool text_share(const char *s, size_t len, uint32_t *millionths);

/* on/off/yes/no/true/false/1/0 and other numbers (non-zero is true). */
bool text_bool(const char *s, size_t len, bool *out);

/* ASCII case-blind equality of a (len bytes) and b (NUL-terminated, whole). */
bool text_same(const char *a, size_t len, const char *b);

/* ASCII case-blind: is the word (len bytes) one of the blank-separated names?
 * Returns its index or -1. */
int text_in_list(const char *word, size_t len, const char *names);

/* Edit distance (insert, delete, change, swap neighbours = 1), case-blind,
 * for "did you mean".  Words longer than 64 bytes are far from everything. */
unsigned text_distance(const char *a, size_t alen, const char *b, size_t blen);

/* Length of the UTF-8 character at the start of len > 0 bytes, 0 if it has to be
 * escaped: a control character, or no UTF-8. */
size_t text_printable(const void *from, size_t len);

/* Copies with control characters and invalid UTF-8 escaped (\n \t \x1b); the result is
 * NUL-terminated and never cut inside an escape.  Returns its length. */
size_t text_escape(char *to, size_t cap, const void *from, size_t len);

/* The longest length <= n at which s may be cut without splitting a UTF-8
 * character. */
size_t text_cut(const char *s, size_t n);

/* 2500000 -> "2.5 s", 40000 -> "40 ms"; microseconds in.  For messages. */
void text_from_duration(char *to, size_t cap, uint64_t usec);

/* 1572864 -> "1.5 MiB", 999 -> "999 B": the largest binary unit of which there is one,
 * rounded to its tenths.  At most 10 characters. */
void text_from_size(char *to, size_t cap, uint64_t bytes);

#endif
