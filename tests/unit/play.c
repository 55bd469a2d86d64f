/* proto/play: who says what and when, however what is heard is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/play.h"

static const char mail[] = "< \"ready\\n\"\n"
			   "> \"HELO\\r\\n\"\n"
			   "+5 < \"hel\"\n< \"lo\\n\"\n"
			   "> \"DATA\\n\"\n> \"a\\r\\n\\r\\n\"\n"
			   "> end\n"
			   "< \"bye\\n\"\n"
			   "< end\n";
static const char client_says[] = "HELO\r\nDATA\na\r\n\r\n";
static const char server_says[] = "ready\nhello\nbye\n";

static struct recording rec;

static struct play begin(const char *text, bool client, bool messages, bool loose)
{
	struct play p = { .rec = &rec, .client = client, .messages = messages,
			  .loose = loose };

	recording_free(&rec);
	recording_init(&rec, 1 << 16);
	assert_true(recording_add(&rec, text, strlen(text)) && recording_end(&rec) &&
		    recording_keep(&rec, 0));
	play_init(&p, false);
	return p;
}

static bool hear(struct play *p, const char *text, size_t len, size_t *right)
{
	return play_hear(p, (const unsigned char *)text, len, right);
}

static void heard(struct play *p, const char *text)
{
	size_t right = 0;

	assert_true(hear(p, text, strlen(text), &right));
	assert_int_equal(right, strlen(text));
}

/* All that is said now, at most step bytes at once, added to what stands in to. */
static void speak(struct play *p, size_t step, char *to)
{
	const struct block *b;

	while ((b = play_speaks(p)) && !b->end) {
		const unsigned char *data = NULL;
		size_t n = play_line(p, &data);

		n = n < step ? n : step;
		strncat(to, (const char *)data, n);
		play_said(p, n);
	}
}

static void expect_said(struct play *p, const char *want)
{
	char said[64] = "";

	speak(p, sizeof(said), said);
	assert_string_equal(said, want);
}

static void each_speaks_when_the_other_has(void **state)
{
	struct play s = begin(mail, false, false, false), c;

	(void)state;
	expect_said(&s, "ready\n");
	assert_null(play_speaks(&s));
	heard(&s, "HELO\r");
	assert_null(play_speaks(&s));
	heard(&s, "\n");
	assert_int_equal(play_pause(&s), 5000000);
	expect_said(&s, "hello\n");
	heard(&s, "DATA\na\r\n\r\n");
	assert_null(play_listens(&s));
	expect_said(&s, "bye\n");
	assert_true(play_speaks(&s)->end);

	c = begin(mail, true, false, false);
	assert_null(play_speaks(&c));
	heard(&c, "ready\n");
	expect_said(&c, "HELO\r\n");
	heard(&c, "hello\n");
	expect_said(&c, "DATA\na\r\n\r\n");
	assert_true(play_speaks(&c)->end);
	assert_non_null(play_listens(&c));
	heard(&c, "bye\n");
	assert_null(play_listens(&c));
}

static void what_comes_may_be_split_anywhere(void **state)
{
	(void)state;
	for (int loose = 0; loose < 2; loose++)
		for (size_t at = 0; at < sizeof(client_says); at++)
			for (size_t step = 1; step < 8; step++) {
				struct play p = begin(mail, false, false, loose);
				char said[64] = "";
				size_t right;

				if (at)
					assert_true(hear(&p, client_says, at, &right));
				speak(&p, step, said);
				if (client_says[at])
					heard(&p, client_says + at);
				speak(&p, step, said);
				assert_string_equal(said, server_says);
				assert_null(play_listens(&p));
				assert_true(play_speaks(&p)->end);
			}
}

static void the_first_byte_that_differs_is_found(void **state)
{
	const size_t all = sizeof(client_says) - 1;

	(void)state;
	for (size_t wrong = 0; wrong < all; wrong++)
		for (size_t at = 0; at <= wrong; at++) {
			struct play p = begin(mail, false, false, false);
			char text[sizeof(client_says)];
			const unsigned char *want = NULL;
			size_t right = 0;

			memcpy(text, client_says, sizeof(text));
			text[wrong] ^= 1;
			if (at)
				assert_true(hear(&p, text, at, &right));
			assert_false(hear(&p, text + at, all - at, &right));
			assert_int_equal(at + right, wrong);
			assert_int_equal(p.bytes, wrong);
			assert_true(play_expects(&p, &want) > 0);
			assert_int_equal(want[0], client_says[wrong]);
		}
}

static void more_than_was_recorded_differs(void **state)
{
	struct play p = begin(mail, false, false, false);
	size_t right = 0;

	(void)state;
	heard(&p, client_says);
	assert_false(hear(&p, "x", 1, &right));
	assert_int_equal(right, 0);
	assert_null(play_listens(&p));
}

static void loosely_line_ends_count(void **state)
{
	struct play p = begin(mail, false, false, true);

	(void)state;
	heard(&p, "EHLO everybody");
	expect_said(&p, "ready\n");
	heard(&p, "\nDATA\r\nb\r\nc\r\n\r");
	expect_said(&p, "hello\n");
	heard(&p, "\nand more");
	expect_said(&p, "bye\n");
	heard(&p, "and more");
	assert_null(play_listens(&p));
}

static void loosely_anything_will_do_where_no_line_ends(void **state)
{
	struct play p = begin("> \"one\"\n< \"1\"\n> \"two\"\n< \"2\"\n", false, false, true);

	(void)state;
	heard(&p, "x");
	expect_said(&p, "1");
	heard(&p, "something longer");
	expect_said(&p, "2");
}

static void messages_end_where_they_did(void **state)
{
	static const char text[] = "> \"ask\"\n> \"\"\n< \"one\"\n< \"\"\n< \"two\"\n";
	struct play p = begin(text, false, true, false);
	const unsigned char *data = NULL;
	size_t right = 0;

	(void)state;
	heard(&p, "ask");
	heard(&p, "");
	assert_int_equal(play_line(&p, &data), 3);
	play_said(&p, 3);
	assert_int_equal(play_line(&p, &data), 0);
	play_said(&p, 0);
	assert_int_equal(play_line(&p, &data), 3);
	p = begin(text, false, true, false);
	assert_false(hear(&p, "as", 2, &right));
	assert_int_equal(right, 2);
	p = begin(text, false, true, false);
	assert_false(hear(&p, "asks", 4, &right));
	assert_int_equal(right, 3);
	p = begin(text, false, true, true);
	heard(&p, "whatever");
	assert_null(play_speaks(&p));
	heard(&p, "it is");
	assert_non_null(play_speaks(&p));
}

static void of_a_stream_nothing_is_nothing(void **state)
{
	struct play p = begin("> \"\"\n< \"\"\n< \"a\"\n> \"\"\n", false, false, false);

	(void)state;
	assert_null(play_listens(&p));
	expect_said(&p, "a");
	assert_null(play_speaks(&p));
}

static void who_is_deaf_only_speaks(void **state)
{
	struct play p = begin(mail, false, false, false);

	(void)state;
	play_init(&p, true);
	expect_said(&p, server_says);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_speaks_when_the_other_has),
		cmocka_unit_test(what_comes_may_be_split_anywhere),
		cmocka_unit_test(the_first_byte_that_differs_is_found),
		cmocka_unit_test(more_than_was_recorded_differs),
		cmocka_unit_test(loosely_line_ends_count),
		cmocka_unit_test(loosely_anything_will_do_where_no_line_ends),
		cmocka_unit_test(messages_end_where_they_did),
		cmocka_unit_test(of_a_stream_nothing_is_nothing),
		cmocka_unit_test(who_is_deaf_only_speaks),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	recording_free(&rec);
	return failed;
}
