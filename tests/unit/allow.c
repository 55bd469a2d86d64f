/* spec/allow: what a proxy's clients may reach. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "spec/allow.h"

/* Some rule of the list lets who asks for host be connected to this address. */
static bool has(const char *list, const char *host, const char *address, unsigned port)
{
	struct allow_rule rule;
	struct name to;
	size_t len;
	enum allow r;
	bool yes = false;

	assert_true(name_numeric(&to, address, port));
	while ((r = allow_next(&list, &rule, &len)) == ALLOW_RULE)
		yes = yes || allow_has(&rule, host, &to);
	assert_int_equal(r, ALLOW_END);
	return yes;
}

static bool may(const char *list, const char *host, unsigned port)
{
	struct allow_rule rule;
	size_t len;

	while (allow_next(&list, &rule, &len) == ALLOW_RULE)
		if (allow_may(&rule, host, port))
			return true;
	return false;
}

static bool is_bad(const char *list)
{
	struct allow_rule rule;
	size_t len;
	enum allow r;

	while ((r = allow_next(&list, &rule, &len)) == ALLOW_RULE)
		;
	return r == ALLOW_BAD;
}

static void a_name_admits_what_is_asked_for_by_it(void **state)
{
	(void)state;
	assert_true(has("host.example", "host.example", "192.0.2.1", 80));
	assert_true(has("host.example", "HOST.Example.", "192.0.2.1", 80));
	assert_true(has("host.example.", "host.example", "127.0.0.1", 80));
	assert_false(has("host.example", "a.host.example", "192.0.2.1", 80));
	assert_false(has("host.example", "xhost.example", "192.0.2.1", 80));
	assert_false(has("host.example", "192.0.2.1", "192.0.2.1", 80));
}

static void a_domain_admits_the_names_below_it(void **state)
{
	(void)state;
	assert_true(has("*.example.com", "a.example.com", "192.0.2.1", 80));
	assert_true(has("*.example.com", "a.b.EXAMPLE.com.", "192.0.2.1", 80));
	assert_false(has("*.example.com", "example.com", "192.0.2.1", 80));
	assert_false(has("*.example.com", ".example.com", "192.0.2.1", 80));
	assert_false(has("*.example.com", "aexample.com", "192.0.2.1", 80));
}

static void a_range_admits_addresses_by_any_name(void **state)
{
	(void)state;
	assert_true(has("10.0.0.0/8", "any.example", "10.1.2.3", 80));
	assert_true(has("10.0.0.0/8", "10.1.2.3", "::ffff:10.1.2.3", 80));
	assert_false(has("10.0.0.0/8", "any.example", "11.1.2.3", 80));
	assert_true(has("[2001:db8::]/32", "x", "2001:db8::5", 80));
	assert_true(has("[::1]", "localhost", "::1", 80));
	assert_false(has("[2001:db8::]/32", "x", "10.0.0.1", 80));
}

static void a_star_admits_no_special_address(void **state)
{
	static const char *const special[] = {
		"127.0.0.1",  "127.255.0.1",	  "0.0.0.0",	      "169.254.169.254",
		"224.0.0.1",  "255.255.255.255",  "::1",	      "::",
		"fe80::1",    "ff02::1",	  "::ffff:127.0.0.1",
	};

	(void)state;
	assert_true(has("*", "any.example", "192.0.2.1", 80));
	assert_true(has("*", "2001:db8::1", "2001:db8::1", 80));
	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++) {
		assert_false(has("*", "any.example", special[i], 80));
		assert_false(has("*", special[i], special[i], 80));
		assert_false(has("*.example", "any.example", special[i], 80));
		assert_true(has("* any.example", "any.example", special[i], 80));
	}
	assert_true(has("* 127.0.0.0/8", "x", "127.0.0.1", 80));
}

static void ports_are_one_a_stretch_or_all(void **state)
{
	(void)state;
	assert_true(has("a.example:22", "a.example", "192.0.2.1", 22));
	assert_false(has("a.example:22", "a.example", "192.0.2.1", 23));
	assert_true(has("*:20-22", "x", "192.0.2.1", 20));
	assert_true(has("*:20-22", "x", "192.0.2.1", 22));
	assert_false(has("*:20-22", "x", "192.0.2.1", 19));
	assert_false(has("*:20-22", "x", "192.0.2.1", 23));
	assert_true(has("*.a.example:*", "b.a.example", "192.0.2.1", 65535));
	assert_true(has("[::1]:22", "x", "::1", 22));
	assert_false(has("[::1]/64:22", "x", "::1", 21));
	assert_true(has("10.0.0.0/8:1-2", "x", "10.0.0.1", 2));
}

static void rules_stand_in_a_list(void **state)
{
	const char *list = " a.example, b.example:22\t10.0.0.0/8,";

	(void)state;
	assert_true(has(list, "a.example", "192.0.2.1", 1));
	assert_true(has(list, "b.example", "192.0.2.1", 22));
	assert_true(has(list, "c.example", "10.0.0.1", 1));
	assert_false(has(list, "c.example", "192.0.2.1", 22));
	assert_false(has("", "a.example", "192.0.2.1", 1));
}

static void a_resolver_is_asked_only_where_it_may_help(void **state)
{
	(void)state;
	assert_false(may("a.example:22", "a.example", 23));
	assert_false(may("a.example *.b.example", "secret.evil.example", 1));
	assert_true(may("a.example *.b.example", "c.b.example", 1));
	assert_true(may("10.0.0.0/8", "any.example", 1));
	assert_true(may("*", "any.example", 1));
	assert_false(may("*", "127.0.0.1", 1));
	assert_false(may("*", "127.1", 1));
	assert_false(may("*", "::1", 1));
	assert_false(may("*.1", "10.0.0.1", 1));
	assert_true(may("127.0.0.1", "127.0.0.1", 1));
}

static void mistakes_are_seen(void **state)
{
	static const char *const bad[] = {
		"a b:",	   "1.2.3",  "1.2.3.4.5", "10.0.0.0/33", "a/8",	 "::1",
		"[::1",	   "[x]",    "*x",	  "*.",		 "**",	 "a..b",
		".a",	   "-a",     "a:b",	  "a:3-2",	 "a:-1", "a:65536",
		"a:1-2-3", "a:1:2",  "a_b:0x",	  "a,b;c",	 ":22",	 "*.10",
	};
	const char *at = "a.example b/9";
	struct allow_rule rule;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (!is_bad(bad[i]))
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(allow_next(&at, &rule, &len), ALLOW_RULE);
	assert_int_equal(allow_next(&at, &rule, &len), ALLOW_BAD);
	assert_string_equal(at, "b/9");
	assert_int_equal(len, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_admits_what_is_asked_for_by_it),
		cmocka_unit_test(a_domain_admits_the_names_below_it),
		cmocka_unit_test(a_range_admits_addresses_by_any_name),
		cmocka_unit_test(a_star_admits_no_special_address),
		cmocka_unit_test(ports_are_one_a_stretch_or_all),
		cmocka_unit_test(rules_stand_in_a_list),
		cmocka_unit_test(a_resolver_is_asked_only_where_it_may_help),
		cmocka_unit_test(mistakes_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
