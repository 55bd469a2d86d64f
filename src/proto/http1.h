/* HTTP/1 heads: start line and fields of a request or an answer (RFC 9112), read
 * and written.  Bodies are nobody's business here. */
#ifndef SOCKCAT_PROTO_HTTP1_H
#define SOCKCAT_PROTO_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The longest head that is read, in bytes, its empty line included. */
enum { HTTP1_MAX = 16 * 1024 };

/* So many answers 1xx a client takes before the one that counts. */
enum { HTTP1_INTERIM = 16 };

/* ---- reading ---------------------------------------------------------------- */

/* A piece of a head: a reference into the bytes given, without a NUL; at is NULL
 * where there is none. */
struct http1_text {
	const char *at;		/* ref */
	size_t len;
};

struct http1_head {
	unsigned minor;			/* the 1 of HTTP/1.1; 0 to 9 */
	struct http1_text method, target;	/* requests: "GET", "/chat" */
	unsigned status;		/* answers: 100 to 599 */
	struct http1_text reason;	/* answers: may be empty */
	struct http1_text fields;	/* all field lines */
	size_t size;			/* of the head: what follows begins here */
};

enum http1 {
	HTTP1_MORE,	/* fine so far, but not complete */
	HTTP1_OK,	/* complete: head is filled */
	HTTP1_BAD,	/* never going to be one: *why says what is wrong */
};

/* Each looks at all bytes of a head from its first one on, len of them so far, and
 * is called again with more.  What cannot become a head is found out at its first
 * wrong byte of the start line, the rest when the head is complete or longer than
 * HTTP1_MAX.  A line may end with LF alone (RFC 9112, section 2.2).  Refused are
 * control characters, folded lines (section 5.2), blanks before a field's colon
 * (section 5.1) and versions other than HTTP/1.x.  *why is a constant clause
 * ("a field line has no colon"). */
enum http1 http1_read_request(const void *data, size_t len, struct http1_head *head,
			      const char **why);
enum http1 http1_read_answer(const void *data, size_t len, struct http1_head *head,
			     const char **why);

/* Value of the first field of that name, case-blind, without blanks around it. */
struct http1_text http1_field(const struct http1_head *head, const char *name);

/* How often a field of that name is there. */
unsigned http1_count(const struct http1_head *head, const char *name);

/* Whether the comma-separated lists in all fields of that name have the word, be it
 * with parameters behind it; name and word are case-blind: ("Connection", "upgrade"),
 * ("Proxy-Authenticate", "basic"). */
bool http1_lists(const struct http1_head *head, const char *name, const char *word);

/* Content-Length; false if there is none or no single number (section 6.3). */
bool http1_length(const struct http1_head *head, uint64_t *length);

/* ---- writing ---------------------------------------------------------------- */

/* A name of a field or method (token, RFC 9110, section 5.6.2), a value of a field,
 * a request's target: whether the text can be written as such. */
bool http1_is_token(const char *s);
bool http1_is_value(const char *s);
bool http1_is_target(const char *s);

/* A head is a start line, fields, and the end.  All append to out; false when it
 * would pass its maximum or memory is short.  The texts have been checked with the
 * functions above. */
bool http1_put_request(struct buf *out, const char *method, const char *target,
		       unsigned minor);
bool http1_put_status(struct buf *out, unsigned status, unsigned minor);
bool http1_put_field(struct buf *out, const char *name, const char *value);
bool http1_put_end(struct buf *out);

/* A field whose value is Basic credentials (RFC 7617); who is "user:password". */
bool http1_put_basic(struct buf *out, const char *name, const char *who);

/* The words that go with a status (RFC 9110, section 15): 404 is "Not Found";
 * "Unknown" for one that has none here. */
const char *http1_reason(unsigned status);

#endif
