/* How protocols that begin in plain text agree upon TLS. */
#include "proto/starttls.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

typedef enum starttls_result hear(struct starttls *s);

struct starttls_kind {
	const char *name;
	/* true if the unit is complete; s->len > 0 */
	bool (*whole)(const struct starttls *s);
	hear *client, *server; /* a unit is there; NULL = that part is not known */
	const char *opening;   /* what a client says first, or NULL */
	size_t opening_len;
};

/* ---- what is said, and what went wrong -------------------------------------- */

static enum starttls_result say_bytes(struct starttls *s, const void *data, size_t n)
{
	memcpy(s->out + s->nout, data, n);
	s->nout += n;
	s->stage++;
	return STARTTLS_MORE;
}

static enum starttls_result say(struct starttls *s, const char *text)
{
	return say_bytes(s, text, strlen(text));
}

static enum starttls_result end(struct starttls *s, enum starttls_result r,
				const char *why)
{
	snprintf(s->why, sizeof(s->why), "%s", why);
	return r;
}

static enum starttls_result quote(struct starttls *s, enum starttls_result r,
				  const char *what, const void *data, size_t n)
{
	char text[96];

	text_escape(text, sizeof(text), data, n);
	snprintf(s->why, sizeof(s->why), "%s \"%s\"", what, text);
	return r;
}

static enum starttls_result no(struct starttls *s)
{
	return quote(s, STARTTLS_NO, "it says", s->unit, s->len);
}

static enum starttls_result odd(struct starttls *s)
{
	return quote(s, STARTTLS_ODD, "what it says is something else:", s->unit, s->len);
}

static enum starttls_result not_offered(struct starttls *s)
{
	return end(s, STARTTLS_NO, "it does not offer TLS");
}

/* ---- lines ------------------------------------------------------------------ */

static bool line_whole(const struct starttls *s)
{
	return s->unit[s->len - 1] == '\n';
}

/* Takes the line's end away, and makes it a string. */
static void trim(struct starttls *s)
{
	while (s->len && (s->unit[s->len - 1] == '\n' || s->unit[s->len - 1] == '\r'))
		s->len--;
	s->unit[s->len] = '\0';
}

static const char *line(const struct starttls *s)
{
	return (const char *)s->unit;
}

static bool begins(const struct starttls *s, const char *with)
{
	size_t n = strlen(with);

	return s->len >= n && text_same(line(s), n, with);
}

/* Is it among the words behind the first `skip` bytes, quoted or not? */
static bool has_word(const struct starttls *s, size_t skip, const char *word)
{
	const char *at = skip < s->len ? line(s) + skip : "";

	while (*at) {
		size_t n = strcspn(at, " \"");

		if (text_same(at, n, word))
			return true;
		at += n + strspn(at + n, " \"");
	}
	return false;
}

/* The three digits in front of the line; 0 = there are none. */
static unsigned code_of(const struct starttls *s)
{
	unsigned code = 0;

	for (unsigned i = 0; i < 3; i++) {
		if (s->unit[i] < '0' || s->unit[i] > '9')
			return 0;
		code = code * 10 + (s->unit[i] - '0');
	}
	return s->unit[3] == '\0' || s->unit[3] == ' ' || s->unit[3] == '-' ? code : 0;
}

/* A reply is a line "220 text", or many, from "220-text" to "220 text"; in FTP those
 * between may be anything.  True: this was the last one, and *code is the reply's;
 * 0 = it is none. */
static bool reply_ends(struct starttls *s, unsigned *code)
{
	bool last;

	*code = code_of(s);
	last = *code && s->unit[3] != '-';
	if (s->reply) {
		last = last && *code == s->reply;
		s->reply = last ? 0 : s->reply;
		return last;
	}
	s->reply = last ? 0 : *code;
	return last || !*code;
}

/* ---- SMTP, FTP, NNTP -------------------------------------------------------- */

/* Greets us, gets the question, grants it with `yes`. */
static enum starttls_result ask_after_greeting(struct starttls *s, const char *question,
					       unsigned yes)
{
	unsigned code;

	trim(s);
	if (!reply_ends(s, &code))
		return STARTTLS_MORE;
	if (!code)
		return odd(s);
	if (s->stage == 0 && code < 200) /* 120: ready in so many minutes */
		return STARTTLS_MORE;
	if (s->stage == 0)
		return code < 300 ? say(s, question) : no(s);
	return code == yes ? STARTTLS_GO : no(s);
}

static enum starttls_result hear_ftp(struct starttls *s)
{
	return ask_after_greeting(s, "AUTH TLS\r\n", 234);
}

static enum starttls_result hear_nntp(struct starttls *s)
{
	return ask_after_greeting(s, "STARTTLS\r\n", 382);
}

static enum starttls_result hear_smtp(struct starttls *s)
{
	unsigned code;

	trim(s);
	if (s->stage == 1 && code_of(s) == 250 && has_word(s, 4, "STARTTLS"))
		s->offered = true;
	if (!reply_ends(s, &code))
		return STARTTLS_MORE;
	if (!code)
		return odd(s);
	switch (s->stage) {
	case 0: /* not the server's name, which many take for a lie */
		return code == 220 ? say(s, "EHLO localhost\r\n") : no(s);
	case 1:
		if (code != 250)
			return no(s);
		return s->offered ? say(s, "STARTTLS\r\n") : not_offered(s);
	default:
		return code == 220 ? STARTTLS_GO : no(s);
	}
}

static enum starttls_result serve_smtp(struct starttls *s)
{
	trim(s);
	if (begins(s, "STARTTLS") && s->len == 8) {
		say(s, "220 go ahead\r\n");
		return STARTTLS_GO;
	}
	if (begins(s, "EHLO "))
		return say(s, "250-localhost\r\n250 STARTTLS\r\n");
	if (begins(s, "HELO "))
		return say(s, "250 localhost\r\n");
	if (begins(s, "NOOP"))
		return say(s, "250 well\r\n");
	if (begins(s, "QUIT")) {
		say(s, "221 bye\r\n");
		return end(s, STARTTLS_NO, "it left without asking for TLS");
	}
	return say(s, "530 STARTTLS comes first\r\n");
}

/* ---- POP3, IMAP, ManageSieve ------------------------------------------------ */

static enum starttls_result hear_pop3(struct starttls *s)
{
	trim(s);
	if (begins(s, "-ERR"))
		return no(s);
	if (!begins(s, "+OK"))
		return odd(s);
	return s->stage == 0 ? say(s, "STLS\r\n") : STARTTLS_GO;
}

static enum starttls_result hear_imap(struct starttls *s)
{
	trim(s);
	if (begins(s, "* BYE") || begins(s, "* PREAUTH"))
		return no(s);
	if (s->stage == 0)
		return begins(s, "* OK") ? say(s, "a CAPABILITY\r\n") : odd(s);
	if (begins(s, "* CAPABILITY ") && has_word(s, 13, "STARTTLS"))
		s->offered = true;
	if (begins(s, "* "))
		return STARTTLS_MORE;
	if (s->stage == 1 && begins(s, "a OK"))
		return s->offered ? say(s, "b STARTTLS\r\n") : not_offered(s);
	if (s->stage == 2 && begins(s, "b OK"))
		return STARTTLS_GO;
	return begins(s, s->stage == 1 ? "a " : "b ") ? no(s) : odd(s);
}

/* Its greeting is a list of what it can, each in quotes, then OK. */
static enum starttls_result hear_sieve(struct starttls *s)
{
	trim(s);
	if (begins(s, "NO") || begins(s, "BYE"))
		return no(s);
	if (begins(s, "OK")) {
		if (s->stage == 1)
			return STARTTLS_GO;
		return s->offered ? say(s, "STARTTLS\r\n") : not_offered(s);
	}
	if (s->stage == 1 || !begins(s, "\""))
		return odd(s);
	s->offered = s->offered || begins(s, "\"STARTTLS\"");
	return STARTTLS_MORE;
}

/* ---- LDAP ------------------------------------------------------------------- */

/* LDAPMessage { messageID 1, ExtendedRequest { requestName 1.3.6.1.4.1.1466.20037 } } */
static const char ldap_request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
				   "1.3.6.1.4.1.1466.20037";

/* BER as LDAP uses it: one byte of tag, a definite length.  Returns the bytes of both,
 * 0 if they are not all there, and -1 if the length is none that we take. */
static int ber_head(const unsigned char *d, size_t n, size_t *content)
{
	size_t bytes = n > 1 ? d[1] & 0x7f : 0;

	if (n < 2)
		return 0;
	*content = bytes;
	if (!(d[1] & 0x80))
		return 2;
	if (bytes == 0 || bytes > 4)
		return -1;
	if (n < 2 + bytes)
		return 0;
	*content = 0;
	for (size_t i = 0; i < bytes; i++)
		*content = *content << 8 | d[2 + i];
	return *content > STARTTLS_UNIT ? -1 : (int)(2 + bytes);
}

static bool ldap_whole(const struct starttls *s)
{
	size_t content;
	int head = ber_head(s->unit, s->len, &content);

	return s->unit[0] != 0x30 || head < 0 ||
	       (head > 0 && s->len >= (size_t)head + content);
}

/* Enters (inside) or passes over the element of that tag at *at.  False: it is not
 * there, or not whole. */
static bool ber_take(const unsigned char **at, const unsigned char *limit, int tag,
		     bool inside, const unsigned char **data, size_t *len)
{
	int head = ber_head(*at, (size_t)(limit - *at), len);

	if (head <= 0 || **at != tag || *len > (size_t)(limit - *at) - (size_t)head)
		return false;
	*data = *at + head;
	*at = inside ? *data : *data + *len;
	return true;
}

/* LDAPMessage { messageID, ExtendedResponse { resultCode, matchedDN, diagnosticMessage
 * ... } } */
static enum starttls_result hear_ldap(struct starttls *s)
{
	const unsigned char *at = s->unit, *limit = s->unit + s->len, *code, *data;
	size_t n, len;

	if (!ber_take(&at, limit, 0x30, true, &data, &n) ||
	    !ber_take(&at, limit, 0x02, false, &data, &n) ||
	    !ber_take(&at, limit, 0x78, true, &data, &n) ||
	    !ber_take(&at, limit, 0x0a, false, &code, &len) || len != 1 ||
	    !ber_take(&at, limit, 0x04, false, &data, &n) ||
	    !ber_take(&at, limit, 0x04, false, &data, &n))
		return odd(s);
	if (*code == 0)
		return STARTTLS_GO;
	return quote(s, STARTTLS_NO, "it refuses:", data, n);
}

/* ---- XMPP ------------------------------------------------------------------- */

/* A tag is a unit, and so is each byte of the text between. */
static bool tag_whole(const struct starttls *s)
{
	unsigned char quote = 0;

	if (s->unit[0] != '<')
		return true;
	for (size_t i = 0; i < s->len; i++) {
		unsigned char c = s->unit[i];

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '>')
			return true;
		else if (c == '"' || c == '\'')
			quote = c;
	}
	return false;
}

/* "</stream:features>" is "/features": what a name means is left to its last part. */
static bool is_tag(const struct starttls *s, const char *name)
{
	const char *at = line(s) + 1, *colon;
	bool close = *at == '/';
	size_t n;

	at += close;
	n = strcspn(at, " \t\r\n/>");
	colon = memchr(at, ':', n);
	if (colon) {
		n -= (size_t)(colon + 1 - at);
		at = colon + 1;
	}
	return close == (*name == '/') && text_same(at, n, name + close);
}

static bool closes_itself(const struct starttls *s)
{
	return s->len > 2 && s->unit[s->len - 2] == '/';
}

static void open_stream(struct starttls *s)
{
	const char *host = s->host ? s->host : "";
	size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789.-_:[]");
	char text[STARTTLS_OUT];
	bool named = n && n < 256 && !host[n];

	snprintf(text, sizeof(text),
		 "<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
		 "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'%s%s%s>",
		 named ? " to='" : "", named ? host : "", named ? "'" : "");
	say(s, text);
}

static enum starttls_result hear_xmpp(struct starttls *s)
{
	s->unit[s->len] = '\0';
	if (s->unit[0] != '<')
		return s->total > 1 ? STARTTLS_MORE : odd(s);
	if (is_tag(s, "error") || is_tag(s, "failure") || is_tag(s, "/stream"))
		return no(s);
	if (s->stage == 1) {
		s->offered = s->offered || is_tag(s, "starttls");
		if (!is_tag(s, "/features") &&
		    !(is_tag(s, "features") && closes_itself(s)))
			return STARTTLS_MORE;
		return s->offered ? say(s, "<starttls xmlns='urn:ietf:params:xml:ns:"
					   "xmpp-tls'/>")
				  : not_offered(s);
	}
	if (is_tag(s, "/proceed") || (is_tag(s, "proceed") && closes_itself(s)))
		return STARTTLS_GO;
	return is_tag(s, "proceed") ? STARTTLS_MORE : odd(s);
}

/* ---- PostgreSQL ------------------------------------------------------------- */

enum { SSL_REQUEST = 80877103, GSS_REQUEST = 80877104 };

static const char postgres_request[] = "\0\0\0\x08\x04\xd2\x16\x2f";

/* A request, or the one letter that answers it. */
static bool postgres_whole(const struct starttls *s)
{
	return s->len == (s->server ? 8 : 1);
}

static enum starttls_result hear_postgres(struct starttls *s)
{
	if (s->unit[0] == 'S')
		return STARTTLS_GO;
	if (s->unit[0] == 'N')
		return not_offered(s);
	return s->unit[0] == 'E' ? end(s, STARTTLS_NO, "it answers with an error")
				 : odd(s);
}

static uint32_t big_endian(const unsigned char *d)
{
	return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
}

static enum starttls_result serve_postgres(struct starttls *s)
{
	static const char error[] = "E\0\0\0\x2eSFATAL\0C28000\0"
				    "MTLS is required (sslmode)\0";
	uint32_t length = big_endian(s->unit), code = big_endian(s->unit + 4);

	if (length == 8 && code == SSL_REQUEST) {
		say(s, "S");
		return STARTTLS_GO;
	}
	if (length == 8 && code == GSS_REQUEST)
		return say(s, "N");
	if (code >> 16 != 3)
		return odd(s);
	say_bytes(s, error, sizeof(error));
	return end(s, STARTTLS_NO, "it wants to go on without TLS");
}

/* ---- MySQL ------------------------------------------------------------------ */

enum {
	MYSQL_HEAD = 4,	       /* length, three bytes, the lowest first; number */
	MYSQL_PROTOCOL = 10,
	MYSQL_ERROR = 0xff,
	MYSQL_CAN_TLS = 0x800,
};

static size_t mysql_length(const unsigned char *d)
{
	return d[0] | (size_t)d[1] << 8 | (size_t)d[2] << 16;
}

/* The head alone is enough where it promises what no greeting has. */
static bool mysql_whole(const struct starttls *s)
{
	size_t n;

	if (s->len < MYSQL_HEAD)
		return false;
	n = MYSQL_HEAD + mysql_length(s->unit);
	return s->len >= n || n > STARTTLS_UNIT;
}

/* Protocol 10 has a version, a NUL, 13 bytes, and the lower half of what it can. */
static enum starttls_result hear_mysql(struct starttls *s)
{
	/* PROTOCOL_41, SSL, SECURE_CONNECTION; packets of 16 MiB; utf8 */
	static const char request[36] = "\x20\0\0\x01\0\x8a\0\0\0\0\0\x01\x21";
	const unsigned char *d = s->unit + MYSQL_HEAD, *nul;
	size_t n = s->len - MYSQL_HEAD, skip;

	if (n > 3 && d[0] == MYSQL_ERROR)
		return quote(s, STARTTLS_NO, "it says", d + 3, n - 3);
	nul = n && d[0] == MYSQL_PROTOCOL ? memchr(d, '\0', n) : NULL;
	skip = nul ? (size_t)(nul - d) + 1 + 13 : 0;
	if (!nul || n < skip + 2)
		return odd(s);
	if (!((d[skip] | d[skip + 1] << 8) & MYSQL_CAN_TLS))
		return not_offered(s);
	say_bytes(s, request, sizeof(request));
	return STARTTLS_GO;
}

/* ---- the whole -------------------------------------------------------------- */

#define OPENING(text) .opening = text, .opening_len = sizeof(text) - 1

static const struct starttls_kind kinds[] = {
	{ .name = "SMTP", .whole = line_whole, .client = hear_smtp,
	  .server = serve_smtp },
	{ .name = "IMAP", .whole = line_whole, .client = hear_imap },
	{ .name = "POP3", .whole = line_whole, .client = hear_pop3 },
	{ .name = "FTP", .whole = line_whole, .client = hear_ftp },
	{ .name = "LDAP", .whole = ldap_whole, .client = hear_ldap,
	  OPENING(ldap_request) },
	{ .name = "XMPP", .whole = tag_whole, .client = hear_xmpp },
	{ .name = "Postgres", .whole = postgres_whole, .client = hear_postgres,
	  .server = serve_postgres, OPENING(postgres_request) },
	{ .name = "MySQL", .whole = mysql_whole, .client = hear_mysql },
	{ .name = "NNTP", .whole = line_whole, .client = hear_nntp },
	{ .name = "Sieve", .whole = line_whole, .client = hear_sieve },
};

const struct starttls_kind *starttls_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (text_same(name, strlen(name), kinds[i].name))
			return &kinds[i];
	return NULL;
}

const char *starttls_name(const struct starttls_kind *kind)
{
	return kind->name;
}

bool starttls_serves(const struct starttls_kind *kind)
{
	return kind->server != NULL;
}

void starttls_start(struct starttls *s, const struct starttls_kind *kind, bool server,
		    const char *host)
{
	*s = (struct starttls){ .kind = kind, .server = server, .host = host };
	if (server && kind->server == serve_smtp)
		say(s, "220 localhost ESMTP\r\n");
	else if (!server && kind->client == hear_xmpp)
		open_stream(s);
	else if (!server && kind->opening)
		say_bytes(s, kind->opening, kind->opening_len);
}

enum starttls_result starttls_feed(struct starttls *s, const void *data, size_t n,
				   size_t *used)
{
	const unsigned char *from = data;
	enum starttls_result r = STARTTLS_MORE;

	for (*used = 0; *used < n && r == STARTTLS_MORE && !s->nout;) {
		if (s->len == STARTTLS_UNIT || s->total++ == STARTTLS_TOTAL)
			return end(s, STARTTLS_ODD, "it talks without end");
		s->unit[s->len++] = from[(*used)++];
		if (!s->kind->whole(s))
			continue;
		r = s->server ? s->kind->server(s) : s->kind->client(s);
		s->len = 0;
	}
	return r;
}

size_t starttls_greeting(struct starttls_greeting *g, const void *data, size_t n)
{
	const char *from = data;
	size_t i;

	for (i = 0; i < n && !g->ended; i++) {
		if (g->at == 0 && !g->more && from[i] != '2') {
			g->ended = true;
			break;
		}
		if (g->at == 3)
			g->more = from[i] == '-';
		g->at++;
		if (from[i] == '\n') {
			g->ended = !g->more;
			g->at = 0;
		}
	}
	return i;
}
