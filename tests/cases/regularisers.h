/* regularisers.h -- cases of the kernels in kernels/regularisers.h. */
#ifndef PV_CASES_REGULARISERS_H
#define PV_CASES_REGULARISERS_H

#include "cases/inputs.h"

/* Below, at and above the capacity, before and after it has reached its end. */
static void case_anneal(size_t rows, size_t cols)
{
    const float kl[] = {0.0f, 2.5f, 7.0f, 30.0f};
    for (int i = 0; i < 4; i++) {
        const pv_step step = step_of(rows * cols * 10);
        const double done = (double)step.count / 1000.0, capacity = 5.0 * (done < 1.0 ? done : 1.0);
        float got[3] = {NAN, NAN, NAN};
        RUN(anneal, .rows = 1, .cols = 1, .gamma = 100.0f, .c_max = 5.0, .iterations = 1000.0,
            .step = &step, .kl = &kl[i], .capacity = &got[0], .penalty = &got[1], .slope = &got[2]);
        const double excess = (double)kl[i] - (double)(float)capacity;
        worst w = {0};
        compare(&w, 0, (double)got[0], capacity, FEW * capacity + TINY);
        compare(&w, 1, (double)got[1], 100.0 * fabs(excess), FEW * 100.0 * (5.0 + fabs(excess)));
        compare(&w, 2, (double)got[2], excess > 0 ? 100.0 : excess < 0 ? -100.0 : 0.0, TINY);
        judge("capacity, penalty, slope", &w);
    }
}

static size_t few_variables(size_t cols) { return cols < 40 ? cols : 40; }

static void case_dip(size_t rows, size_t cols)
{
    const size_t n = few_variables(cols);
    double *covariance = malloc(n * n * sizeof *covariance), *excess = malloc(n * sizeof *excess);
    float *slope = new_floats(n * n), sum[2] = {NAN, NAN};
    for (size_t i = 0; i < n * n; i++) covariance[i] = 3.0 * hashed(40, i);
    for (size_t i = 0; i < n; i++) excess[i] = hashed(41, i);
    const int second = rows % 2;
    RUN(dip, .rows = 1, .cols = n, .weight_off = 2.0, .weight_diagonal = 20.0,
        .covariance = covariance, .excess = second ? excess : NULL, .off_diagonal = &sum[0],
        .diagonal = &sum[1], .slope = slope);
    double off = 0.0, diagonal = 0.0;
    worst w = {0};
    for (size_t i = 0; i < n * n; i++) {
        const int same = i / n == i % n;
        const double c = covariance[i] + (same ? second ? excess[i / n] : -1.0 : 0.0);
        *(same ? &diagonal : &off) += c * c;
        compare(&w, i, (double)slope[i], 2.0 * (same ? 20.0 : 2.0) * c,
                FEW * fabs(40.0 * c) + TINY);
    }
    judge("slope", &w);
    w = (worst){0};
    compare(&w, 0, (double)sum[0], off, FEW * off + TINY);
    compare(&w, 1, (double)sum[1], diagonal, FEW * diagonal + TINY);
    judge("off_diagonal, diagonal", &w);
    free(covariance);
    free(excess);
    free(slope);
}

static void case_dip_grad(size_t rows, size_t cols)
{
    const size_t n = few_variables(cols), all = rows * n;
    const int variances = rows % 2;
    float *slope = uniform(42, n * n, -3, 3), *mean = hard(43, all, 3), *logvar = hard(44, all, 3);
    float *dmean = uniform(45, all, -1, 1), *dlogvar = uniform(46, all, -1, 1);
    float *was_mean = uniform(45, all, -1, 1), *was_logvar = uniform(46, all, -1, 1);
    double *centre = malloc(n * sizeof *centre);
    for (size_t i = 0; i < n; i++) centre[i] = hashed(47, i);
    RUN(dip_grad, .rows = rows, .cols = n, .scale = 0.125f, .variances = variances, .slope = slope,
        .centre = centre, .mean = mean, .logvar = logvar, .dmean = dmean, .dlogvar = dlogvar);
    worst m = {0}, v = {0};
    for (size_t i = 0; i < all; i++) {
        const size_t col = i % n;
        double sum = 0.0, size = fabs((double)was_mean[i]);
        for (size_t j = 0; j < n; j++) {
            const double term =
                0.25 * (double)slope[col * n + j] * ((double)mean[i - col + j] - centre[j]);
            sum += term;
            size += fabs(term);
        }
        compare(&m, i, (double)dmean[i], (double)was_mean[i] + sum, 2 * FEW * size + TINY);
        const double add =
            variances ? 0.125 * (double)slope[col * n + col] * exp((double)logvar[i]) : 0.0;
        compare(&v, i, (double)dlogvar[i], (double)was_logvar[i] + add,
                FEW * (1.0 + fabs(add)) + TINY);
    }
    judge("dmean", &m);
    judge("dlogvar", &v);
    free(slope);
    free(mean);
    free(logvar);
    free(dmean);
    free(dlogvar);
    free(was_mean);
    free(was_logvar);
    free(centre);
}

#endif
