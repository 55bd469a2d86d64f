/* base/fail: the first failure stays, its words, its exit code. */
#include <errno.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fail.h"

static void nothing_failed_is_zero(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(fail_exit_code(&f), 0);
}

static void the_first_failure_stays(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(fail_say(&f, PHASE_TLS, 0, "handshake with %s failed", "h"),
			 IO_FAIL);
	errno = ECONNRESET;
	assert_int_equal(fail_sys(&f, PHASE_SEND, "cannot write"), IO_FAIL);
	assert_int_equal(fail_memory(&f), IO_FAIL);
	assert_int_equal(fail_at(&f, "x", 0, 1, "no"), IO_FAIL);
	assert_int_equal(f.phase, PHASE_TLS);
	assert_null(f.input);
	assert_string_equal(f.text, "handshake with h failed");
}

static void errno_is_told_in_words(void **state)
{
	struct fail f = { 0 };

	(void)state;
	errno = ECONNREFUSED;
	fail_sys(&f, PHASE_CONNECT, "cannot connect to %s", "tcp:127.0.0.1:1");
	assert_string_equal(f.text, "cannot connect to tcp:127.0.0.1:1: "
				    "connection refused (nothing listens there)");
	assert_int_equal(f.code, ECONNREFUSED);
}

static void words_that_are_not_ours_come_from_the_system(void **state)
{
	(void)state;
	assert_string_equal(fail_errno_text(EDOM), strerror(EDOM));
	assert_non_null(strstr(fail_errno_text(ETIMEDOUT), "firewall"));
	assert_non_null(strstr(fail_errno_text(EMFILE), "ulimit -n"));
}

static void a_long_sentence_is_cut_but_not_its_cause(void **state)
{
	struct fail f = { 0 };
	char path[600];

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	errno = ENOENT;
	fail_sys(&f, PHASE_READ, "cannot open %s", path);
	assert_true(strlen(f.text) < sizeof(f.text));
	assert_non_null(strstr(f.text, "ppp...: no such file or directory"));
	f = (struct fail){ 0 };
	fail_say(&f, PHASE_READ, 0, "%s", path);
	assert_int_equal(strlen(f.text), sizeof(f.text) - 1);
	assert_string_equal(f.text + sizeof(f.text) - 5, "p...");
}

static void a_sentence_is_never_cut_inside_a_character(void **state)
{
	struct fail f = { 0 };
	char arrows[3 * 100 + 1] = "";

	(void)state;
	for (int i = 0; i < 100; i++)
		memcpy(arrows + 3 * i, "\u2192", 4);
	for (int shift = 0; shift < 3; shift++) {
		const char *at;

		f = (struct fail){ 0 };
		fail_say(&f, PHASE_READ, 0, "%.*s%s", shift, "xx", arrows);
		at = strstr(f.text, "...");
		assert_non_null(at);
		assert_memory_equal(at - 3, "\u2192", 3);
	}
}

static void a_slip_on_the_command_line_is_pointed_at(void **state)
{
	struct fail f = { 0 };
	static const char input[] = "tcp:host:port,fro";

	(void)state;
	fail_at(&f, input, 14, 3, "unknown option \"%s\"", "fro");
	assert_ptr_equal(f.input, input);
	assert_int_equal(f.at, 14);
	assert_int_equal(f.len, 3);
	assert_int_equal(fail_exit_code(&f), 2);
}

static int code_of(enum phase p, int code)
{
	struct fail f = { .phase = p, .code = code };

	return fail_exit_code(&f);
}

static void each_phase_has_its_code(void **state)
{
	static const struct {
		enum phase phase;
		int code;
	} rows[] = {
		{ PHASE_INTERNAL, 1 }, { PHASE_USAGE, 2 },     { PHASE_CONFIG, 1 },
		{ PHASE_KEY, 58 },     { PHASE_CA, 77 },       { PHASE_RESOLVE, 6 },
		{ PHASE_BIND, 45 },    { PHASE_CONNECT, 7 },   { PHASE_PROXY, 97 },
		{ PHASE_TLS, 35 },     { PHASE_VERIFY, 60 },   { PHASE_IDENTITY, 51 },
		{ PHASE_SEND, 55 },    { PHASE_RECEIVE, 56 },  { PHASE_EARLY, 18 },
		{ PHASE_WRITE, 23 },   { PHASE_READ, 26 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(code_of(rows[i].phase, 0), rows[i].code);
}

static void the_cause_may_say_more_than_the_phase(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(code_of(PHASE_CONNECT, ETIMEDOUT), 28);
	assert_int_equal(code_of(PHASE_TLS, ETIMEDOUT), 28);
	assert_int_equal(code_of(PHASE_RESOLVE, ETIMEDOUT), 28);
	assert_int_equal(code_of(PHASE_BIND, ENOMEM), 27);
	assert_int_equal(code_of(PHASE_RESOLVE, EAI_MEMORY), 27);
	assert_int_equal(code_of(PHASE_RESOLVE, EAI_NONAME), 6);
	fail_memory(&f);
	assert_int_equal(fail_exit_code(&f), 27);
}

static void library_codes_are_no_causes(void **state)
{
	(void)state;
	assert_int_equal(code_of(PHASE_VERIFY, ENOMEM), 60);
	assert_int_equal(code_of(PHASE_VERIFY, ETIMEDOUT), 60);
	assert_int_equal(code_of(PHASE_KEY, ETIMEDOUT), 58);
}

static void a_child_and_a_signal_bring_their_own_code(void **state)
{
	(void)state;
	assert_int_equal(code_of(PHASE_CHILD, 3), 3);
	assert_int_equal(code_of(PHASE_CHILD, 126), 126);
	assert_int_equal(code_of(PHASE_CHILD, 127), 127);
	assert_int_equal(code_of(PHASE_CHILD, 255), 255);
	assert_int_equal(code_of(PHASE_SIGNAL, 15), 143);
	assert_int_equal(code_of(PHASE_CHILD, ETIMEDOUT), ETIMEDOUT);
}

static void a_failure_is_never_zero(void **state)
{
	(void)state;
	for (int p = PHASE_NONE + 1; p < PHASES; p++)
		for (int code = -300; code < 600; code++) {
			int got = code_of((enum phase)p, code);

			assert_true(got > 0 && got <= 255);
		}
}

static void every_code_has_a_meaning(void **state)
{
	int code, before = -1;
	const char *meaning;
	size_t n = 0;

	(void)state;
	for (; fail_code_row(n, &code, &meaning); n++) {
		assert_true(code > before);
		assert_non_null(meaning);
		before = code;
	}
	assert_int_equal(n, 22);
	for (int p = PHASE_NONE; p < PHASES; p++) {
		bool found = false;

		assert_non_null(fail_phase_name((enum phase)p));
		for (size_t i = 0; fail_code_row(i, &code, &meaning); i++)
			found |= code == code_of((enum phase)p, 0);
		assert_true(found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_failed_is_zero),
		cmocka_unit_test(the_first_failure_stays),
		cmocka_unit_test(errno_is_told_in_words),
		cmocka_unit_test(words_that_are_not_ours_come_from_the_system),
		cmocka_unit_test(a_long_sentence_is_cut_but_not_its_cause),
		cmocka_unit_test(a_sentence_is_never_cut_inside_a_character),
		cmocka_unit_test(a_slip_on_the_command_line_is_pointed_at),
		cmocka_unit_test(each_phase_has_its_code),
		cmocka_unit_test(the_cause_may_say_more_than_the_phase),
		cmocka_unit_test(library_codes_are_no_causes),
		cmocka_unit_test(a_child_and_a_signal_bring_their_own_code),
		cmocka_unit_test(a_failure_is_never_zero),
		cmocka_unit_test(every_code_has_a_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
