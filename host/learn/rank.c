/* rank.c -- see rank.h. */
#include "learn/rank.h"

#include <math.h>
#include <stdlib.h>

#include "base/base.h"

typedef struct {
    double value;
    size_t at;
} place;

static int ascending(const void *a, const void *b)
{
    const double x = ((const place *)a)->value, y = ((const place *)b)->value;
    return (x > y) - (x < y);
}

pv_status pv_rank(double *rank, const double *x, size_t n)
{
    place *sorted;
    PV_TRY(pv_new(&sorted, n, sizeof *sorted, "ranks"));
    for (size_t i = 0; i < n; i++) sorted[i] = (place){.value = x[i], .at = i};
    qsort(sorted, n, sizeof *sorted, ascending);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && sorted[end].value == sorted[first].value;) end++;
        const double shared = 0.5 * (double)(first + 1 + end); /* of first + 1, ..., end */
        for (size_t i = first; i < end; i++) rank[sorted[i].at] = shared;
    }
    free(sorted);
    return PV_OK;
}

pv_status pv_rank_normalised(double *out, const double *x, size_t n)
{
    PV_TRY(pv_rank(out, x, n));
    const double mean = 0.5 * (double)(n + 1);
    double squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        out[i] -= mean;
        squares += out[i] * out[i];
    }
    const double scale = squares > 0.0 ? 1.0 / sqrt(squares) : NAN;
    for (size_t i = 0; i < n; i++) out[i] *= scale;
    return PV_OK;
}
