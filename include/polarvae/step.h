/* step.h -- the step block: what changes from step to step, in device memory.
 *
 * A captured step never changes; kernels read these values instead. adam_rates and end_step (ops.h)
 * keep them. They are the same structs on every device. */
#ifndef POLARVAE_STEP_H
#define POLARVAE_STEP_H

#include <stdint.h>

typedef struct {
    uint64_t count; /* optimiser updates done so far */
} pv_step;

/* Of one Adam; t = count + 1. */
typedef struct {
    float epsilon_hat; /* learning_rate sqrt(1 - beta2^t) / (1 - beta1^t) */
    float torch;       /* PyTorch's form: learning_rate / (1 - beta1^t) ... */
    float torch_root;  /* ... and 1 / sqrt(1 - beta2^t), applied to sqrt(v) */
} pv_rates;

/* What a random number is for; each purpose is a stream of its own (philox.h). SECOND: of a second
 * batch in the same step. */
enum {
    PV_FOR_PARAMETERS = 1,
    PV_FOR_ORDER,
    PV_FOR_NOISE,
    PV_FOR_EVALUATION,
    PV_FOR_CODES,
    PV_FOR_PERMUTATION,
    PV_FOR_SECOND_ORDER,
    PV_FOR_SECOND_NOISE,
    PV_FOR_SAMPLES,
    PV_FOR_VARIANT,
    PV_FOR_SECOND_VARIANT,
    PV_FOR_EVALUATION_VARIANT,
    PV_FOR_BLOCKS
};

#endif
