/* Keeps an SMTP server's greeting from a client who has had ours: option starttls. */
#include "endpoint/endpoint.h"
#include "proto/starttls.h"

struct greeting {
	struct layer l;
	struct starttls_greeting g;
};

/* Other protocols begin anew behind TLS, or have no greeting. */
static enum io greeting_open(struct layer *l)
{
	const struct part *p = spec_with(l->end->spec, OPT_STARTTLS);
	const struct starttls_kind *smtp = starttls_find("smtp");
	struct greeting *x = (struct greeting *)l;

	x->g.ended = !p || !part_is_called(p) ||
		     starttls_find(part_text(p, OPT_STARTTLS, "")) != smtp;
	return IO_OK;
}

static enum io greeting_write(struct layer *l, const void *from, size_t len, size_t *n)
{
	struct greeting *x = (struct greeting *)l;

	*n = x->g.ended ? 0 : starttls_greeting(&x->g, from, len);
	return *n ? IO_OK : layer_write(l->below, from, len, n);
}

const struct layer_ops greeting_ops = {
	.size = sizeof(struct greeting),
	.open = greeting_open,
	.write = greeting_write,
};
