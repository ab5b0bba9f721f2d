/* checkpoint.c -- a model in training as an HDF5 file, and back.
 *
 *   parameters/<layer>/weight, bias     values, in the shapes of net.h
 *   adam/m/..., adam/v/...              the moments, likewise
 *   log                                 [log_every, terms]: the terms of the last steps
 *   variables, @latents                 of a pruned model: which of how many are left
 *   @step, @seed, @objective, @data (checksum), @image (height, width, channels), @checksum,
 *   @version, @device */
#include "train/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/version.h"

static const char *const part_name[PV_PARTS] = {"parameters", "adam/m", "adam/v"};

pv_status pv_state_open(pv_state *s, size_t count, size_t log_rows, size_t log_terms)
{
    *s = (pv_state){.count = count, .log_rows = log_rows, .log_terms = log_terms};
    PV_TRY(
        pv_new(&s->memory, PV_PARTS * count + log_rows * log_terms, sizeof(float), "a checkpoint"));
    for (size_t i = 0; i < PV_PARTS; i++) s->part[i] = s->memory + i * count;
    s->log = s->memory + PV_PARTS * count;
    return PV_OK;
}

static float *device_part(const pv_parameters *p, size_t part)
{
    return part == 0 ? p->value : part == 1 ? p->m : p->v;
}

static uint64_t checksum(const pv_state *s, uint64_t step)
{
    uint64_t hash = pv_hash(PV_HASH_START, &step, sizeof step);
    return pv_hash(hash, s->memory,
                   (PV_PARTS * s->count + s->log_rows * s->log_terms) * sizeof(float));
}

/* ---- arrays by layer ---- */

typedef pv_status (*transfer)(pv_h5 *file, const pv_h5_array *array, float *value);

static pv_status read_array(pv_h5 *file, const pv_h5_array *array, float *value)
{
    return pv_h5_read(file, array, value);
}

static pv_status write_array(pv_h5 *file, const pv_h5_array *array, float *value)
{
    return pv_h5_write(file, array, value);
}

static pv_status layer_arrays(pv_h5 *file, const pv_layer *l, const char *part, float *value,
                              transfer move)
{
    char name[96];
    pv_h5_array array = {.name = name, .type = PV_H5_F32, .rank = 2, .dim = {l->out, l->in}};
    if (l->kind != PV_LAYER_DENSE) {
        const size_t k = (size_t)l->kernel;
        array = (pv_h5_array){.name = name,
                              .type = PV_H5_F32,
                              .rank = 4,
                              .dim = {(size_t)l->filters, k, k, (size_t)l->channels}};
    }
    snprintf(name, sizeof name, "%s/%s/weight", part, l->name);
    PV_TRY(move(file, &array, value + l->weight));
    snprintf(name, sizeof name, "%s/%s/bias", part, l->name);
    array = (pv_h5_array){.name = name, .type = PV_H5_F32, .rank = 1, .dim = {l->biases}};
    return move(file, &array, value + l->bias);
}

static pv_status part_arrays(pv_h5 *file, const pv_vae *vae, size_t part, float *value,
                             transfer move)
{
    const pv_layer *l;
    for (int i = 0; (l = pv_vae_layer(vae, i)); i++)
        PV_TRY(layer_arrays(file, l, part_name[part], value, move));
    return PV_OK;
}

static pv_h5_array log_array(const pv_state *s)
{
    return (pv_h5_array){
        .name = "log", .type = PV_H5_F32, .rank = 2, .dim = {s->log_rows, s->log_terms}};
}

static pv_h5_array text_array(const char *name, const char *text)
{
    return (pv_h5_array){.name = name, .type = PV_H5_TEXT, .width = strlen(text) + 1};
}

/* ---- saving ---- */

static pv_status check_finite(const pv_trainer *t, const pv_state *s)
{
    const pv_layer *l;
    for (int i = 0; (l = pv_vae_layer(&t->vae, i)); i++)
        for (size_t j = 0; j < l->weights + l->biases; j++)
            if (!isfinite(s->part[0][l->weight + j]))
                return pv_fail(PV_ENUMERIC,
                               "a parameter of %s is not finite after step %llu; "
                               "a smaller learning_rate may help",
                               l->name, (unsigned long long)t->count);
    return PV_OK;
}

static pv_status write_pruning(pv_h5 *file, const pv_origin *o)
{
    const uint64_t latents = o->latents;
    const pv_h5_array variable = {
        .name = "variables", .type = PV_H5_I32, .rank = 1, .dim = {o->vae->latents}};
    if (!o->variable) return PV_OK;
    PV_TRY(pv_h5_write(file, &(pv_h5_array){.name = "@latents", .type = PV_H5_U64}, &latents));
    return pv_h5_write(file, &variable, o->variable);
}

static pv_status write_file(pv_h5 *file, const pv_state *s, const pv_origin *o)
{
    const uint64_t sum = checksum(s, o->step);
    const uint64_t image[3] = {(uint64_t)o->vae->height, (uint64_t)o->vae->width,
                               (uint64_t)o->vae->channels};
    const pv_h5_array log = log_array(s), version = text_array("@version", PV_VERSION),
                      machine = text_array("@device", o->device),
                      objective = text_array("@objective", o->objective);
    for (size_t i = 0; i < PV_PARTS; i++)
        PV_TRY(part_arrays(file, o->vae, i, s->part[i], write_array));
    PV_TRY(pv_h5_write(file, &log, s->log));
    PV_TRY(pv_h5_write(file, &(pv_h5_array){.name = "@step", .type = PV_H5_U64}, &o->step));
    PV_TRY(pv_h5_write(file, &(pv_h5_array){.name = "@seed", .type = PV_H5_U64}, &o->seed));
    PV_TRY(pv_h5_write(file, &(pv_h5_array){.name = "@data", .type = PV_H5_U64}, &o->data));
    PV_TRY(pv_h5_write(file, &(pv_h5_array){.name = "@checksum", .type = PV_H5_U64}, &sum));
    PV_TRY(pv_h5_write(
        file, &(pv_h5_array){.name = "@image", .type = PV_H5_U64, .rank = 1, .dim = {3}}, image));
    PV_TRY(pv_h5_write(file, &objective, o->objective));
    PV_TRY(pv_h5_write(file, &version, PV_VERSION));
    PV_TRY(pv_h5_write(file, &machine, o->device));
    return write_pruning(file, o);
}

pv_status pv_state_write(const pv_state *s, const pv_origin *origin, const char *path)
{
    pv_h5 *file;
    PV_TRY(pv_h5_create(&file, path));
    pv_status status = write_file(file, s, origin);
    if (status == PV_OK) status = pv_h5_commit(file);
    pv_h5_close(file);
    return status;
}

pv_status pv_trainer_save(pv_trainer *t, const char *path)
{
    pv_state s = {0};
    const pv_origin origin = {.vae = &t->vae,
                              .step = t->count,
                              .seed = (uint64_t)t->config->seed,
                              .data = t->data->data->checksum,
                              .objective = t->objective->name,
                              .device = pv_device_description(pv_stream_device(t->stream))};
    pv_status status =
        pv_state_open(&s, t->parameters.count, (size_t)t->config->log_every, (size_t)t->term_count);
    for (size_t i = 0; i < PV_PARTS && status == PV_OK; i++)
        status = pv_download(t->stream, s.part[i], device_part(&t->parameters, i),
                             s.count * sizeof(float));
    if (status == PV_OK)
        status = pv_download(t->stream, s.log, t->log, s.log_rows * s.log_terms * sizeof(float));
    if (status == PV_OK) status = check_finite(t, &s);
    if (status == PV_OK) status = pv_state_write(&s, &origin, path);
    free(s.memory);
    return status;
}

/* ---- restoring ---- */

/* The terms of how many steps a file holds, and how many terms. */
static pv_status find_log(pv_h5 *file, pv_h5_array *log)
{
    PV_TRY(pv_h5_find(file, "log", log));
    if (log->type == PV_H5_F32 && log->rank == 2 && log->dim[0] - 1 < 100000 &&
        log->dim[1] - 1 < PV_MAX_TERMS)
        return PV_OK;
    return pv_fail(PV_EDATA, "%s: 'log' is not float32 [log_every, terms]", pv_h5_path(file));
}

static pv_status check_origin(const pv_trainer *t, pv_h5 *file)
{
    pv_h5_array log;
    uint64_t seed, data;
    if (pv_h5_has(file, "variables"))
        return pv_fail(PV_EUSAGE,
                       "%s: is a model without its passive variables, which is not trained on",
                       pv_h5_path(file));
    PV_TRY(find_log(file, &log));
    PV_TRY(pv_h5_read(file, &(pv_h5_array){.name = "@seed", .type = PV_H5_U64}, &seed));
    PV_TRY(pv_h5_read(file, &(pv_h5_array){.name = "@data", .type = PV_H5_U64}, &data));
    if (seed != (uint64_t)t->config->seed)
        return pv_fail(PV_EUSAGE, "%s: was trained with seed %llu, not %lld", pv_h5_path(file),
                       (unsigned long long)seed, (long long)t->config->seed);
    if (data != t->data->data->checksum)
        return pv_fail(PV_EUSAGE,
                       "%s: was trained on other data (checksum %016llx) than data=%s (%016llx)",
                       pv_h5_path(file), (unsigned long long)data, t->config->data,
                       (unsigned long long)t->data->data->checksum);
    if (log.dim[0] != (size_t)t->config->log_every)
        return pv_fail(PV_EUSAGE, "%s: was trained with log_every=%zu, not %lld", pv_h5_path(file),
                       log.dim[0], (long long)t->config->log_every);
    if (log.dim[1] != (size_t)t->term_count)
        return pv_fail(PV_EDATA, "%s: 'log' has %zu columns; expected %d", pv_h5_path(file),
                       log.dim[1], t->term_count);
    return PV_OK;
}

pv_status pv_state_read(pv_state *s, uint64_t *step, const pv_vae *vae, pv_h5 *file)
{
    pv_h5_array log;
    uint64_t sum;
    PV_TRY(find_log(file, &log));
    PV_TRY(pv_state_open(s, vae->parameters, log.dim[0], log.dim[1]));
    PV_TRY(pv_h5_read(file, &(pv_h5_array){.name = "@step", .type = PV_H5_U64}, step));
    PV_TRY(pv_h5_read(file, &(pv_h5_array){.name = "@checksum", .type = PV_H5_U64}, &sum));
    for (size_t i = 0; i < PV_PARTS; i++) PV_TRY(part_arrays(file, vae, i, s->part[i], read_array));
    PV_TRY(pv_h5_read(file, &log, s->log));
    if (checksum(s, *step) != sum)
        return pv_fail(PV_EDATA, "%s: is damaged: its checksum does not fit its content",
                       pv_h5_path(file));
    return PV_OK;
}

pv_status pv_trainer_restore(pv_trainer *t, const char *path)
{
    pv_state s = {0};
    pv_h5 *file = NULL;
    pv_step step = {0};
    pv_status status = pv_h5_open(&file, path);
    if (status == PV_OK) status = check_origin(t, file);
    if (status == PV_OK) status = pv_state_read(&s, &step.count, &t->vae, file);
    for (size_t i = 0; i < PV_PARTS && status == PV_OK; i++)
        status = pv_upload(t->stream, device_part(&t->parameters, i), s.part[i],
                           s.count * sizeof(float));
    if (status == PV_OK)
        status = pv_upload(t->stream, t->log, s.log, s.log_rows * s.log_terms * sizeof(float));
    if (status == PV_OK) status = pv_upload(t->stream, t->step_block, &step, sizeof step);
    if (status == PV_OK) t->count = step.count;
    pv_h5_close(file);
    free(s.memory);
    return status;
}

pv_status pv_checkpoint_device(char out[static PV_DESCRIPTION], const char *path)
{
    pv_h5 *file;
    pv_h5_array device = {0};
    out[0] = '\0';
    PV_TRY(pv_h5_open(&file, path));
    pv_status status = PV_OK;
    if (pv_h5_has(file, "@device")) status = pv_h5_find(file, "@device", &device);
    if (device.type == PV_H5_TEXT && device.width > 0 && device.width <= PV_DESCRIPTION)
        status = pv_h5_read(file, &device, out);
    pv_h5_close(file);
    return status;
}

/* ---- a trained model ---- */

/* Which variables of how many a pruned model has. */
static pv_status read_pruning(pv_model *m, pv_h5 *file)
{
    uint64_t latents = m->vae.latents;
    const pv_h5_array variable = {
        .name = "variables", .type = PV_H5_I32, .rank = 1, .dim = {m->vae.latents}};
    m->latents = m->vae.latents;
    if (!pv_h5_has(file, "variables")) return PV_OK;
    PV_TRY(pv_new(&m->variable, m->vae.latents, sizeof *m->variable, "variables"));
    PV_TRY(pv_h5_read(file, &(pv_h5_array){.name = "@latents", .type = PV_H5_U64}, &latents));
    PV_TRY(pv_h5_read(file, &variable, m->variable));
    for (size_t i = 0; i < m->vae.latents; i++)
        if (m->variable[i] < 0 || (uint64_t)m->variable[i] >= latents || latents > 4096)
            return pv_fail(PV_EDATA, "%s: variable %d is none of %llu", pv_h5_path(file),
                           m->variable[i], (unsigned long long)latents);
    m->latents = (size_t)latents;
    return PV_OK;
}

static pv_status read_model(pv_model *m, pv_h5 *file, pv_stream *stream)
{
    uint64_t shape[3];
    pv_state s = {0};
    PV_TRY(pv_h5_read(file, &(pv_h5_array){.name = "@data", .type = PV_H5_U64}, &m->data_checksum));
    PV_TRY(pv_h5_read(
        file, &(pv_h5_array){.name = "@image", .type = PV_H5_U64, .rank = 1, .dim = {3}}, shape));
    if (shape[0] - 1 >= 4096 || shape[1] - 1 >= 4096 || shape[2] - 1 >= 16)
        return pv_fail(PV_EDATA, "%s: @image is not the size of an image", pv_h5_path(file));
    PV_TRY(pv_vae_shape(&m->vae, &m->config, (int)shape[0], (int)shape[1], (int)shape[2]));
    PV_TRY(pv_parameters_open(&m->parameters, pv_stream_device(stream), m->vae.parameters, 0));
    pv_status status = pv_state_read(&s, &m->step, &m->vae, file);
    if (status == PV_OK)
        status = pv_upload(stream, m->parameters.value, s.part[0], s.count * sizeof(float));
    free(s.memory);
    return status == PV_OK ? read_pruning(m, file) : status;
}

static pv_status open_model(pv_model *out, const char *directory, const char *checkpoint,
                            pv_stream *stream)
{
    char path[4096];
    pv_h5 *file = NULL;
    memset(out, 0, sizeof *out);
    snprintf(path, sizeof path, "%s/config.yaml", directory);
    if (!pv_file_exists(path))
        return pv_fail(PV_EUSAGE, "%s: is not a run: it has no config.yaml", directory);
    pv_status status = pv_config_load(&out->config, path, 0, NULL);
    if (status == PV_OK && !pv_file_exists(checkpoint))
        status = pv_fail(PV_EUSAGE, "%s: has no %s yet; train it first", directory,
                         checkpoint + strlen(directory) + 1);
    if (status == PV_OK) status = pv_h5_open(&file, checkpoint);
    if (status == PV_OK) status = read_model(out, file, stream);
    pv_h5_close(file);
    if (status != PV_OK) pv_model_close(out);
    return status;
}

pv_status pv_model_open(pv_model *out, const char *directory, pv_stream *stream)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/checkpoint.h5", directory);
    return open_model(out, directory, path, stream);
}

pv_status pv_model_open_snapshot(pv_model *out, const char *directory, uint64_t step,
                                 pv_stream *stream)
{
    char path[4096];
    pv_snapshot_path(path, directory, step);
    return open_model(out, directory, path, stream);
}

void pv_model_close(pv_model *m)
{
    pv_parameters_close(&m->parameters);
    pv_config_clear(&m->config);
    free(m->variable);
    memset(m, 0, sizeof *m);
}
