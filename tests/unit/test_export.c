/* test_export.c -- ONNX files of networks of every kind, run by plain loops in double precision,
 * give what the engine gives.
 *
 *     test_export --write DIR      the files and the engine's results, for oracle/onnx_check.py */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hdf5.h"
#include "onnx_run.h"
#include "random_model.h"

enum { IMAGES = 3 };

/* ---- a network that no configuration has ---- */

static void place(pv_vae *vae, pv_layer *l, const char *name)
{
    snprintf(l->name, sizeof l->name, "%s", name);
    l->fold = 1;
    l->weight = vae->parameters;
    l->bias = l->weight + l->weights;
    l->fan_in = l->in;
    l->fan_out = l->out;
    vae->parameters += l->weights + l->biases;
}

static void dense(pv_vae *vae, pv_layer *l, const char *name, size_t in, size_t out, int activation)
{
    *l = (pv_layer){.kind = PV_LAYER_DENSE,
                    .activation = activation,
                    .in = in,
                    .out = out,
                    .weights = in * out,
                    .biases = out};
    place(vae, l, name);
}

/* 7 x 6 x 2 to 4 x 3 x 5, or back: a kernel of 3 that leaves out the last column. */
enum { BIG = 7 * 6 * 2, SMALL = 4 * 3 * 5 };
static void odd(pv_vae *vae, pv_layer *l, const char *name, pv_layer_kind what, int activation)
{
    const int forward = what == PV_LAYER_CONV;
    *l = (pv_layer){.kind = what,
                    .activation = activation,
                    .in = forward ? BIG : SMALL,
                    .out = forward ? SMALL : BIG,
                    .height = 7,
                    .width = 6,
                    .channels = 2,
                    .filters = 5,
                    .kernel = 3,
                    .stride = 2,
                    .pad = 1,
                    .weights = (size_t)(9 * 2 * 5),
                    .biases = forward ? 5 : 2};
    place(vae, l, name);
}

/* Dense layers from images and to images, heads on an image, every activation. */
static void awkward_open(pv_model *m)
{
    pv_vae *v = &m->vae;
    *m = (pv_model){.step = 7, .latents = 3};
    OK(pv_config_load(&m->config, NULL, 0, NULL));
    *v = (pv_vae){.height = 7, .width = 6, .channels = 2, .pixels = BIG, .latents = 3};
    odd(v, &v->encoder.layer[0], "encoder/conv1", PV_LAYER_CONV, PV_LEAKY_RELU);
    dense(v, &v->encoder.layer[1], "encoder/dense1", SMALL, BIG, PV_TANH);
    odd(v, &v->encoder.layer[2], "encoder/conv2", PV_LAYER_CONV, PV_LINEAR);
    v->encoder.layers = 3;
    dense(v, &v->mean, "encoder/mean", SMALL, 3, PV_LINEAR);
    dense(v, &v->logvar, "encoder/logvar", SMALL, 3, PV_LINEAR);
    dense(v, &v->decoder.layer[0], "decoder/dense1", 3, SMALL, PV_LINEAR);
    odd(v, &v->decoder.layer[1], "decoder/deconv1", PV_LAYER_DECONV, PV_RELU);
    dense(v, &v->decoder.layer[2], "decoder/dense2", BIG, BIG, PV_TANH);
    v->decoder.layers = 3;
    fill(m);
}

/* ---- what the engine makes of images and codes ---- */

typedef struct {
    size_t pixels, latents;
    float *image, *z, *mean, *logvar, *logits, *probability; /* images by height, width, channel */
} results;

static float *numbers(size_t count, uint64_t seed, float scale, float shift)
{
    float *out = calloc(count, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < count && seed; i++) out[i] = shift + scale * chance(i + seed);
    return out;
}

static void record(pv_program *program, const pv_model *m, const float *image, const float *z,
                   float *const out[4])
{
    const size_t pixels = m->vae.pixels, latents = m->vae.latents;
    pv_trace trace;
    float *mean, *logvar;
    OK(pv_vae_encode(program, &m->vae, &m->parameters, image, &trace, &mean, &logvar));
    OK(pv_copy(program, &(pv_copy_args){.cols = latents, .from = mean, .to = out[0]}));
    OK(pv_copy(program, &(pv_copy_args){.cols = latents, .from = logvar, .to = out[1]}));
    OK(pv_net_forward(program, &m->vae.decoder, &m->parameters, z, &trace));
    const float *logits = pv_trace_output(&m->vae.decoder, &trace);
    OK(pv_copy(program, &(pv_copy_args){.cols = pixels, .from = logits, .to = out[2]}));
    OK(pv_sigmoid(program,
                  &(pv_sigmoid_args){.cols = pixels, .logits = logits, .probability = out[3]}));
    OK(pv_program_seal(program));
}

static void run_engine(results *r, const pv_model *m)
{
    enum { BLOCKS = 6 };
    pv_program *program;
    void *block[BLOCKS];
    r->pixels = m->vae.pixels, r->latents = m->vae.latents;
    const size_t codes = IMAGES * r->latents, pixels = IMAGES * r->pixels;
    r->image = numbers(pixels, 1000003, 0.5f, 0.5f), r->z = numbers(codes, 2000003, 2, 0);
    r->mean = numbers(codes, 0, 0, 0), r->logvar = numbers(codes, 0, 0, 0);
    r->logits = numbers(pixels, 0, 0, 0), r->probability = numbers(pixels, 0, 0, 0);
    float *const host[BLOCKS] = {r->mean, r->logvar, r->logits, r->probability, r->image, r->z};
    const size_t size[BLOCKS] = {codes, codes, pixels, pixels, pixels, codes};
    for (int i = 0; i < BLOCKS; i++)
        OK(pv_device_alloc(device, size[i] * sizeof(float), &block[i]));
    for (int i = 4; i < BLOCKS; i++)
        OK(pv_upload(stream, block[i], host[i], size[i] * sizeof(float)));
    OK(pv_program_begin(&program, stream, IMAGES));
    record(program, m, block[4], block[5],
           (float *const[]){block[0], block[1], block[2], block[3]});
    OK(pv_program_run(program));
    for (int i = 0; i < 4; i++) OK(pv_download(stream, host[i], block[i], size[i] * sizeof(float)));
    pv_program_close(program);
    for (int i = 0; i < BLOCKS; i++) pv_device_release(device, block[i]);
}

static void results_free(results *r)
{
    free(r->image);
    free(r->z);
    free(r->mean);
    free(r->logvar);
    free(r->logits);
    free(r->probability);
}

/* ---- the same from the files ---- */

/* The engine's order of an image's numbers from ONNX's, for number i of all images. */
static size_t other_order(const pv_vae *v, size_t i)
{
    const size_t plane = (size_t)(v->height * v->width), channels = (size_t)v->channels;
    const size_t at = i % v->pixels;
    return i - at + at % channels * plane + at / channels;
}

static void compare(const onnx_run *run, const char *name, const float *want, size_t count,
                    const pv_vae *image)
{
    const onnx_tensor *got = onnx_find(run, name);
    double largest = 0, apart = 0;
    assert_int_equal(onnx_count(got), count);
    for (size_t i = 0; i < count; i++) {
        const size_t at = image ? other_order(image, i) : i;
        largest = fmax(largest, fabs(got->value[at]));
        apart = fmax(apart, fabs(got->value[at] - (double)want[i]));
    }
    printf("  %-12s up to %-8.3g apart by %.2g of that\n", name, largest, apart / largest);
    assert_true(largest > 0.01);
    assert_true(apart <= 1e-5 * largest);
}

static void run_files(const results *r, const pv_model *m, const char *where)
{
    char path[4200];
    onnx_run run;
    const pv_vae *v = &m->vae;
    const size_t pixels = IMAGES * r->pixels, codes = IMAGES * r->latents;
    double *x = calloc(pixels + codes, sizeof *x), *z = x + pixels;
    assert_non_null(x);
    for (size_t i = 0; i < pixels; i++) x[other_order(v, i)] = (double)r->image[i];
    for (size_t i = 0; i < codes; i++) z[i] = (double)r->z[i];

    snprintf(path, sizeof path, "%s/encoder.onnx", where);
    onnx_open(&run, path);
    onnx_evaluate(&run, "image", 4,
                  (size_t[]){IMAGES, (size_t)v->channels, (size_t)v->height, (size_t)v->width}, x);
    assert_int_equal(run.model->graph->n_output, 2);
    compare(&run, "mean", r->mean, codes, NULL);
    compare(&run, "log_variance", r->logvar, codes, NULL);
    onnx_close(&run);

    snprintf(path, sizeof path, "%s/decoder.onnx", where);
    onnx_open(&run, path);
    onnx_evaluate(&run, "z", 2, (size_t[]){IMAGES, v->latents}, z);
    assert_int_equal(run.model->graph->n_output, 2);
    compare(&run, "logits", r->logits, pixels, v);
    compare(&run, "probability", r->probability, pixels, v);
    onnx_close(&run);
    free(x);
}

static void write_results(const results *r, const pv_vae *v, const char *where)
{
    char path[4200];
    pv_h5 *file;
    const size_t h = (size_t)v->height, w = (size_t)v->width, c = (size_t)v->channels;
#define IMAGE(text)                                                                                \
    {                                                                                              \
        .name = (text), .type = PV_H5_F32, .rank = 4, .dim = { IMAGES, h, w, c }                   \
    }
#define CODE(text)                                                                                 \
    {                                                                                              \
        .name = (text), .type = PV_H5_F32, .rank = 2, .dim = { IMAGES, v->latents }                \
    }
    const pv_h5_array array[] = {IMAGE("image"), CODE("z"),       CODE("mean"),
                                 CODE("logvar"), IMAGE("logits"), IMAGE("probability")};
    const float *const value[] = {r->image, r->z, r->mean, r->logvar, r->logits, r->probability};
    snprintf(path, sizeof path, "%s/engine.h5", where);
    OK(pv_h5_create(&file, path));
    for (int i = 0; i < 6; i++) OK(pv_h5_write(file, &array[i], value[i]));
    OK(pv_h5_commit(file));
    pv_h5_close(file);
}

static void check_model(const pv_model *m, const char *name)
{
    char where[4100];
    results r;
    snprintf(where, sizeof where, "%s/%s", directory, name);
    OK(pv_export_model(m, stream, where));
    run_engine(&r, m);
    printf("%s\n", name);
    run_files(&r, m, where);
    if (keep)
        write_results(&r, &m->vae, where);
    else
        remove_files(where);
    results_free(&r);
}

/* ---- the cases ---- */

static const kind kinds[] = {
    {"conv4", {"kernel=4", "latents=10"}, 2, 64, 64, 1},
    {"conv4_colour", {"kernel=4", "latents=3"}, 2, 32, 48, 3},
    {"conv2", {"kernel=2", "latents=10"}, 2, 32, 16, 1},
    {"conv2_colour", {"kernel=2", "latents=4"}, 2, 16, 32, 3},
    {"fc", {"network=fc", "latents=5"}, 2, 13, 9, 1},
    {"fc_colour", {"network=fc", "latents=5"}, 2, 5, 11, 3},
    {"discriminator", {"objective=factor_vae", "latents=1"}, 2, 16, 16, 1},
};

static void every_network(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        pv_model m;
        model_open(&m, &kinds[i]);
        check_model(&m, kinds[i].name);
        model_close(&m);
    }
}

static void awkward_network(void **state)
{
    (void)state;
    pv_model m;
    awkward_open(&m);
    check_model(&m, "awkward");
    model_close(&m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_network),
        cmocka_unit_test(awkward_network),
    };
    if (argc == 3 && strcmp(argv[1], "--write") == 0) {
        keep = 1;
        snprintf(directory, sizeof directory, "%s", argv[2]);
    }
    return cmocka_run_group_tests(tests, begin, end);
}
