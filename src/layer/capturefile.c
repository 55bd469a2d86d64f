/* The file that a capture is written to: its beginning, its packets, the next one. */
#include "layer/capturefile.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"
#include "proto/pcapng.h"

enum { TIMES = 1000 * 1000 * 1000 };

static uint64_t limit(const struct capture_file *c)
{
	const struct optval *v = part_val(c->part, OPT_CAPTURE_SIZE);

	return v ? (uint64_t)v->num : UINT64_MAX;
}

/* ---- files ----------------------------------------------------------------- */

/* Without room for this, nobody could read what follows. */
static enum io begin(struct capture_file *c, struct fail *f)
{
	const struct pcapng_start start = {
		.program = "sockcat " PACKAGE_VERSION,
		.interface = c->part->spec->input,
	};
	unsigned char *to = spool_room(&c->spool, pcapng_start_size(&start));

	if (!to)
		return fail_memory(f);
	pcapng_put_start(to, &start);
	return IO_OK;
}

enum io capture_file_open(struct capture_file *c, const struct part *p, struct fail *f)
{
	const char *const path = part_text(p, OPT_CAPTURE_FILE, "-");

	c->part = p;
	if (spool_open(&c->spool, path, "the capture", f) != IO_OK)
		return IO_FAIL;
	if (limit(c) != UINT64_MAX && !c->spool.file)
		return fail_say(f, PHASE_USAGE, EINVAL,
				"--capture-size cuts a capture into files, but %s is none",
				path);
	if (begin(c, f) != IO_OK)
		return IO_FAIL;
	if (!c->spool.file)	/* a reader shall see at once what this is */
		spool_flush(&c->spool);
	return IO_OK;
}

static void next_file(struct capture_file *c)
{
	struct fail f = { 0 };
	char *path = mem_format("%s.%u", part_text(c->part, OPT_CAPTURE_FILE, ""),
				++c->number);

	drain_stop(&c->drain);
	spool_close(&c->spool);
	if (!path)
		fail_memory(&f);
	else if (spool_open(&c->spool, path, "the capture", &f) == IO_OK)
		begin(c, &f);
	if (f.phase != PHASE_NONE) {
		c->spool.over = true;
		log_lost(&f);
		log_say(LEVEL_WARNING, "%s", f.text);
	}
	mem_free(path);
}

/* ---- packets --------------------------------------------------------------- */

void capture_file_add(struct capture_file *c, struct loop *l, const struct packet *p,
		      const struct capture_note *note)
{
	struct pcapng_packet block = {
		.inbound = note->inbound,
		.len = packet_size(p),
		.comment = note->comment,
	};
	const size_t size = pcapng_packet_size(&block);
	struct timespec now;
	unsigned char *to;

	clock_gettime(CLOCK_REALTIME, &now);
	block.time = (uint64_t)now.tv_sec * TIMES + (uint64_t)now.tv_nsec;
	if (!c->spool.over && c->spool.bytes + size > limit(c))
		next_file(c);
	to = spool_room(&c->spool, size);
	if (to)
		pcapng_put_end(packet_put(pcapng_put_head(to, &block), p), &block);
	drain_run(&c->drain, l, &c->spool);
}

void capture_file_close(struct capture_file *c)
{
	spool_close(&c->spool);
}
