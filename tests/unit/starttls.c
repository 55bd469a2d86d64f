/* proto/starttls: ten protocols, what each side says, whatever the pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/starttls.h"

struct bytes {
	const char *data;
	size_t len;
};
#define B(text) { text, sizeof(text) - 1 }

/* What the other side says from first to last, and what we answer to all that. */
struct dialogue {
	const char *kind;
	bool server;
	enum starttls_result end;
	struct bytes in, out;
	const char *why; /* part of it, for NO and ODD */
};

#define LDAP_ASKS B("\x30\x1d\x02\x01\x01\x77\x18\x80\x16" "1.3.6.1.4.1.1466.20037")
#define XMPP_OPENS                                                                       \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "                     \
	"xmlns:stream='http://etherx.jabber.org/streams' version='1.0' to='far.example'>"
#define XMPP_ASKS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define XMPP_GREETS                                                                      \
	"<?xml version='1.0'?><stream:stream from='a>b' id=\"'>\" version='1.0'>\n"
#define XMPP_OFFERS                                                                      \
	"<stream:features><starttls xmlns='x'><required/></starttls>"                    \
	"<mechanism>PLAIN</mechanism></stream:features>"
#define PG_ASKS B("\0\0\0\x08\x04\xd2\x16\x2f")
#define MYSQL_GREETS(can)                                                                \
	B("\x1c\0\0\0\x0a" "8.0.1\0" "idid" "saltsalt" "\0" can "\x21\0\0\0\0\0")
#define MYSQL_ASKS                                                                       \
	B("\x20\0\0\x01\0\x8a\0\0\0\0\0\x01\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")

static const struct dialogue dialogues[] = {
	{ "smtp", false, STARTTLS_GO,
	  B("220-hello\r\n220 mail\r\n250-mail\r\n250-STARTTLS\r\n250 HELP\r\n220 go\r\n"),
	  B("EHLO localhost\r\nSTARTTLS\r\n"), NULL },
	{ "SMTP", false, STARTTLS_GO, B("220 m\n250 starttls\n220\n"),
	  B("EHLO localhost\r\nSTARTTLS\r\n"), NULL },
	{ "smtp", false, STARTTLS_NO, B("220 m\r\n250-m\r\n250-XSTARTTLS\r\n250 HELP\r\n"),
	  B("EHLO localhost\r\n"), "does not offer" },
	{ "smtp", false, STARTTLS_NO, B("554 go \x1b away\r\n"), B(""), "554 go \\x1b away" },
	{ "smtp", false, STARTTLS_NO, B("220 m\r\n502 what\r\n"), B("EHLO localhost\r\n"),
	  "502 what" },
	{ "smtp", false, STARTTLS_NO, B("220 m\r\n250 STARTTLS\r\n454 not now\r\n"),
	  B("EHLO localhost\r\nSTARTTLS\r\n"), "454 not now" },
	{ "smtp", false, STARTTLS_ODD, B("SSH-2.0-x\r\n"), B(""), "SSH-2.0-x" },
	{ "smtp", false, STARTTLS_ODD, B("220-a\r\n\r\n220 b\r\nb\r\n"),
	  B("EHLO localhost\r\n"), "something else" },

	{ "ftp", false, STARTTLS_GO,
	  B("120 wait\r\n220-hi\r\n  200 free text\r\n220 ready\r\n234 go\r\n"),
	  B("AUTH TLS\r\n"), NULL },
	{ "ftp", false, STARTTLS_NO, B("220 a\r\n530 login first\r\n"), B("AUTH TLS\r\n"),
	  "530 login first" },
	{ "nntp", false, STARTTLS_GO, B("201 no posting\r\n382 go\r\n"), B("STARTTLS\r\n"),
	  NULL },
	{ "nntp", false, STARTTLS_NO, B("400 down\r\n"), B(""), "400 down" },

	{ "pop3", false, STARTTLS_GO, B("+OK hi\r\n+OK go\r\n"), B("STLS\r\n"), NULL },
	{ "pop3", false, STARTTLS_NO, B("+OK hi\r\n-ERR what\r\n"), B("STLS\r\n"),
	  "-ERR what" },
	{ "pop3", false, STARTTLS_ODD, B("* OK imap\r\n"), B(""), "* OK imap" },

	{ "imap", false, STARTTLS_GO,
	  B("* OK hi\r\n* CAPABILITY IMAP4rev1 STARTTLS\r\na OK\r\n* x\r\nb OK go\r\n"),
	  B("a CAPABILITY\r\nb STARTTLS\r\n"), NULL },
	{ "imap", false, STARTTLS_NO, B("* OK\r\n* CAPABILITY IMAP4\r\na OK\r\n"),
	  B("a CAPABILITY\r\n"), "does not offer" },
	{ "imap", false, STARTTLS_NO, B("* PREAUTH you\r\n"), B(""), "PREAUTH" },
	{ "imap", false, STARTTLS_NO, B("* OK\r\na BAD no\r\n"), B("a CAPABILITY\r\n"),
	  "a BAD no" },
	{ "imap", false, STARTTLS_ODD, B("* OK\r\nc OK\r\n"), B("a CAPABILITY\r\n"), "c OK" },

	{ "sieve", false, STARTTLS_GO,
	  B("\"IMPLEMENTATION\" \"x\"\r\n\"StartTLS\"\r\nOK \"hi\"\r\nOK \"go\"\r\n"),
	  B("STARTTLS\r\n"), NULL },
	{ "sieve", false, STARTTLS_NO, B("\"SASL\" \"\"\r\nOK\r\n"), B(""), "not offer" },
	{ "sieve", false, STARTTLS_NO, B("\"STARTTLS\"\r\nOK\r\nNO \"full\"\r\n"),
	  B("STARTTLS\r\n"), "NO" },
	{ "sieve", false, STARTTLS_ODD, B("220 mail\r\n"), B(""), "220 mail" },

	{ "ldap", false, STARTTLS_GO,
	  B("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0"), LDAP_ASKS, NULL },
	{ "ldap", false, STARTTLS_GO,
	  B("\x30\x84\0\0\0\x10\x02\x01\x01\x78\x84\0\0\0\x07\x0a\x01\0\x04\0\x04\0"),
	  LDAP_ASKS, NULL },
	{ "ldap", false, STARTTLS_NO,
	  B("\x30\x10\x02\x01\x01\x78\x0b\x0a\x01\x02\x04\0\x04\x04no t"), LDAP_ASKS,
	  "\"no t\"" },
	{ "ldap", false, STARTTLS_ODD,
	  B("\x30\x0c\x02\x01\x01\x78\x0b\x0a\x01\0\x04\0\x04\0"), LDAP_ASKS, "else" },
	{ "ldap", false, STARTTLS_ODD, B("\x30\x80"), LDAP_ASKS, "else" },
	{ "ldap", false, STARTTLS_ODD, B("\x30\x84\xff\xff\xff\xff"), LDAP_ASKS, "else" },
	{ "ldap", false, STARTTLS_ODD, B("2"), LDAP_ASKS, "\"2\"" },

	{ "xmpp", false, STARTTLS_GO, B(XMPP_GREETS XMPP_OFFERS "<proceed xmlns='x'/>"),
	  B(XMPP_OPENS XMPP_ASKS), NULL },
	{ "xmpp", false, STARTTLS_GO,
	  B(XMPP_GREETS XMPP_OFFERS " <proceed xmlns='x'></proceed>"),
	  B(XMPP_OPENS XMPP_ASKS), NULL },
	{ "xmpp", false, STARTTLS_NO, B(XMPP_GREETS "<stream:features/>"), B(XMPP_OPENS),
	  "not offer" },
	{ "xmpp", false, STARTTLS_NO, B(XMPP_GREETS XMPP_OFFERS "<failure/>"),
	  B(XMPP_OPENS XMPP_ASKS), "failure" },
	{ "xmpp", false, STARTTLS_NO, B(XMPP_GREETS "<stream:error>"), B(XMPP_OPENS),
	  "error" },
	{ "xmpp", false, STARTTLS_ODD, B("2"), B(XMPP_OPENS), "\"2\"" },

	{ "postgres", false, STARTTLS_GO, B("S"), PG_ASKS, NULL },
	{ "postgres", false, STARTTLS_NO, B("N"), PG_ASKS, "not offer" },
	{ "postgres", false, STARTTLS_NO, B("E"), PG_ASKS, "error" },
	{ "postgres", false, STARTTLS_ODD, B("\r"), PG_ASKS, "\\r" },

	{ "mysql", false, STARTTLS_GO, MYSQL_GREETS("\0\x08"), MYSQL_ASKS, NULL },
	{ "mysql", false, STARTTLS_NO, MYSQL_GREETS("\xff\xf7"), B(""), "not offer" },
	{ "mysql", false, STARTTLS_NO, B("\x07\0\0\0\xff\x10\x04" "full"), B(""), "full" },
	{ "mysql", false, STARTTLS_ODD, B("\x04\0\0\0\x0a" "8.0"), B(""), "8.0" },
	{ "mysql", false, STARTTLS_ODD, B("\0\0\0\0"), B(""), "else" },
	{ "mysql", false, STARTTLS_ODD, B("220 "), B(""), "220 " },

	{ "smtp", true, STARTTLS_GO,
	  B("HELO x\r\nEHLO x\r\nNOOP\r\nMAIL FROM:<a>\r\nstarttls\r\n"),
	  B("220 localhost ESMTP\r\n250 localhost\r\n250-localhost\r\n250 STARTTLS\r\n"
	    "250 well\r\n530 STARTTLS comes first\r\n220 go ahead\r\n"),
	  NULL },
	{ "smtp", true, STARTTLS_NO, B("QUIT\r\n"),
	  B("220 localhost ESMTP\r\n221 bye\r\n"), "left" },
	{ "postgres", true, STARTTLS_GO, PG_ASKS, B("S"), NULL },
	{ "postgres", true, STARTTLS_GO,
	  B("\0\0\0\x08\x04\xd2\x16\x30\0\0\0\x08\x04\xd2\x16\x2f"), B("NS"), NULL },
	{ "postgres", true, STARTTLS_NO, B("\0\0\0\x50\0\x03\0\0"),
	  B("E\0\0\0\x2eSFATAL\0C28000\0MTLS is required (sslmode)\0\0"), "without TLS" },
	{ "postgres", true, STARTTLS_ODD, B("GET / HT"), B(""), "GET / HT" },
};

enum { DIALOGUES = sizeof(dialogues) / sizeof(*dialogues) };

static struct starttls talk;
static char said[8192];
static size_t nsaid;

static void take_out(void)
{
	assert_true(nsaid + talk.nout <= sizeof(said));
	memcpy(said + nsaid, talk.out, talk.nout);
	nsaid += talk.nout;
	talk.nout = 0;
}

/* Hands over at most `piece` bytes at once, the first time `first`. */
static enum starttls_result run(const struct dialogue *d, const char *in, size_t len,
				size_t first, size_t piece, size_t *left)
{
	enum starttls_result r = STARTTLS_MORE;

	nsaid = 0;
	starttls_start(&talk, starttls_find(d->kind), d->server, "far.example");
	take_out();
	for (size_t at = 0, used; r == STARTTLS_MORE && at < len; at += used) {
		size_t n = at ? piece : first;

		r = starttls_feed(&talk, in + at, n < len - at ? n : len - at, &used);
		assert_true(used > 0 || r != STARTTLS_MORE);
		take_out();
		*left = len - at - used;
	}
	return r;
}

static void check(const struct dialogue *d, size_t first, size_t piece)
{
	size_t left = 0;
	enum starttls_result r = run(d, d->in.data, d->in.len, first, piece, &left);

	if (r != d->end || left || nsaid != d->out.len ||
	    memcmp(said, d->out.data, nsaid) != 0)
		fail_msg("dialogue %d (%s), pieces %zu, %zu: result %d, %zu left, said %.*s",
			 (int)(d - dialogues), d->kind, first, piece, r, left, (int)nsaid,
			 said);
	if (d->why && !strstr(talk.why, d->why))
		fail_msg("dialogue %d (%s): %s", (int)(d - dialogues), d->kind, talk.why);
}

static void dialogues_end_as_they_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++)
		check(&dialogues[i], 65536, 65536);
}

static void pieces_make_no_difference(void **state)
{
	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++) {
		check(&dialogues[i], 1, 1);
		for (size_t n = 1; n < dialogues[i].in.len; n++)
			check(&dialogues[i], n, 65536);
	}
}

static void what_comes_behind_the_end_is_left(void **state)
{
	char in[1024];

	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++) {
		const struct dialogue *d = &dialogues[i];
		size_t left = 0;

		memcpy(in, d->in.data, d->in.len);
		memcpy(in + d->in.len, "EHLO evil\r\n", 11);
		assert_int_equal(run(d, in, d->in.len + 11, 65536, 65536, &left), d->end);
		assert_int_equal(left, 11);
	}
}

static void half_a_dialogue_wants_more(void **state)
{
	size_t left;

	(void)state;
	for (size_t i = 0; i < DIALOGUES; i++)
		for (size_t n = 0; n < dialogues[i].in.len; n++)
			assert_int_equal(run(&dialogues[i], dialogues[i].in.data, n, 65536,
					     65536, &left),
					 STARTTLS_MORE);
}

static void endless_talk_is_cut_off(void **state)
{
	static const struct dialogue line = { .kind = "smtp" }, lines = { .kind = "imap" };
	static char in[2 * STARTTLS_TOTAL];
	size_t left;

	(void)state;
	memset(in, 'x', sizeof(in));
	assert_int_equal(run(&line, in, sizeof(in), 512, 512, &left), STARTTLS_ODD);
	assert_string_equal(talk.why, "it talks without end");
	assert_true(left >= sizeof(in) - STARTTLS_UNIT - 1);
	memcpy(in, "* OK\r\n", 6);
	for (size_t i = 6; i + 4 < sizeof(in); i += 4)
		memcpy(in + i, "* \r\n", 4);
	assert_int_equal(run(&lines, in, sizeof(in), 512, 512, &left), STARTTLS_ODD);
	assert_string_equal(talk.why, "it talks without end");
}

static void names_are_case_blind_and_only_two_serve(void **state)
{
	static const char *const names[] = { "smtp", "imap", "pop3", "ftp", "ldap", "xmpp",
					     "POSTGRES", "mysql", "nntp", "Sieve" };
	unsigned serving = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_non_null(starttls_find(names[i]));
		serving += starttls_serves(starttls_find(names[i]));
	}
	assert_int_equal(serving, 2);
	assert_null(starttls_find("smt"));
	assert_null(starttls_find("smtps"));
	assert_null(starttls_find(""));
}

static void a_host_that_would_break_the_xml_is_not_named(void **state)
{
	(void)state;
	starttls_start(&talk, starttls_find("xmpp"), false, "a'b");
	assert_null(memmem(talk.out, talk.nout, "to=", 3));
	starttls_start(&talk, starttls_find("xmpp"), false, NULL);
	assert_null(memmem(talk.out, talk.nout, "to=", 3));
}

static void a_greeting_is_skipped_at_every_cut(void **state)
{
	static const char text[] = "220-a\r\n220-\r\n220 b\r\n250 c\r\n";

	(void)state;
	for (size_t cut = 0; cut < 20; cut++) {
		struct starttls_greeting g = { 0 };

		assert_int_equal(starttls_greeting(&g, text, cut), cut);
		assert_false(g.ended);
		assert_int_equal(starttls_greeting(&g, text + cut, 28 - cut), 20 - cut);
		assert_true(g.ended);
	}
}

static void what_is_no_greeting_is_kept(void **state)
{
	struct starttls_greeting g = { 0 };

	(void)state;
	assert_int_equal(starttls_greeting(&g, "554 no\r\n", 8), 0);
	assert_true(g.ended);
	assert_int_equal(starttls_greeting(&g, "220 x\r\n", 7), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dialogues_end_as_they_should),
		cmocka_unit_test(pieces_make_no_difference),
		cmocka_unit_test(what_comes_behind_the_end_is_left),
		cmocka_unit_test(half_a_dialogue_wants_more),
		cmocka_unit_test(endless_talk_is_cut_off),
		cmocka_unit_test(names_are_case_blind_and_only_two_serve),
		cmocka_unit_test(a_greeting_is_skipped_at_every_cut),
		cmocka_unit_test(what_is_no_greeting_is_kept),
		cmocka_unit_test(a_host_that_would_break_the_xml_is_not_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
