/* bench_evaluate.c -- the time of every disentanglement metric, on made codes of the whole dSprites
 * grid or on codes from a file. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/bench.h"
#include "cli/session.h"
#include "learn/random_state.h"

enum { FACTORS = 5, LATENTS = 10 };

static double normal(pv_random_state *r)
{
    return sqrt(-2 * log1p(-pv_random_state_uniform(r))) *
           cos(2 * acos(-1) * pv_random_state_uniform(r));
}

/* Latent j < 5 is a mix of factors j and j + 1 with noise, as a half-disentangled model's; the
 * others are passive. */
static void make_row(pv_codes *c, size_t row, pv_random_state *r)
{
    for (int j = 0; j < LATENTS; j++) {
        const size_t at = row * LATENTS + (size_t)j;
        const int32_t *f = c->factor + row * FACTORS;
        double mean = 0.02 * normal(r), deviation = 1;
        if (j < FACTORS) {
            const int k = (j + 1) % FACTORS;
            mean += 3.0 * f[j] / pv_sprites_full.size[j] + 0.7 * f[k] / pv_sprites_full.size[k] - 2;
            deviation = 0.1;
        }
        c->mean[at] = (float)mean;
        c->variance[at] = (float)(deviation * deviation);
        c->sampled[at] = (float)(mean + deviation * normal(r));
    }
}

static pv_status make_codes(pv_codes *c)
{
    pv_random_state random;
    size_t rows = 1;
    for (int k = 0; k < FACTORS; k++) rows *= (size_t)pv_sprites_full.size[k];
    *c = (pv_codes){.examples = rows, .latents = LATENTS, .factors = FACTORS};
    PV_TRY(pv_new(&c->mean, rows * LATENTS, sizeof(float), "codes"));
    PV_TRY(pv_new(&c->variance, rows * LATENTS, sizeof(float), "codes"));
    PV_TRY(pv_new(&c->sampled, rows * LATENTS, sizeof(float), "codes"));
    PV_TRY(pv_new(&c->factor, rows * FACTORS, sizeof(int32_t), "factors"));
    pv_random_state_seed(&random, 0);
    for (size_t i = 0; i < rows; i++) {
        size_t rest = i;
        for (int k = FACTORS; k-- > 0; rest /= (size_t)pv_sprites_full.size[k])
            c->factor[i * FACTORS + (size_t)k] = (int32_t)(rest % (size_t)pv_sprites_full.size[k]);
        make_row(c, i, &random);
    }
    return PV_OK;
}

static pv_status report(const pv_metric_results *results, const pv_codes *c, pv_stream *stream,
                        double seconds, int json)
{
    const char *machine = pv_device_description(pv_stream_device(stream));
    double sum = 0;
    for (int i = 0; i < results->count; i++) sum += results->result[i].seconds;
    if (!json) {
        printf("%s\n%zu examples, %d variables, %d factors\n\n%-24s %-12s %s\n", machine,
               c->examples, c->latents, c->factors, "metric", "codes", "processor seconds");
        for (int i = 0; i < results->count; i++)
            printf("%-24s %-12s %9.2f\n", results->result[i].metric,
                   results->result[i].representation, results->result[i].seconds);
        printf("%-24s %-12s %9.2f, in %.2f s\n", "sum", "", sum, seconds);
        return PV_OK;
    }
    pv_json *j = pv_json_new();
    pv_json_object(j, NULL);
    pv_json_text(j, "machine", machine);
    pv_json_whole(j, "examples", (long long)c->examples);
    pv_json_real(j, "seconds", seconds);
    pv_json_real(j, "processor_seconds", sum);
    pv_json_array(j, "metrics");
    for (int i = 0; i < results->count; i++) {
        pv_json_object(j, NULL);
        pv_json_text(j, "metric", results->result[i].metric);
        pv_json_text(j, "representation", results->result[i].representation);
        pv_json_real(j, "processor_seconds", results->result[i].seconds);
        pv_json_end(j);
    }
    pv_json_end(j);
    pv_json_end(j);
    return pv_json_finish(j, "-");
}

pv_status pv_bench_evaluate(const pv_bench_options *o)
{
    pv_codes codes = {0};
    pv_device *device = NULL;
    pv_stream *stream = NULL;
    pv_metric_results results = {0};
    PV_TRY(pv_metrics_check(o->metrics));
    pv_status status = o->codes ? pv_codes_read(&codes, o->codes) : make_codes(&codes);
    if (status == PV_OK && codes.factors == 0)
        status = pv_fail(PV_EDATA, "%s: holds no factors, which metrics need", o->codes);
    if (status == PV_OK) status = pv_device_open(&device, o->device);
    if (status == PV_OK) status = pv_stream_open(&stream, device, (int)o->threads);
    pv_metric_options with = pv_metric_defaults;
    with.threads = (int)o->threads;
    const double start = pv_now();
    if (status == PV_OK)
        status = pv_show_metrics(&results, &codes, o->metrics, stream, &with, o->quiet);
    if (status == PV_OK) status = report(&results, &codes, stream, pv_now() - start, o->json);
    pv_metric_results_free(&results);
    pv_stream_close(stream);
    pv_device_close(device);
    pv_codes_free(&codes);
    return status;
}
