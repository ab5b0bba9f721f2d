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
 * m = 4, points 0, 1, -1, 2, inf: see the functions. m is a constant wherever these are used, so
 * that each becomes straight-line code.
 *
 * The data gradient (a transposed convolution) is, for each plane, again a 2x2 convolution, over
 * the small image with the taps reversed. */
#ifndef PV_CPU_WINOGRAD_H
#define PV_CPU_WINOGRAD_H

#include "gemm.h"

/* B^T d, in place: m + 1 values `step` apart. */
INLINE void tile_data(int m, vec *d, int step)
{
    vec d0 = d[0], d1 = d[step], d2 = d[2 * step];
    if (m == 2) {
        d[0] = d0 - d1;
        d[2 * step] = d2 - d1;
    } else {
        vec d3 = d[3 * step], d4 = d[4 * step];
        vec t = d3 - d1, u = d3 - d2;
        d[0] = t + 2.0f * (d0 - d2);
        d[step] = u - 2.0f * d1;
        d[2 * step] = u - 2.0f * (d2 - d1);
        d[3 * step] = t;
        d[4 * step] = (d4 - d2) - 2.0f * t;
    }
}

/* A^T p: m values from m + 1. */
INLINE void tile_result(int m, vec *p, int step)
{
    vec p0 = p[0], p1 = p[step], p2 = p[2 * step];
    if (m == 2) {
        p[0] = p0 + p1;
        p[step] = p1 + p2;
    } else {
        vec p3 = p[3 * step], p4 = p[4 * step];
        vec s = p1 + p2, e = p1 - p2;
        p[0] = (p0 + p3) + s;
        p[step] = e + 2.0f * p3;
        p[2 * step] = s + 4.0f * p3;
        p[3 * step] = (e + 8.0f * p3) + p4;
    }
}

/* A y: m + 1 values from m, the transpose of tile_result. */
INLINE void tile_gradient(int m, vec *y, int step)
{
    vec y0 = y[0], y1 = y[step];
    if (m == 2) {
        y[step] = y0 + y1;
        y[2 * step] = y1;
    } else {
        vec y2 = y[2 * step], y3 = y[3 * step];
        vec even = y0 + y2, odd = y1 + y3;
        y[step] = even + odd;
        y[2 * step] = even - odd;
        y[3 * step] = (y0 + 4.0f * y2) + (2.0f * y1 + 8.0f * y3);
        y[4 * step] = y3;
    }
}

/* G g: m + 1 values from two. */
INLINE void filter_points(int m, vec g0, vec g1, vec *u, int step)
{
    if (m == 2) {
        u[0] = g0;
        u[step] = g0 + g1;
        u[2 * step] = g1;
    } else {
        u[0] = 0.5f * g0;
        u[step] = -0.5f * (g0 + g1);
        u[2 * step] = (1.0f / 6.0f) * (g1 - g0);
        u[3 * step] = (1.0f / 6.0f) * (g0 + 2.0f * g1);
        u[4 * step] = g1;
    }
}

/* G^T u, in place: two values from m + 1. */
INLINE void filter_gradient(int m, vec *u, int step)
{
    if (m == 2) {
        u[0] = u[0] + u[step];
        u[step] = u[step] + u[2 * step];
    } else {
        vec u1 = -0.5f * u[step], u2 = (1.0f / 6.0f) * u[2 * step],
            u3 = (1.0f / 6.0f) * u[3 * step];
        u[0] = (0.5f * u[0] + u1) + (u3 - u2);
        u[step] = (u1 + u2) + (2.0f * u3 + u[4 * step]);
    }
}

/* The geometry of a convolution in tiles; h, w and k are the small image's. */
typedef struct {
    int m;
    size_t H, W, C, h, w, K;
    size_t down, across; /* tiles of an image */
    size_t channels, filters; /* C and K in whole vectors */
} tiling;

#define TILING(m_, a)                                                                              \
    {                                                                                              \
        .m = m_, .H = (size_t)(a)->height, .W = (size_t)(a)->width, .C = (size_t)(a)->channels,    \
        .h = (size_t)(a)->height / 2, .w = (size_t)(a)->width / 2, .K = (size_t)(a)->filters,      \
        .down = ((size_t)(a)->height / 2 + m_ - 1) / m_,                                           \
        .across = ((size_t)(a)->width / 2 + m_ - 1) / m_,                                          \
        .channels = pv_round_up((size_t)(a)->channels, V),                                         \
        .filters = pv_round_up((size_t)(a)->filters, V),                                           \
    }

/* Tiles that go through the transform domain together: what they need stays in cache. */
static size_t tile_block(const tiling *s)
{
    size_t points = (size_t)(s->m + 1) * (size_t)(s->m + 1);
    size_t bytes = points * (4 * s->channels + s->filters) * sizeof(float);
    size_t block = (768 * 1024) / bytes / ROWS * ROWS;
    return block < ROWS ? ROWS : block > 4 * ROWS ? 4 * ROWS : block;
}

static size_t point_count(int m) { return (size_t)(m + 1) * (size_t)(m + 1); }

/* A pixel of zeros at the start of the work space. */
static size_t zero_pixel_size(const tiling *s)
{
    return s->channels > s->filters ? s->channels : s->filters;
}

static const float *zero_pixel(const tiling *s, const pv_cpu_space *space)
{
    return memset(space->scratch, 0, zero_pixel_size(s) * sizeof(float));
}

/* Where the pixels of a patch are. Inside an image they are a constant distance apart; at its
 * border, where some are outside, they are listed, and zeros stand for those outside. */
typedef struct {
    const float *corner; /* NULL: listed */
    size_t row, col;
    const float *pixel[10 * 10]; /* size x size */
} patch;

/* size x size pixels from (y, x) on of an image of `channels` channels. */
INLINE void find_patch(patch *p, int size, const float *image, long y, long x, size_t height,
                       size_t width, size_t channels, const float *zeros)
{
    p->col = channels;
    p->row = width * channels;
    p->corner = NULL;
    if (y >= 0 && x >= 0 && y + size <= (long)height && x + size <= (long)width) {
        p->corner = image + ((size_t)y * width + (size_t)x) * channels;
        return;
    }
    for (int i = 0; i < size; i++)
        for (int j = 0; j < size; j++) {
            long row = y + i, column = x + j;
            int there = row >= 0 && row < (long)height && column >= 0 && column < (long)width;
            p->pixel[i * size + j] =
                there ? image + ((size_t)row * width + (size_t)column) * channels : zeros;
        }
}

/* d[i, j] = the vectors at channel c of every `step`-th pixel of the patch from (down, right) on;
 * d has rows of `stride` vectors. */
INLINE void load_patch(vec *d, int stride, const patch *p, int size, int down, int right, int step,
                       int count, size_t c, size_t channels)
{
    if (channels % V) {
        for (int i = 0; i < count; i++)
            for (int j = 0; j < count; j++) {
                int y = down + i * step, x = right + j * step;
                const float *from = p->corner ? p->corner + (size_t)y * p->row + (size_t)x * p->col
                                              : p->pixel[y * size + x];
                d[i * stride + j] = load_some(from + c, channels - c);
            }
    } else if (p->corner) {
        const float *from = p->corner + (size_t)down * p->row + (size_t)right * p->col + c;
#pragma GCC unroll 5
        for (int i = 0; i < count; i++)
#pragma GCC unroll 5
            for (int j = 0; j < count; j++)
                d[i * stride + j] = load(from + (size_t)(i * step) * p->row +
                                         (size_t)(j * step) * p->col);
    } else {
#pragma GCC unroll 5
        for (int i = 0; i < count; i++)
#pragma GCC unroll 5
            for (int j = 0; j < count; j++)
                d[i * stride + j] =
                    load(p->pixel[(down + i * step) * size + right + j * step] + c);
    }
}

/* B^T d B of every `step`-th pixel of a patch, for all channels: v[point * stride + channel]. */
INLINE void patch_transform(int m, const patch *p, int size, int down, int right, int step,
                            size_t channels, float *v, size_t stride)
{
    const int n = m + 1;
    for (size_t c = 0; c < channels; c += V) {
        vec d[25];
        load_patch(d, n, p, size, down, right, step, n, c, channels);
#pragma GCC unroll 5
        for (int i = 0; i < n; i++) tile_data(m, d + i * n, 1);
#pragma GCC unroll 5
        for (int j = 0; j < n; j++) tile_data(m, d + j, n);
#pragma GCC unroll 25
        for (int i = 0; i < n * n; i++) store(v + (size_t)i * stride + c, d[i]);
    }
}

/* The four planes around tile (ty, tx) of a big image: v[point][tile][plane * channels + c]. */
INLINE void big_patches(int m, const tiling *s, const float *image, size_t ty, size_t tx,
                        const float *zeros, float *v, size_t stride)
{
    const int size = 2 * m + 2;
    patch p;
    find_patch(&p, size, image, (long)(2 * ty) * m - 1, (long)(2 * tx) * m - 1, s->H, s->W, s->C,
               zeros);
    for (int q = 0; q < 4; q++)
        patch_transform(m, &p, size, q / 2, q % 2, 2, s->C, v + (size_t)q * s->channels, stride);
}

/* Where the m x m results of a tile go, those that are inside the image. */
typedef struct {
    float *to;
    const float *mask;
    size_t row_step, col_step, rows, cols, channels;
} destination;

/* A^T p A of one tile for all channels, through the epilogue. */
INLINE void tile_leave(int m, const float *p, size_t stride, const epilogue *e,
                       const destination *d)
{
    const int size = m + 1;
    for (size_t c = 0; c < d->channels; c += V) {
        vec x[25];
#pragma GCC unroll 25
        for (int i = 0; i < size * size; i++) x[i] = load(p + (size_t)i * stride + c);
#pragma GCC unroll 5
        for (int i = 0; i < size; i++) tile_result(m, x + i * size, 1);
#pragma GCC unroll 5
        for (int j = 0; j < m; j++) tile_result(m, x + j, size);
#pragma GCC unroll 4
        for (int i = 0; i < m; i++)
#pragma GCC unroll 4
            for (int j = 0; j < m; j++) {
                if ((size_t)i >= d->rows || (size_t)j >= d->cols) continue;
                size_t at = (size_t)i * d->row_step + (size_t)j * d->col_step + c;
                size_t n = d->channels - c;
                store_some(d->to + at,
                           finish_vector(e, x[i * size + j], c, e->mask ? d->mask + at : NULL, n),
                           n);
            }
    }
}

/* The same; the two epilogues that a network is made of become code of their own. */
INLINE void tile_store(int m, const float *p, size_t stride, const epilogue *e,
                       const destination *d)
{
    if (e->activation == PV_RELU && d->channels % V == 0 && d->rows >= (size_t)m &&
        d->cols >= (size_t)m && !e->bias != !e->mask) {
        destination whole = {d->to, d->mask, d->row_step, d->col_step, 4, 4, d->channels / V * V};
        if (e->bias)
            tile_leave(m, p, stride, &(epilogue){PV_RELU, e->bias, NULL}, &whole);
        else
            tile_leave(m, p, stride, &(epilogue){PV_RELU, NULL, whole.mask}, &whole);
    } else
        tile_leave(m, p, stride, e, d);
}

/* One matrix product per point: p[point][tile][n] = v[point][tile][k] u[point]. */
INLINE void multiply_points(int m, const float *v, const float *u, float *p, size_t tiles,
                            size_t block, size_t k, size_t n)
{
    for (size_t i = 0; i < point_count(m); i++)
        gemm(&(gemm_args){.rows = tiles, .vectors = n / V, .k = k, .a = v + i * block * k,
                          .a_row = k, .a_col = 1, .b = u + i * panels(n) * k * 2 * V,
                          .b_row = 2 * V, .b_panel = k * 2 * V, .c = p + i * block * n,
                          .c_row = n});
}

INLINE size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* ---- forward: big to small ---- */

INLINE void winograd_down(int m, const pv_conv_args *a, const pv_cpu_space *space)
{
    const tiling s = TILING(m, a);
    const epilogue e = {a->activation, a->bias, a->mask};
    const size_t block = tile_block(&s), k = 4 * s.channels, n = s.filters;
    const size_t per_image = s.down * s.across, all = a->rows * per_image;
    const float *zeros = zero_pixel(&s, space);
    float *v = (float *)space->scratch + zero_pixel_size(&s), *p = v + point_count(m) * block * k;
    for (size_t first = 0; first < all; first += block) {
        size_t tiles = smaller(block, all - first);
        for (size_t t = 0; t < tiles; t++) {
            size_t image = (first + t) / per_image, at = (first + t) % per_image;
            big_patches(m, &s, a->from + image * s.H * s.W * s.C, at / s.across, at % s.across,
                        zeros, v + t * k, block * k);
        }
        multiply_points(m, v, space->packed, p, tiles, block, k, n);
        for (size_t t = 0; t < tiles; t++) {
            size_t image = (first + t) / per_image, at = (first + t) % per_image;
            size_t y = at / s.across * (size_t)m, x = at % s.across * (size_t)m;
            size_t offset = ((image * s.h + y) * s.w + x) * s.K;
            tile_store(m, p + t * n, block * n, &e,
                       &(destination){a->to + offset, a->mask ? a->mask + offset : NULL, s.w * s.K,
                                      s.K, s.h - y, s.w - x, s.K});
        }
    }
}

/* ---- data gradient: small to big ---- */

INLINE void winograd_up(int m, const pv_conv_args *a, const pv_cpu_space *space)
{
    const tiling s = TILING(m, a);
    const epilogue e = {a->activation, a->bias, a->mask};
    const size_t block = tile_block(&s), k = s.filters, n = s.channels;
    const size_t per_image = s.down * s.across, all = a->rows * per_image;
    const size_t filters = point_count(m) * panels(n) * k * 2 * V; /* of one plane */
    const float *zeros = zero_pixel(&s, space);
    float *v = (float *)space->scratch + zero_pixel_size(&s), *p = v + point_count(m) * block * k;
    const int size = m + 1;
    for (size_t first = 0; first < all; first += block) {
        size_t tiles = smaller(block, all - first);
        for (size_t q = 0; q < 4; q++) {
            size_t down = q / 2, right = q % 2;
            for (size_t t = 0; t < tiles; t++) {
                size_t image = (first + t) / per_image, at = (first + t) % per_image;
                const float *from = a->from + image * s.h * s.w * s.K;
                patch d;
                find_patch(&d, size, from, (long)(at / s.across) * m - (long)down,
                           (long)(at % s.across) * m - (long)right, s.h, s.w, s.K, zeros);
                patch_transform(m, &d, size, 0, 0, 1, s.K, v + t * k, block * k);
            }
            multiply_points(m, v, (const float *)space->packed + q * filters, p, tiles, block, k,
                            n);
            for (size_t t = 0; t < tiles; t++) {
                size_t image = (first + t) / per_image, at = (first + t) % per_image;
                size_t y = at / s.across * (size_t)m, x = at % s.across * (size_t)m;
                size_t offset =
                    ((image * s.H + 2 * y + 1 - down) * s.W + 2 * x + 1 - right) * s.C;
                tile_store(m, p + t * n, block * n, &e,
                           &(destination){a->to + offset, a->mask ? a->mask + offset : NULL,
                                          2 * s.W * s.C, 2 * s.C, s.h - y, s.w - x, s.C});
            }
        }
    }
}

/* ---- weight gradient ---- */

/* A dy A^T of tile (ty, tx) of a small image, pixels outside being zero. */
INLINE void small_gradient(int m, const tiling *s, const float *image, size_t ty, size_t tx,
                           const float *zeros, float *v, size_t stride)
{
    const int size = m + 1;
    patch p;
    find_patch(&p, m, image, (long)ty * m, (long)tx * m, s->h, s->w, s->K, zeros);
    for (size_t c = 0; c < s->K; c += V) {
        vec d[25];
        load_patch(d, size, &p, m, 0, 0, 1, m, c, s->K);
#pragma GCC unroll 4
        for (int i = 0; i < m; i++) tile_gradient(m, d + i * size, 1);
#pragma GCC unroll 5
        for (int j = 0; j < size; j++) tile_gradient(m, d + j, size);
#pragma GCC unroll 25
        for (int i = 0; i < size * size; i++) store(v + (size_t)i * stride + c, d[i]);
    }
}

/* sums[point][plane * channels + c][filter] += big patches^T small gradients. */
INLINE void winograd_weights(int m, const pv_conv_weight_grad_args *a, const pv_cpu_space *space)
{
    const tiling s = TILING(m, a);
    const size_t block = tile_block(&s), k = 4 * s.channels, n = s.filters;
    const size_t per_image = s.down * s.across, all = a->rows * per_image;
    const float *zeros = zero_pixel(&s, space);
    float *v = (float *)space->scratch + zero_pixel_size(&s), *p = v + point_count(m) * block * k;
    for (size_t first = 0; first < all; first += block) {
        size_t tiles = smaller(block, all - first);
        for (size_t t = 0; t < tiles; t++) {
            size_t image = (first + t) / per_image, at = (first + t) % per_image;
            size_t ty = at / s.across, tx = at % s.across;
            big_patches(m, &s, a->big + image * s.H * s.W * s.C, ty, tx, zeros, v + t * k,
                        block * k);
            small_gradient(m, &s, a->small + image * s.h * s.w * s.K, ty, tx, zeros, p + t * n,
                           block * n);
        }
        for (size_t i = 0; i < point_count(m); i++)
            gemm(&(gemm_args){.rows = k, .vectors = n / V, .k = tiles, .a = v + i * block * k,
                              .a_row = 1, .a_col = k, .b = p + i * block * n, .b_row = n,
                              .b_panel = 2 * V, .c = (float *)space->sums + i * k * n,
                              .c_row = n, .add = !space->first || first > 0});
    }
}

static size_t winograd_scratch(int m, const tiling *s)
{
    return (zero_pixel_size(s) +
            point_count(m) * tile_block(s) * (4 * s->channels + s->filters)) *
           sizeof(float);
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
 * vector of channels). */
INLINE void prepare_down(int m, const pv_conv_args *a, float *u, size_t from, size_t to)
{
    const tiling s = TILING(m, a);
    const size_t k = 4 * s.channels, wide = panels(s.filters), vectors = s.channels / V;
    for (size_t unit = from; unit < to; unit++) {
        size_t q = unit / vectors, c = unit % vectors * V;
        for (size_t f = 0; f < wide * 2 * V; f++) {
            vec g[25] = {{0}};
            if (f < s.K)
                filter_transform(m, a->w + f * 16 * s.C + c, s.C, q, 0, s.C - c, g);
            float *column = u + (f / (2 * V) * k + q * s.channels + c) * 2 * V + f % (2 * V);
            for (size_t p = 0; p < point_count(m); p++)
                for (int i = 0; i < V; i++)
                    column[(p * wide * k + (size_t)i) * 2 * V] = g[p][i];
        }
    }
}

/* For winograd_up: u[plane][point][panel of channels][filter][2 V]. Units are (plane, filter in
 * whole vectors). */
INLINE void prepare_up(int m, const pv_conv_args *a, float *u, size_t from, size_t to)
{
    const tiling s = TILING(m, a);
    const size_t k = s.filters, wide = panels(s.channels), points = point_count(m);
    for (size_t unit = from; unit < to; unit++) {
        size_t q = unit / k, f = unit % k;
        for (size_t c = 0; c < wide * 2 * V; c += V) {
            vec g[25] = {{0}};
            if (f < s.K && c < s.C)
                filter_transform(m, a->w + f * 16 * s.C + c, s.C, q, 1, s.C - c, g);
            float *row = u + (((q * points * wide) + c / (2 * V)) * k + f) * 2 * V + c % (2 * V);
            for (size_t p = 0; p < points; p++) store(row + p * wide * k * 2 * V, g[p]);
        }
    }
}

/* Units are (plane, channel). */
INLINE void winograd_finish(int m, const pv_conv_weight_grad_args *a, const void *const *sums,
                            int count, size_t from, size_t to)
{
    const tiling s = TILING(m, a);
    const size_t n = s.filters, stride = 4 * s.channels * n;
    const int size = m + 1;
    for (size_t unit = from; unit < to; unit++) {
        size_t q = unit / s.C, c = unit % s.C;
        for (size_t f = 0; f < s.K; f += V) {
            size_t at = (q * s.channels + c) * n + f;
            vec u[25];
            for (int p = 0; p < size * size; p++) {
                u[p] = load((const float *)sums[0] + at + (size_t)p * stride);
                for (int g = 1; g < count; g++)
                    u[p] += load((const float *)sums[g] + at + (size_t)p * stride);
            }
            for (int i = 0; i < size; i++) filter_gradient(m, u + i * size, 1);
            for (int j = 0; j < 2; j++) filter_gradient(m, u + j, size);
            for (size_t tap = 0; tap < 4; tap++) {
                size_t y = q / 2 + 2 * (tap / 2), x = q % 2 + 2 * (tap % 2);
                float *out = a->dw + (y * 4 + x) * s.C + c;
                for (size_t i = 0; i < smaller(V, s.K - f); i++)
                    out[(f + i) * 16 * s.C] = u[tap / 2 * (size_t)size + tap % 2][i];
            }
        }
    }
}

#endif
