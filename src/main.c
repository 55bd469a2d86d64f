/* sockcat: relays bytes between two addresses. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/mem.h"
#include "base/spool.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/socat.h"
#include "process.h"
#include "report/report.h"
#include "run.h"

/* What is asked for instead of relaying. */
static enum io show(const struct cli *c, struct fail *f)
{
	enum io r = IO_OK;

	if (c->ask == ASK_EXPLAIN)
		r = run_explain(c, stdout, f);
	else if (c->rules.socat && c->ask == ASK_HELP)
		r = socat_help(stdout, c->asked) ? IO_OK : fail_memory(f);
	else if (c->rules.socat)
		socat_version(stdout);
	else if (c->ask == ASK_HELP)
		r = help_show(stdout, c->topic, f);
	else
		help_version(stdout);
	if (fflush(stdout) != 0 || ferror(stdout))
		return fail_sys(f, PHASE_WRITE, "cannot write to standard output");
	return r;
}

static enum io relay(const struct cli *c, struct fail *f, bool *reported, int *signo)
{
	enum io r = IO_OK;

	process_raise_limits();
	if (c->list_fds)
		process_list_fds(stderr);
	if (c->lock)
		r = process_lock(c->lock, c->lock_wait, f);
	if (r != IO_OK)
		return r;
	r = report_start(&c->report, f);
	if (r == IO_OK)
		r = run(c, f, reported, signo);
	process_unlock(c->lock);
	return r;
}

/* What was cut beside the data is a failure to the strict, but for a graver one. */
static void be_strict(const struct cli *c, struct fail *f, bool *reported)
{
	if (!c->setup.strict || f->phase != PHASE_NONE)
		return;
	*f = *log_loss();
	*reported = false;
}

/* --explain makes no file, not even for a log. */
static void log_to_no_file(struct cli *c)
{
	c->log.target = LOG_TO_STDERR;
	c->report.events = NULL;
}

static enum io obey(int argc, char **argv, struct cli *c, struct fail *f, bool *reported,
		    int *signo)
{
	const enum io r = options_parse(argc, argv, c, f);

	c->log.patient = c->rules.socat || c->rules.dump.wait;
	if (c->ask == ASK_EXPLAIN)
		log_to_no_file(c);
	if (report_log(&c->report, &c->log, f) != IO_OK || r != IO_OK)
		return IO_FAIL;
	return c->ask == ASK_NOTHING ? relay(c, f, reported, signo) : show(c, f);
}

int main(int argc, char **argv)
{
	const char *const nth = getenv("SOCKCAT_FAIL_ALLOC");
	struct fail f = { 0 };
	struct cli c;
	bool reported = false;
	int signo = 0, status;

	process_fill_stdio();
	if (nth)
		mem_fail_at(strtoul(nth, NULL, 10));
	if (argc > 1 && !strcmp(argv[1], "--complete")) {
		complete_print(stdout, argc - 2, argv + 2);
		return EXIT_SUCCESS;
	}
	obey(argc, argv, &c, &f, &reported, &signo);
	/* who reads our last words may be gone, but that is no end by a signal */
	signal(SIGPIPE, SIG_IGN);
	spool_finish();	/* what is left, before them */
	be_strict(&c, &f, &reported);
	if (f.phase != PHASE_NONE && !reported) {
		log_fail(LEVEL_ERROR, &f);
		event_tell(&(struct event){
			.kind = EVENT_ERROR,
			.side = -1,
			.fail = &f,
			.code = fail_exit_code(&f) });
	}
	status = c.rules.socat ? socat_exit_code(&f) : fail_exit_code(&f);
	if (signo)
		status = 128 + signo;
	if (c.ask == ASK_NOTHING)
		report_exit(status);
	report_end();
	spool_finish();
	return status;
}
