/* proto/recording: what is written reads back the same, and what people write, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/recording.h"

enum { MOST = 1 << 20 };

static bool read_text(struct recording *r, const char *text)
{
	recording_init(r, MOST);
	return recording_add(r, text, strlen(text)) && recording_end(r);
}

static void expect_block(const struct recording *r, size_t i, bool server,
			 const char *data, size_t len)
{
	assert_true(i < r->n);
	assert_int_equal(r->block[i].server, server);
	assert_int_equal(r->block[i].len, len);
	if (len)
		assert_memory_equal(r->bytes.data + r->block[i].at, data, len);
}

/* Refused at that line and column, with these words. */
static void expect_wrong(const char *text, size_t line, size_t column, const char *words)
{
	struct recording r;

	assert_false(read_text(&r, text) && recording_keep(&r, 0));
	assert_non_null(r.wrong);
	if (!strstr(r.wrong, words))
		fail_msg("\"%s\" does not say \"%s\"", r.wrong, words);
	assert_int_equal(r.lines, line);
	assert_int_equal(r.column, column);
	recording_free(&r);
}

static const char sample[] =
	"# by hand\n"
	"\n"
	"> \"GET / HTTP/1.1\\r\\n\"\r\n"
	"\t\"Host: a\\r\\n\" # who\n"
	"  \"\\r\\n\"\n"
	"7: 0.5 < x00ff10 \"\\\"\\\\\\t\\x41\xc3\xbc\"\n"
	"+250ms<\"x\"x41\n"
	"> \"\"\n"
	"7: 2 < end\n"
	"> end # bye";

static void check_sample(const struct recording *r)
{
	assert_int_equal(r->n, 6);
	expect_block(r, 0, false, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
	expect_block(r, 1, true, "\x00\xff\x10\"\\\tA\xc3\xbc", 9);
	expect_block(r, 2, true, "xA", 2);
	expect_block(r, 3, false, "", 0);
	expect_block(r, 4, true, "", 0);
	assert_false(r->block[3].end);
	assert_true(r->block[4].end && r->block[4].session == 7);
	assert_true(r->block[5].end && r->block[5].session == 1);
	assert_int_equal(r->block[0].line, 3);
	assert_int_equal(r->block[1].line, 6);
	assert_int_equal(r->block[1].usec, 500000);
	assert_int_equal(r->block[2].usec, 250000);
	assert_true(r->block[2].later && !r->block[1].later);
}

static void people_write_it(void **state)
{
	struct recording r;

	(void)state;
	assert_true(read_text(&r, sample));
	check_sample(&r);
	recording_free(&r);
}

static void it_may_be_split_anywhere(void **state)
{
	(void)state;
	for (size_t at = 0; at < sizeof(sample); at++) {
		struct recording r;

		recording_init(&r, MOST);
		assert_true(recording_add(&r, sample, at));
		assert_true(recording_add(&r, sample + at, sizeof(sample) - 1 - at));
		assert_true(recording_end(&r));
		check_sample(&r);
		recording_free(&r);
	}
}

static void it_may_come_byte_by_byte(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r, MOST);
	for (size_t at = 0; at < sizeof(sample) - 1; at++)
		assert_true(recording_add(&r, sample + at, 1));
	assert_true(recording_end(&r));
	check_sample(&r);
	recording_free(&r);
}

static void nothing_is_a_recording_too(void **state)
{
	struct recording r;

	(void)state;
	assert_true(read_text(&r, "") && recording_keep(&r, 0));
	assert_int_equal(r.n, 0);
	recording_free(&r);
	assert_true(read_text(&r, "# nothing\n\n") && recording_keep(&r, 3));
	assert_int_equal(r.n, 0);
	recording_free(&r);
}

static void one_session_is_kept_with_its_times(void **state)
{
	struct recording r;

	(void)state;
	assert_true(read_text(&r, "2: 0.5 > \"a\"\n1: 9 > \"b\"\n2: +1 < \"c\"\n"
				  "2: 0.2 < \"d\"\n2: 3 > end\n"));
	assert_true(recording_keep(&r, 0));
	assert_int_equal(r.n, 4);
	expect_block(&r, 0, false, "a", 1);
	expect_block(&r, 1, true, "c", 1);
	expect_block(&r, 2, true, "d", 1);
	assert_int_equal(r.block[0].usec, 500000);
	assert_int_equal(r.block[1].usec, 1500000);
	/* time does not go back */
	assert_int_equal(r.block[2].usec, 1500000);
	assert_int_equal(r.block[3].usec, 3000000);
	recording_free(&r);
	assert_true(read_text(&r, "2: > \"a\"\n1: > \"b\"\n") && recording_keep(&r, 1));
	assert_int_equal(r.n, 1);
	expect_block(&r, 0, false, "b", 1);
	recording_free(&r);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	(void)state;
	expect_wrong("> \"a\"\n> \"abc\n", 2, 3, "never closed");
	expect_wrong("> \"a\\q\"\n", 1, 5, "backslash");
	expect_wrong("> \"a\\x4\"\n", 1, 5, "backslash");
	expect_wrong("> \"a\\", 1, 5, "backslash");
	expect_wrong("> \"a\\x", 1, 5, "backslash");
	expect_wrong("> x0\n", 1, 3, "pairs");
	expect_wrong("> x\n", 1, 3, "pairs");
	expect_wrong("> x00 x0g\n", 1, 7, "pairs");
	expect_wrong("> hello\n", 1, 3, "\"text\"");
	expect_wrong("> \"a\" end\n", 1, 7, "\"text\"");
	expect_wrong(">\n", 1, 2, "missing");
	expect_wrong("> # \"a\"\n", 1, 3, "missing");
	expect_wrong("> end \"a\"\n", 1, 7, "alone");
	expect_wrong("\"a\"\n", 1, 1, "who says this?");
	expect_wrong("> end\n \"a\"\n", 2, 2, "who says this?");
	expect_wrong("hello\n", 1, 1, "begins with");
	expect_wrong("1: hello > \"a\"\n", 1, 4, "begins with");
	expect_wrong("1 1 > \"a\"\n", 1, 3, "should stand");
	expect_wrong("0: > \"a\"\n", 1, 1, "number of the session");
	expect_wrong("4294967296: > \"a\"\n", 1, 1, "number of the session");
	expect_wrong(": > \"a\"\n", 1, 1, "number of the session");
	expect_wrong("101d > \"a\"\n", 1, 1, "100 days");
	expect_wrong("+ > \"a\"\n", 1, 1, "begins with");
	expect_wrong("< end\n> \"a\"\n< \"b\"\n", 3, 1, "says no more");
}

static void long_text_is_refused(void **state)
{
	struct recording r;

	(void)state;
	recording_init(&r, 8);
	assert_true(recording_add(&r, "> \"abcd\"", 8));
	assert_false(recording_add(&r, "x", 1));
	assert_null(r.wrong);
	recording_free(&r);
}

static const char *written(const struct block *b, const char *data)
{
	static struct buf out;

	buf_free(&out);
	buf_init(&out, recording_room(b->len));
	assert_true(recording_put(&out, b, data));
	assert_true(buf_room(&out, 1) != NULL);
	out.data[out.len] = '\0';
	return (const char *)out.data;
}

static void text_is_written_line_by_line(void **state)
{
	static const char said[] = "GET / HTTP/1.1\r\nA: \"b\\\"\r\n\r\n";
	const struct block b = { .session = 1, .usec = 312, .len = sizeof(said) - 1 };
	const struct block none = { .session = 2, .server = true, .usec = 61000000 };
	const struct block end = { .session = 2, .end = true };

	(void)state;
	assert_string_equal(written(&b, said),
			    "1: 0.000312 > \"GET / HTTP/1.1\\r\\n\"\n"
			    "\t\"A: \\\"b\\\\\\\"\\r\\n\"\n"
			    "\t\"\\r\\n\"\n");
	assert_string_equal(written(&none, NULL), "2: 61.000000 < \"\"\n");
	assert_string_equal(written(&end, NULL), "2: 0.000000 > end\n");
}

static void bytes_are_written_in_hexadecimal(void **state)
{
	char said[33];
	const struct block b = { .session = 1, .server = true, .len = sizeof(said) };

	(void)state;
	memset(said, 0xf0, sizeof(said));
	assert_string_equal(written(&b, said),
			    "1: 0.000000 < xf0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0"
			    "f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0\n\txf0\n");
}

/* Writes it, reads that, compares. */
static void there_and_back(const char *data, size_t len)
{
	const struct block b = { .session = 3, .server = true, .usec = 1234567,
				 .len = len };
	struct recording r;

	assert_true(read_text(&r, written(&b, data)));
	assert_int_equal(r.n, 1);
	expect_block(&r, 0, true, data, len);
	assert_int_equal(r.block[0].session, 3);
	assert_int_equal(r.block[0].usec, 1234567);
	recording_free(&r);
}

static void every_byte_comes_back(void **state)
{
	char all[4096];

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		memset(all, 'a', sizeof(all));
		for (size_t i = 0; i < sizeof(all); i += 8)
			all[i] = (char)c;
		there_and_back(all, sizeof(all));
		memset(all, (int)c, sizeof(all));
		there_and_back(all, sizeof(all));
		there_and_back(all, 1);
	}
	for (unsigned i = 0; i < sizeof(all); i++)
		all[i] = (char)(i * 7);
	for (size_t len = 0; len < 200; len++)
		there_and_back(all + len, len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_write_it),
		cmocka_unit_test(it_may_be_split_anywhere),
		cmocka_unit_test(it_may_come_byte_by_byte),
		cmocka_unit_test(nothing_is_a_recording_too),
		cmocka_unit_test(one_session_is_kept_with_its_times),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(long_text_is_refused),
		cmocka_unit_test(text_is_written_line_by_line),
		cmocka_unit_test(bytes_are_written_in_hexadecimal),
		cmocka_unit_test(every_byte_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
