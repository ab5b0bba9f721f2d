/* irs.c -- the interventional robustness score (Suter et al. 2019): how little a variable moves
 * while one factor is fixed, next to how far it moves at all. Factors are taken in bins, as
 * disentanglement_lib does, and so may be real-valued. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "evaluate/information.h"

static const double QUANTILE = 0.99; /* of deviations, in place of the largest */

typedef struct {
    pv_examples examples;
    double *deviation; /* [variables] the largest from the average; 0: constant, left out */
    double *score;     /* [variables, factors] */
} state;

static pv_status prepare(pv_metric_run *run)
{
    state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    PV_TRY(pv_examples_all(run, &s->examples));
    PV_TRY(pv_new(&s->deviation, d, sizeof(double), "deviations"));
    PV_TRY(pv_new(&s->score, d * factors, sizeof(double), "scores"));
    for (size_t j = 0; j < d; j++) {
        const size_t n = s->examples.count;
        const float *code = s->examples.code;
        double mean = 0;
        int constant = 1;
        for (size_t i = 0; i < n; i++) {
            mean += (double)code[i * d + j];
            if (code[i * d + j] != code[j]) constant = 0;
        }
        mean /= (double)n;
        for (size_t i = 0; i < n && !constant; i++)
            s->deviation[j] = fmax(s->deviation[j], fabs((double)code[i * d + j] - mean));
    }
    run->tasks = d;
    return PV_OK;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* numpy.percentile's linear interpolation; sorts x. */
static double quantile(double *x, size_t n)
{
    const double at = QUANTILE * (double)(n - 1);
    const size_t below = (size_t)at;
    qsort(x, n, sizeof *x, ascending);
    if (below + 1 >= n) return x[n - 1];
    return x[below] + (x[below + 1] - x[below]) * (at - (double)below);
}

/* How far variable j strays from its average while factor k stays in one bin: the average over
 * bins. */
static double strays(const pv_metric_run *run, const state *s, const uint8_t *bin, size_t j,
                     double *x)
{
    const size_t d = (size_t)run->from->variables;
    double sum = 0;
    int bins = 0;
    for (int b = 0; b < run->options->bins; b++) {
        double mean = 0;
        size_t n = 0;
        for (size_t i = 0; i < s->examples.count; i++)
            if (bin[i] == b) mean += x[n++] = (double)s->examples.code[i * d + j];
        if (n == 0) continue;
        mean /= (double)n;
        for (size_t i = 0; i < n; i++) x[i] = fabs(x[i] - mean);
        sum += quantile(x, n);
        bins++;
    }
    return sum / bins;
}

static pv_status score_variable(pv_metric_run *run, size_t j)
{
    state *s = run->state;
    const size_t factors = (size_t)run->from->factors, n = s->examples.count;
    double *x, *y;
    uint8_t *bin = NULL;
    if (s->deviation[j] == 0) return PV_OK;
    PV_TRY(pv_new(&x, n, sizeof *x, "deviations"));
    pv_status status = pv_new(&bin, n, sizeof *bin, "bins");
    for (size_t k = 0; k < factors && status == PV_OK; k++) {
        status = pv_examples_number(&y, &s->examples, (int)factors, (int)k);
        if (status != PV_OK) break;
        pv_bin(bin, y, n, run->options->bins);
        free(y);
        s->score[j * factors + k] = 1 - strays(run, s, bin, j, x) / s->deviation[j];
    }
    free(bin);
    free(x);
    return status;
}

static pv_status finish(pv_metric_run *run)
{
    const state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    double sum = 0, weight = 0;
    for (size_t j = 0; j < d; j++) {
        double best = s->score[j * factors];
        for (size_t k = 1; k < factors; k++) best = fmax(best, s->score[j * factors + k]);
        sum += best * s->deviation[j];
        weight += s->deviation[j];
    }
    PV_TRY(pv_metric_number(run, weight > 0 ? sum / weight : 0, "IRS"));
    PV_TRY(pv_metric_matrix(run, s->deviation, 1, (int)d, "max_deviations"));
    return pv_metric_matrix(run, s->score, (int)d, (int)factors, "IRS_matrix");
}

static void close(void *of)
{
    state *s = of;
    pv_examples_free(&s->examples);
    free(s->deviation);
    free(s->score);
}

const pv_metric pv_metric_irs = {
    .name = "irs",
    .title = "how little a variable moves while one factor is fixed (Suter et al. 2019)",
    .seed = PV_SEED_NUMBERED,
    .takes_reals = 1,
    .state = sizeof(state),
    .prepare = prepare,
    .task = score_variable,
    .finish = finish,
    .close = close,
};
