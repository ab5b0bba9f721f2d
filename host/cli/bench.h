/* bench.h -- what the benchmarks share: a model on made-up data, medians, and what a step costs. */
#ifndef PV_BENCH_H
#define PV_BENCH_H

#include "polarvae/train.h"

typedef struct {
    const char *objective, *csv;
    const char *device;
    long kernel, batch, threads, lanes, seconds;
    int json, quiet;
} pv_bench_options;

/* A thousand sprites in memory: no file is needed. Freed by pv_data_close. */
pv_status pv_bench_data(pv_data *out);
pv_status pv_bench_config(pv_config *out, const pv_bench_options *options);

/* Floating-point operations of one training step by direct convolutions: three passes of every
 * layer less the first one's data gradient, two operations a product. */
double pv_bench_direct_flops(const pv_vae *vae, size_t batch);

/* Sorts the values. */
double pv_bench_median(double *value, size_t count);

pv_status pv_bench_train(const pv_bench_options *options);
pv_status pv_bench_kernels(const pv_bench_options *options);

#endif
