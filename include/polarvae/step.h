/* step.h -- the step block: what changes from step to step, in device memory.
 *
 * A captured step never changes; kernels read these values instead. begin_step and end_step
 * (ops.h) keep it. It is the same struct on every device. */
#ifndef POLARVAE_STEP_H
#define POLARVAE_STEP_H

#include <stdint.h>

typedef struct {
    uint64_t count;   /* optimiser updates done so far */
    float rate;       /* Adam, epsilon-hat form: learning_rate sqrt(1 - beta2^t) / (1 - beta1^t) */
    float rate_torch; /* Adam, PyTorch's form: learning_rate / (1 - beta1^t) ... */
    float root_torch; /* ... and 1 / sqrt(1 - beta2^t), applied to sqrt(v); t = count + 1 */
    float reserved;   /* zero */
} pv_step;

/* What a random number is for; each purpose is a stream of its own (philox.h). */
enum { PV_FOR_PARAMETERS = 1, PV_FOR_ORDER, PV_FOR_NOISE, PV_FOR_EVALUATION, PV_FOR_CODES };

#endif
