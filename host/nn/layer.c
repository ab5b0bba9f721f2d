/* layer.c -- a layer: shape, forward and backward beside each other. */
#include <assert.h>
#include <stddef.h>

#include "polarvae/net.h"

#define SHAPE(l)                                                                                   \
    .height = (l)->height, .width = (l)->width, .channels = (l)->channels,                         \
    .filters = (l)->filters, .kernel = (l)->kernel, .stride = (l)->stride, .pad = (l)->pad

static size_t rows(const pv_program *program, const pv_layer *l)
{
    return pv_program_rows(program) * l->fold;
}

pv_status pv_layer_forward(pv_program *program, const pv_layer *l, const pv_parameters *p,
                           const float *x, float **out)
{
    const float *w = p->value + l->weight, *bias = p->value + l->bias;
    float *y = *out = pv_rows(program, float, l->out * l->fold);
    if (l->kind == PV_LAYER_DENSE)
        return pv_dense(program, &(pv_dense_args){.rows = rows(program, l),
                                                  .pass = PV_FORWARD,
                                                  .activation = l->activation,
                                                  .in = l->in,
                                                  .out = l->out,
                                                  .from = x,
                                                  .w = w,
                                                  .bias = bias,
                                                  .to = y});
    return pv_conv(program,
                   &(pv_conv_args){.pass = l->kind == PV_LAYER_CONV ? PV_FORWARD : PV_DATA_GRAD,
                                   .activation = l->activation,
                                   SHAPE(l),
                                   .from = x,
                                   .w = w,
                                   .bias = bias,
                                   .to = y});
}

static pv_status weight_gradient(pv_program *program, const pv_layer *l, const pv_parameters *p,
                                 const pv_layer_gradient *g)
{
    float *dw = p->gradient + l->weight, *dbias = p->gradient + l->bias;
    const int deconv = l->kind == PV_LAYER_DECONV;
    if (l->kind == PV_LAYER_DENSE)
        return pv_dense_weight_grad(program, &(pv_dense_weight_grad_args){.rows = rows(program, l),
                                                                          .in = l->in,
                                                                          .out = l->out,
                                                                          .x = g->x,
                                                                          .dy = g->dy,
                                                                          .scale = g->scale,
                                                                          .dw = dw,
                                                                          .dbias = dbias});
    return pv_conv_weight_grad(program, &(pv_conv_weight_grad_args){.bias_big = deconv,
                                                                    SHAPE(l),
                                                                    .big = deconv ? g->dy : g->x,
                                                                    .small = deconv ? g->x : g->dy,
                                                                    .dw = dw,
                                                                    .dbias = dbias});
}

pv_status pv_layer_backward(pv_program *program, const pv_layer *l, const pv_parameters *p,
                            const pv_layer_gradient *g, float **dx)
{
    const float *mask = g->below == PV_LINEAR ? NULL : g->x;
    PV_TRY(weight_gradient(program, l, p, g));
    if (!dx) return PV_OK;
    float *to = *dx = pv_rows(program, float, l->in * l->fold);
    if (l->kind == PV_LAYER_DENSE)
        return pv_dense(program, &(pv_dense_args){.rows = rows(program, l),
                                                  .pass = PV_DATA_GRAD,
                                                  .activation = g->below,
                                                  .in = l->in,
                                                  .out = l->out,
                                                  .from = g->dy,
                                                  .w = p->value + l->weight,
                                                  .plus = g->plus,
                                                  .mask = mask,
                                                  .to = to});
    assert(!g->plus && !g->scale);
    return pv_conv(program,
                   &(pv_conv_args){.pass = l->kind == PV_LAYER_CONV ? PV_DATA_GRAD : PV_FORWARD,
                                   .activation = g->below,
                                   SHAPE(l),
                                   .from = g->dy,
                                   .w = p->value + l->weight,
                                   .mask = mask,
                                   .to = to});
}
