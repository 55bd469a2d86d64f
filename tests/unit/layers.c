/* layer/crlf and layer/limit over a transport that takes and gives in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "endpoint/endpoint.h"

extern const struct layer_ops crlf_ops, limit_ops;

/* ---- the transport: answers in turn with what the script says ---- */

struct answer {
	enum io io;
	const char *data;	/* read: what comes */
	size_t takes;		/* write: so much of what is offered */
};

static const struct answer *next_answer;
static size_t most_asked;	/* the largest cap that read was called with */
static char wire[256];
static size_t wired;

static enum io fake_read(struct layer *l, void *to, size_t cap, size_t *n)
{
	const struct answer *a = next_answer++;

	(void)l;
	if (cap > most_asked)
		most_asked = cap;
	if (a->io != IO_OK)
		return a->io;
	*n = strlen(a->data);
	assert_true(*n <= cap);
	memcpy(to, a->data, *n);
	return IO_OK;
}

static enum io fake_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	const struct answer *a = next_answer++;

	(void)l;
	if (a->io != IO_OK)
		return a->io;
	*n = a->takes < len ? a->takes : len;
	memcpy(wire + wired, from, *n);
	wired += *n;
	return IO_OK;
}

static const struct layer_ops fake_ops = {
	.size = sizeof(struct layer), .read = fake_read, .write = fake_write,
};

/* ---- an endpoint of that and one layer ---- */

static const struct type fake_type = { .names = "fake", .ops = &fake_ops };
static struct fail failure, lost, *missing = &lost;
static unsigned wakes;

static void woken(void *owner, unsigned ready)
{
	(void)owner;
	wakes += ready & READY_WAKE ? 1 : 0;
}

struct stack {
	struct type type;
	struct opt opt[2];
	struct optval val[2];
	struct spec spec;
	struct endpoint e;
};

static void build(struct stack *s, const struct layer_ops *ops,
		  const struct answer *script)
{
	next_answer = script;
	most_asked = wired = wakes = 0;
	failure = (struct fail){ 0 };
	s->type = (struct type){ .names = "layer", .flags = TYPE_LAYER, .ops = ops };
	s->spec.nparts = 2;
	s->spec.part[0] = (struct part){ .type = &fake_type, .spec = &s->spec };
	s->spec.part[1].type = &s->type;
	s->spec.part[1].spec = &s->spec;
	s->e.spec = &s->spec;
	s->e.fail = &failure;
	s->e.missing = &missing;
	s->e.wake = woken;
	assert_int_equal(endpoint_build(&s->e), IO_OK);
	assert_int_equal(endpoint_open(&s->e), IO_OK);
}

static void add_option(struct stack *s, unsigned short id, long long num)
{
	struct part *p = &s->spec.part[1];
	unsigned i = p->nvals++;

	s->opt[i] = (struct opt){ .id = id };
	s->val[i] = (struct optval){
		.opt = &s->opt[i], .given = true, .num = num, .at = i
	};
	p->val = s->val;
}

static void loop_for(struct stack *s)
{
	s->e.loop = loop_new(backend_find("poll"), &failure);
	assert_non_null(s->e.loop);
}

/* The bytes of one read, or "" with the answer in *io. */
static const char *read_some(struct stack *s, enum io *io)
{
	static char data[256];
	size_t n = 0;

	*io = endpoint_read(&s->e, data, sizeof(data) - 1, &n);
	data[*io == IO_OK ? n : 0] = '\0';
	return data;
}

#define READS(s, want, answer)                                    \
	do {                                                      \
		enum io got_;                                     \
		const char *text_ = read_some(s, &got_);          \
								  \
		assert_string_equal(text_, want);                 \
		assert_int_equal(got_, answer);                   \
	} while (0)

/* ---- crlf ---- */

static void crnl_survives_any_partial_write(void **state)
{
	static const char data[] = "a\n\nb\r\n\n", want[] = "a\r\n\r\nb\r\r\n\r\n";

	(void)state;
	for (size_t step = 1; step < sizeof(want); step++) {
		struct answer script[64];
		struct stack s = { 0 };
		size_t done = 0;

		for (size_t i = 0; i < 64; i++)
			script[i] = (struct answer){ i % 2 ? IO_OK : IO_WRITE, NULL,
						     step };
		add_option(&s, OPT_CRNL, 1);
		loop_for(&s);
		build(&s, &crlf_ops, script);
		while (done < sizeof(data) - 1) {
			size_t n = 0;
			enum io r = endpoint_write(&s.e, data + done,
						   sizeof(data) - 1 - done, &n);

			assert_true(r == IO_WRITE || (r == IO_OK && n > 0));
			done += n;
		}
		assert_int_equal(wired, sizeof(want) - 1);
		assert_memory_equal(wire, want, wired);
		endpoint_free(&s.e);
		loop_free(s.e.loop);
	}
}

static void reads_of_nothing_but_cr_go_on(void **state)
{
	static const struct answer script[] = {
		{ IO_OK, "\r", 0 }, { IO_OK, "\r\r", 0 }, { IO_READ, NULL, 0 },
		{ IO_OK, "\r\na", 0 }, { IO_EOF, NULL, 0 },
	};
	struct stack s = { 0 };

	(void)state;
	add_option(&s, OPT_CRNL, 1);
	loop_for(&s);
	build(&s, &crlf_ops, script);
	READS(&s, "", IO_READ);
	READS(&s, "\na", IO_OK);
	READS(&s, "", IO_EOF);
	endpoint_free(&s.e);
	loop_free(s.e.loop);
}

static void crs_without_end_keep_nobody_waiting(void **state)
{
	struct answer script[66];
	struct stack s = { 0 };

	(void)state;
	for (size_t i = 0; i < 66; i++)
		script[i] = (struct answer){ IO_OK, "\r", 0 };
	script[65].data = "a";
	add_option(&s, OPT_CRNL, 1);
	loop_for(&s);
	build(&s, &crlf_ops, script);
	READS(&s, "", IO_WAIT);
	assert_int_equal(loop_run(s.e.loop, &failure), IO_OK);
	assert_int_equal(wakes, 1);
	READS(&s, "a", IO_OK);
	endpoint_free(&s.e);
	loop_free(s.e.loop);
}

static void messages_are_translated_whole(void **state)
{
	static const struct answer script[] = {
		{ IO_WRITE, NULL, 0 }, { IO_OK, NULL, 100 }, { IO_OK, "\r", 0 },
	};
	struct stack s = { 0 };
	size_t n = 0;

	(void)state;
	add_option(&s, OPT_CRNL, 1);
	loop_for(&s);
	build(&s, &crlf_ops, script);
	s.e.messages = true;
	assert_int_equal(endpoint_write(&s.e, "\n\n\n", 3, &n), IO_WRITE);
	assert_int_equal(endpoint_write(&s.e, "\n\n\n", 3, &n), IO_OK);
	assert_int_equal(n, 3);
	assert_int_equal(wired, 6);
	assert_memory_equal(wire, "\r\n\r\n\r\n", 6);
	READS(&s, "", IO_OK);
	endpoint_free(&s.e);
	loop_free(s.e.loop);
}

/* ---- limit ---- */

static void readbytes_never_takes_more_than_it_may(void **state)
{
	static const struct answer script[] = {
		{ IO_OK, "abc", 0 }, { IO_READ, NULL, 0 }, { IO_OK, "de", 0 },
	};
	struct stack s = { 0 };

	(void)state;
	add_option(&s, OPT_READBYTES, 5);
	build(&s, &limit_ops, script);
	loop_for(&s);
	READS(&s, "abc", IO_OK);
	assert_int_equal(most_asked, 5);
	READS(&s, "", IO_READ);
	READS(&s, "de", IO_OK);
	READS(&s, "", IO_EOF);
	READS(&s, "", IO_EOF);
	endpoint_free(&s.e);
	loop_free(s.e.loop);
}

static void readbytes_cuts_a_message(void **state)
{
	static const struct answer script[] = { { IO_OK, "abcdef", 0 } };
	struct stack s = { 0 };

	(void)state;
	add_option(&s, OPT_READBYTES, 4);
	build(&s, &limit_ops, script);
	loop_for(&s);
	s.e.messages = true;
	READS(&s, "abcd", IO_OK);
	READS(&s, "", IO_EOF);
	endpoint_free(&s.e);
	loop_free(s.e.loop);
}

static void escape_ends_the_input(void **state)
{
	static const struct answer script[] = { { IO_OK, "abc", 0 },
						{ IO_OK, "d%e", 0 } };
	static const struct answer at_once[] = { { IO_OK, "%e", 0 } };
	struct stack s = { 0 }, t = { 0 };

	(void)state;
	add_option(&s, OPT_ESCAPE, '%');
	build(&s, &limit_ops, script);
	loop_for(&s);
	READS(&s, "abc", IO_OK);
	READS(&s, "d", IO_OK);
	READS(&s, "", IO_EOF);
	endpoint_free(&s.e);
	loop_free(s.e.loop);

	add_option(&t, OPT_ESCAPE, '%');
	build(&t, &limit_ops, at_once);
	loop_for(&t);
	READS(&t, "", IO_EOF);
	endpoint_free(&t.e);
	loop_free(t.e.loop);
}

static void ignoreeof_looks_again_after_a_while(void **state)
{
	static const struct answer script[] = {
		{ IO_EOF, NULL, 0 }, { IO_EOF, NULL, 0 }, { IO_OK, "more", 0 },
	};
	struct stack s = { 0 };

	(void)state;
	add_option(&s, OPT_IGNOREEOF, 1);
	build(&s, &limit_ops, script);
	loop_for(&s);
	READS(&s, "", IO_WAIT);
	READS(&s, "", IO_WAIT);
	assert_int_equal(wakes, 0);
	assert_int_equal(loop_run(s.e.loop, &failure), IO_OK);
	assert_int_equal(wakes, 1);
	READS(&s, "more", IO_OK);
	endpoint_free(&s.e);
	loop_free(s.e.loop);
}

static void a_layer_that_goes_takes_its_timer_along(void **state)
{
	static const struct answer script[] = { { IO_EOF, NULL, 0 } };
	struct stack s = { 0 };

	(void)state;
	add_option(&s, OPT_IGNOREEOF, 1);
	build(&s, &limit_ops, script);
	loop_for(&s);
	READS(&s, "", IO_WAIT);
	endpoint_free(&s.e);
	assert_int_equal(loop_run(s.e.loop, &failure), IO_OK);
	assert_int_equal(wakes, 0);
	loop_free(s.e.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crnl_survives_any_partial_write),
		cmocka_unit_test(reads_of_nothing_but_cr_go_on),
		cmocka_unit_test(crs_without_end_keep_nobody_waiting),
		cmocka_unit_test(messages_are_translated_whole),
		cmocka_unit_test(readbytes_never_takes_more_than_it_may),
		cmocka_unit_test(readbytes_cuts_a_message),
		cmocka_unit_test(escape_ends_the_input),
		cmocka_unit_test(ignoreeof_looks_again_after_a_while),
		cmocka_unit_test(a_layer_that_goes_takes_its_timer_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
