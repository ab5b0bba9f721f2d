/* softmax_loss.h -- the objective of multinomial logistic regression and its gradient. */
#ifndef PV_LEARN_SOFTMAX_LOSS_H
#define PV_LEARN_SOFTMAX_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/status.h"

/* Rows are worked on in blocks of so many. */
enum { PV_ROWS = 128 };

/* A row-major matrix [n, d] by columns, so that loops over rows vectorise. */
typedef struct {
    size_t n, stride; /* n up to the next multiple of PV_ROWS; zeros there */
    int d;
    double *value; /* [d][stride] */
} pv_columns;
pv_status pv_columns_copy(pv_columns *out, const double *x, size_t n, int d);
void pv_columns_free(pv_columns *columns);

/* The logits of class c are weight[c - first] . (x, 1); those of classes before `first` are 0.
 * first is 0, or 1 for two classes with one weight vector. */
typedef struct {
    const pv_columns *x;
    const int32_t *of; /* [n], classes in [0, classes) */
    int classes, first;
    size_t out_begin, out_end; /* rows that do not count: a fold's test rows */
    double scale, penalty;     /* of the sum over rows; of the square of the weights */
    double *work;              /* pv_softmax_work */
} pv_softmax_loss;
pv_status pv_softmax_work(double **work, int classes); /* for free */

/* scale * sum_i cross entropy + penalty / 2 * |weights without intercepts|^2 and its gradient;
 * weight and gradient are [classes - first, d + 1], the intercepts last. */
double pv_softmax_loss_at(const pv_softmax_loss *loss, const double *weight, double *gradient);

/* The share of the rows that do not count whose class has the largest logit, or the first of the
 * largest. */
double pv_softmax_accuracy(const pv_softmax_loss *loss, const double *weight);

#endif
