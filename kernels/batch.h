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
    PV_LOOP
    for (size_t j = (size_t)t.lane; j < a->cols; j += (size_t)t.size)
        image[j] = (float)(bits[j >> 5] >> (j & 31) & 1u);
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
