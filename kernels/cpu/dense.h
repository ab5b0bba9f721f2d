/* dense.h -- dense layers that take part in the batch's way through the cache. Weights are many and
 * meet few rows: they are read as they lie where that is possible, and not packed. */
#ifndef PV_CPU_DENSE_H
#define PV_CPU_DENSE_H

#include "wide.h"

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
    if (IS_WIDE(a)) {
        wide_needs(a, needs);
        return;
    }
    needs->prepare_units = dense_packs(a) ? panels(a->in) : 0;
    needs->packed = needs->prepare_units * a->out * 2 * V * sizeof(float);
    needs->scratch =
        (a->pass == PV_FORWARD ? rows * (a->in + a->out) : a->rows * panels(a->in) * 2 * V) *
        sizeof(float);
}

static void dense_prepare(const void *args, void *packed, size_t from, size_t to)
{
    const pv_dense_args *a = args;
    if (IS_WIDE(a))
        wide_prepare(a, packed, from, to);
    else
        pack_panels(packed, a->w, a->out, a->in, a->in, 1, from, to);
}

static void dense_forward(const pv_dense_args *a, const pv_cpu_space *space)
{
    const size_t rows = pv_round_up(a->rows, V);
    float *x = space->scratch, *y = x + rows * a->in;
    columns_to_rows(x, rows, a->from, a->rows, a->in, NULL, 0, a->in);
    forward_outputs(a, x, y, 0, a->out);
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

#endif
