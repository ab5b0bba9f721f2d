/* descent.h -- minimises a smooth function by L-BFGS, stopping where scipy's "L-BFGS-B" stops. */
#ifndef PV_LEARN_DESCENT_H
#define PV_LEARN_DESCENT_H

#include "polarvae/status.h"

typedef struct {
    double (*value)(void *context, const double *w, double *gradient);
    void *context;
    int size; /* of w */
    /* It ends where no component of the gradient is larger than `slope`, where a step lowers the
     * value f by at most `decrease` * max(|f|, 1), or after so many iterations. */
    double slope, decrease;
    int iterations;
} pv_descent;

/* w holds the start, then the result: the best that was found where a line search fails. */
pv_status pv_descend(const pv_descent *descent, double *w);

#endif
