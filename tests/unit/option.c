/* Values of options: what each kind takes, what it refuses and how it says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/mem.h"
#include "spec/option.h"

static struct optval value;
static struct fail failure;

/* "name" or "name=text", as the parser would hand it over. */
static enum io parse(const char *given)
{
	size_t len = strcspn(given, "=");
	const char *text = given[len] ? given + len + 1 : NULL;

	failure = (struct fail){ 0 };
	mem_free(value.bytes);
	value = (struct optval){ .opt = opt_find(given, len), .name = given, .given = text != NULL };
	assert_non_null(value.opt);
	return text ? optval_parse(&value, text, given, len + 1, strlen(text), &failure)
		    : optval_parse(&value, NULL, given, 0, len, &failure);
}

static int forget(void **state)
{
	(void)state;
	mem_free(value.bytes);
	value.bytes = NULL;
	return 0;
}

static void assert_number(const char *given, long long num)
{
	if (parse(given) != IO_OK)
		fail_msg("%s: %s", given, failure.text);
	assert_int_equal(value.num, num);
}

/* Refused: the caret is under the value, the sentence says what it may be. */
static void assert_refused(const char *given, const char *hint)
{
	const char *equals = strchr(given, '=');

	if (parse(given) != IO_FAIL)
		fail_msg("%s is taken", given);
	assert_int_equal(failure.phase, PHASE_USAGE);
	assert_ptr_equal(failure.input, given);
	assert_int_equal(failure.at, equals ? equals + 1 - given : 0);
	assert_int_equal(failure.len, strlen(equals ? equals + 1 : given));
	if (!strstr(failure.text, hint))
		fail_msg("\"%s\" lacks \"%s\"", failure.text, hint);
}

/* ---- numbers ------------------------------------------------------------------- */

static void switches_are_on_alone_and_take_yes_or_no(void **state)
{
	(void)state;
	assert_number("keepalive", 1);
	assert_number("keepalive=1", 1);
	assert_number("keepalive=0", 0);
	assert_number("keepalive=yes", 1);
	assert_number("fork=off", 0);
	assert_refused("fork=maybe", "yes or no");
	assert_refused("fork=", "yes or no");
}

static void flags_take_no_value(void **state)
{
	(void)state;
	assert_number("crnl", 1);
	assert_refused("crnl=1", "takes no value");
}

static void integers_are_c_syntax_within_their_range(void **state)
{
	(void)state;
	assert_number("so-priority=6", 6);
	assert_number("so-priority=0x10", 16);
	assert_number("so-priority=-1", -1);
	assert_number("retry", 1);
	assert_number("retry=5", 5);
	assert_refused("retry=-1", "from 0 to");
	assert_refused("so-priority=2147483648", "from -2147483648 to 2147483647");
	assert_refused("so-priority=six", "a number");
	assert_refused("so-priority=6x", "a number");
	assert_refused("so-priority=", "a number");
	assert_number("ioctl-void=0x80045430", 0x80045430LL);
}

static void an_empty_reuseaddr_is_told_from_zero(void **state)
{
	(void)state;
	assert_number("reuseaddr", 1);
	assert_null(value.text);
	assert_number("reuseaddr=0", 0);
	assert_null(value.text);
	assert_number("reuseaddr=", 0);
	assert_non_null(value.text);
}

static void bytes_and_ports_have_their_range(void **state)
{
	(void)state;
	assert_number("ttl=255", 255);
	assert_refused("ttl=256", "from 0 to 255");
	assert_refused("ttl", "needs a value");
	assert_number("sourceport=65535", 65535);
	assert_refused("sourceport=65536", "from 0 to 65535");
	assert_refused("sourceport=-1", "from 0 to 65535");
	assert_refused("sourceport=", "a port");
	assert_number("sourceport=ntp", -1);
	assert_string_equal(value.text, "ntp");
}

static void sizes_have_units_and_offsets_go_both_ways(void **state)
{
	(void)state;
	assert_number("rcvbuf=65536", 65536);
	assert_number("rcvbuf=64k", 65536);
	assert_number("readbytes=1G", 1LL << 30);
	assert_refused("rcvbuf=64q", "bytes");
	assert_refused("rcvbuf=-1", "bytes");
	assert_refused("rcvbuf", "needs a value");
	assert_number("seek-end=-100", -100);
	assert_number("seek=1k", 1024);
	assert_number("seek-cur=-2k", -2048);
	assert_refused("seek", "needs a value");
	assert_refused("seek=-", "bytes");
}

static void times_are_kept_in_microseconds(void **state)
{
	(void)state;
	assert_int_equal(parse("connect-timeout=1.5"), IO_OK);
	assert_int_equal(value.usec, 1500000);
	assert_int_equal(parse("connect-timeout=250ms"), IO_OK);
	assert_int_equal(value.usec, 250000);
	assert_refused("connect-timeout=5 parsecs", "seconds");
	assert_refused("connect-timeout=", "seconds");
	assert_refused("connect-timeout", "needs a value");
}

static void modes_are_octal(void **state)
{
	(void)state;
	assert_number("mode=600", 0600);
	assert_number("mode=07777", 07777);
	assert_refused("mode=680", "octal");
	assert_refused("mode=10000", "octal");
	assert_refused("mode=77777777777777777777777", "octal");
	assert_refused("mode=", "octal");
	assert_refused("mode=u+w", "octal");
}

/* ---- words ----------------------------------------------------------------------- */

static void users_and_groups_are_names_or_numbers(void **state)
{
	(void)state;
	assert_number("user=root", 0);
	assert_number("user=65534", 65534);
	assert_number("group=0", 0);
	assert_refused("user=no such user", "this system has no user");
	assert_refused("group=no such group", "this system has no group");
	assert_refused("user=-1", "from 0 to");
	assert_refused("user=", "no user");
}

static void shares_and_spans_have_bounds(void **state)
{
	(void)state;
	assert_number("loss=5%", 50000);
	assert_number("loss=0.05", 50000);
	assert_refused("loss=101%", "a share such as 5%");
	assert_refused("loss=some", "a share such as 5%");
	assert_number("chop=3", 3);
	assert_int_equal(value.num2, 3);
	assert_number("chop=1..7", 1);
	assert_int_equal(value.num2, 7);
	assert_refused("chop=0", "from 1 to");
	assert_refused("chop=7..1", "from 7 to");
	assert_refused("chop=1..", "two as in 1..7");
	assert_refused("chop=..7", "two as in 1..7");
}

static void families_and_socket_types_have_names(void **state)
{
	(void)state;
	assert_number("pf=ip4", AF_INET);
	assert_number("pf=IP6", AF_INET6);
	assert_number("pf=PF_INET6", AF_INET6);
	assert_number("pf=unix", AF_UNIX);
	assert_number("pf=2", 2);
	assert_refused("pf=ipx", "ip4, ip6");
	assert_number("socktype=seqpacket", SOCK_SEQPACKET);
	assert_number("socktype=5", 5);
	assert_refused("socktype=steam", "stream");
}

static void text_must_be_there_where_it_is_needed(void **state)
{
	(void)state;
	assert_int_equal(parse("chdir=/tmp"), IO_OK);
	assert_string_equal(value.text, "/tmp");
	assert_refused("chdir=", "needs something");
	assert_refused("chdir", "needs a value");
	assert_number("bind-tempname", 1);
	assert_null(value.text);
	assert_int_equal(parse("bind-tempname=/tmp/x"), IO_OK);
	assert_string_equal(value.text, "/tmp/x");
}

static void characters_are_themselves_or_control_or_codes(void **state)
{
	(void)state;
	assert_number("veof=^D", 4);
	assert_number("veof=^d", 4);
	assert_number("veof=^?", 127);
	assert_number("veof=^@", 0);
	assert_number("veof=x", 'x');
	assert_number("veof=0x1c", 28);
	assert_number("escape=29", 29);
	assert_refused("veof=256", "from 0 to 255");
	assert_refused("veof=^1", "character");
	assert_refused("veof=xy", "character");
	assert_refused("veof=", "character");
}

static void ranges_and_addresses_are_checked_at_once(void **state)
{
	(void)state;
	assert_int_equal(parse("range=10.0.0.0/8"), IO_OK);
	assert_string_equal(value.text, "10.0.0.0/8");
	assert_refused("range=10.0.0.0/33", "a network");
	assert_refused("range=everybody", "a network");
	assert_int_equal(parse("ip-multicast-if=127.0.0.1"), IO_OK);
	assert_refused("ip-multicast-if=localhost", "numeric");
}

/* ---- several in one ---------------------------------------------------------------- */

static void several_values_are_separated_by_colons(void **state)
{
	(void)state;
	assert_number("winsz=24:80", 24);
	assert_int_equal(value.num2, 80);
	assert_refused("winsz=24", "two numbers");
	assert_refused("winsz=24:", "two numbers");
	assert_refused("winsz=24:80:1", "two numbers");
	assert_number("setsockopt-int=6:1:0", 6);
	assert_int_equal(value.num2, 1);
	assert_int_equal(value.num3, 0);
	assert_refused("setsockopt-int=6:1", "three numbers");
	assert_number("setsockopt-string=6:13:re:no", 6);
	assert_int_equal(value.num2, 13);
	assert_string_equal(value.text, "re:no");
	assert_number("ioctl-string=5:hello", 5);
	assert_string_equal(value.text, "hello");
}

static void data_may_follow_numbers(void **state)
{
	(void)state;
	assert_number("setsockopt=1:2:x0a0b", 1);
	assert_int_equal(value.num2, 2);
	assert_int_equal(value.nbytes, 2);
	assert_memory_equal(value.bytes, "\x0a\x0b", 2);
	assert_refused("setsockopt=1:2:", "data");
	assert_refused("setsockopt=1:2:x0", "data");
	assert_refused("setsockopt=1:2", "data");
	assert_number("ioctl-bin=7:'a'", 7);
	assert_int_equal(value.nbytes, 1);
	assert_refused("ip-options=?", "data");
}

/* ---- data -------------------------------------------------------------------------- */

static void assert_bytes(const char *text, const void *want, size_t len)
{
	unsigned char *got = NULL;
	size_t n = 0;

	if (!option_bytes(text, &got, &n))
		fail_msg("%s is refused", text);
	assert_int_equal(n, len);
	if (len)
		assert_memory_equal(got, want, len);
	mem_free(got);
}

static void assert_no_bytes(const char *text)
{
	unsigned char *got = NULL;
	size_t n = 0;

	if (option_bytes(text, &got, &n))
		fail_msg("%s is taken", text);
	assert_null(got);
}

static void integers_have_their_size_in_host_order(void **state)
{
	const int minus = -5, ten = 10;
	const short small = -2;
	const long large = -7;
	const unsigned most = UINT_MAX;

	(void)state;
	assert_bytes("i-5", &minus, sizeof(minus));
	assert_bytes("10", &ten, sizeof(ten));
	assert_bytes("i010", &ten, sizeof(ten));
	assert_bytes("I4294967295", &most, sizeof(most));
	assert_bytes("s-2", &small, sizeof(small));
	assert_bytes("l-7", &large, sizeof(large));
	assert_bytes("b255", "\xff", 1);
	assert_bytes("b-1", "\xff", 1);
	assert_bytes("B7", "\x07", 1);
	assert_no_bytes("i2147483648");
	assert_no_bytes("I-1");
	assert_no_bytes("s40000");
	assert_no_bytes("b256");
	assert_no_bytes("B-1");
	assert_no_bytes("i");
	assert_no_bytes("i-");
	assert_no_bytes("i99999999999999999999");
}

static void hex_digits_come_in_pairs(void **state)
{
	(void)state;
	assert_bytes("x00ffAb", "\x00\xff\xab", 3);
	assert_no_bytes("x");
	assert_no_bytes("x0");
	assert_no_bytes("xgg");
}

static void quoted_text_and_characters_know_escapes(void **state)
{
	(void)state;
	assert_bytes("\"ab c\"", "ab c", 4);
	assert_bytes("\"\"", "", 0);
	assert_bytes("\"a\\n\\\"\\0\"", "a\n\"\0", 4);
	assert_bytes("'x'", "x", 1);
	assert_bytes("'\\''", "'", 1);
	assert_no_bytes("'xy'");
	assert_no_bytes("''");
	assert_no_bytes("\"open");
	assert_no_bytes("\"open\\");
	assert_no_bytes("'x");
}

static void elements_follow_each_other_with_or_without_blanks(void **state)
{
	(void)state;
	assert_bytes("x01x02 b3\t'4'\"56\"", "\x01\x02\x03" "456", 6);
	assert_bytes("", "", 0);
	assert_bytes("  ", "", 0);
	assert_no_bytes("x01 ?");
	assert_no_bytes("x01,x02");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(switches_are_on_alone_and_take_yes_or_no),
		cmocka_unit_test(flags_take_no_value),
		cmocka_unit_test(integers_are_c_syntax_within_their_range),
		cmocka_unit_test(an_empty_reuseaddr_is_told_from_zero),
		cmocka_unit_test(bytes_and_ports_have_their_range),
		cmocka_unit_test(sizes_have_units_and_offsets_go_both_ways),
		cmocka_unit_test(times_are_kept_in_microseconds),
		cmocka_unit_test(modes_are_octal),
		cmocka_unit_test(users_and_groups_are_names_or_numbers),
		cmocka_unit_test(shares_and_spans_have_bounds),
		cmocka_unit_test(families_and_socket_types_have_names),
		cmocka_unit_test(text_must_be_there_where_it_is_needed),
		cmocka_unit_test(characters_are_themselves_or_control_or_codes),
		cmocka_unit_test(ranges_and_addresses_are_checked_at_once),
		cmocka_unit_test(several_values_are_separated_by_colons),
		cmocka_unit_test(data_may_follow_numbers),
		cmocka_unit_test(integers_have_their_size_in_host_order),
		cmocka_unit_test(hex_digits_come_in_pairs),
		cmocka_unit_test(quoted_text_and_characters_know_escapes),
		cmocka_unit_test(elements_follow_each_other_with_or_without_blanks),
	};

	return cmocka_run_group_tests(tests, NULL, forget);
}
