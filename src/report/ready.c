/* Tells a script when all that listens can be reached, and where. */
#include "report/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"

enum { TEXT_MAX = 64 * 1024 };

/* ---- one address ------------------------------------------------------------- */

static bool add_port(struct buf *b, const struct event *e)
{
	char host[NAME_TEXT];

	if (e->text)
		return buf_format(b, "%s\n", e->text);
	if (!e->local)
		return true;
	if (name_port(e->local))
		return buf_format(b, "%u\n", name_port(e->local));
	return buf_format(b, "%s\n", name_host(e->local, host, sizeof(host)));
}

/* What the kernel knows of it: {"local":"127.0.0.1:8080","port":8080}. */
static bool add_local(struct buf *b, const struct name *local)
{
	char text[NAME_TEXT];

	if (!json_add(b, "local", name_text(local, text, sizeof(text))))
		return false;
	return !name_port(local) || json_add_number(b, "port", name_port(local));
}

static bool add_object(struct buf *b, const struct event *e)
{
	return (!b->len || buf_add(b, ",", 1)) && buf_add(b, "{", 1) &&
	       json_add(b, "address", e->address) && json_add(b, "type", e->layer) &&
	       (!e->text || json_add(b, "path", e->text)) &&
	       (!e->local || add_local(b, e->local)) && buf_add(b, "}", 1);
}

/* ---- all of them ----------------------------------------------------------- */

/* {"ready":true,"pid":1,"listen":[...]}, or the ports as they are. */
static bool complete(struct ready *r, struct buf *line)
{
	if (r->setup.format == READY_PORT)
		return buf_add(line, r->text.data, r->text.len);
	return buf_format(line, "{\"ready\":true,\"pid\":%ld,\"listen\":[",
			  (long)getpid()) &&
	       buf_add(line, r->text.data, r->text.len) && buf_add(line, "]}\n", 3);
}

static void told_in_vain(const char *where)
{
	struct fail f = { 0 };

	fail_sys(&f, PHASE_WRITE, "cannot tell %s that all is ready", where);
	log_say(LEVEL_WARNING, "%s", f.text);
}

/* Written beside it, so that whoever finds the file finds all of it. */
static bool write_file(struct ready *r, const struct buf *line)
{
	return sys_write_all(r->new_fd, line->data, line->len) &&
	       rename(r->new, r->setup.file) == 0;
}

/* Its reader sees the end.  The standard ones stay: others would get their numbers. */
static void close_fd(struct ready *r)
{
	if (r->setup.fd > STDERR_FILENO)
		sys_close(r->setup.fd);
	r->setup.fd = -1;
}

static void tell(struct ready *r)
{
	struct buf line;

	r->told = true;
	buf_init(&line, TEXT_MAX + 256);
	if (!complete(r, &line)) {
		errno = ENOMEM;
		told_in_vain("anybody");
	} else {
		if (r->setup.fd >= 0 &&
		    !sys_write_all(r->setup.fd, line.data, line.len))
			told_in_vain("--ready-fd");
		if (r->setup.file && !write_file(r, &line))
			told_in_vain(r->setup.file);
	}
	close_fd(r);
	buf_free(&line);
	buf_free(&r->text);
}

static void hear(void *self, const struct event *e)
{
	struct ready *r = self;

	if (r->told)
		return;
	if (e->kind == EVENT_LISTEN && r->setup.format == READY_PORT)
		(void)add_port(&r->text, e);
	else if (e->kind == EVENT_LISTEN)
		(void)add_object(&r->text, e);
	else if (e->kind == EVENT_READY)
		tell(r);
}

/* ---- start and end --------------------------------------------------------- */

static enum io check_fd(int fd, struct fail *f)
{
	int mode = fcntl(fd, F_GETFL);

	if (mode < 0)
		return fail_say(f, PHASE_USAGE, EBADF,
				"--ready-fd=%d: that descriptor is not open (in a shell, "
				"%d>FILE opens it)",
				fd, fd);
	if ((mode & O_ACCMODE) == O_RDONLY)
		return fail_say(f, PHASE_USAGE, EBADF,
				"--ready-fd=%d: that descriptor is open for reading only",
				fd);
	if (fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return fail_sys(f, PHASE_USAGE, "--ready-fd=%d", fd);
	return IO_OK;
}

/* Made at once: who waits for the file must not wait for what can't be. */
static enum io make_file(struct ready *r, struct fail *f)
{
	const char *path = r->setup.file;

	if (unlink(path) < 0 && errno != ENOENT)
		return fail_sys(f, PHASE_WRITE, "--ready-file=%s: cannot replace it",
				path);
	r->new = mem_format("%s.%ld.new", path, (long)getpid());
	if (!r->new)
		return fail_memory(f);
	r->new_fd = open(r->new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (r->new_fd < 0)
		return fail_sys(f, PHASE_WRITE, "--ready-file=%s: cannot make it", path);
	return IO_OK;
}

enum io ready_start(struct ready *r, const struct ready_setup *setup, struct fail *f)
{
	*r = (struct ready){
		.sink = { .hear = hear, .self = r }, .setup = *setup, .new_fd = -1 };
	buf_init(&r->text, TEXT_MAX);
	if (setup->fd >= 0 && check_fd(setup->fd, f) != IO_OK) {
		r->setup.fd = -1;
		return IO_FAIL;
	}
	if (setup->file && make_file(r, f) != IO_OK)
		return IO_FAIL;
	event_add(&r->sink);
	return IO_OK;
}

void ready_leave(struct ready *r)
{
	event_remove(&r->sink);
	sys_close(r->new_fd);
	mem_free(r->new);
	close_fd(r);
	buf_free(&r->text);
	*r = (struct ready){ .setup.fd = -1, .new_fd = -1 };
}

void ready_end(struct ready *r)
{
	if (r->new_fd >= 0)
		unlink(r->told ? r->setup.file : r->new);
	ready_leave(r);
}
