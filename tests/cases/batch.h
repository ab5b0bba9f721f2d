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

#endif
