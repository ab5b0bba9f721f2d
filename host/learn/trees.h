/* trees.h -- gradient-boosted trees: scikit-learn's GradientBoostingClassifier with its defaults
 * (Friedman, Greedy function approximation, 2001): deviance, 100 stages of one tree a class (one in
 * all for two classes), learning rate 0.1, depth 3, the split that lowers the squared error most.
 *
 * Where splits on several variables are equally good, a variable is drawn, as scikit-learn draws:
 * copies of a variable share their importance. The generator is the fit's own and starts alike, so
 * that the same input gives the same trees. On one variable the lowest threshold is taken. */
#ifndef PV_LEARN_TREES_H
#define PV_LEARN_TREES_H

#include "learn/labels.h"

typedef struct pv_trees pv_trees;

/* What metrics grow trees for: time and memory are those of one class times their number. 10000
 * examples of 10 variables take 0.4 s with 10 classes, 5 s with 183, half a minute with 1000. */
enum { PV_TREES_CLASSES = 1000 };

/* x [n, d] row-major, finite; label [n]. Fails with PV_EDATA where all labels are equal. One
 * thread; the same input gives the same trees. */
pv_status pv_trees_fit(pv_trees **out, const float *x, const int32_t *label, size_t n, int d);
void pv_trees_free(pv_trees *trees); /* NULL is fine */

/* The likeliest label of each row of x [n, d]. */
void pv_trees_predict(const pv_trees *trees, const float *x, size_t n, int32_t *label);

/* How much each variable lowered the squared error: [d]. PV_ERA_CURRENT: added up over all trees,
 * then normalised to a sum of 1, or all 0 where no tree has a split. PV_ERA_STUDY: normalised tree
 * by tree, then the mean over trees; one without a split counts as zeros. The trees are the same:
 * what 0.19 did otherwise while it grew them is left out (it started from shares of the classes,
 * not their logarithms; its residuals knew the trees of earlier classes of the same stage; and it
 * stopped at a variance of 1e-7, not 2e-16). */
void pv_trees_importance(const pv_trees *trees, double *importance, pv_era era);

#endif
