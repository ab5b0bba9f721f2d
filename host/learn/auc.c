/* auc.c -- see auc.h. */
#include "learn/auc.h"

#include <math.h>
#include <stdlib.h>

#include "base/base.h"

typedef struct {
    double score;
    int in; /* the class */
} example;

static int ascending(const void *a, const void *b)
{
    double x = ((const example *)a)->score, y = ((const example *)b)->score;
    return (x > y) - (x < y);
}

/* Of sorted examples: pairs that are in order, ties counting half, over all pairs. */
static double area(const example *sorted, size_t n)
{
    double below = 0.0, in = 0.0, ordered = 0.0; /* below: examples of the rest, so far */
    for (size_t i = 0; i < n;) {
        double tied_in = 0.0, tied_rest = 0.0;
        double score = sorted[i].score;
        do {
            if (sorted[i].in)
                tied_in++;
            else
                tied_rest++;
        } while (++i < n && sorted[i].score == score);
        ordered += tied_in * (below + 0.5 * tied_rest);
        below += tied_rest;
        in += tied_in;
    }
    return in > 0.0 && below > 0.0 ? ordered / (in * below) : NAN;
}

pv_status pv_auc_macro(double *out, const double *score, const int32_t *of, size_t n, int classes)
{
    example *sorted;
    PV_TRY(pv_new(&sorted, n, sizeof *sorted, "scores"));
    double sum = 0.0;
    for (int k = 0; k < classes; k++) {
        for (size_t i = 0; i < n; i++)
            sorted[i] =
                (example){.score = score[i * (size_t)classes + (size_t)k], .in = of[i] == k};
        qsort(sorted, n, sizeof *sorted, ascending);
        sum += area(sorted, n);
    }
    free(sorted);
    *out = sum / classes;
    return PV_OK;
}
