/* evaluation_json.c -- looking into an evaluation.json. */
#include "report/evaluation_json.h"

#include <math.h>
#include <stdlib.h>

#include "base/base.h"

pv_status pv_json_load(json_t **out, const char *path)
{
    char *text;
    size_t size;
    json_error_t error;
    PV_TRY(pv_read_text(&text, &size, path));
    *out = json_loadb(text, size, 0, &error);
    free(text);
    if (json_is_object(*out)) return PV_OK;
    if (*out) {
        json_decref(*out);
        return pv_fail(PV_EDATA, "%s: does not hold a JSON object", path);
    }
    if (json_error_code(&error) == json_error_out_of_memory)
        return pv_fail(PV_ENOMEM, "%s: out of memory", path);
    return pv_fail(PV_EDATA, "%s:%d: not valid JSON: %s", path, error.line, error.text);
}

static int to_number(double *out, const json_t *value)
{
    *out = json_is_number(value) ? json_number_value(value) : NAN;
    return !value || json_is_number(value) || json_is_null(value);
}

pv_status pv_json_number(double *out, const char *path, const json_t *object, const char *key)
{
    if (to_number(out, json_object_get(object, key))) return PV_OK;
    return pv_fail(PV_EDATA, "%s: %s must be a number", path, key);
}

pv_status pv_json_inside(json_t **out, const char *path, const json_t *root, const char *key,
                         const char *name)
{
    const json_t *outer = json_object_get(root, key);
    *out = json_object_get(outer, name);
    if ((!outer || json_is_object(outer)) && (!*out || json_is_object(*out))) return PV_OK;
    return pv_fail(PV_EDATA, "%s: %s.%s must be an object", path, key, name);
}

static int take_row(double *out, const json_t *row, int columns)
{
    if (json_array_size(row) != (size_t)columns) return 0;
    for (int c = 0; c < columns; c++)
        if (!to_number(&out[c], json_array_get(row, (size_t)c))) return 0;
    return 1;
}

pv_status pv_json_numbers(double **out, const char *path, const json_t *object, const char *key,
                          int rows, int columns)
{
    const json_t *array = json_object_get(object, key);
    *out = NULL;
    if (!array || json_is_null(array)) return PV_OK;
    const int lines = rows ? rows : 1;
    PV_TRY(pv_new(out, (size_t)lines * (size_t)columns, sizeof **out, "numbers of a run"));
    int good = !rows || json_array_size(array) == (size_t)rows;
    for (int i = 0; i < lines && good; i++)
        good = take_row(*out + (size_t)i * (size_t)columns,
                        rows ? json_array_get(array, (size_t)i) : array, columns);
    if (good) return PV_OK;
    free(*out);
    *out = NULL;
    return rows ? pv_fail(PV_EDATA, "%s: %s must be %d by %d numbers", path, key, rows, columns)
                : pv_fail(PV_EDATA, "%s: %s must be %d numbers", path, key, columns);
}
