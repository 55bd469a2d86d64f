/* Stands in for libFuzzer where there is none: feeds the files named on the command
 * line, or all files of the directories named there, to the target once each.
 * Arguments that start with '-' are libFuzzer's and are skipped. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

/* Exactly as many bytes as the file has, so that a sanitizer sees a read beyond. */
static int feed_file(const char *path)
{
	static uint8_t input[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	uint8_t *exact;
	size_t n;

	if (file == NULL) {
		perror(path);
		return 1;
	}
	n = fread(input, 1, sizeof(input), file);
	fclose(file);
	exact = malloc(n + (n == 0));
	if (exact == NULL)
		return 1;
	memcpy(exact, input, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

static int feed_folder(const char *path, DIR *folder)
{
	char name[4096];
	const struct dirent *entry;
	int bad = 0;

	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		bad |= feed_file(name);
	}
	closedir(folder);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++) {
		DIR *folder;

		if (argv[i][0] == '-')
			continue;
		folder = opendir(argv[i]);
		bad |= folder != NULL ? feed_folder(argv[i], folder) : feed_file(argv[i]);
	}
	return bad;
}
