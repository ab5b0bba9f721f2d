/* traverse.c -- codes along a variable or from the prior, and what the decoder makes of codes. */
#include "polarvae/traverse.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum { BATCH = 250 };

/* ---- the decoder ---- */

/* z [rows, latents] and probability [rows, pixels] in device memory. */
static pv_status record(pv_program *program, const pv_model *model, const float *z,
                        float *probability)
{
    pv_trace trace;
    PV_TRY(pv_net_forward(program, &model->vae.decoder, &model->parameters, z, &trace));
    return pv_sigmoid(program,
                      &(pv_sigmoid_args){.cols = model->vae.pixels,
                                         .logits = pv_trace_output(&model->vae.decoder, &trace),
                                         .probability = probability});
}

/* A batch at a time; the last one is filled with what was there before. */
static pv_status run(pv_program *program, float *probability, float *device_probability,
                     const float *z, float *device_z, const pv_model *model, pv_stream *stream,
                     size_t count)
{
    const size_t latents = model->vae.latents, pixels = model->vae.pixels;
    const size_t batch = pv_program_rows(program);
    for (size_t first = 0; first < count; first += batch) {
        const size_t rows = count - first < batch ? count - first : batch;
        PV_TRY(pv_upload(stream, device_z, z + first * latents, rows * latents * sizeof *z));
        PV_TRY(pv_program_run(program));
        PV_TRY(pv_download(stream, probability + first * pixels, device_probability,
                           rows * pixels * sizeof *probability));
    }
    return PV_OK;
}

pv_status pv_decode(float *probability, const pv_model *model, pv_stream *stream, const float *z,
                    size_t count)
{
    const size_t rows = count < BATCH ? count : BATCH;
    const size_t z_bytes = rows * model->vae.latents * sizeof *z;
    pv_device *device = pv_stream_device(stream);
    pv_program *program = NULL;
    void *codes = NULL, *images = NULL;
    pv_status status = pv_device_alloc(device, z_bytes, &codes);
    if (status == PV_OK)
        status = pv_device_alloc(device, rows * model->vae.pixels * sizeof *probability, &images);
    if (status == PV_OK) status = pv_fill(stream, codes, 0, z_bytes);
    if (status == PV_OK) status = pv_program_begin(&program, stream, rows);
    if (status == PV_OK) status = record(program, model, codes, images);
    if (status == PV_OK) status = pv_program_seal(program);
    if (status == PV_OK) status = run(program, probability, images, z, codes, model, stream, count);
    pv_program_close(program);
    pv_device_release(device, images);
    pv_device_release(device, codes);
    return status;
}

/* ---- codes ---- */

/* Normal numbers [rows, cols] from (seed, PV_FOR_SAMPLES), step 0. */
static pv_status draw(float *normal, pv_stream *stream, size_t rows, size_t cols, uint64_t seed)
{
    const size_t bytes = rows * cols * sizeof *normal;
    pv_device *device = pv_stream_device(stream);
    pv_program *program = NULL;
    void *step = NULL, *numbers = NULL;
    pv_status status = pv_device_alloc(device, sizeof(pv_step), &step);
    if (status == PV_OK) status = pv_device_alloc(device, bytes, &numbers);
    if (status == PV_OK) status = pv_fill(stream, step, 0, sizeof(pv_step));
    if (status == PV_OK) status = pv_program_begin(&program, stream, rows);
    if (status == PV_OK)
        status = pv_noise(program, &(pv_noise_args){.cols = cols,
                                                    .seed = seed,
                                                    .purpose = PV_FOR_SAMPLES,
                                                    .step = step,
                                                    .noise = numbers});
    if (status == PV_OK) status = pv_program_seal(program);
    if (status == PV_OK) status = pv_program_run(program);
    if (status == PV_OK) status = pv_download(stream, normal, numbers, bytes);
    pv_program_close(program);
    pv_device_release(device, numbers);
    pv_device_release(device, step);
    return status;
}

pv_status pv_draw_prior(float *z, const pv_model *model, pv_stream *stream, size_t count,
                        uint64_t seed)
{
    const size_t latents = model->vae.latents, all = model->latents;
    float *normal;
    if (!model->variable) return draw(z, stream, count, latents, seed);
    PV_TRY(pv_new(&normal, count * all, sizeof *normal, "samples"));
    pv_status status = draw(normal, stream, count, all, seed);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < latents; j++)
            z[i * latents + j] = normal[i * all + (size_t)model->variable[j]];
    free(normal);
    return status;
}

double pv_traversal_value(const pv_traversal *t, int step)
{
    return t->range * (2.0 * step - (t->steps - 1)) / (t->steps - 1);
}

void pv_traverse(float *z, const float *code, int latents, const pv_traversal *t)
{
    for (int v = 0; v < t->variables; v++)
        for (int i = 0; i < t->steps; i++, z += latents) {
            memcpy(z, code, (size_t)latents * sizeof *z);
            z[t->variable[v]] = (float)pv_traversal_value(t, i);
        }
}

void pv_order_by_kl(int *order, const double *kl, int latents)
{
    for (int i = 0; i < latents; i++) {
        int at = i;
        for (; at > 0 && kl[order[at - 1]] < kl[i]; at--) order[at] = order[at - 1];
        order[at] = i;
    }
}
