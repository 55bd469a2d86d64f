/* socat's data notation must survive every text: what is taken has bytes within
 * the bound that its length sets, what is refused leaves the outputs alone. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec/option.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_text((const char *)data, size);
	unsigned char *bytes = NULL;
	size_t n = 0;

	if (text == NULL)
		return 0;
	if (option_bytes(text, &bytes, &n)) {
		if (bytes == NULL || n > strlen(text) * sizeof(long))
			abort();
		memset(bytes, 0, n);
	} else if (bytes != NULL || n != 0) {
		abort();
	}
	mem_free(bytes);
	mem_free(text);
	return 0;
}
