/* proto/wsframe and what it stands on: sha1, utf8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/sha1.h"
#include "proto/utf8.h"
#include "proto/wsframe.h"

/* ---- sha1 ---- */

static void digest_is(const void *data, size_t len, const char *want)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[SHA1_SIZE];
	char text[2 * SHA1_SIZE + 1] = "";

	sha1(data, len, digest);
	for (size_t i = 0; i < SHA1_SIZE; i++) {
		text[2 * i] = hex[digest[i] >> 4];
		text[2 * i + 1] = hex[digest[i] & 15];
	}
	assert_string_equal(text, want);
}

/* FIPS 180's examples, and lengths around the ends of blocks. */
static void sha1_gives_the_published_digests(void **state)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static char as[1000000];

	(void)state;
	memset(as, 'a', sizeof(as));
	digest_is("", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	digest_is("abc", 3, "a9993e364706816aba3e25717850c26c9cd0d89d");
	digest_is(two, 56, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	digest_is(as, sizeof(as), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	digest_is(as, 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a");
	digest_is(as, 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
	digest_is(as, 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d");
	digest_is(as, 65, "11655326c708d70319be2610e8a57d9a5b959d3b");
}

/* ---- utf8 ---- */

static const struct {
	const char *text;
	bool good;	/* so far */
	unsigned have;	/* of an unfinished character */
} texts[] = {
	{ "", true, 0 },
	{ "plain", true, 0 },
	{ "\x7f", true, 0 },
	{ "gr\xc3\xbc\xc3\x9f", true, 0 },
	{ "\xe2\x82\xac", true, 0 },
	{ "\xf0\x9f\x98\x80", true, 0 },
	{ "\xed\x9f\xbf\xee\x80\x80", true, 0 },
	{ "\xf4\x8f\xbf\xbf", true, 0 },
	{ "x\xc3", true, 1 },
	{ "x\xe2\x82", true, 2 },
	{ "x\xf0\x9f\x98", true, 3 },
	{ "\x80", false, 0 },
	{ "\xc0\xaf", false, 0 },
	{ "\xc1\xbf", false, 0 },
	{ "\xe0\x9f\xbf", false, 0 },
	{ "\xed\xa0\x80", false, 0 },
	{ "\xf0\x8f\xbf\xbf", false, 0 },
	{ "\xf4\x90\x80\x80", false, 0 },
	{ "\xf5\x80\x80\x80", false, 0 },
	{ "\xff", false, 0 },
	{ "\xc3(", false, 0 },
	{ "\xe2\x82(", false, 0 },
	{ "\xe2\x82\xac\xac", false, 0 },
};

static void utf8_is_told_from_what_is_none_in_any_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *s = texts[i].text;
		size_t len = strlen(s);

		for (size_t at = 0; at <= len; at++) {
			struct utf8 u = { 0 };
			bool good = utf8_check(&u, s, at) &&
				    utf8_check(&u, s + at, len - at);

			assert_int_equal(good, texts[i].good);
			if (good) {
				assert_int_equal(u.have, texts[i].have);
				assert_int_equal(!u.left, !u.have);
			}
		}
	}
}

/* ---- headers ---- */

static void every_length_has_its_shortest_form(void **state)
{
	static const struct {
		uint64_t len;
		size_t size;
	} forms[] = {
		{ 0, 2 }, { 1, 2 }, { 125, 2 }, { 126, 4 }, { 65535, 4 }, { 65536, 10 },
		{ INT64_MAX, 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		for (int masked = 0; masked < 2; masked++) {
			struct wsframe f = { .opcode = WSFRAME_BINARY, .fin = true,
					     .masked = masked, .mask = { 1, 2, 3, 4 },
					     .len = forms[i].len };
			struct wsframe back;
			unsigned char head[WSFRAME_HEAD];
			size_t want = forms[i].size + (masked ? 4 : 0);

			assert_int_equal(wsframe_put(head, &f), want);
			assert_int_equal(wsframe_size(head), want);
			assert_null(wsframe_read(head, &back));
			assert_int_equal(back.opcode, WSFRAME_BINARY);
			assert_true(back.fin);
			assert_int_equal(back.masked, masked);
			assert_true(back.len == forms[i].len);
			if (masked)
				assert_memory_equal(back.mask, f.mask, 4);
		}
}

/* The examples of RFC 6455, section 5.7. */
static void headers_of_the_standard_are_read(void **state)
{
	static const unsigned char hello[] = { 0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
					       0x7f, 0x9f, 0x4d, 0x51, 0x58 };
	struct wsframe f;
	unsigned char data[5];

	(void)state;
	assert_int_equal(wsframe_size(hello), 6);
	assert_null(wsframe_read(hello, &f));
	assert_true(f.fin && f.masked && f.opcode == WSFRAME_TEXT && f.len == 5);
	for (size_t at = 0; at <= 5; at++) {
		memcpy(data, hello + 6, 5);
		wsframe_mask(&f, 0, data, at);
		wsframe_mask(&f, at, data + at, 5 - at);
		assert_memory_equal(data, "Hello", 5);
	}
}

static void wrong_headers_are_refused(void **state)
{
	static const struct {
		unsigned char head[10];
		const char *why;
	} wrong[] = {
		{ { 0xc1, 0 }, "reserved bit" },
		{ { 0xa1, 0 }, "reserved bit" },
		{ { 0x91, 0 }, "reserved bit" },
		{ { 0x83, 0 }, "unknown kind" },
		{ { 0x87, 0 }, "unknown kind" },
		{ { 0x8b, 0 }, "unknown kind" },
		{ { 0x8f, 0 }, "unknown kind" },
		{ { 0x82, 126, 0, 125 }, "shortest" },
		{ { 0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, "shortest" },
		{ { 0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0 }, "highest bit" },
		{ { 0x09, 0 }, "in pieces" },
		{ { 0x08, 0 }, "in pieces" },
		{ { 0x89, 126, 0, 126 }, "longer than 125" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct wsframe f;
		const char *why = wsframe_read(wrong[i].head, &f);

		assert_non_null(why);
		assert_non_null(strstr(why, wrong[i].why));
	}
}

static void frames_come_in_their_order(void **state)
{
	const struct wsframe text = { .opcode = WSFRAME_TEXT },
			     more = { .opcode = WSFRAME_MORE },
			     ping = { .opcode = WSFRAME_PING },
			     masked = { .opcode = WSFRAME_TEXT, .masked = true };

	(void)state;
	assert_null(wsframe_fits(&text, false, false));
	assert_null(wsframe_fits(&more, true, false));
	assert_null(wsframe_fits(&ping, true, false));
	assert_null(wsframe_fits(&ping, false, false));
	assert_null(wsframe_fits(&masked, false, true));
	assert_non_null(wsframe_fits(&text, true, false));
	assert_non_null(wsframe_fits(&more, false, false));
	assert_non_null(wsframe_fits(&masked, false, false));
	assert_non_null(wsframe_fits(&text, false, true));
	assert_non_null(wsframe_fits(&ping, false, true));
}

/* ---- closes ---- */

static void closes_say_why(void **state)
{
	unsigned char payload[2];
	unsigned status;

	(void)state;
	assert_null(wsframe_read_close((const unsigned char *)"", 0, &status));
	assert_int_equal(status, WSCLOSE_NONE);
	assert_int_equal(wsframe_put_close(payload, WSCLOSE_NONE), 0);
	assert_int_equal(wsframe_put_close(payload, 4001), 2);
	assert_null(wsframe_read_close(payload, 2, &status));
	assert_int_equal(status, 4001);
	assert_null(wsframe_read_close((const unsigned char *)"\x03\xe8" "bye", 5,
				       &status));
	assert_int_equal(status, 1000);
}

static void wrong_closes_are_refused(void **state)
{
	static const unsigned wrong[] = { 0, 999, 1004, 1005, 1006, 1015, 1100, 2999, 5000,
					  65535 };
	unsigned char payload[2];
	unsigned status;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		payload[0] = (unsigned char)(wrong[i] >> 8);
		payload[1] = (unsigned char)wrong[i];
		assert_non_null(wsframe_read_close(payload, 2, &status));
	}
	assert_non_null(wsframe_read_close((const unsigned char *)"\x03", 1, &status));
	assert_non_null(wsframe_read_close((const unsigned char *)"\x03\xe8\xff", 3,
					   &status));
	assert_non_null(wsframe_read_close((const unsigned char *)"\x03\xe8\xc3", 3,
					   &status));
}

/* ---- keys ---- */

/* The example of section 1.3. */
static void a_key_has_one_answer(void **state)
{
	static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
	struct buf out;

	(void)state;
	buf_init(&out, 100);
	assert_true(wsframe_put_accept(&out, key, strlen(key)));
	assert_int_equal(out.len, 28);
	assert_memory_equal(out.data, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28);
	buf_free(&out);
	assert_true(wsframe_put_key(&out, (const unsigned char *)"the sample nonce"));
	assert_int_equal(out.len, strlen(key));
	assert_memory_equal(out.data, key, strlen(key));
	assert_true(wsframe_is_key((const char *)out.data, out.len));
	buf_free(&out);
	buf_init(&out, 27);
	assert_false(wsframe_put_accept(&out, key, strlen(key)));
	buf_free(&out);
}

static void what_is_no_key_is_known(void **state)
{
	(void)state;
	assert_false(wsframe_is_key("", 0));
	assert_false(wsframe_is_key("dGhlIHNhbXBsZSBub25jZQ=", 23));
	assert_false(wsframe_is_key("dGhlIHNhbXBsZSBub25jZQxx", 24));
	assert_false(wsframe_is_key("dGhlIHNhbXBsZSB*b25jZQ==", 24));
	assert_false(wsframe_is_key("dGhlIHNhbXBsZSB\0b25jZQ==", 24));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha1_gives_the_published_digests),
		cmocka_unit_test(utf8_is_told_from_what_is_none_in_any_pieces),
		cmocka_unit_test(every_length_has_its_shortest_form),
		cmocka_unit_test(headers_of_the_standard_are_read),
		cmocka_unit_test(wrong_headers_are_refused),
		cmocka_unit_test(frames_come_in_their_order),
		cmocka_unit_test(closes_say_why),
		cmocka_unit_test(wrong_closes_are_refused),
		cmocka_unit_test(a_key_has_one_answer),
		cmocka_unit_test(what_is_no_key_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
