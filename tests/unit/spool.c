/* base/spool: whole records or none, slow readers, full disks, ends. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/spool.h"

static char dir[] = "/tmp/sockcat-spool-XXXXXX";
static char log_path[64], path[64];
static struct spool spool;

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(log_path, sizeof(log_path), "%s/log", dir);
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return unlink(log_path) + rmdir(dir);
}

static void log_to_file(void)
{
	unlink(log_path);
	assert_true(log_start(&(struct log_setup){ .level = LEVEL_WARNING,
						   .target = LOG_TO_FILE,
						   .path = log_path,
						   .program = "test" }));
}

static const char *slurp(const char *name, size_t *len)
{
	static char text[64 * 1024];
	const int fd = open(name, O_RDONLY);
	const ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(fd >= 0 && n >= 0);
	close(fd);
	text[n] = '\0';
	if (len)
		*len = (size_t)n;
	return text;
}

static unsigned times(const char *text, const char *word)
{
	unsigned n = 0;

	for (const char *s = text; (s = strstr(s, word)); s++)
		n++;
	return n;
}

static void open_spool(const char *name)
{
	struct fail f = { 0 };

	log_to_file();
	assert_int_equal(spool_open(&spool, name, "the copy", &f), IO_OK);
}

/* A FIFO whose reading end the test holds. */
static int open_fifo(void)
{
	int fd;

	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	open_spool(path);
	return fd;
}

static void a_file_gets_all_in_order(void **state)
{
	size_t len;

	(void)state;
	open_spool(path);
	assert_true(spool_empty(&spool));
	assert_true(spool_add(&spool, "one ", 4));
	memcpy(spool_room(&spool, 4), "two ", 4);
	assert_false(spool_empty(&spool));
	slurp(path, &len);
	assert_int_equal(len, 0);
	spool_flush(&spool);
	assert_true(spool_empty(&spool));
	assert_string_equal(slurp(path, NULL), "one two ");
	assert_true(spool_add(&spool, "three", 5));
	assert_int_equal(spool.bytes, 13);
	spool_close(&spool);
	assert_string_equal(slurp(path, NULL), "one two three");
	assert_string_equal(slurp(log_path, NULL), "");
	unlink(path);
}

static void an_old_file_is_emptied(void **state)
{
	size_t len;

	(void)state;
	open_spool(path);
	assert_true(spool_add(&spool, "old", 3));
	spool_close(&spool);
	open_spool(path);
	spool_close(&spool);
	slurp(path, &len);
	assert_int_equal(len, 0);
	unlink(path);
}

static void much_is_written_without_being_asked_for(void **state)
{
	static const char piece[1000];
	struct stat st;

	(void)state;
	open_spool(path);
	for (unsigned i = 0; i < 1000; i++)
		assert_true(spool_add(&spool, piece, sizeof(piece)));
	assert_true(spool.held < 100 * 1000);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 900 * 1000);
	spool_close(&spool);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 1000 * 1000);
	unlink(path);
}

/* Records of 1000 bytes, all of the same letter. */
static unsigned whole_records(int fd)
{
	static char all[2 * SPOOL_MAX];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, all + len, sizeof(all) - len)) > 0) {
		len += (size_t)n;
		spool_flush(&spool);
	}
	assert_int_equal(len % 1000, 0);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(all[i], all[i - i % 1000]);
	return (unsigned)(len / 1000);
}

static void a_slow_reader_misses_whole_records_and_the_log_counts_them(void **state)
{
	enum { MANY = 6000 };
	const int fd = open_fifo();
	char piece[1000], told[64];
	unsigned kept = 0, read;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		memset(piece, 'a' + (int)(i % 26), sizeof(piece));
		kept += spool_add(&spool, piece, sizeof(piece));
	}
	assert_true(kept < MANY);
	assert_true(spool_waits(&spool));
	assert_true(spool.held <= SPOOL_MAX);
	read = whole_records(fd);
	assert_int_equal(read, kept);
	assert_false(spool_waits(&spool));
	assert_int_equal(times(slurp(log_path, NULL), "\n"), 2);
	assert_int_equal(times(slurp(log_path, NULL), "its reader is too slow"), 1);
	snprintf(told, sizeof(told), "records dropped: %u\n", MANY - kept);
	assert_int_equal(times(slurp(log_path, NULL), told), 1);
	assert_true(spool_add(&spool, piece, sizeof(piece)));
	spool_close(&spool);
	assert_int_equal(whole_records(fd), 1);
	close(fd);
	unlink(path);
}

static void what_nobody_takes_at_the_end_is_counted(void **state)
{
	enum { PIECES = 10 };
	static char piece[50 * 1000];
	const int fd = open_fifo();

	(void)state;
	for (unsigned i = 0; i < PIECES; i++)
		assert_true(spool_add(&spool, piece, sizeof(piece)));
	spool_flush(&spool);
	spool_close(&spool);
	/* a pipe holds 64 KiB: the first record and a part of the second */
	assert_int_equal(times(slurp(log_path, NULL), "records dropped: 9\n"), 1);
	close(fd);
	unlink(path);
}

static void a_reader_that_goes_ends_it_with_one_word(void **state)
{
	const int fd = open_fifo();

	(void)state;
	assert_true(spool_add(&spool, "one", 3));
	close(fd);
	spool_flush(&spool);
	assert_false(spool_add(&spool, "two", 3));
	assert_null(spool_room(&spool, 3));
	assert_true(spool_empty(&spool));
	assert_false(spool_waits(&spool));
	spool_close(&spool);
	assert_int_equal(times(slurp(log_path, NULL), "\n"), 1);
	assert_int_equal(times(slurp(log_path, NULL), "file ends here: "), 1);
	unlink(path);
}

static void a_full_disk_ends_it_with_one_word(void **state)
{
	(void)state;
	if (access("/dev/full", W_OK) != 0)
		skip();
	open_spool("/dev/full");
	assert_true(spool_add(&spool, "one", 3));
	spool_flush(&spool);
	assert_false(spool_add(&spool, "two", 3));
	spool_close(&spool);
	assert_int_equal(times(slurp(log_path, NULL), "\n"), 1);
	assert_int_equal(times(slurp(log_path, NULL),
			       "warning: the copy in /dev/full ends here: "), 1);
}

static void a_file_cut_by_its_limit_has_whole_records(void **state)
{
	struct rlimit old, small = { .rlim_cur = 2500 };
	static const char piece[1000];
	size_t len;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small.rlim_max = old.rlim_max;
	open_spool(path);
	for (unsigned i = 0; i < 5; i++)
		assert_true(spool_add(&spool, piece, sizeof(piece)));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	spool_flush(&spool);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_false(spool_add(&spool, piece, sizeof(piece)));
	spool_close(&spool);
	slurp(path, &len);
	assert_int_equal(len, 2000);
	unlink(path);
}

static void a_file_that_cannot_be_made_is_named(void **state)
{
	struct fail f = { 0 };

	(void)state;
	assert_int_equal(spool_open(&spool, "/no/such/dir/x", "the copy", &f), IO_FAIL);
	assert_int_equal(f.phase, PHASE_WRITE);
	assert_non_null(strstr(f.text, "cannot open /no/such/dir/x for the copy: "));
	spool_close(&spool);
	spool = (struct spool){ 0 };
	spool_close(&spool);
}

static void without_memory_a_record_is_dropped(void **state)
{
	(void)state;
	open_spool(path);
	mem_fail_at(1);
	assert_false(spool_add(&spool, "one", 3));
	assert_true(spool_add(&spool, "two", 3));
	spool_close(&spool);
	assert_string_equal(slurp(path, NULL), "two");
	assert_int_equal(times(slurp(log_path, NULL), "records dropped: 1\n"), 1);
	unlink(path);
}

/* Standard output that others have, too: its flags stay, and still nobody waits. */
static void output_is_shared_without_a_trace(int fds[2])
{
	static const char piece[1000];
	const int kept = dup(STDOUT_FILENO);
	unsigned taken = 0;
	int flags;

	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	flags = fcntl(STDOUT_FILENO, F_GETFL);
	open_spool("-");
	for (unsigned i = 0; i < 2 * SPOOL_MAX / 1000; i++)
		taken += spool_add(&spool, piece, sizeof(piece));
	assert_true(taken < 2 * SPOOL_MAX / 1000);
	assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL), flags);
	close(fds[0]);
	spool_close(&spool);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(fds[1]);
	assert_int_equal(times(slurp(log_path, NULL), "the copy on standard output"), 3);
}

static void a_pipe_as_output(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	output_is_shared_without_a_trace(fds);
}

static void a_socket_as_output(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	output_is_shared_without_a_trace(fds);
}

/* ---- text ---------------------------------------------------------------------- */

/* A pipe whose writing end is the spool's, as if it were standard error. */
static void open_pipe(int fds[2])
{
	log_to_file();
	assert_int_equal(pipe(fds), 0);
	assert_true(spool_share(&spool, fds[1], "the text"));
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
}

static char *read_all(int fd)
{
	static char all[2 * SPOOL_TEXT_MAX];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, all + len, sizeof(all) - len - 1)) > 0) {
		len += (size_t)n;
		spool_flush(&spool);
	}
	all[len] = '\0';
	return all;
}

static void text_is_there_at_once(void **state)
{
	int fds[2];

	(void)state;
	open_pipe(fds);
	assert_true(spool_write(&spool, "one\n", 4));
	assert_string_equal(read_all(fds[0]), "one\n");
	assert_true(spool_empty(&spool));
	spool_close(&spool);
	close(fds[0]);
}

/* Lines of 1000 bytes; also without an end, as -v has them. */
static void text_says_where_it_misses_something(void **state)
{
	enum { LINE = 1000, MANY = 2 * SPOOL_TEXT_MAX / LINE };
	char line[LINE], *shown, *note;
	unsigned long long bytes;
	int fds[2];

	(void)state;
	open_pipe(fds);
	memset(line, 'x', LINE);
	for (unsigned i = 0; i < MANY; i++)
		assert_true(spool_write(&spool, line, LINE));
	assert_true(spool_waits(&spool));
	assert_true(spool.held <= SPOOL_TEXT_MAX);
	assert_int_equal(log_loss()->phase, PHASE_WRITE);
	shown = read_all(fds[0]);
	note = strchr(shown, '\n');
	assert_non_null(note);
	assert_int_equal(sscanf(note, "\ntest: warning: %llu bytes are missing here: ",
				&bytes),
			 1);
	assert_int_equal((unsigned long long)(note - shown) + bytes,
			 (unsigned long long)MANY * LINE);
	assert_true(spool_write(&spool, "more\n", 5));
	assert_string_equal(read_all(fds[0]), "more\n");
	spool_close(&spool);
	close(fds[0]);
}

static void who_waits_for_a_reader_looks_up_when_a_signal_comes(void **state)
{
	static const char text[200 * 1000];
	int fds[2], wake[2];

	(void)state;
	open_pipe(fds);
	assert_int_equal(pipe(wake), 0);
	assert_int_equal(write(wake[1], "", 1), 1);
	spool_wake_by(wake[0]);
	spool.patient = true;
	assert_true(spool_write(&spool, text, sizeof(text)));
	assert_false(spool_empty(&spool));
	spool_wake_by(-1);
	spool_forget();
	assert_true(spool_empty(&spool));
	spool_close(&spool);
	close(fds[0]);
	close(wake[0]);
	close(wake[1]);
}

/* As a service that collects logs does when it is started anew. */
static void a_reader_that_comes_back_gets_text_again(void **state)
{
	int fd;

	(void)state;
	log_to_file();
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(spool_text(&spool, open(path, O_WRONLY), "the text", path));
	assert_true(spool_write(&spool, "one\n", 4));
	close(fd);
	assert_false(spool_write(&spool, "two\n", 4));
	fd = open(path, O_RDONLY | O_NONBLOCK);
	assert_true(spool_write(&spool, "three\n", 6));
	assert_string_equal(read_all(fd), "one\nthree\n");
	spool_close(&spool);
	close(fd);
	unlink(path);
}

/* Else what other processes write there would get between. */
static void a_full_pipe_has_whole_lines(void **state)
{
	enum { LINE = 1000 };
	char line[LINE], taken[50 * LINE];
	int fds[2], there = 0;

	(void)state;
	open_pipe(fds);
	memset(line, 'x', LINE - 1);
	line[LINE - 1] = '\n';
	for (unsigned i = 0; i < 200; i++)
		assert_true(spool_write(&spool, line, LINE));
	assert_int_equal(read(fds[0], taken, sizeof(taken)), sizeof(taken));
	spool_flush(&spool);
	assert_true(spool_waits(&spool));
	assert_int_equal(ioctl(fds[0], FIONREAD, &there), 0);
	assert_int_equal(there % LINE, 0);
	spool_forget();
	spool_close(&spool);
	close(fds[0]);
}

static void watch(void *owner, struct spool *s, bool waits)
{
	*(struct spool **)owner = waits ? s : NULL;
}

static void whoever_watches_hears_of_what_waits(void **state)
{
	static const char text[200 * 1000];
	struct spool *waits = NULL, *later = NULL;
	int fds[2];

	(void)state;
	open_pipe(fds);
	spool_watch(watch, &waits);
	assert_true(spool_write(&spool, "one\n", 4));
	assert_null(waits);
	assert_true(spool_write(&spool, text, sizeof(text)));
	assert_ptr_equal(waits, &spool);
	spool_watch(watch, &later);
	assert_null(waits);
	assert_ptr_equal(later, &spool);
	close(fds[0]);
	spool_close(&spool);
	assert_null(later);
	spool_watch(NULL, NULL);
}

static void text_goes_on_after_it_was_finished(void **state)
{
	int fds[2];

	(void)state;
	open_pipe(fds);
	spool_finish();
	assert_true(spool_write(&spool, "one\n", 4));
	spool_finish();
	assert_string_equal(read_all(fds[0]), "one\n");
	spool_close(&spool);
	close(fds[0]);
}

static void text_whose_reader_has_gone_says_so(void **state)
{
	int fds[2];

	(void)state;
	open_pipe(fds);
	close(fds[0]);
	assert_false(spool_write(&spool, "one\n", 4));
	assert_int_equal(errno, EPIPE);
	assert_false(spool_write(&spool, "two\n", 4));
	assert_int_equal(errno, EPIPE);
	spool_close(&spool);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_gets_all_in_order),
		cmocka_unit_test(an_old_file_is_emptied),
		cmocka_unit_test(much_is_written_without_being_asked_for),
		cmocka_unit_test(
			a_slow_reader_misses_whole_records_and_the_log_counts_them),
		cmocka_unit_test(what_nobody_takes_at_the_end_is_counted),
		cmocka_unit_test(a_reader_that_goes_ends_it_with_one_word),
		cmocka_unit_test(a_full_disk_ends_it_with_one_word),
		cmocka_unit_test(a_file_cut_by_its_limit_has_whole_records),
		cmocka_unit_test(a_file_that_cannot_be_made_is_named),
		cmocka_unit_test(without_memory_a_record_is_dropped),
		cmocka_unit_test(a_pipe_as_output),
		cmocka_unit_test(a_socket_as_output),
		cmocka_unit_test(text_is_there_at_once),
		cmocka_unit_test(text_says_where_it_misses_something),
		cmocka_unit_test(who_waits_for_a_reader_looks_up_when_a_signal_comes),
		cmocka_unit_test(text_whose_reader_has_gone_says_so),
		cmocka_unit_test(a_reader_that_comes_back_gets_text_again),
		cmocka_unit_test(a_full_pipe_has_whole_lines),
		cmocka_unit_test(whoever_watches_hears_of_what_waits),
		cmocka_unit_test(text_goes_on_after_it_was_finished),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
