/* Values in plain words. */
#include "cli/plainly.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"

static const char digits[] = "0123456789abcdef";

const char *plainly_quoted(char to[PLAIN_TEXT], const char *text)
{
	const size_t room = PLAIN_TEXT - sizeof("\"...");
	size_t n = 1;

	to[0] = '"';
	/* a byte takes four at most, a character of UTF-8 has four at most */
	while (*text && n + 20 < room) {
		const size_t most = (room - n - 1) / 4;
		size_t plain = strcspn(text, "\"\\");

		if (plain > most)
			plain = text_cut(text, most);
		if (plain)
			n += text_escape(to + n, room - n, text, plain);
		else
			n += (size_t)snprintf(to + n, room - n, "\\%c", *text);
		text += plain ? plain : 1;
	}
	snprintf(to + n, PLAIN_TEXT - n, *text ? "\"..." : "\"");
	return to;
}

const char *plainly_bytes(char to[PLAIN_TEXT], long long n)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	unsigned i = 0;

	for (; n && n % 1024 == 0 && i < 4; i++)
		n /= 1024;
	snprintf(to, PLAIN_TEXT, "%lld %s", n, n == 1 && !i ? "byte" : units[i]);
	return to;
}

static void share(char to[PLAIN_TEXT], long long millionths)
{
	snprintf(to, PLAIN_TEXT, "%g %%", (double)millionths / 10000);
}

/* 0640 -> "0640 (rw-r-----)". */
static void mode(char to[PLAIN_TEXT], long long bits)
{
	static const char letters[] = "rwxrwxrwx";
	char text[] = "---------";

	for (unsigned i = 0; i < 9; i++)
		if (bits & (0400 >> i))
			text[i] = letters[i];
	snprintf(to, PLAIN_TEXT, "0%llo (%s)", (unsigned long long)bits, text);
}

static void character(char to[PLAIN_TEXT], long long c)
{
	if (c < ' ' || c == 127)
		snprintf(to, PLAIN_TEXT, "^%c", (int)(c == 127 ? '?' : c + '@'));
	else
		snprintf(to, PLAIN_TEXT, c < 127 ? "'%c'" : "0x%02x", (int)c);
}

static void family(char to[PLAIN_TEXT], long long n)
{
	const char *name = n == AF_INET ? "IPv4" : n == AF_INET6 ? "IPv6" :
			   n == AF_UNIX ? "UNIX" : "of number";

	snprintf(to, PLAIN_TEXT, "%s (%lld)", name, n);
}

static void socktype(char to[PLAIN_TEXT], long long n)
{
	const char *name = n == SOCK_STREAM ? "stream" : n == SOCK_DGRAM ? "datagrams" :
			   n == SOCK_SEQPACKET ? "packets in sequence" :
			   n == SOCK_RAW ? "raw packets" : "of kind";

	snprintf(to, PLAIN_TEXT, "%s (%lld)", name, n);
}

static void bytes(char *to, size_t cap, const char *before, const struct optval *v)
{
	size_t n = (size_t)snprintf(to, cap, "%s", before);

	for (size_t i = 0; i < v->nbytes && n + 6 < cap; i++) {
		to[n++] = digits[v->bytes[i] >> 4];
		to[n++] = digits[v->bytes[i] & 15];
	}
	snprintf(to + n, cap - n, n + 6 < cap ? "" : "...");
}

/* "1:2:" of the numbers that stand first, then what follows them. */
static void several(char to[PLAIN_TEXT], const struct optval *v, unsigned numbers)
{
	const long long n[] = { v->num, v->num2, v->num3 };
	char rest[PLAIN_TEXT];
	size_t used = 0;

	for (unsigned i = 0; i < numbers; i++)
		used += (size_t)snprintf(to + used, PLAIN_TEXT - used, "%s%lld",
					 i ? ":" : "", n[i]);
	if (v->text)
		snprintf(to + used, PLAIN_TEXT - used, ":%.200s",
			 plainly_quoted(rest, v->text));
	else if (v->nbytes)
		bytes(to + used, PLAIN_TEXT - used, ":bytes ", v);
}

static void number(char to[PLAIN_TEXT], const struct optval *v)
{
	if (v->text)	/* a service's name, or nothing */
		plainly_quoted(to, v->text);
	else
		snprintf(to, PLAIN_TEXT, "%lld", v->num);
}

static void text_or_nothing(char to[PLAIN_TEXT], const struct optval *v)
{
	*to = '\0';
	if (v->text)
		plainly_quoted(to, v->text);
}

const char *plainly_value(char to[PLAIN_TEXT], const struct optval *v)
{
	switch ((enum opt_value)v->opt->value) {
	case V_FLAG: *to = '\0'; break;
	case V_BOOL: snprintf(to, PLAIN_TEXT, v->num ? "yes" : "no"); break;
	case V_SIZE: case V_OFFSET: plainly_bytes(to, v->num); break;
	case V_TIME: text_from_duration(to, PLAIN_TEXT, v->usec); break;
	case V_SHARE: share(to, v->num); break;
	case V_SPAN:
		snprintf(to, PLAIN_TEXT, v->num == v->num2 ? "%lld" : "%lld to %lld",
			 v->num, v->num2);
		break;
	case V_SECRET: snprintf(to, PLAIN_TEXT, "********"); break;
	case V_TEXT: case V_TEXT_OPTIONAL: case V_RANGE: case V_ADDRESS:
		text_or_nothing(to, v);
		break;
	case V_USER: snprintf(to, PLAIN_TEXT, "user %lld", v->num); break;
	case V_GROUP: snprintf(to, PLAIN_TEXT, "group %lld", v->num); break;
	case V_MODE: mode(to, v->num); break;
	case V_CHAR: character(to, v->num); break;
	case V_FAMILY: family(to, v->num); break;
	case V_SOCKTYPE: socktype(to, v->num); break;
	case V_BYTES: bytes(to, PLAIN_TEXT, "bytes ", v); break;
	case V_INT_INT: case V_INT2_BYTES: case V_INT2_TEXT: several(to, v, 2); break;
	case V_INT_TEXT: case V_INT_BYTES: several(to, v, 1); break;
	case V_INT3: several(to, v, 3); break;
	default: number(to, v); break;
	}
	return to;
}
