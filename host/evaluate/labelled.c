/* labelled.c -- codes with their factors, and whether these are a whole grid. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "evaluate/metric.h"
#include "learn/labels.h"

static pv_status take_codes(pv_labelled *l, const float *code, size_t width, const int *variable)
{
    const size_t d = (size_t)l->variables;
    PV_TRY(pv_new(&l->code, l->rows * d, sizeof *l->code, "codes"));
    for (size_t i = 0; i < l->rows; i++)
        for (size_t j = 0; j < d; j++) {
            const size_t from = variable ? (size_t)variable[j] : j;
            const float x = code[i * width + from];
            if (!isfinite(x))
                return pv_fail(
                    PV_EDATA, "codes: %s of example %zu, variable %zu is %g, not a number to score",
                    l->name, i, from, (double)x);
            l->code[i * d + j] = x;
        }
    return PV_OK;
}

/* Where each combination stands; no rows where one is not there exactly `copies` times. */
static pv_status find_grid(pv_labelled *l, int32_t *const *class)
{
    size_t combinations = 1, *taken;
    for (int k = 0; k < l->factors; k++) {
        if (combinations > l->rows / (size_t)l->size[k]) return PV_OK;
        combinations *= (size_t)l->size[k];
    }
    if (l->rows / l->copies != combinations || l->rows % l->copies != 0) return PV_OK;
    PV_TRY(pv_new(&l->row, l->rows, sizeof *l->row, "a grid"));
    PV_TRY(pv_new(&taken, combinations, sizeof *taken, "a grid"));
    for (size_t i = 0; i < l->rows && l->row; i++) {
        size_t at = 0;
        for (int k = 0; k < l->factors; k++) at = at * (size_t)l->size[k] + (size_t) class[k][i];
        if (taken[at] == l->copies) {
            free(l->row);
            l->row = NULL;
        } else
            l->row[at * l->copies + taken[at]++] = i;
    }
    free(taken);
    return PV_OK;
}

/* How many values each factor has, and the grid. */
static pv_status find_classes(pv_labelled *l)
{
    const size_t k = (size_t)l->factors;
    pv_labels labels[PV_MAX_FACTORS] = {{0}};
    int32_t *class[PV_MAX_FACTORS] = {NULL}, *column = NULL;
    pv_status status = pv_new(&column, l->rows, sizeof *column, "factors");
    for (size_t f = 0; f < k && status == PV_OK; f++) {
        for (size_t i = 0; i < l->rows; i++) column[i] = l->factor[i * k + f];
        status = pv_labels_find(&labels[f], column, l->rows);
        l->size[f] = labels[f].classes;
        class[f] = labels[f].of;
    }
    if (status == PV_OK) status = find_grid(l, class);
    for (size_t f = 0; f < k; f++) pv_labels_free(&labels[f]);
    free(column);
    return status;
}

static pv_status take_factors(pv_labelled *l, const int32_t *factor)
{
    const size_t k = (size_t)l->factors;
    PV_TRY(pv_new(&l->factor, l->rows * k, sizeof *l->factor, "factors"));
    PV_TRY(pv_new(&l->size, k, sizeof *l->size, "factors"));
    memcpy(l->factor, factor, l->rows * k * sizeof *factor);
    return find_classes(l);
}

pv_status pv_labelled_set_copies(pv_labelled *l, size_t copies)
{
    if (!l->factor) return PV_OK;
    free(l->row);
    l->row = NULL;
    l->copies = copies;
    return find_classes(l);
}

/* In units of a power of two, so that no sum or difference of them overflows. */
static pv_status take_reals(pv_labelled *l, const double *factor)
{
    const size_t k = (size_t)l->factors;
    PV_TRY(pv_new(&l->value, l->rows * k, sizeof *l->value, "factors"));
    for (size_t f = 0; f < k; f++) {
        double most = 0;
        int exponent;
        for (size_t i = 0; i < l->rows; i++) {
            const double x = factor[i * k + f];
            if (!isfinite(x))
                return pv_fail(PV_EDATA, "codes: factor %zu of example %zu is %g, not a number", f,
                               i, x);
            if (trunc(x) != x || fabs(x) > INT32_MAX) l->real |= 1u << f;
            most = fmax(most, fabs(x));
        }
        frexp(most, &exponent);
        for (size_t i = 0; i < l->rows; i++)
            l->value[i * k + f] = ldexp(factor[i * k + f], -exponent);
    }
    return PV_OK;
}

/* With either kind of factors. */
static pv_status open_codes(pv_labelled *out, const char *name, const float *code, size_t width,
                            const int32_t *factor, const double *real, int factors, size_t rows,
                            const int *variable, int variables)
{
    *out = (pv_labelled){.name = name,
                         .subset = "all",
                         .rows = rows,
                         .variables = variables,
                         .factors = factors,
                         .copies = 1};
    if (variables < 1) return pv_fail(PV_EDATA, "codes: no variables to score");
    if (factors < 1 || factors > PV_MAX_FACTORS)
        return pv_fail(PV_EDATA, "codes: %d factors, metrics need 1 to %d", factors,
                       PV_MAX_FACTORS);
    if (rows < 2) return pv_fail(PV_EDATA, "codes: %zu examples, metrics need at least 2", rows);
    pv_status status = take_codes(out, code, width, variable);
    if (status == PV_OK) status = real ? take_reals(out, real) : take_factors(out, factor);
    if (status != PV_OK) pv_labelled_close(out);
    return status;
}

pv_status pv_labelled_open(pv_labelled *out, const char *name, const float *code, size_t width,
                           const int32_t *factor, int factors, size_t rows, const int *variable,
                           int variables)
{
    return open_codes(out, name, code, width, factor, NULL, factors, rows, variable, variables);
}

pv_status pv_labelled_open_reals(pv_labelled *out, const char *name, const float *code,
                                 size_t width, const double *factor, int factors, size_t rows,
                                 const int *variable, int variables)
{
    return open_codes(out, name, code, width, NULL, factor, factors, rows, variable, variables);
}

void pv_labelled_close(pv_labelled *l)
{
    free(l->code);
    free(l->factor);
    free(l->size);
    free(l->row);
    free(l->value);
    memset(l, 0, sizeof *l);
}
