/* test_prune.c -- a model without some of its variables: the codes of the others are the same to
 * the bit, and the decoder makes what it made of the whole code with the cut variables at their
 * mean. */
#include "small_model.h"

#include <math.h>

#include "base/base.h"
#include "polarvae/encode.h"

enum { LATENTS = 6, KEPT = 4, EXAMPLES = 300 };
static const int keep[LATENTS] = {1, 0, 1, 1, 0, 1}, kept[KEPT] = {0, 2, 3, 5};
static const double cut_at[LATENTS] = {9, -0.75, 9, 9, 1.5, 9};

/* A run directory of a model that was trained for a moment. */
static const char *train(const char *name, int count, const char *const *set)
{
    char path[4300];
    model m;
    model_open(&m, &images, 1, count, set);
    steps(&m, 3);
    OK(pv_make_directory(in_directory(name)));
    snprintf(path, sizeof path, "%s/checkpoint.h5", in_directory(name));
    OK(pv_trainer_save(m.trainer, path));
    snprintf(path, sizeof path, "%s/config.yaml", in_directory(name));
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    OK(pv_config_write(&m.config, file, NULL, 0));
    assert_int_equal(fclose(file), 0);
    model_close(&m);
    return in_directory(name);
}

static void same_codes(const float *whole, const float *left, const char *what)
{
    for (int i = 0; i < EXAMPLES; i++)
        for (int k = 0; k < KEPT; k++)
            if (memcmp(&whole[i * LATENTS + kept[k]], &left[i * KEPT + k], sizeof *left) != 0)
                fail_msg("%s of example %d, variable %d: %.9g became %.9g", what, i, kept[k],
                         (double)whole[i * LATENTS + kept[k]], (double)left[i * KEPT + k]);
}

static void compare_codes(const pv_model *whole, const pv_model *left, pv_stream *stream)
{
    pv_codes a, b;
    OK(pv_encode(&a, NULL, whole, &images, stream, EXAMPLES, 7, NULL));
    OK(pv_encode(&b, NULL, left, &images, stream, EXAMPLES, 7, NULL));
    assert_int_equal(b.latents, KEPT);
    same_codes(a.mean, b.mean, "mean");
    same_codes(a.variance, b.variance, "variance");
    same_codes(a.sampled, b.sampled, "sampled code");
    pv_codes_free(&a);
    pv_codes_free(&b);
}

/* What a net makes of ROWS rows of z; host memory, which the caller frees. */
enum { ROWS = 3 };
static float *outputs(const pv_model *m, const pv_net *net, const float *z, size_t latents,
                      size_t *count, pv_stream *stream)
{
    pv_program *program;
    pv_trace trace;
    void *in, *out;
    const int fold = net->layer[0].fold ? net->layer[0].fold : 1;
    const size_t width = net->layer[net->layers - 1].out * (size_t)fold;
    *count = ROWS * width;
    float *result = malloc(*count * sizeof *result);
    OK(pv_device_alloc(device, ROWS * (size_t)fold * latents * sizeof(float), &in));
    OK(pv_device_alloc(device, *count * sizeof(float), &out));
    OK(pv_upload(stream, in, z, ROWS * (size_t)fold * latents * sizeof(float)));
    OK(pv_program_begin(&program, stream, ROWS));
    OK(pv_net_forward(program, net, &m->parameters, in, &trace));
    OK(pv_copy(program,
               &(pv_copy_args){.cols = width, .from = pv_trace_output(net, &trace), .to = out}));
    OK(pv_program_seal(program));
    OK(pv_program_run(program));
    OK(pv_download(stream, result, out, *count * sizeof(float)));
    pv_program_close(program);
    pv_device_release(device, in);
    pv_device_release(device, out);
    return result;
}

/* On codes whose cut variables are at their mean. */
static void compare_net(const pv_model *whole, const pv_model *left, const pv_net *a,
                        const pv_net *b, pv_stream *stream)
{
    float z[2 * ROWS * LATENTS], z_left[2 * ROWS * KEPT];
    size_t count, count_left;
    double largest = 0, apart = 0;
    if (a->layers == 0) return;
    for (int i = 0; i < 2 * ROWS * LATENTS; i++)
        z[i] = keep[i % LATENTS] ? (float)sin(i) : (float)cut_at[i % LATENTS];
    for (int i = 0; i < 2 * ROWS * KEPT; i++) z_left[i] = z[i / KEPT * LATENTS + kept[i % KEPT]];
    float *x = outputs(whole, a, z, LATENTS, &count, stream);
    float *y = outputs(left, b, z_left, KEPT, &count_left, stream);
    assert_int_equal(count, count_left);
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)x[i]));
        apart = fmax(apart, fabs((double)x[i] - (double)y[i]));
    }
    assert_true(largest > 0);
    printf("  outputs up to %.3g, apart by %.2g of that\n", largest, apart / largest);
    assert_true(apart <= 2e-5 * largest);
    free(x);
    free(y);
}

static void prune_and_compare(const char *name, int count, const char *const *set)
{
    char out[24];
    pv_stream *stream;
    pv_model whole, left;
    const char *run = train(name, count, set);
    snprintf(out, sizeof out, "%.12s-pruned", name);
    OK(pv_stream_open(&stream, device, 2));
    OK(pv_model_prune(run, in_directory(out), keep, cut_at, stream));
    OK(pv_model_open(&whole, in_directory(name), stream));
    OK(pv_model_open(&left, in_directory(out), stream));
    assert_int_equal(left.latents, LATENTS);
    for (int k = 0; k < KEPT; k++) assert_int_equal(left.variable[k], kept[k]);
    compare_codes(&whole, &left, stream);
    compare_net(&whole, &left, &whole.vae.decoder, &left.vae.decoder, stream);
    compare_net(&whole, &left, &whole.vae.discriminator, &left.vae.discriminator, stream);
    pv_model_close(&whole);
    pv_model_close(&left);
    pv_stream_close(stream);
}

static void convolutional(void **state)
{
    (void)state;
    prune_and_compare("conv", 2, (const char *const[]){"batch=8", "latents=6"});
}

static void fully_connected(void **state)
{
    (void)state;
    prune_and_compare("fc", 3, (const char *const[]){"batch=8", "latents=6", "network=fc"});
}

static void with_a_discriminator(void **state)
{
    (void)state;
    prune_and_compare("factor", 3,
                      (const char *const[]){"batch=8", "latents=6", "objective=factor_vae"});
}

static void refused(void **state)
{
    (void)state;
    static const int none[LATENTS] = {0}, four[KEPT] = {1, 1, 0, 1};
    pv_stream *stream;
    model m;
    OK(pv_stream_open(&stream, device, 1));
    assert_int_equal(
        pv_model_prune(in_directory("conv"), in_directory("nothing"), none, cut_at, stream),
        PV_EUSAGE);
    assert_non_null(strstr(pv_error(), "nothing would be left"));
    assert_int_equal(access(in_directory("nothing"), F_OK), -1);
    assert_int_equal(pv_model_prune(in_directory("conv"), in_directory("fc"), keep, cut_at, stream),
                     PV_EUSAGE);
    assert_non_null(strstr(pv_error(), "not empty"));
    assert_int_equal(
        pv_model_prune(in_directory("conv-pruned"), in_directory("twice"), four, cut_at, stream),
        PV_EUSAGE);
    assert_non_null(strstr(pv_error(), "pruned before"));
    model_open(&m, &images, 1, 2, (const char *const[]){"batch=8", "latents=4"});
    assert_int_equal(pv_trainer_restore(m.trainer, in_directory("conv-pruned/checkpoint.h5")),
                     PV_EUSAGE);
    assert_non_null(strstr(pv_error(), "not trained on"));
    model_close(&m);
    pv_stream_close(stream);
}

/* The group's end removes files only. */
static int remove_runs(void **state)
{
    static const char *const runs[] = {"conv",      "conv-pruned", "fc",
                                       "fc-pruned", "factor",      "factor-pruned"};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        char path[4300];
        snprintf(path, sizeof path, "%s/checkpoint.h5", in_directory(runs[i]));
        unlink(path);
        snprintf(path, sizeof path, "%s/config.yaml", in_directory(runs[i]));
        unlink(path);
        rmdir(in_directory(runs[i]));
    }
    return end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutional),
        cmocka_unit_test(fully_connected),
        cmocka_unit_test(with_a_discriminator),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, begin, remove_runs);
}
