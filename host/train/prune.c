/* prune.c -- a trained model without some of its variables. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/version.h"
#include "train/checkpoint.h"

typedef struct {
    pv_model from;
    pv_config config; /* of the pruned model */
    pv_vae vae;
    pv_state whole, left;
    int32_t *variable; /* [vae.latents] */
    const double *mean;
} pruning;

/* ---- parameters ---- */

/* A head: the rows of the variables that stay. */
static void cut_rows(const pruning *p, const pv_layer *a, const pv_layer *b, size_t part)
{
    const float *from = p->whole.part[part];
    float *to = p->left.part[part];
    for (size_t i = 0; i < b->out; i++) {
        const size_t row = (size_t)p->variable[i];
        memcpy(to + b->weight + i * b->in, from + a->weight + row * a->in, a->in * sizeof *to);
        to[b->bias + i] = from[a->bias + row];
    }
}

/* A layer that reads z: the columns of the variables that stay; the others' go into the bias. */
static void cut_columns(const pruning *p, const pv_layer *a, const pv_layer *b, size_t part)
{
    const float *from = p->whole.part[part];
    float *to = p->left.part[part];
    for (size_t i = 0; i < b->out; i++) {
        const float *row = from + a->weight + i * a->in;
        double bias = (double)from[a->bias + i];
        size_t kept = 0;
        for (size_t j = 0; j < a->in; j++)
            if (kept < b->in && (size_t)p->variable[kept] == j)
                to[b->weight + i * b->in + kept++] = row[j];
            else if (part == 0)
                bias += (double)row[j] * p->mean[j];
        to[b->bias + i] = (float)bias;
    }
}

static void cut(const pruning *p)
{
    const pv_vae *v = &p->from.vae;
    for (size_t part = 0; part < PV_PARTS; part++)
        for (int i = 0; pv_vae_layer(v, i); i++) {
            const pv_layer *a = pv_vae_layer(v, i), *b = pv_vae_layer(&p->vae, i);
            if (a == &v->mean || a == &v->logvar)
                cut_rows(p, a, b, part);
            else if (a == &v->decoder.layer[0] || a == &v->discriminator.layer[0])
                cut_columns(p, a, b, part);
            else {
                memcpy(p->left.part[part] + b->weight, p->whole.part[part] + a->weight,
                       a->weights * sizeof(float));
                memcpy(p->left.part[part] + b->bias, p->whole.part[part] + a->bias,
                       a->biases * sizeof(float));
            }
        }
    memcpy(p->left.log, p->whole.log, p->whole.log_rows * p->whole.log_terms * sizeof(float));
}

/* ---- the directory ---- */

static pv_status check_empty(const char *directory)
{
    DIR *d = opendir(directory);
    int entries = 0;
    if (!d && errno == ENOENT) return PV_OK;
    if (!d) return pv_fail(PV_EUSAGE, "%s: is not a directory", directory);
    for (const struct dirent *e; (e = readdir(d));)
        entries += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    if (entries == 0) return PV_OK;
    return pv_fail(PV_EUSAGE, "%s: is not empty; name a new directory", directory);
}

static pv_status write_config(const pruning *p, const char *directory, const char *from)
{
    char path[4096], comment[4200];
    snprintf(path, sizeof path, "%s/config.yaml", directory);
    snprintf(comment, sizeof comment, "polarvae " PV_VERSION ": %s without %zu of its variables",
             from, p->from.latents - p->vae.latents);
    return pv_config_save(&p->config, path, comment);
}

/* ---- all of it ---- */

static pv_status read_whole(pruning *p, const char *directory, pv_stream *stream)
{
    char path[4096];
    pv_h5 *file;
    uint64_t step;
    PV_TRY(pv_model_open(&p->from, directory, stream));
    if (p->from.variable)
        return pv_fail(PV_EUSAGE, "%s: has been pruned before; prune the model it came from",
                       directory);
    snprintf(path, sizeof path, "%s/checkpoint.h5", directory);
    PV_TRY(pv_h5_open(&file, path));
    pv_status status = pv_state_read(&p->whole, &step, &p->from.vae, file);
    pv_h5_close(file);
    return status;
}

static pv_status shape_left(pruning *p, const char *directory, const int *keep)
{
    char path[4096];
    const pv_vae *v = &p->from.vae;
    size_t kept = 0;
    PV_TRY(pv_new(&p->variable, v->latents, sizeof *p->variable, "variables"));
    for (size_t j = 0; j < v->latents; j++)
        if (keep[j]) p->variable[kept++] = (int32_t)j;
    if (kept == 0)
        return pv_fail(PV_EUSAGE, "%s: all variables are passive: nothing would be left",
                       directory);
    snprintf(path, sizeof path, "%s/config.yaml", directory);
    PV_TRY(pv_config_load(&p->config, path, 0, NULL));
    p->config.latents = (int64_t)kept;
    PV_TRY(pv_vae_shape(&p->vae, &p->config, v->height, v->width, v->channels));
    return pv_state_open(&p->left, p->vae.parameters, p->whole.log_rows, p->whole.log_terms);
}

static pv_status write_left(const pruning *p, const char *from, const char *out, pv_stream *stream)
{
    char path[4096];
    const pv_origin origin = {.vae = &p->vae,
                              .step = p->from.step,
                              .seed = (uint64_t)p->config.seed,
                              .data = p->from.data_checksum,
                              .objective = p->config.objective,
                              .device = pv_device_description(pv_stream_device(stream)),
                              .latents = p->from.latents,
                              .variable = p->variable};
    PV_TRY(pv_make_directory(out));
    snprintf(path, sizeof path, "%s/checkpoint.h5", out);
    PV_TRY(pv_state_write(&p->left, &origin, path));
    return write_config(p, out, from);
}

pv_status pv_model_prune(const char *directory, const char *out, const int *keep,
                         const double *mean, pv_stream *stream)
{
    pruning p = {.mean = mean};
    PV_TRY(check_empty(out));
    pv_status status = read_whole(&p, directory, stream);
    if (status == PV_OK) status = shape_left(&p, directory, keep);
    if (status == PV_OK) cut(&p);
    if (status == PV_OK) status = write_left(&p, directory, out, stream);
    free(p.whole.memory);
    free(p.left.memory);
    free(p.variable);
    pv_config_clear(&p.config);
    pv_model_close(&p.from);
    return status;
}
