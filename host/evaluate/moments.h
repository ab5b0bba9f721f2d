/* moments.h -- averages, products and joint histograms of a matrix, computed on a device. */
#ifndef PV_EVALUATE_MOMENTS_H
#define PV_EVALUATE_MOMENTS_H

#include "polarvae/device.h"

typedef struct {
    const float *x; /* [examples, variables], host memory */
    size_t examples;
    int variables;
    int bins;       /* 0: no histograms */
    double freedom; /* what sums of products are divided by: N, or N - 1 */
} pv_moments_input;

/* Host memory, owned by the struct. */
typedef struct {
    int variables, bins;
    size_t examples;
    double *mean;       /* [variables] */
    double *covariance; /* [variables, variables], symmetric; 0 where a variable is constant */
    uint32_t *count;    /* [variables, variables, bins, bins], NULL without histograms */
} pv_moments;

/* A variable is binned over its own range by the edges of numpy.histogram. */
pv_status pv_moments_compute(pv_moments *out, pv_stream *stream, const pv_moments_input *input);
void pv_moments_free(pv_moments *moments); /* a zeroed struct is fine */

#endif
