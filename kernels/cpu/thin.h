/* thin.h -- data and weight gradients of convolutions of images with few channels, as products over
 * patches (patches.h), on the AMX unit (amx.h). The forward pass, whose sums are short, is as fast
 * on the vector units.
 *
 * A patch has too few numbers for words of two of them. So a word holds two parts of one number x
 * (high, middle), and meets words that hold one part of another twice: all of y = high + middle +
 * low in data gradients, which go through other layers, and its high and middle parts in weight
 * gradients, where errors average out. */
#ifndef PV_CPU_THIN_H
#define PV_CPU_THIN_H

#include "amx.h"
#include "patches.h"

#define THIN(a)                                                                                    \
    ((a)->kernel * (a)->kernel * (a)->channels % 16 == 0 &&                                        \
     (a)->kernel * (a)->kernel * (a)->channels <= 64 && (a)->filters % 16 == 0)

INLINE vec_words two_parts(vec x)
{
    const vec high = rounded(x);
    return (vec_words)high >> 16 | (vec_words)rounded(x - high);
}

/* The parts of y, each twice in a word. */
INLINE void part_words(int parts, vec y, vec_words word[MOST_PARTS])
{
    for (int i = 0; i < parts; i++) {
        const vec part = rounded(y);
        word[i] = (vec_words)part >> 16 | (vec_words)part;
        y = y - part;
    }
}

/* The square of sums (amx.h), or its first `width` columns and `height` rows of tiles, += a b.
 * a: words of two parts, rows a_row apart; b: [part][2 tiles]. */
INLINE void thin_add(int parts, int height, int width, const uint32_t *a, size_t a_row,
                     const uint32_t *b)
{
    memory_barrier();
    _tile_loadd(4, a, a_row * 4);
    if (height == 2) _tile_loadd(5, a + 16 * a_row, a_row * 4);
    for (const uint32_t *y = b + parts * 2 * TILE_WORDS; y > b;) { /* small products first */
        y -= 2 * TILE_WORDS;
        _tile_loadd(6, y, 64);
        if (width == 2) _tile_loadd(7, y + TILE_WORDS, 64);
        _tile_dpbf16ps(0, 4, 6);
        if (height == 2) _tile_dpbf16ps(2, 5, 6);
        if (width == 2) _tile_dpbf16ps(1, 4, 7);
        if (height == 2 && width == 2) _tile_dpbf16ps(3, 5, 7);
    }
}

enum {
    WEIGHT_PARTS = 3,
    SMALL_PARTS = 2, /* in weight gradients */
    WEIGHT_WORDS = WEIGHT_PARTS * 2 * TILE_WORDS,
    SMALL_WORDS = SMALL_PARTS * 2 * TILE_WORDS,
};

/* Pixels that are made into words before the unit reads them: for what was just written it would
 * have to wait. */
enum { BLOCK = 128 };

/* The bordered image as words of two parts. */
INLINE void thin_words(const patching *s, const float *image, uint32_t *to)
{
    const size_t row = s->W * s->C;
    memset(to, 0, s->bordered * sizeof *to);
    for (size_t y = 0; y < s->H; y++) {
        uint32_t *line = to + (y + s->pad) * s->bordered_row + s->pad * s->C;
        for (size_t i = 0; i + V <= row; i += V)
            store_words(line + i, two_parts(load(image + y * row + i)));
        for (size_t i = row / V * V; i < row; i++)
            line[i] = two_parts(load_some(image + y * row + i, 1))[0];
    }
}

/* ---- weights: [pair of tiles of columns][tile of k][part][2 tiles] ---- */

/* A unit is two tiles of columns and a tile of k. */
INLINE void thin_prepare(const pv_conv_args *a, uint32_t *packed, size_t from, size_t to)
{
    const patching s = PATCHING(a);
    const size_t depth = s.K / 16;
    for (size_t unit = from; unit < to; unit++) {
        const float *w = a->w + unit % depth * 16 * s.patch + unit / depth * 32;
        for (size_t half = 0; half < 2; half++)
            for (size_t i = 0; i < 16; i++) {
                const int there = unit / depth * 32 + half * 16 < s.patch;
                vec_words word[MOST_PARTS];
                part_words(WEIGHT_PARTS, there ? load(w + i * s.patch + half * 16) : (vec){0},
                           word);
                for (size_t part = 0; part < WEIGHT_PARTS; part++)
                    store_words(packed + unit * WEIGHT_WORDS + (part * 2 + half) * TILE_WORDS +
                                    i * 16,
                                word[part]);
            }
    }
}

/* Floats of what patches are added up in. */
INLINE size_t thin_bordered(const patching *s)
{
    const size_t by_tap = 2 * 16 * (s->w + 2 * V);
    return pv_round_up(s->bordered > by_tap ? s->bordered : by_tap, 16);
}

INLINE void thin_needs(const pv_conv_args *a, pv_cpu_needs *needs)
{
    const patching s = PATCHING(a);
    needs->prepare_units = (s.patch + 31) / 32 * s.K / 16;
    needs->packed = needs->prepare_units * WEIGHT_WORDS * sizeof(uint32_t);
    needs->scratch =
        (BLOCK * s.K + thin_bordered(&s) + pv_round_up(s.h * s.w, 32) * s.patch) * sizeof(float);
}

/* The sums of 32 pixels and 32 columns from `column` on; rows of a are `row` words apart. */
INLINE void thin_multiply(int width, const uint32_t *a, size_t row, const void *packed,
                          size_t column, size_t depth)
{
    const uint32_t *w = (const uint32_t *)packed + column / 32 * depth * WEIGHT_WORDS;
    sums_clear();
    for (size_t k = 0; k < depth; k++)
        thin_add(WEIGHT_PARTS, 2, width, a + k * 16, row, w + k * WEIGHT_WORDS);
}

/* ---- data gradient ---- */

/* a0 b0 a1 b1 ..., the first half (0) or the second (1). */
INLINE vec interleaved(vec a, vec b, int half)
{
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i at = half ? _mm512_add_epi32(first, _mm512_set1_epi32(8)) : first;
    return (vec)_mm512_permutex2var_ps((__m512)a, at, (__m512)b);
}

/* Patches of one channel, 4x4, stride 2, padding 1, added up: sums are kept by tap, [2 rows of
 * patches][16 taps][patches of a row], since a pixel belongs to two patches of a row, and to two
 * rows. Pixels of even columns are in column 1 of their patch and 3 of the one before, those of odd
 * columns in column 2 and 0 of the one behind. */
INLINE void thin_combine(const patching *s, const float *patches, float *by_tap, float *image,
                         const epilogue *e, const float *mask)
{
    const size_t pitch = s->w + 2 * V; /* zeros on both sides */
    const float bias = e->bias ? e->bias[0] : 0.0f;
    const epilogue plain = {e->activation, NULL, NULL};
    memset(by_tap, 0, 2 * 16 * pitch * sizeof(float));
    for (size_t y = 0; y <= s->h; y++) {
        float *now = by_tap + y % 2 * 16 * pitch + V,
              *above = by_tap + (y + 1) % 2 * 16 * pitch + V;
        for (size_t x = 0; x < s->w; x += V) {
            vec_words tap[16] = {{0}};
            if (y < s->h) {
                memcpy(tap, patches + (y * s->w + x) * 16, sizeof tap);
                transpose(tap);
            }
            for (size_t i = 0; i < 16; i++) store_words((uint32_t *)(now + i * pitch + x), tap[i]);
        }
        for (size_t ky = 0; ky < 2; ky++) { /* the rows 2y - 1 and 2y */
            const size_t row = 2 * y + ky - 1;
            if (row >= s->H) continue;
            const float *a = now + ky * 4 * pitch, *b = above + (ky + 2) * 4 * pitch;
            for (size_t x = 0; x < s->w; x += V) {
                vec even = (load(a + pitch + x) + load(b + pitch + x)) +
                           (load(a + 3 * pitch + x - 1) + load(b + 3 * pitch + x - 1));
                vec odd = (load(a + 2 * pitch + x) + load(b + 2 * pitch + x)) +
                          (load(a + x + 1) + load(b + x + 1));
                for (int half = 0; half < 2; half++) {
                    const size_t at = row * s->W + 2 * x + (half ? V : 0);
                    store(image + at, finish_vector(&plain, interleaved(even, odd, half) + bias, 0,
                                                    mask ? mask + at : NULL, V));
                }
            }
        }
    }
}

INLINE void thin_data_grad(const pv_conv_args *a, const pv_cpu_space *space)
{
    const patching s = PATCHING(a);
    const epilogue e = {a->activation, a->bias, a->mask};
    const size_t pixels = s.h * s.w, depth = s.K / 16, big = s.H * s.W * s.C;
    const int combine = s.C == 1 && s.kernel == 4 && s.stride == 2 && s.pad == 1 && s.w % V == 0 &&
                        s.W == 2 * s.w && s.H == 2 * s.h;
    uint32_t *words = space->scratch;
    float *bordered = (float *)(words + BLOCK * s.K), *patches = bordered + thin_bordered(&s);
    memset(words, 0, BLOCK * s.K * sizeof *words);
    tiles_begin();
    for (size_t image = 0; image < a->rows; image++) {
        const float *mask = a->mask ? a->mask + image * big : NULL;
        for (size_t first = 0; first < pixels; first += 32) {
            const float *from = a->from + (image * pixels + first) * s.K;
            const size_t numbers = smaller(BLOCK, pixels - first) * s.K;
            for (size_t i = 0; i < numbers && first % BLOCK == 0; i += V)
                store_words(words + i, two_parts(load(from + i)));
            for (size_t column = 0; column < s.patch; column += 32) {
                const uint32_t *block = words + first % BLOCK * s.K;
                float *to = patches + first * s.patch + column;
                if (s.patch - column > 16) {
                    thin_multiply(2, block, s.K, space->packed, column, depth);
                    sums_store(2, 2, to, s.patch);
                } else {
                    thin_multiply(1, block, s.K, space->packed, column, depth);
                    sums_store(2, 1, to, s.patch);
                }
            }
        }
        if (combine)
            thin_combine(&s, patches, bordered, a->to + image * big, &e, mask);
        else {
            add_patches(&s, bordered, patches);
            store_bordered(&s, bordered, a->to + image * big, &e, mask);
        }
    }
    tiles_end();
}

/* ---- weight gradient ---- */

/* Rows of words: for every row of the bordered image and every number of a row of a patch, that
 * number for the patches of a row side by side. So the 16 taps of a tile lie a row apart. */
INLINE size_t across_pitch(const patching *s) { return pv_round_up(s->w, 16); }

INLINE void thin_across(const patching *s, const uint32_t *words, uint32_t *to)
{
    const size_t line = s->kernel * s->C, step = s->stride * s->C, pitch = across_pitch(s);
    for (size_t y = 0; y < s->H + 2 * s->pad; y++)
        for (size_t i = 0; i < line; i++, to += pitch) {
            const uint32_t *from = words + y * s->bordered_row + i;
            if (step == 2)
                for (size_t x = 0; x < s->w; x++) to[x] = from[2 * x];
            else
                for (size_t x = 0; x < s->w; x++) to[x] = from[step * x];
        }
}

INLINE void thin_weights_needs(const pv_conv_weight_grad_args *a, pv_cpu_needs *needs)
{
    const patching s = PATCHING(a);
    const size_t rows = (s.H + 2 * s.pad) * s.kernel * s.C;
    needs->scratch =
        (BLOCK / 16 * SMALL_WORDS + pv_round_up(s.bordered, 16) + rows * across_pitch(&s)) *
        sizeof(uint32_t);
    needs->finish_units = s.K;
}

/* Up to a block of small pixels, from tile `first` of the rows on, and 32 filters from f on:
 * [tile][part][2][16 pixels][16 filters]. */
INLINE void thin_small(const patching *s, const float *small, size_t first, size_t f, uint32_t *to)
{
    const size_t run = across_pitch(s) / 16, last = smaller(first + BLOCK / 16, s->h * run);
    for (size_t tile = first; tile < last; tile++, to += SMALL_WORDS)
        for (size_t i = 0; i < 16; i++)
            for (size_t half = 0; half < 32; half += 16) {
                const size_t x = tile % run * 16 + i;
                const vec v = x < s->w && f + half < s->K
                                  ? load(small + (tile / run * s->w + x) * s->K + f + half)
                                  : (vec){0};
                uint32_t *at = to + half / 16 * TILE_WORDS + i * 16;
                vec_words word[MOST_PARTS];
                part_words(SMALL_PARTS, v, word);
                for (size_t part = 0; part < SMALL_PARTS; part++)
                    store_words(at + part * 2 * TILE_WORDS, word[part]);
            }
}

/* sums[patch][filter] += patches^T small */
INLINE void thin_weights(const pv_conv_weight_grad_args *a, const pv_cpu_space *space)
{
    const patching s = PATCHING(a);
    const size_t pitch = across_pitch(&s), line = s.kernel * s.C, run = pitch / 16;
    uint32_t *small = space->scratch, *words = small + BLOCK / 16 * SMALL_WORDS,
             *across = words + pv_round_up(s.bordered, 16);
    memset(across, 0, (s.H + 2 * s.pad) * line * pitch * sizeof *across);
    tiles_begin();
    for (size_t image = 0; image < a->rows; image++) {
        thin_words(&s, a->big + image * s.H * s.W * s.C, words);
        thin_across(&s, words, across);
        for (size_t f = 0; f < s.K; f += 32)
            for (size_t tap = 0; tap < s.patch; tap += 32) {
                const int height = s.patch - tap > 16 ? 2 : 1, width = s.K - f > 16 ? 2 : 1;
                float *sum = (float *)space->sums + tap * s.filters + f;
                if (space->first && image == 0)
                    sums_clear();
                else
                    sums_load(height, width, sum, s.filters);
                for (size_t tile = 0; tile < s.h * run; tile++) {
                    const size_t of_block = tile % (BLOCK / 16), y = tile / run;
                    if (of_block == 0)
                        thin_small(&s, a->small + image * s.h * s.w * s.K, tile, f, small);
                    const uint32_t *x =
                        across + (y * s.stride * line + tap) * pitch + tile % run * 16;
                    if (height == 2)
                        thin_add(SMALL_PARTS, 2, 2, x, pitch, small + of_block * SMALL_WORDS);
                    else
                        thin_add(SMALL_PARTS, 1, 2, x, pitch, small + of_block * SMALL_WORDS);
                }
                sums_store(height, width, sum, s.filters);
            }
    }
    tiles_end();
}

#endif
