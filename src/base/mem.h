/* Checked allocation.  Every allocation of the program comes through here, so
 * that a test can make the nth one fail and watch the program cope. */
#ifndef SOCKCAT_BASE_MEM_H
#define SOCKCAT_BASE_MEM_H

#include <stddef.h>

/* Zeroed memory for n objects of the size; NULL when there is none or n * size
 * overflows.  The caller owns it and gives it to mem_free(). */
void *mem_new(size_t n, size_t size);

/* Grows or shrinks; NULL leaves old valid and owned by the caller. */
void *mem_resize(void *old, size_t n, size_t size);

/* A copy of len bytes with a NUL behind. */
char *mem_text(const char *from, size_t len);

/* Formatted text of its own. */
char *mem_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* NULL is fine. */
void mem_free(void *p);

/* The nth allocation from now on (1 = the next) fails, once; 0 = never.
 * main sets it from SOCKCAT_FAIL_ALLOC. */
void mem_fail_at(unsigned long n);

#endif
