/* softmax_loss.c -- see softmax_loss.h. */
#include "learn/softmax_loss.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "learn/clones.h"
#include "learn/exponential.h"

pv_status pv_columns_copy(pv_columns *out, const double *x, size_t n, int d)
{
    *out = (pv_columns){.n = n, .stride = n + PV_ROWS, .d = d};
    PV_TRY(pv_new(&out->value, (size_t)d * out->stride, sizeof *out->value, "columns"));
    for (size_t i = 0; i < n; i++)
        for (int j = 0; j < d; j++) out->value[(size_t)j * out->stride + i] = x[i * (size_t)d + j];
    return PV_OK;
}

void pv_columns_free(pv_columns *columns)
{
    free(columns->value);
    memset(columns, 0, sizeof *columns);
}

size_t pv_softmax_loss_work(int classes) { return (size_t)(classes + 3) * PV_ROWS; }

static inline __attribute__((always_inline)) void
logits(double *logit, const double *x, size_t stride, int d, const double *weight, int classes)
{
    for (int c = 0; c < classes; c++) {
        const double *w = weight + (size_t)c * (size_t)(d + 1);
        double *z = logit + (size_t)c * PV_ROWS;
        double intercept = w[d];
        for (int i = 0; i < PV_ROWS; i++) z[i] = intercept;
        for (int j = 0; j < d; j++) {
            const double *column = x + (size_t)j * stride;
            double slope = w[j];
#pragma omp simd
            for (int i = 0; i < PV_ROWS; i++) z[i] += slope * column[i];
        }
    }
}

typedef struct {
    const double *x; /* the first row of the block in each column */
    size_t stride;
    const int32_t *of;
    int d, classes, first, rows; /* rows of the block that count */
    const double *weight;
    double *gradient, *work;
} block;

/* The sum of cross entropies over a block of rows; adds to the gradient. */
PV_CLONES static double block_loss(const block *b)
{
    int classes = b->classes;
    double *top = b->work, *sum = top + PV_ROWS, *own = sum + PV_ROWS, *logit = own + PV_ROWS;
    memset(logit, 0, (size_t)b->first * PV_ROWS * sizeof *logit);
    logits(logit + (size_t)b->first * PV_ROWS, b->x, b->stride, b->d, b->weight,
           classes - b->first);
    for (int i = 0; i < b->rows; i++) own[i] = logit[(size_t)b->of[i] * PV_ROWS + (size_t)i];

    memcpy(top, logit, PV_ROWS * sizeof *top);
    for (int c = 1; c < classes; c++) {
        const double *z = logit + (size_t)c * PV_ROWS;
#pragma omp simd
        for (int i = 0; i < PV_ROWS; i++) top[i] = top[i] > z[i] ? top[i] : z[i];
    }
    memset(sum, 0, PV_ROWS * sizeof *sum);
    for (int c = 0; c < classes; c++) {
        double *z = logit + (size_t)c * PV_ROWS;
#pragma omp simd
        for (int i = 0; i < PV_ROWS; i++) {
            z[i] = pv_exp_below_zero(z[i] - top[i]);
            sum[i] += z[i];
        }
    }
    double loss = 0.0;
    for (int i = 0; i < b->rows; i++) loss += log(sum[i]) + (top[i] - own[i]);

    /* From here on `top` is what probabilities are scaled by: 0 for rows that do not count. */
    for (int i = 0; i < PV_ROWS; i++) top[i] = i < b->rows ? 1.0 / sum[i] : 0.0;
    for (int c = b->first; c < classes; c++) {
        double *z = logit + (size_t)c * PV_ROWS;
#pragma omp simd
        for (int i = 0; i < PV_ROWS; i++) z[i] *= top[i];
    }
    for (int i = 0; i < b->rows; i++) logit[(size_t)b->of[i] * PV_ROWS + (size_t)i] -= 1.0;

    for (int c = b->first; c < classes; c++) {
        const double *residual = logit + (size_t)c * PV_ROWS;
        double *g = b->gradient + (size_t)(c - b->first) * (size_t)(b->d + 1);
        for (int j = 0; j < b->d; j++) {
            const double *column = b->x + (size_t)j * b->stride;
            double s = 0.0;
#pragma omp simd reduction(+ : s)
            for (int i = 0; i < PV_ROWS; i++) s += residual[i] * column[i];
            g[j] += s;
        }
        double s = 0.0;
#pragma omp simd reduction(+ : s)
        for (int i = 0; i < PV_ROWS; i++) s += residual[i];
        g[b->d] += s;
    }
    return loss;
}

/* The rows [begin, end). */
static double range_loss(const pv_softmax_loss *loss, const double *weight, double *gradient,
                         size_t begin, size_t end)
{
    double sum = 0.0;
    for (size_t i = begin; i < end; i += PV_ROWS)
        sum += block_loss(&(block){.x = loss->x->value + i,
                                   .stride = loss->x->stride,
                                   .of = loss->of + i,
                                   .d = loss->x->d,
                                   .classes = loss->classes,
                                   .first = loss->first,
                                   .rows = end - i < PV_ROWS ? (int)(end - i) : PV_ROWS,
                                   .weight = weight,
                                   .gradient = gradient,
                                   .work = loss->work});
    return sum;
}

double pv_softmax_loss_at(const pv_softmax_loss *loss, const double *weight, double *gradient)
{
    size_t d = (size_t)loss->x->d, vectors = (size_t)(loss->classes - loss->first);
    memset(gradient, 0, vectors * (d + 1) * sizeof *gradient);
    double sum = range_loss(loss, weight, gradient, 0, loss->out_begin) +
                 range_loss(loss, weight, gradient, loss->out_end, loss->x->n);
    double squares = 0.0;
    for (size_t c = 0; c < vectors; c++) {
        const double *w = weight + c * (d + 1);
        double *g = gradient + c * (d + 1);
        for (size_t j = 0; j < d; j++) {
            squares += w[j] * w[j];
            g[j] = loss->scale * g[j] + loss->penalty * w[j];
        }
        g[d] *= loss->scale;
    }
    return loss->scale * sum + 0.5 * loss->penalty * squares;
}

void pv_logits(double *logit, const pv_columns *x, size_t row, const double *weight, int classes,
               int first)
{
    memset(logit, 0, (size_t)first * PV_ROWS * sizeof *logit);
    logits(logit + (size_t)first * PV_ROWS, x->value + row, x->stride, x->d, weight,
           classes - first);
}
