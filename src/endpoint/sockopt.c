/* Socket options and multicast memberships. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/log.h"
#include "base/name.h"
#include "base/text.h"
#include "endpoint/action.h"
#include "spec/constants.h"

bool sockopt_is(const struct opt *o)
{
	return o->act.how >= HOW_SOCKOPT && o->act.how <= HOW_SOURCE_MEMBERSHIP6;
}

/* ---- values ------------------------------------------------------------------- */

static int set(const struct action *a, const void *value, size_t len)
{
	return setsockopt(a->fd, (int)a->val->opt->act.a, (int)a->val->opt->act.b, value,
			  (socklen_t)len);
}

static bool fits_int(long long n)
{
	return n >= INT_MIN && n <= INT_MAX;
}

static int family_of(int fd)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -1;
	return sa.ss_family;
}

/* On an IPv6 socket the row's IPv6 counterpart (act.c) is what counts; the IPv4
 * option is set as well, for mapped peers, where the system lets us. */
static int set_number(const struct action *a, const void *value, size_t len)
{
	int number = (int)a->val->num, twin = (int)a->val->opt->act.c;

	if (!twin || family_of(a->fd) != AF_INET6)
		return set(a, value, len);
	if (setsockopt(a->fd, IPPROTO_IPV6, twin, &number, sizeof(number)) < 0)
		return -1;
	set(a, value, len);
	return 0;
}

static int set_int(const struct action *a)
{
	int value = (int)a->val->num;

	/* "reuseaddr=" asks to leave it alone */
	if (a->val->opt->value == V_INT_OPTIONAL && a->val->text)
		return 0;
	if (!fits_int(a->val->num)) {
		errno = EINVAL;
		return -1;
	}
	return set_number(a, &value, sizeof(value));
}

static int set_byte(const struct action *a)
{
	unsigned char value = (unsigned char)a->val->num;

	return set_number(a, &value, sizeof(value));
}

static int set_bytes(const struct action *a)
{
	return set(a, a->val->bytes, a->val->nbytes);
}

static int set_time(const struct action *a)
{
	struct timeval value = { .tv_sec = (time_t)(a->val->usec / 1000000),
				 .tv_usec = (suseconds_t)(a->val->usec % 1000000) };

	return set(a, &value, sizeof(value));
}

static int set_text(const struct action *a)
{
	return set(a, a->val->text, strlen(a->val->text));
}

static int set_linger(const struct action *a)
{
	struct linger value = { .l_onoff = 1, .l_linger = (int)a->val->num };

	return set(a, &value, sizeof(value));
}

static int set_address(const struct action *a)
{
	struct in_addr value;

	if (inet_pton(AF_INET, a->val->text, &value) != 1) {
		errno = EINVAL;
		return -1;
	}
	return set(a, &value, sizeof(value));
}

/* setsockopt=level:name:..., all of it the user's own. */
static int set_user(const struct action *a)
{
	const struct optval *v = a->val;
	int level = (int)v->num, name = (int)v->num2, number = (int)v->num3;

	switch (v->opt->act.how) {
	case HOW_SOCKOPT_USER_INT:
		return setsockopt(a->fd, level, name, &number, sizeof(number));
	case HOW_SOCKOPT_USER_BYTES:
		return setsockopt(a->fd, level, name, v->bytes, (socklen_t)v->nbytes);
	default:
		return setsockopt(a->fd, level, name, v->text,
				  (socklen_t)(strlen(v->text) + 1));
	}
}

/* ---- multicast ---------------------------------------------------------------- */

/* group:interface:source, cut; each empty if not given. */
struct membership {
	char word[3][64];
};

/* The next word up to a colon that no bracket holds; brackets stay out. */
static const char *cut_word(const char *s, char to[64], bool last)
{
	const char *end = *s == '[' ? strchr(s, ']') : NULL;
	size_t skip = end ? 1 : 0, len;

	if (!end)
		end = last ? s + strlen(s) : s + strcspn(s, ":");
	len = (size_t)(end - s) - skip;
	if (len >= 64)
		return NULL;
	memcpy(to, s + skip, len);
	to[len] = '\0';
	end += skip;
	if (*end == ':')
		return end + 1;
	return *end ? NULL : end;
}

/* False for words that are too long, or too many of them. */
static bool cut_membership(const char *text, struct membership *m)
{
	*m = (struct membership){ 0 };
	for (unsigned i = 0; i < 3 && text && *text; i++)
		text = cut_word(text, m->word[i], i == 2);
	return text && !*text;
}

/* By name or number; 0 = let the system choose. */
static bool interface_index(const char *word, unsigned *index)
{
	long long n;

	*index = 0;
	if (!*word)
		return true;
	if (text_number(word, strlen(word), 0, INT_MAX, &n, NULL)) {
		*index = (unsigned)n;
		return true;
	}
	*index = if_nametoindex(word);
	return *index != 0;
}

static enum io bad_group(const struct action *a, const char *cause)
{
	char text[ACTION_TEXT];

	return fail_say(a->fail, PHASE_USAGE, EINVAL, "%s: %s: %s", a->part->name,
			action_text(a, text), cause);
}

static enum io no_interface(const struct action *a, const char *word)
{
	char text[ACTION_TEXT];

	return fail_say(a->fail, PHASE_BIND, ENODEV,
			"%s: %s: no network interface \"%s\" here", a->part->name,
			action_text(a, text), word);
}

/* group[:interface[:index]]: the interface by its address or its name. */
static enum io join(const struct action *a)
{
	struct ip_mreqn request = { 0 };
	struct membership m;
	const char *name;
	unsigned index;

	if (!cut_membership(a->val->text, &m) ||
	    inet_pton(AF_INET, m.word[0], &request.imr_multiaddr) != 1)
		return bad_group(a,
				 "it takes an IPv4 group, as in 224.1.2.3:192.168.1.5 or "
				 "224.1.2.3:eth0 (IPv6 has ipv6-join-group)");
	name = m.word[inet_pton(AF_INET, m.word[1], &request.imr_address) == 1 ? 2 : 1];
	if (!interface_index(name, &index))
		return no_interface(a, name);
	request.imr_ifindex = (int)index;
	return action_done(a, set(a, &request, sizeof(request)));
}

static enum io join6(const struct action *a)
{
	struct ipv6_mreq request = { 0 };
	struct membership m;
	unsigned index;

	if (!cut_membership(a->val->text, &m) || *m.word[2] ||
	    inet_pton(AF_INET6, m.word[0], &request.ipv6mr_multiaddr) != 1)
		return bad_group(a, "it takes an IPv6 group and an interface, as in "
				    "[ff02::fb]:eth0");
	if (!interface_index(m.word[1], &index))
		return no_interface(a, m.word[1]);
	request.ipv6mr_interface = index;
	return action_done(a, set(a, &request, sizeof(request)));
}

static bool to_group_address(const char *word, int family, struct sockaddr_storage *to)
{
	struct name name;

	if (!name_numeric(&name, word, 0) || name.sa.ss_family != family)
		return false;
	*to = name.sa;
	return true;
}

/* group:interface:source by the request that serves both families. */
static enum io join_source_at(const struct action *a, const struct membership *m,
			      int family)
{
	struct group_source_req request = { 0 };
	unsigned index;

	if (!to_group_address(m->word[0], family, &request.gsr_group) ||
	    !to_group_address(m->word[2], family, &request.gsr_source))
		return bad_group(a,
				 family == AF_INET
					 ? "it takes group:interface:source, as in "
					   "232.1.2.3:192.168.1.5:10.0.0.1"
					 : "it takes [group]:interface:[source], as in "
					   "[ff35::1]:eth0:[2001:db8::1]");
	if (!interface_index(m->word[1], &index))
		return no_interface(a, m->word[1]);
	request.gsr_interface = index;
	return action_done(a, setsockopt(a->fd, (int)a->val->opt->act.a,
					 MCAST_JOIN_SOURCE_GROUP, &request,
					 sizeof(request)));
}

static enum io join_source(const struct action *a)
{
	struct ip_mreq_source request = { 0 };
	struct membership m;

	if (!cut_membership(a->val->text, &m))
		m = (struct membership){ 0 };
	if (inet_pton(AF_INET, m.word[0], &request.imr_multiaddr) == 1 &&
	    inet_pton(AF_INET, m.word[1], &request.imr_interface) == 1 &&
	    inet_pton(AF_INET, m.word[2], &request.imr_sourceaddr) == 1)
		return action_done(a, set(a, &request, sizeof(request)));
	return join_source_at(a, &m, AF_INET);
}

static enum io join_source6(const struct action *a)
{
	struct membership m;

	if (!cut_membership(a->val->text, &m))
		m = (struct membership){ 0 };
	return join_source_at(a, &m, AF_INET6);
}

/* ---- all ---------------------------------------------------------------------- */

/* "tcp:host" may meet either family: what is for IPv6 sockets only, an IPv4
 * socket of it does without. */
static bool is_for_other_family(const struct action *a)
{
	const struct type *t = a->part->type;

	return a->val->opt->act.a == IPPROTO_IPV6 && t->family == AF_UNSPEC &&
	       t->socktype && !part_val(a->part, OPT_FAMILY) &&
	       family_of(a->fd) == AF_INET;
}

static enum io apply(const struct action *a)
{
	switch (a->val->opt->act.how) {
	case HOW_SOCKOPT:
		return action_done(a, set_int(a));
	case HOW_SOCKOPT_BYTE:
		return action_done(a, set_byte(a));
	case HOW_SOCKOPT_BYTES:
		return action_done(a, set_bytes(a));
	case HOW_SOCKOPT_TIME:
		return action_done(a, set_time(a));
	case HOW_SOCKOPT_TEXT:
		return action_done(a, set_text(a));
	case HOW_SOCKOPT_LINGER:
		return action_done(a, set_linger(a));
	case HOW_SOCKOPT_ADDR:
		return action_done(a, set_address(a));
	case HOW_SOCKOPT_READ:
		return action_refused(a, ENOPROTOOPT, "the system lets it be read only");
	case HOW_MEMBERSHIP:
		return join(a);
	case HOW_MEMBERSHIP6:
		return join6(a);
	case HOW_SOURCE_MEMBERSHIP:
		return join_source(a);
	case HOW_SOURCE_MEMBERSHIP6:
		return join_source6(a);
	default:
		return action_done(a, set_user(a));
	}
}

enum io sockopt_apply(const struct action *a)
{
	char text[ACTION_TEXT];

	if (!is_for_other_family(a))
		return apply(a);
	log_say(LEVEL_DEBUG, "%s: %s is for IPv6 and this socket is IPv4", a->part->name,
		action_text(a, text));
	return IO_OK;
}
