/* svm.h -- a linear support vector machine on one variable: scikit-learn's
 * LinearSVC(C=0.01, class_weight="balanced"), which the SAP score uses.
 *
 * One class k against the rest: min 1/2 (w^2 + b^2) + sum_i c_i max(0, 1 - t_i (w x_i + b))^2, with
 * c_i = C n / (classes n_k) for examples of class k and C for the rest; the class of the largest w
 * x + b is predicted, the first of equals. Of two classes, one machine tells the second from the
 * first, and c_i is that of each example's own class. By LIBLINEAR's primal solver, to the optimum:
 * its dual one draws from the process's rand().
 */
#ifndef PV_LEARN_SVM_H
#define PV_LEARN_SVM_H

#include "learn/labels.h"

typedef struct {
    pv_labels labels;
    double *weight, *intercept; /* [classes]; two classes: [0] zero, [1] the only machine */
} pv_svm;

/* x [n], finite. PV_EDATA where all labels are equal. */
pv_status pv_svm_fit(pv_svm *out, const double *x, const int32_t *label, size_t n, double c);
void pv_svm_free(pv_svm *svm); /* a zeroed struct is fine */
void pv_svm_predict(const pv_svm *svm, const double *x, size_t n, int32_t *label);

#endif
