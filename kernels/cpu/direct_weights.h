/* direct_weights.h -- weight gradients of convolutions that halve an image, on the AMX unit:
 *
 *   dw(a + 2t, b + 2u) = sum over images, y, x of plane q (y + t, x + u) small(y, x)
 *
 * in the terms of direct.h. Sums run over pixels, so words hold pairs of images. */
#ifndef PV_CPU_DIRECT_WEIGHTS_H
#define PV_CPU_DIRECT_WEIGHTS_H

#include "direct.h"

/* 16 cells from number `first` of a row on, 16 filters from f on: [part][16 filters][16 cells].
 * Cells behind the end of the row are zeros. */
INLINE void cross_tile(const halving *s, uint32_t *to, const images *from, size_t y, size_t first,
                       size_t f)
{
    vec_words x[WEIGHT_GRAD_PARTS][16], p[MOST_PARTS];
    const float *row = from->at + y * s->w * s->K;
    if (s->lanes == 1 && first + 16 <= s->w && from->count == 2 && f + 16 <= s->K)
        for (size_t i = 0; i < 16; i++) {
            const float *pixel = row + (first + i) * s->K + f;
            split(WEIGHT_GRAD_PARTS, load(pixel), load(pixel + image_size(from)), p);
            for (int part = 0; part < WEIGHT_GRAD_PARTS; part++) x[part][i] = p[part];
        }
    else
        for (size_t i = 0; i < 16; i++) {
            const size_t cell = first + i, image = cell % s->lanes * 2;
            const float *one = cell < s->w * s->lanes && image < from->count
                                   ? row + image * image_size(from) + cell / s->lanes * s->K
                                   : NULL;
            const float *two = one && image + 1 < from->count ? one + image_size(from) : NULL;
            split(WEIGHT_GRAD_PARTS, channels_from(one, f, s->K), channels_from(two, f, s->K), p);
            for (int part = 0; part < WEIGHT_GRAD_PARTS; part++) x[part][i] = p[part];
        }
    for (int part = 0; part < WEIGHT_GRAD_PARTS; part++) {
        transpose(x[part]);
        memcpy(to + part * TILE_WORDS, x[part], TILE_BYTES);
    }
}

/* Small pixels with cells along the words: [filters / 32][tile of a run][2] tiles. */
static void split_across(const halving *s, uint32_t *to, const images *from)
{
    for (size_t f = 0; f < s->filters; f += 32)
        for (size_t tile = 0; tile < s->h * s->run; tile++)
            for (size_t half = 0; half < 32; half += 16, to += WEIGHT_GRAD_PARTS * TILE_WORDS)
                cross_tile(s, to, from, tile / s->run, tile % s->run * 16, f + half);
}

INLINE size_t across_words(const halving *s)
{
    return s->h * s->run * s->filters / 16 * WEIGHT_GRAD_PARTS * TILE_WORDS;
}

INLINE size_t direct_sums(const pv_conv_weight_grad_args *a)
{
    const halving s = HALVING(a);
    return 4 * s.taps * s.taps * s.filters * s.channels;
}

INLINE void direct_weights_needs(const pv_conv_weight_grad_args *a, pv_cpu_needs *needs)
{
    const halving s = HALVING(a);
    const grid g = planes_of(&s, 1);
    needs->scratch = (TILE_WORDS + across_words(&s) + grid_words(&g)) * sizeof(uint32_t);
    needs->finish_units = s.K;
}

enum { AT_A_TIME = 8 }; /* tiles of small pixels: 32 KB of the first cache, for all taps */

/* sums[q][t][u][filter][channel] += small pixels^T planes, in rounds of two images a lane. */
INLINE void direct_weights(const pv_conv_weight_grad_args *a, const pv_cpu_space *space)
{
    const halving s = HALVING(a);
    const grid g = planes_of(&s, 1);
    const size_t big = s.H * s.W * s.C, small = s.h * s.w * s.K, tiles = s.h * s.run,
                 taps = 4 * s.taps * s.taps, depth = 2 * WEIGHT_GRAD_PARTS * TILE_WORDS;
    uint32_t *waste = space->scratch, *across = waste + TILE_WORDS,
             *cells = across + across_words(&s);
    memset(cells + WEIGHT_GRAD_PARTS * g.part, 0,
           (grid_words(&g) - WEIGHT_GRAD_PARTS * g.part) * sizeof(uint32_t));
    tiles_begin();
    for (size_t image = 0; image < a->rows; image += 2 * s.lanes) {
        const size_t count = smaller(2 * s.lanes, a->rows - image);
        split_images(&g, cells, &(images){a->big + image * big, count, s.H, s.W, s.C});
        split_across(&s, across, &(images){a->small + image * small, count, s.h, s.w, s.K});
        for (size_t f = 0; f < s.filters; f += 32)
            for (size_t from = 0; from < tiles; from += AT_A_TIME)
                for (size_t step = 0; step < taps * s.channels / 32; step++) {
                    const size_t tap = step / (s.channels / 32), c = step % (s.channels / 32) * 32,
                                 q = tap / s.taps / s.taps, t = tap / s.taps % s.taps,
                                 u = tap % s.taps;
                    const uint32_t *plane = cells + q * g.plane + t * g.row + u * g.cell + c;
                    float *sum = (float *)space->sums + (tap * s.filters + f) * s.channels + c;
                    if (space->first && image == 0 && from == 0)
                        sums_clear();
                    else
                        sums_load(2, 2, sum, s.channels);
                    for (size_t tile = from; tile < smaller(from + AT_A_TIME, tiles); tile++) {
                        const uint32_t *x = across + (f / 32 * tiles + tile) * depth,
                                       *z = plane + tile / s.run * g.row +
                                            tile % s.run * 16 * g.words;
                        sums_add(WEIGHT_GRAD_PARTS,
                                 &(operand){x, x + WEIGHT_GRAD_PARTS * TILE_WORDS, 16, TILE_WORDS},
                                 &(operand){z, z + 16, g.words, g.part}, waste);
                    }
                    sums_store(2, 2, sum, s.channels);
                }
    }
    tiles_end();
}

/* Units are filters. */
INLINE void direct_weights_finish(const pv_conv_weight_grad_args *a, const void *const *sums,
                                  int count, size_t from, size_t to)
{
    const halving s = HALVING(a);
    for (size_t f = from; f < to; f++)
        for (size_t tap = 0; tap < 4 * s.taps * s.taps; tap++) {
            const size_t q = tap / s.taps / s.taps, t = tap / s.taps % s.taps, u = tap % s.taps,
                         at = (tap * s.filters + f) * s.channels;
            float *dw = a->dw + tap_offset(&s, f, q, t, u);
            for (size_t c = 0; c < s.C; c += V) {
                vec sum = load((const float *)sums[0] + at + c);
                for (int g = 1; g < count; g++) sum += load((const float *)sums[g] + at + c);
                store_some(dw + c, sum, s.C - c);
            }
        }
}

#endif
