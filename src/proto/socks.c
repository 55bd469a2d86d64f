/* SOCKS 4, 4a and 5: the messages of client and server. */
#include "proto/socks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/name.h"

/* Address types of SOCKS 5; version bytes that are not the protocol's own. */
enum { TYPE_IP4 = 1, TYPE_NAME = 3, TYPE_IP6 = 4 };
enum { REPLY_4 = 0, LOGIN_1 = 1 };
enum { GRANTED_4 = 90 };

/* The figures an address is made of, at sin; their number. */
static size_t address_bytes(const struct name *n, const unsigned char **bytes)
{
	if (n->sa.ss_family == AF_INET) {
		*bytes = (const void *)&((const struct sockaddr_in *)&n->sa)->sin_addr;
		return 4;
	}
	*bytes = (const void *)&((const struct sockaddr_in6 *)&n->sa)->sin6_addr;
	return 16;
}

/* ---- writing ----------------------------------------------------------------- */

static bool put_byte(struct buf *out, unsigned c)
{
	unsigned char byte = (unsigned char)c;

	return buf_add(out, &byte, 1);
}

static bool put_port(struct buf *out, unsigned port)
{
	return put_byte(out, port >> 8) && put_byte(out, port);
}

/* With its NUL, as SOCKS 4 has it. */
static bool put_text(struct buf *out, const char *s)
{
	size_t len = strlen(s);

	return len <= SOCKS_TEXT_MAX && buf_add(out, s, len + 1);
}

/* With its length in front, as SOCKS 5 has it. */
static bool put_counted(struct buf *out, const char *s)
{
	size_t len = strlen(s);

	return len <= SOCKS_TEXT_MAX && put_byte(out, (unsigned)len) &&
	       buf_add(out, s, len);
}

/* SOCKS 4a: such an address says that the name follows. */
static bool is_mark(const unsigned char ip[4])
{
	return memcmp(ip, "\0\0\0", 3) == 0 && ip[3];
}

bool socks4_put_request(struct buf *out, enum socks_command command, bool by_name,
			const struct socks_host *to, const char *user)
{
	static const unsigned char mark[4] = { 0, 0, 0, 1 };
	const unsigned char *ip;
	struct name n;
	bool figures = name_numeric(&n, to->name, 0) && address_bytes(&n, &ip) == 4 &&
		       !is_mark(ip);

	if (!figures && (!by_name || !*to->name))
		return false;
	return put_byte(out, SOCKS_4) && put_byte(out, command) &&
	       put_port(out, to->port) && buf_add(out, figures ? ip : mark, 4) &&
	       put_text(out, user) && (figures || put_text(out, to->name));
}

bool socks5_put_greeting(struct buf *out, bool login)
{
	return put_byte(out, SOCKS_5) && put_byte(out, login ? 2 : 1) &&
	       put_byte(out, SOCKS_FREELY) && (!login || put_byte(out, SOCKS_LOGIN));
}

bool socks5_put_choice(struct buf *out, enum socks_method method)
{
	return put_byte(out, SOCKS_5) && put_byte(out, method);
}

bool socks5_put_login(struct buf *out, const char *user, const char *password)
{
	return *user && put_byte(out, LOGIN_1) && put_counted(out, user) &&
	       put_counted(out, password);
}

/* Requests and replies of SOCKS 5 are built alike. */
static bool put_message(struct buf *out, unsigned what, const struct socks_host *host)
{
	const unsigned char *ip;
	struct name n;
	size_t len = name_numeric(&n, host->name, 0) ? address_bytes(&n, &ip) : 0;

	if (!put_byte(out, SOCKS_5) || !put_byte(out, what) || !put_byte(out, 0))
		return false;
	if (len)
		return put_byte(out, len == 4 ? TYPE_IP4 : TYPE_IP6) &&
		       buf_add(out, ip, len) && put_port(out, host->port);
	return *host->name && put_byte(out, TYPE_NAME) && put_counted(out, host->name) &&
	       put_port(out, host->port);
}

bool socks5_put_request(struct buf *out, enum socks_command command,
			const struct socks_host *to)
{
	return put_message(out, command, to);
}

static bool put_reply_4(struct buf *out, enum socks_answer answer,
			const struct socks_host *at)
{
	static const unsigned char any[4] = { 0 };
	const unsigned char *ip;
	struct name n;

	if (!name_numeric(&n, at->name, 0) || address_bytes(&n, &ip) != 4)
		ip = any;
	return put_byte(out, REPLY_4) &&
	       put_byte(out, answer == SOCKS_GRANTED ? GRANTED_4 : SOCKS_REJECTED) &&
	       put_port(out, at->port) && buf_add(out, ip, 4);
}

bool socks_put_reply(struct buf *out, enum socks_version version,
		     enum socks_answer answer, const struct socks_host *at)
{
	static const struct socks_host unknown = { .name = "0.0.0.0" };

	if (!at)
		at = &unknown;
	return version == SOCKS_4 ? put_reply_4(out, answer, at)
				  : put_message(out, answer, at);
}

/* ---- reading ----------------------------------------------------------------- */

/* The message is n bytes long as far as one can see. */
static enum socks_parse needs(size_t n, size_t len, size_t *size)
{
	*size = n;
	return len < n ? SOCKS_SHORT : SOCKS_WHOLE;
}

static unsigned port_at(const unsigned char *data)
{
	return (unsigned)data[0] << 8 | data[1];
}

static bool get_name(char to[SOCKS_TEXT_MAX + 1], const unsigned char *from, size_t n)
{
	memcpy(to, from, n);
	to[n] = '\0';
	return !memchr(from, '\0', n);
}

/* The host that begins with its type at data[3].  Any such message has five bytes,
 * and the fifth is all one must see to know how many more. */
static enum socks_parse get_host(const unsigned char *data, size_t len, size_t *size,
				 struct socks_host *out)
{
	size_t n;

	if (needs(5, len, size) == SOCKS_SHORT)
		return SOCKS_SHORT;
	n = data[3] == TYPE_IP4 ? 4 : data[3] == TYPE_IP6 ? 16 : 1u + data[4];
	if (data[3] != TYPE_IP4 && data[3] != TYPE_IP6 && data[3] != TYPE_NAME)
		return SOCKS_BAD;
	if (needs(4 + n + 2, len, size) == SOCKS_SHORT)
		return SOCKS_SHORT;
	out->port = port_at(data + 4 + n);
	if (data[3] == TYPE_NAME)
		return get_name(out->name, data + 5, n - 1) ? SOCKS_WHOLE : SOCKS_BAD;
	inet_ntop(n == 4 ? AF_INET : AF_INET6, data + 4, out->name, sizeof(out->name));
	return SOCKS_WHOLE;
}

enum socks_parse socks5_get_choice(const unsigned char *data, size_t len, size_t *size,
				   unsigned *method)
{
	if (len > 0 && data[0] != SOCKS_5)
		return SOCKS_BAD;
	if (needs(2, len, size) == SOCKS_SHORT)
		return SOCKS_SHORT;
	*method = data[1];
	return SOCKS_WHOLE;
}

/* Not all servers put RFC 1929's version number there. */
enum socks_parse socks5_get_verdict(const unsigned char *data, size_t len, size_t *size,
				    bool *accepted)
{
	if (needs(2, len, size) == SOCKS_SHORT)
		return SOCKS_SHORT;
	*accepted = data[1] == 0;
	return SOCKS_WHOLE;
}

static enum socks_parse get_reply_4(const unsigned char *data, size_t len, size_t *size,
				    struct socks_reply *out)
{
	if (data[1] != GRANTED_4) {
		out->answer = data[1];
		return data[1] < GRANTED_4 ? SOCKS_BAD : SOCKS_WHOLE;
	}
	if (needs(8, len, size) == SOCKS_SHORT)
		return SOCKS_SHORT;
	out->answer = SOCKS_GRANTED;
	out->at.port = port_at(data + 2);
	inet_ntop(AF_INET, data + 4, out->at.name, sizeof(out->at.name));
	return SOCKS_WHOLE;
}

enum socks_parse socks_get_reply(enum socks_version version, const unsigned char *data,
				 size_t len, size_t *size, struct socks_reply *out)
{
	unsigned char first = version == SOCKS_4 ? REPLY_4 : SOCKS_5;

	if (len > 0 && data[0] != first)
		return SOCKS_BAD;
	if (needs(2, len, size) == SOCKS_SHORT)
		return SOCKS_SHORT;
	if (version == SOCKS_4)
		return get_reply_4(data, len, size, out);
	out->answer = data[1];
	return data[1] == SOCKS_GRANTED ? get_host(data, len, size, &out->at)
					: SOCKS_WHOLE;
}

enum socks_parse socks5_get_greeting(const unsigned char *data, size_t len, size_t *size,
				     bool *freely)
{
	if (len > 0 && data[0] != SOCKS_5)
		return SOCKS_BAD;
	if (needs(2, len, size) == SOCKS_SHORT ||
	    needs(2u + data[1], len, size) == SOCKS_SHORT)
		return SOCKS_SHORT;
	*freely = memchr(data + 2, SOCKS_FREELY, data[1]) != NULL;
	return SOCKS_WHOLE;
}

/* The text that ends with a NUL, from data[*size] on. */
static enum socks_parse get_text(const unsigned char *data, size_t len, size_t *size,
				 char to[SOCKS_TEXT_MAX + 1])
{
	const unsigned char *from = data + *size;
	size_t there = len - *size;
	const unsigned char *end = memchr(from, '\0', there);

	if (end)
		there = (size_t)(end - from);
	if (there > SOCKS_TEXT_MAX)
		return SOCKS_BAD;
	if (!end)
		return needs(len + 1, len, size);
	get_name(to, from, there);
	*size += there + 1;
	return SOCKS_WHOLE;
}

static enum socks_parse get_request_4(const unsigned char *data, size_t len, size_t *size,
				      struct socks_request *out)
{
	enum socks_parse r;

	if (needs(9, len, size) == SOCKS_SHORT)
		return SOCKS_SHORT;
	*size = 8;
	r = get_text(data, len, size, out->user);
	if (r != SOCKS_WHOLE)
		return r;
	out->to.port = port_at(data + 2);
	if (is_mark(data + 4))
		return get_text(data, len, size, out->to.name);
	inet_ntop(AF_INET, data + 4, out->to.name, sizeof(out->to.name));
	return SOCKS_WHOLE;
}

static enum socks_parse get_request_5(const unsigned char *data, size_t len, size_t *size,
				      struct socks_request *out,
				      enum socks_answer *refusal)
{
	enum socks_parse r = get_host(data, len, size, &out->to);

	out->user[0] = '\0';
	if (r == SOCKS_BAD && data[3] != TYPE_NAME)
		*refusal = SOCKS_NO_ADDRESS_TYPE;
	return r;
}

enum socks_parse socks_get_request(const unsigned char *data, size_t len, size_t *size,
				   struct socks_request *out, enum socks_answer *refusal)
{
	enum socks_parse r;

	*refusal = SOCKS_FAILED;
	out->version = 0;
	if (len > 0 && data[0] != SOCKS_4 && data[0] != SOCKS_5)
		return SOCKS_BAD;
	if (needs(2, len, size) == SOCKS_SHORT)
		return SOCKS_SHORT;
	out->version = data[0];
	out->command = data[1];
	r = data[0] == SOCKS_4 ? get_request_4(data, len, size, out)
			       : get_request_5(data, len, size, out, refusal);
	return r == SOCKS_WHOLE && !*out->to.name ? SOCKS_BAD : r;
}

/* ---- words ------------------------------------------------------------------- */

const char *socks_answer_text(unsigned answer)
{
	static const char *const text[] = {
		[SOCKS_GRANTED] = "granted",
		[SOCKS_FAILED] = "general failure of the server",
		[SOCKS_FORBIDDEN] = "not allowed by its rules",
		[SOCKS_NO_NETWORK] = "network unreachable",
		[SOCKS_NO_HOST] = "host unreachable",
		[SOCKS_REFUSED] = "connection refused",
		[SOCKS_TTL_EXPIRED] = "TTL expired",
		[SOCKS_NO_COMMAND] = "command not supported",
		[SOCKS_NO_ADDRESS_TYPE] = "address type not supported",
		[SOCKS_REJECTED] = "request rejected or failed",
		[SOCKS_NO_IDENT] = "it found no identd on this machine",
		[SOCKS_OTHER_USER] = "the identd here names another user",
	};

	return answer < sizeof(text) / sizeof(*text) ? text[answer] : NULL;
}
