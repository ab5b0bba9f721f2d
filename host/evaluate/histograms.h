/* histograms.h -- how the values of each variable are distributed. */
#ifndef PV_EVALUATE_HISTOGRAMS_H
#define PV_EVALUATE_HISTOGRAMS_H

#include "polarvae/evaluate.h"

/* A histogram of each column of x [examples, variables]. */
pv_status pv_histograms_make(pv_histogram **out, const float *x, size_t examples, int variables,
                             int bins);
void pv_histograms_free(pv_histogram *histogram, int variables); /* NULL is fine */

#endif
