/* progress.h -- the text of a progress line, apart from the terminal that shows it. */
#ifndef PV_PROGRESS_H
#define PV_PROGRESS_H

#include "base/base.h"

typedef struct {
    const char *title, *detail; /* detail may be "" */
    size_t first, done, total;  /* work at the start, now, in all; total may be 0: unknown */
    double seconds;             /* since the start */
    int columns;                /* of the terminal; 0: a plain line of any length, no bar */
    int colour;                 /* the bar may hold terminal colours */
} pv_progress_line;

/* Writes the line without its newline; it fills less than `columns` columns. What has no room goes:
 * first the detail is cut, then the bar is left out. */
void pv_progress_text(char out[static 1024], const pv_progress_line *line);

#endif
