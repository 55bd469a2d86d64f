/* Whether bytes are UTF-8 (RFC 3629). */
#include "proto/utf8.h"

/* The first byte decides the length, and in five cases what may follow: no
 * character has two forms, surrogates are none, and U+10FFFF is the last. */
static bool begin(struct utf8 *u, unsigned char c)
{
	if (c < 0x80)
		return true;
	if (c < 0xc2 || c > 0xf4)
		return false;
	u->have = 1;
	u->left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	u->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	u->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	return true;
}

static bool go_on(struct utf8 *u, unsigned char c)
{
	if (c < u->low || c > u->high)
		return false;
	u->have++;
	u->low = 0x80;
	u->high = 0xbf;
	if (--u->left == 0)
		*u = (struct utf8){ 0 };
	return true;
}

bool utf8_check(struct utf8 *u, const void *data, size_t len)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < len; i++)
		if (!(u->left ? go_on(u, at[i]) : begin(u, at[i])))
			return false;
	return true;
}
