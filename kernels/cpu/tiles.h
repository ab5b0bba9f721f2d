/* tiles.h -- the transforms behind winograd.h: of one line of a tile, and of whole tiles, one
 * vector of channels at a time. m, the side of a tile, is a constant wherever these are used, so
 * that each becomes straight-line code. */
#ifndef PV_CPU_TILES_H
#define PV_CPU_TILES_H

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

/* The geometry of a convolution in tiles; h, w and K are the small image's. */
typedef struct {
    size_t H, W, C, h, w, K;
    size_t down, across, tiles; /* tiles of an image */
    size_t channels, filters;   /* C and K in whole vectors */
    size_t points;              /* (m + 1)^2 */
    size_t block;               /* tiles that go through the transform domain together */
} tiling;

#define TRANSFORM_BYTES (768 * 1024) /* of a block: what the second cache holds */

INLINE tiling tiling_of(int m, int height, int width, int channels, int filters)
{
    tiling s = {.H = (size_t)height, .W = (size_t)width, .C = (size_t)channels};
    s.h = s.H / 2;
    s.w = s.W / 2;
    s.K = (size_t)filters;
    s.down = (s.h + (size_t)m - 1) / (size_t)m;
    s.across = (s.w + (size_t)m - 1) / (size_t)m;
    s.tiles = s.down * s.across;
    s.channels = pv_round_up(s.C, V);
    s.filters = pv_round_up(s.K, V);
    s.points = (size_t)(m + 1) * (size_t)(m + 1);
    size_t most = s.channels > s.filters ? s.channels : s.filters;
    s.block = TRANSFORM_BYTES / (s.points * 5 * most * sizeof(float)) / ROWS * ROWS;
    s.block = s.block < ROWS ? ROWS : s.block > 4 * ROWS ? 4 * ROWS : s.block;
    return s;
}

#define TILING(m, a) tiling_of(m, (a)->height, (a)->width, (a)->channels, (a)->filters)

/* Work space: a row of zeros, a patch, then what goes into the products, then what comes out. */
enum { SIDE = 10, PATCH = SIDE + SIDE * SIDE };

INLINE size_t most_channels(const tiling *s)
{
    return s->channels > s->filters ? s->channels : s->filters;
}

static size_t winograd_scratch(const tiling *s)
{
    return (PATCH + s->points * s->block * 5) * most_channels(s) * sizeof(float);
}

#define WORK_SPACE(s, space)                                                                       \
    float *const zeros = (space)->scratch, *const copy = zeros + SIDE * most_channels(s),          \
                 *const v = zeros + PATCH * most_channels(s),                                      \
                 *const p = v + (s)->points * (s)->block * 4 * most_channels(s);                   \
    view d;                                                                                        \
    memset(zeros, 0, SIDE *most_channels(s) * sizeof(float))

/* A square of pixels whose channels are whole vectors: where its rows start, one of which may be
 * zeros; its first or last pixel column may be outside the image, and is then zeros, too. */
typedef struct {
    const float *row[10];
    size_t col; /* floats between pixels of a row */
    int size, left, right;
    const float *zeros;
} view;

/* The size x size pixels from (y, x) on, copied, with zeros where there are none. */
static __attribute__((noinline)) void copy_pixels(view *v, float *copy, long size,
                                                  const float *image, long y, long x, long height,
                                                  long width, size_t channels, size_t padded)
{
    const long left = x < 0 ? -x : 0, right = x + size > width ? width - x : size;
    memset(copy, 0, (size_t)(size * size) * padded * sizeof(float));
    for (long i = 0; i < size; i++) {
        v->row[i] = copy + (size_t)(i * size) * padded;
        if (y + i < 0 || y + i >= height) continue;
        const float *from = image + (size_t)((y + i) * width + x + left) * channels;
        for (long j = left; j < right; j++, from += channels)
            memcpy(copy + (size_t)(i * size + j) * padded, from, channels * sizeof(float));
    }
    v->col = padded;
    v->left = v->right = 0;
}

/* The same pixels where they are, if no more than a border of one pixel is outside. zeros holds a
 * row of `size` pixels. */
INLINE void find_pixels(view *v, float *copy, const float *zeros, int size, const float *image,
                        long y, long x, size_t height, size_t width, size_t channels, size_t padded)
{
    v->size = size;
    v->zeros = zeros;
    if (channels != padded || y < -1 || x < -1 || y + size > (long)height + 1 ||
        x + size > (long)width + 1) {
        copy_pixels(v, copy, size, image, y, x, (long)height, (long)width, channels, padded);
        return;
    }
    v->col = channels;
    v->left = x < 0;
    v->right = x + size > (long)width;
    /* the address of a pixel outside is never made: column -1 is reached from column 0 */
    const float *from =
        image + ((size_t)(y < 0 ? 0 : y) * width + (size_t)(x < 0 ? 0 : x)) * channels;
    for (int i = 0; i < size; i++) {
        const int there = y + i >= 0 && y + i < (long)height;
        v->row[i] = there ? from : zeros;
        from += there ? width * channels : 0;
    }
}

/* ---- transforms of one vector of channels; each tile size is code of its own ---- */

/* B^T d B of every `step`-th pixel from (down, right) on; points are `stride` apart. */
INLINE void data_vector(int m, int step, const view *from, size_t down, size_t right, size_t c,
                        float *to, size_t stride)
{
    const int n = m + 1;
    /* of the patch's columns, only the first of its left and the last of its right plane can be
     * outside */
    const int first = from->left && right == 0,
              last = from->right && right + (size_t)((n - 1) * step) == (size_t)from->size - 1;
    const size_t col = (size_t)step * from->col, shift = (right - (size_t)from->left) * from->col;
    vec d[25];
#pragma GCC unroll 5
    for (int i = 0; i < n; i++) {
        const float *row = from->row[down + (size_t)(i * step)] + c;
        const float *begin = first ? from->zeros : row + shift;
        const float *end = last ? from->zeros : row + shift + (size_t)(n - 1) * col;
        d[i * n] = load(begin);
#pragma GCC unroll 5
        for (int j = 1; j < n - 1; j++) d[i * n + j] = load(row + shift + (size_t)j * col);
        d[i * n + n - 1] = load(end);
    }
#pragma GCC unroll 5
    for (int i = 0; i < n; i++) tile_data(m, d + i * n, 1);
#pragma GCC unroll 5
    for (int j = 0; j < n; j++) tile_data(m, d + j, n);
#pragma GCC unroll 25
    for (int i = 0; i < n * n; i++, to += stride) store(to, d[i]);
}

/* A y A^T of m x m pixels, all inside. */
INLINE void gradient_vector(int m, const view *from, size_t c, float *to, size_t stride)
{
    const int n = m + 1;
    vec d[25];
#pragma GCC unroll 4
    for (int i = 0; i < m; i++)
#pragma GCC unroll 4
        for (int j = 0; j < m; j++) d[i * n + j] = load(from->row[i] + (size_t)j * from->col + c);
#pragma GCC unroll 4
    for (int i = 0; i < m; i++) tile_gradient(m, d + i * n, 1);
#pragma GCC unroll 5
    for (int j = 0; j < n; j++) tile_gradient(m, d + j, n);
#pragma GCC unroll 25
    for (int i = 0; i < n * n; i++, to += stride) store(to, d[i]);
}

/* Where the m x m results of a tile go. */
typedef struct {
    float *to;
    const float *mask;
    size_t row, col;   /* floats between them */
    size_t rows, cols; /* how many of them are inside the image */
    size_t channels;
} destination;

/* A^T p A. whole: all m x m pixels and V channels are there; relu: with bias or mask, through ReLU,
 * which is what networks are made of. */
INLINE void result_vector(int m, const float *p, size_t stride, const epilogue *e,
                          const destination *d, size_t c, int whole, int relu)
{
    const int n = m + 1;
    vec x[25], zero = {0};
#pragma GCC unroll 25
    for (int i = 0; i < n * n; i++, p += stride) x[i] = load(p);
#pragma GCC unroll 5
    for (int i = 0; i < n; i++) tile_result(m, x + i * n, 1);
#pragma GCC unroll 4
    for (int j = 0; j < m; j++) tile_result(m, x + j, n);
    const vec bias = e->bias ? load_some(e->bias + c, d->channels - c) : zero;
    float *to = d->to + c;
    const float *mask = e->mask ? d->mask + c : NULL;
#pragma GCC unroll 4
    for (int i = 0; i < m; i++, to += d->row, mask += mask ? d->row : 0)
#pragma GCC unroll 4
        for (int j = 0; j < m; j++) {
            const size_t at = (size_t)j * d->col;
            const vec y = x[i * n + j];
            if (whole && relu)
                store(to + at, e->mask ? positive_or(y, load(mask + at), zero)
                                       : positive_or(y + bias, y + bias, zero));
            else if (whole || ((size_t)i < d->rows && (size_t)j < d->cols))
                store_some(to + at,
                           finish_vector(e, y, c, mask ? mask + at : NULL, d->channels - c),
                           d->channels - c);
        }
}

#define VECTORS(m)                                                                                 \
    static __attribute__((noinline)) void down_vector_##m(                                         \
        const view *from, size_t down, size_t right, size_t c, float *to, size_t stride)           \
    {                                                                                              \
        data_vector(m, 2, from, down, right, c, to, stride);                                       \
    }                                                                                              \
    static __attribute__((noinline)) void up_vector_##m(                                           \
        const view *from, size_t down, size_t right, size_t c, float *to, size_t stride)           \
    {                                                                                              \
        data_vector(m, 1, from, down, right, c, to, stride);                                       \
    }                                                                                              \
    static __attribute__((noinline)) void gradient_vector_##m(const view *from, size_t c,          \
                                                              float *to, size_t stride)            \
    {                                                                                              \
        gradient_vector(m, from, c, to, stride);                                                   \
    }                                                                                              \
    static __attribute__((noinline)) void bias_vector_##m(                                         \
        const float *p, size_t stride, const epilogue *e, const destination *d, size_t c)          \
    {                                                                                              \
        result_vector(m, p, stride, &(epilogue){PV_RELU, e->bias, NULL}, d, c, 1, 1);              \
    }                                                                                              \
    static __attribute__((noinline)) void mask_vector_##m(                                         \
        const float *p, size_t stride, const epilogue *e, const destination *d, size_t c)          \
    {                                                                                              \
        result_vector(m, p, stride, &(epilogue){PV_RELU, NULL, e->mask}, d, c, 1, 1);              \
    }                                                                                              \
    static __attribute__((noinline)) void any_vector_##m(                                          \
        const float *p, size_t stride, const epilogue *e, const destination *d, size_t c)          \
    {                                                                                              \
        result_vector(m, p, stride, e, d, c, 0, 0);                                                \
    }
VECTORS(2)
VECTORS(4)

/* v[point][tile][plane * channels + c] = B^T d B of the four planes of a patch: every other pixel
 * of a big image, or, for a data gradient, four overlapping squares of a small one. */
INLINE void transform_planes(int m, int up, const view *from, size_t channels, float *v,
                             size_t stride)
{
    for (size_t q = 0; q < 4; q++, v += channels) {
        const size_t down = up ? 1 - q / 2 : q / 2, right = up ? 1 - q % 2 : q % 2;
        for (size_t c = 0; c < channels; c += V)
            if (up)
                (m == 4 ? up_vector_4 : up_vector_2)(from, down, right, c, v + c, stride);
            else
                (m == 4 ? down_vector_4 : down_vector_2)(from, down, right, c, v + c, stride);
    }
}

INLINE void store_tile(int m, const float *p, size_t stride, const epilogue *e,
                       const destination *d)
{
    const int simple = e->activation == PV_RELU && !e->bias != !e->mask && d->channels % V == 0 &&
                       d->rows >= (size_t)m && d->cols >= (size_t)m;
    for (size_t c = 0; c < d->channels; c += V) {
        if (simple && e->bias)
            (m == 4 ? bias_vector_4 : bias_vector_2)(p + c, stride, e, d, c);
        else if (simple)
            (m == 4 ? mask_vector_4 : mask_vector_2)(p + c, stride, e, d, c);
        else
            (m == 4 ? any_vector_4 : any_vector_2)(p + c, stride, e, d, c);
    }
}

#endif
