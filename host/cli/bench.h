/* bench.h -- what the benchmarks share: what they work on, what a step costs, how it is told. */
#ifndef PV_BENCH_H
#define PV_BENCH_H

#include "polarvae/train.h"

typedef struct {
    const char *objective, *csv;
    const char *device, *precision;
    const char *metrics, *codes; /* of evaluate; codes: a file, or NULL */
    long kernel, batch, threads, lanes, seconds;
    int json, quiet;
    const char *const *set; /* key=value of the images ... */
    int count;              /* ... how many */
} pv_bench_options;

/* ---- what they work on ---- */

/* A model's configuration, and on a device the data set that it names or, where none is named, a
 * thousand sprites: no file is needed. */
typedef struct {
    pv_config config;
    pv_data data;
    pv_device *device;
    pv_device_data images;
} pv_bench_setup;
pv_status pv_bench_open(pv_bench_setup *out, const pv_bench_options *options);
void pv_bench_close(pv_bench_setup *setup); /* after its streams; a zeroed one is fine */

/* ---- what came out ---- */

/* The peak and the rate are measured in turn, so that both meet the same moods of the machine. */
enum { PV_BENCH_ROUNDS = 8 };

typedef struct {
    double peak[PV_BENCH_ROUNDS]; /* flops of all lanes together */
    double rate[PV_BENCH_ROUNDS]; /* steps a second of all lanes together */
    double median, low, high;     /* ms of a step of one lane */
    double gather;                /* ms of making a batch alone; 0: not measured */
} pv_bench_times;

typedef struct {
    const char *work; /* the objective that is trained, or "encode" */
    const char *machine, *precision;
    int threads, lanes;
    double flops; /* of a step by direct convolutions */
    pv_bench_times times;
} pv_bench_result;

/* Prints the result, and appends it to options->csv if that is set. */
pv_status pv_bench_report(pv_bench_result *result, const pv_bench_options *options);

/* Floating-point operations by direct convolutions, two a product. A training step is three passes
 * of every layer less the first one's data gradient, encoding one pass of the encoder. */
double pv_bench_train_flops(const pv_vae *vae, size_t batch);
double pv_bench_discriminator_flops(const pv_vae *vae, size_t batch); /* of them; 0: it has none */
double pv_bench_encode_flops(const pv_vae *vae, size_t batch);

/* Sorts the values. */
double pv_bench_median(double *value, size_t count);

/* ---- the benchmarks ---- */

pv_status pv_bench_train(const pv_bench_options *options);
pv_status pv_bench_evaluate(const pv_bench_options *options);
pv_status pv_bench_encode(const pv_bench_options *options);
pv_status pv_bench_kernels(const pv_bench_options *options);

#endif
