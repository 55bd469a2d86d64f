/* Who may come in, as far as addresses tell. */
#include "endpoint/admit.h"

#include <string.h>

bool admit_by_range(const struct part *p, unsigned opt_id, const struct name *peer)
{
	bool any = false;

	for (unsigned i = 0; i < p->nvals; i++) {
		struct range r;

		if (p->val[i].opt->id != opt_id)
			continue;
		any = true;
		if (range_parse(p->val[i].text, strlen(p->val[i].text), &r) &&
		    range_has(&r, peer))
			return true;
	}
	return !any;
}
