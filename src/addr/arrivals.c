/* Datagrams as they come from the kernel. */
#include "addr/arrivals.h"

#include <errno.h>

#include "base/mem.h"

/* MSG_TRUNC: where the kernel can, it tells the length of what was cut. */
enum {
	FLAGS = MSG_DONTWAIT | MSG_TRUNC,
	/* so that the first bytes of all have different places in the cache */
	APART = 3 * 64,
};

static struct msghdr header_for(struct arrival *a, struct iovec *room)
{
	return (struct msghdr){
		.msg_iov = room, .msg_iovlen = 1,
		.msg_name = &a->from.sa, .msg_namelen = sizeof(a->from.sa),
		.msg_control = a->beside.space,
		.msg_controllen = sizeof(a->beside.space),
	};
}

static void arrived(struct arrival *a, const struct msghdr *m, size_t len)
{
	const size_t cap = m->msg_iov->iov_len;

	a->data = m->msg_iov->iov_base;
	a->len = (m->msg_flags & MSG_TRUNC) && len <= cap ? cap + 1 : len;
	a->from.len = m->msg_namelen;
	a->beside.len = (size_t)m->msg_controllen;
}

static enum io none(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK ? IO_READ : IO_FAIL;
}

enum io arrival_receive(int fd, void *to, size_t cap, int flags, struct arrival *a)
{
	struct iovec room = { .iov_base = to, .iov_len = cap };
	struct msghdr m = header_for(a, &room);
	ssize_t got;

	do
		got = recvmsg(fd, &m, flags | FLAGS);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return none();
	arrived(a, &m, (size_t)got);
	return IO_OK;
}

struct arrivals *arrivals_new(size_t cap)
{
	struct arrivals *s = mem_new(1, sizeof(*s) + ARRIVALS_ROOM + LAYER_MANY * APART);

	if (!s)
		return NULL;
	s->cap = cap;
	while (s->max < LAYER_MANY && (s->max + 1) * cap <= ARRIVALS_ROOM) {
		struct iovec *room = &s->room[s->max];

		*room = (struct iovec){ s->space + s->max * (cap + APART), cap };
		s->of[s->max].data = room->iov_base;
		s->header[s->max].msg_hdr = header_for(&s->of[s->max], room);
		s->max++;
	}
	return s;
}

/* The kernel has written into the headers of what it received. */
static void renew_headers(struct arrivals *s)
{
	for (unsigned i = 0; i < s->n; i++) {
		struct msghdr *m = &s->header[i].msg_hdr;

		m->msg_namelen = sizeof(s->of[i].from.sa);
		m->msg_controllen = sizeof(s->of[i].beside.space);
	}
	s->n = 0;
}

enum io arrivals_receive(struct arrivals *s, int fd)
{
	int got;

	renew_headers(s);
	do
		got = sys_recvmmsg(fd, s->header, s->max, FLAGS);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return none();
	s->n = (unsigned)got;
	for (unsigned i = 0; i < s->n; i++)
		arrived(&s->of[i], &s->header[i].msg_hdr, s->header[i].msg_len);
	return IO_OK;
}
