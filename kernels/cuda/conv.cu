/* conv.cu -- convolutions through cuDNN, images NHWC and filters KRSC; where none of its algorithms
 * takes a shape, as products over patches. Only deterministic algorithms are asked. In bf16,
 * cuDNN's operands and results are copies in work space. */
#include <cuda_bf16.h>

#include <stdlib.h>

#include "drivers.cuh"

enum { MOST_ALGORITHMS = 8, PATCHES = -1 };

struct convolution {
    pv_device *device;
    int pass; /* of which gradient of what, too: PV_WEIGHT_GRAD */
    size_t images, height, width, channels, small_height, small_width, filters, kernel, stride, pad;
    cudnnTensorDescriptor_t big, small;
    cudnnFilterDescriptor_t filter;
    cudnnConvolutionDescriptor_t convolution;
    int candidate[MOST_ALGORITHMS]; /* by cuDNN's own estimate, the best one first */
    size_t bytes[MOST_ALGORITHMS];
    int candidates, algorithm; /* the chosen one, or PATCHES */
    size_t algorithm_bytes;
    pv_layer_precision precision;
};

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

static size_t big_pixels(const convolution *c) { return c->images * c->height * c->width; }
static size_t small_pixels(const convolution *c)
{
    return c->images * c->small_height * c->small_width;
}
static size_t patch(const convolution *c) { return c->kernel * c->kernel * c->channels; }

/* ---- descriptors ---- */

static pv_status describe(convolution *c)
{
    pv_device *d = c->device;
    const int images = (int)c->images, channels = (int)c->channels, filters = (int)c->filters,
              kernel = (int)c->kernel, pad = (int)c->pad, stride = (int)c->stride;
    const cudnnDataType_t type = c->precision == PV_BF16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
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
    CUDNN_TRY(d, cudnnSetConvolutionMathType(c->convolution, c->precision == PV_FP32
                                                                 ? CUDNN_FMA_MATH
                                                                 : CUDNN_DEFAULT_MATH));
    return PV_OK;
}

/* Those that cuDNN lists as supported and deterministic. */
#define KEEP_CANDIDATES(c, results, count)                                                         \
    for (int i = 0; i < (count) && (c)->candidates < MOST_ALGORITHMS; i++)                         \
        if ((results)[i].status == CUDNN_STATUS_SUCCESS &&                                         \
            (results)[i].determinism == CUDNN_DETERMINISTIC) {                                     \
            (c)->candidate[(c)->candidates] = (int)(results)[i].algo;                              \
            (c)->bytes[(c)->candidates++] = (results)[i].memory;                                   \
        }

static cudnnStatus_t ask(convolution *c, cudnnHandle_t dnn)
{
    int count = 0;
    cudnnStatus_t status;
    if (c->pass == PV_FORWARD) {
        cudnnConvolutionFwdAlgoPerf_t results[MOST_ALGORITHMS];
        status = cudnnGetConvolutionForwardAlgorithm_v7(dnn, c->big, c->filter, c->convolution,
                                                        c->small, MOST_ALGORITHMS, &count, results);
        if (status == CUDNN_STATUS_SUCCESS) KEEP_CANDIDATES(c, results, count)
    } else if (c->pass == PV_DATA_GRAD) {
        cudnnConvolutionBwdDataAlgoPerf_t results[MOST_ALGORITHMS];
        status = cudnnGetConvolutionBackwardDataAlgorithm_v7(
            dnn, c->filter, c->small, c->convolution, c->big, MOST_ALGORITHMS, &count, results);
        if (status == CUDNN_STATUS_SUCCESS) KEEP_CANDIDATES(c, results, count)
    } else {
        cudnnConvolutionBwdFilterAlgoPerf_t results[MOST_ALGORITHMS];
        status = cudnnGetConvolutionBackwardFilterAlgorithm_v7(
            dnn, c->big, c->small, c->convolution, c->filter, MOST_ALGORITHMS, &count, results);
        if (status == CUDNN_STATUS_SUCCESS) KEEP_CANDIDATES(c, results, count)
    }
    return status;
}

/* ---- one convolution ---- */

/* The two that are read, and the one that is written; big or small image, or the filters. */
typedef struct {
    const float *one, *two;
    float *to;
} operands;

static operands operands_of(const convolution *c, const void *args)
{
    if (c->pass == PV_WEIGHT_GRAD) {
        const pv_conv_weight_grad_args *a = (const pv_conv_weight_grad_args *)args;
        const operands o = {a->big, a->small, a->dw};
        return o;
    }
    const pv_conv_args *a = (const pv_conv_args *)args;
    const operands o = {a->from, a->w, a->to};
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

static cudnnStatus_t with_cudnn(const launch *l, const convolution *c, int algorithm, size_t bytes,
                                const void *x, const void *y, void *to)
{
    const float one = 1.0f, zero = 0.0f;
    cudnnHandle_t dnn = l->stream->dnn;
    if (c->pass == PV_FORWARD)
        return cudnnConvolutionForward(dnn, &one, c->big, x, c->filter, y, c->convolution,
                                       (cudnnConvolutionFwdAlgo_t)algorithm, l->workspace, bytes,
                                       &zero, c->small, to);
    if (c->pass == PV_DATA_GRAD)
        return cudnnConvolutionBackwardData(dnn, &one, c->filter, y, c->small, x, c->convolution,
                                            (cudnnConvolutionBwdDataAlgo_t)algorithm, l->workspace,
                                            bytes, &zero, c->big, to);
    return cudnnConvolutionBackwardFilter(dnn, &one, c->big, x, c->small, y, c->convolution,
                                          (cudnnConvolutionBwdFilterAlgo_t)algorithm, l->workspace,
                                          bytes, &zero, c->filter, to);
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

static cudnnStatus_t with_copies(const launch *l, const convolution *c, int algorithm, size_t bytes,
                                 const operands *o)
{
    const sizes n = sizes_of(c);
    char *at = (char *)l->workspace + (bytes + 255) / 256 * 256;
    __nv_bfloat16 *one = (__nv_bfloat16 *)at, *two = (__nv_bfloat16 *)(at + copy_bytes(n.one)),
                  *to = (__nv_bfloat16 *)(at + copy_bytes(n.one) + copy_bytes(n.two));
    cudaStream_t queue = l->stream->queue;
    to_bf16<<<blocks_for(l, n.one), THREADS, 0, queue>>>(o->one, one, n.one);
    to_bf16<<<blocks_for(l, n.two), THREADS, 0, queue>>>(o->two, two, n.two);
    const cudnnStatus_t status = with_cudnn(l, c, algorithm, bytes, one, two, to);
    if (status == CUDNN_STATUS_SUCCESS)
        from_bf16<<<blocks_for(l, n.to), THREADS, 0, queue>>>(to, o->to, n.to);
    return status;
}

static cudnnStatus_t run(const launch *l, const convolution *c, int algorithm, size_t bytes,
                         const operands *o)
{
    return c->precision == PV_BF16 ? with_copies(l, c, algorithm, bytes, o)
                                   : with_cudnn(l, c, algorithm, bytes, o->one, o->two, o->to);
}

/* ---- patches: [small pixel][y, x, channel of the kernel] ---- */

/* The offset of a patch's element in the big images, or -1 where it lies outside. */
static __device__ inline long long place_of(const convolution &c, size_t pixel, size_t element)
{
    const size_t x = pixel % c.small_width, y = pixel / c.small_width % c.small_height,
                 image = pixel / c.small_width / c.small_height, channel = element % c.channels;
    const long long column =
        (long long)(x * c.stride + element / c.channels % c.kernel) - (long long)c.pad;
    const long long row =
        (long long)(y * c.stride + element / c.channels / c.kernel) - (long long)c.pad;
    if (row < 0 || column < 0 || row >= (long long)c.height || column >= (long long)c.width)
        return -1;
    return (((long long)image * (long long)c.height + row) * (long long)c.width + column) *
               (long long)c.channels +
           (long long)channel;
}

static __global__ void gather_patches(const __grid_constant__ convolution c, const float *big,
                                      float *patches, size_t size, size_t n)
{
    GRID_STRIDE(i, n)
    {
        const long long at = place_of(c, i / size, i % size);
        patches[i] = at < 0 ? 0.0f : big[at];
    }
}

/* Each big pixel sums what patches have of it, in the order of the kernel. */
static __global__ void add_patches(const __grid_constant__ convolution c, const float *patches,
                                   float *big, size_t size, size_t n)
{
    GRID_STRIDE(i, n)
    {
        const size_t channel = i % c.channels, column = i / c.channels % c.width + c.pad,
                     row = i / c.channels / c.width % c.height + c.pad,
                     image = i / c.channels / c.width / c.height;
        float sum = 0.0f;
        for (size_t ky = row % c.stride; ky < c.kernel && ky <= row; ky += c.stride)
            for (size_t kx = column % c.stride; kx < c.kernel && kx <= column; kx += c.stride) {
                const size_t y = (row - ky) / c.stride, x = (column - kx) / c.stride;
                if (y >= c.small_height || x >= c.small_width) continue;
                const size_t pixel = (image * c.small_height + y) * c.small_width + x;
                sum += patches[pixel * size + (ky * c.kernel + kx) * c.channels + channel];
            }
        big[i] = sum;
    }
}

static pv_status with_patches(const launch *l, const convolution *c, const operands *o)
{
    const size_t rows = small_pixels(c), size = patch(c);
    float *patches = (float *)l->workspace;
    cudaStream_t queue = l->stream->queue;
    if (c->pass == PV_DATA_GRAD) {
        const size_t n = big_pixels(c) * c->channels;
        PV_TRY(pv_cuda_data_grad(l, rows, size, c->filters, o->one, o->two, patches));
        add_patches<<<blocks_for(l, n), THREADS, 0, queue>>>(*c, patches, o->to, size, n);
        return launched(l, "add_patches");
    }
    gather_patches<<<blocks_for(l, rows * size), THREADS, 0, queue>>>(*c, o->one, patches, size,
                                                                      rows * size);
    PV_TRY(launched(l, "gather_patches"));
    if (c->pass == PV_FORWARD)
        return pv_cuda_forward(l, rows, size, c->filters, patches, o->two, o->to);
    return pv_cuda_weight_grad(l, rows, size, c->filters, patches, o->two, o->to);
}

/* ---- the calls ---- */

pv_status pv_cuda_conv_open(convolution **out, cuda_stream *s, pv_op op, const void *args)
{
    convolution *c = *out = (convolution *)calloc(1, sizeof *c);
    if (!c) return FAIL(PV_ENOMEM, "out of memory for a convolution");
    c->device = s->base.device;
    c->algorithm = PATCHES;
    c->precision = s->base.precision;
    take_shape(c, op, args);
    PV_TRY(describe(c));
    const cudnnStatus_t status = ask(c, s->dnn);
    if (status != CUDNN_STATUS_SUCCESS && status != CUDNN_STATUS_NOT_SUPPORTED)
        return pv_cudnn_failed(c->device, "cudnnGetConvolutionAlgorithm", status);
    return PV_OK;
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
    size_t bytes = small_pixels(c) * patch(c) * sizeof(float);
    const size_t bias =
        pv_cuda_bias_workspace(big_pixels(c), c->channels > c->filters ? c->channels : c->filters);
    if (bias > bytes) bytes = bias;
    const sizes n = sizes_of(c);
    const size_t copies = c->precision == PV_BF16
                              ? 256 + copy_bytes(n.one) + copy_bytes(n.two) + copy_bytes(n.to)
                              : 0;
    for (int i = 0; i < c->candidates; i++)
        if (c->bytes[i] + copies > bytes) bytes = c->bytes[i] + copies;
    return bytes;
}

pv_status pv_cuda_conv_choose(const launch *l, convolution *c, const void *args)
{
    const operands o = operands_of(c, args);
    for (int i = 0; i < c->candidates; i++) {
        const cudnnStatus_t status = run(l, c, c->candidate[i], c->bytes[i], &o);
        if (status == CUDNN_STATUS_SUCCESS) {
            c->algorithm = c->candidate[i];
            c->algorithm_bytes = c->bytes[i];
            return PV_OK;
        }
        if (status / 1000 != CUDNN_STATUS_NOT_SUPPORTED / 1000)
            return pv_cudnn_failed(c->device, "cudnnConvolution", status);
    }
    return PV_OK;
}

static pv_status convolve(const launch *l, const convolution *c, const void *args)
{
    const operands o = operands_of(c, args);
    if (c->algorithm == PATCHES) return with_patches(l, c, &o);
    const cudnnStatus_t status = run(l, c, c->algorithm, c->algorithm_bytes, &o);
    if (status != CUDNN_STATUS_SUCCESS) return pv_cudnn_failed(c->device, "a convolution", status);
    return launched(l, "bf16 copies");
}

pv_status pv_cuda_conv_queue(const launch *l, const convolution *c, const void *args)
{
    PV_TRY(convolve(l, c, args));
    if (c->pass == PV_WEIGHT_GRAD) {
        const pv_conv_weight_grad_args *a = (const pv_conv_weight_grad_args *)args;
        if (!a->dbias) return PV_OK;
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
