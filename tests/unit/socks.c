/* proto/socks: the messages of both sides, whole, cut anywhere, and wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/socks.h"

/* What has been put together, and how it looks. */
static struct buf out;

static int begin(void **state)
{
	(void)state;
	buf_init(&out, SOCKS_MESSAGE_MAX);
	return 0;
}

static int end(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

#define BYTES(s) (const unsigned char *)(s), sizeof(s) - 1

static void assert_out(const unsigned char *want, size_t len)
{
	assert_int_equal(out.len, len);
	assert_memory_equal(out.data, want, len);
	buf_free(&out);
}

static struct socks_host host(const char *name, unsigned port)
{
	struct socks_host h = { .port = port };

	memcpy(h.name, name, strlen(name) + 1);
	return h;
}

static void assert_host(const struct socks_host *h, const char *name, unsigned port)
{
	assert_string_equal(h->name, name);
	assert_int_equal(h->port, port);
}

/* ---- writing ----------------------------------------------------------------- */

static void a_request_of_socks_4_has_an_address_and_a_user(void **state)
{
	struct socks_host h = host("192.0.2.1", 443), name = host("localhost", 80);

	(void)state;
	assert_true(socks4_put_request(&out, SOCKS_CONNECT, false, &h, "me"));
	assert_out(BYTES("\4\1\1\xbb\xc0\0\2\1me\0"));
	assert_false(socks4_put_request(&out, SOCKS_CONNECT, false, &name, ""));
}

static void socks_4a_sends_names_behind_the_user(void **state)
{
	struct socks_host h = host("192.0.2.1", 1), name = host("localhost", 80),
			  six = host("::1", 80), odd = host("0.0.0.9", 80),
			  none = host("", 80);

	(void)state;
	assert_true(socks4_put_request(&out, SOCKS_BIND, true, &name, ""));
	assert_out(BYTES("\4\2\0\x50\0\0\0\1\0localhost\0"));
	assert_true(socks4_put_request(&out, SOCKS_CONNECT, true, &h, ""));
	assert_out(BYTES("\4\1\0\1\xc0\0\2\1\0"));
	assert_true(socks4_put_request(&out, SOCKS_CONNECT, true, &odd, ""));
	assert_out(BYTES("\4\1\0\x50\0\0\0\1\0" "0.0.0.9\0"));
	assert_true(socks4_put_request(&out, SOCKS_CONNECT, true, &six, ""));
	assert_out(BYTES("\4\1\0\x50\0\0\0\1\0::1\0"));
	assert_false(socks4_put_request(&out, SOCKS_CONNECT, true, &none, ""));
}

static void a_greeting_offers_a_login_only_where_there_is_one(void **state)
{
	(void)state;
	assert_true(socks5_put_greeting(&out, false));
	assert_out(BYTES("\5\1\0"));
	assert_true(socks5_put_greeting(&out, true));
	assert_out(BYTES("\5\2\0\2"));
	assert_true(socks5_put_choice(&out, SOCKS_NO_METHOD));
	assert_out(BYTES("\5\xff"));
}

static void a_login_has_a_user_and_maybe_a_password(void **state)
{
	char text[SOCKS_TEXT_MAX + 2];

	(void)state;
	assert_true(socks5_put_login(&out, "me", "secret"));
	assert_out(BYTES("\1\2me\6secret"));
	assert_true(socks5_put_login(&out, "me", ""));
	assert_out(BYTES("\1\2me\0"));
	assert_false(socks5_put_login(&out, "", "x"));
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(socks5_put_login(&out, text, ""));
	buf_free(&out);
	assert_true(socks5_put_login(&out, text + 1, text + 1));
	assert_int_equal(out.data[1], 255);
	buf_free(&out);
	assert_false(socks5_put_login(&out, "me", text));
}

static void a_request_of_socks_5_knows_three_kinds_of_hosts(void **state)
{
	struct socks_host name = host("x.y", 80), four = host("192.0.2.1", 80),
			  six = host("[2001:db8::1]", 80), none = host("", 80);

	(void)state;
	assert_true(socks5_put_request(&out, SOCKS_CONNECT, &name));
	assert_out(BYTES("\5\1\0\3\3x.y\0\x50"));
	assert_true(socks5_put_request(&out, SOCKS_BIND, &four));
	assert_out(BYTES("\5\2\0\1\xc0\0\2\1\0\x50"));
	assert_true(socks5_put_request(&out, SOCKS_CONNECT, &six));
	assert_out(BYTES("\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50"));
	assert_false(socks5_put_request(&out, SOCKS_CONNECT, &none));
}

static void replies_are_written_in_both_versions(void **state)
{
	struct socks_host four = host("192.0.2.1", 80), name = host("x", 80);

	(void)state;
	assert_true(socks_put_reply(&out, SOCKS_5, SOCKS_GRANTED, &four));
	assert_out(BYTES("\5\0\0\1\xc0\0\2\1\0\x50"));
	assert_true(socks_put_reply(&out, SOCKS_5, SOCKS_REFUSED, NULL));
	assert_out(BYTES("\5\5\0\1\0\0\0\0\0\0"));
	assert_true(socks_put_reply(&out, SOCKS_4, SOCKS_GRANTED, &four));
	assert_out(BYTES("\0\x5a\0\x50\xc0\0\2\1"));
	assert_true(socks_put_reply(&out, SOCKS_4, SOCKS_REFUSED, &name));
	assert_out(BYTES("\0\x5b\0\x50\0\0\0\0"));
}

/* ---- reading ----------------------------------------------------------------- */

/* One reader of each kind, all with the same face. */
static struct socks_request request;
static struct socks_reply reply;
static enum socks_answer refusal;
static unsigned method;
static bool truth;

typedef enum socks_parse reader(const unsigned char *data, size_t len, size_t *size);

static enum socks_parse get_choice(const unsigned char *data, size_t len, size_t *size)
{
	return socks5_get_choice(data, len, size, &method);
}

static enum socks_parse get_verdict(const unsigned char *data, size_t len, size_t *size)
{
	return socks5_get_verdict(data, len, size, &truth);
}

static enum socks_parse get_greeting(const unsigned char *data, size_t len, size_t *size)
{
	return socks5_get_greeting(data, len, size, &truth);
}

static enum socks_parse get_reply_4(const unsigned char *data, size_t len, size_t *size)
{
	return socks_get_reply(SOCKS_4, data, len, size, &reply);
}

static enum socks_parse get_reply_5(const unsigned char *data, size_t len, size_t *size)
{
	return socks_get_reply(SOCKS_5, data, len, size, &reply);
}

static enum socks_parse get_request(const unsigned char *data, size_t len, size_t *size)
{
	return socks_get_request(data, len, size, &request, &refusal);
}

/* Whatever has come before: never more is asked for than there is, until the message
 * is whole, and what stands behind it is not touched. */
static void assert_whole(reader *read, const unsigned char *data, size_t len)
{
	size_t size;

	for (size_t n = 0; n < len; n++) {
		size = 0;
		assert_int_equal(read(n ? data : NULL, n, &size), SOCKS_SHORT);
		assert_in_range(size, n + 1, len);
	}
	for (size_t extra = 0; extra < 3; extra++) {
		unsigned char more[SOCKS_MESSAGE_MAX + 2];

		memset(more, 0xee, sizeof(more));
		memcpy(more, data, len);
		assert_int_equal(read(more, len + extra, &size), SOCKS_WHOLE);
		assert_int_equal(size, len);
	}
}

static void assert_bad(reader *read, const unsigned char *data, size_t len)
{
	size_t size;

	assert_int_equal(read(data, len, &size), SOCKS_BAD);
}

static void choices_are_read(void **state)
{
	(void)state;
	assert_whole(get_choice, BYTES("\5\2"));
	assert_int_equal(method, SOCKS_LOGIN);
	assert_whole(get_choice, BYTES("\5\xff"));
	assert_int_equal(method, SOCKS_NO_METHOD);
	assert_bad(get_choice, BYTES("HT"));
	assert_bad(get_choice, BYTES("\4"));
}

static void verdicts_are_read_whatever_their_version(void **state)
{
	(void)state;
	assert_whole(get_verdict, BYTES("\1\0"));
	assert_true(truth);
	assert_whole(get_verdict, BYTES("\5\1"));
	assert_false(truth);
}

static void granted_replies_tell_an_address(void **state)
{
	(void)state;
	assert_whole(get_reply_5, BYTES("\5\0\0\1\xc0\0\2\1\1\xbb"));
	assert_int_equal(reply.answer, SOCKS_GRANTED);
	assert_host(&reply.at, "192.0.2.1", 443);
	assert_whole(get_reply_5,
		     BYTES("\5\0\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x50"));
	assert_host(&reply.at, "2001:db8::1", 80);
	assert_whole(get_reply_5, BYTES("\5\0\0\3\3x.y\0\x50"));
	assert_host(&reply.at, "x.y", 80);
	assert_whole(get_reply_5, BYTES("\5\0\0\3\0\0\x50"));
	assert_host(&reply.at, "", 80);
	assert_whole(get_reply_4, BYTES("\0\x5a\0\x50\xc0\0\2\1"));
	assert_int_equal(reply.answer, SOCKS_GRANTED);
	assert_host(&reply.at, "192.0.2.1", 80);
}

static void refusals_are_whole_without_an_address(void **state)
{
	(void)state;
	assert_whole(get_reply_5, BYTES("\5\5"));
	assert_string_equal(socks_answer_text(reply.answer), "connection refused");
	assert_whole(get_reply_5, BYTES("\5\xf0"));
	assert_null(socks_answer_text(reply.answer));
	assert_whole(get_reply_4, BYTES("\0\x5d"));
	assert_non_null(socks_answer_text(reply.answer));
	for (unsigned i = SOCKS_GRANTED; i <= SOCKS_NO_ADDRESS_TYPE; i++)
		assert_non_null(socks_answer_text(i));
	for (unsigned i = SOCKS_NO_ADDRESS_TYPE + 1; i < SOCKS_REJECTED; i++)
		assert_null(socks_answer_text(i));
}

static void replies_of_another_protocol_are_bad(void **state)
{
	(void)state;
	assert_bad(get_reply_5, BYTES("H"));
	assert_bad(get_reply_5, BYTES("\0\x5b"));
	assert_bad(get_reply_4, BYTES("\5\0"));
	assert_bad(get_reply_4, BYTES("\0\0"));
	assert_bad(get_reply_5, BYTES("\5\0\0\2\0\0\0\0\0\0"));
	assert_bad(get_reply_5, BYTES("\5\0\0\3\3a\0b\0\0"));
}

static void greetings_are_read(void **state)
{
	unsigned char most[2 + 255] = { 5, 255 };

	(void)state;
	assert_whole(get_greeting, BYTES("\5\1\0"));
	assert_true(truth);
	assert_whole(get_greeting, BYTES("\5\2\2\0"));
	assert_true(truth);
	assert_whole(get_greeting, BYTES("\5\2\1\2"));
	assert_false(truth);
	assert_whole(get_greeting, BYTES("\5\0"));
	assert_false(truth);
	memset(most + 2, 1, 255);
	assert_whole(get_greeting, most, sizeof(most));
	assert_bad(get_greeting, BYTES("\4\1"));
}

static void requests_of_all_versions_are_read(void **state)
{
	(void)state;
	assert_whole(get_request, BYTES("\4\1\1\xbb\xc0\0\2\1me\0"));
	assert_int_equal(request.version, SOCKS_4);
	assert_int_equal(request.command, SOCKS_CONNECT);
	assert_host(&request.to, "192.0.2.1", 443);
	assert_string_equal(request.user, "me");
	assert_whole(get_request, BYTES("\4\2\0\x50\0\0\0\1\0localhost\0"));
	assert_host(&request.to, "localhost", 80);
	assert_string_equal(request.user, "");
	assert_whole(get_request, BYTES("\4\1\0\x50\0\0\0\0\0"));
	assert_host(&request.to, "0.0.0.0", 80);
	assert_whole(get_request, BYTES("\5\1\0\3\3x.y\0\x50"));
	assert_int_equal(request.version, SOCKS_5);
	assert_host(&request.to, "x.y", 80);
	assert_whole(get_request, BYTES("\5\x7f\0\1\xc0\0\2\1\0\x50"));
	assert_int_equal(request.command, 0x7f);
}

static void wrong_requests_say_what_to_answer(void **state)
{
	unsigned char user[8 + 256];

	(void)state;
	assert_bad(get_request, BYTES("G"));
	assert_int_equal(request.version, 0);
	assert_bad(get_request, BYTES("\5\1\0\2\0\0\0\0\0\0"));
	assert_int_equal(request.version, SOCKS_5);
	assert_int_equal(refusal, SOCKS_NO_ADDRESS_TYPE);
	assert_bad(get_request, BYTES("\5\1\0\3\0\0\0"));
	assert_int_equal(refusal, SOCKS_FAILED);
	assert_bad(get_request, BYTES("\5\1\0\3\1\0\0\0"));
	assert_bad(get_request, BYTES("\4\1\0\x50\0\0\0\1\0\0"));
	memset(user, 'x', sizeof(user));
	memcpy(user, "\4\1\0\x50\xc0\0\2\1", 8);
	assert_bad(get_request, user, sizeof(user));
	assert_int_equal(request.version, SOCKS_4);
}

static void the_longest_messages_fit(void **state)
{
	struct socks_host h = { .port = 80 };
	char user[SOCKS_TEXT_MAX + 1];

	(void)state;
	memset(h.name, 'h', SOCKS_TEXT_MAX);
	memset(user, 'u', SOCKS_TEXT_MAX);
	user[SOCKS_TEXT_MAX] = '\0';
	assert_true(socks4_put_request(&out, SOCKS_CONNECT, true, &h, user));
	assert_int_equal(out.len, SOCKS_MESSAGE_MAX);
	assert_whole(get_request, out.data, out.len);
	assert_string_equal(request.user, user);
	assert_string_equal(request.to.name, h.name);
	buf_free(&out);
	assert_true(socks5_put_request(&out, SOCKS_CONNECT, &h));
	assert_whole(get_request, out.data, out.len);
	assert_string_equal(request.to.name, h.name);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_of_socks_4_has_an_address_and_a_user),
		TEST(socks_4a_sends_names_behind_the_user),
		TEST(a_greeting_offers_a_login_only_where_there_is_one),
		TEST(a_login_has_a_user_and_maybe_a_password),
		TEST(a_request_of_socks_5_knows_three_kinds_of_hosts),
		TEST(replies_are_written_in_both_versions),
		TEST(choices_are_read),
		TEST(verdicts_are_read_whatever_their_version),
		TEST(granted_replies_tell_an_address),
		TEST(refusals_are_whole_without_an_address),
		TEST(replies_of_another_protocol_are_bad),
		TEST(greetings_are_read),
		TEST(requests_of_all_versions_are_read),
		TEST(wrong_requests_say_what_to_answer),
		TEST(the_longest_messages_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
