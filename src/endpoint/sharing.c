/* Where several processes serve one listening address. */
#include "endpoint/sharing.h"

#include "base/platform.h"

bool sharing_take(struct endpoint *e, int *fd)
{
	struct sharing *s = sharing_of(e);

	if (!s || s->given < 0)
		return false;
	*fd = s->given;
	s->given = -1;
	return true;
}

void sharing_close(struct sharing *s)
{
	while (s->nmore)
		sys_close(s->more[--s->nmore]);
	sys_close(s->given);
	s->given = -1;
}
