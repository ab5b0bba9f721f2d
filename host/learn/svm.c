/* svm.c -- see svm.h. */
#include "learn/svm.h"

#include <linear.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "learn/linear.h"

pv_status pv_svm_fit(pv_svm *out, const double *x, const int32_t *label, size_t n, double c)
{
    memset(out, 0, sizeof *out);
    double *balance = NULL;
    PV_TRY(pv_labels_find(&out->labels, label, n));
    int classes = out->labels.classes;
    pv_status rc = PV_OK;
    if (classes < 2) {
        rc = pv_fail(PV_EDATA,
                     "a support vector machine needs two classes at least; all %zu "
                     "labels are equal",
                     n);
        goto out;
    }
    if ((rc = pv_new(&out->weight, (size_t)classes, sizeof(double), "weights")) != PV_OK ||
        (rc = pv_new(&out->intercept, (size_t)classes, sizeof(double), "weights")) != PV_OK ||
        (rc = pv_new(&balance, (size_t)classes, sizeof(double), "weights")) != PV_OK)
        goto out;
    for (size_t i = 0; i < n; i++) balance[out->labels.of[i]] += 1.0;
    for (int k = 0; k < classes; k++) balance[k] = (double)n / (classes * balance[k]);
    rc = pv_linear_fit(&(pv_linear){.solver = L2R_L2LOSS_SVC,
                                    .x = x,
                                    .labels = &out->labels,
                                    .n = n,
                                    .d = 1,
                                    .c = c,
                                    .class_weight = balance},
                       out->weight, out->intercept);
    if (classes == 2) out->weight[0] = out->intercept[0] = 0.0;
out:
    free(balance);
    if (rc != PV_OK) pv_svm_free(out);
    return rc;
}

void pv_svm_free(pv_svm *svm)
{
    pv_labels_free(&svm->labels);
    free(svm->weight);
    free(svm->intercept);
    memset(svm, 0, sizeof *svm);
}

void pv_svm_predict(const pv_svm *svm, const double *x, size_t n, int32_t *label)
{
    for (size_t i = 0; i < n; i++) {
        int best = 0;
        double most = svm->weight[0] * x[i] + svm->intercept[0];
        for (int k = 1; k < svm->labels.classes; k++) {
            double score = svm->weight[k] * x[i] + svm->intercept[k];
            if (score <= most) continue;
            most = score;
            best = k;
        }
        label[i] = svm->labels.value[best];
    }
}
