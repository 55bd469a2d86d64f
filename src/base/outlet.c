/* Where text goes that is written beside the data. */
#include "base/outlet.h"

#include <errno.h>
#include <unistd.h>

#include "base/platform.h"

bool outlet_open(struct outlet *o, int fd, const char *what, const char *path)
{
	*o = (struct outlet){ .fd = fd };
	if (fd < 0 || !spool_has_reader(fd))
		return fd >= 0;
	if (!spool_text(&o->spool, fd, what, path)) {
		o->fd = -1;
		return false;
	}
	o->spool.patient = isatty(fd);
	return true;
}

/* What a full disk has cut off ends here, so that only that line is spoilt. */
static bool write_file(struct outlet *o, const unsigned char *text, size_t len)
{
	ssize_t n;

	if (o->torn && write(o->fd, "\n", 1) != 1)
		return false;
	o->torn = false;
	n = write(o->fd, text, len);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	if (n < 0)
		n = 0;
	o->torn = !sys_write_all(o->fd, text + n, len - (size_t)n);
	return !o->torn;
}

bool outlet_write(struct outlet *o, const void *text, size_t len)
{
	return o->spool.what ? spool_write(&o->spool, text, len)
			     : write_file(o, text, len);
}

void outlet_close(struct outlet *o)
{
	if (o->spool.what)
		spool_close(&o->spool);
	else
		sys_close(o->fd);
	*o = (struct outlet){ .fd = -1 };
}
