/* Text for a terminal. */
#include "cli/layout.h"

#include <string.h>

/* Columns, where each character of UTF-8 takes one. */
static int columns(const char *s, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

void layout_flow(FILE *to, const char *text, int at, int indent)
{
	while (*text) {
		const size_t len = strcspn(text, " ");
		const int wide = columns(text, len);

		if (at > indent && at + 1 + wide > LAYOUT_WIDTH) {
			fprintf(to, "\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', to);
			at++;
		}
		fprintf(to, "%.*s", (int)len, text);
		at += wide;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

void layout_entry(FILE *to, const char *left, const char *right)
{
	const int len = columns(left, strlen(left)) + 2;

	fprintf(to, "  %s", left);
	if (len + 2 > LAYOUT_COLUMN)
		fprintf(to, "\n%*s", LAYOUT_COLUMN, "");
	else
		fprintf(to, "%*s", LAYOUT_COLUMN - len, "");
	layout_flow(to, right, LAYOUT_COLUMN, LAYOUT_COLUMN);
}
