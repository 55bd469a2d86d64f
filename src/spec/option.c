/* Values of options, read strictly by kind. */
#include "spec/option.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>

#include "base/name.h"
#include "base/text.h"
#include "spec/constants.h"

/* The value being read and where its caret goes. */
struct reading {
	struct optval *v;
	const char *text; /* unquoted; NULL = there was no '=' */
	const char *input;
	size_t at, len;
	struct fail *fail;
};

const char *option_value_help(enum opt_value kind)
{
	static const char *const help[V_KINDS] = {
		[V_FLAG] = "no value",
		[V_BOOL] = "yes or no, 1 or 0; alone it means yes",
		[V_INT] = "a number; alone it means 1",
		[V_INT_OPTIONAL] =
			"a number, or nothing behind the \"=\"; alone it means 1",
		[V_UINT] = "a number from 0 up; alone it means 1",
		[V_BYTE] = "a number from 0 to 255",
		[V_PORT] = "a port, 0 to 65535, or a service's name",
		[V_SIZE] = "bytes, with k, M, G or T behind the number if you like",
		[V_OFFSET] = "bytes, with k, M, G or T behind the number if you like",
		[V_TIME] = "seconds such as 0.5, or a number with us, ms, s, m, h or d",
		[V_SHARE] = "a share such as 5% or 0.05",
		[V_SPAN] = "a number from 1 up, or two as in 1..7",
		[V_TEXT] = "text",
		[V_TEXT_OPTIONAL] = "text, or no value",
		[V_SECRET] = "text",
		[V_MODE] = "an octal mode such as 640",
		[V_USER] = "a user's name or number",
		[V_GROUP] = "a group's name or number",
		[V_BYTES] = "data: x0a0b, i5, s-1, b255, \"text\", 'c', in a row",
		[V_CHAR] = "a character, ^C notation, or a code from 0 to 255",
		[V_RANGE] = "a network: 10.0.0.0/8, 10.0.0.0:255.0.0.0 or [fe80::]/10",
		[V_FAMILY] = "ip4, ip6, unix, vsock, or a number",
		[V_INT_INT] = "two numbers, NUMBER:NUMBER",
		[V_INT_TEXT] = "a number and text, NUMBER:TEXT",
		[V_INT_BYTES] = "a number and data, NUMBER:DATA with data as x0a0b or i5",
		[V_INT3] = "three numbers, LEVEL:NAME:NUMBER",
		[V_INT2_BYTES] =
			"two numbers and data, LEVEL:NAME:DATA with data as x0a0b or i5",
		[V_INT2_TEXT] = "two numbers and text, LEVEL:NAME:TEXT",
		[V_ADDRESS] = "a numeric IP address",
		[V_SOCKTYPE] = "stream, dgram, seqpacket, raw, or a number",
	};

	return kind < V_KINDS ? help[kind] : "";
}

static enum io wrong(const struct reading *r)
{
	return fail_at(r->fail, r->input, r->at, r->len, "option %s takes %s",
		       r->v->name, option_value_help(r->v->opt->value));
}

static enum io out_of_range(const struct reading *r, long long min, long long max)
{
	return fail_at(r->fail, r->input, r->at, r->len,
		       "option %s takes a number from %lld to %lld", r->v->name, min,
		       max);
}

/* ---- numbers ------------------------------------------------------------ */

static enum io number(const struct reading *r, const char *s, size_t len, long long min,
		      long long max, long long *out)
{
	bool malformed = false;

	if (text_number(s, len, min, max, out, &malformed))
		return IO_OK;
	return malformed ? wrong(r) : out_of_range(r, min, max);
}

static enum io whole_number(const struct reading *r, long long min, long long max)
{
	return number(r, r->text, strlen(r->text), min, max, &r->v->num);
}

/* An ioctl request is a number that fills 32 bits. */
static enum io read_int(const struct reading *r)
{
	long long max = r->v->opt->act.how == HOW_IOCTL_VOID ? UINT_MAX : INT_MAX;

	return whole_number(r, INT_MIN, max);
}

static enum io read_int_optional(const struct reading *r)
{
	if (*r->text)
		return read_int(r);
	r->v->text = r->text;
	return IO_OK;
}

static enum io read_uint(const struct reading *r)
{
	return whole_number(r, 0, INT_MAX);
}

static enum io read_byte(const struct reading *r)
{
	return whole_number(r, 0, 255);
}

static enum io read_bool(const struct reading *r)
{
	bool yes;

	if (!text_bool(r->text, strlen(r->text), &yes))
		return wrong(r);
	r->v->num = yes;
	return IO_OK;
}

static enum io read_port(const struct reading *r)
{
	char c = *r->text;

	if ((c >= '0' && c <= '9') || c == '-' || c == '+')
		return whole_number(r, 0, 65535);
	if (!c)
		return wrong(r);
	r->v->num = -1;
	r->v->text = r->text;
	return IO_OK;
}

static enum io read_size(const struct reading *r)
{
	uint64_t bytes;

	if (text_number(r->text, strlen(r->text), 0, LLONG_MAX, &r->v->num, NULL))
		return IO_OK;
	if (!text_size(r->text, strlen(r->text), &bytes) || bytes > LLONG_MAX)
		return wrong(r);
	r->v->num = (long long)bytes;
	return IO_OK;
}

static enum io read_offset(const struct reading *r)
{
	bool back = *r->text == '-';
	uint64_t bytes;

	if (text_number(r->text, strlen(r->text), LLONG_MIN, LLONG_MAX, &r->v->num, NULL))
		return IO_OK;
	if (!text_size(r->text + back, strlen(r->text + back), &bytes) ||
	    bytes > LLONG_MAX)
		return wrong(r);
	r->v->num = back ? -(long long)bytes : (long long)bytes;
	return IO_OK;
}

static enum io read_time(const struct reading *r)
{
	if (!text_duration(r->text, strlen(r->text), &r->v->usec))
		return wrong(r);
	return IO_OK;
}

static enum io read_share(const struct reading *r)
{
	uint32_t share;

	if (!text_share(r->text, strlen(r->text), &share))
		return wrong(r);
	r->v->num = share;
	return IO_OK;
}

static enum io read_span(const struct reading *r)
{
	const char *dots = strstr(r->text, "..");
	const char *last = dots ? dots + 2 : r->text;
	size_t len = dots ? (size_t)(dots - r->text) : strlen(r->text);

	if (number(r, r->text, len, 1, INT_MAX, &r->v->num) != IO_OK)
		return IO_FAIL;
	return number(r, last, strlen(last), r->v->num, INT_MAX, &r->v->num2);
}

static enum io read_mode(const struct reading *r)
{
	long long mode = 0;

	if (!*r->text)
		return wrong(r);
	for (const char *s = r->text; *s; s++) {
		if (*s < '0' || *s > '7' || mode > 07777)
			return wrong(r);
		mode = mode * 8 + (*s - '0');
	}
	if (mode > 07777)
		return wrong(r);
	r->v->num = mode;
	return IO_OK;
}

/* ---- words -------------------------------------------------------------- */

static enum io read_text(const struct reading *r)
{
	if (!*r->text)
		return fail_at(r->fail, r->input, r->at, r->len,
			       "option %s needs something behind the \"=\"",
			       r->v->name);
	r->v->text = r->text;
	return IO_OK;
}

static enum io read_text_optional(const struct reading *r)
{
	r->v->text = r->text;
	return IO_OK;
}

static bool is_number(const char *s)
{
	return (*s >= '0' && *s <= '9') || *s == '-' || *s == '+';
}

static enum io nobody(const struct reading *r, const char *what)
{
	return fail_at(r->fail, r->input, r->at, r->len, "this system has no %s \"%s\"",
		       what, r->text);
}

static enum io read_user(const struct reading *r)
{
	const struct passwd *pw;

	if (is_number(r->text))
		return whole_number(r, 0, UINT_MAX - 1);
	pw = *r->text ? getpwnam(r->text) : NULL;
	if (!pw)
		return nobody(r, "user");
	r->v->num = pw->pw_uid;
	return IO_OK;
}

static enum io read_group(const struct reading *r)
{
	const struct group *gr;

	if (is_number(r->text))
		return whole_number(r, 0, UINT_MAX - 1);
	gr = *r->text ? getgrnam(r->text) : NULL;
	if (!gr)
		return nobody(r, "group");
	r->v->num = gr->gr_gid;
	return IO_OK;
}

/* ^C as terminals write it; ^? is DEL. */
static bool control_character(const char *s, long long *out)
{
	int c = s[0] == '^' && s[1] && !s[2] ? s[1] : 0;

	if (c >= 'a' && c <= 'z')
		c += 'A' - 'a';
	if (c < '?' || c > '_')
		return false;
	*out = c == '?' ? 127 : c - '@';
	return true;
}

static enum io read_char(const struct reading *r)
{
	if (control_character(r->text, &r->v->num))
		return IO_OK;
	if (r->text[0] && !r->text[1] && !is_number(r->text)) {
		r->v->num = (unsigned char)r->text[0];
		return IO_OK;
	}
	return whole_number(r, 0, 255);
}

static enum io read_range(const struct reading *r)
{
	struct range range;

	if (!range_parse(r->text, strlen(r->text), &range))
		return wrong(r);
	r->v->text = r->text;
	return IO_OK;
}

static enum io read_address(const struct reading *r)
{
	struct name name;

	if (!name_numeric(&name, r->text, 0))
		return wrong(r);
	r->v->text = r->text;
	return IO_OK;
}

struct word {
	const char *names;
	int num;
};

static enum io read_word(const struct reading *r, const struct word *words, size_t n)
{
	if (is_number(r->text))
		return whole_number(r, 0, INT_MAX);
	for (size_t i = 0; i < n; i++)
		if (text_in_list(r->text, strlen(r->text), words[i].names) >= 0) {
			r->v->num = words[i].num;
			return IO_OK;
		}
	return wrong(r);
}

static enum io read_family(const struct reading *r)
{
	static const struct word words[] = {
		{ "ip4 ipv4 ip inet inet4 pf_inet af_inet", AF_INET },
		{ "ip6 ipv6 inet6 pf_inet6 af_inet6", AF_INET6 },
		{ "unix local file pf_unix af_unix pf_local af_local", AF_UNIX },
		{ "vsock pf_vsock af_vsock", AF_VSOCK },
		{ "packet pf_packet af_packet", AF_PACKET },
	};

	return read_word(r, words, sizeof(words) / sizeof(*words));
}

static enum io read_socktype(const struct reading *r)
{
	static const struct word words[] = {
		{ "stream sock_stream", SOCK_STREAM },
		{ "dgram datagram sock_dgram", SOCK_DGRAM },
		{ "seqpacket sock_seqpacket", SOCK_SEQPACKET },
		{ "raw sock_raw", SOCK_RAW },
	};

	return read_word(r, words, sizeof(words) / sizeof(*words));
}

/* ---- several in one ----------------------------------------------------- */

static enum io bytes_from(const struct reading *r, const char *s)
{
	if (!*s || !option_bytes(s, &r->v->bytes, &r->v->nbytes))
		return wrong(r);
	return IO_OK;
}

static enum io read_bytes(const struct reading *r)
{
	return bytes_from(r, r->text);
}

/* Numbers with colons between and behind them; *rest = what follows.  The
 * kernel's own numbers fill 32 bits, signed or not. */
static enum io leading_numbers(const struct reading *r, unsigned count, const char **rest)
{
	long long *to[] = { &r->v->num, &r->v->num2, &r->v->num3 };
	const char *s = r->text;

	for (unsigned i = 0; i < count; i++) {
		size_t len = strcspn(s, ":");

		if (s[len] != ':' || number(r, s, len, INT_MIN, UINT_MAX, to[i]) != IO_OK)
			return wrong(r);
		s += len + 1;
	}
	*rest = s;
	return IO_OK;
}

static enum io numbers(const struct reading *r, unsigned count)
{
	long long *last = count == 2 ? &r->v->num2 : &r->v->num3;
	const char *rest = r->text;

	if (leading_numbers(r, count - 1, &rest) != IO_OK)
		return IO_FAIL;
	return number(r, rest, strlen(rest), INT_MIN, UINT_MAX, last);
}

static enum io numbers_and_text(const struct reading *r, unsigned count)
{
	return leading_numbers(r, count, &r->v->text);
}

static enum io numbers_and_bytes(const struct reading *r, unsigned count)
{
	const char *rest = r->text;

	if (leading_numbers(r, count, &rest) != IO_OK)
		return IO_FAIL;
	return bytes_from(r, rest);
}

static enum io read_int_int(const struct reading *r)
{
	return numbers(r, 2);
}

static enum io read_int3(const struct reading *r)
{
	return numbers(r, 3);
}

static enum io read_int_text(const struct reading *r)
{
	return numbers_and_text(r, 1);
}

static enum io read_int2_text(const struct reading *r)
{
	return numbers_and_text(r, 2);
}

static enum io read_int_bytes(const struct reading *r)
{
	return numbers_and_bytes(r, 1);
}

static enum io read_int2_bytes(const struct reading *r)
{
	return numbers_and_bytes(r, 2);
}

/* ---- all kinds ---------------------------------------------------------- */

static enum io read_flag(const struct reading *r)
{
	return wrong(r);
}

static enum io (*const readers[V_KINDS])(const struct reading *r) = {
	[V_FLAG] = read_flag,
	[V_BOOL] = read_bool,
	[V_INT] = read_int,
	[V_INT_OPTIONAL] = read_int_optional,
	[V_UINT] = read_uint,
	[V_BYTE] = read_byte,
	[V_PORT] = read_port,
	[V_SIZE] = read_size,
	[V_OFFSET] = read_offset,
	[V_TIME] = read_time,
	[V_SHARE] = read_share,
	[V_SPAN] = read_span,
	[V_TEXT] = read_text,
	[V_SECRET] = read_text,
	[V_TEXT_OPTIONAL] = read_text_optional,
	[V_MODE] = read_mode,
	[V_USER] = read_user,
	[V_GROUP] = read_group,
	[V_BYTES] = read_bytes,
	[V_CHAR] = read_char,
	[V_RANGE] = read_range,
	[V_FAMILY] = read_family,
	[V_INT_INT] = read_int_int,
	[V_INT_TEXT] = read_int_text,
	[V_INT_BYTES] = read_int_bytes,
	[V_INT3] = read_int3,
	[V_INT2_BYTES] = read_int2_bytes,
	[V_INT2_TEXT] = read_int2_text,
	[V_ADDRESS] = read_address,
	[V_SOCKTYPE] = read_socktype,
};

/* The option's name stood alone. */
static enum io read_nothing(const struct reading *r)
{
	switch (r->v->opt->value) {
	case V_FLAG:
	case V_BOOL:
	case V_INT:
	case V_INT_OPTIONAL:
	case V_UINT:
	case V_TEXT_OPTIONAL:
		r->v->num = 1;
		return IO_OK;
	default:
		return fail_at(r->fail, r->input, r->at, r->len,
			       "option %s needs a value: %s", r->v->name,
			       option_value_help(r->v->opt->value));
	}
}

enum io optval_parse(struct optval *v, const char *text, const char *input, size_t at,
		     size_t len, struct fail *f)
{
	const struct reading r = { v, text, input, at, len, f };

	return text ? readers[v->opt->value](&r) : read_nothing(&r);
}
