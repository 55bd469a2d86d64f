/* Terminal modes: what each option does to a struct termios. */
#include <errno.h>
#include <string.h>
#include <termios.h>

#include "base/text.h"
#include "endpoint/action.h"
#include "spec/constants.h"

bool terminal_is(const struct opt *o)
{
	return o->act.how >= HOW_TERMIOS_FLAG && o->act.how <= HOW_TERMIOS_SETFLAGS;
}

static tcflag_t *field(struct termios *t, long which)
{
	switch (which) {
	case 0:
		return &t->c_iflag;
	case 1:
		return &t->c_oflag;
	case 2:
		return &t->c_cflag;
	default:
		return &t->c_lflag;
	}
}

static enum io no_value(const struct action *a, const char *cause)
{
	return action_refused(a, EINVAL, cause);
}

/* ---- flags -------------------------------------------------------------------- */

static void set_flag(tcflag_t *to, tcflag_t bit, bool on)
{
	*to = on ? *to | bit : *to & ~bit;
}

static void set_pattern(tcflag_t *to, tcflag_t mask, tcflag_t bits)
{
	*to = (*to & ~mask) | bits;
}

/* The value counts from 0 in the mask's own place. */
static enum io set_value(const struct action *a, tcflag_t *to)
{
	tcflag_t mask = (tcflag_t)a->val->opt->act.b, lowest = mask & (~mask + 1);
	tcflag_t bits = (tcflag_t)a->val->num * lowest;

	if ((unsigned long long)a->val->num > mask / lowest)
		return no_value(a, "the value is too large");
	set_pattern(to, mask, bits);
	return IO_OK;
}

static enum io set_flags(const struct action *a, struct termios *t)
{
	if (a->val->num < 0 || a->val->num > 3)
		return no_value(a, "the field is 0 (input), 1 (output), 2 (control) or 3 "
				   "(local)");
	*field(t, (long)a->val->num) |= (tcflag_t)a->val->num2;
	return IO_OK;
}

/* ---- speed -------------------------------------------------------------------- */

/* The rows b50, b75 ... are the list of speeds there are. */
static bool speed_code(long long baud, speed_t *out)
{
	const struct opt *o;

	for (size_t i = 0; (o = opt_row(i)); i++) {
		long long n;

		if (o->act.how != HOW_TERMIOS_SPEED || o->act.a == ABSENT)
			continue;
		if (text_number(o->names + 1, strlen(o->names + 1), 0, LLONG_MAX, &n,
				NULL) &&
		    n == baud) {
			*out = (speed_t)o->act.a;
			return true;
		}
	}
	return false;
}

static int set_both_speeds(struct termios *t, speed_t code)
{
	return cfsetispeed(t, code) < 0 ? -1 : cfsetospeed(t, code);
}

static enum io set_speed(const struct action *a, struct termios *t)
{
	speed_t code;

	if (a->val->opt->act.how == HOW_TERMIOS_SPEED)
		return action_done(a, set_both_speeds(t, (speed_t)a->val->opt->act.a));
	if (!speed_code(a->val->num, &code))
		return no_value(a, "terminals do not have that speed");
	return action_done(a, a->val->opt->act.how == HOW_TERMIOS_ISPEED
				      ? cfsetispeed(t, code)
				      : cfsetospeed(t, code));
}

/* ---- whole modes -------------------------------------------------------------- */

static void byte_by_byte(struct termios *t)
{
	t->c_cc[VMIN] = 1;
	t->c_cc[VTIME] = 0;
}

static void make_raw(struct termios *t)
{
	t->c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR |
				  ICRNL | IXON);
	t->c_oflag &= ~(tcflag_t)OPOST;
	t->c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	set_pattern(&t->c_cflag, CSIZE | PARENB, CS8);
	byte_by_byte(t);
}

/* As socat's raw was seen to do: echo stays, so people add echo=0. */
static void make_socat_raw(struct termios *t)
{
	t->c_iflag &= ~((tcflag_t)(IGNBRK | BRKINT | IGNPAR | PARMRK | INPCK | ISTRIP |
				   INLCR | IGNCR | ICRNL | IXON | IXANY | IXOFF) |
			(tcflag_t)IUCLC | (tcflag_t)IMAXBEL);
	t->c_oflag &= ~(tcflag_t)OPOST;
	t->c_lflag &= ~((tcflag_t)(ISIG | ICANON) | (tcflag_t)XCASE);
	byte_by_byte(t);
}

static void make_rawer(struct termios *t)
{
	t->c_iflag = 0;
	t->c_oflag = 0;
	t->c_lflag = 0;
	set_pattern(&t->c_cflag, CSIZE | CSTOPB | PARENB | PARODD, CS8 | CREAD);
	byte_by_byte(t);
}

/* What stty(1) calls sane. */
static void sane_characters(struct termios *t)
{
	t->c_cc[VINTR] = 'C' & 31;
	t->c_cc[VQUIT] = '\\' & 31;
	t->c_cc[VERASE] = 127;
	t->c_cc[VKILL] = 'U' & 31;
	t->c_cc[VEOF] = 'D' & 31;
	t->c_cc[VSTART] = 'Q' & 31;
	t->c_cc[VSTOP] = 'S' & 31;
	t->c_cc[VSUSP] = 'Z' & 31;
	t->c_cc[VEOL] = 0;
	byte_by_byte(t);
}

static void make_sane(struct termios *t)
{
	set_pattern(&t->c_iflag,
		    (tcflag_t)(IGNBRK | INLCR | IGNCR | IXANY | IXOFF) | (tcflag_t)IUCLC,
		    (tcflag_t)(BRKINT | ICRNL) | (tcflag_t)IMAXBEL);
	t->c_oflag = OPOST | ONLCR;
	t->c_cflag |= CREAD;
	set_pattern(&t->c_lflag,
		    (tcflag_t)(ECHONL | NOFLSH | TOSTOP) | (tcflag_t)XCASE |
			    (tcflag_t)ECHOPRT | (tcflag_t)FLUSHO,
		    (tcflag_t)(ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK) |
			    (tcflag_t)ECHOCTL | (tcflag_t)ECHOKE);
	sane_characters(t);
}

static void set_mode(const struct action *a, struct termios *t)
{
	enum { RAW, RAWER, CFMAKERAW, SANE };

	switch (a->val->opt->act.a) {
	case RAW:
		if (a->part->spec->rules.socat) {
			make_socat_raw(t);
			break;
		}
		/* fall through */
	case CFMAKERAW:
		make_raw(t);
		break;
	case RAWER:
		make_rawer(t);
		break;
	case SANE:
		make_sane(t);
		break;
	default:
		break;
	}
}

/* ---- all ---------------------------------------------------------------------- */

enum io terminal_change(const struct action *a, struct termios *t)
{
	const struct opt *o = a->val->opt;

	switch (o->act.how) {
	case HOW_TERMIOS_FLAG:
		set_flag(field(t, o->act.a), (tcflag_t)o->act.b, a->val->num);
		return IO_OK;
	case HOW_TERMIOS_PATTERN:
		set_pattern(field(t, o->act.a), (tcflag_t)o->act.b, (tcflag_t)o->act.c);
		return IO_OK;
	case HOW_TERMIOS_VALUE:
		return set_value(a, field(t, o->act.a));
	case HOW_TERMIOS_CHAR:
		t->c_cc[o->act.a] = (cc_t)a->val->num;
		return IO_OK;
	case HOW_TERMIOS_SETFLAGS:
		return set_flags(a, t);
	case HOW_TERMIOS_MODE:
		set_mode(a, t);
		return IO_OK;
	default:
		return set_speed(a, t);
	}
}
