/* discriminator.h -- cases of the kernels in kernels/discriminator.h. */
#ifndef PV_CASES_DISCRIMINATOR_H
#define PV_CASES_DISCRIMINATOR_H

#include "cases/inputs.h"

static void case_keys(size_t rows, size_t cols)
{
    const size_t n = rows * cols;
    const pv_step step = step_of(12);
    uint32_t *key = calloc(n, sizeof *key);
    RUN(keys, .rows = rows, .cols = cols, .seed = 5, .purpose = PV_FOR_PERMUTATION, .step = &step,
        .key = key);
    worst w = {0};
    for (size_t i = 0; i < n; i++)
        compare(&w, i, (double)key[i], (double)pv_random_word(5, PV_FOR_PERMUTATION, 12, i), 0.0);
    judge("key", &w);
    free(key);
}

/* Many equal keys among them. Each column of ranks must sort its keys and be a permutation. */
static void case_ranks(size_t rows, size_t cols)
{
    const size_t n = rows * cols;
    uint32_t *key = malloc(n * sizeof *key), *rank = calloc(n, sizeof *rank);
    size_t *row_of = malloc(rows * sizeof *row_of);
    for (size_t i = 0; i < n; i++) key[i] = hash((uint32_t)i) >> (i % cols % 2 ? 0 : 29);
    RUN(ranks, .rows = rows, .cols = cols, .batch = rows, .key = key, .rank = rank);
    for (size_t col = 0; col < cols; col++) {
        int right = 1;
        for (size_t r = 0; r < rows; r++) row_of[r] = rows;
        for (size_t row = 0; row < rows; row++) {
            const uint32_t r = rank[row * cols + col];
            right &= r < rows && row_of[r] == rows;
            if (r < rows) row_of[r] = row;
        }
        check(right, "%s: column %zu is no permutation", context, col);
        for (size_t r = 1; r < rows && right; r++) {
            const uint32_t before = key[row_of[r - 1] * cols + col],
                           after = key[row_of[r] * cols + col];
            right &= before < after || (before == after && row_of[r - 1] < row_of[r]);
        }
        check(right, "%s: column %zu is not in order", context, col);
    }
    free(key);
    free(rank);
    free(row_of);
}

static void case_pair(size_t rows, size_t cols)
{
    const size_t n = rows * cols;
    float *z = hard(60, n, 3), *from = hard(61, n, 3), *pair = new_floats(2 * n);
    uint32_t *rank = malloc(n * sizeof *rank);
    for (size_t i = 0; i < n; i++) rank[i] = hash((uint32_t)i + 7) % (uint32_t)rows;
    RUN(pair, .rows = rows, .cols = cols, .z = z, .from = from, .rank = rank, .pair = pair);
    worst w = {0};
    for (size_t i = 0; i < 2 * n; i++) {
        const size_t row = i / cols / 2, col = i % cols, at = row * cols + col;
        const float want = i / cols % 2 ? from[rank[at] * cols + col] : z[at];
        compare(&w, i, (double)pair[i], (double)want, 0.0);
    }
    judge("pair", &w);
    free(z);
    free(from);
    free(pair);
    free(rank);
}

/* log p of a margin, and how it changes with it; p in double precision. */
static double log_clipped(double margin, double clip, double *slope)
{
    const double p = 1.0 / (1.0 + exp(-margin)), other = 1.0 / (1.0 + exp(margin));
    *slope = p < clip || other < clip ? 0.0 : other;
    return p < clip ? log(clip) : other < clip ? log1p(-clip) : -log1p(exp(-margin));
}

static void case_discriminate(size_t rows, size_t cols)
{
    if (cols > 1) return;
    const float scale = 0.25f, clip = 1e-6f;
    float *logits = hard(62, 4 * rows, 8), *value[3], *direction = new_floats(4 * rows),
          *slope = new_floats(2 * rows);
    for (int i = 0; i < 3; i++) value[i] = new_floats(rows);
    RUN(discriminate, .rows = rows, .cols = 1, .scale = scale, .clip = clip, .logits = logits,
        .correlation = value[0], .loss = value[1], .right = value[2], .direction = direction,
        .slope = slope);
    worst c = {0}, l = {0}, r = {0}, d = {0}, s = {0};
    for (size_t i = 0; i < rows; i++) {
        const float *x = logits + 4 * i;
        const double of_z = (double)(x[0] - x[1]), of_permuted = (double)(x[3] - x[2]);
        double slope_z, slope_permuted;
        const double log_z = log_clipped(of_z, (double)clip, &slope_z),
                     log_permuted = log_clipped(of_permuted, (double)clip, &slope_permuted);
        compare(&c, i, (double)value[0][i], of_z, 0.0);
        compare(&l, i, (double)value[1][i], -0.5 * (log_z + log_permuted),
                FEW * fabs(log_z + log_permuted));
        compare(&r, i, (double)value[2][i], 0.5 * ((of_z > 0) + (of_permuted > 0)), 0.0);
        for (size_t j = 0; j < 4; j++)
            compare(&d, 4 * i + j, (double)direction[4 * i + j], j % 2 ? -1 : 1, 0.0);
        compare(&s, 2 * i, (double)slope[2 * i], -0.125 * slope_z, FEW * slope_z);
        compare(&s, 2 * i + 1, (double)slope[2 * i + 1], 0.125 * slope_permuted,
                FEW * slope_permuted);
    }
    judge("correlation", &c);
    judge("loss", &l);
    judge("right", &r);
    judge("direction", &d);
    judge("slope", &s);
    for (int i = 0; i < 3; i++) free(value[i]);
    free(logits);
    free(direction);
    free(slope);
}

static void case_unpair(size_t rows, size_t cols)
{
    const size_t n = rows * cols;
    float *dz = hard(63, n, 1), *dpair = hard(64, 2 * n, 1), *to = new_floats(n);
    RUN(unpair, .rows = rows, .cols = cols, .weight = 0.75f, .dz = dz, .dpair = dpair, .to = to);
    worst w = {0};
    for (size_t i = 0; i < n; i++) {
        const double add = 0.75 * (double)dpair[(2 * (i / cols)) * cols + i % cols];
        compare(&w, i, (double)to[i], (double)dz[i] + add,
                FEW * (fabs((double)dz[i]) + fabs(add)) + TINY);
    }
    judge("to", &w);
    free(dz);
    free(dpair);
    free(to);
}

#endif
