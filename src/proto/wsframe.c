/* WebSocket frames and keys (RFC 6455). */
#include "proto/wsframe.h"

#include <string.h>

#include "proto/base64.h"
#include "proto/sha1.h"
#include "proto/utf8.h"

enum {
	FIN = 0x80,
	RESERVED = 0x70,
	OPCODE = 0x0f,
	MASKED = 0x80,
	LENGTH = 0x7f,
	LENGTH_16 = 126, /* the length is in the next 2 bytes */
	LENGTH_64 = 127, /* in the next 8 */
	KEY_LEN = 24,
};

/* ---- headers ---------------------------------------------------------------- */

static size_t length_size(unsigned char second)
{
	unsigned n = second & LENGTH;

	return n == LENGTH_64 ? 8 : n == LENGTH_16 ? 2 : 0;
}

size_t wsframe_size(const unsigned char *head)
{
	return 2 + length_size(head[1]) + (head[1] & MASKED ? 4 : 0);
}

static uint64_t get_number(const unsigned char *at, size_t bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | *at++;
	return n;
}

static void put_number(unsigned char *to, uint64_t n, size_t bytes)
{
	while (bytes--) {
		to[bytes] = (unsigned char)n;
		n >>= 8;
	}
}

/* How a length is written, the shortest way. */
static unsigned char length_form(uint64_t len)
{
	return (unsigned char)(len > UINT16_MAX	  ? LENGTH_64
			       : len >= LENGTH_16 ? LENGTH_16
						  : len);
}

static bool is_opcode(unsigned char opcode)
{
	return opcode <= WSFRAME_BINARY ||
	       (opcode >= WSFRAME_CLOSE && opcode <= WSFRAME_PONG);
}

static const char *check(const unsigned char *head, const struct wsframe *f)
{
	if (head[0] & RESERVED)
		return "a reserved bit is set";
	if (!is_opcode(f->opcode))
		return "a frame is of an unknown kind";
	if (f->len >> 63)
		return "a length has its highest bit set";
	if ((head[1] & LENGTH) != length_form(f->len))
		return "a length is not in its shortest form";
	if (wsframe_is_control(f) && !f->fin)
		return "a control frame is in pieces";
	if (wsframe_is_control(f) && f->len > WSFRAME_CONTROL)
		return "a control frame is longer than 125 bytes";
	return NULL;
}

const char *wsframe_read(const unsigned char *head, struct wsframe *f)
{
	size_t n = length_size(head[1]);

	*f = (struct wsframe){
		.opcode = head[0] & OPCODE,
		.fin = head[0] & FIN,
		.masked = head[1] & MASKED,
		.len = n ? get_number(head + 2, n) : head[1] & LENGTH,
	};
	if (f->masked)
		memcpy(f->mask, head + 2 + n, sizeof(f->mask));
	return check(head, f);
}

const char *wsframe_fits(const struct wsframe *f, bool inside, bool from_client)
{
	if (f->masked != from_client)
		return from_client ? "a client's frame is not masked"
				   : "a server's frame is masked";
	if (wsframe_is_control(f))
		return NULL;
	if (inside && f->opcode != WSFRAME_MORE)
		return "a message begins within another";
	if (!inside && f->opcode == WSFRAME_MORE)
		return "a message goes on that was not begun";
	return NULL;
}

size_t wsframe_put(unsigned char head[WSFRAME_HEAD], const struct wsframe *f)
{
	unsigned char form = length_form(f->len);
	size_t n = length_size(form);

	head[0] = (unsigned char)((f->fin ? FIN : 0) | f->opcode);
	head[1] = (unsigned char)((f->masked ? MASKED : 0) | form);
	put_number(head + 2, f->len, n);
	if (f->masked)
		memcpy(head + 2 + n, f->mask, sizeof(f->mask));
	return wsframe_size(head);
}

void wsframe_mask(const struct wsframe *f, uint64_t at, void *data, size_t len)
{
	unsigned char *to = data;

	for (size_t i = 0; f->masked && i < len; i++)
		to[i] ^= f->mask[(at + i) % 4];
}

/* ---- the end ---------------------------------------------------------------- */

/* Those that section 7.4 and its registry let a peer send. */
static bool is_status(unsigned status)
{
	return (status >= 1000 && status <= 1003) || (status >= 1007 && status <= 1014) ||
	       (status >= 3000 && status <= 4999);
}

const char *wsframe_read_close(const unsigned char *payload, size_t len, unsigned *status)
{
	struct utf8 u = { 0 };

	*status = WSCLOSE_NONE;
	if (len == 0)
		return NULL;
	if (len == 1)
		return "a close has half a status";
	*status = (unsigned)get_number(payload, 2);
	if (!is_status(*status))
		return "a close has a status that there is not";
	if (!utf8_check(&u, payload + 2, len - 2) || u.left)
		return "the reason of a close is not UTF-8";
	return NULL;
}

size_t wsframe_put_close(unsigned char payload[2], unsigned status)
{
	if (status == WSCLOSE_NONE)
		return 0;
	put_number(payload, status, 2);
	return 2;
}

/* ---- keys ------------------------------------------------------------------- */

bool wsframe_put_key(struct buf *out, const unsigned char random[16])
{
	return base64_put(out, random, 16);
}

bool wsframe_put_accept(struct buf *out, const char *key, size_t len)
{
	static const char id[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char digest[SHA1_SIZE];
	struct buf both;
	bool ok;

	buf_init(&both, len + sizeof(id) - 1);
	ok = buf_add(&both, key, len) && buf_add(&both, id, sizeof(id) - 1);
	if (ok) {
		sha1(both.data, both.len, digest);
		ok = base64_put(out, digest, sizeof(digest));
	}
	buf_free(&both);
	return ok;
}

bool wsframe_is_key(const char *key, size_t len)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";

	if (len != KEY_LEN || key[KEY_LEN - 2] != '=' || key[KEY_LEN - 1] != '=')
		return false;
	for (size_t i = 0; i < KEY_LEN - 2; i++)
		if (!key[i] || !strchr(letters, key[i]))
			return false;
	return true;
}
