/* lasso.h -- linear regression with an L1 penalty: scikit-learn's Lasso (1.9), with an intercept.
 *
 *     min over w, b of 1/(2n) |y - X w - b|^2 + alpha |w|_1
 *
 * by cyclic coordinate descent from w = 0 (Friedman et al. 2010). As soon as no weight moves by
 * more than `tolerance` times the largest weight, the duality gap decides: at `tolerance` times
 * |y - mean y|^2 or below, the descent ends. That is scikit-learn's rule, and its tolerance of 1e-4
 * leaves weights within about 1e-5 of the optimum; 1e-13 is the optimum to rounding. It works on
 * the products of columns, which cost one pass over X; scikit-learn's screening of columns, which
 * changes no result by more than the tolerance, is left out. */
#ifndef PV_LEARN_LASSO_H
#define PV_LEARN_LASSO_H

#include <stddef.h>

#include "polarvae/status.h"

typedef struct {
    double alpha;     /* above 0; scikit-learn's is 1 */
    double tolerance; /* scikit-learn's is 1e-4 */
    int sweeps;       /* over all weights, at most; scikit-learn's is 1000 */
} pv_lasso_rule;

/* Fits each of `targets` columns of y [n, targets] to x [n, features], both finite and row-major,
 * n at least 1. weight [targets, features]; intercept [targets] or NULL. A column of x without
 * variance has weight 0. Where sweeps run out, the weights are those of the last. One thread. */
pv_status pv_lasso_fit(double *weight, double *intercept, const double *x, const double *y,
                       size_t n, int features, int targets, const pv_lasso_rule *rule);

#endif
