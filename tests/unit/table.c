/* The two tables: complete, without doubles, each row fit to be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "inventory.h"
#include "spec/option.h"
#include "spec/type.h"

/* The next blank-separated word at *at; 0 = no more. */
static size_t next_word(const char **at)
{
	*at += strspn(*at, " ");
	return strcspn(*at, " ");
}

/* ---- completeness ------------------------------------------------------------ */

/* How many words stand in the lines; each must be found. */
static size_t find_all(const char *const *line, size_t nlines,
		       bool (*is_known)(const char *name, size_t len))
{
	size_t n = 0;

	for (size_t i = 0; i < nlines; i++)
		for (const char *s = line[i];;) {
			size_t len = next_word(&s);

			if (!len)
				break;
			if (!is_known(s, len))
				fail_msg("no row for \"%.*s\"", (int)len, s);
			s += len;
			n++;
		}
	return n;
}

static bool is_type(const char *name, size_t len)
{
	return type_find(name, len) != NULL;
}

static bool is_option(const char *name, size_t len)
{
	return opt_find(name, len) != NULL;
}

static void every_keyword_of_socat_has_a_row(void **state)
{
	size_t lines = sizeof(address_names) / sizeof(*address_names);

	(void)state;
	assert_int_equal(find_all(address_names, lines, is_type), 215);
}

static void every_option_name_of_socat_has_a_row(void **state)
{
	size_t lines = sizeof(option_names) / sizeof(*option_names);

	(void)state;
	assert_int_equal(find_all(option_names, lines, is_option), 794);
}

static void names_are_found_whatever_their_case_and_only_whole(void **state)
{
	(void)state;
	assert_ptr_equal(type_find("TCP-Listen", 10), type_find("tcp-l", 5));
	assert_ptr_equal(opt_find("ReUseAddr", 9), opt_find("so-reuseaddr", 12));
	assert_ptr_equal(type_find("tcpx", 3), type_find("tcp-connect", 11));
	assert_null(type_find("tc", 2));
	assert_null(type_find("", 0));
	assert_null(opt_find("reuse", 5));
	assert_null(opt_find("", 0));
}

/* ---- types ------------------------------------------------------------------- */

/* A synonym may be a layer's name, or have a row for each number of arguments. */
static bool may_share(const struct type *t, const struct type *first)
{
	if (!t->alias)
		return false;
	if (first->flags & TYPE_LAYER)
		return true;
	return first->alias && first->max_args < t->min_args;
}

static void a_name_is_one_type_only_but_for_synonyms(void **state)
{
	const struct type *t;

	(void)state;
	for (size_t i = 0; (t = type_row(i)); i++)
		for (const char *s = t->names;;) {
			size_t len = next_word(&s);
			const struct type *found = type_find(s, len);

			if (!len)
				break;
			if (found != t && !may_share(t, found))
				fail_msg("%.*s is in two rows", (int)len, s);
			s += len;
		}
	assert_true(type_find("tls", 3)->flags & TYPE_LAYER);
	assert_string_equal(type_find_alias("tls", 3, 2)->alias, "tls+tcp:{1}:{2}");
	assert_null(type_find_alias("tcp", 3, 2));
}

static void a_synonym_may_have_rows_by_number_of_arguments(void **state)
{
	(void)state;
	assert_int_equal(type_find_alias("socks5", 6, 0)->max_args, 3);
	assert_int_equal(type_find_alias("socks5", 6, 3)->max_args, 3);
	assert_int_equal(type_find_alias("socks5", 6, 4)->max_args, 4);
	assert_int_equal(type_find_alias("socks5", 6, 9)->max_args, 4);
}

static void check_sentence(const char *names, const char *help)
{
	if (!help || !*help || help[strlen(help) - 1] == '.' || strchr(help, '"'))
		fail_msg("the help of \"%s\" is no sentence without a full stop", names);
}

/* As many words between colons as arguments at most. */
static unsigned shown_arguments(const char *args)
{
	unsigned n = *args != '\0';

	for (; *args; args++)
		n += *args == ':';
	return n;
}

static void every_type_shows_what_it_takes(void **state)
{
	const struct type *t;

	(void)state;
	for (size_t i = 0; (t = type_row(i)); i++) {
		check_sentence(t->names, t->help);
		assert_true(t->min_args <= t->max_args);
		if (shown_arguments(t->args) != t->max_args)
			fail_msg("%s shows \"%s\" but takes %d", t->names, t->args,
				 t->max_args);
		if (!t->alias && !(t->flags & TYPE_LAYER) && !(t->flags & TYPE_BOTH))
			fail_msg("%s can neither read nor write", t->names);
	}
}

static void synonyms_use_arguments_they_have(void **state)
{
	const struct type *t;

	(void)state;
	for (size_t i = 0; (t = type_row(i)); i++)
		for (const char *s = t->alias; s && (s = strchr(s, '{')); s++)
			if (s[1] >= '0' && s[1] <= '9')
				assert_in_range(s[1] - '0', 1, t->max_args);
}

static void a_type_has_code_or_says_that_it_comes_later(void **state)
{
	const struct type *t;

	(void)state;
	for (size_t i = 0; (t = type_row(i)); i++) {
		if (t->alias) {
			assert_null(t->ops);
			continue;
		}
		if (!t->ops != !!(t->flags & (TYPE_LATER | TYPE_NO_TLS)))
			fail_msg("%s: code and flags contradict each other", t->names);
		assert_int_equal(type_available(t), t->ops != NULL);
	}
}

static void synonyms_are_available_when_what_they_stand_for_is(void **state)
{
	(void)state;
	assert_int_equal(type_available(type_find("openssl", 7)),
			 type_available(type_find("tls", 3)));
	assert_true(type_available(type_find("tcp", 3)));
	assert_false(type_available(type_find("readline", 8)));
}

/* ---- options ----------------------------------------------------------------- */

static void a_name_stands_for_one_option_only(void **state)
{
	const struct opt *o;

	(void)state;
	for (size_t i = 0; (o = opt_row(i)); i++)
		for (const char *s = o->names;;) {
			size_t len = next_word(&s);

			if (!len)
				break;
			if (opt_find(s, len) != o)
				fail_msg("%.*s is in two rows", (int)len, s);
			s += len;
		}
}

static void every_option_has_id_owner_and_help(void **state)
{
	const struct opt *o;
	size_t i;

	(void)state;
	for (i = 0; (o = opt_row(i)); i++) {
		check_sentence(o->names, o->help);
		assert_ptr_equal(opt_by_id(o->id), o);
		assert_true(o->owners != 0);
		assert_in_range(o->value, 0, V_KINDS - 1);
		assert_true(*option_value_help((enum opt_value)o->value) != '\0');
	}
	assert_int_equal(i, OPT_COUNT - 1);
	assert_null(opt_by_id(OPT_NONE));
	assert_null(opt_by_id(OPT_COUNT));
}

static void every_option_belongs_to_an_address(void **state)
{
	uint64_t groups = G_ALL;
	const struct type *t;
	const struct opt *o;

	(void)state;
	for (size_t i = 0; (t = type_row(i)); i++)
		groups |= t->groups;
	for (size_t i = 0; (o = opt_row(i)); i++)
		if (!(o->owners & groups))
			fail_msg("no address takes %s", o->names);
}

static void inserted_layers_exist(void **state)
{
	const struct opt *o;

	(void)state;
	for (size_t i = 0; (o = opt_row(i)); i++) {
		const struct type *t;

		if (o->act.how != HOW_INSERT && o->act.how != HOW_AROUND)
			continue;
		t = type_find(o->act.layer, strlen(o->act.layer));
		assert_non_null(t);
		assert_true(t->flags & TYPE_LAYER);
	}
}

static void actions_at_a_phase_are_data_and_questions_have_none(void **state)
{
	const struct opt *o;

	(void)state;
	for (size_t i = 0; (o = opt_row(i)); i++) {
		bool asked = o->act.how == HOW_ASKED || o->act.how == HOW_INSERT ||
			     o->act.how == HOW_AROUND || o->act.how == HOW_LATER ||
			     o->act.how == HOW_IGNORED ||
			     o->act.how == HOW_OPENFLAG || o->act.how == HOW_ACCMODE ||
			     o->act.how == HOW_RESOLVE;

		if (asked && o->phase != PH_NONE)
			fail_msg("%s is asked for, so it has no phase", o->names);
		if (!asked && o->act.how != HOW_REFUSED && o->phase == PH_NONE)
			fail_msg("%s never happens", o->names);
	}
}

#ifdef __linux__
/* Names of other systems' manuals; everything else must be real here. */
static const char elsewhere[] =
	" o-binary o-text o-noinherit o-defer o-delay o-nshare o-rshare o-priv so-audit"
	" so-cksumrecv so-dgram-errind so-dontlinger so-kernaccept so-noreuseaddr"
	" so-use-ifbufs so-useloopback ip-recvdstaddr ip-recvif tcp-noopt tcp-nopush"
	" tcp-rfc1323 tcp-stdurg tcp-paws tcp-sack-disable tcp-sackena"
	" tcp-signature-enable tcp-tsoptena tcp-keepinit tcp-abort-threshold"
	" tcp-conn-abort-threshold b900 b3600 b7200 vdsusp ";

static void linux_lacks_only_what_belongs_to_other_systems(void **state)
{
	const struct opt *o;

	(void)state;
	for (size_t i = 0; (o = opt_row(i)); i++) {
		bool absent = o->act.a == ABSENT || o->act.b == ABSENT ||
			      o->act.c == ABSENT;
		bool known = false;

		for (const char *s = elsewhere; !known;) {
			size_t len = next_word(&s);

			if (!len)
				break;
			known = opt_find(s, len) == o;
			s += len;
		}
		if (absent && !known)
			fail_msg("%s should be available on Linux", o->names);
		if (absent)
			assert_false(opt_available(o));
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_keyword_of_socat_has_a_row),
		cmocka_unit_test(every_option_name_of_socat_has_a_row),
		cmocka_unit_test(names_are_found_whatever_their_case_and_only_whole),
		cmocka_unit_test(a_name_is_one_type_only_but_for_synonyms),
		cmocka_unit_test(a_synonym_may_have_rows_by_number_of_arguments),
		cmocka_unit_test(every_type_shows_what_it_takes),
		cmocka_unit_test(synonyms_use_arguments_they_have),
		cmocka_unit_test(a_type_has_code_or_says_that_it_comes_later),
		cmocka_unit_test(synonyms_are_available_when_what_they_stand_for_is),
		cmocka_unit_test(a_name_stands_for_one_option_only),
		cmocka_unit_test(every_option_has_id_owner_and_help),
		cmocka_unit_test(every_option_belongs_to_an_address),
		cmocka_unit_test(inserted_layers_exist),
		cmocka_unit_test(actions_at_a_phase_are_data_and_questions_have_none),
#ifdef __linux__
		cmocka_unit_test(linux_lacks_only_what_belongs_to_other_systems),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
