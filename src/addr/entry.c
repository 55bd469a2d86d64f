/* Entries of the file system that an address opens or makes. */
#include "addr/entry.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static enum io remove_old(const struct part *p, unsigned option, const char *path,
			  struct fail *f)
{
	if (!part_has(p, option) || unlink(path) == 0 || errno == ENOENT)
		return IO_OK;
	return fail_sys(f, PHASE_WRITE, "cannot remove %s", path);
}

static enum io own_early(const struct part *p, const char *path, struct fail *f)
{
	const struct optval *mode = part_val(p, OPT_PERM_EARLY);
	uid_t user = (uid_t)part_num(p, OPT_USER_EARLY, -1);
	gid_t group = (gid_t)part_num(p, OPT_GROUP_EARLY, -1);

	if ((user != (uid_t)-1 || group != (gid_t)-1) && chown(path, user, group) < 0)
		return fail_sys(f, PHASE_WRITE, "cannot change the owner of %s", path);
	if (mode && chmod(path, (mode_t)mode->num) < 0)
		return fail_sys(f, PHASE_WRITE, "cannot change the mode of %s", path);
	return IO_OK;
}

enum io entry_early(const struct part *p, const char *path, struct fail *f)
{
	if (remove_old(p, OPT_UNLINK_EARLY, path, f) != IO_OK ||
	    own_early(p, path, f) != IO_OK)
		return IO_FAIL;
	return remove_old(p, OPT_UNLINK, path, f);
}

mode_t entry_mode(const struct part *p, mode_t *old)
{
	const struct optval *mode = part_val(p, OPT_MODE);

	*old = umask(0);
	if (!mode)
		umask(*old);
	return mode ? (mode_t)mode->num : 0666;
}

char *entry_absolute(const char *path)
{
	char cwd[PATH_MAX];

	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return mem_format("%s", path);
	return mem_format("%s/%s", cwd, path);
}
