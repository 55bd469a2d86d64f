/* Growable bytes with a hard maximum.
 *
 * Invariants: len <= cap <= max; data[0 .. len) is valid; data is NULL until the
 * first byte comes, and again after buf_free(). */
#ifndef SOCKCAT_BASE_BUF_H
#define SOCKCAT_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	unsigned char *data;	/* own */
	size_t len, cap, max;
};

/* An empty buffer that will never hold more than max bytes.  Allocates nothing. */
void buf_init(struct buf *b, size_t max);

/* Append.  False, with the buffer unchanged, when it would pass max or memory
 * is short. */
bool buf_add(struct buf *b, const void *from, size_t n);
bool buf_format(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Room for n more bytes at data + len, or NULL; the caller fills some and adds
 * what it filled to len. */
unsigned char *buf_room(struct buf *b, size_t n);

/* Remove n bytes (n <= len) from the front. */
void buf_drop(struct buf *b, size_t n);

/* Empty again; the memory is given back, max stays. */
void buf_free(struct buf *b);

#endif
