/* batch.h -- cases of the kernels in kernels/batch.h. */
#ifndef PV_CASES_BATCH_H
#define PV_CASES_BATCH_H

#include "cases/inputs.h"

static void case_pick(size_t rows, size_t cols)
{
    const uint64_t examples = cols;
    uint32_t *index = malloc(rows * sizeof *index);
    uint8_t *seen = calloc(examples, sizeof *seen);
    for (uint64_t count = 0; count < 4; count++) {
        pv_step step = step_of(count * 1000003);
        RUN(pick, .rows = rows, .cols = 1, .order = PV_ORDER_IID, .seed = 7,
            .purpose = PV_FOR_ORDER, .examples = examples, .batch = rows, .step = &step,
            .index = index);
        worst w = {0};
        for (size_t row = 0; row < rows; row++) {
            double word = pv_random_word(7, PV_FOR_ORDER, step.count, row);
            compare(&w, row, index[row], floor(word * 0x1p-32 * (double)examples), 0.0);
        }
        judge("index (iid)", &w);
    }
    pv_step step = step_of(5);
    RUN(pick, .rows = rows, .cols = 1, .order = PV_ORDER_LISTED, .seed = 7, .examples = examples,
        .batch = rows, .step = &step, .index = index);
    for (size_t row = 0; row < rows; row++)
        check(index[row] == row, "%s: listed %zu is %u", context, row, index[row]);

    /* Whole epochs, step by step: each example once in each, and not in the same order. */
    size_t place = 0, same = 0;
    uint32_t *before = calloc(examples, sizeof *before);
    for (uint64_t count = 0; place < 3 * examples && count < 300; count++) {
        step = step_of(count);
        RUN(pick, .rows = rows, .cols = 1, .order = PV_ORDER_EPOCHS, .seed = 7,
            .purpose = PV_FOR_ORDER, .examples = examples, .batch = rows, .step = &step,
            .index = index);
        for (size_t row = 0; row < rows; row++, place++) {
            if (place % examples == 0) memset(seen, 0, examples);
            if (!check(index[row] < examples, "%s: example %u", context, index[row])) continue;
            check(!seen[index[row]]++, "%s: example %u twice in an epoch", context, index[row]);
            same += place >= examples && before[place % examples] == index[row];
            before[place % examples] = index[row];
        }
    }
    if (examples > 20) check(same < 30, "%s: %zu examples where they were", context, same);

    /* By weight: those of weight 0 never; where the numbers lie says which ones. */
    uint64_t *cumulative = malloc(examples * sizeof *cumulative), sum = 0, all = 0;
    for (size_t i = 0; i < examples; i++) all += hash((uint32_t)i) % 3 + (i == 0);
    for (size_t i = 0; i < examples; i++) {
        sum += hash((uint32_t)i) % 3 + (i == 0);
        cumulative[i] = sum == all ? UINT64_MAX : UINT64_MAX / all * sum;
    }
    for (uint64_t count = 0; count < 4; count++) {
        step = step_of(count * 1000003);
        RUN(pick, .rows = rows, .cols = 1, .order = PV_ORDER_WEIGHTED, .seed = 7,
            .purpose = PV_FOR_ORDER, .examples = examples, .batch = rows, .step = &step,
            .cumulative = cumulative, .index = index);
        for (size_t row = 0; row < rows; row++) {
            const pv_random r = pv_philox(7, PV_FOR_ORDER, step.count, row);
            const uint64_t number = (uint64_t)r.word[1] << 32 | r.word[0];
            size_t want = 0;
            while (cumulative[want] <= number) want++;
            check(index[row] == want, "%s: weighted %zu is %u, not %zu", context, row, index[row],
                  want);
        }
    }
    free(cumulative);
    free(index);
    free(seen);
    free(before);
}

enum { EXAMPLES = 5 };

static uint32_t *some_examples(size_t rows)
{
    uint32_t *index = malloc(rows * sizeof *index);
    for (size_t row = 0; row < rows; row++) index[row] = hash((uint32_t)row) % EXAMPLES;
    return index;
}

static void case_gather_bits(size_t rows, size_t cols)
{
    const size_t words = (cols + 31) / 32;
    uint32_t *index = some_examples(rows), *bits = malloc(words * EXAMPLES * sizeof *bits);
    float *image = new_floats(rows * cols);
    for (size_t i = 0; i < words * EXAMPLES; i++) bits[i] = hash((uint32_t)i);
    RUN(gather_bits, .rows = rows, .cols = cols, .words = words, .examples = EXAMPLES,
        .index = index, .bits = bits, .image = image);
    worst w = {0};
    for (size_t i = 0; i < rows * cols; i++) {
        uint32_t word = bits[index[i / cols] * words + i % cols / 32];
        compare(&w, i, (double)image[i], word >> i % cols % 32 & 1, 0.0);
    }
    judge("image", &w);
    free(index);
    free(bits);
    free(image);
}

static void case_gather_bytes(size_t rows, size_t cols)
{
    uint32_t *index = some_examples(rows);
    uint8_t *bytes = malloc(cols * EXAMPLES);
    float *image = new_floats(rows * cols);
    for (size_t i = 0; i < cols * EXAMPLES; i++) bytes[i] = (uint8_t)hash((uint32_t)i);
    RUN(gather_bytes, .rows = rows, .cols = cols, .examples = EXAMPLES, .index = index,
        .bytes = bytes, .image = image);
    worst w = {0};
    for (size_t i = 0; i < rows * cols; i++)
        compare(&w, i, (double)image[i], bytes[index[i / cols] * cols + i % cols] / 255.0, 6e-8);
    judge("image", &w);
    free(index);
    free(bytes);
    free(image);
}

static void case_gather_shorts(size_t rows, size_t cols)
{
    uint32_t *index = some_examples(rows);
    int16_t *shorts = malloc(cols * EXAMPLES * sizeof *shorts);
    float *image = new_floats(rows * cols);
    for (size_t i = 0; i < cols * EXAMPLES; i++)
        shorts[i] = (int16_t)((int)(hash((uint32_t)i) % 300) - 20);
    RUN(gather_shorts, .rows = rows, .cols = cols, .examples = EXAMPLES, .index = index,
        .shorts = shorts, .image = image);
    worst w = {0};
    for (size_t i = 0; i < rows * cols; i++)
        compare(&w, i, (double)image[i], shorts[index[i / cols] * cols + i % cols] / 255.0, 7e-8);
    judge("image", &w);
    free(index);
    free(shorts);
    free(image);
}

/* ---- variants ---- */

typedef struct {
    size_t words, cols;
    uint32_t *index, *bits;
    float *image;
    pv_step step;
} variant_case;

static variant_case variant_open(size_t rows, size_t cols)
{
    variant_case v = {.words = (cols + 31) / 32, .step = step_of(cols * 77)};
    v.cols = 96 * v.words;
    v.index = some_examples(rows);
    v.bits = malloc(v.words * EXAMPLES * sizeof *v.bits);
    v.image = new_floats(rows * v.cols);
    for (size_t i = 0; i < v.words * EXAMPLES; i++) v.bits[i] = hash((uint32_t)i);
    return v;
}

static void variant_close(variant_case *v)
{
    free(v->index);
    free(v->bits);
    free(v->image);
}

static int sprite_at(const variant_case *v, size_t row, size_t pixel)
{
    return v->bits[v->index[row] * v->words + pixel / 32] >> pixel % 32 & 1;
}

/* In [0, 1), in steps of 2^-23. */
static double fraction_of(const variant_case *v, size_t block, int word)
{
    return floor(pv_philox(7, PV_FOR_VARIANT, v->step.count, block).word[word] / 512.0) / 0x1p23;
}

#define VARIANT_ARGS(v)                                                                            \
    .rows = rows, .cols = v.cols, .words = v.words, .examples = EXAMPLES, .seed = 7,               \
    .purpose = PV_FOR_VARIANT, .step = &v.step, .index = v.index, .bits = v.bits, .image = v.image

static void case_gather_color(size_t rows, size_t cols)
{
    variant_case v = variant_open(rows, cols);
    RUN(gather_color, VARIANT_ARGS(v));
    worst w = {0};
    for (size_t i = 0; i < rows * v.cols; i++) {
        const size_t row = i / v.cols, j = i % v.cols;
        const double color = 0.5 + fraction_of(&v, row, (int)(j % 3)) / 2;
        compare(&w, i, (double)v.image[i], sprite_at(&v, row, j / 3) ? color : 0.0, 0.0);
    }
    judge("image", &w);
    variant_close(&v);
}

static void case_gather_noisy(size_t rows, size_t cols)
{
    variant_case v = variant_open(rows, cols);
    RUN(gather_noisy, VARIANT_ARGS(v));
    worst w = {0};
    for (size_t i = 0; i < rows * v.cols; i++) {
        const size_t row = i / v.cols, j = i % v.cols;
        const double noise = fraction_of(&v, i / 4, (int)(i % 4));
        compare(&w, i, (double)v.image[i], fmin(sprite_at(&v, row, j / 3) + noise, 1.0), 0.0);
    }
    judge("image", &w);
    variant_close(&v);
}

static void case_gather_scream(size_t rows, size_t cols)
{
    variant_case v = variant_open(rows, cols);
    const size_t height = 2 * v.words, width = 16;
    /* a background of the same width leaves one place */
    const size_t tall = height + 1 + cols % 5, wide = width + cols % 3;
    uint8_t *background = malloc(tall * wide * 3);
    for (size_t i = 0; i < tall * wide * 3; i++) background[i] = (uint8_t)hash((uint32_t)i + 99);
    RUN(gather_scream, VARIANT_ARGS(v), .height = height, .width = width, .background = background,
        .background_height = tall, .background_width = wide);
    worst w = {0};
    for (size_t i = 0; i < rows * v.cols; i++) {
        const size_t row = i / v.cols, j = i % v.cols, pixel = j / 3;
        const pv_random r = pv_philox(7, PV_FOR_VARIANT, v.step.count, 2 * row);
        const size_t top = (size_t)(r.word[0] * 0x1p-32 * (double)(tall - height));
        const size_t left = (size_t)(r.word[1] * 0x1p-32 * (double)(wide - width));
        const size_t at = ((top + pixel / width) * wide + left + pixel % width) * 3 + j % 3;
        const double ground =
            (background[at] / 255.0 + fraction_of(&v, 2 * row + 1, (int)(j % 3))) / 2;
        compare(&w, i, (double)v.image[i], sprite_at(&v, row, pixel) ? 1 - ground : ground, 1e-7);
    }
    judge("image", &w);
    free(background);
    variant_close(&v);
}

#endif
