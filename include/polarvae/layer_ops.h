/* layer_ops.h -- the kernels of layers: what each takes, as ops.h says it. A device has its own
 * code for them: the CPU in kernels/cpu, CUDA by cuBLAS and cuDNN. */
#ifndef POLARVAE_LAYER_OPS_H
#define POLARVAE_LAYER_OPS_H

/* clang-format off */

/* The pass of a layer. A transposed convolution is the DATA_GRAD of a convolution; its own data
 * gradient is that convolution's FORWARD. */
typedef enum { PV_FORWARD, PV_DATA_GRAD, PV_WEIGHT_GRAD } pv_pass;

/* An activation y = f(x); its derivative is a function of y, so that only outputs are kept. */
typedef enum { PV_LINEAR, PV_RELU, PV_LEAKY_RELU, PV_TANH } pv_activation;

/* dense, with input x [rows, in], output y [rows, out], weight w [out, in]:
 *   FORWARD      to = f(from w^T + bias)            from = x, to = y
 *   DATA_GRAD    to = (from w + plus) * f'(mask)    from = dy, to = dx; mask = x, or NULL;
 *                plus: dx of another layer that reads the same x, or NULL
 *   WEIGHT_GRAD  dense_weight_grad: dw = dy^T x, dbias = column sums of dy, in both the rows of dy
 *                times `scale` of the row, unless that is NULL
 * bias may be NULL. f is `activation`: of the output (FORWARD) or of the mask (DATA_GRAD). */
#define PV_FIELDS_dense(F, V)                                                                      \
    V(int, pass) V(int, activation) V(size_t, in) V(size_t, out)                                   \
    F(IN, float, from, a->pass == PV_FORWARD ? a->in : a->out)                                     \
    F(SHARED, float, w, a->in * a->out)                                                            \
    F(SHARED, float, bias, a->out)                                                                 \
    F(IN, float, plus, a->in)                                                                      \
    F(IN, float, mask, a->in)                                                                      \
    F(OUT, float, to, a->pass == PV_FORWARD ? a->out : a->in)

#define PV_FIELDS_dense_weight_grad(F, V)                                                          \
    V(size_t, in) V(size_t, out)                                                                   \
    F(WHOLE, float, x, a->in)                                                                      \
    F(WHOLE, float, dy, a->out)                                                                    \
    F(WHOLE, float, scale, 1)                                                                      \
    F(STATE, float, dw, a->in * a->out)                                                            \
    F(STATE, float, dbias, a->out)

/* conv: a convolution between a big image [height, width, channels] and a small one
 * [height / stride.., filters], NHWC, w [filters, kernel, kernel, channels] (KRSC), zero padding
 * `pad` on every side; small height = (height + 2 pad - kernel) / stride + 1.
 *   FORWARD      small = f(conv(big) + bias)             from = big, to = small
 *   DATA_GRAD    big = f(convT(small) + bias)            from = small, to = big
 * With mask (shaped like `to`) the result is multiplied by f'(mask) instead of passed through f:
 * that is the gradient with respect to the input of a layer whose stored activation is `mask`.
 * bias has as many elements as `to` has channels, or is NULL. */
#define PV_CONV_SHAPE(V)                                                                           \
    V(int, height) V(int, width) V(int, channels) V(int, filters)                                  \
    V(int, kernel) V(int, stride) V(int, pad)
#define PV_CONV_SIZE(side) ((size_t)((a->side + 2 * a->pad - a->kernel) / a->stride + 1))
#define PV_CONV_BIG ((size_t)a->height * (size_t)a->width * (size_t)a->channels)
#define PV_CONV_SMALL (PV_CONV_SIZE(height) * PV_CONV_SIZE(width) * (size_t)a->filters)
#define PV_CONV_WEIGHTS                                                                            \
    ((size_t)a->filters * (size_t)a->kernel * (size_t)a->kernel * (size_t)a->channels)

#define PV_FIELDS_conv(F, V)                                                                       \
    V(int, pass) V(int, activation) PV_CONV_SHAPE(V)                                               \
    F(IN, float, from, a->pass == PV_FORWARD ? PV_CONV_BIG : PV_CONV_SMALL)                        \
    F(SHARED, float, w, PV_CONV_WEIGHTS)                                                           \
    F(SHARED, float, bias, (size_t)(a->pass == PV_FORWARD ? a->filters : a->channels))             \
    F(IN, float, mask, a->pass == PV_FORWARD ? PV_CONV_SMALL : PV_CONV_BIG)                        \
    F(OUT, float, to, a->pass == PV_FORWARD ? PV_CONV_SMALL : PV_CONV_BIG)

/* dw of both a convolution (dy = small, dbias over its pixels: bias_big = 0) and a transposed
 * convolution (dy = big: bias_big = 1). */
#define PV_FIELDS_conv_weight_grad(F, V)                                                           \
    V(int, bias_big) PV_CONV_SHAPE(V)                                                              \
    F(IN, float, big, PV_CONV_BIG)                                                                 \
    F(IN, float, small, PV_CONV_SMALL)                                                             \
    F(SUM, float, dw, PV_CONV_WEIGHTS)                                                             \
    F(SUM, float, dbias, (size_t)(a->bias_big ? a->channels : a->filters))

#define PV_LAYER_OPS(layer)                                                                        \
    layer(dense) layer(dense_weight_grad) layer(conv) layer(conv_weight_grad)

/* clang-format on */
#endif
