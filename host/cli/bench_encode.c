/* bench_encode.c -- polarvae bench encode: the encoder's throughput beside the machine's peak.
 *
 * A step is what `polarvae encode` does with a batch: images are drawn and gathered; their means,
 * variances and sampled codes end in device memory. */
#include <stdlib.h>

#include "base/base.h"
#include "cli/bench.h"
#include "polarvae/step.h"

enum { ROUNDS = PV_BENCH_ROUNDS, WARM_UP = 5 };

/* A step's results, and the step block that its random numbers come from: one block. */
typedef struct {
    pv_step *step;
    float *mean, *variance, *sampled; /* [batch, latents] */
} codes;

static pv_status codes_open(codes *c, pv_stream *stream, size_t numbers)
{
    const size_t head = (sizeof *c->step + 63) / 64 * 64,
                 bytes = head + 3 * numbers * sizeof(float);
    void *block;
    PV_TRY(pv_device_alloc(pv_stream_device(stream), bytes, &block));
    c->step = block;
    c->mean = (float *)((char *)block + head);
    c->variance = c->mean + numbers;
    c->sampled = c->variance + numbers;
    return pv_fill(stream, block, 0, bytes);
}

static pv_status record(pv_program *program, const codes *c, const pv_vae *vae,
                        const pv_parameters *parameters, const pv_device_data *images)
{
    const size_t latents = vae->latents;
    uint32_t *index = pv_rows(program, uint32_t, 1);
    float *image, *mean, *logvar, *noise = pv_rows(program, float, latents);
    pv_trace trace;
    PV_TRY(pv_pick(program, &(pv_pick_args){.order = PV_ORDER_IID,
                                            .purpose = PV_FOR_EVALUATION,
                                            .examples = images->data->examples,
                                            .step = c->step,
                                            .index = index}));
    PV_TRY(pv_device_data_gather(program, images, &(pv_gathering){.index = index}, &image));
    PV_TRY(pv_vae_encode(program, vae, parameters, image, &trace, &mean, &logvar));
    PV_TRY(pv_noise(
        program, &(pv_noise_args){
                     .cols = latents, .purpose = PV_FOR_CODES, .step = c->step, .noise = noise}));
    PV_TRY(pv_reparameterise(
        program,
        &(pv_reparameterise_args){
            .cols = latents, .mean = mean, .logvar = logvar, .noise = noise, .z = c->sampled}));
    PV_TRY(pv_copy(program, &(pv_copy_args){.cols = latents, .from = mean, .to = c->mean}));
    return pv_variance(
        program, &(pv_variance_args){.cols = latents, .logvar = logvar, .variance = c->variance});
}

/* ms of each of `steps` steps; *rate = steps a second. */
static pv_status run_round(double *ms, size_t steps, pv_program *program, pv_stream *stream,
                           double *rate)
{
    const double start = pv_now();
    double before = start;
    for (size_t i = 0; i < steps; i++) {
        if (pv_signal_came()) return pv_fail(PV_ESTOPPED, "stopped");
        PV_TRY(pv_program_run(program));
        PV_TRY(pv_stream_sync(stream));
        const double after = pv_now();
        ms[i] = (after - before) * 1e3;
        before = after;
    }
    *rate = (double)steps / (before - start);
    return PV_OK;
}

static pv_status measure(pv_bench_times *t, pv_program *program, pv_stream *stream,
                         const pv_bench_options *o)
{
    double *ms, warm[WARM_UP], rate;
    pv_bar bar;
    PV_TRY(run_round(warm, WARM_UP, program, stream, &rate));
    const double step = pv_bench_median(warm, WARM_UP) * 1e-3;
    const size_t steps = (size_t)((double)o->seconds / ROUNDS / step) + 1, all = ROUNDS * steps;
    PV_TRY(pv_new(&ms, all, sizeof *ms, "times"));
    pv_status status = PV_OK;
    pv_bar_start(&bar, "measuring", 0, o->quiet);
    for (size_t round = 0; round < ROUNDS && status == PV_OK; round++) {
        status = pv_stream_peak(stream, &t->peak[round]);
        if (status == PV_OK)
            status = run_round(ms + round * steps, steps, program, stream, &t->rate[round]);
        pv_bar_show(&bar, round + 1, ROUNDS, "");
    }
    pv_bar_end(&bar);
    if (status == PV_OK) {
        t->median = pv_bench_median(ms, all);
        t->low = ms[0];
        t->high = ms[all - 1];
    }
    free(ms);
    return status;
}

pv_status pv_bench_encode(const pv_bench_options *o)
{
    const size_t batch = (size_t)o->batch;
    pv_bench_setup setup;
    pv_stream *stream = NULL;
    pv_vae vae;
    pv_parameters parameters = {0};
    codes c = {0};
    pv_program *program = NULL;
    pv_bench_result result = {.work = "encode", .lanes = 1};
    PV_TRY(pv_bench_open(&setup, o));
    const pv_data *d = &setup.data;
    pv_status status = pv_vae_shape(&vae, &setup.config, d->height, d->width, d->channels);
    if (status == PV_OK) status = pv_stream_open(&stream, setup.device, (int)o->threads);
    if (status == PV_OK)
        status = pv_stream_set_layers(
            stream, &(pv_layer_rule){.precision = (pv_layer_precision)setup.config.precision,
                                     .measured = setup.config.cudnn_benchmark});
    if (status == PV_OK) status = pv_parameters_open(&parameters, setup.device, vae.parameters, 0);
    if (status == PV_OK) status = pv_vae_initialise(&vae, &parameters, stream, 0);
    if (status == PV_OK) status = codes_open(&c, stream, batch * vae.latents);
    if (status == PV_OK) status = pv_program_begin(&program, stream, batch);
    if (status == PV_OK) status = record(program, &c, &vae, &parameters, &setup.images);
    if (status == PV_OK) status = pv_program_seal(program);
    if (status == PV_OK) status = measure(&result.times, program, stream, o);
    if (status == PV_OK) {
        result.machine = pv_device_description(setup.device);
        result.precision = pv_stream_precision(stream);
        result.threads = pv_stream_threads(stream);
        result.flops = pv_bench_encode_flops(&vae, batch);
        status = pv_bench_report(&result, o);
    }
    pv_program_close(program);
    pv_device_release(setup.device, c.step);
    pv_parameters_close(&parameters);
    pv_stream_close(stream);
    pv_bench_close(&setup);
    return status;
}
