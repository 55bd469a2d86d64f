/* proto/proxyserve: what clients of a proxy ask, whole or byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/proxyserve.h"

/* A conversation so far. */
struct talk {
	struct proxyserve client;
	struct buf in, out;
	enum proxyserve_step step;
	const char *why;
};

/* Says it in pieces of so many bytes, until there is an answer. */
static void say(struct talk *t, const char *bytes, size_t len, size_t piece)
{
	*t = (struct talk){ .step = PROXY_MORE };
	buf_init(&t->in, PROXYSERVE_MAX);
	buf_init(&t->out, PROXYSERVE_MAX);
	while (len && t->step == PROXY_MORE) {
		size_t n = piece < len ? piece : len;

		assert_true(buf_add(&t->in, bytes, n));
		bytes += n;
		len -= n;
		t->step = proxyserve_read(&t->client, &t->in, &t->out, &t->why);
		assert_true((t->step == PROXY_REFUSED) == (t->why != NULL));
	}
	if (len)
		assert_true(buf_add(&t->in, bytes, len));
}

static void hang_up(struct talk *t)
{
	buf_free(&t->in);
	buf_free(&t->out);
}

/* All cuts of the same request, which has two bytes behind it. */
static void asks(const char *bytes, size_t len, const char *protocol, const char *host,
		 unsigned port, const char *before, size_t nbefore)
{
	for (size_t piece = 1; piece <= len; piece++) {
		struct talk t;

		say(&t, bytes, len, piece);
		assert_int_equal(t.step, PROXY_ASKED);
		assert_string_equal(t.client.to.name, host);
		assert_int_equal(t.client.to.port, port);
		assert_string_equal(proxyserve_protocol(&t.client), protocol);
		assert_int_equal(t.out.len, nbefore);
		if (nbefore)
			assert_memory_equal(t.out.data, before, nbefore);
		assert_int_equal(t.in.len, 2);
		assert_memory_equal(t.in.data, "xy", 2);
		hang_up(&t);
	}
}

#define BYTES(s) s, sizeof(s) - 1

static void all_four_are_told_apart(void **state)
{
	(void)state;
	asks(BYTES("\4\1\0\x50\xc0\0\2\1me\0xy"), "SOCKS 4", "192.0.2.1", 80, "", 0);
	asks(BYTES("\4\1\1\xbb\0\0\0\1\0a.example\0xy"), "SOCKS 4", "a.example", 443, "",
	     0);
	asks(BYTES("\5\1\0\5\1\0\3\11a.example\0\x16xy"), "SOCKS 5", "a.example", 22,
	     BYTES("\5\0"));
	asks(BYTES("\5\2\2\0\5\1\0\1\xc0\0\2\1\0\x16xy"), "SOCKS 5", "192.0.2.1", 22,
	     BYTES("\5\0"));
	asks(BYTES("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\nxy"),
	     "HTTP CONNECT", "a.example", 443, "", 0);
	asks(BYTES("CONNECT [2001:db8::1]:22 HTTP/1.0\n\nxy"), "HTTP CONNECT",
	     "2001:db8::1", 22, "", 0);
}

static void refuses(const char *bytes, size_t len, const char *answer, size_t nanswer)
{
	struct talk t;

	say(&t, bytes, len, len);
	assert_int_equal(t.step, PROXY_REFUSED);
	assert_true(t.out.len >= nanswer);
	if (nanswer)
		assert_memory_equal(t.out.data, answer, nanswer);
	else
		assert_int_equal(t.out.len, 0);
	hang_up(&t);
}

static void what_is_not_served_gets_the_answer_of_its_protocol(void **state)
{
	(void)state;
	refuses(BYTES("\5\1\2"), BYTES("\5\xff"));
	refuses(BYTES("\5\1\0\5\2\0\1\xc0\0\2\1\0\x16"), BYTES("\5\0\5\7"));
	refuses(BYTES("\4\2\0\x50\xc0\0\2\1\0"), BYTES("\0\x5b"));
	refuses(BYTES("\5\1\0\4\1\0\x50\xc0\0\2\1\0"), BYTES("\5\0"));
	refuses(BYTES("GET http://a.example/ HTTP/1.1\r\n\r\n"),
		BYTES("HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\n"));
	refuses(BYTES("\x16\3\1\2\0\1"), BYTES("HTTP/1.1 400 "));
	refuses(BYTES("SSH-2.0-x\r\n"), BYTES("HTTP/1.1 400 "));
}

static void a_target_is_a_host_and_a_port(void **state)
{
	static const char *const bad[] = { "a", ":1", "a:", "a:x", "a:65536", "a:1:2",
					   "[]:1", "::1:22", "http://a/" };
	char text[100];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), "CONNECT %s HTTP/1.0\r\n\r\n", bad[i]);
		refuses(text, strlen(text), BYTES("HTTP/1.0 400 Bad Request\r\n"));
	}
}

static void a_head_without_an_end_is_refused_at_its_maximum(void **state)
{
	static char big[PROXYSERVE_MAX];

	(void)state;
	memset(big, 'x', sizeof(big));
	memcpy(big, "CONNECT a:1 HTTP/1.1\r\nA:", 24);
	refuses(big, sizeof(big), BYTES("HTTP/1.1 431 "));
}

static void answers(const char *bytes, size_t len, enum socks_answer answer,
		    const char *want, size_t nwant)
{
	const struct socks_host at = { .name = "192.0.2.7", .port = 258 };
	struct talk t;

	say(&t, bytes, len, len);
	assert_int_equal(t.step, PROXY_ASKED);
	buf_free(&t.out);
	assert_true(proxyserve_answer(&t.client, answer,
				      answer == SOCKS_GRANTED ? &at : NULL, &t.out));
	assert_true(t.out.len >= nwant);
	assert_memory_equal(t.out.data, want, nwant);
	hang_up(&t);
}

static void each_protocol_has_its_answers(void **state)
{
	static const char socks4[] = "\4\1\0\x50\xc0\0\2\1";
	static const char socks5[] = "\5\1\0\5\1\0\1\xc0\0\2\1\0\x16";
	static const char http[] = "CONNECT a:1 HTTP/1.0\r\n\r\n";

	(void)state;
	answers(socks4, sizeof(socks4), SOCKS_GRANTED, BYTES("\0\x5a\1\2\xc0\0\2\7"));
	answers(socks4, sizeof(socks4), SOCKS_FORBIDDEN, BYTES("\0\x5b"));
	answers(BYTES(socks5), SOCKS_GRANTED, BYTES("\5\0\0\1\xc0\0\2\7\1\2"));
	answers(BYTES(socks5), SOCKS_REFUSED, BYTES("\5\5\0\1"));
	answers(BYTES(http), SOCKS_GRANTED, BYTES("HTTP/1.0 200 OK\r\n\r\n"));
	answers(BYTES(http), SOCKS_FORBIDDEN, BYTES("HTTP/1.0 403 Forbidden\r\n"));
	answers(BYTES(http), SOCKS_REFUSED, BYTES("HTTP/1.0 502 Bad Gateway\r\n"));
	answers(BYTES(http), SOCKS_TTL_EXPIRED, BYTES("HTTP/1.0 504 Gateway Timeout\r\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_four_are_told_apart),
		cmocka_unit_test(what_is_not_served_gets_the_answer_of_its_protocol),
		cmocka_unit_test(a_target_is_a_host_and_a_port),
		cmocka_unit_test(a_head_without_an_end_is_refused_at_its_maximum),
		cmocka_unit_test(each_protocol_has_its_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
