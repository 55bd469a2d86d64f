/* The socat dialect's defaults, -V and -h. */
#include "cli/socat.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "cli/help.h"

/* --- defaults ------------------------------------------------------------------- */

enum { LINGER_USEC = 500 * 1000, SPOKEN_LEN = 16 };

static const char spoken[SPOKEN_LEN] = "1.8.1.3";	/* whose language this is */

/* "4", "6" and, where it has a meaning, "0". */
static int family_of(const char *variable, int otherwise)
{
	const char *const v = getenv(variable);

	if (!v || !*v || v[1])
		return otherwise;
	switch (*v) {
	case '4': return AF_INET;
	case '6': return AF_INET6;
	case '0': return AF_UNSPEC;
	default: return otherwise;
	}
}

void socat_defaults(struct cli *c)
{
	c->setup.socat = true;
	c->setup.linger_set = true;
	c->setup.linger = LINGER_USEC;
	c->log.socat = true;
	c->log.program = "socat";
	c->rules.socat = true;
	c->rules.listen_family = family_of("SOCAT_DEFAULT_LISTEN_IP", AF_INET);
	c->rules.prefer = family_of("SOCAT_PREFERRED_RESOLVE_IP", AF_INET);
}

int socat_exit_code(const struct fail *f)
{
	if (f->phase == PHASE_SIGNAL)
		return 128 + f->code;
	return f->phase == PHASE_NONE ? 0 : 1;
}

/* --- -V ------------------------------------------------------------------------- */

/* socat's names for what a build may have, and whose presence says that ours has it:
 * a type; with a comma in front an option; nothing = always. */
static const char features[][2][24] = {
	{ "HELP", "" }, { "STATS", "" }, { "STDIO", "stdio" }, { "FDNUM", "fd" },
	{ "FILE", "open" }, { "CREAT", "create" }, { "GOPEN", "gopen" },
	{ "TERMIOS", "" }, { "PIPE", "pipe" }, { "SOCKETPAIR", "socketpair" },
	{ "UNIX", "unix-connect" }, { "ABSTRACT_UNIXSOCKET", "abstract-connect" },
	{ "IP4", "tcp4" }, { "IP6", "tcp6" }, { "RAWIP", "ip-sendto" },
	{ "GENERICSOCKET", "socket-connect" }, { "INTERFACE", "interface" },
	{ "TCP", "tcp" }, { "UDP", "udp" }, { "SCTP", "sctp" }, { "DCCP", "dccp" },
	{ "UDPLITE", "udplite" }, { "LISTEN", "tcp-listen" },
	{ "POSIXMQ", "posixmq" }, { "SOCKS4", "socks4" }, { "SOCKS4A", "socks4a" },
	{ "SOCKS5", "socks5" }, { "VSOCK", "vsock" }, { "NAMESPACES", ",netns" },
	{ "PROXY", "proxy" }, { "SYSTEM", "system" }, { "SHELL", "shell" },
	{ "EXEC", "exec" }, { "READLINE", "readline" }, { "TUN", "tun" },
	{ "PTY", "pty" }, { "OPENSSL", "openssl" }, { "LIBWRAP", ",tcpwrap" },
	{ "RETRY", "" },
};

static bool has(const char *what)
{
	const struct type *t;
	const struct opt *o;

	if (!*what)
		return true;
	if (*what == ',') {
		o = opt_find(what + 1, strlen(what + 1));
		return o && opt_available(o);
	}
	t = type_find(what, strlen(what));
	return t && type_available(t);
}

void socat_version(FILE *to)
{
	fprintf(to, "socat as spoken by sockcat %s - MIT licence, the sockcat authors\n",
		PACKAGE_VERSION);
	fprintf(to,
		"socat version %s (the language; see sockcat --help for the program)\n",
		spoken);
	fputs("features:\n", to);
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++)
		if (has(features[i][1]))
			fprintf(to, "  #define WITH_%s 1\n", features[i][0]);
}

/* --- -h ------------------------------------------------------------------------- */

/* The general first.  With `hidden` groups left out: those every address has. */
static void print_groups(FILE *to, uint64_t groups, uint64_t hidden)
{
	const char *sep = "";
	size_t n = 0;

	fputs("groups=", to);
	while (opt_group_row(n))
		n++;
	while (n-- > 0)
		if (groups & ~hidden & opt_group_row(n)->bit) {
			fprintf(to, "%s%s", sep, opt_group_row(n)->socat);
			sep = ",";
		}
}

static const char *phase_name(const struct opt *o)
{
	static const char *const names[] = {
		[PH_NONE] = "SPECIFIC", [PH_SOCKET] = "PASTSOCKET",
		[PH_BOUND] = "PASTBIND", [PH_LISTEN] = "PASTLISTEN",
		[PH_FD] = "FD", [PH_CONNECTED] = "CONNECTED",
		[PH_LATE] = "LATE",
	};

	return names[o->phase];
}

static const char *value_name(const struct opt *o)
{
	static const char *const names[V_KINDS] = {
		[V_FLAG] = "CONST",
		[V_BOOL] = "BOOL",
		[V_INT] = "INT",
		[V_UINT] = "UNSIGNED-INT",
		[V_BYTE] = "BYTE",
		[V_PORT] = "UNSIGNED-SHORT",
		[V_SIZE] = "SIZE_T",
		[V_OFFSET] = "OFF_T",
		[V_TIME] = "TIMESPEC",
		[V_TEXT] = "STRING",
		[V_SECRET] = "STRING",
		[V_TEXT_OPTIONAL] = "STRING-NULL",
		[V_MODE] = "MODE_T",
		[V_USER] = "UID_T",
		[V_GROUP] = "GID_T",
		[V_BYTES] = "BIN",
		[V_CHAR] = "BYTE",
		[V_RANGE] = "STRING",
		[V_FAMILY] = "STRING",
		[V_INT_INT] = "INT:INT",
		[V_INT_TEXT] = "INT:STRING",
		[V_INT_BYTES] = "INT:BIN",
		[V_INT3] = "INT:INT:INT",
		[V_INT2_BYTES] = "INT:INT:BIN",
		[V_INT2_TEXT] = "INT:INT:STRING",
		[V_ADDRESS] = "IP-ADDRESS",
		[V_SOCKTYPE] = "INT",
	};

	return names[o->value] ? names[o->value] : "STRING";
}

/* One name of a row, so that rows can be listed in byte order. */
struct line {
	const char *name;	/* ref: into the row; ends at a blank or NUL */
	size_t len;
	const void *row;	/* ref */
};

enum { LINES_MAX = 2048 };

static int by_name(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	const size_t n = x->len < y->len ? x->len : y->len;
	const int order = memcmp(x->name, y->name, n);

	return order ? order : x->len < y->len ? -1 : x->len > y->len;
}

/* The row's first name, or all of them. */
static size_t add_names(struct line *to, const char *names, const void *row, bool all)
{
	size_t n = 0;

	do {
		const size_t len = strcspn(names, " ");

		if (isalnum((unsigned char)*names))	/* "-" is explained elsewhere */
			to[n++] = (struct line){ names, len, row };
		names += len + (names[len] == ' ');
	} while (all && *names);
	return n;
}

static size_t collect_types(struct line *to, bool all)
{
	const struct type *t;
	size_t n = 0;

	for (size_t i = 0; (t = type_row(i)) && n + 16 < LINES_MAX; i++)
		if (!(t->flags & (TYPE_LAYER | TYPE_HIDDEN)) && type_available(t))
			n += add_names(to + n, t->names, t, all);
	return n;
}

static size_t collect_options(struct line *to, bool all)
{
	const struct opt *o;
	size_t n = 0;

	for (size_t i = 0; (o = opt_row(i)) && n + 16 < LINES_MAX; i++)
		if (opt_available(o) && !(o->owners & (G_TAP | G_RECORD)))
			n += add_names(to + n, o->names, o, all);
	return n;
}

/* "host:port" -> ":<host>:<port>", "[path]" -> "[:<path>]". */
static void print_args(FILE *to, const char *args)
{
	const bool may = *args == '[';

	if (may)
		fputs("[", to);
	for (args += may; *args && *args != ']';) {
		const size_t len = strcspn(args, ":]");

		fprintf(to, ":<%.*s>", (int)len, args);
		args += len + (args[len] == ':');
	}
	if (may)
		fputs("]", to);
}

static void print_type(FILE *to, const struct line *l)
{
	const struct type *t = l->row;

	fputs("      ", to);
	for (size_t i = 0; i < l->len; i++)
		fputc(toupper((unsigned char)l->name[i]), to);
	print_args(to, t->args);
	fputc('\t', to);
	print_groups(to, help_groups(t), G_ALL | G_STREAM);
	fputc('\n', to);
}

static void print_option(FILE *to, const struct line *l)
{
	const struct opt *o = l->row;

	fprintf(to, "      %.*s\t", (int)l->len, l->name);
	print_groups(to, o->owners, 0);
	fprintf(to, "\tphase=%s\ttype=%s\n", phase_name(o), value_name(o));
}

static void print_flag(FILE *to, const struct flag *fl)
{
	const char *dash = fl->letters ? "-" : "--";
	const char *name = fl->letters ? fl->letters : fl->name;
	char left[64];

	snprintf(left, sizeof(left), "%s%s %s", dash, name, fl->arg ? fl->arg : "");
	fprintf(to, "      %-18s %s\n", left, fl->help);
}

static void print_list(FILE *to, unsigned level, struct line *lines)
{
	size_t n = collect_types(lines, level > 2);

	fputs("   bi-address:  either of\n"
	      "      <single-address>!!<single-address>\n"
	      "      <single-address>\n"
	      "   single-address:\n"
	      "      <address-head>[,<opts>]\n"
	      "   address-head:\n", to);
	qsort(lines, n, sizeof(*lines), by_name);
	for (size_t i = 0; i < n; i++)
		print_type(to, &lines[i]);
	if (level < 2)
		return;
	fputs("   opts:\n      <opt>{,<opts>}:\n   opt:\n", to);
	n = collect_options(lines, level > 2);
	qsort(lines, n, sizeof(*lines), by_name);
	for (size_t i = 0; i < n; i++)
		print_option(to, &lines[i]);
}

bool socat_help(FILE *to, unsigned level)
{
	struct line *const lines = mem_new(LINES_MAX, sizeof(*lines));
	const struct flag *fl;

	if (!lines)
		return false;
	fputs("The socat dialect of sockcat.  Usage:\n"
	      "socat [options] <bi-address> <bi-address>\n"
	      "   options (times are in seconds):\n"
	      "      -h -?              show this\n"
	      "      -hh                show this and the options\n"
	      "      -hhh               show this and all names of all\n", to);
	for (size_t i = 0; (fl = options_row(i)); i++)
		if (fl->socat && i > 0)	/* the first is -h */
			print_flag(to, fl);
	print_list(to, level, lines);
	mem_free(lines);
	return true;
}
