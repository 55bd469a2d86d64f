/* proto/http1 and proto/base64: heads read whole or byte by byte, heads written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base64.h"
#include "proto/http1.h"

static const char connected[] = "HTTP/1.1 200 Connection established\r\n"
				"Via: 1.1 proxy\r\n"
				"content-length:  12\t\r\n"
				"\r\nSSH-2.0-x";

static const char chat[] = "GET /chat?a=b HTTP/1.1\r\n"
			   "Host: example.test\r\n"
			   "Connection: keep-alive, Upgrade\r\n"
			   "Empty:\r\n"
			   "Ways: Negotiate, Basic realm=\"x\"\r\n"
			   "Ways: deflate; bits=3\r\n"
			   "\r\n";

static enum http1 answer(const char *s, struct http1_head *head)
{
	const char *why;

	return http1_read_answer(s, strlen(s), head, &why);
}

static const char *wrong_answer(const char *s)
{
	struct http1_head head;
	const char *why;

	assert_int_equal(http1_read_answer(s, strlen(s), &head, &why), HTTP1_BAD);
	assert_non_null(why);
	return why;
}

static const char *wrong_request(const char *s)
{
	struct http1_head head;
	const char *why;

	assert_int_equal(http1_read_request(s, strlen(s), &head, &why), HTTP1_BAD);
	assert_non_null(why);
	return why;
}

static void assert_text(struct http1_text text, const char *want)
{
	assert_int_equal(text.len, strlen(want));
	assert_memory_equal(text.at, want, text.len);
}

static void an_answer_is_read(void **state)
{
	struct http1_head head;
	uint64_t length;

	(void)state;
	assert_int_equal(answer(connected, &head), HTTP1_OK);
	assert_int_equal(head.minor, 1);
	assert_int_equal(head.status, 200);
	assert_text(head.reason, "Connection established");
	assert_string_equal(connected + head.size, "SSH-2.0-x");
	assert_text(http1_field(&head, "VIA"), "1.1 proxy");
	assert_true(http1_length(&head, &length));
	assert_int_equal(length, 12);
	assert_null(http1_field(&head, "Via2").at);
}

static void a_request_is_read(void **state)
{
	struct http1_head head;
	const char *why;

	(void)state;
	assert_int_equal(http1_read_request(chat, strlen(chat), &head, &why), HTTP1_OK);
	assert_text(head.method, "GET");
	assert_text(head.target, "/chat?a=b");
	assert_text(http1_field(&head, "host"), "example.test");
	assert_text(http1_field(&head, "empty"), "");
	assert_non_null(http1_field(&head, "empty").at);
	assert_int_equal(http1_count(&head, "host"), 1);
	assert_true(http1_lists(&head, "connection", "upgrade"));
	assert_false(http1_lists(&head, "connection", "keep"));
	assert_false(http1_lists(&head, "empty", "upgrade"));
	assert_true(http1_lists(&head, "ways", "basic"));
	assert_true(http1_lists(&head, "ways", "DEFLATE"));
	assert_false(http1_lists(&head, "ways", "realm"));
	assert_int_equal(http1_count(&head, "ways"), 2);
}

static void input_may_stop_at_any_byte(void **state)
{
	struct http1_head head;
	const char *why;
	size_t whole = strlen(connected) - strlen("SSH-2.0-x");

	(void)state;
	for (size_t n = 0; n < whole; n++)
		assert_int_equal(http1_read_answer(connected, n, &head, &why),
				 HTTP1_MORE);
	for (size_t n = whole; n <= strlen(connected); n++) {
		assert_int_equal(http1_read_answer(connected, n, &head, &why), HTTP1_OK);
		assert_int_equal(head.size, whole);
	}
	for (size_t n = 0; n < strlen(chat); n++)
		assert_int_equal(http1_read_request(chat, n, &head, &why), HTTP1_MORE);
}

static void lines_may_end_with_lf_alone(void **state)
{
	struct http1_head head;

	(void)state;
	assert_int_equal(answer("HTTP/1.0 200 OK\nA: b\n\nrest", &head), HTTP1_OK);
	assert_int_equal(head.size, 22);
	assert_text(http1_field(&head, "a"), "b");
	assert_int_equal(answer("HTTP/1.0 200 OK\nA: b\r\n\nrest", &head), HTTP1_OK);
	assert_int_equal(answer("HTTP/1.0 200\n\r\n", &head), HTTP1_OK);
	assert_text(head.reason, "");
	assert_int_equal(head.fields.len, 0);
}

static void what_is_no_http_is_seen_at_its_first_wrong_byte(void **state)
{
	(void)state;
	assert_string_equal(wrong_answer("S"), "it does not speak HTTP/1");
	assert_string_equal(wrong_answer("HTTP/2"), "it does not speak HTTP/1");
	wrong_answer("\r");
	assert_string_equal(wrong_request("\x16\x03\x01"), "it does not speak HTTP/1");
	wrong_request(" GET");
	wrong_request("GET\r");
	wrong_request("GET / HTTP/2.0\r\n\r\n");
	wrong_request("GET /\r\n\r\n");
	wrong_request("GET  / HTTP/1.1\r\n\r\n");
	wrong_request("GET / HTTP/1.1 \r\n\r\n");
	wrong_request("GET / HTTP/1.10\r\n\r\n");
}

static void malformed_heads_are_refused(void **state)
{
	(void)state;
	wrong_answer("HTTP/1.1 2000 OK\r\n\r\n");
	wrong_answer("HTTP/1.1 20 OK\r\n\r\n");
	wrong_answer("HTTP/1.1 099 OK\r\n\r\n");
	wrong_answer("HTTP/1.1 +20 OK\r\n\r\n");
	wrong_answer("HTTP/1.1 200 O\x01K\r\n\r\n");
	assert_string_equal(wrong_answer("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"),
			    "its head has a folded line");
	assert_string_equal(wrong_answer("HTTP/1.1 200 OK\r\nA : b\r\n\r\n"),
			    "its head has a line that is no field");
	wrong_answer("HTTP/1.1 200 OK\r\nA\r\n\r\n");
	wrong_answer("HTTP/1.1 200 OK\r\n: b\r\n\r\n");
	assert_string_equal(wrong_answer("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n"),
			    "its head has a control character");
	wrong_answer("HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n");
}

static void a_nul_is_a_control_character(void **state)
{
	static const char nul[] = "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n";
	struct http1_head head;
	const char *why;

	(void)state;
	assert_int_equal(http1_read_answer(nul, sizeof(nul) - 1, &head, &why), HTTP1_BAD);
	assert_string_equal(why, "its head has a control character");
}

static void a_head_has_at_most_16_kib(void **state)
{
	static char big[HTTP1_MAX + 8];
	struct http1_head head;
	const char *why;

	(void)state;
	memset(big, 'x', sizeof(big));
	memcpy(big, "HTTP/1.1 200 OK\r\nA:", 19);
	assert_int_equal(http1_read_answer(big, HTTP1_MAX - 1, &head, &why), HTTP1_MORE);
	assert_int_equal(http1_read_answer(big, HTTP1_MAX, &head, &why), HTTP1_BAD);
	memcpy(big + HTTP1_MAX - 4, "\r\n\r\n", 4);
	assert_int_equal(http1_read_answer(big, sizeof(big), &head, &why), HTTP1_OK);
	assert_int_equal(head.size, HTTP1_MAX);
	memcpy(big + HTTP1_MAX - 4, "x\r\n\r\n", 5);
	assert_int_equal(http1_read_answer(big, sizeof(big), &head, &why), HTTP1_BAD);
}

static void a_length_is_one_plain_number(void **state)
{
	static const char *const wrong[] = {
		"Content-Length: 1\r\nContent-Length: 1\r\n",
		"Content-Length: +1\r\n",
		"Content-Length: 1, 1\r\n",
		"Content-Length:\r\n",
		"Content-Length: 99999999999999999999\r\n",
		"X: 1\r\n",
	};
	char text[200];
	struct http1_head head;
	uint64_t length;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\n%s\r\n", wrong[i]);
		assert_int_equal(answer(text, &head), HTTP1_OK);
		assert_false(http1_length(&head, &length));
	}
}

static void what_is_written_can_be_read(void **state)
{
	struct http1_head head;
	struct buf out;
	const char *why;

	(void)state;
	buf_init(&out, 1000);
	assert_true(http1_put_request(&out, "CONNECT", "[::1]:22", 1));
	assert_true(http1_put_field(&out, "Host", "[::1]:22"));
	assert_true(http1_put_basic(&out, "Proxy-Authorization", "Aladdin:open sesame"));
	assert_true(http1_put_end(&out));
	assert_int_equal(http1_read_request(out.data, out.len, &head, &why), HTTP1_OK);
	assert_text(head.target, "[::1]:22");
	assert_text(http1_field(&head, "Proxy-Authorization"),
		    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	buf_free(&out);
	assert_true(http1_put_status(&out, 502, 0));
	assert_true(http1_put_end(&out));
	assert_int_equal(http1_read_answer(out.data, out.len, &head, &why), HTTP1_OK);
	assert_int_equal(head.status, 502);
	assert_text(head.reason, "Bad Gateway");
	buf_free(&out);
}

static void texts_that_would_break_a_head_are_known(void **state)
{
	(void)state;
	assert_true(http1_is_token("X-Name"));
	assert_false(http1_is_token("X Name"));
	assert_false(http1_is_token(""));
	assert_true(http1_is_value("a b\tc \xc3\xa4"));
	assert_true(http1_is_value(""));
	assert_false(http1_is_value("a\r\nB: c"));
	assert_true(http1_is_target("/a?b"));
	assert_false(http1_is_target("/a b"));
	assert_false(http1_is_target(""));
}

/* The test vectors of RFC 4648, section 10. */
static void base64_is_that_of_the_rfc(void **state)
{
	static const char *const want[] = { "",		"Zg==",	    "Zm8=",	"Zm9v",
					    "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	struct buf out;

	(void)state;
	buf_init(&out, 8);
	for (size_t n = 0; n <= 6; n++) {
		assert_true(base64_put(&out, "foobar", n));
		assert_int_equal(out.len, strlen(want[n]));
		if (n)
			assert_memory_equal(out.data, want[n], out.len);
		buf_free(&out);
	}
	assert_false(base64_put(&out, "foobarx", 7));
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read),
		cmocka_unit_test(a_request_is_read),
		cmocka_unit_test(input_may_stop_at_any_byte),
		cmocka_unit_test(lines_may_end_with_lf_alone),
		cmocka_unit_test(what_is_no_http_is_seen_at_its_first_wrong_byte),
		cmocka_unit_test(malformed_heads_are_refused),
		cmocka_unit_test(a_nul_is_a_control_character),
		cmocka_unit_test(a_head_has_at_most_16_kib),
		cmocka_unit_test(a_length_is_one_plain_number),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(texts_that_would_break_a_head_are_known),
		cmocka_unit_test(base64_is_that_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
