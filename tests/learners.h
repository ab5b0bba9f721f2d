/* learners.h -- arrays of tests/golden/learners.h5, and numbers to make problems of; included after
 * cmocka.h. */
#ifndef TESTS_LEARNERS_H
#define TESTS_LEARNERS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "learn/random_state.h"

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != PV_OK) fail_msg("%s: %s", #call, pv_error());                                \
    } while (0)

/* Of a function that not every program needs. */
#define HELPER __attribute__((unused)) static

HELPER pv_h5 *open_learners(void)
{
    pv_h5 *file;
    OK(pv_h5_open(&file, PV_SOURCE_DIR "/tests/golden/learners.h5"));
    return file;
}

/* A whole array, for free(); `kind`/`problem`/`name`. *count numbers of it where that is asked. */
HELPER void *golden(pv_h5 *file, pv_h5_type type, const char *kind, const char *problem,
                    const char *name, size_t *count)
{
    char where[128];
    snprintf(where, sizeof where, "%s/%s/%s", kind, problem, name);
    pv_h5_array array;
    OK(pv_h5_find(file, where, &array));
    array.name = where;
    array.type = type;
    size_t size = 1;
    for (int i = 0; i < array.rank; i++) size *= array.dim[i];
    void *out;
    OK(pv_new(&out, size, 8, where));
    OK(pv_h5_read(file, &array, out));
    if (count) *count = size;
    return out;
}

HELPER double golden_number(pv_h5 *file, const char *kind, const char *problem, const char *name)
{
    double *value = golden(file, PV_H5_F64, kind, problem, name, NULL), first = value[0];
    free(value);
    return first;
}

/* Nearly normal: mean 0, variance 1, at most 6 away. */
HELPER double normal(pv_random_state *r)
{
    double sum = -6.0;
    for (int i = 0; i < 12; i++) sum += pv_random_state_uniform(r);
    return sum;
}

HELPER double largest_difference(const double *a, const double *b, size_t n)
{
    double top = 0.0;
    for (size_t i = 0; i < n; i++)
        top = isnan(a[i]) || isnan(b[i]) ? HUGE_VAL : fmax(top, fabs(a[i] - b[i]));
    return top;
}

HELPER size_t differing(const int32_t *a, const int32_t *b, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += a[i] != b[i];
    return count;
}

#endif
