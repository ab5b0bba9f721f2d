/* trajectory_start.h -- for tests: a model, and the images and noise of its first steps.
 *
 * They are drawn once more, by the kernels and the purposes that the captured step has, in a
 * program of their own. */
#ifndef PV_TEST_TRAJECTORY_START_H
#define PV_TEST_TRAJECTORY_START_H

#include <zlib.h>

#include "base/hdf5.h"
#include "polarvae/train.h"
#include "run_kernel.h"

enum { STEPS = 50, EXAMPLES = 300, PIXELS = 64 * 64, MAX_INPUTS = 64 };

/* A data set of a start file: [rows, cols] floats, or whole numbers. */
typedef struct {
    char name[64];
    int whole;
    size_t rows, cols;
    void *value; /* owned */
} input;

typedef struct {
    pv_config config;
    pv_data data;
    pv_device_data on_device;
    pv_stream *stream;
    pv_trainer *trainer;
    char objective[256]; /* the objective and its keys as JSON */
    int inputs;
    input input[MAX_INPUTS];
} start;

static void *add_input(start *s, const char *name, int whole, size_t rows, size_t cols)
{
    if (!check(s->inputs < MAX_INPUTS, "more than %d inputs", MAX_INPUTS)) exit(check_end());
    input *i = &s->input[s->inputs++];
    snprintf(i->name, sizeof i->name, "%s", name);
    i->whole = whole;
    i->rows = rows;
    i->cols = cols;
    i->value = malloc(rows * cols * 4);
    return i->value;
}

static size_t input_bytes(const input *i) { return i->rows * i->cols * 4; }

static int64_t input_crc(const input *i)
{
    return (int64_t)crc32(0, i->value, (uInt)input_bytes(i));
}

/* ---- the data set ---- */

/* Sprites of which a quarter of the pixels are turned. Where all of a plain background is one
 * number to a layer, rounding could switch a rectifier everywhere at once. */
static void make_sprites(pv_data *d)
{
    static const int size[5] = {3, 6, 40, 32, 32};
    uint8_t pixels[PIXELS];
    *d = (pv_data){.examples = EXAMPLES, .height = 64, .width = 64, .channels = 1, .words = 128};
    d->bits = calloc(EXAMPLES * d->words, sizeof *d->bits);
    for (size_t i = 0; i < EXAMPLES; i++) {
        uint32_t *word = d->bits + i * d->words;
        int factor[5];
        for (int k = 0; k < 5; k++)
            factor[k] = (int)(hash(hash((uint32_t)k) + (uint32_t)i) % (uint32_t)size[k]);
        pv_sprite_render(factor, pixels);
        for (size_t j = 0; j < PIXELS; j++) word[j / 32] |= (uint32_t)pixels[j] << j % 32;
        for (size_t j = 0; j < d->words; j++) {
            const uint32_t at = (uint32_t)(i * d->words + j);
            word[j] ^= hash(at) & hash(~at);
        }
    }
}

/* ---- what the steps will draw ---- */

/* Of one step, in device memory. */
typedef struct {
    pv_step *step;
    float *images, *noise;
    uint32_t *ranks;
} drawn;

static void record_batch(const start *s, pv_program *program, uint64_t for_order,
                         uint64_t for_noise, const drawn *to)
{
    const pv_config *c = &s->config;
    const uint64_t seed = (uint64_t)c->seed;
    uint32_t *index = pv_rows(program, uint32_t, 1);
    float *gathered;
    NEED(pv_pick(program, &(pv_pick_args){.order = c->order == PV_ORDER_KEY_EPOCHS ? PV_ORDER_EPOCHS
                                                                                   : PV_ORDER_IID,
                                          .seed = seed,
                                          .purpose = for_order,
                                          .examples = EXAMPLES,
                                          .batch = (uint64_t)c->batch,
                                          .step = to->step,
                                          .index = index}));
    NEED(pv_device_data_gather(program, &s->on_device, &(pv_gathering){.index = index}, &gathered));
    NEED(pv_copy(program, &(pv_copy_args){.cols = PIXELS, .from = gathered, .to = to->images}));
    NEED(pv_noise(program, &(pv_noise_args){.cols = (size_t)c->latents,
                                            .seed = seed,
                                            .purpose = for_noise,
                                            .step = to->step,
                                            .noise = to->noise}));
}

static void record_permutation(const start *s, pv_program *program, const drawn *to)
{
    const size_t latents = (size_t)s->config.latents, batch = (size_t)s->config.batch;
    uint32_t *key = pv_rows(program, uint32_t, latents);
    NEED(pv_keys(program, &(pv_keys_args){.cols = latents,
                                          .seed = (uint64_t)s->config.seed,
                                          .purpose = PV_FOR_PERMUTATION,
                                          .step = to->step,
                                          .key = key}));
    NEED(pv_ranks(
        program, &(pv_ranks_args){.cols = latents, .batch = batch, .key = key, .rank = to->ranks}));
}

/* What every step draws: "images", "noise" and, unless `permutation` is NULL, that. */
static void add_draws(start *s, uint64_t for_order, uint64_t for_noise, const char *images,
                      const char *noise, const char *permutation)
{
    const size_t batch = (size_t)s->config.batch, codes = batch * (size_t)s->config.latents;
    const size_t pixels = batch * PIXELS;
    float *all_images = add_input(s, images, 0, STEPS, pixels);
    float *all_noise = add_input(s, noise, 0, STEPS, codes);
    uint32_t *all_ranks = permutation ? add_input(s, permutation, 1, STEPS, codes) : NULL;
    void *block;
    pv_program *program;
    NEED(pv_device_alloc(device, 64 + (pixels + 2 * codes) * sizeof(float), &block));
    drawn on_device = {.step = block, .images = (float *)((char *)block + 64)};
    on_device.noise = on_device.images + pixels;
    on_device.ranks = (uint32_t *)(on_device.noise + codes);
    NEED(pv_program_begin(&program, s->stream, batch));
    record_batch(s, program, for_order, for_noise, &on_device);
    if (permutation) record_permutation(s, program, &on_device);
    NEED(pv_program_seal(program));
    for (size_t t = 0; t < STEPS; t++) {
        const pv_step step = {.count = t};
        NEED(pv_upload(s->stream, on_device.step, &step, sizeof step));
        NEED(pv_program_run(program));
        NEED(pv_download(s->stream, all_images + t * pixels, on_device.images, pixels * 4));
        NEED(pv_download(s->stream, all_noise + t * codes, on_device.noise, codes * 4));
        if (permutation)
            NEED(pv_download(s->stream, all_ranks + t * codes, on_device.ranks, codes * 4));
    }
    pv_program_close(program);
    pv_device_release(device, block);
}

/* ---- the model ---- */

/* Biases of a fresh model are zero and its codes are all alike: the objectives would hardly differ,
 * and gradients would be rounding. So biases are drawn, and the encoder is scaled, by powers of 2,
 * until its codes spread about as far as their noise. */
static void stir(const pv_layer *l, int layer, int bias, float *value, size_t count)
{
    float gain = 1.0f;
    if (strcmp(l->name, "encoder/logvar") == 0)
        gain = 0.25f;
    else if (strncmp(l->name, "encoder", 7) == 0 && strcmp(l->name, "encoder/mean") != 0)
        gain = 2.0f;
    for (size_t i = 0; i < count; i++)
        value[i] = bias ? (float)(0.1 * hashed(100 + (uint32_t)layer, i)) : gain * value[i];
}

static int of_discriminator(const char *name) { return strncmp(name, "discriminator", 13) == 0; }

/* "parameters/encoder/conv1/weight", "discriminator/dense1/weight" and so on. */
static void add_parameters(start *s)
{
    const pv_vae *vae = pv_trainer_vae(s->trainer);
    const pv_layer *l;
    char name[64];
    for (int i = 0; (l = pv_vae_layer(vae, i)); i++)
        for (int bias = 0; bias < 2; bias++) {
            const size_t count = bias ? l->biases : l->weights, size = count * sizeof(float);
            float *on_device =
                pv_trainer_parameters(s->trainer)->value + (bias ? l->bias : l->weight);
            snprintf(name, sizeof name, "%s%s/%s", of_discriminator(l->name) ? "" : "parameters/",
                     l->name, bias ? "bias" : "weight");
            float *value = add_input(s, name, 0, 1, count);
            NEED(pv_download(s->stream, value, on_device, size));
            stir(l, i, bias, value, count);
            NEED(pv_upload(s->stream, on_device, value, size));
        }
}

/* The objective and its keys as trajectory.py reads them. */
static void describe_objective(start *s)
{
    const pv_objective *o = pv_objective_find(s->config.objective);
    const size_t size = sizeof s->objective;
    char *to = s->objective;
    size_t n = (size_t)snprintf(to, size, "{\"objective\": \"%s\"", o->name);
    for (int i = 0; o->keys[i].name; i++) {
        const pv_objective_key *key = &o->keys[i];
        const double value = s->config.objective_value[i];
        if (of_discriminator(key->name)) continue; /* attributes of their own */
        const char *word = key->choices ? key->choices[(int)value] : NULL;
        const int quoted = word && strcmp(word, "false") != 0 && strcmp(word, "true") != 0;
        n += (size_t)snprintf(to + n, size - n, ", \"%s\": ", key->name);
        if (word)
            n += (size_t)snprintf(to + n, size - n, quoted ? "\"%s\"" : "%s", word);
        else
            n += (size_t)snprintf(to + n, size - n, "%.17g", value);
    }
    if (o->discriminator) /* both networks move at once */
        n += (size_t)snprintf(to + n, size - n, ", \"second_after_update\": false");
    if (strcmp(o->name, "beta_tcvae") == 0)
        n += (size_t)snprintf(to + n, size - n, ", \"examples\": %d", EXAMPLES);
    snprintf(to + n, size - n, "}");
}

static void start_open(start *s, pv_stream *on, int count, const char *const *set)
{
    *s = (start){.stream = on};
    NEED(pv_config_load(&s->config, NULL, count, set));
    make_sprites(&s->data);
    NEED(pv_device_data_open(&s->on_device, device, &s->data));
    NEED(pv_trainer_open(&s->trainer, &s->config, &s->on_device, on));
    describe_objective(s);
    add_parameters(s);
    const pv_objective *o = pv_objective_find(s->config.objective);
    add_draws(s, PV_FOR_ORDER, PV_FOR_NOISE, "images", "noise",
              o->discriminator ? "permutation" : NULL);
    if (o->second_batch && o->second_batch(&s->config))
        add_draws(s, PV_FOR_SECOND_ORDER, PV_FOR_SECOND_NOISE, "images2", "noise2", NULL);
}

static void start_close(start *s)
{
    for (int i = 0; i < s->inputs; i++) free(s->input[i].value);
    pv_trainer_close(s->trainer);
    pv_device_data_close(&s->on_device);
    pv_data_close(&s->data);
    pv_config_clear(&s->config);
}

/* ---- the start file, and its attributes in other files ---- */

/* use(file, array, value): pv_h5_write, or a comparison with what the file holds. */
typedef pv_status (*use_attribute)(pv_h5 *, const pv_h5_array *, const void *);

static void each_attribute(const start *s, pv_h5 *file, use_attribute use)
{
    const pv_config *c = &s->config;
    const char *network = c->network == PV_NETWORK_FC ? "fc" : "conv";
    const char *placement = c->adam_epsilon == PV_EPSILON_TORCH ? "torch" : "tensorflow";
    const int64_t kernel = c->kernel == PV_KERNEL_4 ? 4 : 2, channels = 1;
    const struct {
        const char *name;
        pv_h5_type type;
        const void *value;
    } attribute[] = {
        {"@config", PV_H5_TEXT, s->objective}, {"@network", PV_H5_TEXT, network},
        {"@placement", PV_H5_TEXT, placement}, {"@batch", PV_H5_I64, &c->batch},
        {"@latents", PV_H5_I64, &c->latents},  {"@kernel", PV_H5_I64, &kernel},
        {"@channels", PV_H5_I64, &channels},   {"@learning_rate", PV_H5_F64, &c->learning_rate},
        {"@beta1", PV_H5_F64, &c->adam_beta1}, {"@beta2", PV_H5_F64, &c->adam_beta2},
        {"@epsilon", PV_H5_F64, &c->epsilon},
    };
    for (size_t i = 0; i < sizeof attribute / sizeof *attribute; i++) {
        pv_h5_array a = {.name = attribute[i].name, .type = attribute[i].type};
        if (a.type == PV_H5_TEXT) a.width = strlen(attribute[i].value) + 1;
        NEED(use(file, &a, attribute[i].value));
    }
    const pv_objective *o = pv_objective_find(c->objective);
    pv_h5_array a = {.name = "@discriminator_epsilon", .type = PV_H5_F64};
    if (o->discriminator) NEED(use(file, &a, &c->epsilon));
    for (int i = 0; o->keys[i].name; i++) {
        char name[64];
        snprintf(name, sizeof name, "@%s", o->keys[i].name);
        a.name = name;
        if (of_discriminator(name + 1)) NEED(use(file, &a, &c->objective_value[i]));
    }
}

static void start_write(const start *s, const char *path)
{
    pv_h5 *file;
    NEED(pv_h5_create(&file, path));
    each_attribute(s, file, pv_h5_write);
    for (int i = 0; i < s->inputs; i++) {
        const input *in = &s->input[i];
        const pv_h5_array a = {.name = in->name,
                               .type = in->whole ? PV_H5_I32 : PV_H5_F32,
                               .rank = 2,
                               .dim = {in->rows, in->cols}};
        NEED(pv_h5_write(file, &a, in->value));
    }
    NEED(pv_h5_commit(file));
    pv_h5_close(file);
    printf("wrote %s\n", path);
}

#endif
