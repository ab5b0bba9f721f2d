/* table.h -- what is asked of the table of a public file before its images are read. */
#ifndef PV_IMPORT_TABLE_H
#define PV_IMPORT_TABLE_H

#include "import/public.h"

/* Says in out->note that `source` has fewer images than the public release; more are refused. */
pv_status pv_table_count(pv_public *out, const char *source, size_t images, size_t all);

/* Rows stand in the order of their factors, the last one fastest: every combination once, and to a
 * class belongs one value. */
pv_status pv_table_order(const pv_data *table, const char *source);

#endif
