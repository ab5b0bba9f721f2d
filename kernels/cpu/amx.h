/* amx.h -- products of float32 numbers on the AMX unit.
 *
 * The unit multiplies bfloat16 numbers, of 8 significant bits, and adds in float32. A float32 is
 * the sum of three of them, x = x1 + x2 + x3: its rounding, and the roundings of what is left. Of
 * the nine products of two such sums, 3 parts take six, x1 y1, x1 y2, x2 y1, x2 y2, x1 y3, x3 y1,
 * and leave out at most 2^-24 |x y|: as exact as float32 multiply-adds; 2 parts take three, x1 y1,
 * x1 y2, x2 y1, and leave out at most 2^-15, rms 2^-17.4, of |x y|. In a long sum over numbers of
 * their own these errors cancel: measured on whole layers, and on steps of the batches that models
 * are trained with, they stay below 1e-5 of the largest element (1.6e-5 in a batch of 4). Subnormal
 * numbers count as 0; finite numbers that round beyond the largest bfloat16 become NaN, as
 * infinities do, but a NaN with all of its first 9 fraction bits set (no arithmetic makes one)
 * becomes 0.
 *
 * Operands are tiles of 16 rows of 16 words; a word holds two bfloat16 numbers that meet the two
 * numbers of another word. a[i][k] and b[k][j] are words, c[i][j] floats, and
 * c[i][j] += sum over k of a[i][k].low b[k][j].low + a[i][k].high b[k][j].high. Which two numbers
 * share a word is the choice of the caller, the same for a and b. */
#ifndef PV_CPU_AMX_H
#define PV_CPU_AMX_H

#include <immintrin.h>

#include "simd.h"

enum { MOST_PARTS = 3, TILE_WORDS = 16 * 16, TILE_BYTES = 4 * TILE_WORDS };

typedef uint32_t vec_words __attribute__((vector_size(64), may_alias));
typedef uint32_t words_anywhere __attribute__((vector_size(64), aligned(4), may_alias));

INLINE void store_words(uint32_t *to, vec_words x) { *(words_anywhere *)to = x; }

/* The nearest bfloat16, as a float. */
INLINE vec rounded(vec x) { return (vec)(((vec_words)x + 0x8000u) & 0xffff0000u); }

/* The parts of x in the low halves of words, those of y in the high halves. */
INLINE void split(int parts, vec x, vec y, vec_words part[MOST_PARTS])
{
    for (int i = 0; i < parts; i++) {
        const vec high_x = rounded(x), high_y = rounded(y);
        part[i] = (vec_words)high_x >> 16 | (vec_words)high_y;
        x = x - high_x;
        y = y - high_y;
    }
}

/* Rows become columns. */
INLINE void transpose(vec_words x[16])
{
    __m512i *r = (__m512i *)x, t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
    }
    for (int i = 0; i < 8; i++) {
        r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    }
}

/* What was stored before is in memory: gcc's tile loads do not say that they read it. */
INLINE void memory_barrier(void) { __asm__ volatile("" ::: "memory"); }

/* Every product happens between tiles_begin and tiles_end, on one thread. */
INLINE void tiles_begin(void)
{
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } all = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        all.bytes[i] = 64;
        all.rows[i] = 16;
    }
    memory_barrier();
    _tile_loadconfig(&all);
}
INLINE void tiles_end(void) { _tile_release(); }

/* Two tiles side by side; distances in words. */
typedef struct {
    const uint32_t *first, *second;
    size_t row, part; /* from row to row, and from part to part, of each tile */
} operand;

/* The sums are a square of four tiles. */
INLINE void sums_clear(void)
{
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
}

/* c: [32][32] floats, rows `row` apart, or [16][], [][16] where height or width is 1. */
INLINE void sums_load(int height, int width, const float *c, size_t row)
{
    memory_barrier();
    _tile_loadd(0, c, row * sizeof(float));
    if (width == 2) _tile_loadd(1, c + 16, row * sizeof(float));
    if (height == 2) _tile_loadd(2, c + 16 * row, row * sizeof(float));
    if (height == 2 && width == 2) _tile_loadd(3, c + 16 * row + 16, row * sizeof(float));
}
INLINE void sums_store(int height, int width, float *c, size_t row)
{
    _tile_stored(0, c, row * sizeof(float));
    if (width == 2) _tile_stored(1, c + 16, row * sizeof(float));
    if (height == 2) _tile_stored(2, c + 16 * row, row * sizeof(float));
    if (height == 2 && width == 2) _tile_stored(3, c + 16 * row + 16, row * sizeof(float));
}

/* The sums += a b, of operands in 2 or 3 parts. Small products come first; consecutive ones share
 * an operand. `waste` is a tile of memory that may be written: on Sapphire Rapids a store that
 * comes a long time after the last one costs as much as 60 products, so each call makes one. */
INLINE void sums_add(int parts, const operand *a, const operand *b, uint32_t *waste)
{
    memory_barrier();
#define LOAD_A(p)                                                                                  \
    _tile_loadd(4, a->first + (p)*a->part, a->row * 4);                                            \
    _tile_loadd(5, a->second + (p)*a->part, a->row * 4)
#define LOAD_B(p)                                                                                  \
    _tile_loadd(6, b->first + (p)*b->part, b->row * 4);                                            \
    _tile_loadd(7, b->second + (p)*b->part, b->row * 4)
#define MULTIPLY                                                                                   \
    _tile_dpbf16ps(0, 4, 6);                                                                       \
    _tile_dpbf16ps(1, 4, 7);                                                                       \
    _tile_dpbf16ps(2, 5, 6);                                                                       \
    _tile_dpbf16ps(3, 5, 7);
    if (parts == 3) {
        LOAD_A(2);
        LOAD_B(0);
        MULTIPLY
        LOAD_A(1);
        MULTIPLY
        LOAD_B(1);
        MULTIPLY
        LOAD_A(0);
        MULTIPLY
        LOAD_B(2);
        MULTIPLY
    } else {
        LOAD_A(1);
        LOAD_B(0);
        MULTIPLY
        LOAD_A(0);
        LOAD_B(1);
        MULTIPLY
    }
    LOAD_B(0);
    MULTIPLY
    _tile_stored(4, waste, 64);
#undef LOAD_A
#undef LOAD_B
#undef MULTIPLY
}

#endif
