/* Options whose action is data, put on a descriptor at their phase. */
#ifndef SOCKCAT_ENDPOINT_APPLY_H
#define SOCKCAT_ENDPOINT_APPLY_H

#include <sys/types.h>
#include <termios.h>

#include "spec/spec.h"

/* All options of the part that belong to the phase, in the order typed.  On a
 * refusal: IO_FAIL, the sentence names option, value and address; the failing phase is
 * PHASE_BIND for sockets, PHASE_CONFIG otherwise. */
enum io apply_phase(const struct part *p, int fd, enum opt_phase phase, struct fail *f);

/* All termios options of the part on one terminal, in the order typed, with one
 * tcsetattr(3).  With saved not NULL the state before is kept there and *changed
 * says whether there was anything to do.  A fd that is no terminal: failure if
 * such options are given. */
enum io apply_termios(const struct part *p, int fd, struct termios *saved,
		      bool *changed, struct fail *f);

/* Bits for open(2) from the part's HOW_OPENFLAG options, added to those given;
 * an access mode option replaces O_ACCMODE of flags. */
int apply_open_flags(const struct part *p, int flags);

/* User, group and mode of a file system entry by its path (mode= user= group=,
 * and their -early -late kin): see addr/entry.c and addr/socket.c. */
enum io apply_owner(const struct part *p, const char *path, struct fail *f);

/* chdir= and umask= while an entry is opened or made; apply_leave() undoes. */
struct workplace { int cwd; mode_t mask; bool moved, masked; };
enum io apply_enter(const struct part *p, struct workplace *w, struct fail *f);
void apply_leave(struct workplace *w);

#endif
