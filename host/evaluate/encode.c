/* encode.c -- codes, losses and reconstructions of a trained model, a batch at a time. */
#include "polarvae/encode.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum { BATCH = 250 };

/* A batch's results in device memory, one block; results that are not asked for are not made. */
typedef struct {
    void *block;
    size_t rows, bytes;
    int listed;     /* the host says which examples */
    size_t paged;   /* bytes of an image where the host brings the batch's, else 0 */
    char *page;     /* [rows] of them ... */
    uint32_t *line; /* ... row by row: 0, 1, ... */
    pv_step *step;
    uint32_t *index;
    uint32_t *column;                 /* [latents] which of the noise's a pruned model takes */
    float *mean, *variance, *sampled; /* [rows, latents] */
    float *loss, *mean_loss, *kl;     /* [rows] */
    float *image, *reconstruction;    /* [rows, pixels] */
    float *terms, *log;               /* of the step counter: unused */
} results;

static void *take(results *r, size_t count, size_t size)
{
    size_t at = r->bytes;
    r->bytes += (count * size + 63) / 64 * 64;
    return r->block ? (char *)r->block + at : NULL;
}

static void lay_out(results *r, const pv_vae *vae, size_t rows, int pictures)
{
    r->rows = rows;
    r->bytes = 0;
    r->step = take(r, 1, sizeof *r->step);
    r->terms = take(r, 1, sizeof *r->terms);
    r->log = take(r, 1, sizeof *r->log);
    r->index = take(r, rows, sizeof *r->index);
    r->line = take(r, rows, sizeof *r->line);
    r->page = take(r, rows, r->paged);
    r->column = take(r, vae->latents, sizeof *r->column);
    r->mean = take(r, rows * vae->latents, sizeof(float));
    r->variance = take(r, rows * vae->latents, sizeof(float));
    r->sampled = take(r, rows * vae->latents, sizeof(float));
    r->loss = take(r, rows, sizeof(float));
    r->mean_loss = take(r, rows, sizeof(float));
    r->kl = take(r, rows, sizeof(float));
    r->image = take(r, pictures ? rows * vae->pixels : 0, sizeof(float));
    r->reconstruction = take(r, pictures ? rows * vae->pixels : 0, sizeof(float));
}

static pv_status check_size(const pv_model *m, const pv_device_data *d)
{
    const pv_data *data = d->data;
    if (m->vae.height != data->height || m->vae.width != data->width ||
        m->vae.channels != data->channels)
        return pv_fail(PV_EUSAGE,
                       "the model sees %dx%dx%d images, but the data set has %dx%dx%d; "
                       "give data=FILE with images of the model's size",
                       m->vae.height, m->vae.width, m->vae.channels, data->height, data->width,
                       data->channels);
    return PV_OK;
}

static pv_status results_open(results *r, const pv_model *model, const pv_device_data *data,
                              pv_stream *stream, size_t rows, int pictures)
{
    memset(r, 0, sizeof *r);
    r->paged = data->images ? 0 : pv_data_image_bytes(data->data);
    lay_out(r, &model->vae, rows, pictures);
    PV_TRY(pv_device_alloc(pv_stream_device(stream), r->bytes, &r->block));
    lay_out(r, &model->vae, rows, pictures);
    PV_TRY(pv_fill(stream, r->block, 0, r->bytes));
    for (uint32_t i = 0; i < rows && r->paged; i++)
        PV_TRY(pv_upload(stream, r->line + i, &i, sizeof i));
    if (!model->variable) return PV_OK;
    return pv_upload(stream, r->column, model->variable, model->vae.latents * sizeof *r->column);
}

/* ---- images that the host brings ---- */

static pv_status record_draw(pv_program *program, const results *r, const pv_device_data *data,
                             uint64_t seed)
{
    return pv_pick(program, &(pv_pick_args){.order = PV_ORDER_IID,
                                            .seed = seed,
                                            .purpose = PV_FOR_EVALUATION,
                                            .examples = data->data->examples,
                                            .step = r->step,
                                            .index = r->index});
}

/* Which examples the next batch has, where the program itself does not say. */
static pv_status draw(const results *r, const pv_device_data *data, pv_stream *stream,
                      uint64_t seed)
{
    pv_program *program = NULL;
    pv_status status = pv_program_begin(&program, stream, r->rows);
    if (status == PV_OK) status = record_draw(program, r, data, seed);
    if (status == PV_OK) status = pv_program_seal(program);
    if (status == PV_OK) status = pv_program_run(program);
    if (status == PV_OK) status = pv_stream_sync(stream);
    pv_program_close(program);
    return status;
}

static pv_status bring(const results *r, const pv_device_data *data, pv_stream *stream)
{
    uint32_t *index;
    char *page = NULL;
    PV_TRY(pv_new(&index, r->rows, sizeof *index, "a batch"));
    pv_status status = pv_new(&page, r->rows, r->paged, "images of a batch");
    if (status == PV_OK) status = pv_download(stream, index, r->index, r->rows * sizeof *index);
    for (size_t i = 0, run; i < r->rows && status == PV_OK; i += run) {
        for (run = 1; i + run < r->rows && index[i + run] == index[i] + run;) run++;
        status = pv_data_rows(data->data, index[i], run, page + i * r->paged);
    }
    if (status == PV_OK) status = pv_upload(stream, r->page, page, r->rows * r->paged);
    free(page);
    free(index);
    return status;
}

/* Before the program is run: its examples are in r->index, unless it draws them. */
static pv_status prepare(const results *r, const pv_device_data *data, pv_stream *stream,
                         uint64_t seed)
{
    if (!r->paged) return PV_OK;
    if (!r->listed) PV_TRY(draw(r, data, stream, seed));
    return bring(r, data, stream);
}

/* ---- programs ---- */

/* Of all variables that the model was trained with: those that are left keep their own. */
static pv_status record_noise(pv_program *program, const results *r, const pv_model *model,
                              uint64_t seed, float **noise)
{
    float *all = *noise = pv_rows(program, float, model->latents);
    PV_TRY(pv_noise(program, &(pv_noise_args){.cols = model->latents,
                                              .seed = seed,
                                              .purpose = PV_FOR_CODES,
                                              .step = r->step,
                                              .noise = all}));
    if (!model->variable) return PV_OK;
    *noise = pv_rows(program, float, model->vae.latents);
    return pv_select(program, &(pv_select_args){.cols = model->vae.latents,
                                                .width = model->latents,
                                                .from = all,
                                                .column = r->column,
                                                .to = *noise});
}

static pv_status record_codes(pv_program *program, const results *r, const pv_model *model,
                              const pv_device_data *data, uint64_t seed, float **image,
                              float **mean, float **z)
{
    const size_t latents = model->vae.latents;
    pv_trace trace;
    float *logvar, *noise;
    const pv_gathering what = {.index = r->paged ? r->line : r->index,
                               .images = r->paged ? r->page : NULL,
                               .examples = r->rows,
                               .seed = seed,
                               .purpose = PV_FOR_EVALUATION_VARIANT,
                               .step = r->step};
    if (!r->listed && !r->paged) PV_TRY(record_draw(program, r, data, seed));
    PV_TRY(pv_device_data_gather(program, data, &what, image));
    PV_TRY(pv_vae_encode(program, &model->vae, &model->parameters, *image, &trace, mean, &logvar));
    PV_TRY(record_noise(program, r, model, seed, &noise));
    *z = pv_rows(program, float, latents);
    PV_TRY(pv_reparameterise(
        program, &(pv_reparameterise_args){
                     .cols = latents, .mean = *mean, .logvar = logvar, .noise = noise, .z = *z}));
    PV_TRY(pv_copy(program, &(pv_copy_args){.cols = latents, .from = *mean, .to = r->mean}));
    PV_TRY(pv_copy(program, &(pv_copy_args){.cols = latents, .from = *z, .to = r->sampled}));
    PV_TRY(pv_kl(program,
                 &(pv_kl_args){.cols = latents, .mean = *mean, .logvar = logvar, .kl = r->kl}));
    return pv_variance(
        program, &(pv_variance_args){.cols = latents, .logvar = logvar, .variance = r->variance});
}

static pv_status record_loss(pv_program *program, float *loss, const pv_model *model,
                             const float *image, const float *z)
{
    pv_trace trace;
    float *unused = pv_rows(program, float, model->vae.pixels);
    PV_TRY(pv_net_forward(program, &model->vae.decoder, &model->parameters, z, &trace));
    return pv_bernoulli(program,
                        &(pv_bernoulli_args){.cols = model->vae.pixels,
                                             .scale = 0.0f,
                                             .logits = pv_trace_output(&model->vae.decoder, &trace),
                                             .image = image,
                                             .loss = loss,
                                             .dlogits = unused});
}

static pv_status record_pictures(pv_program *program, const results *r, const pv_model *model,
                                 const float *image, const float *mean)
{
    const size_t pixels = model->vae.pixels;
    pv_trace trace;
    PV_TRY(pv_net_forward(program, &model->vae.decoder, &model->parameters, mean, &trace));
    PV_TRY(pv_sigmoid(program,
                      &(pv_sigmoid_args){.cols = pixels,
                                         .logits = pv_trace_output(&model->vae.decoder, &trace),
                                         .probability = r->reconstruction}));
    return pv_copy(program, &(pv_copy_args){.cols = pixels, .from = image, .to = r->image});
}

/* The next run draws the next batch. */
static pv_status record_count(pv_program *program, const results *r)
{
    return pv_end_step(program, &(pv_end_step_args){.rows = 1,
                                                    .cols = 1,
                                                    .capacity = 1,
                                                    .terms = r->terms,
                                                    .log = r->log,
                                                    .step = r->step});
}

/* ---- codes ---- */

static pv_status codes_open(pv_codes *c, const pv_model *model, const pv_data *data,
                            size_t examples, const char *precision)
{
    const size_t latents = model->vae.latents;
    memset(c, 0, sizeof *c);
    c->examples = examples;
    c->precision = precision;
    c->latents = (int)latents;
    c->factors = pv_data_observed(data);
    PV_TRY(pv_new(&c->mean, examples * latents, sizeof *c->mean, "codes"));
    PV_TRY(pv_new(&c->variance, examples * latents, sizeof *c->variance, "codes"));
    PV_TRY(pv_new(&c->sampled, examples * latents, sizeof *c->sampled, "codes"));
    PV_TRY(pv_new(&c->factor, examples * (size_t)c->factors, sizeof *c->factor, "codes"));
    PV_TRY(pv_new(&c->factor_name, (size_t)c->factors, sizeof *c->factor_name, "codes"));
    if (model->variable) {
        PV_TRY(pv_new(&c->variable, latents, sizeof *c->variable, "codes"));
        memcpy(c->variable, model->variable, latents * sizeof *c->variable);
    }
    for (int k = 0, seen = 0; k < data->factors; k++)
        if (!data->nuisance[k])
            memcpy(c->factor_name[seen++], data->factor_name[k], sizeof *c->factor_name);
    return PV_OK;
}

/* Images of each combination of the observed factors of a complete grid. */
static size_t copies_of(const pv_data *data)
{
    size_t copies = 1;
    for (int k = 0; k < data->factors; k++)
        if (data->nuisance[k]) copies *= (size_t)data->factor_size[k];
    return copies;
}

static void copy_observed(int32_t *to, const pv_data *data, size_t example)
{
    const int32_t *from = data->factor + example * (size_t)data->factors;
    for (int k = 0; k < data->factors; k++)
        if (!data->nuisance[k]) *to++ = from[k];
}

/* The first `rows` results become examples `first`... of the codes. */
static pv_status fetch(pv_codes *c, pv_losses *losses, const results *r, const pv_data *data,
                       pv_stream *stream, size_t first, size_t rows)
{
    const size_t latents = (size_t)c->latents, at = first * latents;
    const size_t bytes = rows * latents * sizeof(float), factors = (size_t)c->factors;
    uint32_t index[BATCH];
    float loss[BATCH], mean_loss[BATCH], kl[BATCH];
    PV_TRY(pv_download(stream, c->mean + at, r->mean, bytes));
    PV_TRY(pv_download(stream, c->variance + at, r->variance, bytes));
    PV_TRY(pv_download(stream, c->sampled + at, r->sampled, bytes));
    PV_TRY(pv_download(stream, index, r->index, rows * sizeof *index));
    PV_TRY(pv_download(stream, loss, r->loss, rows * sizeof *loss));
    PV_TRY(pv_download(stream, mean_loss, r->mean_loss, rows * sizeof *mean_loss));
    PV_TRY(pv_download(stream, kl, r->kl, rows * sizeof *kl));
    for (size_t i = 0; i < rows; i++)
        copy_observed(c->factor + (first + i) * factors, data, index[i]);
    for (size_t i = 0; i < rows && losses; i++) {
        losses->reconstruction += (double)loss[i] / (double)c->examples;
        losses->reconstruction_of_mean += (double)mean_loss[i] / (double)c->examples;
        losses->kl += (double)kl[i] / (double)c->examples;
    }
    return PV_OK;
}

/* The next examples in their order; behind the last one, the last one. */
static pv_status list(const results *r, pv_stream *stream, size_t first, size_t examples)
{
    uint32_t index[BATCH];
    for (size_t i = 0; i < r->rows; i++)
        index[i] = (uint32_t)(first + i < examples ? first + i : examples - 1);
    return pv_upload(stream, r->index, index, r->rows * sizeof *index);
}

static pv_status encode_batches(pv_codes *c, pv_losses *losses, pv_program *program,
                                const results *r, const pv_device_data *data, pv_stream *stream,
                                uint64_t seed, const pv_progress *progress)
{
    for (size_t first = 0; first < c->examples; first += r->rows) {
        const size_t left = c->examples - first;
        if (r->listed) PV_TRY(list(r, stream, first, c->examples));
        PV_TRY(prepare(r, data, stream, seed));
        PV_TRY(pv_program_run(program));
        PV_TRY(fetch(c, losses, r, data->data, stream, first, left < r->rows ? left : r->rows));
        if (progress)
            PV_TRY(progress->report(progress->state, left < r->rows ? c->examples : first + r->rows,
                                    c->examples));
    }
    return PV_OK;
}

pv_status pv_encode(pv_codes *out, pv_losses *losses, const pv_model *model,
                    const pv_device_data *data, pv_stream *stream, size_t examples, uint64_t seed,
                    const pv_progress *progress)
{
    results r = {0};
    pv_program *program = NULL;
    float *image, *mean, *z;
    const int listed = examples == 0;
    if (listed) examples = data->data->examples;
    memset(out, 0, sizeof *out);
    if (losses) memset(losses, 0, sizeof *losses);
    PV_TRY(check_size(model, data));
    pv_status status = codes_open(out, model, data->data, examples, pv_stream_precision(stream));
    if (listed && data->data->complete) out->copies = copies_of(data->data);
    if (status == PV_OK)
        status = results_open(&r, model, data, stream, examples < BATCH ? examples : BATCH, 0);
    r.listed = listed;
    if (status == PV_OK) status = pv_program_begin(&program, stream, r.rows);
    if (status == PV_OK) status = record_codes(program, &r, model, data, seed, &image, &mean, &z);
    if (status == PV_OK && losses) status = record_loss(program, r.loss, model, image, z);
    if (status == PV_OK && losses) status = record_loss(program, r.mean_loss, model, image, mean);
    if (status == PV_OK) status = record_count(program, &r);
    if (status == PV_OK) status = pv_program_seal(program);
    if (status == PV_OK)
        status = encode_batches(out, losses, program, &r, data, stream, seed, progress);
    if (losses) losses->elbo = -(losses->reconstruction + losses->kl);
    pv_program_close(program);
    pv_device_release(pv_stream_device(stream), r.block);
    if (status != PV_OK) pv_codes_free(out);
    return status;
}

pv_status pv_reconstruct(float *image, float *reconstruction, const pv_model *model,
                         const pv_device_data *data, pv_stream *stream, size_t count, uint64_t seed)
{
    const size_t bytes = count * model->vae.pixels * sizeof(float);
    results r;
    pv_program *program = NULL;
    float *drawn, *mean, *z;
    PV_TRY(check_size(model, data));
    pv_status status = results_open(&r, model, data, stream, count, 1);
    if (status == PV_OK) status = pv_program_begin(&program, stream, count);
    if (status == PV_OK) status = record_codes(program, &r, model, data, seed, &drawn, &mean, &z);
    if (status == PV_OK) status = record_pictures(program, &r, model, drawn, mean);
    if (status == PV_OK) status = pv_program_seal(program);
    if (status == PV_OK) status = prepare(&r, data, stream, seed);
    if (status == PV_OK) status = pv_program_run(program);
    if (status == PV_OK) status = pv_download(stream, image, r.image, bytes);
    if (status == PV_OK) status = pv_download(stream, reconstruction, r.reconstruction, bytes);
    pv_program_close(program);
    pv_device_release(pv_stream_device(stream), r.block);
    return status;
}
