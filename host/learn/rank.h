/* rank.h -- ranks, and the correlation of ranks: scipy's rankdata and spearmanr. */
#ifndef PV_LEARN_RANK_H
#define PV_LEARN_RANK_H

#include <stddef.h>

#include "polarvae/status.h"

/* Rank of each of x [n], 1 the smallest; equals share the average of their ranks. */
pv_status pv_rank(double *rank, const double *x, size_t n);

/* Ranks less their mean, over the root of their sum of squares, so that the dot product of two such
 * vectors is Spearman's rank correlation. NaN where all of x is equal. */
pv_status pv_rank_normalised(double *out, const double *x, size_t n);

#endif
