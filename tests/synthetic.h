/* synthetic.h -- for tests: Gaussian codes with a known covariance.
 *
 * The first `active` variables have variance 1 and covariance `shared` between each other; the
 * rest are passive: variance 0.02, covariance 0.01 with everything. Sampled codes add noise of
 * standard deviation 0.02 to active ones and 1 to passive ones. */
#ifndef PV_TEST_SYNTHETIC_H
#define PV_TEST_SYNTHETIC_H

#include <math.h>
#include <stdlib.h>

#include "polarvae/evaluate.h"

/* splitmix64, Box and Muller */
static double synthetic_uniform(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ z >> 31) >> 11) + 0.5) * 0x1p-53;
}

static double synthetic_normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(synthetic_uniform(state)));
    return radius * cos(6.283185307179586 * synthetic_uniform(state));
}

/* covariance [d, d] of the mean codes, or of the sampled ones */
static void synthetic_covariance(double *covariance, int d, int active, double shared, int sampled)
{
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
            double own = i < active ? 1 : 0.02, noise = i < active ? 0.0004 : 1;
            double other = i < active && j < active ? shared : 0.01;
            covariance[i * d + j] = i == j ? own + sampled * noise : other;
        }
}

static void synthetic_cholesky(double *l, int d)
{
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
            for (int k = 0; k < (i < j ? i : j); k++) l[i * d + j] -= l[i * d + k] * l[j * d + k];
            l[i * d + j] = j > i ? 0 : j == i ? sqrt(l[i * d + i]) : l[i * d + j] / l[j * d + j];
        }
}

static void *synthetic_new(size_t count, size_t size)
{
    void *block = calloc(count, size);
    if (!block) abort();
    return block;
}

/* Free with pv_codes_free. */
static pv_codes synthetic_codes(size_t examples, int d, int active, double shared, uint64_t seed)
{
    size_t width = (size_t)d;
    pv_codes c = {.examples = examples, .latents = d, .factors = 1};
    double *l = synthetic_new(width * width, sizeof *l), *e = synthetic_new(width, sizeof *e);
    c.mean = synthetic_new(examples * width, sizeof(float));
    c.variance = synthetic_new(examples * width, sizeof(float));
    c.sampled = synthetic_new(examples * width, sizeof(float));
    c.factor = synthetic_new(examples, sizeof *c.factor);
    c.factor_name = synthetic_new(1, sizeof *c.factor_name);
    c.factor_name[0][0] = 'k';
    synthetic_covariance(l, d, active, shared, 0);
    synthetic_cholesky(l, d);
    for (size_t row = 0; row < examples; row++) {
        c.factor[row] = (int32_t)(row % 3);
        for (int j = 0; j < d; j++) e[j] = synthetic_normal(&seed);
        for (int j = 0; j < d; j++) {
            size_t at = row * width + (size_t)j;
            double mean = 0, variance = j < active ? 0.0004 : 1;
            for (int k = 0; k <= j; k++) mean += l[j * d + k] * e[k];
            c.mean[at] = (float)mean;
            c.variance[at] = (float)variance;
            c.sampled[at] = (float)(mean + sqrt(variance) * synthetic_normal(&seed));
        }
    }
    free(e);
    free(l);
    return c;
}

#endif
