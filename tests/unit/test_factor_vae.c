/* test_factor_vae.c -- FactorVAE's discriminator: its losses against golden values in float64
 * (tests/oracle/objectives.py), that neither network's loss moves the other, and that permuted
 * codes are the codes of the batch. */
#include "base/hdf5.h"
#include "small_model.h"

#include <math.h>

static pv_stream *stream;

/* ---- losses on given logits ---- */

static void read_golden(pv_h5 *file, const char *name, pv_h5_type type, void *out, size_t n)
{
    pv_h5_array a;
    OK(pv_h5_find(file, name, &a));
    assert_int_equal(a.type, type);
    assert_true(a.dim[0] * (a.rank > 1 ? a.dim[1] : 1) <= n);
    OK(pv_h5_read(file, &a, out));
}

enum { CASES = 64, ROWS = 512 };

/* All rows in one program: the kernel sees each on its own. */
static void losses_equal_the_golden_ones(void **state)
{
    (void)state;
    static float z[2 * ROWS], permuted[2 * ROWS], pairs[4 * ROWS], direction[4 * ROWS],
        slope[2 * ROWS], row_value[3][ROWS];
    static double value[3][CASES], tc_z[2 * ROWS], loss_z[2 * ROWS], loss_permuted[2 * ROWS];
    static int64_t batch[CASES];
    static const char *const names[] = {"tc", "loss", "accuracy"};
    pv_h5_array cases;
    pv_h5 *f;
    char name[64];
    OK(pv_h5_open(&f, PV_SOURCE_DIR "/tests/golden/objectives.h5"));
    OK(pv_h5_find(f, "discriminator/batch", &cases));
    read_golden(f, "discriminator/batch", PV_H5_I64, batch, CASES);
    read_golden(f, "discriminator/logits", PV_H5_F32, z, 2 * ROWS);
    read_golden(f, "discriminator/permuted", PV_H5_F32, permuted, 2 * ROWS);
    read_golden(f, "discriminator/tc_dlogits", PV_H5_F64, tc_z, 2 * ROWS);
    read_golden(f, "discriminator/loss_dlogits", PV_H5_F64, loss_z, 2 * ROWS);
    read_golden(f, "discriminator/loss_dpermuted", PV_H5_F64, loss_permuted, 2 * ROWS);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "discriminator/%s", names[i]);
        read_golden(f, name, PV_H5_F64, value[i], CASES);
    }
    pv_h5_close(f);

    size_t row = 0;
    for (size_t k = 0; k < cases.dim[0]; k++) {
        const size_t n = (size_t)batch[k];
        pv_program *program;
        for (size_t i = 0; i < n; i++) {
            memcpy(pairs + 4 * i, z + 2 * (row + i), 2 * sizeof(float));
            memcpy(pairs + 4 * i + 2, permuted + 2 * (row + i), 2 * sizeof(float));
        }
        OK(pv_program_begin(&program, stream, n));
        OK(pv_discriminate(program, &(pv_discriminate_args){.scale = 1.0f / (float)n,
                                                            .clip = 1e-6f,
                                                            .logits = pairs,
                                                            .correlation = row_value[0],
                                                            .loss = row_value[1],
                                                            .right = row_value[2],
                                                            .direction = direction,
                                                            .slope = slope}));
        OK(pv_program_seal(program));
        OK(pv_program_run(program));
        OK(pv_stream_sync(stream));
        pv_program_close(program);
        for (int i = 0; i < 3; i++) {
            double mean = 0.0, size = 0.0;
            for (size_t j = 0; j < n; j++) {
                mean += (double)row_value[i][j] / (double)n;
                size += fabs((double)row_value[i][j]) / (double)n;
            }
            assert_true(fabs(mean - value[i][k]) <= 1e-6 * size);
        }
        for (size_t i = 0; i < 2 * n; i++) {
            const size_t at = 2 * row + i, pair = i / 2 * 4 + i % 2;
            const double towards = (double)direction[pair], of_z = (double)slope[i / 2 * 2],
                         of_permuted = (double)slope[i / 2 * 2 + 1];
            assert_true(fabs(towards / (double)n - tc_z[at]) <= 1e-7);
            assert_true(fabs(of_z * towards - loss_z[at]) <= 1e-6 * fabs(loss_z[at]));
            assert_true(fabs(of_permuted * towards - loss_permuted[at]) <=
                        1e-6 * fabs(loss_permuted[at]));
        }
        row += n;
    }
    assert_true(row > 100);
}

/* ---- two networks that keep out of each other's way ---- */

typedef struct {
    float *value;
    size_t count, split;
} parameters;

static parameters download(const model *m, const float *from)
{
    const pv_vae *vae = pv_trainer_vae(m->trainer);
    parameters p = {malloc(vae->parameters * sizeof(float)), vae->parameters,
                    vae->discriminator_at};
    OK(pv_download(m->stream, p.value, from, p.count * sizeof(float)));
    return p;
}

/* How many of the VAE's numbers differ, and how many of the discriminator's. */
static void count_changed(const parameters *a, const parameters *b, size_t changed[2])
{
    changed[0] = changed[1] = 0;
    for (size_t i = 0; i < a->count; i++)
        changed[i >= a->split] += memcmp(&a->value[i], &b->value[i], sizeof(float)) != 0;
}

enum { BATCH = 16, LATENTS = 5 };

static void open_model(model *m, const char *const set[3])
{
    const char *const all[] = {set[0], set[1], set[2], "batch=16", "latents=5", "log_every=1"};
    model_open(m, &images, 2, 6, all);
}

static void check_updates(const char *rate, const char *batch, int vae_moves,
                          int discriminator_moves)
{
    model m;
    size_t changed[2];
    open_model(&m, (const char *const[]){"objective=factor_vae", rate, batch});
    const pv_parameters *p = pv_trainer_parameters(m.trainer);
    parameters before = download(&m, p->value);
    steps(&m, 3);
    parameters after = download(&m, p->value);
    count_changed(&before, &after, changed);
    if (vae_moves)
        assert_true(changed[0] > before.split / 2);
    else
        assert_int_equal(changed[0], 0);
    if (discriminator_moves)
        assert_true(changed[1] > (before.count - before.split) / 2);
    else
        assert_int_equal(changed[1], 0);
    free(before.value);
    free(after.value);
    model_close(&m);
}

static void an_update_of_one_network_leaves_the_other(void **state)
{
    (void)state;
    check_updates("learning_rate=0.001", "factor_batch=same", 1, 1);
    check_updates("discriminator_learning_rate=0", "factor_batch=same", 1, 0);
    check_updates("discriminator_learning_rate=0", "factor_batch=second", 1, 0);
    check_updates("learning_rate=0", "factor_batch=same", 0, 1);
    check_updates("learning_rate=0", "factor_batch=second", 0, 1);
}

static parameters gradient_of(const char *objective, const char *weight)
{
    static float image[BATCH * 64 * 64], noise[BATCH * LATENTS];
    model m;
    double terms[PV_MAX_TERMS], loss;
    open_model(&m, (const char *const[]){objective, weight, "seed=3"});
    for (size_t i = 0; i < sizeof image / sizeof *image; i++) image[i] = (float)(i * i % 97 < 30);
    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
        noise[i] = 0.1f * (float)(i % 31) - 1.5f;
    OK(pv_trainer_probe(m.trainer, image, noise, terms, &loss));
    parameters gradient = download(&m, pv_trainer_parameters(m.trainer)->gradient);
    model_close(&m);
    return gradient;
}

static void gamma_is_nothing_to_the_discriminator(void **state)
{
    (void)state;
    size_t changed[2];
    parameters with = gradient_of("objective=factor_vae", "gamma=1000"),
               without = gradient_of("objective=factor_vae", "gamma=0"),
               vae = gradient_of("objective=beta_vae", "beta=1");
    count_changed(&with, &without, changed);
    assert_true(changed[0] > with.split / 4); /* of the encoder */
    assert_int_equal(changed[1], 0);
    assert_int_equal(vae.count, with.split);
    count_changed(&vae, &without, changed);
    assert_int_equal(changed[0], 0);
    free(with.value);
    free(without.value);
    free(vae.value);
}

/* ---- permuted codes ---- */

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Pairs of codes 0, 1, 2... at a step, into host memory. */
static void make_pairs(uint64_t step, float z[BATCH * LATENTS], float pair[2 * BATCH * LATENTS])
{
    const size_t n = LATENTS;
    const pv_step block = {.count = step};
    pv_program *program;
    for (int i = 0; i < BATCH * LATENTS; i++) z[i] = (float)i;
    OK(pv_program_begin(&program, stream, BATCH));
    uint32_t *key = pv_rows(program, uint32_t, n), *rank = pv_rows(program, uint32_t, n);
    OK(pv_keys(program, &(pv_keys_args){.cols = n, .seed = 1, .step = &block, .key = key}));
    OK(pv_ranks(program, &(pv_ranks_args){.cols = n, .batch = BATCH, .key = key, .rank = rank}));
    OK(pv_pair(program, &(pv_pair_args){.cols = n, .z = z, .from = z, .rank = rank, .pair = pair}));
    OK(pv_program_seal(program));
    OK(pv_program_run(program));
    OK(pv_stream_sync(stream));
    pv_program_close(program);
}

static void a_permutation_keeps_every_marginal(void **state)
{
    (void)state;
    static float z[BATCH * LATENTS], pair[2][2 * BATCH * LATENTS];
    make_pairs(0, z, pair[0]);
    make_pairs(1, z, pair[1]);
    assert_memory_not_equal(pair[0], pair[1], sizeof pair[0]);
    int alike = 0;
    for (int col = 0; col < LATENTS; col++) {
        float column[BATCH];
        for (int row = 0; row < BATCH; row++) {
            const float *both = pair[0] + 2 * row * LATENTS;
            assert_true(both[col] == z[row * LATENTS + col]);
            column[row] = both[LATENTS + col];
            if (col > 0) alike += column[row] == both[LATENTS] + (float)col;
        }
        qsort(column, BATCH, sizeof *column, by_value);
        for (int row = 0; row < BATCH; row++) assert_true(column[row] == z[row * LATENTS + col]);
    }
    assert_true(alike < BATCH); /* columns go their own ways: 4 of 64 are expected to meet */
}

static int begin_here(void **state)
{
    if (begin(state) != 0) return -1;
    OK(pv_stream_open(&stream, device, 2));
    return 0;
}

static int end_here(void **state)
{
    pv_stream_close(stream);
    return end(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_equal_the_golden_ones),
        cmocka_unit_test(an_update_of_one_network_leaves_the_other),
        cmocka_unit_test(gamma_is_nothing_to_the_discriminator),
        cmocka_unit_test(a_permutation_keeps_every_marginal),
    };
    return cmocka_run_group_tests(tests, begin_here, end_here);
}
