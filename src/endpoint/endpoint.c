/* A stack of layers: built, opened bottom up, read, written, shut, freed. */
#include "endpoint/endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/platform.h"
#include "endpoint/identity.h"
#include "endpoint/tell.h"

/* ---- one layer ------------------------------------------------------------ */

static struct layer *reads_itself(struct layer *l)
{
	while (!l->ops->read && l->below)
		l = l->below;
	return l;
}

static enum io read_back(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct back *b = l->back;

	*n = b->n < cap ? b->n : cap;
	memcpy(to, b->byte, *n);
	b->n -= *n;
	if (b->n) {
		memmove(b->byte, b->byte + *n, b->n);
	} else {
		mem_free(b);
		l->back = NULL;
	}
	return IO_OK;
}

enum io layer_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	l = reads_itself(l);
	if (l->back)
		return read_back(l, to, cap, n);
	return l->ops->read ? l->ops->read(l, to, cap, n) : IO_EOF;
}

enum io layer_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	while (!l->ops->write && l->below)
		l = l->below;
	if (!l->ops->write)
		return fail_say(l->end->fail, PHASE_WRITE, 0, "%s cannot be written to",
				l->part->name);
	return l->ops->write(l, from, len, n);
}

enum io layer_shut(struct layer *l)
{
	while (!l->ops->shut && l->below)
		l = l->below;
	return l->ops->shut ? l->ops->shut(l) : IO_EOF;
}

bool layer_unread(struct layer *l, const void *from, size_t n)
{
	struct back *all;
	size_t old;

	if (n == 0)
		return true;
	l = reads_itself(l);
	old = l->back ? l->back->n : 0;
	all = mem_resize(l->back, sizeof(*all) + old + n, 1);
	if (!all)
		return false;
	memmove(all->byte + n, all->byte, old);
	memcpy(all->byte, from, n);
	all->n = old + n;
	l->back = all;
	return true;
}

enum io layer_flush(struct layer *l, struct buf *out)
{
	while (out->len) {
		size_t n = 0;
		enum io r = layer_write(l, out->data, out->len, &n);

		if (r != IO_OK)
			return r;
		buf_drop(out, n);
	}
	return IO_OK;
}

enum io layer_fill(struct layer *l, struct buf *in, size_t n)
{
	while (in->len < n) {
		size_t got = 0, need = n - in->len;
		unsigned char *room = buf_room(in, need);
		enum io r;

		if (!room)
			return fail_memory(l->end->fail);
		r = layer_read(l, room, need, &got);
		if (r != IO_OK)
			return r;
		in->len += got;
	}
	return IO_OK;
}

enum io layer_more(struct layer *l, struct buf *in)
{
	enum { PIECE = 1024 };
	size_t got = 0, room = in->max - in->len;
	unsigned char *to = buf_room(in, room < PIECE ? room : PIECE);
	enum io r;

	if (!to)
		return fail_memory(l->end->fail);
	r = layer_read(l, to, room < PIECE ? room : PIECE, &got);
	if (r == IO_OK)
		in->len += got;
	return r;
}

/* ---- preparing a whole address -------------------------------------------- */

enum io spec_prepare(struct spec *s, struct fail *f)
{
	for (; s; s = s->writer)
		for (unsigned i = 0; i < s->nparts; i++) {
			const struct layer_ops *ops = s->part[i].type->ops;

			if (ops && ops->prepare && ops->prepare(&s->part[i], f) != IO_OK)
				return IO_FAIL;
			if (identity_plan(&s->part[i], f) != IO_OK)
				return IO_FAIL;
		}
	return IO_OK;
}

enum io spec_check(struct spec *s, struct fail *f)
{
	for (; s; s = s->writer)
		for (struct part *p = s->part; p < s->part + s->nparts; p++)
			if (p->type->flags & TYPE_WORDS &&
			    p->type->ops->prepare(p, f) != IO_OK)
				return IO_FAIL;
	return IO_OK;
}

void spec_unprepare(struct spec *s)
{
	for (; s; s = s->writer)
		for (unsigned i = s->nparts; i-- > 0;) {
			const struct layer_ops *ops = s->part[i].type->ops;

			if (ops && ops->unprepare && s->part[i].prepared)
				ops->unprepare(&s->part[i]);
			identity_forget(&s->part[i]);
		}
}

enum io spec_reload(struct spec *s, struct fail *f)
{
	enum io r = IO_EOF;

	for (; s; s = s->writer)
		for (unsigned i = 0; i < s->nparts; i++) {
			const struct layer_ops *ops = s->part[i].type->ops;

			if (!ops || !ops->reload)
				continue;
			r = ops->reload(&s->part[i], f);
			if (r != IO_OK)
				return r;
		}
	return r;
}

enum io spec_become(const struct spec *s, struct fail *f)
{
	for (; s; s = s->writer)
		if (identity_take_early(&s->part[0], f) != IO_OK ||
		    identity_take(&s->part[0], f) != IO_OK)
			return IO_FAIL;
	return IO_OK;
}

/* ---- birth ----------------------------------------------------------------- */

static void fired(void *owner, unsigned ready)
{
	struct endpoint *e = owner;

	e->ready |= ready;
	e->wake(e->owner, ready);
}

static void watch_init(struct watch *w, struct endpoint *e)
{
	*w = (struct watch){ .fd = -1, .fn = fired, .owner = e };
}

/* So much of a block, that whatever comes behind is aligned. */
static size_t aligned(size_t size)
{
	const size_t unit = alignof(max_align_t);

	return (size + unit - 1) / unit * unit;
}

static size_t layers_size(const struct spec *s)
{
	size_t all = 0;

	for (unsigned i = 0; i < s->nparts; i++)
		all += aligned(s->part[i].type->ops->size);
	return all;
}

enum io endpoint_build(struct endpoint *e)
{
	const size_t layers = layers_size(e->spec);
	unsigned char *room = mem_new(1, layers + e->spec->nparts * sizeof(*e->layer));

	e->rfd = e->wfd = -1;
	watch_init(&e->rwatch, e);
	if (!room)
		return fail_memory(e->fail);
	e->layer = (void *)(room + layers);
	for (unsigned i = 0; i < e->spec->nparts; i++) {
		const struct part *p = &e->spec->part[i];
		struct layer *l = (void *)room;

		room += aligned(p->type->ops->size);
		*l = (struct layer){
			.ops = p->type->ops,
			.below = i ? e->layer[i - 1] : NULL,
			.end = e,
			.part = p,
		};
		e->layer[e->nlayers++] = l;
		if (!i || l->ops->read)
			e->reader = l;
		if (!i || l->ops->write)
			e->writer = l;
	}
	return IO_OK;
}

static enum io open_layer(struct layer *l)
{
	return l->ops->open ? l->ops->open(l) : IO_OK;
}

/* A transport that waits for a peer is bound: privileges have served their purpose
 * before anybody talks to us. */
static enum io open_transport(struct layer *l)
{
	const struct part *p = l->part;
	enum io r = identity_take_early(p, l->end->fail);

	if (r == IO_OK)
		r = open_layer(l);
	if (r != IO_OK && (r == IO_FAIL || !(p->type->flags & TYPE_LISTENS)))
		return r;
	return identity_take(p, l->end->fail) == IO_OK ? r : IO_FAIL;
}

enum io endpoint_open(struct endpoint *e)
{
	if (endpoint_settle(e) == IO_FAIL)
		return IO_FAIL;
	endpoint_begins(e);
	while (e->nopen < e->nlayers && !(e->listening && e->nopen)) {
		struct layer *l = e->layer[e->nopen];
		enum io r = e->nopen ? open_layer(l) : open_transport(l);

		if (r != IO_OK)
			return r;
		if (!e->listening)
			endpoint_opened(e);
		e->nopen++;
	}
	return IO_OK;
}

enum io endpoint_accept(struct endpoint *e, struct endpoint *child)
{
	return e->layer[0]->ops->accept(e->layer[0], child);
}

/* ---- life ------------------------------------------------------------------ */

enum io endpoint_read(struct endpoint *e, void *to, size_t cap, size_t *n)
{
	return layer_read(e->reader, to, cap, n);
}

enum io endpoint_write(struct endpoint *e, const void *from, size_t len, size_t *n)
{
	return layer_write(e->writer, from, len, n);
}

enum io endpoint_settle(struct endpoint *e)
{
	enum io all = IO_OK;

	for (unsigned i = e->nopen; i-- > 0 && all != IO_FAIL;) {
		struct layer *l = e->layer[i];
		enum io r = l->ops->settle ? l->ops->settle(l) : IO_OK;

		if (r != IO_OK)
			all = r;
	}
	return all;
}

enum io endpoint_shut(struct endpoint *e)
{
	return layer_shut(e->layer[e->nlayers - 1]);
}

static bool has_handshake(const struct endpoint *e)
{
	for (unsigned i = 1; i < e->spec->nparts; i++)
		if (e->spec->part[i].type->flags & TYPE_HANDSHAKE)
			return true;
	return false;
}

bool endpoint_needs_reading(const struct endpoint *e)
{
	return e->reads || has_handshake(e);
}

bool endpoint_needs_writing(const struct endpoint *e)
{
	return e->writes || has_handshake(e);
}

bool endpoint_is_raw(const struct endpoint *e)
{
	return e->reader == e->layer[0] && e->writer == e->layer[0] &&
	       !e->layer[0]->back;
}

static bool watch_on(struct endpoint *e, struct watch *w, int fd, unsigned want)
{
	if (w->fd != fd) {
		if (w->want)
			watch_set(e->loop, w, 0);
		w->fd = fd;
		w->always = false;
	}
	if (fd < 0)
		return true;
	return watch_set(e->loop, w, want);
}

static bool watch_wfd(struct endpoint *e, int fd, unsigned want)
{
	if (!e->wwatch) {
		e->wwatch = mem_new(1, sizeof(*e->wwatch));
		if (!e->wwatch) {
			errno = ENOMEM;
			return false;
		}
		watch_init(e->wwatch, e);
	}
	return watch_on(e, e->wwatch, fd, want);
}

bool endpoint_want(struct endpoint *e, unsigned want)
{
	const bool apart = e->rfd != e->wfd;
	const unsigned of_wfd = apart ? want & (READY_WRITE | READY_ERROR) : 0;

	if (!watch_on(e, &e->rwatch, e->rfd, apart ? want & READY_READ : want))
		return false;
	return !(e->wwatch || of_wfd) || watch_wfd(e, apart ? e->wfd : -1, of_wfd);
}

void endpoint_wake(struct endpoint *e)
{
	fired(e, READY_WAKE);
}

void endpoint_woken(void *endpoint, unsigned ready)
{
	fired(endpoint, ready | READY_WAKE);
}

enum io endpoint_pause(struct endpoint *e, struct timer *again)
{
	again->fn = endpoint_woken;
	again->owner = e;
	return timer_set(e->loop, again, loop_now(e->loop)) ? IO_WAIT
							    : fail_memory(e->fail);
}

/* ---- death ----------------------------------------------------------------- */

void endpoint_abort(struct endpoint *e)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };

	if (e->network && e->rfd >= 0)
		setsockopt(e->rfd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

bool endpoint_hurry(struct endpoint *e)
{
	/* fails for what is no TCP, and that gathers nothing */
	if (e->network && e->wfd >= 0)
		setsockopt(e->wfd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	return e->wfd >= 0;
}

void endpoint_free(struct endpoint *e)
{
	if (e->loop) {
		watch_set(e->loop, &e->rwatch, 0);
		if (e->wwatch)
			watch_wfd(e, -1, 0);
	}
	mem_free(e->wwatch);
	e->wwatch = NULL;
	while (e->nlayers) {
		struct layer *l = e->layer[--e->nlayers];

		if (l->ops->free)
			l->ops->free(l);
		mem_free(l->back);
	}
	if (e->layer) {
		mem_free(e->layer[0]);
		sys_close(e->rfd);
		if (e->wfd != e->rfd)
			sys_close(e->wfd);
	}
	e->layer = NULL;
	mem_free(e->story);
	e->story = NULL;
	e->rfd = e->wfd = -1;
	e->rkind = e->wkind = FD_NONE;
	e->nopen = 0;
	e->ready = 0;
	e->longest = 0;
	e->reader = e->writer = NULL;
	e->peer = e->local = e->sender = NULL;
	e->target = NULL;
	e->server = e->messages = e->network = e->direct = e->told = false;
	e->reachable = false;
}

/* ---- who is there ---------------------------------------------------------- */

typedef int name_call(int fd, struct sockaddr *sa, socklen_t *len);

static bool ask_name(const struct name *known, int fd, name_call *ask, struct name *out)
{
	if (known) {
		*out = *known;
		return out->len > 0;
	}
	out->len = sizeof(out->sa);
	if (fd >= 0 && ask(fd, (struct sockaddr *)&out->sa, &out->len) == 0)
		return true;
	out->len = 0;
	return false;
}

static int some_fd(const struct endpoint *e)
{
	return e->rfd >= 0 ? e->rfd : e->wfd;
}

/* A client of IPv4 looks like one, whatever kind of socket took it; only socat
 * shows the difference. */
static bool plain(const struct endpoint *e, bool known, struct name *n)
{
	if (known && !e->spec->rules.socat)
		name_unmap(n);
	return known;
}

bool endpoint_peer(const struct endpoint *e, struct name *out)
{
	return plain(e, ask_name(e->peer, some_fd(e), getpeername, out), out);
}

bool endpoint_local(const struct endpoint *e, struct name *out)
{
	return plain(e, ask_name(e->local, some_fd(e), getsockname, out), out);
}

int endpoint_protocol(const struct endpoint *e)
{
	const int asked = sys_protocol(some_fd(e));

	return asked ? asked : e->spec->part[0].type->protocol;
}

/* "tls+tcp": what stands in the spec, in the user's order, without what
 * options put there. */
static size_t stack_text(const struct endpoint *e, char *to, size_t cap)
{
	size_t used = 0;

	to[0] = '\0';
	for (unsigned i = e->spec->nparts; i-- > 0 && used < cap;) {
		const struct part *p = &e->spec->part[i];
		const char *name = p->type->names;

		if (p->type->flags & TYPE_HIDDEN)
			continue;
		used += (size_t)snprintf(to + used, cap - used, "%s%.*s", used ? "+" : "",
					 (int)strcspn(name, " -"), name);
	}
	return used < cap ? used : cap - 1;
}

const char *endpoint_text(const struct endpoint *e, char *to, size_t cap)
{
	struct name peer, local;
	char a[NAME_TEXT], b[NAME_TEXT];
	size_t used;

	if (!endpoint_peer(e, &peer) || !endpoint_local(e, &local) ||
	    (e->spec->part[0].type->flags & TYPE_PROGRAM)) {
		snprintf(to, cap, "%s", e->spec->input);
		return to;
	}
	used = stack_text(e, to, cap);
	name_text(e->server ? &peer : &local, a, sizeof(a));
	name_text(e->server ? &local : &peer, b, sizeof(b));
	snprintf(to + used, cap - used, " %s → %s", a, b);
	return to;
}

/* ---- what programs may know ------------------------------------------------ */

bool environment_add(struct environment *env, const char *name, const char *value)
{
	char **all = mem_resize(env->pair, env->n + 1, sizeof(*all));

	if (!all)
		return false;
	env->pair = all;
	env->pair[env->n] = mem_format("%s=%s", name, value);
	return env->pair[env->n] && ++env->n;
}

void environment_free(struct environment *env)
{
	for (size_t i = 0; i < env->n; i++)
		mem_free(env->pair[i]);
	mem_free(env->pair);
	*env = (struct environment){ 0 };
}

bool endpoint_describe(struct endpoint *e, struct environment *env)
{
	for (unsigned i = 0; i < e->nopen; i++)
		if (e->layer[i]->ops->describe &&
		    !e->layer[i]->ops->describe(e->layer[i], env))
			return false;
	return true;
}
