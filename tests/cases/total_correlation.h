/* total_correlation.h -- cases of the kernels in kernels/total_correlation.h: the sums as they are
 * written down, in double precision, over all pairs. */
#ifndef PV_CASES_TOTAL_CORRELATION_H
#define PV_CASES_TOTAL_CORRELATION_H

#include "cases/regularisers.h"

/* A minibatch and what its pairs say. Errors are relative to sums of absolute values, and to the
 * size of the exponents: a density that is off by e multiplies its share by 1 + e. */
typedef struct {
    size_t batch, cols;
    float weight[3];
    float *z, *mean, *logvar, *precision;
    double *share, *marginal, *joint; /* [batch, batch], [batch, cols], [batch] */
    double exponent;                  /* the largest one that counts */
} minibatch;

static double pair_weight(const minibatch *b, size_t j, size_t i)
{
    return (double)b->weight[i == j ? 0 : i == (j + 1) % b->batch ? 1 : 2];
}

static double pair_density(const minibatch *b, size_t j, size_t i, size_t l)
{
    const size_t at = i * b->cols + l;
    const double d = (double)b->z[j * b->cols + l] - (double)b->mean[at];
    return -0.5 *
           (log(6.283185307179586) + (double)b->logvar[at] + d * d * (double)b->precision[at]);
}

static double log_sum_exp(const double *x, size_t n)
{
    double most = -INFINITY, sum = 0.0;
    for (size_t i = 0; i < n; i++) most = fmax(most, x[i]);
    for (size_t i = 0; i < n; i++) sum += exp(x[i] - most);
    return most + log(sum);
}

static void minibatch_make(minibatch *b, size_t batch, size_t cols)
{
    const size_t n = batch * cols;
    *b = (minibatch){.batch = batch, .cols = cols, .weight = {-2.0f, -0.5f, 0.25f}};
    b->z = uniform(50, n, -3, 3);
    b->mean = uniform(51, n, -2, 2);
    b->logvar = uniform(52, n, -3, 2);
    b->precision = new_floats(n);
    for (size_t i = 0; i < n; i++) b->precision[i] = (float)exp(-(double)b->logvar[i]);
    b->share = malloc(batch * batch * sizeof *b->share);
    b->marginal = malloc(n * sizeof *b->marginal);
    b->joint = malloc(batch * sizeof *b->joint);
    double *x = malloc(batch * sizeof *x);
    for (size_t j = 0; j < batch; j++) {
        double *share = b->share + j * batch;
        for (size_t i = 0; i < batch; i++) {
            share[i] = pair_weight(b, j, i);
            for (size_t l = 0; l < cols; l++) share[i] += pair_density(b, j, i, l);
        }
        b->joint[j] = log_sum_exp(share, batch);
        b->exponent = fmax(b->exponent, fabs(b->joint[j]));
        for (size_t i = 0; i < batch; i++) share[i] = exp(share[i] - b->joint[j]);
        for (size_t l = 0; l < cols; l++) {
            for (size_t i = 0; i < batch; i++)
                x[i] = pair_density(b, j, i, l) + pair_weight(b, j, i);
            b->marginal[j * cols + l] = log_sum_exp(x, batch);
        }
    }
    b->exponent += 10.0;
    free(x);
}

static void minibatch_free(minibatch *b)
{
    free(b->z);
    free(b->mean);
    free(b->logvar);
    free(b->precision);
    free(b->share);
    free(b->marginal);
    free(b->joint);
}

/* d(correlation_j) / d L_jil, and the size of what it is the difference of. */
static double pair_slope(const minibatch *b, size_t j, size_t i, size_t l, double *size)
{
    const double part =
        exp(pair_weight(b, j, i) + pair_density(b, j, i, l) - b->marginal[j * b->cols + l]);
    *size = b->share[j * b->batch + i] + part;
    return b->share[j * b->batch + i] - part;
}

static const double TC_WEIGHT = 0.75;

static void case_total_correlation(size_t rows, size_t cols)
{
    minibatch b;
    minibatch_make(&b, rows, few_variables(cols));
    const size_t n = b.cols, all = rows * n;
    float *dz = uniform(53, all, -1, 1), *share = new_floats(rows * rows), *to = new_floats(all);
    float *marginal = new_floats(all), *term[3];
    for (int i = 0; i < 3; i++) term[i] = new_floats(rows);
    RUN(total_correlation, .rows = rows, .cols = n, .batch = rows, .own = b.weight[0],
        .next = b.weight[1], .other = b.weight[2], .weight = (float)TC_WEIGHT, .z = b.z,
        .mean = b.mean, .logvar = b.logvar, .precision = b.precision, .dz = dz, .share = share,
        .marginal = marginal, .information = term[0], .correlation = term[1], .dimensions = term[2],
        .to = to);
    worst s = {0}, m = {0}, t = {0}, g = {0};
    for (size_t i = 0; i < rows * rows; i++)
        compare(&s, i, (double)share[i], b.share[i],
                FEW * (b.exponent - log(b.share[i] + 1e-300)) * b.share[i] + 1e-30);
    for (size_t j = 0; j < rows; j++) {
        double own = 0.0, prior = 0.0, marginals = 0.0, size = fabs(b.joint[j]) + 1.0;
        for (size_t l = 0; l < n; l++) {
            const size_t at = j * n + l;
            const double z = (double)b.z[at];
            own += pair_density(&b, j, j, l);
            prior -= 0.5 * (log(6.283185307179586) + z * z);
            marginals += b.marginal[at];
            size += fabs(b.marginal[at]) + fabs(pair_density(&b, j, j, l)) + z * z;
            compare(&m, at, (double)marginal[at], b.marginal[at],
                    2 * FEW * (fabs(b.marginal[at]) + 3.0));
            double sum = (double)dz[at], sizes = fabs(sum), each;
            for (size_t i = 0; i < rows; i++) {
                const double e = (z - (double)b.mean[i * n + l]) * (double)b.precision[i * n + l];
                sum -= TC_WEIGHT * pair_slope(&b, j, i, l, &each) * e;
                sizes += TC_WEIGHT * each * fabs(e);
            }
            compare(&g, at, (double)to[at], sum, FEW * b.exponent * sizes);
        }
        const double want[3] = {own - b.joint[j], b.joint[j] - marginals, marginals - prior};
        for (size_t i = 0; i < 3; i++)
            compare(&t, 3 * j + i, (double)term[i][j], want[i], 2 * FEW * size);
    }
    judge("share", &s);
    judge("marginal", &m);
    judge("information, correlation, dimensions", &t);
    judge("to", &g);
    minibatch_free(&b);
    free(dz);
    free(share);
    free(to);
    free(marginal);
    for (int i = 0; i < 3; i++) free(term[i]);
}

static void case_total_correlation_grad(size_t rows, size_t cols)
{
    minibatch b;
    minibatch_make(&b, rows, few_variables(cols));
    const size_t n = b.cols, all = rows * n;
    float *share = new_floats(rows * rows), *marginal = new_floats(all);
    float *dmean = uniform(54, all, -1, 1), *dlogvar = uniform(55, all, -1, 1);
    float *was_mean = uniform(54, all, -1, 1), *was_logvar = uniform(55, all, -1, 1);
    for (size_t i = 0; i < rows * rows; i++) share[i] = (float)b.share[i];
    for (size_t i = 0; i < all; i++) marginal[i] = (float)b.marginal[i];
    RUN(total_correlation_grad, .rows = rows, .cols = n, .batch = rows, .own = b.weight[0],
        .next = b.weight[1], .other = b.weight[2], .weight = (float)TC_WEIGHT, .z = b.z,
        .share = share, .marginal = marginal, .mean = b.mean, .logvar = b.logvar,
        .precision = b.precision, .dmean = dmean, .dlogvar = dlogvar);
    worst m = {0}, v = {0};
    for (size_t at = 0; at < all; at++) {
        double mean = (double)was_mean[at], logvar = (double)was_logvar[at], each;
        double mean_size = fabs(mean), logvar_size = fabs(logvar);
        for (size_t j = 0; j < rows; j++) {
            const double r = TC_WEIGHT * pair_slope(&b, j, at / n, at % n, &each);
            const double d = (double)b.z[j * n + at % n] - (double)b.mean[at];
            const double e = d * (double)b.precision[at];
            mean += r * e;
            logvar += r * 0.5 * (e * d - 1.0);
            mean_size += TC_WEIGHT * each * fabs(e);
            logvar_size += TC_WEIGHT * each * 0.5 * (fabs(e * d) + 1.0);
        }
        compare(&m, at, (double)dmean[at], mean, FEW * b.exponent * mean_size);
        compare(&v, at, (double)dlogvar[at], logvar, FEW * b.exponent * logvar_size);
    }
    judge("dmean", &m);
    judge("dlogvar", &v);
    minibatch_free(&b);
    free(share);
    free(marginal);
    free(dmean);
    free(dlogvar);
    free(was_mean);
    free(was_logvar);
}

#endif
