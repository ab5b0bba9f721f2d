/* images_table.c -- names, classes and the order of rows, from the values of factors. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "import/images.h"

pv_status pv_images_table(pv_data *table, size_t examples, size_t factors, const char *path)
{
    if (factors < 1 || factors > PV_MAX_FACTORS)
        return pv_fail(PV_EDATA, "%s: has %zu factors; 1 to %d are possible", path, factors,
                       PV_MAX_FACTORS);
    if (examples < 1) return pv_fail(PV_EDATA, "%s: has no images", path);
    table->examples = examples;
    table->factors = (int)factors;
    PV_TRY(pv_new(&table->factor, examples * factors, sizeof *table->factor, "factors"));
    return pv_new(&table->factor_value, examples * factors, sizeof *table->factor_value,
                  "factor values");
}

pv_status pv_images_name(pv_data *table, int factor, const char *text, const char *path)
{
    static const char mark[] = "nuisance:";
    const size_t skip = strncmp(text, mark, sizeof mark - 1) == 0 ? sizeof mark - 1 : 0;
    const char *name = text + skip;
    if (!*name || strlen(name) >= PV_FACTOR_NAME || !pv_utf8_is_plain(name))
        return pv_fail(PV_EDATA,
                       "%s: factor %d is named '%.40s'; expected a plain text of 1 to %d bytes",
                       path, factor + 1, name, PV_FACTOR_NAME - 1);
    for (int f = 0; f < factor; f++)
        if (strcmp(table->factor_name[f], name) == 0)
            return pv_fail(PV_EDATA, "%s: two factors are named '%s'", path, name);
    strcpy(table->factor_name[factor], name);
    table->nuisance[factor] = skip > 0;
    return PV_OK;
}

/* ---- classes ---- */

typedef struct {
    const double *value; /* of a factor, `step` apart */
    size_t step;
    const char *const *text; /* NULL: values count */
} column;

static int compare(const void *a, const void *b, void *state)
{
    const column *c = state;
    const size_t i = *(const size_t *)a, j = *(const size_t *)b;
    if (c->text) return strcmp(c->text[i], c->text[j]);
    const double x = c->value[i * c->step], y = c->value[j * c->step];
    return (x > y) - (x < y);
}

pv_status pv_images_classes(pv_data *table, int factor, const char *const *text)
{
    const size_t k = (size_t)table->factors, n = table->examples;
    int32_t *class_of = table->factor + factor, class = 0;
    double *value = table->factor_value + factor;
    column c = {.value = value, .step = k, .text = text};
    size_t *order;
    PV_TRY(pv_new(&order, n, sizeof *order, "rows"));
    for (size_t i = 0; i < n; i++) order[i] = i;
    qsort_r(order, n, sizeof *order, compare, &c);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && compare(&order[i - 1], &order[i], &c) != 0) class ++;
        class_of[order[i] * k] = class;
    }
    for (size_t i = 0; text && i < n; i++) value[i * k] = class_of[i * k];
    table->factor_size[factor] = class + 1;
    free(order);
    return PV_OK;
}

/* ---- the order of rows ---- */

typedef struct {
    const pv_data *table;
    const char *const *name;
} rows;

static int compare_rows(const void *a, const void *b, void *state)
{
    const rows *r = state;
    const size_t i = *(const size_t *)a, j = *(const size_t *)b, k = (size_t)r->table->factors;
    const int32_t *x = r->table->factor + i * k, *y = r->table->factor + j * k;
    for (size_t f = 0; f < k; f++)
        if (x[f] != y[f]) return x[f] < y[f] ? -1 : 1;
    const int by_name = r->name ? strcmp(r->name[i], r->name[j]) : 0;
    return by_name ? by_name : (i > j) - (i < j);
}

pv_status pv_images_sort(pv_data *table, const char *const *name, size_t *order)
{
    const size_t k = (size_t)table->factors, n = table->examples;
    rows r = {.table = table, .name = name};
    int32_t *factor;
    double *value;
    PV_TRY(pv_new(&factor, n * k, sizeof *factor, "factors"));
    pv_status status = pv_new(&value, n * k, sizeof *value, "factor values");
    if (status != PV_OK) {
        free(factor);
        return status;
    }
    for (size_t i = 0; i < n; i++) order[i] = i;
    qsort_r(order, n, sizeof *order, compare_rows, &r);
    for (size_t i = 0; i < n; i++) {
        memcpy(factor + i * k, table->factor + order[i] * k, k * sizeof *factor);
        memcpy(value + i * k, table->factor_value + order[i] * k, k * sizeof *value);
    }
    free(table->factor);
    free(table->factor_value);
    table->factor = factor;
    table->factor_value = value;
    return PV_OK;
}
