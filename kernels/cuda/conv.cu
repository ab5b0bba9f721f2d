/* conv.cu -- convolutions through cuDNN, images NHWC and filters KRSC. In bf16 its operands and
 * results are copies in work space. */
#include <cuda_bf16.h>

#include <stdlib.h>

#include "conv.h"
#include "drivers.cuh"

/* ---- shapes ---- */

#define TAKE_SHAPE(c, a)                                                                           \
    do {                                                                                           \
        (c)->images = (a)->rows;                                                                   \
        (c)->height = (size_t)(a)->height;                                                         \
        (c)->width = (size_t)(a)->width;                                                           \
        (c)->channels = (size_t)(a)->channels;                                                     \
        (c)->filters = (size_t)(a)->filters;                                                       \
        (c)->kernel = (size_t)(a)->kernel;                                                         \
        (c)->stride = (size_t)(a)->stride;                                                         \
        (c)->pad = (size_t)(a)->pad;                                                               \
        (c)->small_height = PV_CONV_SIZE(height);                                                  \
        (c)->small_width = PV_CONV_SIZE(width);                                                    \
    } while (0)

static void take_shape(convolution *c, pv_op op, const void *args)
{
    if (op == PV_OP_conv) {
        const pv_conv_args *a = (const pv_conv_args *)args;
        TAKE_SHAPE(c, a);
        c->pass = a->pass;
    } else {
        const pv_conv_weight_grad_args *a = (const pv_conv_weight_grad_args *)args;
        TAKE_SHAPE(c, a);
        c->pass = PV_WEIGHT_GRAD;
    }
}

/* ---- descriptors ---- */

static pv_status describe(convolution *c)
{
    pv_device *d = c->device;
    const int images = (int)c->images, channels = (int)c->channels, filters = (int)c->filters,
              kernel = (int)c->kernel, pad = (int)c->pad, stride = (int)c->stride;
    const cudnnDataType_t type =
        c->rule.precision == PV_BF16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    CUDNN_TRY(d, cudnnCreateTensorDescriptor(&c->big));
    CUDNN_TRY(d, cudnnCreateTensorDescriptor(&c->small));
    CUDNN_TRY(d, cudnnCreateFilterDescriptor(&c->filter));
    CUDNN_TRY(d, cudnnCreateConvolutionDescriptor(&c->convolution));
    CUDNN_TRY(d, cudnnSetTensor4dDescriptor(c->big, CUDNN_TENSOR_NHWC, type, images, channels,
                                            (int)c->height, (int)c->width));
    CUDNN_TRY(d, cudnnSetTensor4dDescriptor(c->small, CUDNN_TENSOR_NHWC, type, images, filters,
                                            (int)c->small_height, (int)c->small_width));
    CUDNN_TRY(d, cudnnSetFilter4dDescriptor(c->filter, type, CUDNN_TENSOR_NHWC, filters, channels,
                                            kernel, kernel));
    CUDNN_TRY(d, cudnnSetConvolution2dDescriptor(c->convolution, pad, pad, stride, stride, 1, 1,
                                                 CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
    /* The default permits TF32. */
    const cudnnMathType_t math = c->rule.precision == PV_FP32   ? CUDNN_FMA_MATH
                                 : c->rule.precision == PV_TF32 ? CUDNN_DEFAULT_MATH
                                                                : CUDNN_TENSOR_OP_MATH;
    CUDNN_TRY(d, cudnnSetConvolutionMathType(c->convolution, math));
    return PV_OK;
}

/* ---- one convolution ---- */

static conv_operands operands_of(const convolution *c, const void *args)
{
    if (c->pass == PV_WEIGHT_GRAD) {
        const pv_conv_weight_grad_args *a = (const pv_conv_weight_grad_args *)args;
        const conv_operands o = {a->big, a->small, a->dw};
        return o;
    }
    const pv_conv_args *a = (const pv_conv_args *)args;
    const conv_operands o = {a->from, a->w, a->to};
    return o;
}

typedef struct {
    size_t one, two, to;
} sizes;

static sizes sizes_of(const convolution *c)
{
    const size_t big = big_pixels(c) * c->channels, small = small_pixels(c) * c->filters,
                 weights = patch(c) * c->filters;
    const sizes forward = {big, weights, small}, data = {small, weights, big},
                weight = {big, small, weights};
    return c->pass == PV_FORWARD ? forward : c->pass == PV_DATA_GRAD ? data : weight;
}

static cudnnStatus_t with_cudnn(const launch *l, const convolution *c, conv_way way, const void *x,
                                const void *y, void *to)
{
    const float one = 1.0f, zero = 0.0f;
    cudnnHandle_t dnn = l->stream->dnn;
    if (c->pass == PV_FORWARD)
        return cudnnConvolutionForward(dnn, &one, c->big, x, c->filter, y, c->convolution,
                                       (cudnnConvolutionFwdAlgo_t)way.algorithm, l->workspace,
                                       way.bytes, &zero, c->small, to);
    if (c->pass == PV_DATA_GRAD)
        return cudnnConvolutionBackwardData(dnn, &one, c->filter, y, c->small, x, c->convolution,
                                            (cudnnConvolutionBwdDataAlgo_t)way.algorithm,
                                            l->workspace, way.bytes, &zero, c->big, to);
    return cudnnConvolutionBackwardFilter(dnn, &one, c->big, x, c->small, y, c->convolution,
                                          (cudnnConvolutionBwdFilterAlgo_t)way.algorithm,
                                          l->workspace, way.bytes, &zero, c->filter, to);
}

/* ---- copies in bfloat16, behind the work space of the algorithm ---- */

static __global__ void to_bf16(const float *from, __nv_bfloat16 *to, size_t n)
{
    GRID_STRIDE(i, n) to[i] = __float2bfloat16_rn(from[i]);
}

static __global__ void from_bf16(const __nv_bfloat16 *from, float *to, size_t n)
{
    GRID_STRIDE(i, n) to[i] = __bfloat162float(from[i]);
}

static size_t copy_bytes(size_t n) { return (n * sizeof(__nv_bfloat16) + 255) / 256 * 256; }

static cudnnStatus_t with_copies(const launch *l, const convolution *c, conv_way way,
                                 const conv_operands *o)
{
    const sizes n = sizes_of(c);
    char *at = (char *)l->workspace + (way.bytes + 255) / 256 * 256;
    __nv_bfloat16 *one = (__nv_bfloat16 *)at, *two = (__nv_bfloat16 *)(at + copy_bytes(n.one)),
                  *to = (__nv_bfloat16 *)(at + copy_bytes(n.one) + copy_bytes(n.two));
    cudaStream_t queue = l->stream->queue;
    to_bf16<<<blocks_for(l, n.one), THREADS, 0, queue>>>(o->one, one, n.one);
    to_bf16<<<blocks_for(l, n.two), THREADS, 0, queue>>>(o->two, two, n.two);
    const cudnnStatus_t status = with_cudnn(l, c, way, one, two, to);
    if (status == CUDNN_STATUS_SUCCESS)
        from_bf16<<<blocks_for(l, n.to), THREADS, 0, queue>>>(to, o->to, n.to);
    return status;
}

cudnnStatus_t pv_cuda_convolve(const launch *l, const convolution *c, conv_way way,
                               const conv_operands *o)
{
    return c->rule.precision == PV_BF16 ? with_copies(l, c, way, o)
                                        : with_cudnn(l, c, way, o->one, o->two, o->to);
}

/* ---- the calls ---- */

pv_status pv_cuda_conv_open(convolution **out, cuda_stream *s, pv_op op, const void *args)
{
    convolution *c = *out = (convolution *)calloc(1, sizeof *c);
    if (!c) return FAIL(PV_ENOMEM, "out of memory for a convolution");
    c->device = s->base.device;
    c->rule = s->base.layers;
    take_shape(c, op, args);
    PV_TRY(describe(c));
    return pv_cuda_conv_ways(c, s->dnn);
}

void pv_cuda_conv_close(convolution *c)
{
    if (!c) return;
    if (c->big) (void)cudnnDestroyTensorDescriptor(c->big);
    if (c->small) (void)cudnnDestroyTensorDescriptor(c->small);
    if (c->filter) (void)cudnnDestroyFilterDescriptor(c->filter);
    if (c->convolution) (void)cudnnDestroyConvolutionDescriptor(c->convolution);
    free(c);
}

size_t pv_cuda_conv_workspace(const convolution *c)
{
    size_t bytes =
        pv_cuda_bias_workspace(big_pixels(c), c->channels > c->filters ? c->channels : c->filters);
    const sizes n = sizes_of(c);
    const size_t copies = c->rule.precision == PV_BF16
                              ? 256 + copy_bytes(n.one) + copy_bytes(n.two) + copy_bytes(n.to)
                              : 0;
    for (int i = 0; i < c->ways; i++)
        if (c->way[i].bytes + copies > bytes) bytes = c->way[i].bytes + copies;
    return bytes;
}

pv_status pv_cuda_conv_choose(const launch *l, convolution *c, const void *args)
{
    const conv_operands o = operands_of(c, args);
    return pv_cuda_conv_choose_way(l, c, &o);
}

const char *pv_cuda_conv_choice(const convolution *c) { return c->choice; }

static pv_status convolve(const launch *l, const convolution *c, const void *args)
{
    const conv_operands o = operands_of(c, args);
    if (c->chosen.algorithm == PATCHES) return pv_cuda_convolve_patches(l, c, &o);
    const cudnnStatus_t status = pv_cuda_convolve(l, c, c->chosen, &o);
    if (status != CUDNN_STATUS_SUCCESS) return pv_cudnn_failed(c->device, "a convolution", status);
    return launched(l, "bf16 copies");
}

pv_status pv_cuda_conv_queue(const launch *l, const convolution *c, const void *args)
{
    PV_TRY(convolve(l, c, args));
    if (c->pass == PV_WEIGHT_GRAD) {
        const pv_conv_weight_grad_args *a = (const pv_conv_weight_grad_args *)args;
        if (!a->dbias || l->summed) return PV_OK;
        return a->bias_big ? pv_cuda_bias(l, a->big, big_pixels(c), c->channels, a->dbias)
                           : pv_cuda_bias(l, a->small, small_pixels(c), c->filters, a->dbias);
    }
    const pv_conv_args *a = (const pv_conv_args *)args;
    const int forward = c->pass == PV_FORWARD;
    const leaving e = {forward ? small_pixels(c) : big_pixels(c),
                       forward ? c->filters : c->channels,
                       a->activation,
                       a->bias,
                       a->mask,
                       NULL,
                       a->to};
    return pv_cuda_leave(l, &e);
}
