/* gemm.h -- c = a b on register tiles of ROWS rows by two vectors.
 *
 * a is read by element, with any strides; b and c by vector, rows apart by b_row and c_row. Widths
 * are whole vectors: callers pad b and c. Each element of c is summed over k in ascending order,
 * whatever the number of rows, so that cutting a batch changes no bit. */
#ifndef PV_CPU_GEMM_H
#define PV_CPU_GEMM_H

#include "simd.h"

#if PV_VECTOR == 16
enum { ROWS = 12 };
#else
enum { ROWS = 6 };
#endif

typedef struct {
    size_t rows, vectors, k;
    const float *a;
    size_t a_row, a_col;
    const float *b;
    size_t b_row;   /* between rows of b within a panel */
    size_t b_panel; /* between panels of two vectors */
    float *c;
    size_t c_row;
    int add;               /* c += instead of c = */
    const epilogue *leave; /* NULL: none; its mask is shaped like c. Not with add */
} gemm_args;

/* What happens to the sums of a tile while they are in registers: nothing (an epilogue then works
 * on what was stored), or one of the two epilogues that networks are made of. */
typedef enum { STORE, BIAS_RELU, RELU_MASK } leaving;

INLINE void gemm_tile(int rows, int vectors, const gemm_args *g, const float *a, const float *b,
                      size_t a_col, float *c, leaving leave)
{
    vec sum[ROWS][2];
    const size_t a_row = g->a_row, b_row = g->b_row;
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            sum[r][v] = (vec){0};
            if (leave == BIAS_RELU)
                sum[r][v] = load(g->leave->bias + (c - g->c) % g->c_row + v * V);
        }
    for (size_t k = g->k; k > 0; k--) {
        vec y[2];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) y[v] = load(b + v * V);
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sum[r][v] += a[(size_t)r * a_row] * y[v];
        a += a_col;
        b += b_row;
    }
    if (g->add)
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sum[r][v] += load(c + (size_t)r * g->c_row + v * V);
    const float *mask = leave == RELU_MASK ? g->leave->mask + (c - g->c) : NULL;
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            const size_t at = (size_t)r * g->c_row + (size_t)(v * V);
            vec x = sum[r][v], zero = {0};
            if (leave == BIAS_RELU) x = positive_or(x, x, zero);
            if (leave == RELU_MASK) x = positive_or(x, load(mask + at), zero);
            store(c + at, x);
        }
}

/* The epilogue on a tile that was just stored: apart, so that sums stay in registers above. */
static __attribute__((noinline)) void leave_tile(size_t rows, int vectors, const gemm_args *g,
                                                 float *c)
{
    const size_t at = (size_t)(c - g->c), channel = at % g->c_row;
    const float *mask = g->leave->mask ? g->leave->mask + at : NULL;
    for (size_t r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) {
            float *to = c + r * g->c_row + v * V;
            store(to, finish_vector(g->leave, load(to), channel + (size_t)(v * V),
                                    mask ? mask + r * g->c_row + v * V : NULL, V));
        }
}

/* All rows of one panel, in tiles of nearly equal height. */
INLINE void gemm_panel(int vectors, const gemm_args *g, const float *b, size_t a_col, float *c,
                       leaving leave)
{
    const float *a = g->a;
    for (size_t left = g->rows, rows; left > 0; left -= rows) {
        rows = left <= ROWS ? left : left < 2 * ROWS ? (left + 1) / 2 : ROWS;
        switch (rows) {
#define CASE(n)                                                                                    \
    case n:                                                                                        \
        gemm_tile(n, vectors, g, a, b, a_col, c, leave);                                           \
        break;
            CASE(1)
            CASE(2)
            CASE(3)
            CASE(4)
            CASE(5)
            CASE(6)
#if PV_VECTOR == 16
            CASE(7)
            CASE(8)
            CASE(9)
            CASE(10)
            CASE(11)
            CASE(12)
#endif
#undef CASE
        }
        if (leave == STORE && g->leave) leave_tile(rows, vectors, g, c);
        a += rows * g->a_row;
        c += rows * g->c_row;
    }
}

static __attribute__((noinline)) void gemm(const gemm_args *g)
{
    const epilogue *e = g->leave;
    const int relu = e && e->activation == PV_RELU && !e->bias != !e->mask;
    for (size_t v = 0; v < g->vectors; v += 2) {
        const float *b = g->b + v / 2 * g->b_panel;
        float *c = g->c + v * V;
        if (g->vectors - v == 1)
            gemm_panel(1, g, b, g->a_col, c, STORE);
        else if (g->a_col != 1)
            gemm_panel(2, g, b, g->a_col, c, STORE);
        else if (relu && e->bias)
            gemm_panel(2, g, b, 1, c, BIAS_RELU);
        else if (relu)
            gemm_panel(2, g, b, 1, c, RELU_MASK);
        else
            gemm_panel(2, g, b, 1, c, STORE);
    }
}

static size_t panels(size_t n) { return (n + 2 * V - 1) / (2 * V); }

/* Panel p, [k][2 V], of a matrix [k, n] whose element (i, j) is from[i * row + j * col]; beyond n
 * there are zeros. */
static void pack_panel(float *to, const float *from, size_t k, size_t n, size_t row, size_t col,
                       size_t p)
{
    const size_t first = p * 2 * V, width = n - first < 2 * V ? n - first : 2 * V;
    if (col == 1) {
        for (size_t i = 0; i < k; i++) {
            __builtin_prefetch(from + (i + 32) * row + first);
            memcpy(to + i * 2 * V, from + i * row + first, width * sizeof(float));
            memset(to + i * 2 * V + width, 0, (2 * V - width) * sizeof(float));
        }
        return;
    }
    memset(to, 0, k * 2 * V * sizeof(float));
    for (size_t j = 0; j < width; j++) /* reads in the order of the memory */
        for (size_t i = 0; i < k; i++) to[i * 2 * V + j] = from[i * row + (first + j) * col];
}

/* Panels from..to of such a matrix, one after the other: [panel][k][2 V]. */
static void pack_panels(float *packed, const float *w, size_t k, size_t n, size_t row, size_t col,
                        size_t from, size_t to)
{
    for (size_t p = from; p < to; p++) pack_panel(packed + p * k * 2 * V, w, k, n, row, col, p);
}

#endif
