/* reference.h -- the layers as their formulas say, one loop per index, in double precision: the
 * oracle of the fast kernels, selected by POLARVAE_ISA=reference. */
#ifndef PV_CPU_REFERENCE_H
#define PV_CPU_REFERENCE_H

#include <string.h>

#include "kernels.h"

static float leave(int activation, double sum, const float *mask)
{
    if (mask) return (float)(sum * (double)pv_activation_slope(activation, *mask));
    return pv_activate(activation, (float)sum);
}

/* ---- dense ---- */

static void dense_run(const void *args, const pv_cpu_space *space)
{
    const pv_dense_args *a = args;
    const int forward = a->pass == PV_FORWARD;
    const size_t k = forward ? a->in : a->out, n = forward ? a->out : a->in;
    (void)space;
    for (size_t row = 0; row < a->rows; row++)
        for (size_t j = 0; j < n; j++) {
            double sum = forward && a->bias ? (double)a->bias[j] : 0.0;
            if (!forward && a->plus) sum += (double)a->plus[row * n + j];
            for (size_t i = 0; i < k; i++)
                sum += (double)a->from[row * k + i] *
                       (double)a->w[forward ? j * a->in + i : i * a->in + j];
            a->to[row * n + j] =
                leave(a->activation, sum, forward || !a->mask ? NULL : a->mask + row * n + j);
        }
}

static void dense_weight_grad_needs(const void *args, pv_cpu_needs *needs)
{
    needs->whole_units = ((const pv_dense_weight_grad_args *)args)->out;
}

static double dy_at(const pv_dense_weight_grad_args *a, size_t row, size_t out)
{
    return (double)a->dy[row * a->out + out] * (a->scale ? (double)a->scale[row] : 1.0);
}

static void dense_weight_grad_whole(const void *args, const pv_cpu_space *space, size_t from,
                                    size_t to)
{
    const pv_dense_weight_grad_args *a = args;
    (void)space;
    for (size_t out = from; out < to; out++) {
        double bias = 0.0;
        for (size_t row = 0; row < a->rows; row++) bias += dy_at(a, row, out);
        if (a->dbias) a->dbias[out] = (float)bias;
        for (size_t in = 0; in < a->in; in++) {
            double sum = 0.0;
            for (size_t row = 0; row < a->rows; row++)
                sum += dy_at(a, row, out) * (double)a->x[row * a->in + in];
            a->dw[out * a->in + in] = (float)sum;
        }
    }
}

/* ---- convolution ---- */

/* Calls visit with the offsets of every (big, small, weight) triple of an image that meet. */
#define FOR_EACH_PRODUCT(a)                                                                        \
    for (size_t y = 0; y < PV_CONV_SIZE(height); y++)                                              \
        for (size_t x = 0; x < PV_CONV_SIZE(width); x++)                                           \
            for (int ky = 0; ky < (a)->kernel; ky++)                                               \
                for (int kx = 0; kx < (a)->kernel; kx++)                                           \
                    for (int f = 0; f < (a)->filters; f++)                                         \
                        for (int c = 0; c < (a)->channels; c++)

/* Offsets of the triple; big is -1 outside the image. */
#define BIG_AT(a)                                                                                  \
    (inside((int)y * (a)->stride + ky - (a)->pad, (a)->height) &&                                  \
             inside((int)x * (a)->stride + kx - (a)->pad, (a)->width)                              \
         ? (((long)y * (a)->stride + ky - (a)->pad) * (a)->width + (long)x * (a)->stride + kx -    \
            (a)->pad) *                                                                            \
                   (a)->channels +                                                                 \
               c                                                                                   \
         : -1)
#define SMALL_AT(a) ((y * PV_CONV_SIZE(width) + x) * (size_t)(a)->filters + (size_t)f)
#define WEIGHT_AT(a) ((size_t)(((f * (a)->kernel + ky) * (a)->kernel + kx) * (a)->channels + c))

static int inside(int at, int size) { return at >= 0 && at < size; }

static void conv_needs(const void *args, pv_cpu_needs *needs)
{
    const pv_conv_args *a = args;
    needs->scratch = (a->pass == PV_FORWARD ? PV_CONV_SMALL : PV_CONV_BIG) * sizeof(double);
}

static void conv_run(const void *args, const pv_cpu_space *space)
{
    const pv_conv_args *a = args;
    const int forward = a->pass == PV_FORWARD;
    const size_t from = forward ? PV_CONV_BIG : PV_CONV_SMALL;
    const size_t to = forward ? PV_CONV_SMALL : PV_CONV_BIG;
    const size_t channels = (size_t)(forward ? a->filters : a->channels);
    double *sum = space->scratch;
    for (size_t row = 0; row < a->rows; row++) {
        for (size_t i = 0; i < to; i++) sum[i] = a->bias ? (double)a->bias[i % channels] : 0.0;
        FOR_EACH_PRODUCT(a)
        {
            long big = BIG_AT(a);
            if (big < 0) continue;
            size_t in = forward ? (size_t)big : SMALL_AT(a);
            sum[forward ? SMALL_AT(a) : (size_t)big] +=
                (double)a->from[row * from + in] * (double)a->w[WEIGHT_AT(a)];
        }
        for (size_t i = 0; i < to; i++)
            a->to[row * to + i] =
                leave(a->activation, sum[i], a->mask ? a->mask + row * to + i : NULL);
    }
}

#define BIAS_CHANNELS(a) ((size_t)((a)->bias_big ? (a)->channels : (a)->filters))

static void conv_weight_grad_needs(const void *args, pv_cpu_needs *needs)
{
    const pv_conv_weight_grad_args *a = args;
    needs->sums = (PV_CONV_WEIGHTS + BIAS_CHANNELS(a)) * sizeof(double);
    needs->finish_units = 1;
}

static void conv_weight_grad_run(const void *args, const pv_cpu_space *space)
{
    const pv_conv_weight_grad_args *a = args;
    double *sum = space->sums, *bias = sum + PV_CONV_WEIGHTS;
    if (space->first) memset(sum, 0, (PV_CONV_WEIGHTS + BIAS_CHANNELS(a)) * sizeof(double));
    for (size_t row = 0; row < a->rows; row++) {
        const float *big = a->big + row * PV_CONV_BIG, *small = a->small + row * PV_CONV_SMALL;
        FOR_EACH_PRODUCT(a)
        {
            long at = BIG_AT(a);
            if (at >= 0) sum[WEIGHT_AT(a)] += (double)big[at] * (double)small[SMALL_AT(a)];
        }
        const float *dy = a->bias_big ? big : small;
        const size_t size = a->bias_big ? PV_CONV_BIG : PV_CONV_SMALL;
        for (size_t i = 0; i < size; i++) bias[i % BIAS_CHANNELS(a)] += (double)dy[i];
    }
}

static void conv_weight_grad_finish(const void *args, const void *const *sums, int count,
                                    size_t from, size_t to)
{
    const pv_conv_weight_grad_args *a = args;
    (void)from, (void)to;
    for (size_t i = 0; i < PV_CONV_WEIGHTS + BIAS_CHANNELS(a); i++) {
        double sum = 0.0;
        for (int g = 0; g < count; g++) sum += ((const double *)sums[g])[i];
        if (i < PV_CONV_WEIGHTS)
            a->dw[i] = (float)sum;
        else if (a->dbias)
            a->dbias[i - PV_CONV_WEIGHTS] = (float)sum;
    }
}

/* Nothing is packed. */
#define dense_needs NULL
#define dense_prepare NULL
#define dense_whole NULL
#define dense_weight_grad_prepare NULL
#define conv_prepare NULL

#endif
