/* Entries of the file system that an address opens or makes: their owner and
 * mode at the right moment, and their removal at the end. */
#ifndef SOCKCAT_ADDR_ENTRY_H
#define SOCKCAT_ADDR_ENTRY_H

#include <sys/types.h>

#include "spec/spec.h"

/* What comes before opening: unlink-early, then perm-early user-early
 * group-early, then unlink. */
enum io entry_early(const struct part *p, const char *path, struct fail *f);

/* The mode for open(2) or mkfifo(3), and the umask that lets it come out exactly:
 * mode= beats the umask; without it the umask counts as ever.  *old is what
 * umask(2) has to be set to afterwards. */
mode_t entry_mode(const struct part *p, mode_t *old);

/* The path as it will be found from any directory; NULL: out of memory. */
char *entry_absolute(const char *path);

#endif
