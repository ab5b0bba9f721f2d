/* trainer.c -- a model in training: its memory, its captured step, its log. */
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* ---- opening and closing ---- */

enum { WINDOW = 1 << 30 }; /* bytes of images, unless data_memory or the device allows fewer */

/* Where batches come from, unless from all images with the same probability. */
static pv_status open_draws(pv_trainer *t)
{
    const pv_config *c = t->config;
    const pv_data *d = t->data->data;
    const int correlated = strcmp(c->correlation, "none") != 0;
    const size_t memory = pv_device_memory(t->data->device);
    size_t bytes = memory > 0 && memory / 2 < WINDOW ? memory / 2 : WINDOW;
    if (correlated && c->order != PV_ORDER_KEY_IID)
        return pv_fail(PV_EUSAGE, "correlation: examples are drawn by weight; order must be iid");
    if (!t->data->images) {
        if (correlated || c->order != PV_ORDER_KEY_IID)
            return pv_fail(PV_EUSAGE,
                           "%s: needs all images in memory, and they are more than it holds",
                           correlated ? "correlation" : "order=epochs");
        if (c->data_memory && (size_t)c->data_memory < (bytes >> 20))
            bytes = (size_t)c->data_memory << 20;
        return pv_window_open(&t->window, t->data, t->stream, (uint64_t)c->seed, (size_t)c->batch,
                              bytes);
    }
    if (!correlated) return PV_OK;
    PV_TRY(pv_data_correlate(&t->cumulative, d, c->correlation));
    return pv_device_share(t->data->device, t->cumulative, d->examples * sizeof *t->cumulative,
                           &t->weights);
}

static pv_status open_blocks(pv_trainer *t)
{
    const size_t log_size = (size_t)t->config->log_every * (size_t)t->term_count;
    const size_t space = t->objective->space ? t->objective->space(t->vae.latents) : 0;
    const size_t log_at = 128 + (space + 63) / 64 * 64 + PV_MAX_TERMS * sizeof(float);
    const size_t bytes = log_at + log_size * sizeof(float);
    pv_device *device = pv_stream_device(t->stream);
    PV_TRY(pv_device_alloc(device, bytes, &t->block));
    PV_TRY(pv_fill(t->stream, t->block, 0, bytes));
    t->step_block = t->block;
    t->rates = (pv_rates *)((char *)t->block + 64);
    t->space = (char *)t->block + 128;
    t->log = (float *)((char *)t->block + log_at);
    t->terms = t->log - PV_MAX_TERMS;
    PV_TRY(pv_parameters_open(&t->parameters, device, t->vae.parameters, 1));
    return pv_vae_initialise(&t->vae, &t->parameters, t->stream, (uint64_t)t->config->seed);
}

pv_status pv_trainer_open(pv_trainer **out, const pv_config *config, const pv_device_data *data,
                          pv_stream *stream)
{
    *out = NULL;
    pv_trainer *t;
    PV_TRY(pv_new(&t, 1, sizeof *t, "a trainer"));
    t->config = config;
    t->data = data;
    t->stream = stream;
    t->objective = pv_objective_find(config->objective);
    for (t->term_count = 1; t->objective->terms[t->term_count - 1];) t->term_count++;
    const pv_data *d = data->data;
    pv_status status = pv_stream_set_layers(
        stream, &(pv_layer_rule){.precision = (pv_layer_precision)config->precision,
                                 .measured = config->cudnn_benchmark});
    if (status == PV_OK) status = pv_vae_shape(&t->vae, config, d->height, d->width, d->channels);
    if (status == PV_OK) status = open_blocks(t);
    if (status == PV_OK) status = open_draws(t);
    if (status == PV_OK) status = pv_program_begin(&t->step, stream, (size_t)config->batch);
    if (status == PV_OK) status = pv_trainer_record(t, t->step, &(pv_step_source){0}, 1);
    if (status == PV_OK) status = pv_program_seal(t->step);
    if (status != PV_OK) {
        pv_trainer_close(t);
        return status;
    }
    *out = t;
    return PV_OK;
}

void pv_trainer_close(pv_trainer *t)
{
    if (!t) return;
    pv_program_close(t->step);
    pv_window_close(t->window);
    pv_device_unshare(t->data->device, t->weights);
    free(t->cumulative);
    pv_parameters_close(&t->parameters);
    pv_device_release(pv_stream_device(t->stream), t->block);
    free(t);
}

/* ---- steps ---- */

pv_status pv_trainer_step(pv_trainer *t)
{
    if (t->window) PV_TRY(pv_window_move(t->window, t->count));
    PV_TRY(pv_program_run(t->step));
    t->count++;
    return PV_OK;
}

uint64_t pv_trainer_count(const pv_trainer *t) { return t->count; }
const pv_vae *pv_trainer_vae(const pv_trainer *t) { return &t->vae; }
const pv_parameters *pv_trainer_parameters(const pv_trainer *t) { return &t->parameters; }
const pv_program *pv_trainer_program(const pv_trainer *t) { return t->step; }
int pv_trainer_terms(const pv_trainer *t) { return t->term_count; }

const char *pv_trainer_term(const pv_trainer *t, int index)
{
    return index == 0 ? "reconstruction" : t->objective->terms[index - 1];
}

/* ---- the log ---- */

pv_status pv_trainer_log(pv_trainer *t, uint64_t steps, double terms[PV_MAX_TERMS], double *loss)
{
    const uint64_t capacity = (uint64_t)t->config->log_every;
    const size_t width = (size_t)t->term_count;
    if (steps > capacity) steps = capacity;
    if (steps > t->count) steps = t->count;
    float *log;
    PV_TRY(pv_new(&log, capacity * width, sizeof *log, "the log"));
    pv_status status = pv_download(t->stream, log, t->log, (size_t)capacity * width * sizeof *log);
    for (size_t i = 0; i < width; i++) terms[i] = 0.0;
    for (uint64_t step = t->count - steps; step < t->count && status == PV_OK; step++)
        for (size_t i = 0; i < width && status == PV_OK; i++) {
            const double value = (double)log[step % capacity * width + i];
            terms[i] += value / (double)steps;
            if (!isfinite(value))
                status =
                    pv_fail(PV_ENUMERIC, "%s is %s at step %llu; a smaller learning_rate may help",
                            pv_trainer_term(t, (int)i), isnan(value) ? "not a number" : "infinite",
                            (unsigned long long)step + 1);
        }
    free(log);
    *loss = t->objective->loss(t->config, terms, t->count);
    return status;
}

/* ---- a step with given images and noise ---- */

pv_status pv_trainer_probe(pv_trainer *t, const float *image, const float *noise,
                           double terms[PV_MAX_TERMS], double *loss)
{
    const size_t rows = (size_t)t->config->batch;
    const size_t images = rows * t->vae.pixels, noises = rows * t->vae.latents;
    pv_device *device = pv_stream_device(t->stream);
    pv_program *program = NULL;
    void *block = NULL;
    float got[PV_MAX_TERMS];
    pv_status status = pv_device_alloc(device, (images + noises) * sizeof(float), &block);
    if (status != PV_OK) return status;
    float *device_noise = (float *)block + images;
    status = pv_upload(t->stream, block, image, images * sizeof(float));
    if (status == PV_OK) status = pv_upload(t->stream, device_noise, noise, noises * sizeof(float));
    if (status == PV_OK) status = pv_program_begin(&program, t->stream, rows);
    if (status == PV_OK)
        status = pv_trainer_record(t, program, &(pv_step_source){block, device_noise}, 0);
    if (status == PV_OK) status = pv_program_seal(program);
    if (status == PV_OK && t->window) status = pv_window_move(t->window, t->count);
    if (status == PV_OK) status = pv_program_run(program);
    if (status == PV_OK)
        status = pv_download(t->stream, got, t->terms, (size_t)t->term_count * sizeof *got);
    for (int i = 0; i < t->term_count && status == PV_OK; i++) terms[i] = (double)got[i];
    if (status == PV_OK) *loss = t->objective->loss(t->config, terms, t->count);
    pv_program_close(program);
    pv_device_release(device, block);
    return status;
}
