/* SOCKS 4, 4a and 5: the messages of client and server as bytes.
 *
 * SOCKS 4 and 4a are described in the memos "SOCKS: A protocol for TCP proxy across
 * firewalls" and "SOCKS 4A: A Simple Extension to SOCKS 4 Protocol"; SOCKS 5 is
 * RFC 1928, its login by user and password RFC 1929.  No message is longer than
 * SOCKS_MESSAGE_MAX bytes.
 *
 *	SOCKS 4, 4a	request -> reply
 *	SOCKS 5		greeting -> choice [, login -> verdict], request -> reply
 *
 * To BIND there are two replies: where the server waits, and who has come. */
#ifndef SOCKCAT_PROTO_SOCKS_H
#define SOCKCAT_PROTO_SOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum {
	SOCKS_TEXT_MAX = 255, /* of a host's name, a user, a password, in bytes */
	SOCKS_MESSAGE_MAX = 8 + 2 * (SOCKS_TEXT_MAX + 1),
};

enum socks_version { SOCKS_4 = 4, SOCKS_5 = 5 };

/* RFC 1928 section 4. */
enum socks_command { SOCKS_CONNECT = 1, SOCKS_BIND = 2, SOCKS_UDP = 3 };

/* RFC 1928 section 3. */
enum socks_method { SOCKS_FREELY = 0, SOCKS_LOGIN = 2, SOCKS_NO_METHOD = 0xff };

/* RFC 1928 section 6, and what SOCKS 4 has of its own; its 90 is SOCKS_GRANTED here.
 * Servers may use other numbers, none is above 255. */
enum socks_answer {
	SOCKS_GRANTED = 0,
	SOCKS_FAILED = 1,
	SOCKS_FORBIDDEN = 2,
	SOCKS_NO_NETWORK = 3,
	SOCKS_NO_HOST = 4,
	SOCKS_REFUSED = 5,
	SOCKS_TTL_EXPIRED = 6,
	SOCKS_NO_COMMAND = 7,
	SOCKS_NO_ADDRESS_TYPE = 8,
	SOCKS_REJECTED = 91,	/* by SOCKS 4, which gives no reason */
	SOCKS_NO_IDENT = 92,	/* the server found no identd at the client's */
	SOCKS_OTHER_USER = 93,	/* and here it named somebody else */
};

/* A host and a port as the messages carry them.  The name is an IPv4 or IPv6 address
 * in figures, without brackets, if the message had an address; else whatever the
 * peer wrote, but never a NUL. */
struct socks_host {
	char name[SOCKS_TEXT_MAX + 1];
	unsigned port;		/* 0 to 65535 */
};

struct socks_request {
	unsigned char version;	/* enum socks_version */
	unsigned char command;	/* as it came: may be none of ours */
	struct socks_host to;
	char user[SOCKS_TEXT_MAX + 1];	/* SOCKS 4 only, else "" */
};

struct socks_reply {
	unsigned char answer;	/* enum socks_answer, or a number that is not there */
	struct socks_host at;	/* only if granted; the name may be empty */
};

/* What the readers say of the bytes that have come so far. */
enum socks_parse {
	SOCKS_WHOLE,	/* out is filled; the message was *size <= len bytes long */
	SOCKS_SHORT,	/* ask again when there are *size > len bytes */
	SOCKS_BAD,	/* no such message; out and *size mean nothing */
};

/* ---- client ------------------------------------------------------------------ */

/* Each appends one message; false (and out is of no use) if a text is longer than
 * SOCKS_TEXT_MAX, a host's name is empty, or memory is short.  A host that is an
 * address in figures (brackets allowed) is sent as such. */

/* by_name: SOCKS 4a, a host that is no IPv4 address goes as text.  Without it
 * that is refused (false). */
bool socks4_put_request(struct buf *out, enum socks_command command, bool by_name,
			const struct socks_host *to, const char *user);

/* login: the server may ask for user and password. */
bool socks5_put_greeting(struct buf *out, bool login);
/* The user may not be empty; a password is, where a server asks for a name only. */
bool socks5_put_login(struct buf *out, const char *user, const char *password);
bool socks5_put_request(struct buf *out, enum socks_command command,
			const struct socks_host *to);

/* *method: enum socks_method, or another number. */
enum socks_parse socks5_get_choice(const unsigned char *data, size_t len, size_t *size,
				   unsigned *method);

enum socks_parse socks5_get_verdict(const unsigned char *data, size_t len, size_t *size,
				    bool *accepted);

/* A refusal is whole as soon as it is one: of its address nobody wants to know, and
 * some servers leave it out. */
enum socks_parse socks_get_reply(enum socks_version version, const unsigned char *data,
				 size_t len, size_t *size, struct socks_reply *out);

/* The meaning of an answer in words, "connection refused"; NULL for a number that
 * stands nowhere. */
const char *socks_answer_text(unsigned answer);

/* ---- server ------------------------------------------------------------------ */

/* *freely: the client can do without a login. */
enum socks_parse socks5_get_greeting(const unsigned char *data, size_t len, size_t *size,
				     bool *freely);

bool socks5_put_choice(struct buf *out, enum socks_method method);

/* Of any version: the first byte tells.  A greeting of SOCKS 5 looks alike and has
 * to be read before.  SOCKS_BAD: *refusal is what to answer, in out->version if that
 * is not 0. */
enum socks_parse socks_get_request(const unsigned char *data, size_t len, size_t *size,
				   struct socks_request *out, enum socks_answer *refusal);

/* at: the server's own address for this connection (NULL: not known); a name, which
 * SOCKS 4 has no place for, counts as not known.  SOCKS 4 knows one refusal only. */
bool socks_put_reply(struct buf *out, enum socks_version version,
		     enum socks_answer answer, const struct socks_host *at);

#endif
