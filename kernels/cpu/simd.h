/* simd.h -- vectors of PV_VECTOR floats, in the compiler's own notation: the same source becomes
 * AVX-512, AVX2 or baseline code. */
#ifndef PV_CPU_SIMD_H
#define PV_CPU_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../fn.h"
#include "kernels.h"

enum { V = PV_VECTOR };

typedef float vec __attribute__((vector_size(4 * PV_VECTOR), may_alias));
typedef float vec_anywhere __attribute__((vector_size(4 * PV_VECTOR), aligned(4), may_alias));
typedef int32_t vec_mask __attribute__((vector_size(4 * PV_VECTOR)));

#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *p) { return *(const vec_anywhere *)p; }
INLINE void store(float *p, vec x) { *(vec_anywhere *)p = x; }

/* The first n elements; the others are 0. */
INLINE vec load_some(const float *p, size_t n)
{
    if (n >= (size_t)V) return load(p);
    vec x = {0};
    for (size_t i = 0; i < n; i++) x[i] = p[i];
    return x;
}
INLINE void store_some(float *p, vec x, size_t n)
{
    if (n >= (size_t)V) {
        store(p, x);
        return;
    }
    for (size_t i = 0; i < n; i++) p[i] = x[i];
}

/* Row i, `row` floats after the last, becomes column i of a [V, V] square: `rows` of them, n
 * elements each. */
INLINE void store_transposed(float *to, size_t row, const float *square, size_t rows, size_t n)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++) to[i * row + j] = square[j * V + i];
}

INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* How the results of a layer leave it: plus bias, through f; or times f'(mask). */
typedef struct {
    int activation;
    const float *bias; /* of the channels, or NULL */
    const float *mask; /* shaped like the output, or NULL */
} epilogue;

/* Where sign > 0, x, elsewhere other. */
INLINE vec positive_or(vec x, vec sign, vec other)
{
    vec_mask take = sign > 0.0f;
    return (vec)(((vec_mask)x & take) | ((vec_mask)other & ~take));
}

/* x -> what is stored; `channel` is the first of n channels, `mask` points to their outputs. */
INLINE vec finish_vector(const epilogue *e, vec x, size_t channel, const float *mask, size_t n)
{
    vec zero = {0};
    if (e->bias) x += load_some(e->bias + channel, n);
    if (mask) {
        if (e->activation == PV_RELU) return positive_or(x, load_some(mask, n), zero);
        if (e->activation == PV_LEAKY_RELU) return positive_or(x, load_some(mask, n), 0.2f * x);
        if (e->activation == PV_TANH) {
            vec y = load_some(mask, n);
            return x * (1.0f - y * y);
        }
        return x;
    }
    if (e->activation == PV_RELU) return positive_or(x, x, zero);
    if (e->activation == PV_LEAKY_RELU) return positive_or(x, x, 0.2f * x);
    if (e->activation == PV_TANH)
        for (int i = 0; i < V; i++) x[i] = tanhf(x[i]);
    return x;
}

/* to = epilogue(rows), for `pixels` pixels of n channels whose rows are `row` floats long. */
INLINE void store_pixels(const float *from, size_t row, const epilogue *e, float *to,
                         const float *mask, size_t pixels, size_t n)
{
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < n; c += V) {
            size_t at = i * n + c;
            store_some(to + at,
                       finish_vector(e, load_some(from + i * row + c, n - c), c,
                                     mask ? mask + at : NULL, n - c),
                       n - c);
        }
}

#endif
