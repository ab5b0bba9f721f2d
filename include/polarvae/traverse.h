/* traverse.h -- what the decoder of a trained model makes of codes: traversals and samples.
 *
 * A traversal shows what one variable does: the mean code of an example, in which this variable is
 * replaced by values from -range to range, everything else staying. The prior is N(0, 1), so values
 * are in its standard deviations.
 *
 *     pv_traverse(z, mean, latents, &(pv_traversal){variable, 3, 11, 3.0});
 *     pv_decode(image, &model, stream, z, 3 * 11); */
#ifndef POLARVAE_TRAVERSE_H
#define POLARVAE_TRAVERSE_H

#include "polarvae/encode.h"

/* What the decoder makes of codes z [count, latents]: probability [count, pixels]; both in host
 * memory. For an example's mean code it is what pv_reconstruct makes of the example: to the bit up
 * to 250 of them, to rounding of more, which are decoded in batches. */
pv_status pv_decode(float *probability, const pv_model *model, pv_stream *stream, const float *z,
                    size_t count);

/* Codes drawn from the prior, with random numbers from (seed, PV_FOR_SAMPLES): z [count, latents].
 * The variables that pruning has left have the numbers that they had before. */
pv_status pv_draw_prior(float *z, const pv_model *model, pv_stream *stream, size_t count,
                        uint64_t seed);

typedef struct {
    const int *variable; /* [variables] columns of the code */
    int variables, steps;
    double range;
} pv_traversal;
/* The value of a step: evenly spaced, -range at step 0, range at the last of at least two. */
double pv_traversal_value(const pv_traversal *traversal, int step);
/* z [variables, steps, latents] from a code [latents]. */
void pv_traverse(float *z, const float *code, int latents, const pv_traversal *traversal);

/* order [latents]: the variables by falling KL, those of equal KL as they stand. */
void pv_order_by_kl(int *order, const double *kl, int latents);

#endif
