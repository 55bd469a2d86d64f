/* UNIX sockets as a client. */
#include "addr/unixclient.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "addr/socket.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/platform.h"
#include "endpoint/apply.h"

enum {
	BACKLOG_USEC = 10 * 1000,	/* until a full backlog is asked again */
	TEMP_TRIES = 100,
};

/* ---- a name of our own ------------------------------------------------- */

/* Every X at the end becomes a letter or digit that nobody can foresee. */
static void fill_pattern(char *path)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	uint64_t random;
	size_t len = strlen(path);

	/* where the system has no randomness to give, a name nobody has will do */
	if (getentropy(&random, sizeof(random)) < 0)
		random = sys_now() * 6364136223846793005u + (uint64_t)getpid();
	while (len && path[len - 1] == 'X') {
		path[--len] = letters[random % (sizeof(letters) - 1)];
		random /= sizeof(letters) - 1;
	}
}

static enum io bind_temporary(struct dgram *d, int fd, struct fail *f)
{
	const struct part *p = d->x.l.part;
	const char *pattern = part_text(p, OPT_BIND_TEMPNAME, NULL);

	for (unsigned i = 0; i < TEMP_TRIES; i++) {
		struct fail tried = { 0 };
		struct name at;

		mem_free(d->path);
		d->path = mem_format("%s", pattern ? pattern : "/tmp/sockcat.XXXXXX");
		if (!d->path)
			return fail_memory(f);
		fill_pattern(d->path);
		if (socket_unix_name(p, d->path, &at, f) != IO_OK)
			return IO_FAIL;
		if (socket_bind_unix(p, fd, &at, &d->file, &tried) == IO_OK)
			return IO_OK;
		if (tried.code != EADDRINUSE)
			return fail_say(f, tried.phase, tried.code, "%s", tried.text);
	}
	return fail_say(f, PHASE_BIND, EADDRINUSE,
			"%s: no free name like %s for bind-tempname", p->spec->input,
			pattern ? pattern : "/tmp/sockcat.XXXXXX");
}

/* A datagram server answers to a name only.  Linux gives an abstract one for the
 * asking; elsewhere the user has to. */
static void bind_automatic(const struct dgram *d, int fd)
{
	const struct sockaddr any = { .sa_family = AF_UNIX };

	if (d->x.l.end->reads && !d->x.l.part->spec->rules.socat &&
	    bind(fd, &any, sizeof(any.sa_family)) < 0)
		log_say(LEVEL_DEBUG, "no automatic name for a UNIX socket here");
}

static enum io bind_client(struct dgram *d, int fd, int type, struct fail *f)
{
	const struct part *p = d->x.l.part;
	const char *path = part_text(p, OPT_BIND, NULL);
	struct name at;

	if (part_val(p, OPT_BIND_TEMPNAME))
		return bind_temporary(d, fd, f);
	if (!path) {
		if (type == SOCK_DGRAM)
			bind_automatic(d, fd);
		return apply_phase(p, fd, PH_BOUND, f);
	}
	if (socket_unix_name(p, path, &at, f) != IO_OK ||
	    socket_bind_unix(p, fd, &at, &d->file, f) != IO_OK)
		return IO_FAIL;
	d->path = mem_text(path, strlen(path));
	return d->path ? IO_OK : fail_memory(f);
}

/* ---- connecting -------------------------------------------------------- */

static void close_attempt(struct dgram *d)
{
	struct endpoint *e = d->x.l.end;

	socket_unlink_unix(d->x.l.part, d->path, &d->file);
	sys_close(e->rfd);
	e->rfd = e->wfd = -1;
	mem_free(d->path);
	d->path = NULL;
}

static enum io again_later(struct dgram *d)
{
	struct endpoint *e = d->x.l.end;

	d->pause.fn = endpoint_woken;
	d->pause.owner = e;
	return timer_set(e->loop, &d->pause, loop_now(e->loop) + BACKLOG_USEC)
		       ? IO_WAIT : fail_memory(e->fail);
}

static enum io make(struct dgram *d, int type)
{
	struct endpoint *e = d->x.l.end;
	int fd;

	if (socket_make(d->x.l.part, AF_UNIX, type, 0, &fd, e->fail) != IO_OK)
		return IO_FAIL;
	e->rfd = e->wfd = fd;
	return bind_client(d, fd, type, e->fail);
}

static int type_of(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	return type;
}

/* From here on for what is no datagram server. */
static const struct layer_ops stream_ops = {
	.size = sizeof(struct dgram), .read = fd_read, .write = fd_write, .shut = fd_shut,
	.describe = dgram_describe, .free = dgram_free,
};

static enum io connected(struct dgram *d)
{
	struct endpoint *e = d->x.l.end;
	int fd = e->rfd;

	d->connected = true;
	if (type_of(fd) == SOCK_DGRAM)
		return dgram_take(d, fd, fd);
	d->x.l.ops = &stream_ops;
	if (apply_phase(d->x.l.part, fd, PH_CONNECTED, e->fail) != IO_OK)
		return IO_FAIL;
	return fd_take(&d->x, fd, fd);
}

/* After a socket of this kind was the wrong one; 0 = none left. */
static int next_type(int type)
{
	if (type == SOCK_STREAM)
		return SOCK_SEQPACKET;
	return type == SOCK_SEQPACKET ? SOCK_DGRAM : 0;
}

/* Abstract names are looked up by kind: a server of another one isn't there. */
static bool wrong_type(const struct name *to)
{
	const struct sockaddr_un *sun = (const struct sockaddr_un *)&to->sa;

	return errno == EPROTOTYPE || (errno == ECONNREFUSED && !sun->sun_path[0]);
}

enum io unixclient_open(struct dgram *d, const char *path, int type)
{
	const struct part *p = d->x.l.part;
	struct endpoint *e = d->x.l.end;
	bool any = !type && !part_val(p, OPT_SOCKTYPE);
	char text[NAME_TEXT];

	if (socket_unix_name(p, path, &d->to, e->fail) != IO_OK)
		return IO_FAIL;
	name_text(&d->to, text, sizeof(text));
	for (int t = type ? type : SOCK_STREAM; t; t = any ? next_type(t) : 0) {
		if (e->rfd < 0) {
			log_say(LEVEL_NOTICE, "opening connection to %s", text);
			if (make(d, t) != IO_OK)
				return IO_FAIL;
		}
		t = type_of(e->rfd);
		if (dgram_aim(e->rfd, &d->to))
			return connected(d);
		if (errno == EAGAIN || errno == EINTR)
			return again_later(d);
		if (!any || !wrong_type(&d->to) || !next_type(t))
			break;
		close_attempt(d);
	}
	return fail_sys(e->fail, PHASE_CONNECT, "cannot connect to %s", text);
}

static enum io client_open(struct layer *l)
{
	return unixclient_open((struct dgram *)l, l->part->arg[0], 0);
}

const struct layer_ops unix_client_ops = {
	DGRAM_OPS, .prepare = socket_prepare, .unprepare = socket_unprepare,
	.open = client_open,
};
