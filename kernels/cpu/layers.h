/* layers.h -- convolutions of one instruction set: which way each shape takes. */
#ifndef PV_CPU_LAYERS_H
#define PV_CPU_LAYERS_H

#include "patches.h"
#include "winograd.h"

/* What the AMX unit does, where there is one: convolutions that halve an image, and gradients of
 * those of few channels. */
#ifdef PV_AMX
#include "direct_weights.h"
#include "thin.h"
#define AMX(a, halving, gradient, thin)                                                            \
    if (HALVES(a)) {                                                                               \
        halving;                                                                                   \
        return;                                                                                    \
    }                                                                                              \
    if (gradient && THIN(a)) {                                                                     \
        thin;                                                                                      \
        return;                                                                                    \
    }
#else
#define AMX(a, halving, gradient, thin)
#endif

/* Tile size for a convolution, 0 where patches serve better: other kernels, thin images. */
#define TILE(a)                                                                                    \
    ((a)->kernel != 4 || (a)->stride != 2 || (a)->pad != 1 || (a)->height % 2 || (a)->width % 2 || \
             (a)->channels < 8 || (a)->filters < 8                                                 \
         ? 0                                                                                       \
     : (a)->height >= 32 && (a)->width >= 32 ? 4                                                   \
                                             : 2)

static void conv_needs(const void *args, pv_cpu_needs *needs)
{
    const pv_conv_args *a = args;
    const int m = TILE(a), forward = a->pass == PV_FORWARD;
    AMX(a, direct_needs(a, needs), !forward, thin_needs(a, needs))
    if (m) {
        const tiling s = TILING(m, a);
        const size_t wide = panels(forward ? s.filters : s.channels);
        needs->packed =
            s.points * 4 * (forward ? s.channels : s.filters) * wide * 2 * V * sizeof(float);
        needs->prepare_units = 4 * (forward ? s.channels / V : s.filters);
        needs->scratch = winograd_scratch(&s);
    } else {
        const patching s = PATCHING(a);
        needs->prepare_units = panels(forward ? s.K : s.patch);
        needs->packed = needs->prepare_units * 2 * V * (forward ? s.patch : s.K) * sizeof(float);
        needs->scratch = patches_scratch(&s);
    }
}

static void conv_prepare(const void *args, void *packed, size_t from, size_t to)
{
    const pv_conv_args *a = args;
    const int m = TILE(a), forward = a->pass == PV_FORWARD;
    AMX(a, direct_prepare(a, packed, from, to), !forward, thin_prepare(a, packed, from, to))
    if (m == 4 && forward) prepare_down(4, a, packed, from, to);
    if (m == 2 && forward) prepare_down(2, a, packed, from, to);
    if (m == 4 && !forward) prepare_up(4, a, packed, from, to);
    if (m == 2 && !forward) prepare_up(2, a, packed, from, to);
    if (m == 0) patches_prepare(a, packed, from, to);
}

static void conv_run(const void *args, const pv_cpu_space *space)
{
    const pv_conv_args *a = args;
    const int m = TILE(a), forward = a->pass == PV_FORWARD;
    AMX(a, direct_run(a, space), !forward, thin_data_grad(a, space))
    if (m == 4 && forward) winograd_down(4, a, space);
    if (m == 2 && forward) winograd_down(2, a, space);
    if (m == 4 && !forward) winograd_up(4, a, space);
    if (m == 2 && !forward) winograd_up(2, a, space);
    if (m == 0 && forward) patches_forward(a, space);
    if (m == 0 && !forward) patches_data_grad(a, space);
}

/* ---- weight gradients: the sums are those of the weights, then those of the bias ---- */

#define BIAS_CHANNELS(a) ((size_t)((a)->bias_big ? (a)->channels : (a)->filters))

/* Those of thin images are the same with AMX and without: few channels are no case for tiles. */
static size_t weight_sums(const pv_conv_weight_grad_args *a)
{
#ifdef PV_AMX
    if (HALVES(a)) return direct_sums(a);
#endif
    const int m = TILE(a);
    const tiling s = TILING(m ? m : 2, a);
    const patching p = PATCHING(a);
    return m ? s.points * 4 * s.channels * s.filters : p.patch * p.filters;
}

static void conv_weight_grad_needs(const void *args, pv_cpu_needs *needs)
{
    const pv_conv_weight_grad_args *a = args;
    const int m = TILE(a);
    const tiling s = TILING(m ? m : 2, a);
    const patching p = PATCHING(a);
    needs->sums = (weight_sums(a) + pv_round_up(BIAS_CHANNELS(a), V)) * sizeof(float);
    AMX(a, direct_weights_needs(a, needs), 1, thin_weights_needs(a, needs))
    needs->scratch = m ? winograd_scratch(&s) : patches_scratch(&p);
    needs->finish_units = m ? 4 * s.channels / V : p.K;
}

/* sum[channel] (+)= the sum of that channel over `pixels` pixels. */
static void channel_sums(float *sum, const float *from, size_t pixels, size_t channels, int first)
{
    if (channels == 1) {
        vec part = {0};
        size_t i = 0;
        for (; i + V <= pixels; i += V) part += load(from + i);
        if (i < pixels) part += load_some(from + i, pixels - i);
        float total = first ? 0.0f : sum[0];
        for (int j = 0; j < V; j++) total += part[j];
        sum[0] = total;
        return;
    }
    for (size_t c = 0; c < channels; c += 2 * V) {
        size_t left = channels - c, right = left > V ? left - V : 0;
        vec a = first ? (vec){0} : load(sum + c), b = {0};
        if (right && !first) b = load(sum + c + V);
        for (size_t i = 0; i < pixels; i++) {
            a += load_some(from + i * channels + c, left);
            if (right) b += load_some(from + i * channels + c + V, right);
        }
        store(sum + c, a);
        if (right) store(sum + c + V, b);
    }
}

static void weight_grad_run(const pv_conv_weight_grad_args *a, const pv_cpu_space *space)
{
    const int m = TILE(a);
    AMX(a, direct_weights(a, space), 1, thin_weights(a, space))
    if (m == 4) winograd_weights(4, a, space);
    if (m == 2) winograd_weights(2, a, space);
    if (m == 0) patches_weights(a, space);
}

static void conv_weight_grad_run(const void *args, const pv_cpu_space *space)
{
    const pv_conv_weight_grad_args *a = args;
    weight_grad_run(a, space);
    float *bias = (float *)space->sums + weight_sums(a);
    const size_t big = (size_t)(a->height * a->width),
                 small = PV_CONV_SIZE(height) * PV_CONV_SIZE(width);
    channel_sums(bias, a->bias_big ? a->big : a->small, a->rows * (a->bias_big ? big : small),
                 BIAS_CHANNELS(a), space->first);
}

static void weight_grad_finish(const pv_conv_weight_grad_args *a, const void *const *sums,
                               int count, size_t from, size_t to)
{
    const int m = TILE(a);
    AMX(a, direct_weights_finish(a, sums, count, from, to), 1,
        patches_finish(a, sums, count, from, to))
    if (m == 4) winograd_finish(4, a, sums, count, from, to);
    if (m == 2) winograd_finish(2, a, sums, count, from, to);
    if (m == 0) patches_finish(a, sums, count, from, to);
}

static void conv_weight_grad_finish(const void *args, const void *const *sums, int count,
                                    size_t from, size_t to)
{
    const pv_conv_weight_grad_args *a = args;
    weight_grad_finish(a, sums, count, from, to);
    if (from > 0 || !a->dbias) return;
    for (size_t c = 0; c < BIAS_CHANNELS(a); c++) {
        float sum = 0.0f;
        for (int g = 0; g < count; g++) sum += ((const float *)sums[g])[weight_sums(a) + c];
        a->dbias[c] = sum;
    }
}

#endif
