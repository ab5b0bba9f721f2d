/* wide.h -- dense layers whose weights no cache holds, and weight gradients of all dense layers:
 * all rows at once, cut by weights, so that each weight is fetched once for the whole batch. */
#ifndef PV_CPU_WIDE_H
#define PV_CPU_WIDE_H

#include "gemm.h"

enum {
    WIDE = 512 * 1024, /* weights from which on a layer is wide */
    OUTPUTS = 48,      /* outputs of a unit: a multiple of ROWS */
    DEPTH = 256,       /* terms of a sum whose operands stay in the first cache */
};

#define IS_WIDE(a) ((a)->in * (a)->out >= WIDE)

#ifdef PV_AMX
#include "wide_tiles.h"
#define TILES(a, call)                                                                             \
    if (IS_WIDE(a)) {                                                                              \
        call;                                                                                      \
        return;                                                                                    \
    }
#else
#define TILES(a, call)
#endif

/* Columns from..to of from [rows, cols] as rows of `padded` numbers, each times its scale. */
static void columns_to_rows(float *to, size_t padded, const float *from, size_t rows, size_t cols,
                            const float *scale, size_t first, size_t last)
{
    for (size_t j = first; j < last; j++)
        for (size_t i = 0; i < padded; i++)
            to[j * padded + i] = i < rows ? from[i * cols + j] * (scale ? scale[i] : 1.0f) : 0.0f;
}

/* Sums y[column][padded], of `count` columns from `first` on, leave as to[rows][out]. */
static void leave_turned(const float *y, size_t padded, const epilogue *e, size_t rows, size_t out,
                         size_t first, size_t count, float *to)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < count; j += V) {
            const size_t n = smaller(V, count - j);
            vec x = {0};
            for (size_t k = 0; k < n; k++) x[k] = y[(j + k) * padded + i];
            store_some(to + i * out + first + j, finish_vector(e, x, first + j, NULL, n), n);
        }
}

/* ---- y^T = w x^T; units are OUTPUTS outputs, those of prepare V inputs ---- */

static void wide_forward_needs(const pv_dense_args *a, pv_cpu_needs *needs)
{
    const size_t rows = pv_round_up(a->rows, V);
    needs->prepare_units = (a->in + V - 1) / V;
    needs->packed = a->in * rows * sizeof(float);
    needs->whole_units = (a->out + OUTPUTS - 1) / OUTPUTS;
    needs->scratch = OUTPUTS * rows * sizeof(float);
}

/* Outputs first..first + count from x^T [in][rows in whole vectors]; y: as many sums for each. */
static void forward_outputs(const pv_dense_args *a, const float *x, float *y, size_t first,
                            size_t count)
{
    const size_t rows = pv_round_up(a->rows, V);
    for (size_t depth = 0; depth < a->in; depth += DEPTH)
        gemm(&(gemm_args){.rows = count,
                          .vectors = rows / V,
                          .k = smaller(DEPTH, a->in - depth),
                          .a = a->w + first * a->in + depth,
                          .a_row = a->in,
                          .a_col = 1,
                          .b = x + depth * rows,
                          .b_row = rows,
                          .b_panel = 2 * V,
                          .c = y,
                          .c_row = rows,
                          .add = depth > 0});
    leave_turned(y, rows, &(epilogue){a->activation, a->bias, NULL}, a->rows, a->out, first, count,
                 a->to);
}

/* ---- dx = dy w; units are panels of inputs ---- */

static void wide_data_grad_needs(const pv_dense_args *a, pv_cpu_needs *needs)
{
    needs->whole_units = panels(a->in);
    needs->scratch = (a->rows + a->out) * 2 * V * sizeof(float);
}

static void wide_data_grad(const pv_dense_args *a, const pv_cpu_space *space, size_t unit)
{
    const size_t first = unit * 2 * V, width = smaller(2 * V, a->in - first);
    float *result = space->scratch, *panel = result + a->rows * 2 * V;
    pack_panel(panel, a->w, a->out, a->in, a->in, 1, unit);
    for (size_t depth = 0; depth < a->out; depth += DEPTH)
        gemm(&(gemm_args){.rows = a->rows,
                          .vectors = 2,
                          .k = smaller(DEPTH, a->out - depth),
                          .a = a->from + depth,
                          .a_row = a->out,
                          .a_col = 1,
                          .b = panel + depth * 2 * V,
                          .b_row = 2 * V,
                          .c = result,
                          .c_row = 2 * V,
                          .add = depth > 0});
    const epilogue e = {a->activation, NULL, a->mask};
    for (size_t i = 0; i < a->rows; i++) {
        const size_t at = i * a->in + first;
        for (size_t j = 0; j < width && a->plus; j++) result[i * 2 * V + j] += a->plus[at + j];
        store_pixels(result + i * 2 * V, 2 * V, &e, a->to + at, e.mask ? e.mask + at : NULL, 1,
                     width);
    }
}

static void wide_needs(const pv_dense_args *a, pv_cpu_needs *needs)
{
    TILES(a, tiles_needs(a, needs))
    if (a->pass == PV_FORWARD)
        wide_forward_needs(a, needs);
    else
        wide_data_grad_needs(a, needs);
}

static void wide_prepare(const pv_dense_args *a, void *packed, size_t from, size_t to)
{
    TILES(a, tiles_prepare(a, packed, from, to))
    columns_to_rows(packed, pv_round_up(a->rows, V), a->from, a->rows, a->in, NULL, from * V,
                    smaller(to * V, a->in));
}

static void dense_whole(const void *args, const pv_cpu_space *space, size_t from, size_t to)
{
    const pv_dense_args *a = args;
    TILES(a, tiles_whole(a, space, from, to))
    for (size_t unit = from; unit < to; unit++)
        if (a->pass == PV_FORWARD)
            forward_outputs(a, space->packed, space->scratch, unit * OUTPUTS,
                            smaller(OUTPUTS, a->out - unit * OUTPUTS));
        else
            wide_data_grad(a, space, unit);
}

/* ---- dw = dy^T x; units are panels of inputs, those of prepare V outputs ---- */

static void dense_weight_grad_needs(const void *args, pv_cpu_needs *needs)
{
    const pv_dense_weight_grad_args *a = args;
    TILES(a, tiles_weights_needs(a, needs))
    needs->prepare_units = (a->out + V - 1) / V;
    needs->packed = a->out * a->rows * sizeof(float);
    needs->whole_units = panels(a->in);
    needs->scratch = (a->rows + a->out) * 2 * V * sizeof(float);
}

static void dense_weight_grad_prepare(const void *args, void *packed, size_t from, size_t to)
{
    const pv_dense_weight_grad_args *a = args;
    TILES(a, tiles_weights_prepare(a, packed, from, to))
    const size_t first = from * V, last = smaller(to * V, a->out);
    const float *dy = packed;
    columns_to_rows(packed, a->rows, a->dy, a->rows, a->out, a->scale, first, last);
    for (size_t j = first; j < last && a->dbias; j++) {
        float sum = 0.0f;
        for (size_t i = 0; i < a->rows; i++) sum += dy[j * a->rows + i];
        a->dbias[j] = sum;
    }
}

static void dense_weight_grad_whole(const void *args, const pv_cpu_space *space, size_t from,
                                    size_t to)
{
    const pv_dense_weight_grad_args *a = args;
    TILES(a, tiles_weights(a, space, from, to))
    float *panel = space->scratch, *part = panel + a->rows * 2 * V;
    for (size_t p = from; p < to; p++) {
        const size_t column = p * 2 * V, width = smaller(2 * V, a->in - column);
        const int direct = width == 2 * V;
        pack_panel(panel, a->x, a->rows, a->in, a->in, 1, p);
        gemm(&(gemm_args){.rows = a->out,
                          .vectors = 2,
                          .k = a->rows,
                          .a = space->packed,
                          .a_row = a->rows,
                          .a_col = 1,
                          .b = panel,
                          .b_row = 2 * V,
                          .c = direct ? a->dw + column : part,
                          .c_row = direct ? a->in : 2 * V});
        for (size_t i = 0; i < a->out && !direct; i++)
            memcpy(a->dw + i * a->in + column, part + i * 2 * V, width * sizeof(float));
    }
}

#endif
