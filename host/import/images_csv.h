/* images_csv.h -- a table as text: fields between commas, rows between line ends (RFC 4180). */
#ifndef PV_IMPORT_IMAGES_CSV_H
#define PV_IMPORT_IMAGES_CSV_H

#include <stddef.h>

#include "polarvae/status.h"

typedef struct {
    char **field;         /* [rows, columns], row 0 being the header; owned, as all here */
    size_t *line;         /* [rows], where each begins, from 1 */
    size_t rows, columns; /* one of each at least */
    char *text;
} pv_csv;

/* Lines end with LF or CRLF, and a mark of UTF-8 may stand before the first. A field in quotes may
 * hold commas, line ends and quotes, written twice. Empty lines are passed over; all others have as
 * many fields as the first. */
pv_status pv_csv_read(pv_csv *out, const char *path);
void pv_csv_free(pv_csv *csv); /* a zeroed struct is fine */

#endif
