/* softmax_loss.c -- see softmax_loss.h. Loops run over the rows of a block, a class at a time. */
#include "learn/softmax_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "learn/clones.h"
#include "learn/exponential.h"

/* Into every clone of its caller. */
#define INLINE static inline __attribute__((always_inline))

/* Zeros, from a boundary of the widest vectors on. */
static pv_status aligned(double **out, size_t count)
{
    enum { BOUNDARY = 64 };
    size_t bytes = (count * sizeof(double) / BOUNDARY + 1) * BOUNDARY;
    *out = count < SIZE_MAX / BOUNDARY ? aligned_alloc(BOUNDARY, bytes) : NULL;
    if (!*out) return pv_fail(PV_ENOMEM, "out of memory: %zu numbers", count);
    memset(*out, 0, bytes);
    return PV_OK;
}

pv_status pv_columns_copy(pv_columns *out, const double *x, size_t n, int d)
{
    *out = (pv_columns){.n = n, .stride = (n + PV_ROWS - 1) / PV_ROWS * PV_ROWS, .d = d};
    PV_TRY(aligned(&out->value, (size_t)d * out->stride));
    for (size_t i = 0; i < n; i++)
        for (int j = 0; j < d; j++) out->value[(size_t)j * out->stride + i] = x[i * (size_t)d + j];
    return PV_OK;
}

void pv_columns_free(pv_columns *columns)
{
    free(columns->value);
    memset(columns, 0, sizeof *columns);
}

pv_status pv_softmax_work(double **work, int classes)
{
    return aligned(work, (size_t)(classes + 3) * PV_ROWS);
}

/* One block of rows. */
typedef struct {
    const double *x; /* of the first row, in the first column */
    size_t stride;
    int d, classes, first;
    /* [PV_ROWS] each: the largest logit, the sum of exponentials, the logit of the row's class */
    double *top, *sum, *own;
    double
        *logit; /* [classes][PV_ROWS]; becomes exponentials, then probabilities, then residuals */
} block;

/* Four columns at a time, so that a logit is read and written less often. */
INLINE void find_logits(const block *b, const double *weight)
{
    size_t stride = b->stride;
    for (int i = 0; i < b->first * PV_ROWS; i++) b->logit[i] = 0.0;
    for (int c = b->first; c < b->classes; c++, weight += b->d + 1) {
        double *z = b->logit + (size_t)c * PV_ROWS, intercept = weight[b->d];
        const double *x = b->x;
        int j = 0;
        for (int i = 0; i < PV_ROWS; i++) z[i] = intercept;
        for (; j + 4 <= b->d; j += 4, x += 4 * stride) {
            double w0 = weight[j], w1 = weight[j + 1], w2 = weight[j + 2], w3 = weight[j + 3];
#pragma omp simd
            for (int i = 0; i < PV_ROWS; i++)
                z[i] += (w0 * x[i] + w1 * x[stride + i]) +
                        (w2 * x[2 * stride + i] + w3 * x[3 * stride + i]);
        }
        for (; j < b->d; j++, x += stride) {
            double w0 = weight[j];
#pragma omp simd
            for (int i = 0; i < PV_ROWS; i++) z[i] += w0 * x[i];
        }
    }
}

/* exp(logit - top) and its sums. */
INLINE void exponentiate(const block *b)
{
    double *top = b->top, *sum = b->sum;
    memcpy(top, b->logit, PV_ROWS * sizeof *top);
    for (int c = 1; c < b->classes; c++) {
        const double *z = b->logit + (size_t)c * PV_ROWS;
#pragma omp simd
        for (int i = 0; i < PV_ROWS; i++) top[i] = top[i] > z[i] ? top[i] : z[i];
    }
    memset(sum, 0, PV_ROWS * sizeof *sum);
    for (int c = 0; c < b->classes; c++) {
        double *z = b->logit + (size_t)c * PV_ROWS;
#pragma omp simd
        for (int i = 0; i < PV_ROWS; i++) {
            z[i] = pv_exp_below_zero(z[i] - top[i]);
            sum[i] += z[i];
        }
    }
}

/* g[c] += sum over rows of residual * (x, 1) */
INLINE void add_gradient(const block *b, double *g)
{
    size_t stride = b->stride;
    for (int c = b->first; c < b->classes; c++, g += b->d + 1) {
        const double *r = b->logit + (size_t)c * PV_ROWS, *x = b->x;
        int j = 0;
        for (; j + 4 <= b->d; j += 4, x += 4 * stride) {
            double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0;
#pragma omp simd reduction(+ : s0, s1, s2, s3)
            for (int i = 0; i < PV_ROWS; i++) {
                s0 += r[i] * x[i];
                s1 += r[i] * x[stride + i];
                s2 += r[i] * x[2 * stride + i];
                s3 += r[i] * x[3 * stride + i];
            }
            g[j] += s0, g[j + 1] += s1, g[j + 2] += s2, g[j + 3] += s3;
        }
        for (; j < b->d; j++, x += stride) {
            double s = 0.0;
#pragma omp simd reduction(+ : s)
            for (int i = 0; i < PV_ROWS; i++) s += r[i] * x[i];
            g[j] += s;
        }
        double s = 0.0;
#pragma omp simd reduction(+ : s)
        for (int i = 0; i < PV_ROWS; i++) s += r[i];
        g[b->d] += s;
    }
}

static block block_at(const pv_softmax_loss *loss, size_t row)
{
    return (block){.x = loss->x->value + row,
                   .stride = loss->x->stride,
                   .d = loss->x->d,
                   .classes = loss->classes,
                   .first = loss->first,
                   .top = loss->work,
                   .sum = loss->work + PV_ROWS,
                   .own = loss->work + 2 * PV_ROWS,
                   .logit = loss->work + 3 * PV_ROWS};
}

static int counts(const pv_softmax_loss *loss, size_t row)
{
    return row < loss->x->n && (row < loss->out_begin || row >= loss->out_end);
}

/* The sum of cross entropies of the rows of a block that count; adds to the gradient. */
PV_CLONES static double block_loss(const pv_softmax_loss *loss, size_t row, const double *weight,
                                   double *gradient)
{
    block b = block_at(loss, row);
    const int32_t *of = loss->of + row;
    find_logits(&b, weight);
    for (size_t i = 0; i < PV_ROWS; i++)
        if (counts(loss, row + i)) b.own[i] = b.logit[(size_t)of[i] * PV_ROWS + i];
    exponentiate(&b);

    /* Sums are in [1, classes]: one logarithm for eight of them. They become what exponentials are
     * scaled by, 0 for rows that do not count. */
    double entropy = 0.0;
    for (size_t i = 0; i < PV_ROWS;) {
        double product = 1.0;
        do {
            int in = counts(loss, row + i);
            product *= in ? b.sum[i] : 1.0;
            entropy += in ? b.top[i] - b.own[i] : 0.0;
            b.sum[i] = in ? 1.0 / b.sum[i] : 0.0;
        } while (++i % 8);
        entropy += log(product);
    }
    for (int c = b.first; c < b.classes; c++) {
        double *z = b.logit + (size_t)c * PV_ROWS;
#pragma omp simd
        for (int i = 0; i < PV_ROWS; i++) z[i] *= b.sum[i];
    }
    for (size_t i = 0; i < PV_ROWS; i++)
        if (counts(loss, row + i)) b.logit[(size_t)of[i] * PV_ROWS + i] -= 1.0;
    add_gradient(&b, gradient);
    return entropy;
}

double pv_softmax_loss_at(const pv_softmax_loss *loss, const double *weight, double *gradient)
{
    size_t d = (size_t)loss->x->d, vectors = (size_t)(loss->classes - loss->first);
    memset(gradient, 0, vectors * (d + 1) * sizeof *gradient);
    double entropy = 0.0, squares = 0.0;
    for (size_t row = 0; row < loss->x->n; row += PV_ROWS)
        if (row < loss->out_begin || row + PV_ROWS > loss->out_end)
            entropy += block_loss(loss, row, weight, gradient);
    for (size_t v = 0; v < vectors; v++, weight += d + 1, gradient += d + 1) {
        for (size_t j = 0; j < d; j++) {
            squares += weight[j] * weight[j];
            gradient[j] = loss->scale * gradient[j] + loss->penalty * weight[j];
        }
        gradient[d] *= loss->scale;
    }
    return loss->scale * entropy + 0.5 * loss->penalty * squares;
}

double pv_softmax_accuracy(const pv_softmax_loss *loss, const double *weight)
{
    size_t right = 0;
    for (size_t row = 0; row < loss->out_end; row += PV_ROWS) {
        if (row + PV_ROWS <= loss->out_begin) continue;
        block b = block_at(loss, row);
        find_logits(&b, weight);
        for (size_t i = 0; i < PV_ROWS; i++) {
            if (row + i < loss->out_begin || row + i >= loss->out_end) continue;
            size_t best = 0;
            for (size_t c = 1; c < (size_t)b.classes; c++)
                if (b.logit[c * PV_ROWS + i] > b.logit[best * PV_ROWS + i]) best = c;
            right += best == (size_t)loss->of[row + i];
        }
    }
    return (double)right / (double)(loss->out_end - loss->out_begin);
}
