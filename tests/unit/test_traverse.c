/* test_traverse.c -- codes along a variable and from the prior, and what the decoder makes of
 * codes.
 */
#include "small_model.h"

#include <math.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/traverse.h"

enum { LATENTS = 6, PIXELS = 64 * 64, MOST = 250 };

static pv_model trained;
static pv_stream *stream;

static void make_run(void)
{
    model m;
    OK(pv_make_directory(in_directory("run")));
    model_open(&m, &images, 1, 2, (const char *const[]){"batch=8", "latents=6"});
    steps(&m, 3);
    OK(pv_trainer_save(m.trainer, in_directory("run/checkpoint.h5")));
    FILE *file = fopen(in_directory("run/config.yaml"), "w");
    assert_non_null(file);
    OK(pv_config_write(&m.config, file, NULL, 0));
    assert_int_equal(fclose(file), 0);
    model_close(&m);
}

static int open_run(void **state)
{
    if (begin(state) != 0) return -1;
    make_run();
    OK(pv_stream_open(&stream, device, 2));
    OK(pv_model_open(&trained, in_directory("run"), stream));
    return 0;
}

static int close_run(void **state)
{
    pv_model_close(&trained);
    pv_stream_close(stream);
    unlink(in_directory("run/checkpoint.h5"));
    unlink(in_directory("run/config.yaml"));
    rmdir(in_directory("run"));
    return end(state);
}

/* ---- the decoder ---- */

/* One batch that is full, few, one. */
static void codes_decode_as_examples_are_reconstructed(void **state)
{
    (void)state;
    static const size_t counts[] = {MOST, 10, 1};
    static float image[MOST * PIXELS], wanted[MOST * PIXELS], decoded[MOST * PIXELS];
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const size_t count = counts[i];
        pv_codes codes;
        OK(pv_encode(&codes, NULL, &trained, &images, stream, count, 5, NULL));
        OK(pv_reconstruct(image, wanted, &trained, &images, stream, count, 5));
        OK(pv_decode(decoded, &trained, stream, codes.mean, count));
        assert_memory_equal(decoded, wanted, count * PIXELS * sizeof *decoded);
        pv_codes_free(&codes);
    }
}

/* The first layer's weights of variable `j` become zero; *kept is what they were, all of them. */
static float *forget(size_t j, size_t *bytes)
{
    const pv_layer *first = &trained.vae.decoder.layer[0];
    float *at = trained.parameters.value + first->weight;
    *bytes = first->weights * sizeof(float);
    float *kept = malloc(*bytes), *changed = malloc(*bytes);
    assert_true(kept && changed && first->weights == first->out * LATENTS);
    OK(pv_download(stream, kept, at, *bytes));
    memcpy(changed, kept, *bytes);
    for (size_t out = 0; out < first->out; out++) changed[out * LATENTS + j] = 0;
    OK(pv_upload(stream, at, changed, *bytes));
    OK(pv_stream_sync(stream));
    free(changed);
    return kept;
}

static void an_ignored_variable_changes_nothing(void **state)
{
    (void)state;
    enum { STEPS = 5, IGNORED = 2, OTHER = 4 };
    static const int variable[] = {IGNORED, OTHER};
    static const float code[LATENTS] = {0.5F, -1, 0.25F, 2, -0.125F, 1};
    static float z[2 * STEPS * LATENTS], decoded[2 * STEPS * PIXELS];
    size_t bytes;
    float *kept = forget(IGNORED, &bytes);
    pv_traverse(z, code, LATENTS, &(pv_traversal){variable, 2, STEPS, 3});
    OK(pv_decode(decoded, &trained, stream, z, 2 * STEPS));
    for (int i = 1; i < STEPS; i++) {
        assert_memory_equal(decoded, decoded + i * PIXELS, PIXELS * sizeof *decoded);
        assert_memory_not_equal(decoded + STEPS * PIXELS, decoded + (STEPS + i) * PIXELS,
                                PIXELS * sizeof *decoded);
    }
    OK(pv_upload(stream, trained.parameters.value + trained.vae.decoder.layer[0].weight, kept,
                 bytes));
    OK(pv_stream_sync(stream));
    free(kept);
}

/* ---- codes ---- */

static void one_variable_is_replaced(void **state)
{
    (void)state;
    enum { VARIABLES = 2, STEPS = 4 };
    static const int variable[VARIABLES] = {3, 0};
    static const float code[LATENTS] = {10, 11, 12, 13, 14, 15}, value[STEPS] = {-3, -1, 1, 3};
    const pv_traversal t = {variable, VARIABLES, STEPS, 3};
    float z[VARIABLES][STEPS][LATENTS];
    pv_traverse(&z[0][0][0], code, LATENTS, &t);
    for (int v = 0; v < VARIABLES; v++)
        for (int i = 0; i < STEPS; i++)
            for (int j = 0; j < LATENTS; j++)
                assert_true(z[v][i][j] == (j == variable[v] ? value[i] : code[j]));
    /* The middle is 0, the ends are the range, whatever rounding does in between. */
    const pv_traversal odd = {variable, 1, 11, 0.7};
    assert_true(pv_traversal_value(&odd, 0) == -0.7 && pv_traversal_value(&odd, 10) == 0.7);
    assert_true(pv_traversal_value(&odd, 5) == 0);
}

static void sorted_by_kl(void **state)
{
    (void)state;
    static const double kl[] = {0.5, 2, 0, 2, INFINITY, 0.5, 1e-9};
    static const int wanted[] = {4, 1, 3, 0, 5, 6, 2};
    int order[7];
    pv_order_by_kl(order, kl, 7);
    assert_memory_equal(order, wanted, sizeof order);
}

static void samples_are_standard_normal(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static float z[COUNT * LATENTS], again[COUNT * LATENTS];
    double sum = 0, square = 0;
    const double n = COUNT * LATENTS;
    OK(pv_draw_prior(z, &trained, stream, COUNT, 7));
    for (int i = 0; i < COUNT * LATENTS; i++) sum += z[i], square += (double)z[i] * z[i];
    assert_true(fabs(sum / n) < 5 / sqrt(n));
    assert_true(fabs(square / n - 1) < 5 * sqrt(2 / n));
    OK(pv_draw_prior(again, &trained, stream, 10,
                     7)); /* the first ones do not depend on how many */
    assert_memory_equal(z, again, 10 * LATENTS * sizeof *z);
    OK(pv_draw_prior(again, &trained, stream, 10, 8));
    assert_memory_not_equal(z, again, 10 * LATENTS * sizeof *z);
}

static void pruned_variables_keep_their_samples(void **state)
{
    (void)state;
    enum { COUNT = 9, KEPT = 2 };
    static int32_t left[KEPT] = {1, 4};
    float whole[COUNT][LATENTS], z[COUNT][KEPT];
    pv_model pruned = trained;
    pruned.vae.latents = KEPT;
    pruned.variable = left;
    OK(pv_draw_prior(&whole[0][0], &trained, stream, COUNT, 3));
    OK(pv_draw_prior(&z[0][0], &pruned, stream, COUNT, 3));
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < KEPT; k++) assert_true(z[i][k] == whole[i][left[k]]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_decode_as_examples_are_reconstructed),
        cmocka_unit_test(an_ignored_variable_changes_nothing),
        cmocka_unit_test(one_variable_is_replaced),
        cmocka_unit_test(sorted_by_kl),
        cmocka_unit_test(samples_are_standard_normal),
        cmocka_unit_test(pruned_variables_keep_their_samples),
    };
    return cmocka_run_group_tests(tests, open_run, close_run);
}
