/* logistic.h -- logistic regression: scikit-learn's LogisticRegression and LogisticRegressionCV.
 *
 * PV_ERA_CURRENT (1.9): min 1/2 |W|^2 + C sum_i cross entropy(softmax(W x_i + b)), intercepts not
 * penalised; two classes have one weight vector and a sigmoid.
 * PV_ERA_STUDY (0.19): one class against the rest; probabilities are the sigmoids over their sum.
 *     LogisticRegression:   min 1/2 (|w|^2 + b^2) + C sum_i log(1 + exp(-t_i (w x_i + b))), by
 *                           LIBLINEAR, to the optimum
 *     LogisticRegressionCV: the same without b^2; each class has its own C
 *
 * All but LIBLINEAR's is by L-BFGS, with scikit-learn's stopping rules: where these are far from
 * the optimum, as after 100 iterations with a large C, so are both results. They then agree as
 * well as scikit-learn's with itself after a change of x by rounding. */
#ifndef PV_LEARN_LOGISTIC_H
#define PV_LEARN_LOGISTIC_H

#include "learn/labels.h"

typedef struct {
    pv_labels labels;
    int features;
    /* [classes, features], [classes]. Of two classes the first has zeros in PV_ERA_CURRENT, the
     * negative of the second's in PV_ERA_STUDY. */
    double *weight, *intercept;
    double c; /* as given or chosen; NaN where each class has chosen its own */
    pv_era era;
} pv_logistic;

/* x [n, d] row-major, finite. PV_EDATA where all labels are equal. One thread. */
pv_status pv_logistic_fit(pv_logistic *out, const double *x, const int32_t *label, size_t n, int d,
                          double c, pv_era era);
/* C is chosen of 10 from 1e-4 to 1e4 by the accuracy in 5 folds of consecutive rows (KFold(5)), the
 * smallest of equals; then all rows are fitted, from the mean of the folds' weights. Classes that
 * the training rows of a fold lack are fitted with the rest. Fewer than 5 rows are PV_EDATA. */
pv_status pv_logistic_fit_cv(pv_logistic *out, const double *x, const int32_t *label, size_t n,
                             int d, pv_era era);
void pv_logistic_free(pv_logistic *model); /* a zeroed struct is fine */

/* The label with the largest score, the smallest of equals. */
void pv_logistic_predict(const pv_logistic *model, const double *x, size_t n, int32_t *label);
/* [n, classes] */
void pv_logistic_probability(const pv_logistic *model, const double *x, size_t n,
                             double *probability);

#endif
