/* scores.h -- how correlated a representation is, for each set of variables. */
#ifndef PV_EVALUATE_SCORES_H
#define PV_EVALUATE_SCORES_H

#include "evaluate/moments.h"
#include "polarvae/evaluate.h"

/* correlation [n, n] of a covariance; NaN where a variable is constant. */
void pv_correlate(double *correlation, const double *covariance, int n);

/* Matrices and the scores of all subsets, from moments with histograms; type [variables]. The
 * covariance and the bins of a subset are those of the whole, so that leaving variables out
 * changes nothing else. */
pv_status pv_representation_score(pv_representation *out, const pv_moments *moments,
                                  const pv_type *type);
void pv_representation_free(pv_representation *r); /* a zeroed struct is fine */

#endif
