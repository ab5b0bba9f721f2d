/* udr_models.h -- the models of tests/golden/udr.h5, at the examples that the reference drew. */
#ifndef TESTS_UDR_MODELS_H
#define TESTS_UDR_MODELS_H

#include <string.h>

#include "base/hdf5.h"
#include "check.h"
#include "learn/random_state.h"
#include "polarvae/udr.h"

enum { MODELS = 4, GRID = 1800, D = 6, N = 1000, BATCH = 10, FACTORS = 5, FIRST = 64 };

static pv_h5 *golden;
static const char *const names[MODELS] = {"zero", "one", "two", "three"};
static float mean[MODELS][N * D], variance[MODELS][N * D];

HELPER void read_golden(const char *name, pv_h5_type type, size_t a, size_t b, size_t c, size_t d,
                        void *out)
{
    const pv_h5_array array = {
        .name = name, .type = type, .rank = !!a + !!b + !!c + !!d, .dim = {a, b, c, d}};
    NEED(pv_h5_read(golden, &array, out));
}

/* The reference's examples: rows of the grid, as numpy draws them. */
HELPER void draw_rows(int32_t row[N])
{
    int32_t size[FACTORS], first[FIRST];
    int64_t next;
    pv_random_state random;
    read_golden("sizes", PV_H5_I32, FACTORS, 0, 0, 0, size);
    read_golden("rows", PV_H5_I32, FIRST, 0, 0, 0, first);
    read_golden("next_word", PV_H5_I64, 0, 0, 0, 0, &next);
    pv_random_state_seed(&random, 0);
    for (int i = 0; i < N; i++) row[i] = 0;
    for (int start = 0; start < N; start += BATCH)
        for (int k = 0; k < FACTORS; k++)
            for (int i = start; i < start + BATCH; i++)
                row[i] =
                    row[i] * size[k] + (int32_t)pv_random_state_below(&random, (uint64_t)size[k]);
    check(memcmp(row, first, sizeof first) == 0, "other examples than the reference's");
    check(pv_random_state_word(&random) == (uint32_t)next, "more or fewer draws");
}

/* Leaves the file open, for more of it. */
HELPER void load_models(void)
{
    NEED(pv_h5_open(&golden, PV_SOURCE_DIR "/tests/golden/udr.h5"));
    static float all[2][MODELS][GRID][D];
    static int32_t row[N];
    draw_rows(row);
    read_golden("mean", PV_H5_F32, MODELS, GRID, D, 0, all[0]);
    read_golden("variance", PV_H5_F32, MODELS, GRID, D, 0, all[1]);
    for (int m = 0; m < MODELS; m++)
        for (int i = 0; i < N; i++) {
            memcpy(mean[m] + i * D, all[0][m][row[i]], sizeof all[0][m][0]);
            memcpy(variance[m] + i * D, all[1][m][row[i]], sizeof all[1][m][0]);
        }
}

HELPER pv_codes codes_of(float *means, float *variances)
{
    return (pv_codes){.examples = N, .latents = D, .mean = means, .variance = variances};
}

HELPER void all_models(pv_codes out[MODELS])
{
    for (int m = 0; m < MODELS; m++) out[m] = codes_of(mean[m], variance[m]);
}

#endif
