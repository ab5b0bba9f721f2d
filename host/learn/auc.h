/* auc.h -- area under the ROC curve: scikit-learn's roc_auc_score on one-vs-rest indicators. */
#ifndef PV_LEARN_AUC_H
#define PV_LEARN_AUC_H

#include "learn/labels.h"

/* Mean over classes of the probability that an example of the class scores higher than one of the
 * rest, ties counting half. score [n, classes], finite; of [n] the class of each example. NaN where
 * a class has no example or all of them. */
pv_status pv_auc_macro(double *out, const double *score, const int32_t *of, size_t n, int classes);

#endif
