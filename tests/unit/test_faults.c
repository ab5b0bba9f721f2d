/* test_faults.c -- every call of a device fails once, in each of some sequences: the status and the
 * text arrive, and nothing stays behind. Leaks of host memory show in a build with
 * AddressSanitizer. */
#include <unistd.h>

#include "fault_device.h"
#include "polarvae/train.h"
#include "synthetic.h"

enum { ROWS = 37, IN = 10, OUT = 33 };

/* ---- the device itself ---- */

typedef struct {
    pv_device *device;
    float *x, *w, *bias, *loss, *sum;
    pv_stream *stream;
    pv_program *program;
} engine;

static pv_status block(float **out, pv_device *device, size_t count)
{
    return pv_device_alloc(device, count * sizeof **out, (void **)out);
}

static pv_status record(const engine *e)
{
    pv_program *p = e->program;
    float *y = pv_rows(p, float, OUT), *gradient = pv_rows(p, float, OUT);
    float *dx = pv_rows(p, float, IN);
    PV_TRY(pv_dense(p, &(pv_dense_args){.pass = PV_FORWARD,
                                        .activation = PV_RELU,
                                        .in = IN,
                                        .out = OUT,
                                        .from = e->x,
                                        .w = e->w,
                                        .bias = e->bias,
                                        .to = y}));
    PV_TRY(pv_bernoulli(p, &(pv_bernoulli_args){.cols = OUT,
                                                .scale = 1.0f,
                                                .logits = y,
                                                .image = y,
                                                .loss = e->loss,
                                                .dlogits = gradient}));
    PV_TRY(pv_dense(
        p, &(pv_dense_args){
               .pass = PV_DATA_GRAD, .in = IN, .out = OUT, .from = gradient, .w = e->w, .to = dx}));
    PV_TRY(pv_column_sum(
        p, &(pv_column_sum_args){.cols = IN, .scale = 1.0f, .value = dx, .sum = e->sum}));
    PV_TRY(pv_program_seal(p));
    PV_TRY(pv_program_run(p));
    return pv_program_run(p);
}

static pv_status engine_run(engine *e)
{
    static const float ones[ROWS * IN] = {1, 1, 1};
    float sum[IN];
    PV_TRY(block(&e->x, e->device, ROWS * IN));
    PV_TRY(block(&e->w, e->device, IN * OUT));
    PV_TRY(block(&e->bias, e->device, OUT));
    PV_TRY(block(&e->loss, e->device, ROWS));
    PV_TRY(block(&e->sum, e->device, IN));
    PV_TRY(pv_stream_open(&e->stream, e->device, 2));
    PV_TRY(pv_upload(e->stream, e->x, ones, sizeof ones));
    PV_TRY(pv_fill(e->stream, e->w, 0, IN * OUT * sizeof(float)));
    PV_TRY(pv_fill(e->stream, e->bias, 0, OUT * sizeof(float)));
    PV_TRY(pv_program_begin(&e->program, e->stream, ROWS));
    PV_TRY(record(e));
    PV_TRY(pv_stream_sync(e->stream));
    return pv_download(e->stream, sum, e->sum, sizeof sum);
}

static pv_status engine_scenario(pv_device *device)
{
    engine e = {.device = device};
    const pv_status status = engine_run(&e);
    pv_program_close(e.program);
    pv_stream_close(e.stream);
    float *const blocks[] = {e.x, e.w, e.bias, e.loss, e.sum};
    for (int i = 0; i < 5; i++) pv_device_release(device, blocks[i]);
    return status;
}

/* ---- an evaluation ---- */

static pv_status evaluate_scenario(pv_device *device)
{
    const pv_evaluation_options options = {
        .bins = 20, .variance_threshold = 0.1, .mean_error = 0.1};
    pv_codes codes = synthetic_codes(50, 3, 1, 0.2, 1);
    pv_evaluation evaluation = {0};
    pv_stream *stream = NULL;
    pv_status status = pv_stream_open(&stream, device, 2);
    if (status == PV_OK) status = pv_evaluate_codes(&evaluation, &codes, stream, &options);
    pv_evaluation_free(&evaluation);
    pv_stream_close(stream);
    pv_codes_free(&codes);
    return status;
}

/* ---- training ---- */

static char directory[4096], checkpoint[sizeof directory + 32];

static pv_status train(pv_stream *stream, const pv_config *config, const pv_device_data *data)
{
    static float image[3 * 64 * 64], noise[3 * 4];
    double terms[PV_MAX_TERMS], loss;
    pv_trainer *trainer;
    PV_TRY(pv_trainer_open(&trainer, config, data, stream));
    pv_status status = pv_trainer_step(trainer);
    if (status == PV_OK) status = pv_trainer_step(trainer);
    if (status == PV_OK) status = pv_trainer_log(trainer, 2, terms, &loss);
    if (status == PV_OK) status = pv_trainer_probe(trainer, image, noise, terms, &loss);
    if (status == PV_OK) status = pv_trainer_save(trainer, checkpoint);
    if (status == PV_OK) status = pv_trainer_restore(trainer, checkpoint);
    pv_trainer_close(trainer);
    return status;
}

static pv_status train_scenario(pv_device *device)
{
    static const char *const set[] = {"batch=3", "latents=4"};
    static uint32_t bits[5 * 64 * 64 / 32] = {0x0f0f0f0f};
    const pv_data data = {.examples = 5,
                          .height = 64,
                          .width = 64,
                          .channels = 1,
                          .bits = bits,
                          .words = 64 * 64 / 32};
    pv_config config;
    pv_device_data on_device = {0};
    pv_stream *stream = NULL;
    NEED(pv_config_load(&config, NULL, 2, set));
    pv_status status = pv_stream_open(&stream, device, 2);
    if (status == PV_OK) status = pv_device_data_open(&on_device, device, &data);
    if (status == PV_OK) status = train(stream, &config, &on_device);
    pv_device_data_close(&on_device);
    pv_stream_close(stream);
    pv_config_clear(&config);
    remove(checkpoint);
    return status;
}

int main(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/faults-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(directory)) return 1;
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint.h5", directory);
    fault_walk("engine", engine_scenario);
    fault_walk("evaluate", evaluate_scenario);
    fault_walk("train", train_scenario);
    check(rmdir(directory) == 0, "parts of checkpoints are left in %s", directory);
    return check_end();
}
