/* What a row of the option table says, and how a spec's options are asked.
 *
 * The table is spec/options.def; each row is one line:
 *
 *	OPT(ID, "canonical alias alias", groups, phase, value, action, "help")
 *
 * A row whose action is data (SOCKOPT, FCNTL, TERMIOS_*, ...) needs no code: it
 * is carried out by endpoint/apply.c at its phase.  For ASKED the code that cares
 * asks part_has(p, OPT_ID) and its kin. */
#ifndef SOCKCAT_SPEC_OPTION_H
#define SOCKCAT_SPEC_OPTION_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "spec/type.h"

/* A constant this system does not define. */
#define ABSENT LONG_MIN

/* When an action is carried out. */
enum opt_phase {
	PH_NONE,	/* never by itself: the code asks */
	PH_SOCKET,	/* after socket(2), before bind */
	PH_BOUND,	/* after bind(2), before listen or connect */
	PH_LISTEN,	/* on the listening socket only, after listen(2) */
	/* on every descriptor, as soon as it exists (after open, accept, pty) */
	PH_FD,
	PH_CONNECTED,	/* on a connected or accepted socket */
	PH_LATE,	/* last thing before data flows */
};

/* How the text after '=' is read. */
enum opt_value {
	V_FLAG,		/* no value allowed; num = 1 */
	V_BOOL,		/* num 0 or 1; absent = 1 */
	V_INT,		/* num; absent = 1 */
	/* the same, or nothing after "=": num 0, text "": leave it as it is */
	V_INT_OPTIONAL,
	V_UINT,		/* num >= 0 */
	V_BYTE,		/* num 0..255 */
	V_PORT,		/* 0..65535, or a service name: text (num = -1 if a name) */
	V_SIZE,		/* num, bytes with k M G */
	V_OFFSET,	/* num, may be negative */
	V_TIME,		/* usec, text_duration() */
	V_SHARE,	/* num, millionths: "5%" or "0.05" */
	V_SPAN,		/* num, num2: "1..7", or one number for both; from 1 up */
	V_TEXT,		/* text; must not be empty unless V_TEXT_OPTIONAL */
	V_TEXT_OPTIONAL,/* text or NULL */
	V_SECRET,	/* text that nobody else should see: spec_hide() */
	V_MODE,		/* num, octal */
	V_USER,		/* num: uid, from number or name */
	V_GROUP,	/* num: gid */
	V_BYTES,	/* bytes: socat's data notation (dalan) */
	V_CHAR,		/* num: a byte, 'c', ^C or a number */
	V_RANGE,	/* text, checked with range_parse() */
	V_FAMILY,	/* num: AF_* from a number or ip4 ip6 inet inet6 unix ... */
	V_INT_INT,	/* num, num2: "i:i" */
	V_INT_TEXT,	/* num, text: "i:s" */
	V_INT_BYTES,	/* num, bytes: "i:x" */
	V_INT3,		/* num, num2, num3: "i:i:i" */
	V_INT2_BYTES,	/* num, num2, bytes: "i:i:x" */
	V_INT2_TEXT,	/* num, num2, text: "i:i:s" */
	V_ADDRESS,	/* text: numeric IP address */
	V_SOCKTYPE,	/* num: number or stream dgram seqpacket raw */
	V_KINDS
};

/* What the action does with the value; a, b, c are the row's data. */
enum opt_how {
	HOW_ASKED,	/* nothing: code asks for it */
	HOW_SOCKOPT,	/* setsockopt(fd, a = level, b = name, int) */
	HOW_SOCKOPT_BYTE,	/* one byte */
	HOW_SOCKOPT_BYTES,	/* raw bytes */
	HOW_SOCKOPT_TIME,	/* struct timeval */
	HOW_SOCKOPT_TEXT,	/* the text, without NUL */
	HOW_SOCKOPT_LINGER,	/* struct linger; value = seconds */
	HOW_SOCKOPT_ADDR,	/* struct in_addr */
	HOW_SOCKOPT_READ,	/* read only in the kernel: refused with that reason */
	HOW_SOCKOPT_USER_INT,	/* setsockopt=level:name:int */
	HOW_SOCKOPT_USER_BYTES,
	HOW_SOCKOPT_USER_TEXT,
	HOW_MEMBERSHIP,		/* ip-add-membership: group[:interface[:index]] */
	HOW_MEMBERSHIP6,	/* ipv6-join-group: group:interface */
	HOW_SOURCE_MEMBERSHIP,	/* group:interface:source */
	HOW_SOURCE_MEMBERSHIP6,
	HOW_FCNTL_FLAG,	/* F_SETFL: a = bit */
	HOW_FCNTL_FD,	/* F_SETFD: a = bit */
	HOW_FCNTL_LOCK,	/* a = F_SETLK or F_SETLKW, b = F_RDLCK or F_WRLCK */
	HOW_FCNTL_INT,	/* fcntl(fd, a, value) */
	HOW_FLOCK,	/* flock(fd, a) */
	/* request in num */
	HOW_IOCTL_VOID, HOW_IOCTL_INT, HOW_IOCTL_INTP, HOW_IOCTL_BYTES, HOW_IOCTL_TEXT,
	HOW_IOCTL_SET,	/* ioctl(fd, a, &int value) */
	HOW_FSFLAG,	/* FS_IOC_SETFLAGS: a = bit */
	HOW_OPENFLAG,	/* a bit for open(2): a; asked with part_open_flags() */
	HOW_ACCMODE,	/* a = O_RDONLY, O_WRONLY, O_RDWR */
	HOW_RESOLVE,	/* a bit for getaddrinfo(3): a; see socket_resolve_flags() */
	HOW_SEEK,	/* lseek(fd, value, a = whence) */
	HOW_TRUNCATE,	/* ftruncate */
	HOW_CHMOD, HOW_CHOWN, HOW_CHGRP,	/* on the fd */
	HOW_TERMIOS_FLAG,	/* a = 0 iflag 1 oflag 2 cflag 3 lflag, b = bit */
	HOW_TERMIOS_PATTERN,	/* a as above, b = mask, c = bits */
	HOW_TERMIOS_VALUE,	/* a as above, b = mask: value shifted into the mask */
	HOW_TERMIOS_CHAR,	/* a = index of c_cc */
	HOW_TERMIOS_SPEED,	/* a = B9600 ...: both speeds */
	HOW_TERMIOS_ISPEED, HOW_TERMIOS_OSPEED,	/* value in baud */
	HOW_TERMIOS_MODE,	/* a = 0 raw 1 rawer 2 cfmakeraw 3 sane */
	HOW_TERMIOS_SETFLAGS,	/* field:bits */
	HOW_WINSIZE,	/* rows:columns */
	HOW_CTTY,	/* TIOCSCTTY */
	HOW_INSERT,	/* layer: the option stands for this layer, inserted on top */
	/* layer: inserted right below the part that takes it; above: on top */
	HOW_AROUND,
	HOW_LATER,	/* a row whose code comes later: "not yet available" */
	HOW_REFUSED,	/* layer = why it can't be had ("use rlwrap") */
	HOW_IGNORED,	/* accepted for compatibility, does nothing; help says so */
};

struct opt {
	unsigned short id;	/* OPT_... */
	unsigned char phase;	/* enum opt_phase */
	unsigned char value;	/* enum opt_value */
	uint64_t owners;	/* G_*: types in one of these groups take it */
	struct {
		unsigned char how;	/* enum opt_how */
		long a, b, c;		/* data, or ABSENT */
		/* HOW_INSERT, HOW_AROUND: layer; HOW_REFUSED: reason */
		const char *layer;
		const char *above;	/* HOW_AROUND: another layer */
		bool ways;	/* "up." and "down." may stand in front of the name */
	} act;
	const char *names;	/* canonical first */
	const char *help;	/* one sentence, without a full stop */
};

/* For which direction an option was given: "up.rate" is towards the address. */
enum opt_way { WAY_BOTH, WAY_UP, WAY_DOWN };

/* A value as the user gave it. */
struct optval {
	const struct opt *opt;	/* ref: the row */
	const char *name;	/* ref: the option as it was typed, for messages */
	enum opt_way way;
	bool given;		/* there was a value after '=' */
	long long num, num2, num3;
	uint64_t usec;
	const char *text;	/* ref: into the spec's copy */
	unsigned char *bytes;	/* own */
	size_t nbytes;
	size_t at, len;		/* where it stands in the input, for carets */
};

/* Case-blind by any name; NULL if there is none. */
const struct opt *opt_find(const char *name, size_t len);
const struct opt *opt_row(size_t i);		/* NULL behind the last */
const struct opt *opt_by_id(unsigned id);

/* False if the row's code isn't there (HOW_LATER, HOW_REFUSED) or the system
 * lacks the constant (a, b or c ABSENT). */
bool opt_available(const struct opt *o);

/* Reads the value of option v->opt.  input[at .. at+len) is the raw value for
 * the caret; text (NUL-terminated, unquoted, living as long as the spec) its
 * meaning; NULL when there was no '='. */
enum io optval_parse(struct optval *v, const char *text, const char *input,
		     size_t at, size_t len, struct fail *f);

/* socat's data notation: "i5 x0a0b \"text\" 'c'"; *out is own. */
bool option_bytes(const char *s, unsigned char **out, size_t *n);

/* "ms, s, m, h" ...: what the value may look like, for messages and help. */
const char *option_value_help(enum opt_value kind);

#define OPT(id, names, owners, phase, value, action, help) OPT_##id,
enum opt_id {
	OPT_NONE,
#include "spec/options.def"
	OPT_COUNT
};
#undef OPT

#endif
