/* graph.c -- a net's layers as ONNX nodes.
 *
 * Images are NHWC in the engine, NCHW in ONNX. Dense layers next to an image have the rows or
 * columns of their weights put in the other order, so that no node has to transpose an image. */
#include "export/graph.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Of an image; all 0: a row of numbers, in the same order for both. */
typedef struct {
    int height, width, channels;
} shape;

static const shape row;

static int is_image(shape s) { return s.channels > 0; }

/* The tensor that the graph has come to. */
typedef struct {
    pv_onnx *onnx;
    const float *block; /* the parameters */
    char at[PV_ONNX_NAME];
    shape shape;
} cursor;

static cursor start(pv_onnx *onnx, const float *block, const char *input, shape s)
{
    cursor c = {.onnx = onnx, .block = block, .shape = s};
    snprintf(c.at, sizeof c.at, "%s", input);
    return c;
}

/* ---- weights ---- */

/* Where number i of an image in the order channel, height, width is in height, width, channel. */
static size_t place(shape s, size_t i)
{
    if (!is_image(s)) return i;
    const size_t plane = (size_t)s.height * (size_t)s.width;
    return i % plane * (size_t)s.channels + i / plane;
}

/* Rows and columns, each of which may be images. */
typedef struct {
    size_t rows, columns;
    shape of_rows, of_columns;
    int rank;
    int64_t dim[PV_ONNX_RANK];
} table;

static void add_weights(const cursor *c, const pv_layer *l, const table *t, const char *name)
{
    const float *from = c->block + l->weight;
    float *to = pv_onnx_reals(c->onnx, name, t->rank, t->dim);
    for (size_t i = 0; to && i < t->rows; i++)
        for (size_t j = 0; j < t->columns; j++)
            *to++ = from[place(t->of_rows, i) * t->columns + place(t->of_columns, j)];
}

static void add_bias(const cursor *c, const pv_layer *l, shape order, const char *name)
{
    const int64_t count = (int64_t)l->biases;
    float *to = pv_onnx_reals(c->onnx, name, 1, &count);
    for (size_t i = 0; to && i < l->biases; i++) to[i] = c->block[l->bias + place(order, i)];
}

/* ---- nodes ---- */

/* The output is called "name" or, where a part is given, "name/part". */
static void emit(cursor *c, pv_onnx_node *node, const char *name, const char *part)
{
    char output[PV_ONNX_NAME];
    snprintf(output, sizeof output, "%s%s%s", name, part ? "/" : "", part ? part : "");
    node->output = output;
    pv_onnx_add(c->onnx, node);
    strcpy(c->at, output);
}

/* A row of numbers in ONNX's order. */
static void flatten(cursor *c, const pv_layer *l)
{
    emit(c,
         &(pv_onnx_node){.type = "Flatten",
                         .input = {c->at},
                         .attribute = {{.name = "axis", .count = 1, .value = {1}}}},
         l->name, "row");
    c->shape = row;
}

static void reshape(cursor *c, const char *name, shape to)
{
    char dims[PV_ONNX_NAME];
    snprintf(dims, sizeof dims, "%s/shape", name);
    int64_t *dim = pv_onnx_wholes(c->onnx, dims, PV_ONNX_RANK);
    if (dim) /* 0: as it is, here the number of images */
        memcpy(dim, (int64_t[]){0, to.channels, to.height, to.width}, PV_ONNX_RANK * sizeof *dim);
    emit(c, &(pv_onnx_node){.type = "Reshape", .input = {c->at, dims}}, name, NULL);
    c->shape = to;
}

static void activate(cursor *c, int activation, const char *name, const char *part)
{
    static const char *const type[] = {
        [PV_RELU] = "Relu", [PV_LEAKY_RELU] = "LeakyRelu", [PV_TANH] = "Tanh"};
    pv_onnx_node node = {.type = type[activation], .input = {c->at}};
    if (activation == PV_LEAKY_RELU)
        node.attribute[0] = (pv_onnx_attribute){.name = "alpha", .real = 0.2f};
    emit(c, &node, name, part);
}

/* ---- layers ---- */

static shape big(const pv_layer *l) { return (shape){l->height, l->width, l->channels}; }

static shape small(const pv_layer *l)
{
    return (shape){(l->height + 2 * l->pad - l->kernel) / l->stride + 1,
                   (l->width + 2 * l->pad - l->kernel) / l->stride + 1, l->filters};
}

/* What a layer reads. */
static shape wants(const pv_layer *l)
{
    return l->kind == PV_LAYER_DENSE ? row : l->kind == PV_LAYER_CONV ? big(l) : small(l);
}

typedef struct {
    char weight[PV_ONNX_NAME], bias[PV_ONNX_NAME];
} names;

static names names_of(const pv_layer *l)
{
    names n;
    snprintf(n.weight, sizeof n.weight, "%s/weight", l->name);
    snprintf(n.bias, sizeof n.bias, "%s/bias", l->name);
    return n;
}

/* To a row of numbers, or to an image. */
static void dense(cursor *c, const pv_layer *l, shape to, const char *result)
{
    const names n = names_of(l);
    const table t = {.rows = l->out,
                     .columns = l->in,
                     .of_rows = to,
                     .of_columns = c->shape,
                     .rank = 2,
                     .dim = {(int64_t)l->out, (int64_t)l->in}};
    const int active = l->activation != PV_LINEAR;
    add_weights(c, l, &t, n.weight);
    add_bias(c, l, to, n.bias);
    if (is_image(c->shape)) flatten(c, l);
    emit(c,
         &(pv_onnx_node){.type = "Gemm",
                         .input = {c->at, n.weight, n.bias},
                         .attribute = {{.name = "transB", .count = 1, .value = {1}}}},
         result, active || is_image(to) ? "linear" : NULL);
    if (active) activate(c, l->activation, result, is_image(to) ? "active" : NULL);
    if (is_image(to)) reshape(c, result, to);
}

/* Between images; also a transposed one, which ONNX's reaches the right size by output_padding. */
static void convolution(cursor *c, const pv_layer *l, const char *result)
{
    const names n = names_of(l);
    const int transposed = l->kind == PV_LAYER_DECONV, active = l->activation != PV_LINEAR;
    const shape from = small(l), to = transposed ? big(l) : from;
    const table t = {.rows = (size_t)l->filters,
                     .columns = l->weights / (size_t)l->filters,
                     .of_columns = {l->kernel, l->kernel, l->channels},
                     .rank = 4,
                     .dim = {l->filters, l->channels, l->kernel, l->kernel}};
    const int64_t lacking[] = {
        l->height - ((from.height - 1) * l->stride + l->kernel - 2 * l->pad),
        l->width - ((from.width - 1) * l->stride + l->kernel - 2 * l->pad),
    };
    pv_onnx_node node = {
        .type = transposed ? "ConvTranspose" : "Conv",
        .input = {c->at, n.weight, n.bias},
        .attribute = {{.name = "kernel_shape", .count = 2, .value = {l->kernel, l->kernel}},
                      {.name = "strides", .count = 2, .value = {l->stride, l->stride}},
                      {.name = "pads", .count = 4, .value = {l->pad, l->pad, l->pad, l->pad}}}};
    if (transposed && (lacking[0] || lacking[1]))
        node.attribute[3] = (pv_onnx_attribute){
            .name = "output_padding", .count = 2, .value = {lacking[0], lacking[1]}};
    add_weights(c, l, &t, n.weight);
    add_bias(c, l, row, n.bias);
    emit(c, &node, result, active ? "linear" : NULL);
    if (active) activate(c, l->activation, result, NULL);
    c->shape = to;
}

/* `to` is what is to be made of it; only a dense layer has a choice. */
static void layer(cursor *c, const pv_layer *l, shape to, const char *result)
{
    const shape from = wants(l);
    if (l->kind == PV_LAYER_DENSE) {
        dense(c, l, to, result);
        return;
    }
    assert(memcmp(&from, &c->shape, sizeof from) == 0);
    (void)from;
    convolution(c, l, result);
}

static void net(cursor *c, const pv_net *net, shape last, const char *result)
{
    for (int i = 0; i < net->layers; i++) {
        const pv_layer *l = &net->layer[i];
        const int end = i == net->layers - 1;
        layer(c, l, end ? last : wants(l + 1), end && result ? result : l->name);
    }
}

/* ---- encoder and decoder ---- */

static void head(cursor c, const pv_layer *l, const char *result)
{
    const int64_t latents = (int64_t)l->out;
    layer(&c, l, row, result);
    pv_onnx_output(c.onnx, result, 1, &latents);
}

void pv_graph_encoder(pv_onnx *onnx, const pv_vae *vae, const float *block)
{
    const int64_t image[] = {vae->channels, vae->height, vae->width};
    cursor c = start(onnx, block, "image", (shape){vae->height, vae->width, vae->channels});
    pv_onnx_input(onnx, "image", 3, image);
    net(&c, &vae->encoder, row, NULL);
    head(c, &vae->mean, "mean");
    head(c, &vae->logvar, "log_variance");
}

void pv_graph_decoder(pv_onnx *onnx, const pv_vae *vae, const float *block)
{
    const int64_t latents = (int64_t)vae->latents;
    const int64_t image[] = {vae->channels, vae->height, vae->width};
    cursor c = start(onnx, block, "z", row);
    pv_onnx_input(onnx, "z", 1, &latents);
    net(&c, &vae->decoder, (shape){vae->height, vae->width, vae->channels}, "logits");
    emit(&c, &(pv_onnx_node){.type = "Sigmoid", .input = {"logits"}}, "probability", NULL);
    pv_onnx_output(onnx, "logits", 3, image);
    pv_onnx_output(onnx, "probability", 3, image);
}
