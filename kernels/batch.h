/* batch.h -- drawing a batch: which examples, and their pixels as floats. */
#ifndef PV_BATCH_H
#define PV_BATCH_H

#include "philox.h"

PV_FN void pv_pick_at(size_t row, const pv_pick_args *a)
{
    uint64_t position = a->first + row;
    if (a->order == PV_ORDER_IID) {
        /* multiply-shift: bias below examples / 2^32 */
        uint64_t word = pv_random_word(a->seed, a->purpose, a->step->count, position);
        position = word * a->examples >> 32;
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

#endif
