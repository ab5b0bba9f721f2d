/* net.h -- the networks: layers, their parameters, and how they are recorded into a program.
 *
 * Architectures: Locatello et al. (arXiv 1811.12359), as in their code. Weights are Glorot-uniform
 * (limit sqrt(6 / (fan in + fan out)), fans counting the kernel's area), biases zero. */
#ifndef POLARVAE_NET_H
#define POLARVAE_NET_H

#include "polarvae/config.h"
#include "polarvae/device.h"

typedef enum { PV_LAYER_DENSE, PV_LAYER_CONV, PV_LAYER_DECONV } pv_layer_kind;

/* Names: dense w [out, in]; conv w [filters, kernel, kernel, channels]; deconv (a transposed
 * convolution) w of the convolution it transposes: [in channels, kernel, kernel, out channels].
 * Flattening is in the order height, width, channel. */
typedef struct {
    char name[24]; /* "encoder/conv1" */
    pv_layer_kind kind;
    int activation;
    size_t in, out;                                            /* numbers of a row */
    size_t fold;                                               /* its rows for a row of a program */
    int height, width, channels, filters, kernel, stride, pad; /* of the convolution */
    size_t weight, bias; /* where they start in the parameter block */
    size_t weights, biases;
    size_t fan_in, fan_out;
} pv_layer;

enum { PV_MAX_LAYERS = 8 };

/* Layers one after the other. */
typedef struct {
    int layers;
    pv_layer layer[PV_MAX_LAYERS];
} pv_net;

typedef struct {
    int height, width, channels;
    size_t pixels; /* height * width * channels */
    size_t latents;
    pv_net encoder;          /* up to the two heads */
    pv_layer mean, logvar;   /* linear */
    pv_net decoder;          /* to logits */
    pv_net discriminator;    /* FactorVAE's: from pairs of codes to two logits each; or empty */
    size_t parameters;       /* floats of all */
    size_t discriminator_at; /* where in the block those of the discriminator begin, the last */
} pv_vae;

/* The network of a configuration for images of this size. PV_EUSAGE if they do not go together. */
pv_status pv_vae_shape(pv_vae *out, const pv_config *config, int height, int width, int channels);

/* Every layer in the order of the parameter block: encoder, mean, logvar, decoder, discriminator.
 * NULL at the end. */
const pv_layer *pv_vae_layer(const pv_vae *vae, int index);

/* One block on a device: values, gradients and Adam's moments, each `count` floats. */
typedef struct {
    pv_device *device;
    size_t count;
    void *block;
    float *value, *gradient, *m, *v;
} pv_parameters;

/* training = 0: values only, the others NULL. Uninitialised. */
pv_status pv_parameters_open(pv_parameters *out, pv_device *device, size_t count, int training);
void pv_parameters_close(pv_parameters *parameters); /* a zeroed struct is fine */

/* An Adam of its own for parameters from..to of a block; step and rates are device memory. */
typedef struct {
    double learning_rate, beta1, beta2, epsilon;
    int torch_epsilon; /* see adam in ops.h */
    const pv_step *step;
    pv_rates *rates;
} pv_optimiser;
pv_status pv_optimiser_record(pv_program *program, const pv_optimiser *optimiser,
                              const pv_parameters *parameters, size_t from, size_t to);

/* Fresh values by the rule above, from (seed, PV_FOR_PARAMETERS, place in the block); moments and
 * gradients zero. */
pv_status pv_vae_initialise(const pv_vae *vae, const pv_parameters *parameters, pv_stream *stream,
                            uint64_t seed);

/* What a forward pass leaves for the backward one: the input and output of every layer. */
typedef struct {
    const float *input;
    const float *output[PV_MAX_LAYERS];
} pv_trace;

/* Record the forward pass of a net or a layer on [rows * fold, in]; *out is a new activation. */
pv_status pv_layer_forward(pv_program *program, const pv_layer *layer,
                           const pv_parameters *parameters, const float *x, float **out);
pv_status pv_net_forward(pv_program *program, const pv_net *net, const pv_parameters *parameters,
                         const float *x, pv_trace *trace);
const float *pv_trace_output(const pv_net *net, const pv_trace *trace);

/* Records the weight gradients of a layer, whose dy is with respect to what it computes before
 * its activation; and, unless dx is NULL, dx: with respect to its input x, through the activation
 * `below` that made x (PV_LINEAR: none), plus `plus`. In the weight gradients, not in dx, each row
 * of dy counts `scale` times. plus and scale may be NULL, and are for dense layers only. */
typedef struct {
    const float *x, *dy, *plus, *scale;
    int below;
} pv_layer_gradient;
pv_status pv_layer_backward(pv_program *program, const pv_layer *layer,
                            const pv_parameters *parameters, const pv_layer_gradient *gradient,
                            float **dx);
/* All layers: dy is that of the last one, below the activation that made the net's input, scale
 * that of all; x and plus are not looked at. dx may be NULL. */
pv_status pv_net_backward(pv_program *program, const pv_net *net, const pv_parameters *parameters,
                          const pv_trace *trace, const pv_layer_gradient *gradient, float **dx);

/* Both heads on the encoder's output. */
pv_status pv_vae_encode(pv_program *program, const pv_vae *vae, const pv_parameters *parameters,
                        const float *image, pv_trace *trace, float **mean, float **logvar);

#endif
