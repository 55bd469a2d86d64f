/* base/name: socket addresses as text, equal or not, in a range or not. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/name.h"

static struct name numeric(const char *host, unsigned port)
{
	struct name n;

	if (!name_numeric(&n, host, port))
		fail_msg("\"%s\" was not taken for an address", host);
	return n;
}

static struct name path(const char *s, bool abstract, bool tight)
{
	struct name n;

	assert_true(name_unix(&n, s, strlen(s), abstract, tight));
	return n;
}

static const char *text(const struct name *n)
{
	static char to[NAME_TEXT];

	return name_text(n, to, sizeof(to));
}

static const char *numeric_text(const char *host, unsigned port)
{
	struct name n = numeric(host, port);

	return text(&n);
}

static void internet_addresses_become_text(void **state)
{
	(void)state;
	assert_string_equal(numeric_text("127.0.0.1", 80), "127.0.0.1:80");
	assert_string_equal(numeric_text("::1", 80), "[::1]:80");
	assert_string_equal(numeric_text("[2001:db8::1]", 65535), "[2001:db8::1]:65535");
}

static void zones_are_kept(void **state)
{
	char name[IF_NAMESIZE], host[64], want[64];

	(void)state;
	if (!if_indextoname(1, name))
		skip();
	snprintf(host, sizeof(host), "fe80::1%%%s", name);
	snprintf(want, sizeof(want), "[fe80::1%%%s]:1", name);
	assert_string_equal(numeric_text(host, 1), want);
}

static void names_are_not_numeric(void **state)
{
	static const char *const bad[] = {
		"localhost", "", "[]", "[127.0.0.1]", "[::1", "::1]", "256.1.1.1",
		"fe80::1%nosuchinterface", "1.2.3.4 ",
	};
	struct name n;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (name_numeric(&n, bad[i], 1))
			fail_msg("\"%s\" was taken for an address", bad[i]);
}

static void unix_names_become_text(void **state)
{
	struct name n = path("/run/x.sock", false, true);

	(void)state;
	assert_string_equal(text(&n), "/run/x.sock");
	n = path("/run/x.sock", false, false);
	assert_string_equal(text(&n), "/run/x.sock");
	n = path("bus", true, true);
	assert_string_equal(text(&n), "@bus");
	n = path("bus", true, false);
	assert_string_equal(text(&n), "@bus");
	assert_true(name_unix(&n, "a\nb\0c", 5, true, true));
	assert_string_equal(text(&n), "@a\\nb\\x00c");
	n.len = offsetof(struct sockaddr_un, sun_path);
	assert_string_equal(text(&n), "unnamed");
}

static void the_length_of_unix_names_is_tight_or_full(void **state)
{
	struct name n = path("abc", true, true);

	(void)state;
	assert_int_equal(n.len, offsetof(struct sockaddr_un, sun_path) + 4);
	n = path("abc", true, false);
	assert_int_equal(n.len, sizeof(struct sockaddr_un));
}

static void unix_names_that_are_too_long_are_refused(void **state)
{
	char long_path[109];
	struct name n;
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	(void)state;
	memset(long_path, 'p', sizeof(long_path));
	assert_true(name_unix(&n, long_path, max, false, true));
	assert_false(name_unix(&n, long_path, max + 1, false, true));
	assert_true(name_unix(&n, long_path, max, true, true));
	assert_false(name_unix(&n, long_path, max + 1, true, true));
}

static void no_address_is_unknown(void **state)
{
	struct name n = { 0 };
	char to[NAME_TEXT];

	(void)state;
	assert_string_equal(text(&n), "unknown");
	assert_int_equal(name_port(&n), 0);
	name_host(&n, to, sizeof(to));
	assert_string_equal(name_log(&n, to, sizeof(to)), "unknown");
}

static void short_buffers_are_not_overrun(void **state)
{
	struct name n = numeric("::1", 80);
	char to[6] = "xxxxx";

	(void)state;
	name_text(&n, to, 4);
	assert_string_equal(to, "[::");
	assert_int_equal(to[4], 'x');
}

static const char *logged(const struct name *n)
{
	static char to[NAME_TEXT];

	return name_log(n, to, sizeof(to));
}

static void the_log_speaks_its_dialect(void **state)
{
	struct log_setup socat = { .socat = true, .program = "socat" }, own = { 0 };
	struct name v4 = numeric("127.0.0.1", 80), v6 = numeric("::1", 80);
	struct name file = path("/tmp/s", false, true),
		    abstract = path("foo", true, true);

	(void)state;
	assert_string_equal(logged(&v6), "[::1]:80");
	assert_true(log_start(&socat));
	assert_string_equal(logged(&v4), "AF=2 127.0.0.1:80");
	assert_string_equal(logged(&v6),
			    "AF=10 [0000:0000:0000:0000:0000:0000:0000:0001]:80");
	assert_string_equal(logged(&file), "AF=1 \"/tmp/s\"");
	assert_string_equal(logged(&abstract), "AF=1 \"\\0foo\"");
	assert_true(log_start(&own));
}

static void hosts_are_told_to_programs(void **state)
{
	struct name v4 = numeric("10.1.2.3", 80), v6 = numeric("2001:db8::1", 443);
	struct name file = path("/tmp/s", false, true);
	char to[NAME_TEXT];

	(void)state;
	assert_string_equal(name_host(&v4, to, sizeof(to)), "10.1.2.3");
	assert_string_equal(name_host(&v6, to, sizeof(to)),
			    "[2001:0db8:0000:0000:0000:0000:0000:0001]");
	assert_string_equal(name_host(&file, to, sizeof(to)), "/tmp/s");
	file.len = offsetof(struct sockaddr_un, sun_path);
	assert_string_equal(name_host(&file, to, sizeof(to)), "");
}

static void ports_are_read_and_set(void **state)
{
	struct name v4 = numeric("1.2.3.4", 80), v6 = numeric("::", 0);
	struct name file = path("/x", false, true);

	(void)state;
	assert_int_equal(name_port(&v4), 80);
	name_set_port(&v4, 65535);
	assert_int_equal(name_port(&v4), 65535);
	name_set_port(&v6, 1);
	assert_int_equal(name_port(&v6), 1);
	name_set_port(&file, 1);
	assert_int_equal(name_port(&file), 0);
	assert_string_equal(text(&file), "/x");
}

static void equal(const struct name *a, const struct name *b)
{
	assert_true(name_equal(a, b));
	assert_int_equal(name_hash(a), name_hash(b));
}

static void equal_names_have_equal_hashes(void **state)
{
	struct name a = numeric("127.0.0.1", 80), b = numeric("127.0.0.1", 80);
	struct name v6 = numeric("::1", 80), flow = v6;
	struct name tight = path("/x", false, true), full = path("/x", false, false);

	(void)state;
	((struct sockaddr_in *)&b.sa)->sin_zero[0] = 7;
	equal(&a, &b);
	((struct sockaddr_in6 *)&flow.sa)->sin6_flowinfo = 9;
	equal(&v6, &flow);
	equal(&tight, &full);
}

static void different_names_are_not_equal(void **state)
{
	struct name none = { 0 };
	struct name all[] = {
		numeric("127.0.0.1", 80), numeric("127.0.0.1", 81),
		numeric("127.0.0.2", 80), numeric("::1", 80),
		numeric("::ffff:127.0.0.1", 80), path("x", false, true),
		path("x", true, true), path("x", true, false),
		path("xy", false, true), none,
	};
	size_t n = sizeof(all) / sizeof(*all);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (name_equal(&all[i], &all[j]) != (i == j))
				fail_msg("names %zu and %zu", i, j);
}

/* ---- ranges ---- */

static bool has(const char *range, const char *host)
{
	struct range r;
	struct name peer = numeric(host, 1234);

	if (!range_parse(range, strlen(range), &r))
		fail_msg("\"%s\" was not taken for a range", range);
	return range_has(&r, &peer);
}

static void ranges_hold_what_lies_within(void **state)
{
	(void)state;
	assert_true(has("10.0.0.0/8", "10.255.0.1"));
	assert_false(has("10.0.0.0/8", "11.0.0.1"));
	assert_true(has("10.0.0.0:255.0.0.0", "10.1.2.3"));
	assert_false(has("10.0.0.0:255.0.0.0", "9.1.2.3"));
	assert_true(has("192.168.1.128/25", "192.168.1.200"));
	assert_false(has("192.168.1.128/25", "192.168.1.100"));
	assert_true(has("0.0.0.0/0", "8.8.8.8"));
	assert_true(has("127.0.0.1", "127.0.0.1"));
	assert_false(has("127.0.0.1", "127.0.0.2"));
	assert_true(has("127.0.0.1/32", "127.0.0.1"));
	assert_true(has("[fe80::]/10", "fe80::1"));
	assert_true(has("fe80::/10", "febf::1"));
	assert_false(has("[fe80::]/10", "fec0::1"));
	assert_true(has("[::1]", "::1"));
	assert_false(has("::1", "::2"));
	assert_true(has("[2001:db8::]:[ffff:ffff::]", "2001:db8:1::1"));
}

static void mapped_peers_match_ipv4_ranges(void **state)
{
	(void)state;
	assert_true(has("10.0.0.0/8", "::ffff:10.1.2.3"));
	assert_false(has("10.0.0.0/8", "::ffff:11.1.2.3"));
	assert_false(has("0.0.0.0/0", "2001:db8::1"));
}

static void bad_ranges_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x",
		"/8", "host/8", "[fe80::]/129", "10.0.0.0:", "10.0.0.0:[ffff::]",
		"10.0.0.0/8/8", "10.0.0.0/+8", ":255.0.0.0",
	};
	struct range r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (range_parse(bad[i], strlen(bad[i]), &r))
			fail_msg("\"%s\" was taken for a range", bad[i]);
}

static void unix_peers_are_in_no_range(void **state)
{
	struct range r;
	struct name peer = path("/x", false, true);

	(void)state;
	assert_true(range_parse("0.0.0.0/0", 9, &r));
	assert_false(range_has(&r, &peer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(internet_addresses_become_text),
		cmocka_unit_test(zones_are_kept),
		cmocka_unit_test(names_are_not_numeric),
		cmocka_unit_test(unix_names_become_text),
		cmocka_unit_test(the_length_of_unix_names_is_tight_or_full),
		cmocka_unit_test(unix_names_that_are_too_long_are_refused),
		cmocka_unit_test(no_address_is_unknown),
		cmocka_unit_test(short_buffers_are_not_overrun),
		cmocka_unit_test(the_log_speaks_its_dialect),
		cmocka_unit_test(hosts_are_told_to_programs),
		cmocka_unit_test(ports_are_read_and_set),
		cmocka_unit_test(equal_names_have_equal_hashes),
		cmocka_unit_test(different_names_are_not_equal),
		cmocka_unit_test(ranges_hold_what_lies_within),
		cmocka_unit_test(mapped_peers_match_ipv4_ranges),
		cmocka_unit_test(bad_ranges_are_refused),
		cmocka_unit_test(unix_peers_are_in_no_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
