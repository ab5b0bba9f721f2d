/* layers.h -- dense layers and convolutions of one instruction set: which way each shape takes. */
#ifndef PV_CPU_LAYERS_H
#define PV_CPU_LAYERS_H

#include "patches.h"
#include "winograd.h"

/* What the AMX unit does, where there is one: convolutions that halve an image, and those of few
 * channels. */
#ifdef PV_AMX
#include "direct_weights.h"
#include "thin.h"
#define AMX(a, halving, thin)                                                                      \
    if (HALVES(a)) {                                                                               \
        halving;                                                                                   \
        return;                                                                                    \
    }                                                                                              \
    if (THIN(a)) {                                                                                 \
        thin;                                                                                      \
        return;                                                                                    \
    }
#else
#define AMX(a, halving, thin)
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
    AMX(a, direct_needs(a, needs), thin_needs(a, needs))
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
    AMX(a, direct_prepare(a, packed, from, to), thin_prepare(a, packed, from, to))
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
    AMX(a, direct_run(a, space), thin_run(a, space))
    if (m == 4 && forward) winograd_down(4, a, space);
    if (m == 2 && forward) winograd_down(2, a, space);
    if (m == 4 && !forward) winograd_up(4, a, space);
    if (m == 2 && !forward) winograd_up(2, a, space);
    if (m == 0 && forward) patches_forward(a, space);
    if (m == 0 && !forward) patches_data_grad(a, space);
}

/* ---- weight gradients: the sums are those of the weights, then those of the bias ---- */

#define BIAS_CHANNELS(a) ((size_t)((a)->bias_big ? (a)->channels : (a)->filters))

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
    AMX(a, direct_weights_needs(a, needs), thin_weights_needs(a, needs))
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
    AMX(a, direct_weights(a, space), thin_weights(a, space))
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
    AMX(a, direct_weights_finish(a, sums, count, from, to),
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

/* ---- dense ---- */

enum { DEPTH = 256 }; /* terms of a sum whose operands stay in the first cache */

/* Forward, the weights are read as they lie: y^T = w x^T. For the data gradient they are, too, if
 * their rows are whole panels. */
static int dense_packs(const pv_dense_args *a)
{
    return a->pass != PV_FORWARD && a->in % (2 * V) != 0;
}

static void dense_needs(const void *args, pv_cpu_needs *needs)
{
    const pv_dense_args *a = args;
    const size_t rows = pv_round_up(a->rows, V);
    needs->prepare_units = dense_packs(a) ? panels(a->in) : 0;
    needs->packed = needs->prepare_units * a->out * 2 * V * sizeof(float);
    needs->scratch =
        (a->pass == PV_FORWARD ? rows * (a->in + a->out) : a->rows * panels(a->in) * 2 * V) *
        sizeof(float);
}

static void dense_prepare(const void *args, void *packed, size_t from, size_t to)
{
    const pv_dense_args *a = args;
    pack_panels(packed, a->w, a->out, a->in, a->in, 1, from, to);
}

static void dense_forward(const pv_dense_args *a, const pv_cpu_space *space)
{
    const size_t rows = pv_round_up(a->rows, V);
    float *x = space->scratch, *y = x + rows * a->in;
    memset(x, 0, rows * a->in * sizeof(float));
    for (size_t i = 0; i < a->rows; i++)
        for (size_t j = 0; j < a->in; j++) x[j * rows + i] = a->from[i * a->in + j];
    for (size_t depth = 0; depth < a->in; depth += DEPTH)
        gemm(&(gemm_args){.rows = a->out,
                          .vectors = rows / V,
                          .k = smaller(DEPTH, a->in - depth),
                          .a = a->w + depth,
                          .a_row = a->in,
                          .a_col = 1,
                          .b = x + depth * rows,
                          .b_row = rows,
                          .b_panel = 2 * V,
                          .c = y,
                          .c_row = rows,
                          .add = depth > 0});
    for (size_t i = 0; i < a->rows; i++)
        for (size_t j = 0; j < a->out; j++)
            a->to[i * a->out + j] =
                pv_activate(a->activation, y[j * rows + i] + (a->bias ? a->bias[j] : 0.0f));
}

static void dense_data_grad(const pv_dense_args *a, const pv_cpu_space *space)
{
    const size_t n = a->in, width = panels(n) * 2 * V;
    float *result = space->scratch;
    for (size_t p = 0; p < panels(n); p++)
        for (size_t depth = 0; depth < a->out; depth += DEPTH)
            gemm(&(gemm_args){.rows = a->rows,
                              .vectors = 2,
                              .k = smaller(DEPTH, a->out - depth),
                              .a = a->from + depth,
                              .a_row = a->out,
                              .a_col = 1,
                              .b = dense_packs(a)
                                       ? (const float *)space->packed + (p * a->out + depth) * 2 * V
                                       : a->w + depth * n + p * 2 * V,
                              .b_row = dense_packs(a) ? 2 * V : n,
                              .c = result + p * 2 * V,
                              .c_row = width,
                              .add = depth > 0});
    const epilogue e = {a->activation, NULL, a->mask};
    for (size_t i = 0; i < a->rows; i++) {
        for (size_t j = 0; j < n && a->plus; j++) result[i * width + j] += a->plus[i * n + j];
        store_pixels(result + i * width, width, &e, a->to + i * n, e.mask ? e.mask + i * n : NULL,
                     1, n);
    }
}

static void dense_run(const void *args, const pv_cpu_space *space)
{
    const pv_dense_args *a = args;
    if (a->pass == PV_FORWARD)
        dense_forward(a, space);
    else
        dense_data_grad(a, space);
}

/* Units are panels of inputs. */
static void dense_weight_grad_needs(const void *args, pv_cpu_needs *needs)
{
    const pv_dense_weight_grad_args *a = args;
    needs->whole_units = panels(a->in);
    needs->scratch = (a->rows + a->out) * 2 * V * sizeof(float);
}

static void dense_weight_grad_whole(const void *args, const pv_cpu_space *space, size_t from,
                                    size_t to)
{
    const pv_dense_weight_grad_args *a = args;
    float *panel = space->scratch, *part = panel + a->rows * 2 * V;
    for (size_t p = from; p < to; p++) {
        const size_t column = p * 2 * V, width = smaller(2 * V, a->in - column);
        const int direct = width == 2 * V;
        pack_panel(panel, a->x, a->rows, a->in, a->in, 1, p);
        gemm(&(gemm_args){.rows = a->out,
                          .vectors = 2,
                          .k = a->rows,
                          .a = a->dy,
                          .a_row = 1,
                          .a_col = a->out,
                          .b = panel,
                          .b_row = 2 * V,
                          .c = direct ? a->dw + column : part,
                          .c_row = direct ? a->in : 2 * V});
        for (size_t i = 0; i < a->out && !direct; i++)
            memcpy(a->dw + i * a->in + column, part + i * 2 * V, width * sizeof(float));
    }
    if (from > 0 || !a->dbias) return;
    memset(a->dbias, 0, a->out * sizeof(float));
    for (size_t i = 0; i < a->rows; i++) {
        PV_LOOP
        for (size_t j = 0; j < a->out; j++) a->dbias[j] += a->dy[i * a->out + j];
    }
}

#endif
