/* The file that a capture is written to, shared by all sessions. */
#ifndef SOCKCAT_LAYER_CAPTUREFILE_H
#define SOCKCAT_LAYER_CAPTUREFILE_H

#include "base/spool.h"
#include "loop/drain.h"
#include "proto/packet.h"
#include "spec/spec.h"

struct capture_file {
	struct spool spool;	/* own */
	struct drain drain;
	const struct part *part;	/* ref: name and size of the file, the address */
	unsigned number;	/* files that are full */
	unsigned flows;		/* connections that were given a number */
};

/* What pcapng tells of a packet besides its bytes. */
struct capture_note {
	bool inbound;
	const char *comment;	/* ref: or NULL */
};

/* Opens the file and begins it.  IO_FAIL: PHASE_WRITE or PHASE_USAGE;
 * capture_file_close() frees what there is. */
enum io capture_file_open(struct capture_file *c, const struct part *p, struct fail *f);

/* One packet, as of now; in the next file when this one is full.  Whatever goes wrong is
 * told in the log, and ends at most the capture. */
void capture_file_add(struct capture_file *c, struct loop *l, const struct packet *p,
		      const struct capture_note *note);

/* Writes the rest.  The loop may be gone. */
void capture_file_close(struct capture_file *c);

#endif
