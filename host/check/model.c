/* model.c -- the fixed steps: which they are, their images and their parameters. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "check/step.h"

/* ---- which ---- */

/* Every objective has a step with 4x4 kernels, and these are done beside. */
static const pv_check_step beside[] = {
    {"kernel=2", "beta_vae", {"kernel=2", "adam_epsilon=torch"}, 1, 2887},
    {"colour", "beta_vae", {"kernel=2"}, 3, 1466},
    {"network=fc", "beta_vae", {"network=fc", "order=epochs"}, 1, 99},
    {"estimator=stratified", "beta_tcvae", {"kernel=4", "estimator=stratified"}, 1, 905},
    {"factor_batch=second", "factor_vae", {"kernel=4", "factor_batch=second"}, 1, 123},
};
enum { BESIDE = sizeof beside / sizeof *beside };
/* Of an objective's own step, without and with a discriminator. */
enum { SEED = 905, DISCRIMINATOR_SEED = 123 };

static int objectives(void)
{
    int count = 0;
    while (pv_objectives[count]) count++;
    return count;
}

int pv_check_steps(void) { return objectives() + BESIDE; }

pv_check_step pv_check_step_get(int index)
{
    const int first = objectives();
    if (index >= first) return beside[index - first];
    const pv_objective *o = pv_objectives[index];
    return (pv_check_step){
        o->name, o->name, {"kernel=4"}, 1, o->discriminator ? DISCRIMINATOR_SEED : SEED};
}

/* ---- settings, images, parameters ---- */

/* Weights of regularisers that count: beta-TCVAE's is beta - 1. */
static const char *const weights[] = {"beta=4", "gamma=10"};
enum { WEIGHTS = sizeof weights / sizeof *weights };

static int reads(const pv_objective *objective, const char *setting)
{
    const size_t length = strcspn(setting, "=");
    for (const pv_objective_key *k = objective->keys; k->name; k++)
        if (strlen(k->name) == length && strncmp(k->name, setting, length) == 0) return 1;
    return 0;
}

static pv_status make_config(pv_check_model *m, const pv_check_step *step)
{
    enum { COMMON = 5, ALL = COMMON + WEIGHTS + 3 };
    const pv_objective *objective = pv_objective_find(step->objective);
    char name[48];
    const char *set[ALL] = {name, "batch=4", "latents=10", "learning_rate=0.01", "epsilon=1"};
    int count = COMMON;
    snprintf(name, sizeof name, "objective=%s", step->objective);
    for (int i = 0; i < WEIGHTS; i++)
        if (reads(objective, weights[i])) set[count++] = weights[i];
    for (int i = 0; i < 3 && step->set[i]; i++) set[count++] = step->set[i];
    for (int i = 0; i < count; i++) m->inputs = pv_hash(m->inputs, set[i], strlen(set[i]));
    PV_TRY(pv_config_load(&m->config, NULL, count, set));
    m->config.log_every = 1;
    return PV_OK;
}

enum { EXAMPLES = 64, SIDE = 64, PIXELS = SIDE * SIDE, WORDS = PIXELS / 32 };

/* Sprites: binary, or each with a colour of its own on a ground of its own. */
static pv_status make_data(pv_check_model *m, int channels)
{
    pv_data *d = &m->data;
    const size_t colours = (size_t)channels;
    *d = (pv_data){.examples = EXAMPLES, .height = SIDE, .width = SIDE, .channels = channels};
    if (channels == 1) {
        d->words = WORDS;
        PV_TRY(pv_new(&d->bits, EXAMPLES * WORDS, sizeof *d->bits, "images"));
    } else
        PV_TRY(pv_new(&d->bytes, EXAMPLES * PIXELS * colours, 1, "images"));
    for (int i = 0; i < EXAMPLES; i++) {
        uint8_t pixels[PIXELS];
        const int factor[5] = {i % 3, i % 6, i * 7 % 40, i * 5 % 32, i * 11 % 32};
        pv_sprite_render(factor, pixels);
        for (int j = 0; j < PIXELS; j++)
            if (d->bits)
                d->bits[i * WORDS + j / 32] |= (uint32_t)pixels[j] << (j % 32);
            else
                for (size_t c = 0; c < colours; c++)
                    d->bytes[((size_t)i * PIXELS + (size_t)j) * colours + c] =
                        (uint8_t)pv_check_word((uint64_t)i, 2 * c + pixels[j]);
    }
    m->inputs = d->bits ? pv_hash(m->inputs, d->bits, EXAMPLES * WORDS * sizeof *d->bits)
                        : pv_hash(m->inputs, d->bytes, EXAMPLES * PIXELS * colours);
    return PV_OK;
}

/* Uniform numbers, within the limits that training starts with, of biases within 0.1. The weights
 * of the heads are 20 times as wide: codes of different images are far apart, as in a trained
 * model, and an objective's terms are no small differences. */
static pv_status make_parameters(pv_check_model *m, uint64_t seed)
{
    const pv_vae *vae = pv_trainer_vae(m->trainer);
    const pv_parameters *p = pv_trainer_parameters(m->trainer);
    const pv_layer *l;
    PV_TRY(pv_new(&m->value, p->count, sizeof *m->value, "parameters"));
    m->count = p->count;
    for (int i = 0; (l = pv_vae_layer(vae, i)); i++) {
        const int head = l->weight == vae->mean.weight || l->weight == vae->logvar.weight;
        const double limit = (head ? 20.0 : 1.0) * sqrt(6.0 / (double)(l->fan_in + l->fan_out));
        for (int bias = 0; bias < 2; bias++)
            for (size_t j = 0; j < (bias ? l->biases : l->weights); j++) {
                const size_t at = (bias ? l->bias : l->weight) + j;
                const double unit = (double)pv_check_word(PV_CHECK_FOR_VALUES + seed, at) * 0x1p-31;
                m->value[at] = (float)((bias ? 0.1 : limit) * (unit - 1.0));
            }
    }
    m->inputs = pv_hash(m->inputs, m->value, m->count * sizeof *m->value);
    return pv_upload(m->stream, p->value, m->value, m->count * sizeof *m->value);
}

pv_status pv_check_model_open(pv_check_model *m, const pv_check_step *step, pv_stream *stream)
{
    *m = (pv_check_model){.stream = stream, .inputs = PV_HASH_START};
    pv_status status = make_config(m, step);
    if (status == PV_OK) status = make_data(m, step->channels);
    if (status == PV_OK)
        status = pv_device_data_open(&m->images, pv_stream_device(stream), &m->data);
    if (status == PV_OK) status = pv_trainer_open(&m->trainer, &m->config, &m->images, stream);
    if (status == PV_OK) status = make_parameters(m, step->seed);
    if (status != PV_OK) pv_check_model_close(m);
    return status;
}

void pv_check_model_close(pv_check_model *m)
{
    free(m->value);
    pv_trainer_close(m->trainer);
    pv_device_data_close(&m->images);
    pv_data_close(&m->data);
    pv_config_clear(&m->config);
    memset(m, 0, sizeof *m);
}
