/* logistic.h -- logistic regression: scikit-learn's LogisticRegression and LogisticRegressionCV.
 *
 * PV_ERA_CURRENT: min 1/2 |W|^2 + C sum_i cross entropy(softmax(W x_i + b)), intercepts not
 * penalised, by L-BFGS, at most 100 iterations; two classes have one weight vector and a sigmoid.
 * PV_ERA_STUDY: one class against the rest, min 1/2 (|w|^2 + b^2) + C sum_i log(1 + exp(-t_i (w x_i
 * + b))) for each, as LIBLINEAR; probabilities are the sigmoids over their sum. */
#ifndef PV_LEARN_LOGISTIC_H
#define PV_LEARN_LOGISTIC_H

#include "learn/labels.h"

typedef struct {
    pv_labels labels;
    int features;
    double
        *weight; /* [classes, features]; for two classes the first row is zero in PV_ERA_CURRENT */
    double *intercept; /* [classes] */
    double c;          /* what the regularisation was: 1, or what cross-validation chose */
    pv_era era;
} pv_logistic;

/* x [n, d] row-major, finite. PV_EDATA where all labels are equal. One thread. */
pv_status pv_logistic_fit(pv_logistic *out, const double *x, const int32_t *label, size_t n, int d,
                          double c, pv_era era);
/* C is chosen of 10 from 1e-4 to 1e4 by the accuracy in 5 folds of consecutive rows (KFold(5)),
 * then all rows are fitted. Fewer than 5 rows, or a fold whose training rows have one class only,
 * are PV_EDATA. */
pv_status pv_logistic_fit_cv(pv_logistic *out, const double *x, const int32_t *label, size_t n,
                             int d, pv_era era);
void pv_logistic_free(pv_logistic *model); /* a zeroed struct is fine */

void pv_logistic_predict(const pv_logistic *model, const double *x, size_t n, int32_t *label);
/* [n, classes] */
void pv_logistic_probability(const pv_logistic *model, const double *x, size_t n,
                             double *probability);

#endif
