/* As whom and in which root directory. */
#include "endpoint/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

/* ---- what is asked for ---------------------------------------------------------- */

/* The options that say one thing, at one of the two moments; OPT_NONE = no such. */
struct wish {
	unsigned root, account, account_too, user, group;
};

static const struct wish early_wish = {
	OPT_CHROOT_EARLY, OPT_SU_E, OPT_NONE, OPT_SETUID_EARLY, OPT_SETGID_EARLY,
};

static const struct wish late_wish = {
	OPT_CHROOT, OPT_SU, OPT_SU_D, OPT_SETUID, OPT_SETGID,
};

static bool copy_account(struct identity *id, const struct passwd *pw)
{
	int n = 0;

	id->name = mem_format("%s", pw->pw_name);
	id->home = mem_format("%s", pw->pw_dir);
	id->shell = mem_format("%s", pw->pw_shell);
	getgrouplist(pw->pw_name, pw->pw_gid, NULL, &n);
	id->groups = mem_new((size_t)n + 1, sizeof(*id->groups));
	if (!id->name || !id->home || !id->shell || !id->groups ||
	    getgrouplist(pw->pw_name, pw->pw_gid, id->groups, &n) < 0)
		return false;
	id->ngroups = (size_t)n;
	return true;
}

static enum io read_account(struct identity *id, const struct optval *su, struct fail *f)
{
	const struct passwd *pw = getpwuid((uid_t)su->num);

	if (!pw)
		return fail_say(
			f, PHASE_CONFIG, ENOENT,
			"%s: there is no user with number %lld whose groups it could take",
			su->name, su->num);
	if (!copy_account(id, pw))
		return fail_memory(f);
	id->set_user = id->set_group = true;
	id->user = pw->pw_uid;
	id->group = pw->pw_gid;
	return IO_OK;
}

static enum io read_wish(const struct part *p, const struct wish *w, struct identity *id,
			 struct fail *f)
{
	const struct optval *su = part_val(p, w->account);
	const struct optval *user = part_val(p, w->user);
	const struct optval *group = part_val(p, w->group);

	id->root = part_text(p, w->root, NULL);
	if (!su)
		su = part_val(p, w->account_too);
	if (su && read_account(id, su, f) != IO_OK)
		return IO_FAIL;
	if (user) {
		id->set_user = true;
		id->user = (uid_t)user->num;
	}
	if (group) {
		id->set_group = true;
		id->group = (gid_t)group->num;
	}
	return IO_OK;
}

enum io identity_of_program(const struct part *p, struct identity *out, struct fail *f)
{
	return read_wish(p, &late_wish, out, f);
}

void identity_free(struct identity *id)
{
	mem_free(id->groups);
	mem_free(id->name);
	mem_free(id->home);
	mem_free(id->shell);
	*id = (struct identity){ 0 };
}

/* ---- doing it ------------------------------------------------------------------- */

bool identity_enter_root(const struct identity *id)
{
	return !id->root || (chroot(id->root) == 0 && chdir("/") == 0);
}

/* The user comes last: he may not change the others. */
bool identity_become_user(const struct identity *id)
{
	return (!id->groups || setgroups(id->ngroups, id->groups) == 0) &&
	       (!id->set_group || setgid(id->group) == 0) &&
	       (!id->set_user || setuid(id->user) == 0);
}

/* ---- the process ---------------------------------------------------------------- */

struct becoming {
	struct identity early, late;
	bool session;			/* setsid */
	bool early_done, late_done;
};

static bool is_asked(const struct identity *id)
{
	return id->root || id->set_user || id->set_group;
}

static enum io keep_plan(struct part *p, const struct becoming *plan, struct fail *f)
{
	p->becoming = mem_new(1, sizeof(*p->becoming));
	if (!p->becoming)
		return fail_memory(f);
	*p->becoming = *plan;
	return IO_OK;
}

enum io identity_plan(struct part *p, struct fail *f)
{
	const bool program = p->type->flags & TYPE_PROGRAM;
	struct becoming plan = { .session = !program && part_has(p, OPT_SETSID) };
	enum io r = read_wish(p, &early_wish, &plan.early, f);

	if (r == IO_OK && !program)
		r = read_wish(p, &late_wish, &plan.late, f);
	if (r == IO_OK &&
	    (plan.session || is_asked(&plan.early) || is_asked(&plan.late)))
		r = keep_plan(p, &plan, f);
	if (!p->becoming) {
		identity_free(&plan.early);
		identity_free(&plan.late);
	}
	return r;
}

void identity_forget(struct part *p)
{
	if (!p->becoming)
		return;
	identity_free(&p->becoming->early);
	identity_free(&p->becoming->late);
	mem_free(p->becoming);
	p->becoming = NULL;
}

static enum io refused(const struct part *p, const char *what, const char *object,
		       struct fail *f)
{
	return fail_sys(f, PHASE_CONFIG, "%s: cannot %s%s", p->spec->input, what, object);
}

/* Programs started from now on find themselves at home. */
static bool set_environment(const struct identity *id)
{
	return !id->name || (setenv("USER", id->name, 1) == 0 &&
			     setenv("LOGNAME", id->name, 1) == 0 &&
			     setenv("HOME", id->home, 1) == 0 &&
			     setenv("SHELL", id->shell, 1) == 0);
}

static enum io assume(const struct part *p, const struct identity *id, struct fail *f)
{
	if (!identity_enter_root(id))
		return refused(p, "change the root directory to ", id->root, f);
	if (!identity_become_user(id))
		return refused(p, "change user or group", "", f);
	return set_environment(id) ? IO_OK : fail_memory(f);
}

/* Who leads a session already has what is asked for. */
static bool lead_session(const struct becoming *b)
{
	return !b->session || getsid(0) == getpid() || setsid() >= 0;
}

enum io identity_take_early(const struct part *p, struct fail *f)
{
	struct becoming *b = p->becoming;

	if (!b || b->early_done)
		return IO_OK;
	if (!lead_session(b))
		return fail_say(f, PHASE_CONFIG, errno,
				"%s: setsid: a job of a shell cannot leave the shell's "
				"session (start it with setsid(1))",
				p->spec->input);
	if (assume(p, &b->early, f) != IO_OK)
		return IO_FAIL;
	b->early_done = true;
	return IO_OK;
}

enum io identity_take(const struct part *p, struct fail *f)
{
	struct becoming *b = p->becoming;

	if (!b || b->late_done)
		return IO_OK;
	if (assume(p, &b->late, f) != IO_OK)
		return IO_FAIL;
	b->late_done = true;
	return IO_OK;
}
