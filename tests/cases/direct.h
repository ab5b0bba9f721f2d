/* direct.h -- the layers as ops.h defines them, one loop per index, in double precision. */
#ifndef PV_CASES_DIRECT_H
#define PV_CASES_DIRECT_H

#include "cases/inputs.h"

typedef struct {
    size_t rows;
    int height, width, channels, filters, kernel, stride, pad;
} shape;

/* ---- sizes of one image ---- */

static int small_side(const shape *s, int side)
{
    return (side + 2 * s->pad - s->kernel) / s->stride + 1;
}
static size_t big_size(const shape *s)
{
    return (size_t)s->height * (size_t)s->width * (size_t)s->channels;
}
static size_t small_size(const shape *s)
{
    return (size_t)small_side(s, s->height) * (size_t)small_side(s, s->width) * (size_t)s->filters;
}
static size_t weight_size(const shape *s)
{
    return (size_t)s->filters * (size_t)s->kernel * (size_t)s->kernel * (size_t)s->channels;
}

/* ---- convolution: one of big, small and w is computed from the other two ---- */

typedef enum { TO_SMALL, TO_BIG, TO_WEIGHTS } target;

/* Every product of a convolution: big[c] at (Y, X) meets small[f] at (y, x) through w[f, ky, kx, c]
 * with Y = y stride + ky - pad. The target collects them; it must start at zero. */
static void direct_conv(const shape *s, target to, double *big, double *small, double *w)
{
    const int h = small_side(s, s->height), across = small_side(s, s->width);
    const int C = s->channels, F = s->filters, k = s->kernel;
    for (size_t row = 0; row < s->rows; row++, big += big_size(s), small += small_size(s))
        for (int at = 0; at < h * across * k * k; at++) {
            const int kx = at % k, ky = at / k % k, x = at / k / k % across,
                      y = at / k / k / across;
            const int Y = y * s->stride + ky - s->pad, X = x * s->stride + kx - s->pad;
            if (Y < 0 || Y >= s->height || X < 0 || X >= s->width) continue;
            double *b = big + (Y * s->width + X) * C, *m = small + (y * across + x) * F;
            for (int f = 0; f < F; f++) {
                double *v = w + ((f * k + ky) * k + kx) * C, sum = 0.0;
                if (to == TO_SMALL) {
                    for (int c = 0; c < C; c++) sum += b[c] * v[c];
                    m[f] += sum;
                } else if (to == TO_BIG)
                    for (int c = 0; c < C; c++) b[c] += m[f] * v[c];
                else
                    for (int c = 0; c < C; c++) v[c] += m[f] * b[c];
            }
        }
}

/* ---- what surrounds a product ---- */

static double activation(int f, double x)
{
    switch (f) {
    case PV_RELU:
        return x > 0.0 ? x : 0.0;
    case PV_LEAKY_RELU:
        return x > 0.0 ? x : 0.2 * x;
    case PV_TANH:
        return tanh(x);
    default:
        return x;
    }
}

/* f'(x), given y = f(x) */
static double slope(int f, double y)
{
    switch (f) {
    case PV_RELU:
        return y > 0.0 ? 1.0 : 0.0;
    case PV_LEAKY_RELU:
        return y > 0.0 ? 1.0 : 0.2;
    case PV_TANH:
        return 1.0 - y * y;
    default:
        return 1.0;
    }
}

static double *doubles(const float *x, size_t n)
{
    double *y = calloc(n + !n, sizeof *y);
    for (size_t i = 0; x && i < n; i++) y[i] = (double)x[i];
    return y;
}

/* Possible outputs of activation f: the sign of zero included. */
static float *outputs_of(int f, uint32_t key, size_t n)
{
    float *y = uniform(key, n, -1, 1);
    for (size_t i = 0; i < n; i++) {
        if (i % 7 == 3) y[i] = i % 2 ? 0.0f : -0.0f;
        if (f == PV_RELU && y[i] < 0.0f) y[i] = 0.0f;
    }
    return y;
}

#endif
