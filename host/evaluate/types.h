/* types.h -- active, mixed and passive: example by example, and under other thresholds. */
#ifndef PV_EVALUATE_TYPES_H
#define PV_EVALUATE_TYPES_H

#include "polarvae/evaluate.h"

/* Fills examples_of and examples_with; variance [examples, latents]. */
pv_status pv_types_by_example(pv_evaluation *e, const float *variance,
                              const pv_evaluation_options *options);
/* Fills sensitivity, from the moments of the variances. */
void pv_types_sensitivity(pv_evaluation *e, const pv_evaluation_options *options);

#endif
