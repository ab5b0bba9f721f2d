/* thin.h -- convolutions of images with few channels, as products over patches (patches.h), on the
 * AMX unit (amx.h).
 *
 * They are the first and the last layer: an error here goes through all the others. So a number is
 * three bfloat16 numbers, which is all of it: x = high + middle + low, and of the products only
 * middle low, low middle and low low are left out, 2^-24 |x y|. A patch has too few numbers for
 * words of two of them; so words hold parts of one: (high, middle) and (low, 0) on one side,
 * (high, high), (middle, middle) and (low, 0) on the other. */
#ifndef PV_CPU_THIN_H
#define PV_CPU_THIN_H

#include "amx.h"
#include "patches.h"

#define THIN(a)                                                                                    \
    ((a)->kernel * (a)->kernel * (a)->channels % 16 == 0 &&                                        \
     (a)->kernel * (a)->kernel * (a)->channels <= 64 && (a)->filters % 16 == 0)

/* Words of the left side: (high, middle), and `far` words behind (low, 0). */
INLINE void store_left(uint32_t *to, size_t far, vec x)
{
    const vec high = rounded(x), rest = x - high, middle = rounded(rest);
    store_words(to, (vec_words)high >> 16 | (vec_words)middle);
    store_words(to + far, (vec_words)(rest - middle) >> 16);
}

/* Words of the right side: (high, high), (middle, middle), (low, 0). */
enum { KINDS = 3 };
INLINE void right_words(vec x, vec_words word[KINDS])
{
    const vec high = rounded(x), rest = x - high, middle = rounded(rest);
    word[0] = (vec_words)high >> 16 | (vec_words)high;
    word[1] = (vec_words)middle >> 16 | (vec_words)middle;
    word[2] = (vec_words)(rest - middle) >> 16;
}

enum { RIGHT = KINDS * 2 * TILE_WORDS }; /* [kind][2 tiles]: what thin_add takes at a time */

/* The square of sums (amx.h), or its first `width` columns and `height` rows of tiles, += a b: rows
 * of a are `row` words apart, and its low parts `far` words behind the others. */
INLINE void thin_add(int height, int width, const uint32_t *a, size_t row, size_t far,
                     const uint32_t *b)
{
    static const int left[] = {1, 0, 0, 0}, right[] = {0, 0, 1, 2};
    for (int i = 0; i < 4; i++) {
        const uint32_t *x = a + (left[i] ? far : 0), *y = b + right[i] * 2 * TILE_WORDS;
        if (i < 2) {
            _tile_loadd(4, x, row * 4);
            if (height == 2) _tile_loadd(5, x + 16 * row, row * 4);
        }
        if (i != 1) {
            _tile_loadd(6, y, 64);
            if (width == 2) _tile_loadd(7, y + TILE_WORDS, 64);
        }
        _tile_dpbf16ps(0, 4, 6);
        if (height == 2) _tile_dpbf16ps(2, 5, 6);
        if (width == 2) _tile_dpbf16ps(1, 4, 7);
        if (height == 2 && width == 2) _tile_dpbf16ps(3, 5, 7);
    }
}

/* Pixels that are made into words before the unit reads them: for what was just written it would
 * have to wait. */
enum { BLOCK = 128 };

/* The bordered image as words of the left side. */
INLINE size_t words_far(const patching *s) { return pv_round_up(s->bordered, 16); }

INLINE void thin_words(const patching *s, const float *image, uint32_t *to)
{
    const size_t row = s->W * s->C, far = words_far(s);
    memset(to, 0, 2 * far * sizeof *to);
    for (size_t y = 0; y < s->H; y++) {
        uint32_t *line = to + (y + s->pad) * s->bordered_row + s->pad * s->C, rest[2 * V];
        const float *from = image + y * row;
        size_t i = 0;
        for (; i + V <= row; i += V) store_left(line + i, far, load(from + i));
        if (i == row) continue;
        store_left(rest, V, load_some(from + i, row - i));
        memcpy(line + i, rest, (row - i) * sizeof *line);
        memcpy(line + i + far, rest + V, (row - i) * sizeof *line);
    }
}

/* ---- weights: [pair of tiles of columns][tile of k][kind][2 tiles] ---- */

INLINE size_t thin_columns(const patching *s, int forward)
{
    return ((forward ? s->K : s->patch) + 31) / 32;
}
INLINE size_t thin_depth(const patching *s, int forward)
{
    return (forward ? s->patch : s->K) / 16;
}

/* A unit is two tiles of columns and a tile of k. */
INLINE void thin_prepare(const pv_conv_args *a, uint32_t *packed, size_t from, size_t to)
{
    const patching s = PATCHING(a);
    const int forward = a->pass == PV_FORWARD;
    const size_t depth = thin_depth(&s, forward), columns = forward ? s.K : s.patch;
    for (size_t unit = from; unit < to; unit++)
        for (size_t half = 0; half < 2; half++) {
            const size_t column = unit / depth * 32 + half * 16, k = unit % depth * 16;
            const size_t filter = forward ? column : k, tap = forward ? k : column;
            vec_words tile[KINDS][16] = {{{0}}}, word[KINDS];
            for (size_t i = 0; i < 16 && column < columns; i++) {
                right_words(load(a->w + (filter + i) * s.patch + tap), word);
                for (int kind = 0; kind < KINDS; kind++) tile[kind][i] = word[kind];
            }
            for (size_t kind = 0; kind < KINDS; kind++) {
                if (forward) transpose(tile[kind]);
                memcpy(packed + unit * RIGHT + (kind * 2 + half) * TILE_WORDS, tile[kind],
                       TILE_BYTES);
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
    const int forward = a->pass == PV_FORWARD;
    const size_t patches = pv_round_up(s.h * s.w, 32) * s.patch;
    needs->prepare_units = thin_columns(&s, forward) * thin_depth(&s, forward);
    needs->packed = needs->prepare_units * RIGHT * sizeof(uint32_t);
    needs->scratch = (forward ? 2 * (32 * 32 + words_far(&s) + BLOCK * s.patch)
                              : 2 * BLOCK * s.K + thin_bordered(&s) + patches) *
                     sizeof(float);
}

/* The sums of 32 pixels and 32 columns from `column` on; a as for thin_add. */
INLINE void thin_multiply(int width, const uint32_t *a, size_t row, size_t far, const void *packed,
                          size_t column, size_t depth)
{
    const uint32_t *w = (const uint32_t *)packed + column / 32 * depth * RIGHT;
    sums_clear();
    for (size_t k = 0; k < depth; k++) thin_add(2, width, a + k * 16, row, far, w + k * RIGHT);
}

/* ---- forward ---- */

/* A block of patches from number `first` on, of one kind of words. */
INLINE void thin_patches(const patching *s, const uint32_t *words, size_t first, uint32_t *to)
{
    const size_t line = s->kernel * s->C, last = smaller(first + BLOCK, s->h * s->w);
    for (size_t i = first; i < last; i++, to += s->patch) {
        const uint32_t *corner =
            words + i / s->w * s->stride * s->bordered_row + i % s->w * s->stride * s->C;
        if (s->kernel == 4 && line == 4) { /* one channel: a vector */
            const size_t row = s->bordered_row;
            __m512i patch = _mm512_castsi128_si512(_mm_loadu_si128((const void *)corner));
            patch = _mm512_inserti32x4(patch, _mm_loadu_si128((const void *)(corner + row)), 1);
            patch = _mm512_inserti32x4(patch, _mm_loadu_si128((const void *)(corner + 2 * row)), 2);
            patch = _mm512_inserti32x4(patch, _mm_loadu_si128((const void *)(corner + 3 * row)), 3);
            store_words(to, (vec_words)patch);
        } else
            for (size_t ky = 0; ky < s->kernel; ky++)
                memcpy(to + ky * line, corner + ky * s->bordered_row, line * sizeof *to);
    }
}

/* Sums [count][32] on their way out: those of pixels `at` and on, filters f and on. */
typedef struct {
    float *sums;
    size_t at, count, f;
} thin_sums;

/* One of the epilogues, as code of its own. */
INLINE void thin_land_by(const pv_conv_args *a, const thin_sums *t, const epilogue *e)
{
    const size_t K = (size_t)a->filters;
    for (size_t i = 0; i < t->count; i++)
        for (size_t v = 0; v < 32 && t->f + v < K; v += V) {
            const size_t c = t->f + v, to = (t->at + i) * K + c;
            store(a->to + to, finish_vector(e, load(t->sums + i * 32 + v), c,
                                            e->mask ? e->mask + to : NULL, V));
        }
}

INLINE void thin_land(const pv_conv_args *a, const thin_sums *t)
{
    if (a->activation == PV_RELU && !a->mask && a->bias)
        thin_land_by(a, t, &(epilogue){PV_RELU, a->bias, NULL});
    else if (a->activation == PV_RELU && a->mask && !a->bias)
        thin_land_by(a, t, &(epilogue){PV_RELU, NULL, a->mask});
    else
        thin_land_by(a, t, &(epilogue){a->activation, a->bias, a->mask});
}

INLINE void thin_forward(const pv_conv_args *a, const pv_cpu_space *space)
{
    const patching s = PATCHING(a);
    const size_t pixels = s.h * s.w, depth = thin_depth(&s, 1);
    float *sums = space->scratch;
    thin_sums ready = {.sums = sums + 32 * 32};
    uint32_t *words = (uint32_t *)(ready.sums + 32 * 32), *patches = words + 2 * words_far(&s);
    const size_t far = BLOCK * s.patch;
    memset(patches, 0, 2 * far * sizeof *patches);
    tiles_begin();
    for (size_t image = 0; image < a->rows; image++) {
        thin_words(&s, a->from + image * s.H * s.W * s.C, words);
        for (size_t first = 0; first < pixels; first += 32) {
            if (first % BLOCK == 0)
                for (size_t kind = 0; kind < 2; kind++)
                    thin_patches(&s, words + kind * words_far(&s), first, patches + kind * far);
            for (size_t f = 0; f < s.K; f += 32) {
                thin_multiply(2, patches + first % BLOCK * s.patch, s.patch, far, space->packed, f,
                              depth);
                sums_store(2, 2, sums, 32);
                thin_land(a, &ready);
                float *next = ready.sums;
                ready = (thin_sums){sums, image * pixels + first, smaller(32, pixels - first), f};
                sums = next;
            }
        }
    }
    tiles_end();
    thin_land(a, &ready);
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
    const size_t pixels = s.h * s.w, depth = thin_depth(&s, 0), big = s.H * s.W * s.C;
    const int combine = s.C == 1 && s.kernel == 4 && s.stride == 2 && s.pad == 1 && s.w % V == 0 &&
                        s.W == 2 * s.w && s.H == 2 * s.h;
    uint32_t *words = space->scratch;
    const size_t far = BLOCK * s.K;
    float *bordered = (float *)(words + 2 * far), *patches = bordered + thin_bordered(&s);
    memset(words, 0, 2 * far * sizeof *words);
    tiles_begin();
    for (size_t image = 0; image < a->rows; image++) {
        const float *mask = a->mask ? a->mask + image * big : NULL;
        for (size_t first = 0; first < pixels; first += 32) {
            const float *from = a->from + (image * pixels + first) * s.K;
            const size_t numbers = smaller(BLOCK, pixels - first) * s.K;
            for (size_t i = 0; i < numbers && first % BLOCK == 0; i += V)
                store_left(words + i, far, load(from + i));
            for (size_t column = 0; column < s.patch; column += 32) {
                const uint32_t *block = words + first % BLOCK * s.K;
                float *to = patches + first * s.patch + column;
                if (s.patch - column > 16) {
                    thin_multiply(2, block, s.K, far, space->packed, column, depth);
                    sums_store(2, 2, to, s.patch);
                } else {
                    thin_multiply(1, block, s.K, far, space->packed, column, depth);
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

INLINE void thin_run(const pv_conv_args *a, const pv_cpu_space *space)
{
    if (a->pass == PV_FORWARD)
        thin_forward(a, space);
    else
        thin_data_grad(a, space);
}

/* ---- weight gradient ---- */

/* Rows of words of one kind: for every row of the bordered image and every number of a row of a
 * patch, that number for the patches of a row side by side. So the 16 taps of a tile lie a row
 * apart. */
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
    const size_t rows = (s.H + 2 * s.pad) * s.kernel * s.C + 32;
    needs->scratch =
        (BLOCK / 16 * RIGHT + 2 * words_far(&s) + 2 * rows * across_pitch(&s)) * sizeof(uint32_t);
    needs->finish_units = s.K;
}

/* Up to a block of small pixels, from tile `first` of the rows on, and 32 filters from f on:
 * [tile][kind][2][16 pixels][16 filters]. */
INLINE void thin_small(const patching *s, const float *small, size_t first, size_t f, uint32_t *to)
{
    const size_t run = across_pitch(s) / 16, last = smaller(first + BLOCK / 16, s->h * run);
    for (size_t tile = first; tile < last; tile++, to += RIGHT)
        for (size_t i = 0; i < 16; i++)
            for (size_t half = 0; half < 32; half += 16) {
                const size_t x = tile % run * 16 + i;
                const vec v = x < s->w && f + half < s->K
                                  ? load(small + (tile / run * s->w + x) * s->K + f + half)
                                  : (vec){0};
                uint32_t *at = to + half / 16 * TILE_WORDS + i * 16;
                vec_words word[KINDS];
                right_words(v, word);
                for (size_t kind = 0; kind < KINDS; kind++)
                    store_words(at + kind * 2 * TILE_WORDS, word[kind]);
            }
}

/* sums[patch][filter] += patches^T small */
INLINE void thin_weights(const pv_conv_weight_grad_args *a, const pv_cpu_space *space)
{
    const patching s = PATCHING(a);
    const size_t pitch = across_pitch(&s), line = s.kernel * s.C, run = pitch / 16;
    const size_t far = ((s.H + 2 * s.pad) * line + 32) * pitch;
    uint32_t *small = space->scratch, *words = small + BLOCK / 16 * RIGHT,
             *across = words + 2 * words_far(&s);
    memset(across, 0, 2 * far * sizeof *across);
    tiles_begin();
    for (size_t image = 0; image < a->rows; image++) {
        thin_words(&s, a->big + image * s.H * s.W * s.C, words);
        thin_across(&s, words, across);
        thin_across(&s, words + words_far(&s), across + far);
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
                        thin_add(2, 2, x, pitch, far, small + of_block * RIGHT);
                    else
                        thin_add(1, 2, x, pitch, far, small + of_block * RIGHT);
                }
                sums_store(height, width, sum, s.filters);
            }
    }
    tiles_end();
}

#endif
