/* Names to addresses without blocking.
 *
 * A question is waiting, being asked, answered, delivered.  The loop's thread
 * makes it and frees it; a helper only borrows it from taking it off the waiting
 * list until it puts it on the answered list, both under the lock.  Whoever
 * asked may lose interest at any time: `asker` then becomes NULL, and the loop
 * frees the question when it comes back.  When the resolver ends with helpers
 * still in getaddrinfo(3), those become the owners of their question, and the
 * last of them (or of us) frees what they share. */
#include "loop/resolve.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/platform.h"

/* Codes that not every system has. */
#ifndef EAI_ADDRFAMILY
#define EAI_ADDRFAMILY EAI_FAMILY
#endif
#ifndef EAI_NODATA
#define EAI_NODATA EAI_NONAME
#endif

enum { HELPERS = 4 };

struct question {
	struct question *next;
	struct resolver *resolver;	/* ref */
	struct resolve *asker;		/* ref; NULL = forgotten; the loop's thread's */
	bool waiting;			/* on that list; under the lock */
	bool delivered;			/* the answer is here; the loop's thread's */
	char *host, *service;		/* own */
	struct addrinfo hints;
	struct addrinfo *list;		/* own: the answer */
	int result;			/* EAI_* */
	int cause;			/* errno for EAI_SYSTEM */
};

struct helper {
	struct resolver *resolver;	/* ref */
	pthread_t thread;
	struct question *asking;	/* ref, own once the resolver has ended */
};

struct resolver {
	struct loop *loop;		/* ref */
	struct watch watch;
	int pipe[2];			/* own: a byte when the first is answered */

	pthread_mutex_t lock;		/* guards all below */
	pthread_cond_t work;
	struct question *waiting;	/* own: oldest first */
	struct question *answered;	/* own */
	struct helper helper[HELPERS];
	unsigned nhelpers, idle;
	unsigned users;			/* we and the helpers: the last one frees */
	bool ended;
};

/* Questions. */

static void question_free(struct question *q)
{
	if (q->list != NULL)
		freeaddrinfo(q->list);
	mem_free(q->host);
	mem_free(q->service);
	mem_free(q);
}

static struct question *question_new(struct resolver *v, struct resolve *asker,
				     const char *host, const char *service,
				     const struct addrinfo *hints)
{
	struct question *q = mem_new(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->resolver = v;
	q->asker = asker;
	q->hints = *hints;
	q->host = mem_text(host, strlen(host));
	if (service != NULL)
		q->service = mem_text(service, strlen(service));
	if (q->host == NULL || (service != NULL && q->service == NULL)) {
		question_free(q);
		return NULL;
	}
	return q;
}

static void append(struct question **list, struct question *q)
{
	while (*list != NULL)
		list = &(*list)->next;
	q->next = NULL;
	*list = q;
}

static void take_out(struct question **list, const struct question *q)
{
	while (*list != q)
		list = &(*list)->next;
	*list = q->next;
}

static struct question *take_first(struct question **list)
{
	struct question *q = *list;

	if (q != NULL)
		*list = q->next;
	return q;
}

/* Helper threads.  They allocate nothing through base/mem.h, whose counter is
 * the loop's thread's. */

/* The next question, or NULL when the resolver has ended.  Locked. */
static struct question *await_work(struct helper *h)
{
	struct resolver *v = h->resolver;

	v->idle++;
	while (v->waiting == NULL && !v->ended)
		pthread_cond_wait(&v->work, &v->lock);
	v->idle--;
	if (v->ended)
		return NULL;
	h->asking = take_first(&v->waiting);
	h->asking->waiting = false;
	return h->asking;
}

/* Locked. */
static void hand_over(struct helper *h, struct question *q)
{
	struct resolver *v = h->resolver;

	h->asking = NULL;
	if (v->ended) {
		question_free(q);
		return;
	}
	if (v->answered == NULL)
		while (write(v->pipe[1], "", 1) < 0 && errno == EINTR)
			;
	append(&v->answered, q);
}

/* Locked before, unlocked after; the last user frees. */
static void leave(struct resolver *v)
{
	const bool last = --v->users == 0;

	pthread_mutex_unlock(&v->lock);
	if (!last)
		return;
	pthread_cond_destroy(&v->work);
	pthread_mutex_destroy(&v->lock);
	mem_free(v);
}

static void *help(void *arg)
{
	struct helper *h = arg;
	struct resolver *v = h->resolver;
	struct question *q;

	pthread_mutex_lock(&v->lock);
	while ((q = await_work(h)) != NULL) {
		pthread_mutex_unlock(&v->lock);
		q->result = getaddrinfo(q->host, q->service, &q->hints, &q->list);
		q->cause = errno;
		pthread_mutex_lock(&v->lock);
		hand_over(h, q);
	}
	leave(v);
	return NULL;
}

/* Starts a helper with all signals blocked: those are the loop's.  Locked;
 * 0 or the cause. */
static int start_helper(struct resolver *v)
{
	struct helper *h = &v->helper[v->nhelpers];
	sigset_t all, before;
	int cause;

	h->resolver = v;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	cause = pthread_create(&h->thread, NULL, help, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (cause == 0) {
		v->nhelpers++;
		v->users++;
	}
	return cause;
}

/* The loop's side. */

static void empty_pipe(const struct resolver *v)
{
	char bytes[64];
	ssize_t n;

	do
		n = read(v->pipe[0], bytes, sizeof(bytes));
	while (n == (ssize_t)sizeof(bytes) || (n < 0 && errno == EINTR));
}

static struct question *next_answer(struct resolver *v)
{
	struct question *q;

	pthread_mutex_lock(&v->lock);
	q = take_first(&v->answered);
	pthread_mutex_unlock(&v->lock);
	return q;
}

/* One at a time: whom we wake may forget another question, even an answered one. */
static void deliver(void *owner, unsigned ready)
{
	struct loop *l = ((struct resolver *)owner)->loop;
	struct question *q;

	(void)ready;
	empty_pipe(owner);
	while (loop_services(l)->resolver == owner && (q = next_answer(owner)) != NULL) {
		if (q->asker == NULL) {
			question_free(q);
			continue;
		}
		q->delivered = true;
		loop_release(l);
		q->asker->fn(q->asker->owner, READY_WAKE);
	}
}

static bool open_pipe(struct resolver *v)
{
	if (sys_pipe(v->pipe, true) < 0)
		return false;
	v->watch = (struct watch){
		.fd = v->pipe[0],
		.background = true,
		.fn = deliver,
		.owner = v,
	};
	if (watch_set(v->loop, &v->watch, READY_READ))
		return true;
	sys_close(v->pipe[0]);
	sys_close(v->pipe[1]);
	return false;
}

bool resolver_start(struct loop *l, struct fail *f)
{
	struct resolver *v = mem_new(1, sizeof(*v));

	if (v == NULL) {
		fail_memory(f);
		return false;
	}
	v->loop = l;
	v->users = 1;
	if (!open_pipe(v)) {
		fail_sys(f, PHASE_INTERNAL, "cannot start the resolver");
		mem_free(v);
		return false;
	}
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->work, NULL);
	loop_services(l)->resolver = v;
	return true;
}

/* Nobody will deliver it: its asker is as new. */
static void abandon(struct resolver *v, struct question *q)
{
	if (q->asker == NULL)
		return;
	q->asker->asked = NULL;
	q->asker = NULL;
	loop_release(v->loop);
}

static void abandon_list(struct resolver *v, struct question **list)
{
	struct question *q;

	while ((q = take_first(list)) != NULL) {
		abandon(v, q);
		question_free(q);
	}
}

void resolver_end(struct loop *l)
{
	struct resolver *v = loop_services(l)->resolver;
	bool join[HELPERS] = {0};

	if (v == NULL)
		return;
	loop_services(l)->resolver = NULL;
	watch_set(l, &v->watch, 0);
	pthread_mutex_lock(&v->lock);
	v->ended = true;
	abandon_list(v, &v->waiting);
	abandon_list(v, &v->answered);
	for (unsigned i = 0; i < v->nhelpers; i++) {
		join[i] = v->helper[i].asking == NULL;
		if (join[i])
			continue;
		abandon(v, v->helper[i].asking);
		pthread_detach(v->helper[i].thread);
	}
	pthread_cond_broadcast(&v->work);
	pthread_mutex_unlock(&v->lock);
	for (unsigned i = 0; i < HELPERS; i++)
		if (join[i])
			pthread_join(v->helper[i].thread, NULL);
	sys_close(v->pipe[0]);
	sys_close(v->pipe[1]);
	pthread_mutex_lock(&v->lock);
	leave(v);
}

/* Asking. */

/* Digits only and a port, or a name (port -1); strtoul(3) inside getaddrinfo(3) would
 * take "-1" and " 80", and cut 65616 to 80. */
static bool service_is_sound(const char *s, int *port)
{
	if (!isalnum((unsigned char)*s))
		return false;
	*port = -1;
	if (s[strspn(s, "0123456789")] != '\0')
		return true;
	for (*port = 0; *s != '\0' && *port <= 65535; s++)
		*port = 10 * *port + (*s - '0');
	return *port <= 65535;
}

/* The host without the brackets of an IPv6 literal; false if it is too long. */
static bool bare_host(const char *host, char *to, size_t cap)
{
	size_t len = strlen(host);

	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	if (len >= cap)
		return false;
	memcpy(to, host, len);
	to[len] = '\0';
	return true;
}

/* What EAI_* means and what can be done about it. */
static const char *reason(int result)
{
	if (result == EAI_NONAME)
		return "name or service not known (check the spelling, or the resolver)";
	if (result == EAI_AGAIN)
		return "the resolver does not answer (is the network up?)";
	if (result == EAI_FAIL)
		return "the resolver failed (look at /etc/resolv.conf)";
	if (result == EAI_FAMILY || result == EAI_ADDRFAMILY || result == EAI_NODATA)
		return "it has no address of the family asked for (IPv4 or IPv6)";
	if (result == EAI_SOCKTYPE)
		return "this system has no such kind of socket";
	return gai_strerror(result);
}

static enum io refuse(int result, int cause, const char *host, const char *service,
		      struct fail *f)
{
	if (result == EAI_MEMORY)
		return fail_memory(f);
	if (result == EAI_SERVICE)
		return fail_say(f, PHASE_RESOLVE, result,
				"cannot resolve port \"%s\": no such service "
				"(give a number, or look in /etc/services)", service);
	if (host == NULL)
		host = service;
	if (result == EAI_SYSTEM) {
		errno = cause;
		return fail_sys(f, PHASE_RESOLVE, "cannot resolve \"%s\"", host);
	}
	return fail_say(f, PHASE_RESOLVE, result, "cannot resolve \"%s\": %s", host,
			reason(result));
}

static enum io take_answer(struct resolve *r, const char *host, const char *service,
			   struct fail *f)
{
	struct question *q = r->asked;
	enum io io = IO_OK;

	if (!q->delivered)
		return IO_WAIT;
	r->asked = NULL;
	r->list = q->list;
	q->list = NULL;
	if (q->result != 0)
		io = refuse(q->result, q->cause, host, service, f);
	question_free(q);
	return io;
}

/* Puts q on the list and sees that somebody takes it off. */
static enum io ask(struct resolver *v, struct question *q, struct fail *f)
{
	unsigned pending = 1;
	int cause = 0;

	pthread_mutex_lock(&v->lock);
	for (const struct question *w = v->waiting; w != NULL; w = w->next)
		pending++;
	if (pending > v->idle && v->nhelpers < HELPERS)
		cause = start_helper(v);
	if (v->nhelpers > 0) {
		cause = 0;
		q->waiting = true;
		append(&v->waiting, q);
		pthread_cond_signal(&v->work);
	}
	pthread_mutex_unlock(&v->lock);
	if (cause == 0) {
		loop_hold(v->loop);
		return IO_WAIT;
	}
	errno = cause;
	return fail_sys(f, PHASE_RESOLVE, "cannot start a thread to resolve \"%s\"",
			q->host);
}

static enum io start_question(struct loop *l, struct resolve *r, const char *host,
			      const char *service, const struct addrinfo *hints,
			      struct fail *f)
{
	struct question *q;
	enum io io;

	if (loop_services(l)->resolver == NULL && !resolver_start(l, f))
		return IO_FAIL;
	q = question_new(loop_services(l)->resolver, r, host, service, hints);
	if (q == NULL)
		return fail_memory(f);
	io = ask(q->resolver, q, f);
	if (io == IO_WAIT)
		r->asked = q;
	else
		question_free(q);
	return io;
}

static bool in_figures(struct resolve *r, const char *host, int port, int family)
{
	r->at.v6 = (struct sockaddr_in6){ 0 };
	if ((family == AF_UNSPEC || family == AF_INET) &&
	    inet_pton(AF_INET, host, &r->at.v4.sin_addr) == 1) {
		r->at.v4.sin_family = AF_INET;
		r->at.v4.sin_port = htons((uint16_t)port);
		r->figures.ai_addrlen = sizeof(r->at.v4);
		return true;
	}
	r->at.v6.sin6_family = AF_INET6;
	r->at.v6.sin6_port = htons((uint16_t)port);
	r->figures.ai_addrlen = sizeof(r->at.v6);
	return (family == AF_UNSPEC || family == AF_INET6) &&
	       inet_pton(AF_INET6, host, &r->at.v6.sin6_addr) == 1;
}

/* Each session of a server asks this: what getaddrinfo(3) would say, without its tables
 * and allocations.  False: ask that. */
static bool answer_figures(struct resolve *r, const char *host, int port,
			   const struct addrinfo *wanted)
{
	const bool stream = wanted->ai_socktype == SOCK_STREAM;
	const int protocol = stream ? IPPROTO_TCP : IPPROTO_UDP;

	if (wanted->ai_flags != AI_NUMERICSERV || port < 0 ||
	    (!stream && wanted->ai_socktype != SOCK_DGRAM) ||
	    (wanted->ai_protocol != 0 && wanted->ai_protocol != protocol) ||
	    !in_figures(r, host, port, wanted->ai_family))
		return false;
	r->figures.ai_socktype = wanted->ai_socktype;
	r->figures.ai_protocol = protocol;
	r->figures.ai_addr = (struct sockaddr *)&r->at;
	r->figures.ai_family = r->figures.ai_addr->sa_family;
	r->list = &r->figures;
	return true;
}

/* What can be answered here and now: no host, or a numeric one.  A service's
 * name is looked up in a file, which does not count as waiting. */
static enum io answer_now(struct loop *l, struct resolve *r, const char *host,
			  const char *service, const struct addrinfo *wanted,
			  struct fail *f)
{
	struct addrinfo hints = *wanted;
	int result;

	hints.ai_flags |= host == NULL ? AI_PASSIVE : AI_NUMERICHOST;
	result = getaddrinfo(host, service, &hints, &r->list);
	if (result == 0)
		return IO_OK;
	r->list = NULL;
	if (result == EAI_NONAME && host != NULL)
		return start_question(l, r, host, service, wanted, f);
	return refuse(result, errno, host, service, f);
}

static enum io begin(struct loop *l, struct resolve *r, const char *host,
		     const char *service, struct addrinfo *hints, struct fail *f)
{
	char bare[NI_MAXHOST];
	int port = -1;

	if (service != NULL && !service_is_sound(service, &port))
		return fail_say(f, PHASE_RESOLVE, EAI_SERVICE,
				"\"%s\" is no port (0 to 65535, or a service name)",
				service);
	if (service == NULL || port >= 0)
		hints->ai_flags |= AI_NUMERICSERV;
	if (host == NULL)
		return answer_now(l, r, NULL, service == NULL ? "0" : service, hints, f);
	if (!bare_host(host, bare, sizeof(bare)))
		return fail_say(f, PHASE_RESOLVE, EAI_NONAME,
				"cannot resolve \"%.64s...\": no name is that long",
				host);
	return answer_figures(r, bare, port, hints)
		       ? IO_OK
		       : answer_now(l, r, bare, service, hints, f);
}

enum io resolve_run(struct loop *l, struct resolve *r, const char *host,
		    const char *service, int family, int socktype, int protocol,
		    int flags, struct fail *f)
{
	struct addrinfo hints = {
		.ai_flags = flags,
		.ai_family = family,
		.ai_socktype = socktype,
		.ai_protocol = protocol,
	};

	if (r->list != NULL)
		return IO_OK;
	if (r->asked != NULL)
		return take_answer(r, host, service, f);
	return begin(l, r, host, service, &hints, f);
}

/* A question that a helper has, or has had, comes back and is freed then. */
static void forget(struct question *q)
{
	struct resolver *v = q->resolver;
	bool waiting;

	pthread_mutex_lock(&v->lock);
	waiting = q->waiting;
	if (waiting)
		take_out(&v->waiting, q);
	pthread_mutex_unlock(&v->lock);
	loop_release(v->loop);
	q->asker = NULL;
	if (waiting)
		question_free(q);
}

void resolve_free(struct resolve *r)
{
	struct question *q = r->asked;

	if (r->list != NULL && r->list != &r->figures)
		freeaddrinfo(r->list);
	r->list = NULL;
	r->asked = NULL;
	if (q == NULL)
		return;
	if (q->delivered)
		question_free(q);
	else
		forget(q);
}
