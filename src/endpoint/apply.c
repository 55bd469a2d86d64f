/* Options whose action is data, put on a descriptor at their phase. */
#include "endpoint/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/platform.h"
#include "base/text.h"
#include "endpoint/action.h"
#include "spec/constants.h"

/* ---- saying no ---------------------------------------------------------------- */

/* The value as typed, unless it stands in another text than the address. */
static void value_text(const struct action *a, char *to, size_t cap)
{
	const char *input = a->part->spec->input;
	const struct optval *v = a->val;

	*to = '\0';
	if (v->given && input && v->at <= strlen(input) &&
	    v->len <= strlen(input) - v->at)
		text_escape(to, cap, input + v->at, v->len);
}

const char *action_text(const struct action *a, char to[ACTION_TEXT])
{
	char value[ACTION_TEXT / 2];

	value_text(a, value, sizeof(value));
	snprintf(to, ACTION_TEXT, "option %s%s%s", a->val->name, *value ? "=" : "",
		 value);
	return to;
}

static bool is_lock(const struct opt *o)
{
	return o->act.how == HOW_FCNTL_LOCK || o->act.how == HOW_FLOCK;
}

/* What usually helps, or NULL to leave it at errno's own text. */
static const char *mend(const struct opt *o, int err)
{
	switch (err) {
	case EPERM:
		return "not permitted (this needs root or a capability such as "
		       "CAP_NET_ADMIN)";
	case EACCES:
	case EAGAIN:
		return is_lock(o) ? "somebody else holds the lock" : NULL;
	case EINTR:
		return is_lock(o) ? "interrupted while waiting for the lock" : NULL;
	case EINVAL:
		return "the system refuses the value";
	case ENODEV:
	case ENXIO:
		return "no such network interface or device";
	case ENOTSOCK:
		return "this is no socket";
	case ENOTTY:
		return o->act.how == HOW_FSFLAG
			       ? "the file system has no such attributes"
			       : "this descriptor does not know the request";
	case EOPNOTSUPP:
	case ENOPROTOOPT:
		return "this kind of descriptor does not have it";
	case ESPIPE:
		return "only files have a position";
	default:
		return NULL;
	}
}

enum io action_refused(const struct action *a, int err, const char *cause)
{
	enum phase p = sockopt_is(a->val->opt) ? PHASE_BIND : PHASE_CONFIG;
	char text[ACTION_TEXT];

	return fail_say(a->fail, p, err, "%s: %s cannot be set: %s", a->part->name,
			action_text(a, text), cause);
}

enum io action_done(const struct action *a, int result)
{
	int err = errno;
	const char *cause;

	if (result >= 0)
		return IO_OK;
	cause = mend(a->val->opt, err);
	return action_refused(a, err, cause ? cause : fail_errno_text(err));
}

/* ---- descriptors -------------------------------------------------------------- */

static int set_bit(int flags, int bit, bool on)
{
	return on ? flags | bit : flags & ~bit;
}

/* O_NONBLOCK is never taken away: the loop lives by it. */
static int file_flag(const struct action *a)
{
	int bit = (int)a->val->opt->act.a, flags = fcntl(a->fd, F_GETFL);

	if (flags < 0 || (bit == O_NONBLOCK && !a->val->num))
		return flags;
	return fcntl(a->fd, F_SETFL, set_bit(flags, bit, a->val->num));
}

static int fd_flag(const struct action *a)
{
	int flags = fcntl(a->fd, F_GETFD);

	if (flags < 0)
		return flags;
	return fcntl(a->fd, F_SETFD,
		     set_bit(flags, (int)a->val->opt->act.a, a->val->num));
}

static int record_lock(const struct action *a)
{
	struct flock lock = { .l_type = (short)a->val->opt->act.b, .l_whence = SEEK_SET };

	return a->val->num ? fcntl(a->fd, (int)a->val->opt->act.a, &lock) : 0;
}

static int whole_lock(const struct action *a)
{
	return a->val->num ? flock(a->fd, (int)a->val->opt->act.a) : 0;
}

static int fcntl_int(const struct action *a)
{
	if (a->val->num > INT_MAX) {
		errno = EINVAL;
		return -1;
	}
	return fcntl(a->fd, (int)a->val->opt->act.a, (int)a->val->num);
}

static int ioctl_set(const struct action *a)
{
	int value = (int)a->val->num;

	return ioctl(a->fd, (unsigned long)a->val->opt->act.a, &value);
}

/* The request is the user's own; what it points to may be written by the
 * kernel, so it gets copies with room. */
static int ioctl_user(const struct action *a)
{
	unsigned long request = (unsigned int)a->val->num;
	int value = (int)a->val->num2;
	char room[4096] = { 0 };

	switch (a->val->opt->act.how) {
	case HOW_IOCTL_VOID:
		return ioctl(a->fd, request, 0);
	case HOW_IOCTL_INT:
		return ioctl(a->fd, request, value);
	case HOW_IOCTL_INTP:
		return ioctl(a->fd, request, &value);
	case HOW_IOCTL_BYTES:
		memcpy(room, a->val->bytes,
		       a->val->nbytes < sizeof(room) ? a->val->nbytes : sizeof(room));
		return ioctl(a->fd, request, room);
	default:
		snprintf(room, sizeof(room), "%s", a->val->text);
		return ioctl(a->fd, request, room);
	}
}

/* ---- files -------------------------------------------------------------------- */

static int file_attribute(const struct action *a)
{
	int flags;

	if (ioctl(a->fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -1;
	flags = set_bit(flags, (int)a->val->opt->act.a, a->val->num);
	return ioctl(a->fd, FS_IOC_SETFLAGS, &flags);
}

static int seek(const struct action *a)
{
	return lseek(a->fd, (off_t)a->val->num, (int)a->val->opt->act.a) < 0 ? -1 : 0;
}

static int truncate_file(const struct action *a)
{
	return ftruncate(a->fd, (off_t)a->val->num);
}

/* A socket's entry in the file system is reached by its path only. */
static bool has_entry_elsewhere(const struct action *a)
{
	struct stat st;

	return (a->part->type->groups & G_NAMED) && fstat(a->fd, &st) == 0 &&
	       S_ISSOCK(st.st_mode);
}

static int own(const struct action *a)
{
	if (has_entry_elsewhere(a))
		return 0;
	switch (a->val->opt->act.how) {
	case HOW_CHMOD:
		return fchmod(a->fd, (mode_t)a->val->num);
	case HOW_CHOWN:
		return fchown(a->fd, (uid_t)a->val->num, (gid_t)-1);
	default:
		return fchown(a->fd, (uid_t)-1, (gid_t)a->val->num);
	}
}

/* ---- terminals, what is no termios -------------------------------------------- */

static int window_size(const struct action *a)
{
	struct winsize size = { .ws_row = (unsigned short)a->val->num,
				.ws_col = (unsigned short)a->val->num2 };

	return ioctl(a->fd, TIOCSWINSZ, &size);
}

/* For a program it is done by the child, after setsid(2). */
static int controlling_terminal(const struct action *a)
{
	if (!a->val->num || (a->part->type->flags & TYPE_PROGRAM))
		return 0;
	return ioctl(a->fd, TIOCSCTTY, 0);
}

/* ---- all of a phase ------------------------------------------------------------ */

typedef int act_fn(const struct action *a);

static act_fn *action_of(const struct opt *o)
{
	static act_fn *const acts[] = {
		[HOW_FCNTL_FLAG] = file_flag,
		[HOW_FCNTL_FD] = fd_flag,
		[HOW_FCNTL_LOCK] = record_lock,
		[HOW_FCNTL_INT] = fcntl_int,
		[HOW_FLOCK] = whole_lock,
		[HOW_IOCTL_VOID] = ioctl_user,
		[HOW_IOCTL_INT] = ioctl_user,
		[HOW_IOCTL_INTP] = ioctl_user,
		[HOW_IOCTL_BYTES] = ioctl_user,
		[HOW_IOCTL_TEXT] = ioctl_user,
		[HOW_IOCTL_SET] = ioctl_set,
		[HOW_FSFLAG] = file_attribute,
		[HOW_SEEK] = seek,
		[HOW_TRUNCATE] = truncate_file,
		[HOW_CHMOD] = own,
		[HOW_CHOWN] = own,
		[HOW_CHGRP] = own,
		[HOW_WINSIZE] = window_size,
		[HOW_CTTY] = controlling_terminal,
		[HOW_IGNORED] = NULL,
	};

	return acts[o->act.how];
}

/* A type that makes no socket itself may have been given one (stdio, fd:N, a
 * program's socket pair): its socket options are due with the descriptor. */
static bool is_due(const struct part *p, const struct opt *o, enum opt_phase phase)
{
	if (o->phase == phase)
		return true;
	return phase == PH_FD && !p->type->family && !p->type->socktype &&
	       (o->phase == PH_SOCKET || o->phase == PH_BOUND ||
		o->phase == PH_CONNECTED);
}

static enum io apply_one(const struct action *a)
{
	act_fn *act = action_of(a->val->opt);

	if (sockopt_is(a->val->opt))
		return sockopt_apply(a);
	return act ? action_done(a, act(a)) : IO_OK;
}

enum io apply_phase(const struct part *p, int fd, enum opt_phase phase, struct fail *f)
{
	for (unsigned i = 0; i < p->nvals; i++) {
		const struct action a = { p, &p->val[i], fd, f };

		if (is_due(p, a.val->opt, phase) && apply_one(&a) != IO_OK)
			return IO_FAIL;
	}
	return IO_OK;
}

enum io apply_termios(const struct part *p, int fd, struct termios *saved, bool *changed,
		      struct fail *f)
{
	struct termios now;
	struct action a = { p, NULL, fd, f };

	*changed = false;
	for (unsigned i = 0; i < p->nvals; i++) {
		a.val = &p->val[i];
		if (!terminal_is(a.val->opt))
			continue;
		if (!*changed) {
			if (tcgetattr(fd, &now) < 0)
				return action_refused(&a, errno, "this is no terminal");
			if (saved)
				*saved = now;
			*changed = true;
		}
		if (terminal_change(&a, &now) != IO_OK)
			return IO_FAIL;
	}
	if (!*changed)
		return IO_OK;
	return action_done(&a, tcsetattr(fd, TCSANOW, &now));
}

/* ---- opening ------------------------------------------------------------------- */

int apply_open_flags(const struct part *p, int flags)
{
	for (unsigned i = 0; i < p->nvals; i++) {
		const struct optval *v = &p->val[i];
		int bit = (int)v->opt->act.a;
		bool flag = v->opt->act.how == HOW_OPENFLAG ||
			    (v->opt->act.how == HOW_FCNTL_FLAG &&
			     (v->opt->owners & G_OPEN));

		if (flag)
			flags = set_bit(flags, bit, v->num);
		else if (v->opt->act.how == HOW_ACCMODE && v->num)
			flags = (flags & ~O_ACCMODE) | bit;
	}
	return flags;
}

static enum io own_path(const struct action *a, const char *path)
{
	int r = 0;

	switch (a->val->opt->id) {
	case OPT_USER_EARLY:
	case OPT_USER:
	case OPT_USER_LATE:
		r = chown(path, (uid_t)a->val->num, (gid_t)-1);
		break;
	case OPT_GROUP_EARLY:
	case OPT_GROUP:
	case OPT_GROUP_LATE:
		r = chown(path, (uid_t)-1, (gid_t)a->val->num);
		break;
	case OPT_PERM_EARLY:
	case OPT_MODE:
	case OPT_PERM_LATE:
		r = chmod(path, (mode_t)a->val->num);
		break;
	default:
		break;
	}
	return action_done(a, r);
}

/* Owners come first, because a change of owner may take mode bits away. */
enum io apply_owner(const struct part *p, const char *path, struct fail *f)
{
	static const unsigned short order[] = {
		OPT_USER_EARLY, OPT_GROUP_EARLY,
		OPT_USER, OPT_GROUP,
		OPT_USER_LATE, OPT_GROUP_LATE,
		OPT_PERM_EARLY, OPT_MODE, OPT_PERM_LATE,
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		const struct action a = { p, part_val(p, order[i]), -1, f };

		if (a.val && own_path(&a, path) != IO_OK)
			return IO_FAIL;
	}
	return IO_OK;
}

/* ---- where and under which mask ------------------------------------------------- */

static enum io move_to(const struct action *a, struct workplace *w)
{
	w->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w->cwd < 0 || chdir(a->val->text) < 0) {
		enum io r = action_done(a, -1);

		apply_leave(w);
		return r;
	}
	w->moved = true;
	return IO_OK;
}

enum io apply_enter(const struct part *p, struct workplace *w, struct fail *f)
{
	const struct action dir = { p, part_val(p, OPT_CHDIR), -1, f };
	const struct optval *mask = part_val(p, OPT_UMASK);

	*w = (struct workplace){ .cwd = -1 };
	if (dir.val && move_to(&dir, w) != IO_OK)
		return IO_FAIL;
	if (mask) {
		w->mask = umask((mode_t)mask->num);
		w->masked = true;
	}
	return IO_OK;
}

void apply_leave(struct workplace *w)
{
	int ignored = w->moved ? fchdir(w->cwd) : 0;

	(void)ignored;
	sys_close(w->cwd);
	if (w->masked)
		umask(w->mask);
	*w = (struct workplace){ .cwd = -1 };
}
