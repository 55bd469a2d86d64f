/* Bytes as text: base64 (RFC 4648, section 4). */
#include "proto/base64.h"

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_put(struct buf *out, const void *data, size_t len)
{
	const unsigned char *from = data;

	for (size_t i = 0; i < len; i += 3) {
		unsigned long bits = (unsigned long)from[i] << 16;
		char four[4];

		if (i + 1 < len)
			bits |= (unsigned long)from[i + 1] << 8;
		if (i + 2 < len)
			bits |= from[i + 2];
		four[0] = digits[bits >> 18];
		four[1] = digits[bits >> 12 & 63];
		four[2] = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		four[3] = i + 2 < len ? digits[bits & 63] : '=';
		if (!buf_add(out, four, sizeof(four)))
			return false;
	}
	return true;
}
