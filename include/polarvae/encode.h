/* encode.h -- what a trained model makes of examples: codes, losses, pictures. */
#ifndef POLARVAE_ENCODE_H
#define POLARVAE_ENCODE_H

#include "polarvae/evaluate.h"
#include "polarvae/train.h"

/* Means over the encoded examples, in nats. */
typedef struct {
    double reconstruction, kl, elbo; /* elbo = -(reconstruction + kl), z being sampled once */
    double reconstruction_of_mean;   /* through the mean codes, without noise */
} pv_losses;

/* Encodes `examples` examples, drawn uniformly with replacement from (seed, PV_FOR_EVALUATION),
 * sampled codes from (seed, PV_FOR_CODES). examples 0: every example of the data set once, in its
 * order. losses may be NULL: then nothing is decoded. The model's image size must be the data's.
 * progress may be NULL. */
pv_status pv_encode(pv_codes *out, pv_losses *losses, const pv_model *model,
                    const pv_device_data *data, pv_stream *stream, size_t examples, uint64_t seed,
                    const pv_progress *progress);

/* `count` of the same examples and their reconstructions (through the mean code, as
 * probabilities): image, reconstruction [count, pixels] in host memory. */
pv_status pv_reconstruct(float *image, float *reconstruction, const pv_model *model,
                         const pv_device_data *data, pv_stream *stream, size_t count,
                         uint64_t seed);

/* DIRECTORY/reconstructions.png: ten of these examples, and below each what is made of it. */
pv_status pv_draw_reconstructions(const char *directory, const pv_model *model,
                                  const pv_device_data *data, pv_stream *stream, uint64_t seed);

#endif
