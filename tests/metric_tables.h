/* metric_tables.h -- small tables of codes with factors, and the metrics of them. */
#ifndef TESTS_METRIC_TABLES_H
#define TESTS_METRIC_TABLES_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "learn/random_state.h"
#include "polarvae/metrics.h"

enum { ROWS = 6000, WIDTH = 6, FACTORS = 3 };

/* Codes [rows, d] with factors [rows, k]. */
typedef struct {
    size_t rows;
    int d, k;
    float code[ROWS * WIDTH];
    int32_t factor[ROWS * FACTORS];
} table;

static pv_device *device;
static pv_stream *stream;
static const pv_metric_options few = {
    .train = 300, .test = 150, .downstream = {10, 60}, .bins = 16, .threads = 2};

/* ---- tables ---- */

/* Every combination of these numbers of values, the last varying first; no codes yet. */
HELPER void make_grid(table *t, int d, int k, const int *size)
{
    *t = (table){.rows = 1, .d = d, .k = k};
    for (int f = 0; f < k; f++) t->rows *= (size_t)size[f];
    for (size_t i = 0; i < t->rows; i++) {
        size_t rest = i;
        for (int f = k; f-- > 0; rest /= (size_t)size[f])
            t->factor[i * (size_t)k + (size_t)f] = (int32_t)(rest % (size_t)size[f]);
    }
}

/* Variable j knows factor j, and a little of the next, beside noise; those beyond know nothing.
 * Codes are multiples of 2^-8, so that they can be doubled and shifted without rounding. */
HELPER void fill(table *t)
{
    pv_random_state random;
    pv_random_state_seed(&random, 3);
    for (size_t i = 0; i < t->rows; i++)
        for (int j = 0; j < t->d; j++) {
            const int32_t *factor = t->factor + i * (size_t)t->k;
            double x = 1.5 * (pv_random_state_uniform(&random) - 0.5);
            if (j < t->k) x += factor[j] + 0.3 * factor[(j + 1) % t->k];
            t->code[i * (size_t)t->d + (size_t)j] = (float)(round(x * 256) / 256);
        }
}

HELPER void make_noisy(table *t, int d)
{
    make_grid(t, d, 3, (const int[]){4, 3, 5});
    fill(t);
}

HELPER void swap_rows(table *t, size_t a, size_t b)
{
    for (int j = 0; j < t->d; j++) {
        float *x = &t->code[a * (size_t)t->d + (size_t)j],
              *y = &t->code[b * (size_t)t->d + (size_t)j], old = *x;
        *x = *y;
        *y = old;
    }
    for (int f = 0; f < t->k; f++) {
        int32_t *x = &t->factor[a * (size_t)t->k + (size_t)f],
                *y = &t->factor[b * (size_t)t->k + (size_t)f], old = *x;
        *x = *y;
        *y = old;
    }
}

HELPER void shuffle(table *t)
{
    pv_random_state random;
    pv_random_state_seed(&random, 11);
    for (size_t i = t->rows; i-- > 1;) swap_rows(t, i, pv_random_state_below(&random, i + 1));
}

/* ---- results ---- */

HELPER void open_table(pv_labelled *out, const table *t, const int *variable, int variables)
{
    NEED(pv_labelled_open(out, "mean", t->code, (size_t)t->d, t->factor, t->k, t->rows, variable,
                          variables));
}

HELPER pv_metric_results run(const table *t, const char *list, const pv_metric_options *o)
{
    pv_labelled labelled;
    pv_metric_results out;
    open_table(&labelled, t, NULL, t->d);
    NEED(pv_metrics_compute(&out, &labelled, 1, list, stream, o, NULL));
    pv_labelled_close(&labelled);
    return out;
}

HELPER const pv_metric_result *of(const pv_metric_results *all, const char *metric)
{
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->result[i].metric, metric) == 0) return &all->result[i];
    printf("FAILED: no result of %s\n", metric);
    exit(1);
}

/* NaN where there is none. */
HELPER double number(const pv_metric_results *all, const char *metric, const char *key)
{
    const pv_metric_value *v = pv_metric_value_of(of(all, metric), key);
    return v ? v->number : NAN;
}

/* All numbers of a value. */
HELPER const double *numbers(const pv_metric_value *v, int *count)
{
    *count = v->matrix ? v->rows * v->columns : 1;
    return v->matrix ? v->matrix : &v->number;
}

HELPER void open_device(void)
{
    NEED(pv_device_open(&device, "cpu"));
    NEED(pv_stream_open(&stream, device, 1));
}

HELPER void close_device(void)
{
    pv_stream_close(stream);
    pv_device_close(device);
}

#endif
