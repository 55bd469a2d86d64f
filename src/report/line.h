/* One line that stands at the bottom of the terminal, below what else is written
 * there, and changes in place.
 *
 * It is made of blanks and carriage returns alone, so any terminal will do.  Whoever
 * writes to standard error meanwhile has it cleared first (log_make_room()). */
#ifndef SOCKCAT_REPORT_LINE_H
#define SOCKCAT_REPORT_LINE_H

#include <stdbool.h>

struct line {
	int fd;			/* ref */
	bool terminal;		/* else whole lines are all that can be written */
	unsigned drawn;		/* columns in use now; 0 = nothing stands there */
};

void line_init(struct line *l, int fd);

/* Columns that it may have at this moment: the terminal's but the last, where the cursor
 * has to stay; UINT_MAX where it is none. */
unsigned line_room(const struct line *l);

/* Can something be written without waiting, and without disturbing whoever has the
 * terminal in the foreground? */
bool line_is_free(const struct line *l);

/* Draws over what stood there; text is ASCII and fits the room.  Terminals only. */
void line_draw(struct line *l, const char *text);

/* As if there had never been any. */
void line_clear(struct line *l);

/* A line that stays, in place of the one that stood there; not on a terminal it says
 * who speaks. */
void line_print(struct line *l, const char *text);

#endif
