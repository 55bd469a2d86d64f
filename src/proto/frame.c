/* Messages in a stream: where one ends and the next begins. */
#include "proto/frame.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

enum {
	SLIP_END = 0xc0,
	SLIP_ESC = 0xdb,
	SLIP_ESC_END = 0xdc,
	SLIP_ESC_ESC = 0xdd,
	COBS_BLOCK = 0xff, /* the code of a block that no zero follows */
	DIGITS = 20,	   /* of any size_t */
};

/* One framing: how it is read, how it is written, and what they go by. */
struct format {
	const char *names;
	enum frame_found (*take)(struct frame *f, const struct format *how,
				 const unsigned char *from, size_t len, size_t *used);
	/* returns the bytes written to `to`, which has room for all */
	size_t (*put)(const struct format *how, const unsigned char *msg, size_t len,
		      unsigned char *to);
	size_t size;	    /* bytes of a binary length */
	bool little;	    /* its low byte comes first */
	bool empty;	    /* a message of no bytes can be told from none */
	unsigned char mark; /* what ends the message, or the decimal length */
	const char *behind; /* what follows the message */
};

/* ---- the message so far ------------------------------------------------------ */

static void begin(struct frame *f)
{
	f->msg.len = 0;
	f->whole = f->begun = f->body = f->escaped = f->zero = false;
	f->digits = 0;
	f->left = 0;
}

static enum frame_found whole(struct frame *f)
{
	f->whole = true;
	return FRAME_MESSAGE;
}

static enum frame_found add(struct frame *f, const unsigned char *from, size_t n)
{
	if (n > f->msg.max - f->msg.len)
		return FRAME_LONG;
	return buf_add(&f->msg, from, n) ? FRAME_MORE : FRAME_MEMORY;
}

/* ---- the length first -------------------------------------------------------- */

static enum frame_found length_known(struct frame *f)
{
	f->body = true;
	return f->left > f->msg.max ? FRAME_LONG : FRAME_MORE;
}

static enum frame_found take_binary_byte(struct frame *f, const struct format *how,
					 unsigned char c)
{
	unsigned shift = how->little ? 8 * f->digits : 0;

	f->left = how->little ? f->left | (size_t)c << shift : f->left << 8 | c;
	return ++f->digits == how->size ? length_known(f) : FRAME_MORE;
}

/* No needless zeros in front; RFC 6587 has no messages of 0 bytes either. */
static enum frame_found take_decimal_byte(struct frame *f, const struct format *how,
					  unsigned char c)
{
	if (c == how->mark && f->digits)
		return length_known(f);
	if (c < '0' || c > '9' || (f->digits && f->left == 0) ||
	    (c == '0' && !f->digits && !how->empty))
		return FRAME_BAD;
	f->digits++;
	f->left = f->left * 10 + (size_t)(c - '0');
	return f->left > f->msg.max ? FRAME_LONG : FRAME_MORE;
}

static enum frame_found take_length(struct frame *f, const struct format *how,
				    const unsigned char *from, size_t len, size_t *used)
{
	enum frame_found r = FRAME_MORE;

	while (r == FRAME_MORE && !f->body && *used < len) {
		unsigned char c = from[(*used)++];

		r = how->size ? take_binary_byte(f, how, c)
			      : take_decimal_byte(f, how, c);
	}
	return r;
}

static enum frame_found take_counted(struct frame *f, const struct format *how,
				     const unsigned char *from, size_t len, size_t *used)
{
	enum frame_found r = take_length(f, how, from, len, used);
	size_t n = len - *used < f->left ? len - *used : f->left;

	if (r != FRAME_MORE || !f->body)
		return r;
	r = add(f, from + *used, n);
	if (r != FRAME_MORE)
		return r;
	*used += n;
	f->left -= n;
	if (f->left)
		return FRAME_MORE;
	if (!how->behind)
		return whole(f);
	if (*used == len)
		return FRAME_MORE;
	return from[(*used)++] == (unsigned char)*how->behind ? whole(f) : FRAME_BAD;
}

static size_t put_binary(const struct format *how, const unsigned char *msg, size_t len,
			 unsigned char *to)
{
	for (size_t i = 0; i < how->size; i++) {
		size_t place = how->little ? i : how->size - 1 - i;

		to[i] = (unsigned char)(len >> 8 * place);
	}
	memcpy(to + how->size, msg, len);
	return how->size + len;
}

static size_t put_decimal(const struct format *how, const unsigned char *msg, size_t len,
			  unsigned char *to)
{
	unsigned char digit[DIGITS];
	size_t n = DIGITS, used, rest = len;

	do
		digit[--n] = (unsigned char)('0' + rest % 10);
	while (rest /= 10);
	used = DIGITS - n;
	memcpy(to, digit + n, used);
	to[used++] = how->mark;
	memcpy(to + used, msg, len);
	used += len;
	if (how->behind)
		to[used++] = (unsigned char)*how->behind;
	return used;
}

/* ---- a mark behind ----------------------------------------------------------- */

static enum frame_found take_marked(struct frame *f, const struct format *how,
				    const unsigned char *from, size_t len, size_t *used)
{
	const unsigned char *mark = memchr(from, how->mark, len);
	size_t n = mark ? (size_t)(mark - from) : len;
	enum frame_found r = add(f, from, n);

	if (r != FRAME_MORE)
		return r;
	*used = n + (mark ? 1 : 0);
	return mark ? whole(f) : FRAME_MORE;
}

static size_t put_marked(const struct format *how, const unsigned char *msg, size_t len,
			 unsigned char *to)
{
	memcpy(to, msg, len);
	to[len] = how->mark;
	return len + 1;
}

/* ---- SLIP --------------------------------------------------------------------- */

static enum frame_found unescape(struct frame *f, unsigned char c)
{
	static const unsigned char end = SLIP_END, esc = SLIP_ESC;

	f->escaped = false;
	if (c == SLIP_ESC_END)
		return add(f, &end, 1);
	return c == SLIP_ESC_ESC ? add(f, &esc, 1) : FRAME_BAD;
}

/* The END in front of a message would end an empty one: there are none. */
static enum frame_found take_slip_byte(struct frame *f, unsigned char c)
{
	if (f->escaped)
		return unescape(f, c);
	if (c == SLIP_END)
		return f->msg.len ? whole(f) : FRAME_MORE;
	if (c != SLIP_ESC)
		return add(f, &c, 1);
	f->escaped = true;
	return FRAME_MORE;
}

static enum frame_found take_slip(struct frame *f, const struct format *how,
				  const unsigned char *from, size_t len, size_t *used)
{
	enum frame_found r = FRAME_MORE;

	(void)how;
	while (r == FRAME_MORE && *used < len)
		r = take_slip_byte(f, from[(*used)++]);
	return r;
}

/* An END in front as well, so that noise on the line is no part of the message. */
static size_t put_slip(const struct format *how, const unsigned char *msg, size_t len,
		       unsigned char *to)
{
	size_t n = 0;

	(void)how;
	to[n++] = SLIP_END;
	for (size_t i = 0; i < len; i++) {
		bool end = msg[i] == SLIP_END, esc = msg[i] == SLIP_ESC;

		if (end || esc)
			to[n++] = SLIP_ESC;
		to[n++] = end ? SLIP_ESC_END : esc ? SLIP_ESC_ESC : msg[i];
	}
	to[n++] = SLIP_END;
	return n;
}

/* ---- COBS --------------------------------------------------------------------- */

static enum frame_found take_cobs_code(struct frame *f, unsigned char code)
{
	static const unsigned char zero = 0;
	enum frame_found r = f->zero ? add(f, &zero, 1) : FRAME_MORE;

	f->begun = true;
	f->zero = code != COBS_BLOCK;
	f->left = code - 1u;
	return r;
}

/* Zeros between messages are nothing: some senders begin with one. */
static enum frame_found take_cobs_byte(struct frame *f, unsigned char c)
{
	if (c == 0 && !f->begun)
		return FRAME_MORE;
	if (c == 0)
		return f->left ? FRAME_BAD : whole(f);
	if (!f->left)
		return take_cobs_code(f, c);
	f->left--;
	return add(f, &c, 1);
}

static enum frame_found take_cobs(struct frame *f, const struct format *how,
				  const unsigned char *from, size_t len, size_t *used)
{
	enum frame_found r = FRAME_MORE;

	(void)how;
	while (r == FRAME_MORE && *used < len)
		r = take_cobs_byte(f, from[(*used)++]);
	return r;
}

/* Each zero, and the end, closes a block; a block has its length in front, and a full
 * one closes by itself. */
static size_t put_cobs(const struct format *how, const unsigned char *msg, size_t len,
		       unsigned char *to)
{
	size_t code = 0, n = 1;

	(void)how;
	for (size_t i = 0; i < len; i++) {
		if (msg[i])
			to[n++] = msg[i];
		if (msg[i] && (n - code < COBS_BLOCK || i + 1 == len))
			continue;
		to[code] = (unsigned char)(n - code);
		code = n++;
	}
	to[code] = (unsigned char)(n - code);
	to[n++] = 0;
	return n;
}

/* ---- the table ---------------------------------------------------------------- */

#define BINARY(bytes) \
	.take = take_counted, .put = put_binary, .size = bytes, .empty = true
#define DECIMAL(c) .take = take_counted, .put = put_decimal, .mark = c
#define MARKED(c) .take = take_marked, .put = put_marked, .mark = c, .empty = true

static const struct format formats[FRAME_KINDS] = {
	[FRAME_LEN8] = { "len8", BINARY(1) },
	[FRAME_LEN16] = { "len16", BINARY(2) },
	[FRAME_LEN16LE] = { "len16le", BINARY(2), .little = true },
	[FRAME_LEN32] = { "len32", BINARY(4) },
	[FRAME_LEN32LE] = { "len32le", BINARY(4), .little = true },
	[FRAME_LINE] = { "line", MARKED('\n') },
	[FRAME_NUL] = { "nul", MARKED('\0') },
	[FRAME_SLIP] = { "slip", .take = take_slip, .put = put_slip },
	[FRAME_COBS] = { "cobs", .take = take_cobs, .put = put_cobs, .empty = true },
	[FRAME_NETSTRING] = { "netstring", DECIMAL(':'), .behind = ",", .empty = true },
	[FRAME_OCTET] = { "octet syslog", DECIMAL(' ') },
};

enum frame_kind frame_find(const char *name)
{
	for (unsigned i = 0; i < FRAME_KINDS; i++)
		if (text_in_list(name, strlen(name), formats[i].names) >= 0)
			return (enum frame_kind)i;
	return FRAME_KINDS;
}

const char *frame_names(void)
{
	return "len8, len16, len16le, len32, len32le, line, nul, slip, cobs, netstring, "
	       "octet (or syslog)";
}

const char *frame_name(enum frame_kind kind)
{
	return kind == FRAME_OCTET ? "octet" : formats[kind].names;
}

size_t frame_limit(enum frame_kind kind)
{
	const size_t bytes = formats[kind].size;

	if (!bytes || bytes >= sizeof(size_t))
		return SIZE_MAX;
	return ((size_t)1 << 8 * bytes) - 1;
}

/* ---- writing ------------------------------------------------------------------ */

const char *frame_refuses(enum frame_kind kind, const unsigned char *msg, size_t len)
{
	const struct format *how = &formats[kind];

	if (len > frame_limit(kind))
		return "is longer than its length has room for";
	if (!len && !how->empty)
		return "is empty";
	if (len && how->take == take_marked && memchr(msg, how->mark, len))
		return how->mark ? "has a line end in it" : "has a zero byte in it";
	return NULL;
}

size_t frame_room(enum frame_kind kind, size_t len)
{
	switch (kind) {
	case FRAME_SLIP:
		return 2 * len + 2;
	case FRAME_COBS:
		return len + len / (COBS_BLOCK - 1) + 2;
	default:
		return len + DIGITS + 2;
	}
}

bool frame_put(enum frame_kind kind, const unsigned char *msg, size_t len,
	       struct buf *out)
{
	unsigned char *to = buf_room(out, frame_room(kind, len));

	if (!to)
		return false;
	out->len += formats[kind].put(&formats[kind], msg, len, to);
	return true;
}

/* ---- reading ------------------------------------------------------------------ */

void frame_init(struct frame *f, enum frame_kind kind, size_t max)
{
	*f = (struct frame){ .kind = kind };
	buf_init(&f->msg, max);
}

void frame_free(struct frame *f)
{
	buf_free(&f->msg);
	begin(f);
}

enum frame_found frame_take(struct frame *f, const unsigned char *from, size_t len,
			    size_t *used)
{
	const struct format *how = &formats[f->kind];

	*used = 0;
	if (f->whole)
		begin(f);
	return len ? how->take(f, how, from, len, used) : FRAME_MORE;
}

bool frame_between(const struct frame *f)
{
	return f->whole || !(f->msg.len || f->digits || f->escaped || f->begun);
}

enum frame_found frame_end(struct frame *f)
{
	if (frame_between(f))
		return FRAME_MORE;
	return f->kind == FRAME_LINE ? whole(f) : FRAME_BAD;
}
