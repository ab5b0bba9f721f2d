/* evaluation_json.h -- looking into an evaluation.json: what is missing is no failure, what is of
 * another kind than it should be is PV_EDATA that names file and key. */
#ifndef PV_REPORT_EVALUATION_JSON_H
#define PV_REPORT_EVALUATION_JSON_H

#include <jansson.h>

#include "polarvae/status.h"

/* An object, which the caller drops by json_decref. */
pv_status pv_json_load(json_t **out, const char *path);
/* A number; NaN where there is none, or null. */
pv_status pv_json_number(double *out, const char *path, const json_t *object, const char *key);
/* The object root.key.name, borrowed; NULL where there is none. */
pv_status pv_json_inside(json_t **out, const char *path, const json_t *root, const char *key,
                         const char *name);
/* Numbers [rows][columns], or [columns] of an array if rows is 0, NaN for null; owned by the
 * caller. NULL where there is none. PV_EDATA if the shape is another. */
pv_status pv_json_numbers(double **out, const char *path, const json_t *object, const char *key,
                          int rows, int columns);

#endif
