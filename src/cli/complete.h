/* sockcat --complete WORD...: what may stand in the place of the last word.
 *
 * One candidate a line: the whole word, a tab, a few words about it.  Nothing is
 * printed where a file name belongs; the shell does that better. */
#ifndef SOCKCAT_CLI_COMPLETE_H
#define SOCKCAT_CLI_COMPLETE_H

#include <stdio.h>

/* words: those after the program's name, the last one to be completed. */
void complete_print(FILE *to, int nwords, char **words);

#endif
