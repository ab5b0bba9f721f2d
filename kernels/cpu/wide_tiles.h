/* wide_tiles.h -- the wide layers of wide.h on the AMX unit.
 *
 * Activations, which all weights meet, are made words once, by prepare; weights are made words by
 * the unit that works on them. A word holds numbers k and k + 16 of 32 that a sum runs over. */
#ifndef PV_CPU_WIDE_TILES_H
#define PV_CPU_WIDE_TILES_H

#include "cells.h"

enum {
    SPAN = 32,        /* numbers of a sum in a tile, and rows or columns of a square of tiles */
    SPANS = 32,       /* whose weights are words at a time */
    WIDE_INPUTS = 64, /* of a unit of the data gradient: whole cache lines of weights */
};

INLINE size_t spans(size_t n) { return (n + SPAN - 1) / SPAN; }

/* Words to[part][16][16] of row i of 16: `count` rows from `from` on, n numbers each, scaled. */
INLINE void along(int parts, uint32_t *to, const float *from, size_t row, size_t count, size_t n)
{
    vec_words part[MOST_PARTS];
    for (size_t i = 0; i < 16; i++) {
        const float *at = from + i * row;
        __builtin_prefetch(at + 4 * SPAN);
        __builtin_prefetch(at + 4 * SPAN + 16);
        const vec low = i < count ? load_some(at, n) : (vec){0},
                  high = i < count && n > V ? load_some(at + V, n - V) : (vec){0};
        split(parts, low, high, part);
        for (int p = 0; p < parts; p++) store_words(to + p * TILE_WORDS + i * 16, part[p]);
    }
}

/* Words to[part][16][16] whose row i holds numbers of rows i and i + 16 of `count`, n of each. */
INLINE void across(int parts, uint32_t *to, const float *from, size_t row, size_t count, size_t n,
                   const float *scale)
{
    vec_words part[MOST_PARTS];
    for (size_t i = 0; i < 16; i++) {
        __builtin_prefetch(from + (i + SPAN) * row);
        __builtin_prefetch(from + (i + SPAN + 16) * row);
        vec low = i < count ? load_some(from + i * row, n) : (vec){0},
            high = i + 16 < count ? load_some(from + (i + 16) * row, n) : (vec){0};
        if (scale && i < count) low *= scale[i];
        if (scale && i + 16 < count) high *= scale[i + 16];
        split(parts, low, high, part);
        for (int p = 0; p < parts; p++) store_words(to + p * TILE_WORDS + i * 16, part[p]);
    }
}

INLINE void turn(int parts, uint32_t *tile)
{
    vec_words x[16];
    for (int p = 0; p < parts; p++, tile += TILE_WORDS) {
        memcpy(x, tile, TILE_BYTES);
        transpose(x);
        memcpy(tile, x, TILE_BYTES);
    }
}

/* Of n numbers, how many are left behind `at`; 0 beyond the end. */
INLINE size_t left_of(size_t n, size_t at) { return at < n ? n - at : 0; }

/* c[2 tiles][2 tiles] (+)= a b over `count` spans; operands move on by a_step and b_step words. */
INLINE void square(int parts, float *c, size_t row, const uint32_t *a, size_t a_step,
                   const uint32_t *b, size_t b_step, size_t count, int add, uint32_t *waste)
{
    const size_t tile = (size_t)parts * TILE_WORDS;
    if (add)
        sums_load(2, 2, c, row);
    else
        sums_clear();
    for (size_t k = 0; k < count; k++, a += a_step, b += b_step)
        sums_add(parts, &(operand){a, a + tile, 16, TILE_WORDS},
                 &(operand){b, b + tile, 16, TILE_WORDS}, waste);
    sums_store(2, 2, c, row);
}

/* ---- activations as words: [span][16 rows][part], rows in whole squares ---- */

INLINE size_t row_tiles(size_t rows) { return 2 * spans(rows); }

INLINE void tiles_prepare(const pv_dense_args *a, uint32_t *words, size_t from, size_t to)
{
    const int forward = a->pass == PV_FORWARD, parts = forward ? FORWARD_PARTS : DATA_GRAD_PARTS;
    const size_t n = forward ? a->in : a->out, tile = (size_t)parts * TILE_WORDS,
                 tiles = row_tiles(a->rows);
    for (size_t span = from; span < to; span++)
        for (size_t i = 0; i < tiles; i++) {
            uint32_t *at = words + (span * tiles + i) * tile;
            along(parts, at, a->from + i * 16 * n + span * SPAN, n, left_of(a->rows, i * 16),
                  n - span * SPAN);
            if (forward) turn(parts, at);
        }
}

/* ---- y^T = w x^T; units are SPAN outputs ---- */

INLINE void tiles_forward_needs(const pv_dense_args *a, pv_cpu_needs *needs)
{
    const size_t tile = FORWARD_PARTS * TILE_BYTES;
    needs->prepare_units = spans(a->in);
    needs->packed = spans(a->in) * row_tiles(a->rows) * tile;
    needs->whole_units = spans(a->out);
    needs->scratch = TILE_BYTES + 2 * SPANS * tile + SPAN * row_tiles(a->rows) * 16 * sizeof(float);
}

/* Sums [SPAN][rows] leave as `count` outputs of each row. */
INLINE void tiles_leave(const pv_dense_args *a, const float *sums, size_t first, size_t count)
{
    const size_t rows = row_tiles(a->rows) * 16;
    for (size_t o = 0; o < count; o += V) {
        const epilogue e = {a->activation, a->bias, NULL};
        for (size_t row = 0; row < a->rows; row += V) {
            vec x[V];
            for (size_t i = 0; i < V; i++) x[i] = load(sums + (o + i) * rows + row);
            transpose((vec_words *)x);
            for (size_t i = 0; i < smaller(V, a->rows - row); i++)
                store_some(a->to + (row + i) * a->out + first + o,
                           finish_vector(&e, x[i], first + o, NULL, count - o), count - o);
        }
    }
}

INLINE void tiles_forward(const pv_dense_args *a, const pv_cpu_space *space, size_t unit)
{
    const size_t first = unit * SPAN, count = smaller(SPAN, a->out - first),
                 tiles = row_tiles(a->rows), tile = FORWARD_PARTS * TILE_WORDS;
    uint32_t *waste = space->scratch, *weights = waste + TILE_WORDS;
    float *sums = (float *)(weights + 2 * SPANS * tile);
    for (size_t span = 0; span < spans(a->in); span += SPANS) {
        const size_t here = smaller(SPANS, spans(a->in) - span);
        for (size_t half = 0; half < 2; half++)
            for (size_t k = 0; k < here; k++)
                along(FORWARD_PARTS, weights + (2 * k + half) * tile,
                      a->w + (first + half * 16) * a->in + (span + k) * SPAN, a->in,
                      left_of(count, half * 16), a->in - (span + k) * SPAN);
        for (size_t i = 0; i < tiles; i += 2)
            square(FORWARD_PARTS, sums + i * 16, tiles * 16, weights, 2 * tile,
                   (const uint32_t *)space->packed + (span * tiles + i) * tile, tiles * tile, here,
                   span > 0, waste);
    }
    tiles_leave(a, sums, first, count);
}

/* ---- dx = dy w; units are WIDE_INPUTS inputs ---- */

INLINE void tiles_data_grad_needs(const pv_dense_args *a, pv_cpu_needs *needs)
{
    const size_t tile = DATA_GRAD_PARTS * TILE_BYTES;
    needs->prepare_units = spans(a->out);
    needs->packed = spans(a->out) * row_tiles(a->rows) * tile;
    needs->whole_units = (a->in + WIDE_INPUTS - 1) / WIDE_INPUTS;
    needs->scratch = TILE_BYTES + SPANS * WIDE_INPUTS / 16 * tile +
                     row_tiles(a->rows) * 16 * WIDE_INPUTS * sizeof(float);
}

INLINE void tiles_data_grad(const pv_dense_args *a, const pv_cpu_space *space, size_t unit)
{
    const size_t first = unit * WIDE_INPUTS, width = smaller(WIDE_INPUTS, a->in - first),
                 tiles = row_tiles(a->rows), tile = DATA_GRAD_PARTS * TILE_WORDS,
                 columns = WIDE_INPUTS / 16;
    uint32_t *waste = space->scratch, *weights = waste + TILE_WORDS;
    float *sums = (float *)(weights + SPANS * columns * tile);
    for (size_t span = 0; span < spans(a->out); span += SPANS) {
        const size_t here = smaller(SPANS, spans(a->out) - span);
        for (size_t k = 0; k < here; k++)
            for (size_t j = 0; j < columns; j++)
                across(DATA_GRAD_PARTS, weights + (k * columns + j) * tile,
                       a->w + (span + k) * SPAN * a->in + first + j * 16, a->in,
                       a->out - (span + k) * SPAN, left_of(width, j * 16), NULL);
        for (size_t j = 0; j < columns; j += 2)
            for (size_t i = 0; i < tiles; i += 2)
                square(DATA_GRAD_PARTS, sums + i * 16 * WIDE_INPUTS + j * 16, WIDE_INPUTS,
                       (const uint32_t *)space->packed + (span * tiles + i) * tile, tiles * tile,
                       weights + j * tile, columns * tile, here, span > 0, waste);
    }
    const epilogue e = {a->activation, NULL, a->mask};
    for (size_t i = 0; i < a->rows; i++) {
        const size_t at = i * a->in + first;
        float *row = sums + i * WIDE_INPUTS;
        for (size_t j = 0; j < width && a->plus; j++) row[j] += a->plus[at + j];
        store_pixels(row, WIDE_INPUTS, &e, a->to + at, e.mask ? e.mask + at : NULL, 1, width);
    }
}

INLINE void tiles_needs(const pv_dense_args *a, pv_cpu_needs *needs)
{
    if (a->pass == PV_FORWARD)
        tiles_forward_needs(a, needs);
    else
        tiles_data_grad_needs(a, needs);
}

INLINE void tiles_whole(const pv_dense_args *a, const pv_cpu_space *space, size_t from, size_t to)
{
    tiles_begin();
    for (size_t unit = from; unit < to; unit++)
        if (a->pass == PV_FORWARD)
            tiles_forward(a, space, unit);
        else
            tiles_data_grad(a, space, unit);
    tiles_end();
}

/* ---- dw = dy^T x; units are SPAN outputs, those of prepare 16 columns of dy, then of x ---- */

enum { WEIGHT_TILE = WEIGHT_GRAD_PARTS * TILE_WORDS };

INLINE void tiles_weights_needs(const pv_dense_weight_grad_args *a, pv_cpu_needs *needs)
{
    const size_t tiles = 2 * spans(a->out) + 2 * spans(a->in);
    needs->prepare_units = tiles;
    needs->packed = tiles * spans(a->rows) * WEIGHT_TILE * sizeof(uint32_t);
    needs->whole_units = spans(a->out);
    needs->scratch = TILE_BYTES + SPAN * SPAN * sizeof(float);
}

INLINE void tiles_bias(const pv_dense_weight_grad_args *a, size_t first)
{
    vec sum = {0};
    for (size_t i = 0; i < a->rows; i++)
        sum +=
            load_some(a->dy + i * a->out + first, a->out - first) * (a->scale ? a->scale[i] : 1.0f);
    store_some(a->dbias + first, sum, a->out - first);
}

/* [span of rows][16 columns][part] of dy, then of x. */
INLINE void tiles_weights_prepare(const pv_dense_weight_grad_args *a, uint32_t *words, size_t from,
                                  size_t to)
{
    const size_t of_dy = 2 * spans(a->out), of_x = 2 * spans(a->in);
    for (size_t unit = from; unit < to; unit++) {
        const int is_dy = unit < of_dy;
        const size_t n = is_dy ? a->out : a->in, tiles = is_dy ? of_dy : of_x,
                     tile = is_dy ? unit : unit - of_dy;
        uint32_t *at = words + (is_dy ? tile : spans(a->rows) * of_dy + tile) * WEIGHT_TILE;
        for (size_t row = 0; row < a->rows; row += SPAN, at += tiles * WEIGHT_TILE) {
            across(WEIGHT_GRAD_PARTS, at, (is_dy ? a->dy : a->x) + row * n + tile * 16, n,
                   a->rows - row, left_of(n, tile * 16), is_dy && a->scale ? a->scale + row : NULL);
            if (is_dy) turn(WEIGHT_GRAD_PARTS, at);
        }
        if (is_dy && a->dbias && tile * 16 < n) tiles_bias(a, tile * 16);
    }
}

INLINE void weights_unit(const pv_dense_weight_grad_args *a, const pv_cpu_space *space, size_t unit)
{
    const size_t first = unit * SPAN, count = smaller(SPAN, a->out - first),
                 of_dy = 2 * spans(a->out), of_x = 2 * spans(a->in), depth = spans(a->rows);
    const uint32_t *dy = (const uint32_t *)space->packed + 2 * unit * WEIGHT_TILE,
                   *x = (const uint32_t *)space->packed + depth * of_dy * WEIGHT_TILE;
    uint32_t *waste = space->scratch;
    float *part = (float *)(waste + TILE_WORDS);
    for (size_t column = 0; column < a->in; column += SPAN, x += 2 * WEIGHT_TILE) {
        const size_t width = smaller(SPAN, a->in - column);
        const int direct = count == SPAN && width == SPAN;
        float *dw = a->dw + first * a->in + column;
        square(WEIGHT_GRAD_PARTS, direct ? dw : part, direct ? a->in : SPAN, dy,
               of_dy * WEIGHT_TILE, x, of_x * WEIGHT_TILE, depth, 0, waste);
        for (size_t i = 0; i < count && !direct; i++)
            memcpy(dw + i * a->in, part + i * SPAN, width * sizeof(float));
    }
}

INLINE void tiles_weights(const pv_dense_weight_grad_args *a, const pv_cpu_space *space,
                          size_t from, size_t to)
{
    tiles_begin();
    for (size_t unit = from; unit < to; unit++) weights_unit(a, space, unit);
    tiles_end();
}

#endif
