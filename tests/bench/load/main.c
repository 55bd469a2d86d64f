/* The load's command line; load.h tells what there is. */
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { CONNS_MAX = 1000000 };

struct options opt = {
	.bytes = 1 << 20, .secs = 1, .timeout = 60, .rate = 100000,
	.conns = 1, .size = 64, .window = 1, .sources = 1,
};

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("load: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(2);
}

void *zalloc(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL)
		die("out of memory");
	return p;
}

uint64_t number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || *text == '-' || end == text || *end != '\0' || n > max)
		die("\"%s\" is no number up to %llu", text, (unsigned long long)max);
	return n;
}

static double fraction(const char *text)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end != '\0' || !(n >= 0))
		die("\"%s\" is no number", text);
	return n;
}

uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

double seconds_since(uint64_t start)
{
	return (double)(now() - start) / 1e9;
}

bool overdue(uint64_t start)
{
	return seconds_since(start) > opt.timeout;
}

static const struct option flags[] = {
	{ "to", required_argument, NULL, 't' },
	{ "conns", required_argument, NULL, 'c' },
	{ "bytes", required_argument, NULL, 'b' },
	{ "size", required_argument, NULL, 's' },
	{ "count", required_argument, NULL, 'n' },
	{ "secs", required_argument, NULL, 'S' },
	{ "sources", required_argument, NULL, 'a' },
	{ "window", required_argument, NULL, 'w' },
	{ "rate", required_argument, NULL, 'r' },
	{ "timeout", required_argument, NULL, 'T' },
	{ "cert", required_argument, NULL, 'C' },
	{ "key", required_argument, NULL, 'K' },
	{ "input", required_argument, NULL, 'i' },
	{ NULL, 0, NULL, 0 },
};

static void read_flag(int flag)
{
	switch (flag) {
	case 't': opt.to = optarg; break;
	case 'c': opt.conns = (unsigned)number(optarg, CONNS_MAX); break;
	case 'b': opt.bytes = number(optarg, UINT64_MAX); break;
	case 's': opt.size = (unsigned)number(optarg, MESSAGE_MAX); break;
	case 'n': opt.count = number(optarg, UINT64_MAX); break;
	case 'S': opt.secs = fraction(optarg); break;
	case 'a': opt.sources = (unsigned)number(optarg, UINT16_MAX); break;
	case 'w': opt.window = (unsigned)number(optarg, CONNS_MAX); break;
	case 'r': opt.rate = number(optarg, UINT32_MAX); break;
	case 'T': opt.timeout = fraction(optarg); break;
	case 'C': opt.cert = optarg; break;
	case 'K': opt.key = optarg; break;
	case 'i': opt.input = optarg; break;
	default: exit(2);
	}
}

/* As many files as there may be, but not for a command that is run: it is to meet the
 * usual limit. */
static void raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int run(const char *command, char **args)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} commands[] = {
		{ "bulk", bulk }, { "pingpong", pingpong }, { "connrate", connrate },
		{ "idle", idle }, { "udpping", udpping }, { "udpblast", udpblast },
		{ "generate", generate }, { "check", check },
	};

	if (strcmp(command, "spawn") == 0 && args[0] != NULL)
		return spawn(args);
	raise_files();
	if (strcmp(command, "serve") == 0)
		return serve(args);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(command, commands[i].name) == 0 && args[0] == NULL)
			return commands[i].run();
	}
	die("\"%s\" is no command", command);
}

int main(int argc, char **argv)
{
	const char *command;
	int flag;

	if (argc < 2)
		die("a command is missing; load.h has them");
	command = argv[1];
	while ((flag = getopt_long(argc - 1, argv + 1, "+", flags, NULL)) != -1)
		read_flag(flag);
	if (opt.conns == 0 || opt.window == 0 || opt.sources == 0 || opt.size == 0)
		die("--conns, --window, --sources and --size are at least 1");
	signal(SIGPIPE, SIG_IGN);
	payload_make();
	return run(command, argv + 1 + optind);
}
