/* winograd.h -- 4x4 convolutions of stride 2, padding 1, with fewer multiplications.
 *
 * Such a convolution is a sum over the four pixel parities (planes) of its big image: plane q =
 * 2a + b holds the pixels (2i - 1 + a, 2j - 1 + b), and meets the filter taps (a + 2t, b + 2s)
 * with t, s in {0, 1}: a 2x2 convolution of stride 1. On m x m tiles of the small image each plane
 * needs (m + 1)^2 multiplications instead of 4 m^2 (Winograd, Arithmetic Complexity of
 * Computations, 1980; Lavin & Gray, arXiv 1509.09308), in the transform domain:
 *
 *   y = A^T [(G g G^T) . (B^T d B)] A          forward
 *   dg = G^T [(B^T d B) . (A dy A^T)] G        weight gradient: the transpose in g
 *
 * m = 2, points 0, 1, inf: B^T d = (d0 - d1, d1, d2 - d1), G g = (g0, g0 + g1, g1),
 *        A^T m = (m0 + m1, m1 + m2).
 * m = 4, points 0, 1, -1, 2, inf: see the functions of tiles.h.
 *
 * The data gradient (a transposed convolution) is, for each plane, again a 2x2 convolution, over
 * the small image with the taps reversed. */
#ifndef PV_CPU_WINOGRAD_H
#define PV_CPU_WINOGRAD_H

#include "tiles.h"

/* ---- forward: big to small ---- */

/* Tile number `tile` of a batch: its image, and its place in it. */
#define LOCATE(m, s, tile)                                                                         \
    const size_t image = (tile) / (s)->tiles, at = (tile) % (s)->tiles,                            \
                 y = at / (s)->across * (size_t)m, x = at % (s)->across * (size_t)m

INLINE void winograd_down(int m, const pv_conv_args *a, const pv_cpu_space *space)
{
    const tiling s = TILING(m, a);
    const epilogue e = {a->activation, a->bias, a->mask};
    const size_t k = 4 * s.channels, n = s.filters, all = a->rows * s.tiles;
    WORK_SPACE(&s, space);
    for (size_t first = 0; first < all; first += s.block) {
        const size_t tiles = smaller(s.block, all - first);
        for (size_t t = 0; t < tiles; t++) {
            LOCATE(m, &s, first + t);
            find_pixels(&d, copy, zeros, 2 * m + 2, a->from + image * s.H * s.W * s.C,
                        2 * (long)y - 1, 2 * (long)x - 1, s.H, s.W, s.C, s.channels);
            transform_planes(m, 0, &d, s.channels, v + t * k, s.block * k);
        }
        for (size_t i = 0; i < s.points; i++)
            gemm(&(gemm_args){.rows = tiles,
                              .vectors = n / V,
                              .k = k,
                              .a = v + i * s.block * k,
                              .a_row = k,
                              .a_col = 1,
                              .b = (const float *)space->packed + i * panels(n) * k * 2 * V,
                              .b_row = 2 * V,
                              .b_panel = k * 2 * V,
                              .c = p + i * s.block * n,
                              .c_row = n});
        for (size_t t = 0; t < tiles; t++) {
            LOCATE(m, &s, first + t);
            const size_t to = ((image * s.h + y) * s.w + x) * s.K;
            store_tile(m, p + t * n, s.block * n, &e,
                       &(destination){a->to + to, a->mask ? a->mask + to : NULL, s.w * s.K, s.K,
                                      s.h - y, s.w - x, s.K});
        }
    }
}

/* ---- data gradient: small to big ---- */

INLINE void winograd_up(int m, const pv_conv_args *a, const pv_cpu_space *space)
{
    const tiling s = TILING(m, a);
    const epilogue e = {a->activation, a->bias, a->mask};
    const size_t k = s.filters, n = s.channels, all = a->rows * s.tiles;
    const size_t plane = s.points * panels(n) * k * 2 * V; /* floats of its filters */
    WORK_SPACE(&s, space);
    for (size_t first = 0; first < all; first += s.block) {
        const size_t tiles = smaller(s.block, all - first);
        for (size_t t = 0; t < tiles; t++) {
            LOCATE(m, &s, first + t);
            find_pixels(&d, copy, zeros, m + 2, a->from + image * s.h * s.w * s.K, (long)y - 1,
                        (long)x - 1, s.h, s.w, s.K, s.filters);
            transform_planes(m, 1, &d, k, v + t * 4 * k, s.block * 4 * k);
        }
        for (size_t q = 0; q < 4; q++) {
            for (size_t i = 0; i < s.points; i++)
                gemm(&(gemm_args){.rows = tiles,
                                  .vectors = n / V,
                                  .k = k,
                                  .a = v + (i * s.block * 4 + q) * k,
                                  .a_row = 4 * k,
                                  .a_col = 1,
                                  .b = (const float *)space->packed + q * plane +
                                       i * panels(n) * k * 2 * V,
                                  .b_row = 2 * V,
                                  .b_panel = k * 2 * V,
                                  .c = p + i * s.block * n,
                                  .c_row = n});
            for (size_t t = 0; t < tiles; t++) {
                LOCATE(m, &s, first + t);
                const size_t row = image * s.H + 2 * y + 1 - q / 2, col = 2 * x + 1 - q % 2;
                const size_t to = (row * s.W + col) * s.C;
                store_tile(m, p + t * n, s.block * n, &e,
                           &(destination){a->to + to, a->mask ? a->mask + to : NULL, 2 * s.W * s.C,
                                          2 * s.C, s.h - y, s.w - x, s.C});
            }
        }
    }
}

/* ---- weight gradient ---- */

/* sums[point][plane * channels + c][filter] += big patches^T small gradients. */
INLINE void winograd_weights(int m, const pv_conv_weight_grad_args *a, const pv_cpu_space *space)
{
    const tiling s = TILING(m, a);
    const size_t k = 4 * s.channels, n = s.filters, all = a->rows * s.tiles;
    WORK_SPACE(&s, space);
    for (size_t first = 0; first < all; first += s.block) {
        const size_t tiles = smaller(s.block, all - first);
        for (size_t t = 0; t < tiles; t++) {
            LOCATE(m, &s, first + t);
            find_pixels(&d, copy, zeros, 2 * m + 2, a->big + image * s.H * s.W * s.C,
                        2 * (long)y - 1, 2 * (long)x - 1, s.H, s.W, s.C, s.channels);
            transform_planes(m, 0, &d, s.channels, v + t * k, s.block * k);
            find_pixels(&d, copy, zeros, m, a->small + image * s.h * s.w * s.K, (long)y, (long)x,
                        s.h, s.w, s.K, s.filters);
            if (d.left || d.right || y + (size_t)m > s.h)
                copy_pixels(&d, copy, m, a->small + image * s.h * s.w * s.K, (long)y, (long)x,
                            (long)s.h, (long)s.w, s.K, s.filters);
            for (size_t c = 0; c < n; c += V)
                (m == 4 ? gradient_vector_4 : gradient_vector_2)(&d, c, p + t * n + c, s.block * n);
        }
        for (size_t i = 0; i < s.points; i++)
            gemm(&(gemm_args){.rows = k,
                              .vectors = n / V,
                              .k = tiles,
                              .a = v + i * s.block * k,
                              .a_row = 1,
                              .a_col = k,
                              .b = p + i * s.block * n,
                              .b_row = n,
                              .b_panel = 2 * V,
                              .c = (float *)space->sums + i * k * n,
                              .c_row = n,
                              .add = !space->first || first > 0});
    }
}

/* ---- filters into the transform domain, and their gradients out of it ---- */

/* G g G^T of the taps of plane q of one filter, for n channels from w[tap 0, 0] on. reverse: taps
 * in reversed order. */
INLINE void filter_transform(int m, const float *w, size_t channels, size_t q, int reverse,
                             size_t n, vec *u)
{
    const int size = m + 1;
    vec g[2][2], half[2 * 5];
    for (size_t t = 0; t < 2; t++)
        for (size_t i = 0; i < 2; i++) {
            size_t y = q / 2 + 2 * (reverse ? 1 - t : t), x = q % 2 + 2 * (reverse ? 1 - i : i);
            g[t][i] = load_some(w + (y * 4 + x) * channels, n);
        }
    for (int t = 0; t < 2; t++) filter_points(m, g[t][0], g[t][1], half + t * size, 1);
    for (int j = 0; j < size; j++) filter_points(m, half[j], half[size + j], u + j, size);
}

/* For winograd_down: u[point][panel of filters][plane * channels + c][2 V]. Units are (plane,
 * vector of channels); filters are taken V at a time, since channels become rows. */
INLINE void prepare_down(int m, const pv_conv_args *a, float *u, size_t from, size_t to)
{
    const tiling s = TILING(m, a);
    const size_t k = 4 * s.channels, wide = panels(s.filters), vectors = s.channels / V;
    float square[25][V * V];
    for (size_t unit = from; unit < to; unit++) {
        const size_t q = unit / vectors, c = unit % vectors * V;
        for (size_t f = 0; f < wide * 2 * V; f += V) {
            for (size_t i = 0; i < (size_t)V; i++) {
                vec g[25] = {{0}};
                if (f + i < s.K)
                    filter_transform(m, a->w + (f + i) * 16 * s.C + c, s.C, q, 0, s.C - c, g);
                for (size_t p = 0; p < s.points; p++) store(square[p] + i * V, g[p]);
            }
            float *block = u + (f / (2 * V) * k + q * s.channels + c) * 2 * V + f % (2 * V);
            for (size_t p = 0; p < s.points; p++)
                store_transposed(block + p * wide * k * 2 * V, 2 * V, square[p], V, V);
        }
    }
}

/* For winograd_up: u[plane][point][panel of channels][filter][2 V]. Units are (plane, filter in
 * whole vectors). */
INLINE void prepare_up(int m, const pv_conv_args *a, float *u, size_t from, size_t to)
{
    const tiling s = TILING(m, a);
    const size_t k = s.filters, wide = panels(s.channels);
    for (size_t unit = from; unit < to; unit++) {
        const size_t q = unit / k, f = unit % k;
        for (size_t c = 0; c < wide * 2 * V; c += V) {
            vec g[25] = {{0}};
            if (f < s.K && c < s.C)
                filter_transform(m, a->w + f * 16 * s.C + c, s.C, q, 1, s.C - c, g);
            float *row = u + ((q * s.points * wide + c / (2 * V)) * k + f) * 2 * V + c % (2 * V);
            for (size_t p = 0; p < s.points; p++) store(row + p * wide * k * 2 * V, g[p]);
        }
    }
}

/* Units are (plane, vector of channels). */
INLINE void winograd_finish(int m, const pv_conv_weight_grad_args *a, const void *const *sums,
                            int count, size_t from, size_t to)
{
    const tiling s = TILING(m, a);
    const size_t n = s.filters, stride = 4 * s.channels * n, vectors = s.channels / V;
    const int size = m + 1;
    float square[4][V * V];
    for (size_t unit = from; unit < to; unit++) {
        const size_t q = unit / vectors, c = unit % vectors * V;
        for (size_t f = 0; f < s.K; f += V) {
            for (size_t i = 0; i < (size_t)V; i++) {
                const size_t at = (q * s.channels + c + i) * n + f;
                vec u[25];
                for (size_t p = 0; p < s.points; p++) {
                    u[p] = load((const float *)sums[0] + at + p * stride);
                    for (int g = 1; g < count; g++)
                        u[p] += load((const float *)sums[g] + at + p * stride);
                }
                for (int r = 0; r < size; r++) filter_gradient(m, u + r * size, 1);
                for (int j = 0; j < 2; j++) filter_gradient(m, u + j, size);
                for (int tap = 0; tap < 4; tap++)
                    store(square[tap] + i * V, u[tap / 2 * size + tap % 2]);
            }
            for (size_t tap = 0; tap < 4; tap++) {
                const size_t y = q / 2 + 2 * (tap / 2), x = q % 2 + 2 * (tap % 2);
                store_transposed(a->dw + (f * 16 + y * 4 + x) * s.C + c, 16 * s.C, square[tap],
                                 smaller(V, s.K - f), smaller(V, s.C - c));
            }
        }
    }
}

#endif
