/* base/log: both formats, escaping, files, carets.  Lines are caught in a file:
 * as LOG_TO_FILE, or as standard error put there for a while. */
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fail.h"
#include "base/log.h"

static char path[] = "/tmp/sockcat-log-XXXXXX";
static int file, stderr_kept;

static int make_file(void **state)
{
	(void)state;
	file = mkstemp(path);
	stderr_kept = dup(STDERR_FILENO);
	return file < 0 || stderr_kept < 0 ? -1 : 0;
}

static int remove_file(void **state)
{
	(void)state;
	close(file);
	return unlink(path);
}

static void log_with(struct log_setup setup)
{
	assert_true(log_start(&setup));
	assert_int_equal(ftruncate(file, 0), 0);
	lseek(file, 0, SEEK_SET);
	dup2(file, STDERR_FILENO);
}

static const char *caught(void)
{
	static char text[16384];
	ssize_t n;

	dup2(stderr_kept, STDERR_FILENO);
	n = pread(file, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0)
		fail_msg("\"%s\" does not match %s", text, pattern);
	regfree(&re);
}

static void own_lines_name_program_and_gravity(void **state)
{
	(void)state;
	log_with((struct log_setup){ .level = LEVEL_DEBUG });
	log_say(LEVEL_ERROR, "one %d", 1);
	log_say(LEVEL_WARNING, "two");
	log_say(LEVEL_NOTICE, "three");
	log_say(LEVEL_DEBUG, "four");
	assert_string_equal(caught(), "sockcat: error: one 1\nsockcat: warning: two\n"
				      "sockcat: three\nsockcat: four\n");
}

static void lines_of_lesser_gravity_are_left_out(void **state)
{
	(void)state;
	log_with((struct log_setup){ .level = LEVEL_WARNING });
	assert_true(log_wants(LEVEL_WARNING));
	assert_false(log_wants(LEVEL_NOTICE));
	log_say(LEVEL_NOTICE, "no");
	log_say(LEVEL_WARNING, "yes");
	assert_string_equal(caught(), "sockcat: warning: yes\n");
}

static void socat_lines_have_stamp_pid_and_letter(void **state)
{
	(void)state;
	log_with((struct log_setup){ .level = LEVEL_DEBUG, .socat = true,
				     .program = "socat" });
	assert_true(log_is_socat());
	assert_string_equal(log_program(), "socat");
	log_say(LEVEL_NOTICE, "listening on %s", "AF=2 127.0.0.1:8080");
	assert_matches(caught(),
		       "^[0-9]{4}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} "
		       "socat\\[[0-9]+\\] N listening on AF=2 127\\.0\\.0\\.1:8080\n$");
}

static void socat_stamps_can_have_micros_and_host(void **state)
{
	(void)state;
	setenv("HOSTNAME", "here", 1);
	log_with((struct log_setup){ .socat = true, .micros = true, .host = true,
				     .program = "p" });
	log_say(LEVEL_ERROR, "text");
	assert_matches(caught(), ":[0-9]{2}\\.[0-9]{6} here p\\[[0-9]+\\] E text\n$");
}

static void control_characters_can_not_forge_a_line(void **state)
{
	(void)state;
	log_with((struct log_setup){ .level = LEVEL_NOTICE });
	log_say(LEVEL_NOTICE, "path %s", "a\nsockcat: error: forged\x1b[2J\xff");
	assert_string_equal(caught(),
			    "sockcat: path a\\nsockcat: error: forged\\x1b[2J\\xff\n");
}

static void the_arrow_passes(void **state)
{
	(void)state;
	log_with((struct log_setup){ .level = LEVEL_NOTICE });
	log_say(LEVEL_NOTICE, "tcp 127.0.0.1:1 \u2192 127.0.0.1:2");
	assert_string_equal(caught(), "sockcat: tcp 127.0.0.1:1 \u2192 127.0.0.1:2\n");
}

static void long_lines_are_cut(void **state)
{
	char text[3000];
	const char *line;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_with((struct log_setup){ .level = LEVEL_NOTICE });
	log_say(LEVEL_NOTICE, "%s", text);
	line = caught();
	assert_true(strlen(line) < 1050);
	assert_string_equal(line + strlen(line) - 5, "x...\n");
}

static void the_longest_line_of_escapes_is_whole(void **state)
{
	char text[1024];
	const char *line;

	(void)state;
	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_with((struct log_setup){ .level = LEVEL_NOTICE });
	log_say(LEVEL_NOTICE, "%s", text);
	line = caught();
	assert_int_equal(strlen(line), strlen("sockcat: ") + 4 * 1023 + 1);
}

static void errno_is_kept(void **state)
{
	(void)state;
	log_with((struct log_setup){ .level = LEVEL_NOTICE, .micros = true });
	errno = EMFILE;
	log_say(LEVEL_NOTICE, "x");
	assert_int_equal(errno, EMFILE);
	caught();
}

static void a_log_file_is_appended_to_with_stamps(void **state)
{
	struct log_setup to_file = { .level = LEVEL_NOTICE, .target = LOG_TO_FILE,
				     .path = path };

	(void)state;
	log_with((struct log_setup){ .level = LEVEL_NOTICE });
	log_say(LEVEL_NOTICE, "first");
	caught();
	assert_true(log_start(&to_file));
	log_say(LEVEL_NOTICE, "second");
	assert_matches(caught(), "^sockcat: first\n"
				 "[0-9/]+ [0-9:]+ sockcat: second\n$");
	log_start(&(struct log_setup){ 0 });
}

static void a_setup_that_fails_leaves_the_old_one(void **state)
{
	(void)state;
	log_with((struct log_setup){ .level = LEVEL_NOTICE, .program = "before" });
	assert_false(log_start(&(struct log_setup){ .target = LOG_TO_FILE,
						    .path = "/nonexistent/dir/file" }));
	assert_int_equal(errno, ENOENT);
	assert_false(log_start(&(struct log_setup){ .target = LOG_TO_SYSLOG,
						    .facility = "nosuch" }));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(log_program(), "before");
	log_say(LEVEL_NOTICE, "still here");
	assert_string_equal(caught(), "before: still here\n");
}

static const char *caret(const char *input, size_t at, size_t len)
{
	struct fail f = { 0 };

	log_with((struct log_setup){ 0 });
	fail_at(&f, input, at, len, "no");
	log_fail(LEVEL_ERROR, &f);
	return caught();
}

static void a_caret_points_at_the_slip(void **state)
{
	(void)state;
	assert_string_equal(caret("tcp:host:80,fro", 12, 3),
			    "sockcat: error: no\n  tcp:host:80,fro\n              ^~~\n");
	assert_string_equal(caret("tcp", 3, 0), "sockcat: error: no\n  tcp\n     ^\n");
	assert_string_equal(caret("tcp", 9, 9), "sockcat: error: no\n  tcp\n     ^\n");
	assert_string_equal(caret("", 0, 0), "sockcat: error: no\n");
}

static void a_caret_knows_how_wide_things_are(void **state)
{
	(void)state;
	assert_string_equal(caret("\u2192\n,x", 5, 1),
			    "sockcat: error: no\n  \u2192\\n,x\n      ^\n");
}

static void of_long_input_the_stretch_around_the_slip_is_shown(void **state)
{
	char input[5000];
	const char *text;

	(void)state;
	memset(input, 'x', sizeof(input) - 1);
	input[sizeof(input) - 1] = '\0';
	input[4000] = 'Y';
	text = caret(input, 4000, 1);
	assert_matches(text, "\n  \\.\\.\\.x{60}Yx+\n {65}\\^\n$");
	text = caret(input, 0, 4999);
	assert_matches(text, "\n  x+\n  \\^~{159}\n$");
}

static void socat_says_a_failure_in_one_line(void **state)
{
	struct fail f = { 0 };

	(void)state;
	log_with((struct log_setup){ .socat = true, .program = "socat" });
	fail_at(&f, "tcp:x", 0, 3, "no");
	log_fail(LEVEL_ERROR, &f);
	assert_matches(caught(), "^[^\n]* E no\n$");
	log_start(&(struct log_setup){ 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_lines_name_program_and_gravity),
		cmocka_unit_test(lines_of_lesser_gravity_are_left_out),
		cmocka_unit_test(socat_lines_have_stamp_pid_and_letter),
		cmocka_unit_test(socat_stamps_can_have_micros_and_host),
		cmocka_unit_test(control_characters_can_not_forge_a_line),
		cmocka_unit_test(the_arrow_passes),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(the_longest_line_of_escapes_is_whole),
		cmocka_unit_test(errno_is_kept),
		cmocka_unit_test(a_log_file_is_appended_to_with_stamps),
		cmocka_unit_test(a_setup_that_fails_leaves_the_old_one),
		cmocka_unit_test(a_caret_points_at_the_slip),
		cmocka_unit_test(a_caret_knows_how_wide_things_are),
		cmocka_unit_test(of_long_input_the_stretch_around_the_slip_is_shown),
		cmocka_unit_test(socat_says_a_failure_in_one_line),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
