/* net.c -- nets: layers one after the other; and the study's pairs of encoder and decoder. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polarvae/objective.h"

/* ---- forward and backward ---- */

pv_status pv_net_forward(pv_program *program, const pv_net *net, const pv_parameters *p,
                         const float *x, pv_trace *trace)
{
    trace->input = x;
    for (int i = 0; i < net->layers; i++) {
        float *y;
        PV_TRY(pv_layer_forward(program, &net->layer[i], p, x, &y));
        trace->output[i] = x = y;
    }
    return PV_OK;
}

const float *pv_trace_output(const pv_net *net, const pv_trace *trace)
{
    return net->layers ? trace->output[net->layers - 1] : trace->input;
}

pv_status pv_net_backward(pv_program *program, const pv_net *net, const pv_parameters *p,
                          const pv_trace *trace, const pv_layer_gradient *gradient, float **dx)
{
    const float *dy = gradient->dy;
    for (int i = net->layers - 1; i >= 0; i--) {
        float *next = NULL;
        const pv_layer_gradient g = {
            .x = i > 0 ? trace->output[i - 1] : trace->input,
            .dy = dy,
            .scale = gradient->scale,
            .below = i > 0 ? net->layer[i - 1].activation : gradient->below,
        };
        PV_TRY(pv_layer_backward(program, &net->layer[i], p, &g, i > 0 || dx ? &next : NULL));
        dy = next;
    }
    if (dx) *dx = (float *)dy;
    return PV_OK;
}

pv_status pv_vae_encode(pv_program *program, const pv_vae *vae, const pv_parameters *p,
                        const float *image, pv_trace *trace, float **mean, float **logvar)
{
    PV_TRY(pv_net_forward(program, &vae->encoder, p, image, trace));
    const float *top = pv_trace_output(&vae->encoder, trace);
    PV_TRY(pv_layer_forward(program, &vae->mean, p, top, mean));
    return pv_layer_forward(program, &vae->logvar, p, top, logvar);
}

/* ---- shapes ---- */

static void place(pv_vae *vae, pv_layer *l)
{
    l->weight = vae->parameters;
    l->bias = l->weight + l->weights;
    vae->parameters += l->weights + l->biases;
}

static void dense(pv_vae *vae, pv_layer *l, const char *name, size_t in, size_t out, int activation)
{
    *l = (pv_layer){.kind = PV_LAYER_DENSE,
                    .activation = activation,
                    .in = in,
                    .out = out,
                    .fold = 1,
                    .weights = in * out,
                    .biases = out,
                    .fan_in = in,
                    .fan_out = out};
    snprintf(l->name, sizeof l->name, "%s", name);
    place(vae, l);
}

/* A convolution of stride 2 that halves its image, or its transpose. */
static void halving(pv_vae *vae, pv_layer *l, const char *name, pv_layer_kind kind, int size,
                    int width, int channels, int filters, int kernel, int activation)
{
    const size_t big = (size_t)(size * width * channels);
    const size_t small = (size_t)(size / 2 * (width / 2) * filters);
    const size_t area = (size_t)(kernel * kernel);
    const int forward = kind == PV_LAYER_CONV;
    *l = (pv_layer){.kind = kind,
                    .activation = activation,
                    .in = forward ? big : small,
                    .out = forward ? small : big,
                    .fold = 1,
                    .height = size,
                    .width = width,
                    .channels = channels,
                    .filters = filters,
                    .kernel = kernel,
                    .stride = 2,
                    .pad = (kernel - 2) / 2,
                    .weights = area * (size_t)(channels * filters),
                    .biases = (size_t)(forward ? filters : channels),
                    .fan_in = area * (size_t)(forward ? channels : filters),
                    .fan_out = area * (size_t)(forward ? filters : channels)};
    snprintf(l->name, sizeof l->name, "%s", name);
    place(vae, l);
}

static void heads(pv_vae *vae, size_t in)
{
    dense(vae, &vae->mean, "encoder/mean", in, vae->latents, PV_LINEAR);
    dense(vae, &vae->logvar, "encoder/logvar", in, vae->latents, PV_LINEAR);
}

/* conv_encoder and deconv_decoder of the study. */
static void convolutional(pv_vae *vae, int kernel)
{
    pv_layer *e = vae->encoder.layer, *d = vae->decoder.layer;
    const int h = vae->height, w = vae->width;
    const size_t flat = (size_t)(h / 16 * (w / 16)) * 64;
    halving(vae, &e[0], "encoder/conv1", PV_LAYER_CONV, h, w, vae->channels, 32, 4, PV_RELU);
    halving(vae, &e[1], "encoder/conv2", PV_LAYER_CONV, h / 2, w / 2, 32, 32, 4, PV_RELU);
    halving(vae, &e[2], "encoder/conv3", PV_LAYER_CONV, h / 4, w / 4, 32, 64, kernel, PV_RELU);
    halving(vae, &e[3], "encoder/conv4", PV_LAYER_CONV, h / 8, w / 8, 64, 64, kernel, PV_RELU);
    dense(vae, &e[4], "encoder/dense1", flat, 256, PV_RELU);
    vae->encoder.layers = 5;
    heads(vae, 256);
    dense(vae, &d[0], "decoder/dense1", vae->latents, 256, PV_RELU);
    dense(vae, &d[1], "decoder/dense2", 256, flat, PV_RELU);
    halving(vae, &d[2], "decoder/deconv1", PV_LAYER_DECONV, h / 8, w / 8, 64, 64, 4, PV_RELU);
    halving(vae, &d[3], "decoder/deconv2", PV_LAYER_DECONV, h / 4, w / 4, 32, 64, 4, PV_RELU);
    halving(vae, &d[4], "decoder/deconv3", PV_LAYER_DECONV, h / 2, w / 2, 32, 32, 4, PV_RELU);
    halving(vae, &d[5], "decoder/deconv4", PV_LAYER_DECONV, h, w, vae->channels, 32, 4, PV_LINEAR);
    vae->decoder.layers = 6;
}

/* fc_encoder and fc_decoder of the study. */
static void fully_connected(pv_vae *vae)
{
    pv_layer *e = vae->encoder.layer, *d = vae->decoder.layer;
    dense(vae, &e[0], "encoder/dense1", vae->pixels, 1200, PV_RELU);
    dense(vae, &e[1], "encoder/dense2", 1200, 1200, PV_RELU);
    vae->encoder.layers = 2;
    heads(vae, 1200);
    dense(vae, &d[0], "decoder/dense1", vae->latents, 1200, PV_TANH);
    dense(vae, &d[1], "decoder/dense2", 1200, 1200, PV_TANH);
    dense(vae, &d[2], "decoder/dense3", 1200, 1200, PV_TANH);
    dense(vae, &d[3], "decoder/dense4", 1200, vae->pixels, PV_LINEAR);
    vae->decoder.layers = 4;
}

/* fc_discriminator of the study: a pair of codes is two of its rows. */
static void discriminator(pv_vae *vae)
{
    enum { HIDDEN = 6, WIDTH = 1000 };
    pv_layer *d = vae->discriminator.layer;
    char name[24];
    for (int i = 0; i < HIDDEN; i++) {
        snprintf(name, sizeof name, "discriminator/dense%d", i + 1);
        dense(vae, &d[i], name, i > 0 ? WIDTH : vae->latents, WIDTH, PV_LEAKY_RELU);
    }
    dense(vae, &d[HIDDEN], "discriminator/logits", WIDTH, 2, PV_LINEAR);
    for (int i = 0; i <= HIDDEN; i++) d[i].fold = 2;
    vae->discriminator.layers = HIDDEN + 1;
}

static void shape(pv_vae *vae, const pv_config *config)
{
    if (config->network == PV_NETWORK_FC)
        fully_connected(vae);
    else
        convolutional(vae, config->kernel == PV_KERNEL_4 ? 4 : 2);
    vae->discriminator_at = vae->parameters;
    if (pv_objective_find(config->objective)->discriminator) discriminator(vae);
}

pv_status pv_vae_shape(pv_vae *out, const pv_config *config, int height, int width, int channels)
{
    *out = (pv_vae){.height = height,
                    .width = width,
                    .channels = channels,
                    .pixels = (size_t)(height * width * channels),
                    .latents = (size_t)config->latents};
    if (config->network != PV_NETWORK_FC && (height % 16 || width % 16))
        return pv_fail(PV_EUSAGE,
                       "network=conv needs images whose sides are multiples of 16, not %dx%d; "
                       "use network=fc",
                       height, width);
    shape(out, config);
    return PV_OK;
}

const pv_layer *pv_vae_layer(const pv_vae *vae, int index)
{
    if (index < vae->encoder.layers) return &vae->encoder.layer[index];
    index -= vae->encoder.layers;
    if (index == 0) return &vae->mean;
    if (index == 1) return &vae->logvar;
    index -= 2;
    if (index < vae->decoder.layers) return &vae->decoder.layer[index];
    index -= vae->decoder.layers;
    return index < vae->discriminator.layers ? &vae->discriminator.layer[index] : NULL;
}
