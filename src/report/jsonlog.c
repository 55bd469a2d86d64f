/* Events as lines of JSON. */
#include "report/jsonlog.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/platform.h"

enum { LINE_MAX_BYTES = 256 * 1024, NAME_MAX_BYTES = 64, KEY_MAX = NAME_MAX_BYTES + 16 };

static const char *const side_names[2] = { "left", "right" };

/* ---- members ----------------------------------------------------------------- */

static bool add_text(struct buf *b, const char *name, const char *value)
{
	return !value || json_add(b, name, value);
}

static bool add_seconds(struct buf *b, const char *name, uint64_t usec)
{
	return json_name(b, name) &&
	       buf_format(b, "%llu.%06u", (unsigned long long)(usec / 1000000),
			  (unsigned)(usec % 1000000));
}

/* "left_" and "bytes"; without a side the name alone. */
static const char *key(char to[KEY_MAX], const char *side, const char *name)
{
	snprintf(to, KEY_MAX, "%s%s%s", side ? side : "", side ? "_" : "", name);
	return to;
}

static bool add_side_number(struct buf *b, const char *side, const char *name,
			    uint64_t value)
{
	char k[KEY_MAX];

	return json_add_number(b, key(k, side, name), (long long)value);
}

static bool add_side_seconds(struct buf *b, const char *side, const char *name,
			     uint64_t usec)
{
	char k[KEY_MAX];

	return add_seconds(b, key(k, side, name), usec);
}

static bool add_time(struct buf *b)
{
	const uint64_t mono = sys_now();
	struct timespec now;
	struct tm utc = { 0 };
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	return json_name(b, "time") &&
	       buf_format(b, "\"%s.%06ldZ\"", text, now.tv_nsec / 1000) &&
	       add_seconds(b, "mono", mono);
}

/* ---- addresses --------------------------------------------------------------- */

/* Numbers of IPPROTO_* that not every system has a name for. */
static const char *protocol_name(int protocol, int family)
{
	static const struct {
		int number;
		const char *name;
	} rows[] = {
		{ IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" }, { 33, "dccp" },
		{ 132, "sctp" },	{ 136, "udplite" },	{ 262, "mptcp" },
	};

	if (family == AF_UNIX)
		return "unix";
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].number == protocol)
			return rows[i].name;
	return NULL;
}

static bool is_ip(const struct name *n)
{
	return n->sa.ss_family == AF_INET || n->sa.ss_family == AF_INET6;
}

/* "[::1]:80" -> host "::1", port 80 */
static bool add_host_and_port(struct buf *b, const char *side, const char *end,
			      const struct name *n, char text[NAME_TEXT])
{
	char *colon = strrchr(text, ':'), *host = text + (*text == '[');
	char name[NAME_MAX_BYTES], k[KEY_MAX];

	if (!is_ip(n) || !colon)
		return true;
	*colon = '\0';
	if (host > text)
		host[strcspn(host, "]")] = '\0';
	snprintf(name, sizeof(name), "%s_host", end);
	if (!json_add(b, key(k, side, name), host))
		return false;
	snprintf(name, sizeof(name), "%s_port", end);
	return add_side_number(b, side, name, name_port(n));
}

static bool add_name(struct buf *b, const char *side, const char *end,
		     const struct name *n)
{
	char text[NAME_TEXT], k[KEY_MAX];

	if (!n || !n->len)
		return true;
	return json_add(b, key(k, side, end), name_text(n, text, sizeof(text))) &&
	       add_host_and_port(b, side, end, n, text);
}

static bool add_ends(struct buf *b, const char *side, int protocol,
		     const struct name *local, const struct name *peer)
{
	const struct name *any = local && local->len ? local : peer;
	char k[KEY_MAX];

	if (!any || !any->len)
		return true;
	return add_text(b, key(k, side, "protocol"),
			protocol_name(protocol, any->sa.ss_family)) &&
	       add_name(b, side, "local", local) && add_name(b, side, "peer", peer);
}

/* ---- what events have of their own -------------------------------------------- */

/* {"OPENSSL_CIPHER":"...", ...} */
static bool add_detail(struct buf *b, const struct event *e)
{
	bool ok = true;

	if (!e->ndetail)
		return true;
	ok = json_name(b, "detail") && buf_add(b, "{", 1);
	for (size_t i = 0; ok && i < e->ndetail; i++) {
		const char *pair = e->detail[i], *value = strchr(pair, '=');
		char name[KEY_MAX];

		snprintf(name, sizeof(name), "%.*s", (int)(value - pair), pair);
		ok = json_add(b, name, value + 1);
	}
	return ok && buf_add(b, "}", 1);
}

static bool add_tcp(struct buf *b, const char *side, const struct tcp_state *tcp)
{
	return !tcp->known ||
	       (add_side_seconds(b, side, "rtt", tcp->rtt) &&
		add_side_seconds(b, side, "rttvar", tcp->rttvar) &&
		add_side_number(b, side, "retransmits", tcp->retransmits));
}

static bool add_spans(struct buf *b, const char *side, const uint32_t span[SPANS])
{
	bool ok = true;

	for (unsigned i = 0; ok && i < SPANS; i++)
		ok = !span[i] || add_side_seconds(b, side, span_name(i), span[i]);
	return ok;
}

static bool add_side(struct buf *b, const char *side, const struct event_side *s)
{
	char k[KEY_MAX];

	return json_add(b, key(k, side, "address"), s->address) &&
	       add_ends(b, side, s->protocol, &s->local, &s->peer) &&
	       add_side_number(b, side, "bytes", s->bytes) &&
	       add_side_number(b, side, "blocks", s->blocks) &&
	       add_spans(b, side, s->span) && add_tcp(b, side, &s->tcp);
}

/* What was wrong, and where in what was typed. */
static bool add_failure(struct buf *b, const struct fail *f)
{
	if (!f)
		return true;
	return json_add(b, "message", f->text) &&
	       (!f->input || (json_add(b, "input", f->input) &&
			      json_add_number(b, "input_at", (long long)f->at) &&
			      json_add_number(b, "input_len", (long long)f->len)));
}

static bool add_close(struct buf *b, const struct event *e)
{
	return json_add(b, "reason", e->reason) && json_add_number(b, "code", e->code) &&
	       add_seconds(b, "duration", e->usec) && add_failure(b, e->fail) &&
	       add_side(b, side_names[0], &e->ends[0]) &&
	       add_side(b, side_names[1], &e->ends[1]);
}

static bool add_error(struct buf *b, const struct event *e)
{
	return json_add(b, "phase", fail_phase_name(e->fail->phase)) &&
	       json_add_number(b, "code", e->code) && add_failure(b, e->fail) &&
	       (!e->tries || json_add_number(b, "tries", e->tries));
}

static bool add_start(struct buf *b, const struct event *e)
{
	return json_add(b, "version", PACKAGE_VERSION) &&
	       json_add(b, "left_address", e->ends[0].address) &&
	       json_add(b, "right_address", e->ends[1].address);
}

static bool add_worker(struct buf *b, const struct event *e)
{
	return json_add_number(b, "worker", e->worker) &&
	       json_add_number(b, "worker_pid", e->worker_pid) &&
	       json_add(b, "reason", e->reason) &&
	       (strcmp(e->reason, "started") == 0 || json_add_number(b, "code", e->code));
}

static bool add_own(struct buf *b, const struct event *e)
{
	switch (e->kind) {
	case EVENT_START:
		return add_start(b, e);
	case EVENT_LISTEN:
		return add_text(b, "path", e->text);
	case EVENT_RESOLVE:
		return json_add(b, "host", e->text) &&
		       add_seconds(b, "duration", e->usec);
	case EVENT_CONNECT:
	case EVENT_OPEN:
	case EVENT_PROXY:
	case EVENT_TLS:
		return add_seconds(b, "duration", e->usec);
	case EVENT_EOF:
		return json_add_number(b, "bytes", (long long)e->bytes) &&
		       add_seconds(b, "duration", e->usec);
	case EVENT_ERROR:
		return add_error(b, e);
	case EVENT_CLOSE:
		return add_close(b, e);
	case EVENT_WORKER:
		return add_worker(b, e);
	case EVENT_DRAIN:
		return json_add_number(b, "sessions", e->code);
	case EVENT_EXIT:
		return json_add_number(b, "code", e->code);
	case EVENT_READY:
	case EVENT_ACCEPT:
	case EVENTS:
		break;
	}
	return true;
}

static bool begin_line(struct buf *b, const char *event)
{
	return buf_add(b, "{", 1) && add_time(b) &&
	       json_add_number(b, "pid", getpid()) && json_add(b, "event", event);
}

static bool make_line(struct buf *b, const struct event *e)
{
	return begin_line(b, event_name(e->kind)) &&
	       (!e->session || json_add_number(b, "session", e->session)) &&
	       (e->side < 0 || json_add(b, "side", side_names[e->side])) &&
	       add_text(b, "address", e->address) && add_text(b, "layer", e->layer) &&
	       add_ends(b, NULL, e->protocol, e->local, e->peer) && add_own(b, e) &&
	       add_detail(b, e) && buf_add(b, "}\n", 2);
}

/* ---- the file ---------------------------------------------------------------- */

static bool write_line(struct jsonlog *j, const unsigned char *line, size_t len)
{
	if (j->path)
		return outlet_write(&j->out, line, len);
	log_make_room();
	return log_write(line, len);
}

/* Said after the fact is noted: the warning may come back here as a line. */
static void line_lost(struct jsonlog *j, int err)
{
	struct fail f = { 0 };

	if (j->warned)
		return;
	j->warned = true;
	fail_say(&f, PHASE_WRITE, err, "events are lost: cannot write to %s: %s",
		 j->path ? j->path : "standard error", fail_errno_text(err));
	log_lost(&f);
	log_say(LEVEL_WARNING, "%s", f.text);
}

static void put(struct jsonlog *j, struct buf *b, bool whole)
{
	const int saved = errno;

	if (!whole)
		line_lost(j, ENOMEM);
	else if (!write_line(j, b->data, b->len))
		line_lost(j, errno);
	buf_free(b);
	errno = saved;
}

static void hear(void *self, const struct event *e)
{
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	put(self, &b, make_line(&b, e));
}

void jsonlog_hear(void *jsonlog, enum level level, const char *text)
{
	static const char *const levels[] = { "error", "warning", "notice", "info",
					      "debug" };
	struct jsonlog *j = jsonlog;
	struct buf b;

	if (!j->sink.hear)
		return;
	buf_init(&b, LINE_MAX_BYTES);
	put(j, &b, begin_line(&b, "log") && json_add(&b, "level", levels[level]) &&
			   json_add(&b, "message", text) && buf_add(&b, "}\n", 2));
}

static void tell_missing(void *jsonlog, const char *text)
{
	jsonlog_hear(jsonlog, LEVEL_WARNING, text);
}

/* A FIFO's reader is waited for here, and only here. */
static bool open_path(struct jsonlog *j)
{
	const int fd = open(j->path,
			    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);

	return outlet_open(&j->out, fd, "the log of events", j->path);
}

enum io jsonlog_start(struct jsonlog *j, const char *path, bool patient, struct fail *f)
{
	*j = (struct jsonlog){ .path = path, .out.fd = -1 };
	if (path && !open_path(j))
		return fail_sys(f, PHASE_WRITE, "cannot write events to %s", path);
	j->out.spool.patient |= patient;
	j->out.spool.tell = tell_missing;
	j->out.spool.owner = j;
	j->sink = (struct event_sink){ .hear = hear, .self = j };
	event_add(&j->sink);
	return IO_OK;
}

void jsonlog_end(struct jsonlog *j)
{
	if (!j->sink.hear)
		return;
	event_remove(&j->sink);
	if (j->path)
		outlet_close(&j->out);
	*j = (struct jsonlog){ 0 };
}
