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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/event.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/spool.h"
#include "report/jsonlog.h"

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

/* ---- a FIFO that is read too slowly ------------------------------------------------ */

enum { LINES = 40 * 1000 };

static char fifo[64];

/* The reading end. */
static int make_fifo(void)
{
	snprintf(fifo, sizeof(fifo), "%s-fifo", path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	return open(fifo, O_RDONLY | O_NONBLOCK);
}

static void note_waiting(void *owner, struct spool *s, bool waits)
{
	if (waits)
		*(struct spool **)owner = s;
}

/* All there is, with the place that reading makes. */
static char *read_slowly(int fd, struct spool *s)
{
	static char all[2 * SPOOL_TEXT_MAX];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, all + len, sizeof(all) - len - 1)) > 0) {
		len += (size_t)n;
		spool_flush(s);
	}
	all[len] = '\0';
	close(fd);
	unlink(fifo);
	return all;
}

/* Both opened as for --dump-wait: a spool that would wait, but for the signal. */
static void readers_are_waited_for_if_asked_for(void **state)
{
	struct jsonlog j;
	struct fail f = { 0 };
	struct spool *s = NULL;
	int fd = make_fifo(), wake[2];
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(pipe(wake), 0);
	assert_int_equal(write(wake[1], "", 1), 1);
	spool_wake_by(wake[0]);
	spool_watch(note_waiting, &s);
	assert_true(log_start(&(struct log_setup){ .level = LEVEL_NOTICE,
						   .target = LOG_TO_FILE,
						   .patient = true,
						   .path = fifo }));
	while (!s)
		log_say(LEVEL_NOTICE, "%s", text);
	assert_true(s->patient);
	read_slowly(fd, s);
	log_start(&(struct log_setup){ 0 });
	fd = make_fifo();
	assert_int_equal(jsonlog_start(&j, fifo, true, &f), IO_OK);
	s = NULL;
	while (!s)
		event_tell(&(struct event){ .kind = EVENT_READY, .side = -1 });
	assert_true(s->patient);
	read_slowly(fd, s);
	jsonlog_end(&j);
	spool_watch(NULL, NULL);
	spool_wake_by(-1);
	close(wake[0]);
	close(wake[1]);
}

/* One line among the others, whose length is the same, stands for what is missing. */
static void assert_adds_up(const char *all, const char *note)
{
	const char *at = strstr(all, note), *end = at ? strchr(at, '\n') : NULL;
	const char *begin = at;
	size_t line = strcspn(all, "\n") + 1, lost;

	assert_non_null(end);
	while (begin[-1] != '\n')
		begin--;
	assert_null(strstr(end, note));
	lost = strtoul(at + strlen(note), NULL, 10);
	assert_int_equal(lost % line, 0);
	assert_int_equal(strlen(all) - (size_t)(end + 1 - begin) + lost, LINES * line);
}

static void a_slow_reader_of_the_log_is_told_what_he_misses(void **state)
{
	const int fd = make_fifo();
	struct spool *s = NULL;
	char text[1000];
	const char *all;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	spool_watch(note_waiting, &s);
	assert_true(log_start(&(struct log_setup){ .level = LEVEL_NOTICE,
						   .target = LOG_TO_FILE,
						   .path = fifo }));
	for (unsigned i = 0; i < LINES; i++)
		log_say(LEVEL_NOTICE, "%s", text);
	assert_non_null(s);
	all = read_slowly(fd, s);
	assert_matches(all, "\n[0-9/]+ [0-9:]+ sockcat: warning: [0-9]+ bytes are missing "
			    "here: who reads this is too slow\n$");
	assert_adds_up(all, "sockcat: warning: ");
	spool_watch(NULL, NULL);
	log_start(&(struct log_setup){ 0 });
}

static void a_slow_reader_of_events_is_told_so_by_one_of_them(void **state)
{
	const int fd = make_fifo();
	struct spool *s = NULL;
	struct jsonlog j;
	struct fail f = { 0 };
	const char *all;

	(void)state;
	spool_watch(note_waiting, &s);
	assert_int_equal(jsonlog_start(&j, fifo, false, &f), IO_OK);
	while (!s || !s->lost)
		event_tell(&(struct event){ .kind = EVENT_READY, .side = -1 });
	all = read_slowly(fd, s);
	assert_matches(all, "\"event\":\"log\",\"level\":\"warning\","
			    "\"message\":\"[0-9]+ bytes are missing here: who reads this "
			    "is too slow\"}\n$");
	spool_watch(NULL, NULL);
	jsonlog_end(&j);
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
		cmocka_unit_test(readers_are_waited_for_if_asked_for),
		cmocka_unit_test(a_slow_reader_of_the_log_is_told_what_he_misses),
		cmocka_unit_test(a_slow_reader_of_events_is_told_so_by_one_of_them),
		cmocka_unit_test(a_setup_that_fails_leaves_the_old_one),
		cmocka_unit_test(a_caret_points_at_the_slip),
		cmocka_unit_test(a_caret_knows_how_wide_things_are),
		cmocka_unit_test(of_long_input_the_stretch_around_the_slip_is_shown),
		cmocka_unit_test(socat_says_a_failure_in_one_line),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
