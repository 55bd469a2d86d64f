/* Runs a command again and again: what its start and end cost. */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	uint64_t runs, wrong, failed;
	double cpu;	/* seconds */
	long memory;	/* KiB, the most that one had */
} sum;

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* The child's standard input and output: pipes, or nothing. */
static void arrange(posix_spawn_file_actions_t *a, int in[2], int out[2])
{
	posix_spawn_file_actions_init(a);
	if (opt.input == NULL) {
		posix_spawn_file_actions_addopen(a, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_addopen(a, 1, "/dev/null", O_WRONLY, 0);
	} else {
		if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
			die("pipe: %s", strerror(errno));
		if (write(in[1], opt.input, strlen(opt.input)) < 0)
			die("pipe: %s", strerror(errno));
		close(in[1]);
		posix_spawn_file_actions_adddup2(a, in[0], 0);
		posix_spawn_file_actions_adddup2(a, out[1], 1);
	}
	posix_spawn_file_actions_addopen(a, 2, "/dev/null", O_WRONLY, 0);
}

/* The input has come back, and nothing else. */
static bool same_came(int fd)
{
	char got[4096];
	size_t n = 0;
	ssize_t r;

	while (n < sizeof(got) && (r = read(fd, got + n, sizeof(got) - n)) > 0)
		n += (size_t)r;
	return n == strlen(opt.input) && memcmp(got, opt.input, n) == 0;
}

static void run_once(char **argv)
{
	posix_spawn_file_actions_t actions;
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, status;
	uint64_t start;
	struct rusage used;
	pid_t pid;

	arrange(&actions, in, out);
	start = now();
	if (posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) != 0)
		die("cannot run %s", argv[0]);
	if (opt.input != NULL) {
		close(in[0]);
		close(out[1]);
		sum.wrong += !same_came(out[0]);
		close(out[0]);
	}
	while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR)
		;
	samples_add(now() - start);
	sum.runs++;
	sum.failed += status != 0;
	sum.cpu += seconds(used.ru_utime) + seconds(used.ru_stime);
	if (used.ru_maxrss > sum.memory)
		sum.memory = used.ru_maxrss;
	posix_spawn_file_actions_destroy(&actions);
}

int spawn(char **argv)
{
	uint64_t start = now();

	while (sum.runs < opt.count && !overdue(start))
		run_once(argv);
	printf("{\"runs\":%" PRIu64 ",\"wrong\":%" PRIu64 ",\"failed\":%" PRIu64
	       ",\"cpu_us\":%.1f,\"maxrss_kib\":%ld,",
	       sum.runs, sum.wrong, sum.failed, sum.cpu / (double)sum.runs * 1e6,
	       sum.memory);
	samples_print();
	printf("\"secs\":%.3f}\n", seconds_since(start));
	return sum.wrong > 0;
}
