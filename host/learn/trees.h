/* trees.h -- gradient-boosted trees: scikit-learn's GradientBoostingClassifier with its defaults
 * (Friedman, Greedy function approximation, 2001): deviance, 100 stages of one tree a class (one in
 * all for two classes), learning rate 0.1, depth 3, Friedman's improvement. Ties between splits go
 * to the lowest variable and threshold; scikit-learn draws. */
#ifndef PV_LEARN_TREES_H
#define PV_LEARN_TREES_H

#include "learn/labels.h"

typedef struct pv_trees pv_trees;

/* x [n, d] row-major, finite; label [n]. Fails with PV_EDATA where all labels are equal. One
 * thread; the same input gives the same trees. */
pv_status pv_trees_fit(pv_trees **out, const float *x, const int32_t *label, size_t n, int d);
void pv_trees_free(pv_trees *trees); /* NULL is fine */

/* The likeliest label of each row of x [n, d]. */
void pv_trees_predict(const pv_trees *trees, const float *x, size_t n, int32_t *label);

/* How much each variable lowered the impurity: [d], sum 1, or all 0 where no tree has a split.
 * PV_ERA_CURRENT adds up over trees that have a split and normalises once; PV_ERA_STUDY normalises
 * each tree's before. */
void pv_trees_importance(const pv_trees *trees, double *importance, pv_era era);

#endif
