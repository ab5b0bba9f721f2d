/* linear.h -- LIBLINEAR: linear machines, one class against the rest, intercepts penalised. */
#ifndef PV_LEARN_LINEAR_H
#define PV_LEARN_LINEAR_H

#include "learn/labels.h"

typedef struct {
    int solver;      /* LIBLINEAR's; one that draws no random numbers: L2R_LR, L2R_L2LOSS_SVC */
    const double *x; /* [n, d] row-major */
    const pv_labels *labels;
    size_t n;
    int d;
    double c;
    const double *class_weight; /* [classes] factors of c, or NULL */
} pv_linear;

/* weight [classes, d], intercept [classes]; for two classes the first machine is the second one's
 * negative. */
pv_status pv_linear_fit(const pv_linear *problem, double *weight, double *intercept);

#endif
