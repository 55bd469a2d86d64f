/* An address as the user wrote it: a stack of parts with arguments and options.
 *
 *	arg    := single [ "!!" single ]
 *	single := keyword { "+" keyword } { ":" argument } { "," name [ "=" value ] }
 *
 * Arguments are taken from the wire upward: the transport first.  An option goes
 * to the member that takes it; if several do, to the one nearest the
 * application; "tls2.verify=0" names the second tls from the left.  Where the row
 * has directions, "up.rate=1k" is for what goes to the address, "down.rate=1k" for
 * what comes from it; both may be said: "shape2.up.rate=1k".
 * Nothing is opened here; whatever can be wrong with the words is found here. */
#ifndef SOCKCAT_SPEC_SPEC_H
#define SOCKCAT_SPEC_SPEC_H

#include "spec/option.h"
#include "spec/type.h"

enum { STACK_MAX = 12, ARGS_MAX = 5, INSERTS_MAX = 4 };

struct becoming;
struct buf;
struct sharing;

/* One member of a stack. */
struct part {
	const struct type *type;	/* ref */
	const char *name;		/* ref: the keyword as typed (for messages) */
	const char *arg[ARGS_MAX];	/* ref: into the spec's copies */
	/* where they stand in the input, for carets */
	size_t arg_at[ARGS_MAX], arg_len[ARGS_MAX];
	unsigned nargs;
	struct optval *val;		/* own */
	unsigned nvals;
	/* own by the type's code: made once by ops->prepare */
	void *prepared;
	/* own by endpoint/identity.c: what the process becomes for it, or NULL */
	struct becoming *becoming;
	const struct spec *spec;	/* ref: the whole */
};

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* How layers show what passes (layer/tap.c).  Zero = not given. */
struct dump_rules {
	enum colour colour;	/* auto: on a terminal, unless NO_COLOR is set */
	const char *file;	/* ref: appended to; NULL = standard error */
	uint64_t limit;		/* bytes of each direction of a session; 0 = none */
	bool wait;		/* for a slow reader, so that nothing is left out */
};

/* How a parse differs between dialects, and what its code may ask later. */
struct spec_rules {
	bool socat;		/* socat's own meaning of names where they differ */
	bool any_option;	/* -g: no check whether the address takes the option */
	/* -4 -6: AF_INET, AF_INET6 for types that leave it open; 0 = both */
	int family;
	int listen_family;	/* the same for listeners only (socat: AF_INET) */
	/* which family is tried first; 0 = the resolver's order */
	int prefer;
	struct dump_rules dump;
	bool ports;		/* one port may be a range: see spec.ports */
};

/* Where "20-25" stands in the input, and what it says; len 0 = nowhere. */
struct port_range {
	size_t at, len;
	unsigned low, high;
};

/* A parsed address.  After start-up it never changes and all sessions share it. */
struct spec {
	struct spec_rules rules;
	const char *input;		/* ref: the word as typed */
	/* own: the unquoted pieces; behind [0] those of each spec_insert() */
	char *copy[1 + INSERTS_MAX];
	unsigned inserts;
	struct part part[STACK_MAX];	/* [0] is the transport */
	unsigned nparts;
	const struct type *alias;	/* ref: the synonym it was typed as, or NULL */
	struct port_range ports;
	struct spec *writer;		/* own: second half of a dual address, or NULL */
	/* ref: of one that several processes serve (endpoint/sharing.h), or NULL */
	struct sharing *sharing;
};

enum io spec_parse(const char *text, const struct spec_rules *rules, struct spec *out,
		   struct fail *f);

/* Puts the named layer on top, as if it had been typed leftmost (tap for -v). */
enum io spec_insert(struct spec *s, const char *layer, const char *options,
		    struct fail *f);

/* Adds text to spec_insert()'s options, as a value in which nothing means anything.
 * False: no room. */
bool spec_quote(struct buf *options, const char *text);

/* Puts asterisks over the values of V_SECRET in typed, a text that was parsed, with
 * success or not: neither messages nor ps(1) show them from then on. */
void spec_hide(char *typed);

void spec_free(struct spec *s);

/* The topmost part that has the option, or NULL: for what a session asks of a
 * whole address (retry, fork, connect-timeout, ...). */
const struct part *spec_with(const struct spec *s, unsigned opt_id);

/* Something below the part waits for a peer: the part will play the server. */
bool part_is_called(const struct part *p);

/* What a layer demands of what is below it, in prepare: that it carries a stream, as far
 * as the types tell; that it leads to a proxy, which can be asked. */
enum io part_needs_stream(const struct part *p, struct fail *f);
enum io part_needs_proxy(const struct part *p, struct fail *f);

bool part_has(const struct part *p, unsigned opt_id);		/* given and not 0 */
/* the last one given, or NULL */
const struct optval *part_val(const struct part *p, unsigned opt_id);
/* the n-th one given, counted from 0, or NULL: options that may be repeated */
const struct optval *part_nth(const struct part *p, unsigned opt_id, unsigned n);
/* the last one given for this direction or for both, or NULL */
const struct optval *part_val_way(const struct part *p, unsigned opt_id,
				  enum opt_way way);
long long part_num(const struct part *p, unsigned opt_id, long long otherwise);
uint64_t part_usec(const struct part *p, unsigned opt_id, uint64_t otherwise);
const char *part_text(const struct part *p, unsigned opt_id, const char *otherwise);

#endif
