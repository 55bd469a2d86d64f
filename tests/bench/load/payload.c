/* The bytes that are sent and expected, and the times that were measured. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A prime, so that no two places a round number apart look alike. */
enum { PERIOD = 262139 };

const uint64_t magic = UINT64_C(0x64616f6c65726977);

static char pattern[2 * PERIOD + CHUNK];

static struct {
	uint32_t *ns;	/* own */
	size_t n, room;
} samples;

void payload_make(void)
{
	uint64_t x = 88172645463325252u;

	for (size_t i = 0; i < sizeof(pattern); i++) {
		if (i >= PERIOD) {
			pattern[i] = pattern[i - PERIOD];
			continue;
		}
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		pattern[i] = (char)(x >> 56);
	}
}

const char *payload_at(uint64_t offset)
{
	return pattern + offset % PERIOD;
}

bool payload_is(uint64_t offset, const char *p, size_t n)
{
	return memcmp(p, payload_at(offset), n) == 0;
}

void samples_add(uint64_t ns)
{
	if (samples.n == samples.room) {
		samples.room = samples.room == 0 ? 1 << 16 : samples.room * 2;
		samples.ns = realloc(samples.ns, samples.room * sizeof(*samples.ns));
		if (samples.ns == NULL)
			die("out of memory");
	}
	samples.ns[samples.n++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void samples_print(void)
{
	static const struct {
		const char *name;
		double share;
	} shown[] = { { "p50_us", 0.5 }, { "p99_us", 0.99 } };

	if (samples.n == 0)
		return;
	qsort(samples.ns, samples.n, sizeof(*samples.ns), by_size);
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		size_t at = (size_t)((double)(samples.n - 1) * shown[i].share);

		printf("\"%s\":%.2f,", shown[i].name, samples.ns[at] / 1e3);
	}
}
