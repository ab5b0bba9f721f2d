/* batch.h -- drawing a batch: which examples, and their pixels as floats. */
#ifndef PV_BATCH_H
#define PV_BATCH_H

#include "philox.h"

/* The first example whose share of the numbers below 2^64 ends behind `number`. None ends behind
 * the last number, which counts as the one before. */
PV_FN uint64_t pv_weighted_place(uint64_t number, const pv_pick_args *a)
{
    uint64_t low = 0, high = a->examples - 1;
    number -= number == UINT64_MAX;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (a->cumulative[middle] > number)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

PV_FN void pv_pick_at(size_t row, const pv_pick_args *a)
{
    uint64_t position = a->first + row;
    if (a->order == PV_ORDER_IID) {
        /* multiply-shift: bias below examples / 2^32 */
        uint64_t word = pv_random_word(a->seed, a->purpose, a->step->count, position);
        position = word * a->examples >> 32;
    } else if (a->order == PV_ORDER_WEIGHTED) {
        pv_random r = pv_philox(a->seed, a->purpose, a->step->count, position);
        position = pv_weighted_place((uint64_t)r.word[1] << 32 | r.word[0], a);
    } else if (a->order == PV_ORDER_EPOCHS) {
        position += a->step->count * a->batch;
        position = pv_permuted(a->seed, a->purpose, position / a->examples, a->examples,
                               position % a->examples);
    }
    a->index[row] = (uint32_t)position;
}

PV_FN void pv_gather_bits_at(pv_team t, size_t row, const pv_gather_bits_args *a)
{
    const uint32_t *bits = a->bits + (size_t)a->index[row] * a->words;
    float *image = a->image + row * a->cols;
    /* a word at a time on one lane, a word to 32 lanes on many */
    const size_t lane = (size_t)t.lane, size = (size_t)t.size, words = (a->cols + 31) / 32;
    for (size_t w = size > 32 ? lane / 32 : 0; w<words; w += size> 32 ? size / 32 : 1) {
        const uint32_t word = bits[w];
        const size_t count = a->cols - 32 * w < 32 ? a->cols - 32 * w : 32;
        PV_LOOP
        for (size_t i = lane % 32; i<count; i += size> 32 ? 32 : size)
            image[32 * w + i] = (float)(word >> i & 1u);
    }
}

PV_FN void pv_gather_bytes_at(pv_team t, size_t row, const pv_gather_bytes_args *a)
{
    const uint8_t *bytes = a->bytes + (size_t)a->index[row] * a->cols;
    float *image = a->image + row * a->cols;
    PV_LOOP
    for (size_t j = (size_t)t.lane; j < a->cols; j += (size_t)t.size)
        image[j] = (float)bytes[j] / 255.0f;
}

PV_FN void pv_gather_shorts_at(pv_team t, size_t row, const pv_gather_shorts_args *a)
{
    const int16_t *shorts = a->shorts + (size_t)a->index[row] * a->cols;
    float *image = a->image + row * a->cols;
    PV_LOOP
    for (size_t j = (size_t)t.lane; j < a->cols; j += (size_t)t.size)
        image[j] = (float)shorts[j] / 255.0f;
}

/* ---- variants: pixel i is image[3 i .. 3 i + 2] ---- */

typedef struct {
    float channel[3];
} pv_drawn_color;

PV_FN pv_drawn_color pv_draw_color(uint64_t seed, uint64_t purpose, uint64_t step, uint64_t block)
{
    pv_random r = pv_philox(seed, purpose, step, block);
    pv_drawn_color color;
    for (int c = 0; c < 3; c++) color.channel[c] = pv_fraction(r.word[c]);
    return color;
}

PV_FN float pv_channel_of(const pv_drawn_color *color, uint32_t j)
{
    return j % 3 == 0 ? color->channel[0] : j % 3 == 1 ? color->channel[1] : color->channel[2];
}

PV_FN void pv_gather_color_at(pv_team t, size_t row, const pv_gather_color_args *a)
{
    const uint32_t *bits = a->bits + (size_t)a->index[row] * a->words;
    const pv_drawn_color u = pv_draw_color(a->seed, a->purpose, a->step->count, a->first + row);
    for (size_t w = 0; w < a->words; w++) {
        const uint32_t word = bits[w];
        float *image = a->image + row * a->cols + 96 * w;
        PV_LOOP
        for (uint32_t j = (uint32_t)t.lane; j < 96; j += (uint32_t)t.size)
            image[j] = word >> (j / 3) & 1u ? 0.5f + 0.5f * pv_channel_of(&u, j) : 0.0f;
    }
}

/* 1 + u is cut to 1, so sprites are white. */
PV_FN void pv_gather_noisy_at(pv_team t, size_t row, const pv_gather_noisy_args *a)
{
    const uint32_t *bits = a->bits + (size_t)a->index[row] * a->words;
    float *image = a->image + row * a->cols;
    const uint64_t first = (a->first + row) * (a->cols / 4), count = a->step->count;
    const uint64_t seed = a->seed, purpose = a->purpose;
    const uint32_t blocks = (uint32_t)(a->cols / 4);
    PV_LOOP
    for (uint32_t b = (uint32_t)t.lane; b < blocks; b += (uint32_t)t.size) {
        const pv_random r = pv_philox_from(seed, purpose, count, first, b);
        float *four = image + 4 * (size_t)b;
        four[0] = pv_fraction(r.word[0]);
        four[1] = pv_fraction(r.word[1]);
        four[2] = pv_fraction(r.word[2]);
        four[3] = pv_fraction(r.word[3]);
    }
    pv_team_wait(t);
    for (size_t w = (size_t)t.lane; w < a->words; w += (size_t)t.size) {
        float *pixel = image + 96 * w;
        for (uint32_t word = bits[w]; word; word >>= 1, pixel += 3)
            if (word & 1u) pixel[0] = pixel[1] = pixel[2] = 1.0f;
    }
}

PV_FN void pv_gather_scream_at(pv_team t, size_t row, const pv_gather_scream_args *a)
{
    const uint32_t *bits = a->bits + (size_t)a->index[row] * a->words;
    float *image = a->image + row * a->cols;
    const uint64_t block = 2 * (a->first + row), count = a->step->count;
    const pv_random r = pv_philox(a->seed, a->purpose, count, block);
    const pv_drawn_color u = pv_draw_color(a->seed, a->purpose, count, block + 1);
    const size_t top = (size_t)((uint64_t)r.word[0] * (a->background_height - a->height) >> 32);
    const size_t left = (size_t)((uint64_t)r.word[1] * (a->background_width - a->width) >> 32);
    const uint32_t length = (uint32_t)(3 * a->width);
    for (size_t y = 0; y < a->height; y++) {
        const uint8_t *patch = a->background + 3 * ((top + y) * a->background_width + left);
        float *line = image + y * length;
        PV_LOOP
        for (uint32_t j = (uint32_t)t.lane; j < length; j += (uint32_t)t.size)
            line[j] = ((float)patch[j] / 255.0f + pv_channel_of(&u, j)) * 0.5f;
    }
    pv_team_wait(t);
    for (size_t w = (size_t)t.lane; w < a->words; w += (size_t)t.size) {
        float *pixel = image + 96 * w;
        for (uint32_t word = bits[w]; word; word >>= 1, pixel += 3)
            for (size_t c = 0; c < 3 && (word & 1u); c++) pixel[c] = 1.0f - pixel[c];
    }
}

#endif
