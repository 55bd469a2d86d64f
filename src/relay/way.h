/* Quicker ways than copying for one direction of a relay, where the kernel has one.
 *
 * Each is a file with a row in ways.def, and nothing else knows it: without the row, or
 * where it doesn't fit, the pump copies, and the bytes are the same. */
#ifndef SOCKCAT_RELAY_WAY_H
#define SOCKCAT_RELAY_WAY_H

#include "relay/pump.h"

struct way {
	/* It reads with endpoint_read(), and so hears what pump.woken is about. */
	bool asks;
	/* Asked once, when the relay begins: is this direction one for it? */
	bool (*fits)(const struct pump *p);
	/* Moves some, in place of pump_copy(), with its answers.  Sets p->way to NULL to
	 * copy from now on.  Not called while p->left is there. */
	enum io (*move)(struct pump *p);
};

#define WAY(name) extern const struct way name##_way;
#include "relay/ways.def"
#undef WAY

#endif
