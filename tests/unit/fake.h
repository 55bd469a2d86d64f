/* A transport of memory for tests: what it reads is scripted, what is written to
 * it is kept, and each step moves as little as it is told. */
#ifndef SOCKCAT_TESTS_UNIT_FAKE_H
#define SOCKCAT_TESTS_UNIT_FAKE_H

#include <string.h>

#include "endpoint/endpoint.h"

struct script {
	const char *input;		/* what read gives, then the end */
	size_t at, step;		/* step: bytes per call at most */
	/* IO_READ before each successful read, IO_WRITE before each write */
	bool stall_between;
	bool stalled;
	bool never_writable;
	bool messages;
	char written[256];
	size_t nwritten;
	unsigned shuts, frees, opens;
	enum io shut_answer;
};

static struct script *fake_script[2];	/* by endpoint.side */

static enum io fake_open(struct layer *l)
{
	l->end->messages = fake_script[l->end->side]->messages;
	fake_script[l->end->side]->opens++;
	return IO_OK;
}

static bool fake_stalls(struct script *s)
{
	s->stalled = s->stall_between && !s->stalled;
	return s->stalled;
}

static enum io fake_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	struct script *s = fake_script[l->end->side];
	size_t len = strlen(s->input + s->at);

	if (fake_stalls(s))
		return IO_READ;
	if (!len)
		return IO_EOF;
	len = len < s->step ? len : s->step;
	*n = len < cap ? len : cap;
	memcpy(to, s->input + s->at, *n);
	s->at += *n;
	return IO_OK;
}

static enum io fake_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct script *s = fake_script[l->end->side];

	if (s->never_writable || fake_stalls(s))
		return IO_WRITE;
	*n = s->messages || len < s->step ? len : s->step;
	memcpy(s->written + s->nwritten, from, *n);
	s->nwritten += *n;
	return IO_OK;
}

static enum io fake_shut(struct layer *l)
{
	fake_script[l->end->side]->shuts++;
	return fake_script[l->end->side]->shut_answer;
}

static void fake_free(struct layer *l)
{
	fake_script[l->end->side]->frees++;
}

static const struct layer_ops fake_ops = {
	.size = sizeof(struct layer), .open = fake_open, .read = fake_read,
	.write = fake_write, .shut = fake_shut, .free = fake_free,
};

/* A layer with nothing of its own: bytes pass through it. */
static const struct layer_ops glass_ops = { .size = sizeof(struct layer) };

static const struct type fake_type = { .names = "fake", .args = "", .help = "",
				       .flags = TYPE_BOTH, .ops = &fake_ops };
static const struct type glass_type = {
	.names = "glass", .args = "", .help = "",
	.flags = TYPE_LAYER | TYPE_BOTH, .ops = &glass_ops,
};

static void fake_wake(void *owner, unsigned ready)
{
	(void)ready;
	++*(unsigned *)owner;
}

#endif
