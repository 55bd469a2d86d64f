/* As whom and in which root directory: chroot= su= setuid= setgid= and their kin.
 *
 * A program that an address starts changes in itself.  For every other address it is
 * the whole process that changes, once, and there is no way back: with the -early
 * options before the address is opened, with the others as soon as its transport is
 * open, or bound and waits for a peer. */
#ifndef SOCKCAT_ENDPOINT_IDENTITY_H
#define SOCKCAT_ENDPOINT_IDENTITY_H

#include <sys/types.h>

#include "spec/spec.h"

/* All of it looked up: nothing here needs a file that chroot(2) takes away. */
struct identity {
	const char *root;		/* ref: the new root directory, or NULL */
	bool set_user, set_group;
	uid_t user;
	gid_t group;
	gid_t *groups;			/* own: supplementary ones; NULL = keep ours */
	size_t ngroups;
	char *name, *home, *shell;	/* own: of su=, else NULL */
};

/* What a program of this part is to be: chroot su su-d setuid setgid. */
enum io identity_of_program(const struct part *p, struct identity *out, struct fail *f);
void identity_free(struct identity *id);

/* True if done; else errno.  Async-signal-safe.  The root comes first. */
bool identity_enter_root(const struct identity *id);
bool identity_become_user(const struct identity *id);

/* Makes the part's plan for the process, if it has such options. */
enum io identity_plan(struct part *p, struct fail *f);
void identity_forget(struct part *p);

/* Carries it out, if that has not been done.  PHASE_CONFIG if the system refuses. */
enum io identity_take_early(const struct part *p, struct fail *f);
enum io identity_take(const struct part *p, struct fail *f);

#endif
