/* The table of peers and their queues. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "addr/peers.h"
#include "base/mem.h"

static struct name at_port(unsigned port)
{
	struct name n;

	assert_true(name_numeric(&n, "127.0.0.1", port));
	return n;
}

static struct peer *listed(struct peers *t, unsigned port)
{
	struct name n = at_port(port);
	struct peer *p = peers_new(&n);

	assert_non_null(p);
	assert_true(peers_list(t, p));
	return p;
}

static void finds_each_of_many_by_name(void **state)
{
	enum { MANY = 5000 };
	static struct peer *all[MANY];
	struct peers t = { 0 };
	struct name stranger = at_port(60000);

	(void)state;
	assert_null(peers_find(&t, &stranger));
	for (unsigned i = 0; i < MANY; i++)
		all[i] = listed(&t, i + 1);
	assert_int_equal(t.n, MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_ptr_equal(peers_find(&t, &all[i]->name), all[i]);
	assert_null(peers_find(&t, &stranger));
	for (unsigned i = 0; i < MANY; i += 2)
		peers_free(&t, all[i]);
	assert_int_equal(t.n, MANY / 2);
	for (unsigned i = 1; i < MANY; i += 2)
		assert_ptr_equal(peers_find(&t, &all[i]->name), all[i]);
	for (unsigned i = 1; i < MANY; i += 2)
		peers_free(&t, all[i]);
	assert_int_equal(t.n, 0);
	peers_end(&t);
}

static void an_unlisted_peer_leaves_its_name_to_another(void **state)
{
	struct peers t = { 0 };
	struct peer *old = listed(&t, 7), *young;

	(void)state;
	peers_unlist(&t, old);
	peers_unlist(&t, old);
	assert_null(peers_find(&t, &old->name));
	young = listed(&t, 7);
	assert_ptr_equal(peers_find(&t, &old->name), young);
	peers_free(&t, old);
	assert_ptr_equal(peers_find(&t, &young->name), young);
	peers_free(&t, young);
	peers_end(&t);
}

static void listing_replaces_a_peer_of_the_same_name(void **state)
{
	struct peers t = { 0 };
	struct peer *old = listed(&t, 7), *young = listed(&t, 7);

	(void)state;
	assert_int_equal(t.n, 1);
	assert_false(old->listed);
	assert_ptr_equal(peers_find(&t, &old->name), young);
	peers_free(&t, old);
	peers_free(&t, young);
	peers_end(&t);
}

static void datagrams_come_out_as_they_went_in(void **state)
{
	struct peers t = { 0 };
	struct peer *p = listed(&t, 1);
	struct datagram *d;

	(void)state;
	assert_null(peers_pop(&t, p));
	assert_true(peers_push(&t, p, "one", 3));
	assert_true(peers_push(&t, p, NULL, 0));
	assert_true(peers_push(&t, p, "three", 5));
	assert_int_equal(t.bytes, 8);
	d = peers_pop(&t, p);
	assert_int_equal(d->len, 3);
	assert_memory_equal(d->data, "one", 3);
	mem_free(d);
	d = peers_pop(&t, p);
	assert_int_equal(d->len, 0);
	mem_free(d);
	assert_true(peers_push(&t, p, "4", 1));
	d = peers_pop(&t, p);
	assert_memory_equal(d->data, "three", 5);
	mem_free(d);
	assert_int_equal(p->waiting, 1);
	peers_free(&t, p);
	assert_int_equal(t.bytes, 0);
	peers_end(&t);
}

static void one_queue_holds_so_many_datagrams_and_no_more(void **state)
{
	struct peers t = { 0 };
	struct peer *p = listed(&t, 1);

	(void)state;
	for (unsigned i = 0; i < PEER_DATAGRAMS; i++)
		assert_true(peers_push(&t, p, "x", 1));
	assert_false(peers_push(&t, p, "x", 1));
	assert_int_equal(p->dropped, 1);
	assert_int_equal(p->waiting, PEER_DATAGRAMS);
	mem_free(peers_pop(&t, p));
	assert_true(peers_push(&t, p, "x", 1));
	peers_free(&t, p);
	peers_end(&t);
}

static void one_queue_holds_so_many_bytes_and_no_more(void **state)
{
	static unsigned char big[65536];
	struct peers t = { 0 };
	struct peer *p = listed(&t, 1);

	(void)state;
	for (unsigned i = 0; i < PEER_BYTES / sizeof(big); i++)
		assert_true(peers_push(&t, p, big, sizeof(big)));
	assert_false(peers_push(&t, p, big, 1));
	assert_true(peers_push(&t, p, big, 0));
	peers_free(&t, p);
	peers_end(&t);
}

static void all_queues_together_are_bounded_too(void **state)
{
	static unsigned char big[65536];
	static struct peer *all[PEERS_BYTES / PEER_BYTES + 1];
	struct peers t = { 0 };
	size_t n = sizeof(all) / sizeof(all[0]);

	(void)state;
	for (unsigned i = 0; i < n; i++)
		all[i] = listed(&t, i + 1);
	for (unsigned i = 0; i + 1 < n; i++)
		for (unsigned k = 0; k < PEER_BYTES / sizeof(big); k++)
			assert_true(peers_push(&t, all[i], big, sizeof(big)));
	assert_int_equal(t.bytes, PEERS_BYTES);
	assert_false(peers_push(&t, all[n - 1], "x", 1));
	mem_free(peers_pop(&t, all[0]));
	assert_true(peers_push(&t, all[n - 1], "x", 1));
	for (unsigned i = 0; i < n; i++)
		peers_free(&t, all[i]);
	assert_int_equal(t.bytes, 0);
	peers_end(&t);
}

static void short_memory_is_no_disaster(void **state)
{
	struct peers t = { 0 };
	struct name n = at_port(1);
	struct peer *p;

	(void)state;
	mem_fail_at(1);
	assert_null(peers_new(&n));
	p = peers_new(&n);
	mem_fail_at(1);
	assert_false(peers_list(&t, p));
	assert_true(peers_list(&t, p));
	mem_fail_at(1);
	assert_false(peers_push(&t, p, "x", 1));
	assert_int_equal(p->dropped, 1);
	assert_int_equal(p->waiting, 0);
	peers_free(&t, p);
	peers_free(&t, NULL);
	peers_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_of_many_by_name),
		cmocka_unit_test(an_unlisted_peer_leaves_its_name_to_another),
		cmocka_unit_test(listing_replaces_a_peer_of_the_same_name),
		cmocka_unit_test(datagrams_come_out_as_they_went_in),
		cmocka_unit_test(one_queue_holds_so_many_datagrams_and_no_more),
		cmocka_unit_test(one_queue_holds_so_many_bytes_and_no_more),
		cmocka_unit_test(all_queues_together_are_bounded_too),
		cmocka_unit_test(short_memory_is_no_disaster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
