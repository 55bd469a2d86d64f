/* Addresses as typed: what they become, and how slips are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spec/spec.h"

static struct spec spec;
static struct fail failure;

static enum io parse_as(const char *text, struct spec_rules rules)
{
	spec_free(&spec);
	failure = (struct fail){ 0 };
	return spec_parse(text, &rules, &spec, &failure);
}

static enum io parse(const char *text)
{
	return parse_as(text, (struct spec_rules){ 0 });
}

static int forget(void **state)
{
	(void)state;
	spec_free(&spec);
	return 0;
}

static void assert_type(const struct part *p, const char *name)
{
	assert_ptr_equal(p->type, type_find(name, strlen(name)));
}

/* The caret stands under the word, the sentence holds the hint. */
static void assert_slip(const char *text, const char *word, const char *hint)
{
	assert_int_equal(parse(text), IO_FAIL);
	assert_int_equal(failure.phase, PHASE_USAGE);
	assert_ptr_equal(failure.input, text);
	assert_true(failure.at + failure.len <= strlen(text) + 1);
	if (word) {
		assert_int_equal(failure.len, strlen(word));
		assert_memory_equal(text + failure.at, word, failure.len);
	}
	if (!strstr(failure.text, hint))
		fail_msg("\"%s\" lacks \"%s\"", failure.text, hint);
}

static void a_word_becomes_type_arguments_and_options(void **state)
{
	(void)state;
	assert_int_equal(parse("tcp:example.org:80,nodelay,bind=127.0.0.1"), IO_OK);
	assert_int_equal(spec.nparts, 1);
	assert_type(&spec.part[0], "tcp");
	assert_int_equal(spec.part[0].nargs, 2);
	assert_string_equal(spec.part[0].arg[0], "example.org");
	assert_string_equal(spec.part[0].arg[1], "80");
	assert_string_equal(part_text(&spec.part[0], OPT_BIND, ""), "127.0.0.1");
}

static void names_are_case_blind(void **state)
{
	(void)state;
	assert_int_equal(parse("TCP-Listen:80,ReuseAddr,FORK"), IO_OK);
	assert_type(&spec.part[0], "tcp-listen");
	assert_true(part_has(&spec.part[0], OPT_FORK));
}

static void shorthands_stand_for_stdio_descriptors_and_paths(void **state)
{
	(void)state;
	assert_int_equal(parse("-"), IO_OK);
	assert_type(&spec.part[0], "stdio");
	assert_int_equal(parse("-,ignoreeof"), IO_OK);
	assert_type(&spec.part[0], "stdio");
	assert_int_equal(parse("5"), IO_OK);
	assert_type(&spec.part[0], "fd");
	assert_string_equal(spec.part[0].arg[0], "5");
	assert_int_equal(parse("./a:b,append"), IO_OK);
	assert_type(&spec.part[0], "gopen");
	assert_string_equal(spec.part[0].arg[0], "./a:b");
	assert_slip("55", "55", "unknown device/address \"55\"; did you mean \"fd:55\"?");
}

static void a_dual_address_has_a_reading_and_a_writing_half(void **state)
{
	(void)state;
	assert_int_equal(parse("-!!tcp:localhost:80,nodelay"), IO_OK);
	assert_type(&spec.part[0], "stdio");
	assert_non_null(spec.writer);
	assert_type(&spec.writer->part[0], "tcp");
	assert_int_equal(parse("./in!!./out"), IO_OK);
	assert_string_equal(spec.writer->part[0].arg[0], "./out");
	assert_slip("-!!-!!-", "!!-", "two halves");
}

static void blanks_around_options_are_trimmed(void **state)
{
	(void)state;
	assert_int_equal(parse("tcp-l:80 , fork,  reuseaddr ,bind= 127.0.0.1 "), IO_OK);
	assert_string_equal(spec.part[0].arg[0], "80");
	assert_int_equal(parse("tcp-l:80, fork,  reuseaddr ,bind= 127.0.0.1 "), IO_OK);
	assert_true(part_has(&spec.part[0], OPT_FORK));
	assert_string_equal(part_text(&spec.part[0], OPT_BIND, ""), "127.0.0.1");
}

static void runs_of_commas_are_skipped(void **state)
{
	(void)state;
	assert_int_equal(parse("tcp-l:80,,,fork,,"), IO_OK);
	assert_int_equal(spec.part[0].nvals, 1);
}

static void each_of_a_repeated_option_can_be_asked_for(void **state)
{
	(void)state;
	assert_int_equal(parse("tcp:h:1,retry=1,interval=2,retry=3"), IO_OK);
	assert_int_equal(part_nth(&spec.part[0], OPT_RETRY, 0)->num, 1);
	assert_int_equal(part_nth(&spec.part[0], OPT_RETRY, 1)->num, 3);
	assert_null(part_nth(&spec.part[0], OPT_RETRY, 2));
}

static void the_last_of_a_repeated_option_wins(void **state)
{
	(void)state;
	assert_int_equal(parse("tcp:h:1,sourceport=5,sourceport=6"), IO_OK);
	assert_int_equal(part_num(&spec.part[0], OPT_SOURCEPORT, 0), 6);
}

static void unknown_names_get_the_nearest_known_one(void **state)
{
	(void)state;
	assert_slip("tpc:h:1", "tpc", "did you mean \"tcp\"?");
	assert_slip("tcp-l:80,reuseadr", "reuseadr", "did you mean \"reuseaddr\"?");
	assert_slip("nonsense:1", "nonsense", "unknown device/address");
	assert_slip("nonsense:1", "nonsense", "--help types");
	assert_slip("notes.txt", "notes.txt", "a file needs a slash: ./NAME");
	assert_slip("tls+:h:1", ":", "a name is missing beside the \"+\"");
	assert_slip("+tcp:h:1", "+", "a name is missing beside the \"+\"");
}

static void wrong_numbers_of_arguments_name_the_right_ones(void **state)
{
	(void)state;
	assert_slip("tcp:h", "tcp:h", "host:port");
	assert_slip("tcp:::1:80", NULL, "brackets");
	assert_slip("stdio:x", NULL, "takes none");
	assert_slip("tcp-l", NULL, "takes port");
}

static void a_range_of_ports_is_for_whoever_asks_for_it(void **state)
{
	const struct spec_rules ports = { .ports = true };
	const char *text = "socks5+tcp:proxy:1080:host:\"20-25\",bind=1-2";

	(void)state;
	assert_int_equal(parse_as(text, ports), IO_OK);
	assert_int_equal(spec.ports.low, 20);
	assert_int_equal(spec.ports.high, 25);
	assert_memory_equal(text + spec.ports.at, "\"20-25\"", spec.ports.len);
	assert_int_equal(parse_as("tcp:host:25,bind=1-2", ports), IO_OK);
	assert_int_equal(spec.ports.len, 0);
	assert_int_equal(parse_as("open:20-25", ports), IO_OK);
	assert_int_equal(spec.ports.len, 0);
	assert_int_equal(parse_as("tcp:host:25-20", ports), IO_FAIL);
	assert_int_equal(parse_as("tcp:host:0-20", ports), IO_FAIL);
	assert_int_equal(parse_as("tcp:host:1-65536", ports), IO_FAIL);
	assert_slip("tcp:host:20-25", "20-25", "a range of ports is for --probe");
}

static void ports_are_checked(void **state)
{
	(void)state;
	assert_slip("tcp:h:65536", "65536", "0 to 65535");
	assert_slip("tcp:h:-1", "-1", "0 to 65535");
	assert_slip("tcp-l:80x", "80x", "0 to 65535");
	assert_slip("tcp:h:", NULL, "port is missing");
	assert_slip("tcp::80", ":", "host is missing");
	assert_slip("udp-datagram::80", ":", "host is missing");
	assert_int_equal(parse("tcp-l:0"), IO_OK);
	assert_int_equal(parse("tcp:h:http"), IO_OK);
}

static void an_option_of_others_names_who_takes_it(void **state)
{
	(void)state;
	assert_slip("stdio,backlog=5", "backlog", "tcp");
	assert_int_equal(
		parse_as("stdio,backlog=5", (struct spec_rules){ .any_option = true }),
		IO_OK);
}

static void assert_arguments(const struct part *p, const char *first, const char *second)
{
	assert_int_equal(p->nargs, !!first + !!second);
	if (first)
		assert_string_equal(p->arg[0], first);
	if (second)
		assert_string_equal(p->arg[1], second);
}

static void a_path_goes_to_the_layer_and_a_port_may_be_left_out(void **state)
{
	static const struct {
		const char *text, *host, *port, *path;
	} forms[] = {
		{ "ws:h:8080/chat?x=1", "h", "8080", "/chat?x=1" },
		{ "ws:h:8080", "h", "8080", NULL },
		{ "ws:h", "h", "80", NULL },
		{ "ws:h/a/b", "h", "80", "/a/b" },
		{ "ws:[::1]:81/", "[::1]", "81", "/" },
		{ "hexdump+ws:h/a", "h", "80", "/a" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		assert_int_equal(parse(forms[i].text), IO_OK);
		assert_type(&spec.part[0], "tcp");
		assert_arguments(&spec.part[0], forms[i].host, forms[i].port);
		assert_arguments(&spec.part[1], forms[i].path, NULL);
	}
	assert_int_equal(parse("ws-listen:0/x"), IO_OK);
	assert_arguments(&spec.part[0], "0", NULL);
	assert_arguments(&spec.part[1], "/x", NULL);
	assert_slip("ws:h:99999/x", NULL, "is no port");
	assert_slip("ws:h:/x", NULL, "the port is missing");
	assert_slip("ws:h:1:2", "ws", "ws takes host[:port][/path], not 3 arguments");
}

static void later_rows_are_not_unknown(void **state)
{
	(void)state;
	assert_slip("tun:10.0.0.1/24", "tun", "not yet available");
}

static void an_option_may_insert_a_layer_once(void **state)
{
	(void)state;
	assert_int_equal(parse("tcp:h:1,crnl,readbytes=5,ignoreeof"), IO_OK);
	assert_int_equal(spec.nparts, 3);
	assert_type(&spec.part[0], "tcp");
	assert_type(&spec.part[1], "limit");
	assert_type(&spec.part[2], "crlf");
	assert_int_equal(part_num(&spec.part[1], OPT_READBYTES, 0), 5);
}

static void a_layer_can_be_put_on_top_afterwards(void **state)
{
	(void)state;
	assert_int_equal(parse("tcp:h:1"), IO_OK);
	assert_int_equal(spec_insert(&spec, "tap", "tap-text,tap-raw=/tmp/x", &failure),
			 IO_OK);
	assert_int_equal(spec.nparts, 2);
	assert_string_equal(part_text(&spec.part[1], OPT_TAP_RAW, ""), "/tmp/x");
}

static void several_layers_can_be_put_on_top(void **state)
{
	(void)state;
	assert_int_equal(parse("tcp:h:1"), IO_OK);
	assert_int_equal(spec_insert(&spec, "tap", "tap-raw=/tmp/x", &failure), IO_OK);
	assert_int_equal(spec_insert(&spec, "limit", "readbytes=5", &failure), IO_OK);
	assert_int_equal(spec_insert(&spec, "crlf", "", &failure), IO_OK);
	assert_int_equal(spec.nparts, 4);
	assert_int_equal(part_num(&spec.part[1], OPT_READBYTES, 0), 5);
	assert_type(&spec.part[2], "crlf");
	assert_string_equal(part_text(&spec.part[3], OPT_TAP_RAW, ""), "/tmp/x");
}

static void exec_takes_colons_as_text(void **state)
{
	(void)state;
	assert_int_equal(parse("exec:echo a:b:c,pty"), IO_OK);
	assert_string_equal(spec.part[0].arg[0], "echo a:b:c");
}

static void slips_never_read_beyond_the_word(void **state)
{
	static const char *const slips[] = { "",
					     ":",
					     ",",
					     "=",
					     "+",
					     "tcp+",
					     "+tcp",
					     "a+b",
					     "!!",
					     "tcp:h:1,=",
					     "tcp:h:1,a.b",
					     "tcp:h:1,.",
					     "'",
					     "\\",
					     "tcp:'h",
					     "-!!",
					     "tcp:h:1,bind",
					     "tls+tls" };

	(void)state;
	for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
		assert_int_equal(parse(slips[i]), IO_FAIL);
		assert_true(failure.at + failure.len <= strlen(slips[i]) + 1);
	}
}

static void a_synonym_is_chosen_by_its_number_of_arguments(void **state)
{
	(void)state;
	assert_int_equal(parse("socks5:p:h:80,socksport=9"), IO_OK);
	assert_int_equal(spec.nparts, 2);
	assert_string_equal(spec.part[0].arg[1], "9");
	assert_string_equal(spec.part[1].arg[0], "h");
	assert_int_equal(parse("socks5-connect:p:8:h:80"), IO_OK);
	assert_string_equal(spec.part[0].arg[1], "8");
	assert_string_equal(spec.part[1].arg[1], "80");
	assert_slip("socks5:p:80", NULL, "server:host:port, not 2");
	assert_slip("socks5:p:1:2:h:80", NULL, "server:port:host:port, not 5");
}

static void members_above_a_synonym_get_their_arguments(void **state)
{
	(void)state;
	assert_int_equal(parse("socks4+socks5:p:1:h:80:x:7"), IO_OK);
	assert_int_equal(spec.nparts, 3);
	assert_string_equal(spec.part[0].arg[1], "1");
	assert_string_equal(spec.part[1].arg[0], "h");
	assert_string_equal(spec.part[2].arg[0], "x");
	assert_int_equal(parse("socks4+socks5:p:h:80:x:7"), IO_OK);
	assert_string_equal(spec.part[0].arg[1], "1080");
	assert_string_equal(spec.part[2].arg[1], "7");
	assert_slip("socks4+socks5:x:7", NULL, "not 0 arguments");
	assert_slip("socks5+socks5:1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16", NULL,
		    "not 14 arguments");
}

static void a_path_ends_at_a_colon_below_what_takes_arguments(void **state)
{
	(void)state;
	assert_int_equal(parse("socks5+unix:/run/s:h:80"), IO_OK);
	assert_string_equal(spec.part[0].arg[0], "/run/s");
	assert_string_equal(spec.part[1].arg[0], "h");
	assert_int_equal(parse("socks5+unix:/run/a\\:b:h:80"), IO_OK);
	assert_string_equal(spec.part[0].arg[0], "/run/a:b");
	assert_int_equal(parse("hexdump+unix:/run/a:b"), IO_OK);
	assert_string_equal(spec.part[0].arg[0], "/run/a:b");
}

static void a_number_goes_with_a_name_that_ends_in_a_figure(void **state)
{
	(void)state;
	assert_int_equal(parse("socks5+socks5+tcp:p:1:q:2:h:3,"
			       "socks52.socksuser=a,socks5.socksuser=b"), IO_OK);
	assert_string_equal(part_text(&spec.part[1], OPT_SOCKSUSER, ""), "a");
	assert_string_equal(part_text(&spec.part[2], OPT_SOCKSUSER, ""), "b");
	assert_slip("socks5+tcp:p:1:h:3,socks52.socksuser=a", "socks52", "no \"socks52\"");
}

static void an_option_of_layers_alone_tells_the_stack_to_write(void **state)
{
	(void)state;
	assert_slip("tcp:h:1,crnl,frame=len16", "frame",
		    "these do: frame, as in frame+tcp:h:1,frame=len16");
	assert_slip("./a:b,frame=line", "frame", ", as in frame+gopen:./a:b,frame=line");
	assert_slip("socks5:p:h:1,frame=line", "frame",
		    ", as in frame+socks5+tcp:p:1080:h:1,frame=line");
	assert_slip("tcp:p:1,sockspass=x", "sockspass",
		    ", as in socks4+tcp:p:1:host:port,sockspass");
	assert_null(strstr(failure.text, "sockspass=x"));
	assert_slip("tcp:h:1,tcp.frame=line", "tcp.frame", "these do: frame");
	assert_null(strstr(failure.text, "as in"));
	assert_slip("tcp:h:1,raw", "raw", "these do: stdio");
	assert_null(strstr(failure.text, "as in"));
}

static void secrets_are_hidden_in_what_was_typed(void **state)
{
	char text[] = "socks5:p:h:1,sockspass='a,b',socksuser=me!!socks4:p:h:1,socksuser=x";

	(void)state;
	assert_int_equal(parse(text), IO_OK);
	spec_hide(text);
	assert_string_equal(text, "socks5:p:h:1,sockspass=*****,socksuser=**"
				  "!!socks4:p:h:1,socksuser=*");
	assert_string_equal(part_text(&spec.part[1], OPT_SOCKSPASS, ""), "a,b");
}

static void assert_hidden(const char *typed, const char *shown)
{
	char text[128];

	snprintf(text, sizeof(text), "%s", typed);
	assert_int_equal(parse(text), IO_FAIL);
	spec_hide(text);
	assert_string_equal(text, shown);
	assert_ptr_equal(failure.input, text);
}

static void secrets_are_hidden_in_what_cannot_be_parsed(void **state)
{
	(void)state;
	assert_hidden("socks5:p:h:1,sockspass=a=b,nonsense,SocksUser=me",
		      "socks5:p:h:1,sockspass=***,nonsense,SocksUser=**");
	assert_hidden("nonsense:1,socks52.sockspass = a!!-,proxyauth=b",
		      "nonsense:1,socks52.sockspass =**!!-,proxyauth=*");
	assert_hidden("proxy:p:h:1,=x,\"proxyauth\"=a\\,b", "proxy:p:h:1,=x,\"proxyauth\"=****");
	assert_hidden("proxy:p:h:1,proxyauth='a,b", "proxy:p:h:1,proxyauth=****");
	assert_hidden("proxy:p:h:1,proxyauth=", "proxy:p:h:1,proxyauth=");
	assert_hidden("proxy:p:h:1,myproxyauth=a,=", "proxy:p:h:1,myproxyauth=a,=");
}

static void a_part_is_called_when_one_below_waits_for_a_peer(void **state)
{
	(void)state;
	assert_int_equal(parse("socks5+socks5-bind+tcp:p:1:h:2:i:3"), IO_OK);
	assert_false(part_is_called(&spec.part[0]));
	assert_false(part_is_called(&spec.part[1]));
	assert_true(part_is_called(&spec.part[2]));
}

static void what_stands_for_a_layer_is_no_option_of_others(void **state)
{
	(void)state;
	assert_int_equal(parse("tcp:h:1,rate=9"), IO_OK);
	assert_int_equal(spec.nparts, 2);
	assert_type(&spec.part[1], "shape");
	assert_int_equal(parse("tcp:h:1,crnl,rate=9"), IO_OK);
	assert_type(&spec.part[1], "shape");
	assert_slip("tcp:h:1,tcp.rate=9", "tcp.rate", "for the layer \"shape\"");
	assert_slip("tcp:h:1,tcp.crnl", "tcp.crnl", "for the layer \"crlf\"");
}

#ifdef HAVE_OPENSSL
static void a_stack_is_read_from_the_wire_upward(void **state)
{
	(void)state;
	assert_int_equal(parse("tls+tcp:h:443,nodelay,verify=0"), IO_OK);
	assert_int_equal(spec.nparts, 2);
	assert_type(&spec.part[0], "tcp");
	assert_type(&spec.part[1], "tls");
	assert_string_equal(spec.part[0].arg[1], "443");
	assert_non_null(part_val(&spec.part[1], OPT_VERIFY));
}

static void synonyms_stand_for_stacks(void **state)
{
	(void)state;
	assert_int_equal(parse("openssl:h:443"), IO_OK);
	assert_int_equal(spec.nparts, 2);
	assert_type(&spec.part[1], "tls");
	assert_int_equal(parse("tls:h:443"), IO_OK);
	assert_type(&spec.part[0], "tcp");
	assert_int_equal(parse("tls+tls:h:443"), IO_OK);
	assert_int_equal(spec.nparts, 3);
	assert_int_equal(parse("openssl-listen:443,fork,verify=0"), IO_OK);
	assert_type(&spec.part[0], "tcp-listen");
	assert_slip("openssl:h:99999", "99999", "0 to 65535");
}

static void a_number_names_the_nth_layer_from_the_left(void **state)
{
	(void)state;
	assert_int_equal(parse("tls+tls+tcp:h:1,tls2.verify=0,tls.verify=1,tcp.nodelay"),
			 IO_OK);
	assert_int_equal(part_num(&spec.part[1], OPT_VERIFY, -1), 0);
	assert_int_equal(part_num(&spec.part[2], OPT_VERIFY, -1), 1);
	assert_slip("tls+tcp:h:1,tls2.verify=0", "tls2", "no \"tls2\"");
}

static void without_a_prefix_the_nearest_to_the_application_wins(void **state)
{
	(void)state;
	assert_int_equal(parse("tls+tls+tcp:h:1,verify=0"), IO_OK);
	assert_non_null(part_val(&spec.part[2], OPT_VERIFY));
	assert_null(part_val(&spec.part[1], OPT_VERIFY));
}

static void directions_stand_before_an_option_that_has_them(void **state)
{
	(void)state;
	assert_int_equal(parse("shape+tls+shape+tcp:h:1,rate=9,up.rate=5,"
			       "shape2.down.rate=7,shape2.UP.latency=1"), IO_OK);
	assert_int_equal(part_val_way(&spec.part[3], OPT_RATE, WAY_UP)->num, 5);
	assert_int_equal(part_val_way(&spec.part[3], OPT_RATE, WAY_DOWN)->num, 9);
	assert_int_equal(part_val_way(&spec.part[1], OPT_RATE, WAY_DOWN)->num, 7);
	assert_null(part_val_way(&spec.part[1], OPT_RATE, WAY_UP));
	assert_int_equal(part_val_way(&spec.part[1], OPT_LATENCY, WAY_UP)->usec, 1000000);
	assert_slip("tcp:h:1,up.nodelay", "up.nodelay", "has no direction");
	assert_slip("tcp:h:1,up.down.rate=1", "down", "no \"down\"");
	assert_slip("tcp:h:1,up.tcp.rate=1", "tcp", "no \"tcp\"");
	assert_slip("tcp:h:1,left.rate=1", "left", "no \"left\"");
}

static void an_option_may_put_a_layer_right_below_its_owner(void **state)
{
	static const char *const types[] = { "tcp", "tls", "starttls", "tls", "greeting",
					     "crlf" };

	(void)state;
	assert_int_equal(parse("tls+tls+tcp:h:25,crnl,starttls=imap,starttls=smtp"),
			 IO_OK);
	assert_int_equal(spec.nparts, 6);
	for (unsigned i = 0; i < 6; i++)
		assert_type(&spec.part[i], types[i]);
	assert_string_equal(part_text(&spec.part[2], OPT_STARTTLS, ""), "smtp");
	assert_int_equal(parse("tls+tls+tcp:h:25,tls2.starttls=smtp"), IO_OK);
	assert_type(&spec.part[1], "starttls");
	assert_type(&spec.part[2], "tls");
	assert_slip("dtls:h:1,starttls=smtp", "starttls", "does not take");
	assert_null(strstr(failure.text, "as in"));
}

static void only_layers_stand_above_others(void **state)
{
	(void)state;
	assert_slip("tcp+tls:h:1", "tcp", "right end");
}
#endif

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_word_becomes_type_arguments_and_options),
		TEST(names_are_case_blind),
		TEST(shorthands_stand_for_stdio_descriptors_and_paths),
		TEST(a_dual_address_has_a_reading_and_a_writing_half),
		TEST(blanks_around_options_are_trimmed),
		TEST(runs_of_commas_are_skipped),
		TEST(each_of_a_repeated_option_can_be_asked_for),
		TEST(the_last_of_a_repeated_option_wins),
		TEST(unknown_names_get_the_nearest_known_one),
		TEST(wrong_numbers_of_arguments_name_the_right_ones),
		TEST(ports_are_checked),
		TEST(a_range_of_ports_is_for_whoever_asks_for_it),
		TEST(an_option_of_others_names_who_takes_it),
		TEST(a_path_goes_to_the_layer_and_a_port_may_be_left_out),
		TEST(later_rows_are_not_unknown),
		TEST(an_option_may_insert_a_layer_once),
		TEST(a_layer_can_be_put_on_top_afterwards),
		TEST(several_layers_can_be_put_on_top),
		TEST(exec_takes_colons_as_text),
		TEST(what_stands_for_a_layer_is_no_option_of_others),
		TEST(slips_never_read_beyond_the_word),
		TEST(a_synonym_is_chosen_by_its_number_of_arguments),
		TEST(members_above_a_synonym_get_their_arguments),
		TEST(a_path_ends_at_a_colon_below_what_takes_arguments),
		TEST(a_number_goes_with_a_name_that_ends_in_a_figure),
		TEST(an_option_of_layers_alone_tells_the_stack_to_write),
		TEST(secrets_are_hidden_in_what_was_typed),
		TEST(secrets_are_hidden_in_what_cannot_be_parsed),
		TEST(a_part_is_called_when_one_below_waits_for_a_peer),
#ifdef HAVE_OPENSSL
		TEST(a_stack_is_read_from_the_wire_upward),
		TEST(synonyms_stand_for_stacks),
		TEST(a_number_names_the_nth_layer_from_the_left),
		TEST(without_a_prefix_the_nearest_to_the_application_wins),
		TEST(directions_stand_before_an_option_that_has_them),
		TEST(an_option_may_put_a_layer_right_below_its_owner),
		TEST(only_layers_stand_above_others),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
