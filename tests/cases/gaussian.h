/* gaussian.h -- cases of the kernels in kernels/gaussian.h. */
#ifndef PV_CASES_GAUSSIAN_H
#define PV_CASES_GAUSSIAN_H

#include "cases/inputs.h"

/* exp(x) - 1 - x */
static double excess(double x)
{
    double sum = 0.0, term = x * x / 2.0;
    if (!(fabs(x) < 0.5)) return expm1(x) - x;
    for (int k = 3; k < 20; k++, term *= x / (k - 1)) sum += term;
    return sum;
}

/* Box and Muller in double precision, from the same words. */
static void case_select(size_t rows, size_t cols)
{
    const size_t width = cols + cols / 2 + 1;
    float *from = hard(31, rows * width, 3), *to = new_floats(rows * cols);
    uint32_t *column = malloc(cols * sizeof *column);
    for (size_t j = 0; j < cols; j++) column[j] = hash((uint32_t)j) % (uint32_t)width;
    RUN(select, .rows = rows, .cols = cols, .width = width, .from = from, .column = column,
        .to = to);
    worst w = {0};
    for (size_t i = 0; i < rows * cols; i++)
        compare(&w, i, (double)to[i], (double)from[i / cols * width + column[i % cols]], 0.0);
    judge("to", &w);
    free(from);
    free(to);
    free(column);
}

static void case_noise(size_t rows, size_t cols)
{
    float *noise = new_floats(rows * cols);
    pv_step step = step_of(123456789012);
    RUN(noise, .rows = rows, .cols = cols, .seed = 99, .purpose = PV_FOR_NOISE, .step = &step,
        .noise = noise);
    worst w = {0};
    for (size_t i = 0; i < rows * cols; i++) {
        pv_random r = pv_philox(99, PV_FOR_NOISE, step.count, i / 4);
        double radius = sqrt(-2.0 * log((double)pv_unit(r.word[i % 4 & 2])));
        double angle = 6.283185307179586 * (double)pv_unit(r.word[(i % 4 & 2) + 1]);
        compare(&w, i, (double)noise[i], radius * (i % 2 ? cos(angle) : sin(angle)), 6e-7);
    }
    judge("noise", &w);
    free(noise);
}

static void case_reparameterise(size_t rows, size_t cols)
{
    const size_t n = rows * cols;
    float *mean = hard(1, n, 3), *logvar = hard(2, n, 3);
    float *noise = uniform(29, n, -5, 5), *z = new_floats(n);
    RUN(reparameterise, .rows = rows, .cols = cols, .mean = mean, .logvar = logvar, .noise = noise,
        .z = z);
    worst w = {0};
    for (size_t i = 0; i < n; i++) {
        double shift = exp(0.5 * (double)logvar[i]) * (double)noise[i];
        compare(&w, i, (double)z[i], (double)mean[i] + shift,
                FEW * (fabs((double)mean[i]) + fabs(shift)) + TINY);
    }
    judge("z", &w);
    free(mean);
    free(logvar);
    free(noise);
    free(z);
}

static void case_variance(size_t rows, size_t cols)
{
    float *logvar = hard(3, rows * cols, 10), *variance = new_floats(rows * cols);
    const int less_one = rows % 2;
    RUN(variance, .rows = rows, .cols = cols, .less_one = less_one, .logvar = logvar,
        .variance = variance);
    worst w = {0};
    for (size_t i = 0; i < rows * cols; i++) {
        double want = less_one ? expm1((double)logvar[i]) : exp((double)logvar[i]);
        compare(&w, i, (double)variance[i], want, 1.5e-7 * fabs(want) + TINY);
    }
    judge("variance", &w);
    free(logvar);
    free(variance);
}

static void case_precision(size_t rows, size_t cols)
{
    float *logvar = hard(3, rows * cols, 10), *precision = new_floats(rows * cols);
    RUN(precision, .rows = rows, .cols = cols, .logvar = logvar, .precision = precision);
    worst w = {0};
    for (size_t i = 0; i < rows * cols; i++) {
        double want = exp(-(double)logvar[i]);
        compare(&w, i, (double)precision[i], want, 1.5e-7 * want + TINY);
    }
    judge("precision", &w);
    free(logvar);
    free(precision);
}

static double kl_of(float mean, float logvar)
{
    return 0.5 * ((double)mean * (double)mean + excess((double)logvar));
}

/* All terms are positive: errors are relative, and grow with the length of the sum. */
static void case_kl(size_t rows, size_t cols)
{
    float *mean = hard(4, rows * cols, 0.01), *logvar = hard(5, rows * cols, 0.01);
    float *kl = new_floats(rows);
    RUN(kl, .rows = rows, .cols = cols, .mean = mean, .logvar = logvar, .kl = kl);
    worst w = {0};
    for (size_t row = 0; row < rows; row++) {
        double want = 0.0;
        for (size_t i = row * cols; i < (row + 1) * cols; i++) want += kl_of(mean[i], logvar[i]);
        compare(&w, row, (double)kl[row], want, (FEW + 2e-9 * (double)cols) * want + TINY);
    }
    judge("kl", &w);
    free(mean);
    free(logvar);
    free(kl);
}

static void case_posterior_grad(size_t rows, size_t cols)
{
    const size_t n = rows * cols;
    float *mean = hard(8, n, 3), *logvar = hard(9, n, 3), *noise = uniform(10, n, -3, 3);
    float *dz = hard(11, n, 1), *dmean = new_floats(n), *dlogvar = new_floats(n);
    const float slope = -2.0f, weight = rows % 2 ? 0.0625f : 0.0625f * slope;
    RUN(posterior_grad, .rows = rows, .cols = cols, .weight = 0.0625f,
        .slope = rows % 2 ? NULL : &slope, .mean = mean, .logvar = logvar, .noise = noise, .dz = dz,
        .dmean = dmean, .dlogvar = dlogvar);
    worst m = {0}, v = {0};
    for (size_t i = 0; i < n; i++) {
        double pull = (double)weight * (double)mean[i];
        compare(&m, i, (double)dmean[i], (double)dz[i] + pull,
                FEW * (fabs((double)dz[i]) + fabs(pull)) + TINY);
        double through = 0.5 * (double)dz[i] * (double)noise[i] * exp(0.5 * (double)logvar[i]);
        double prior = 0.5 * (double)weight * expm1((double)logvar[i]);
        compare(&v, i, (double)dlogvar[i], through + prior,
                FEW * (fabs(through) + fabs(prior)) + 2 * TINY);
    }
    judge("dmean", &m);
    judge("dlogvar", &v);
    free(mean);
    free(logvar);
    free(noise);
    free(dz);
    free(dmean);
    free(dlogvar);
}

#endif
