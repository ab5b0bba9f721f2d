/* cudnn_descriptors.c -- the handles and descriptors of a stand-in for cuDNN. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cudnn_structs.h"

enum { HANDLES = 64, DESCRIPTORS = 4096, OWN_MEMORY = 1 << 20 };

static struct cudnnContext handles[HANDLES];
static struct cudnnTensorStruct tensors[DESCRIPTORS];
static struct cudnnFilterStruct filters[DESCRIPTORS];
static struct cudnnConvolutionStruct convolutions[DESCRIPTORS];

/* ---- errors ---- */

static _Thread_local char last_error[256];

cudnnStatus_t cudnn_refuse(cudnnStatus_t status, const char *call, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    if (CUDNN_STATUS_CATEGORY((int)status) == CUDNN_STATUS_BAD_PARAM)
        emu_report("%s: %s: %s", call, cudnnGetErrorString(status), last_error);
    return status;
}

#define REFUSE(...) cudnn_refuse(CUDNN_STATUS_BAD_PARAM, __func__, __VA_ARGS__)

void cudnnGetLastErrorString(char *message, size_t size)
{
    if (!message || !size) return;
    snprintf(message, size, "%s", last_error);
    last_error[0] = '\0';
}

const char *cudnnGetErrorString(cudnnStatus_t status)
{
#define NAME(value)                                                                                \
    case value:                                                                                    \
        return #value
    switch (status) {
        NAME(CUDNN_STATUS_SUCCESS);
        NAME(CUDNN_STATUS_NOT_INITIALIZED);
        NAME(CUDNN_STATUS_BAD_PARAM);
        NAME(CUDNN_STATUS_NOT_SUPPORTED);
        NAME(CUDNN_STATUS_INTERNAL_ERROR);
        NAME(CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED);
        NAME(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED);
        NAME(CUDNN_STATUS_EXECUTION_FAILED);
    default:
        return "CUDNN_UNKNOWN_STATUS";
    }
#undef NAME
}

size_t cudnnGetVersion(void) { return CUDNN_VERSION; }

static void report_leaks(void)
{
    int count = 0, open = 0;
    for (int i = 0; i < DESCRIPTORS; i++)
        count += tensors[i].alive + filters[i].alive + convolutions[i].alive;
    for (int i = 0; i < HANDLES; i++) open += handles[i].alive;
    if (count) emu_report("leak: %d descriptor%s of cuDNN", count, count == 1 ? "" : "s");
    if (open) emu_report("leak: %d handle%s of cuDNN", open, open == 1 ? "" : "s");
}

/* Registered after the runtime's own end, and so called before it. */
__attribute__((constructor)) static void start(void) { atexit(report_leaks); }

/* ---- handles ---- */

cudnnStatus_t cudnn_alive(cudnnHandle_t handle, const char *call)
{
    for (int i = 0; i < HANDLES; i++)
        if (handle == &handles[i] && handle->alive) return CUDNN_STATUS_SUCCESS;
    return cudnn_refuse(CUDNN_STATUS_BAD_PARAM, call, "handle = %p is none, or destroyed",
                        (void *)handle);
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle)
{
    if (emu_fails("cudnnCreate")) return CUDNN_STATUS_NOT_INITIALIZED;
    if (!handle) return REFUSE("handle = NULL");
    const int capability = device_capability();
    if (!capability)
        return cudnn_refuse(CUDNN_STATUS_NOT_INITIALIZED, "cudnnCreate", "there is no device");
    void *own;
    if (cudaMalloc(&own, OWN_MEMORY) != cudaSuccess)
        return cudnn_refuse(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, "cudnnCreate",
                            "no %d bytes of device memory", OWN_MEMORY);
    int i = 0;
    emu_lock();
    while (i < HANDLES && handles[i].alive) i++;
    if (i == HANDLES) emu_unknown("cudnnCreate: more than %d handles", HANDLES);
    handles[i] = (struct cudnnContext){.alive = 1, .capability = capability, .own = own};
    emu_unlock();
    *handle = &handles[i];
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnDestroy(cudnnHandle_t handle)
{
    if (!handle) return CUDNN_STATUS_SUCCESS;
    if (cudnn_alive(handle, "cudnnDestroy")) return CUDNN_STATUS_BAD_PARAM;
    handle->alive = 0;
    return cudaFree(handle->own) == cudaSuccess ? CUDNN_STATUS_SUCCESS
                                                : CUDNN_STATUS_INTERNAL_ERROR;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    if (emu_fails("cudnnSetStream")) return CUDNN_STATUS_INTERNAL_ERROR;
    if (cudnn_alive(handle, "cudnnSetStream")) return CUDNN_STATUS_BAD_PARAM;
    if (!emu_is_stream(stream)) return REFUSE("no such stream");
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- descriptors: created and destroyed ---- */

#define LIFE(Kind, type, pool, what)                                                               \
    cudnnStatus_t cudnnCreate##Kind##Descriptor(cudnn##Kind##Descriptor_t *out)                    \
    {                                                                                              \
        if (emu_fails("cudnnCreate" #Kind "Descriptor"))                                           \
            return CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;                             \
        if (!out) return REFUSE("no place for the descriptor");                                    \
        int i = 0;                                                                                 \
        emu_lock();                                                                                \
        while (i < DESCRIPTORS && pool[i].alive) i++;                                              \
        if (i == DESCRIPTORS)                                                                      \
            emu_unknown("cudnnCreate" #Kind "Descriptor: more than %d", DESCRIPTORS);              \
        pool[i] = (type){.alive = 1};                                                              \
        emu_unlock();                                                                              \
        *out = &pool[i];                                                                           \
        return CUDNN_STATUS_SUCCESS;                                                               \
    }                                                                                              \
    cudnnStatus_t cudnnDestroy##Kind##Descriptor(cudnn##Kind##Descriptor_t descriptor)             \
    {                                                                                              \
        if (!descriptor) return CUDNN_STATUS_SUCCESS;                                              \
        if (what##_alive(descriptor, __func__)) return CUDNN_STATUS_BAD_PARAM;                     \
        descriptor->alive = 0;                                                                     \
        return CUDNN_STATUS_SUCCESS;                                                               \
    }

#define ALIVE(Kind, pool, what)                                                                    \
    static cudnnStatus_t what##_alive(const cudnn##Kind##Descriptor_t descriptor,                  \
                                      const char *call)                                            \
    {                                                                                              \
        for (int i = 0; i < DESCRIPTORS; i++)                                                      \
            if (descriptor == &pool[i] && pool[i].alive) return CUDNN_STATUS_SUCCESS;              \
        return cudnn_refuse(CUDNN_STATUS_BAD_PARAM, call,                                          \
                            "the " #what " descriptor %p is none, or destroyed",                   \
                            (const void *)descriptor);                                             \
    }

ALIVE(Tensor, tensors, tensor)
ALIVE(Filter, filters, filter)
ALIVE(Convolution, convolutions, convolution)
LIFE(Tensor, struct cudnnTensorStruct, tensors, tensor)
LIFE(Filter, struct cudnnFilterStruct, filters, filter)
LIFE(Convolution, struct cudnnConvolutionStruct, convolutions, convolution)

cudnnStatus_t cudnn_descriptors_alive(const char *call, const cudnnTensorDescriptor_t x,
                                      const cudnnFilterDescriptor_t w,
                                      const cudnnConvolutionDescriptor_t conv,
                                      const cudnnTensorDescriptor_t y)
{
    if (tensor_alive(x, call) || filter_alive(w, call) || convolution_alive(conv, call) ||
        tensor_alive(y, call))
        return CUDNN_STATUS_BAD_PARAM;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- descriptors: set ---- */

static int known_type(const char *call, cudnnDataType_t type)
{
    if (type < CUDNN_DATA_FLOAT || type > CUDNN_DATA_COMPLEX_FP64) return 0;
    if (type != CUDNN_DATA_FLOAT && type != CUDNN_DATA_BFLOAT16)
        emu_unknown("%s: data type %d", call, (int)type);
    return 1;
}

static int known_format(const char *call, cudnnTensorFormat_t format)
{
    if (format == CUDNN_TENSOR_NCHW_VECT_C) emu_unknown("%s: CUDNN_TENSOR_NCHW_VECT_C", call);
    return format == CUDNN_TENSOR_NCHW || format == CUDNN_TENSOR_NHWC;
}

cudnnStatus_t cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t tensor, cudnnDataType_t type,
                                           int n, int c, int h, int w, int n_stride, int c_stride,
                                           int h_stride, int w_stride)
{
    const char *call = __func__;
    if (emu_fails("cudnnSetTensor4dDescriptorEx")) return CUDNN_STATUS_INTERNAL_ERROR;
    if (tensor_alive(tensor, call)) return CUDNN_STATUS_BAD_PARAM;
    if (!known_type(call, type)) return REFUSE("no data type %d", (int)type);
    const int extent[4] = {n, c, h, w}, stride[4] = {n_stride, c_stride, h_stride, w_stride};
    double last = 0;
    for (int i = 0; i < 4; i++) {
        if (extent[i] <= 0) return REFUSE("extent %d of n, c, h, w is %d", i, extent[i]);
        if (stride[i] < 0) emu_unknown("%s: a negative stride", call);
        if (stride[i] == 0 && extent[i] != 1) return REFUSE("stride %d of n, c, h, w is 0", i);
        last += (double)(extent[i] - 1) * stride[i];
    }
    if (last >= INT_MAX)
        return cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED, call, "2^31 elements or more");
    tensor->type = type;
    memcpy(tensor->extent, extent, sizeof extent);
    memcpy(tensor->stride, stride, sizeof stride);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format,
                                         cudnnDataType_t type, int n, int c, int h, int w)
{
    const char *call = __func__;
    if (emu_fails("cudnnSetTensor4dDescriptor")) return CUDNN_STATUS_INTERNAL_ERROR;
    if (tensor_alive(tensor, call)) return CUDNN_STATUS_BAD_PARAM;
    if (!known_type(call, type)) return REFUSE("no data type %d", (int)type);
    if (!known_format(call, format)) return REFUSE("no format %d", (int)format);
    if (n <= 0 || c <= 0 || h <= 0 || w <= 0)
        return REFUSE("n = %d, c = %d, h = %d, w = %d", n, c, h, w);
    if ((double)n * c * h * w > INT_MAX)
        return cudnn_refuse(CUDNN_STATUS_NOT_SUPPORTED, call, "2^31 elements or more");
    const int nhwc = format == CUDNN_TENSOR_NHWC;
    *tensor = (struct cudnnTensorStruct){
        .alive = 1,
        .type = type,
        .extent = {n, c, h, w},
        .stride = {c * h * w, nhwc ? 1 : h * w, nhwc ? w * c : w, nhwc ? c : 1}};
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w)
{
    const char *call = __func__;
    if (emu_fails("cudnnSetFilter4dDescriptor")) return CUDNN_STATUS_INTERNAL_ERROR;
    if (filter_alive(filter, call)) return CUDNN_STATUS_BAD_PARAM;
    if (!known_type(call, type)) return REFUSE("no data type %d", (int)type);
    if (!known_format(call, format)) return REFUSE("no format %d", (int)format);
    if (k <= 0 || c <= 0 || h <= 0 || w <= 0)
        return REFUSE("k = %d, c = %d, h = %d, w = %d", k, c, h, w);
    *filter = (struct cudnnFilterStruct){
        .alive = 1, .type = type, .format = format, .extent = {k, c, h, w}};
    return CUDNN_STATUS_SUCCESS;
}

/* Leaves the math type and the number of groups as they are, as the real one does. */
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t conv, int pad_h,
                                              int pad_w, int stride_h, int stride_w, int dilation_h,
                                              int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t compute)
{
    const char *call = __func__;
    if (emu_fails("cudnnSetConvolution2dDescriptor")) return CUDNN_STATUS_INTERNAL_ERROR;
    if (convolution_alive(conv, call)) return CUDNN_STATUS_BAD_PARAM;
    if (pad_h < 0 || pad_w < 0) return REFUSE("padding %d, %d", pad_h, pad_w);
    if (stride_h <= 0 || stride_w <= 0) return REFUSE("stride %d, %d", stride_h, stride_w);
    if (dilation_h <= 0 || dilation_w <= 0)
        return REFUSE("dilation %d, %d", dilation_h, dilation_w);
    if (mode != CUDNN_CONVOLUTION && mode != CUDNN_CROSS_CORRELATION)
        return REFUSE("no mode %d", (int)mode);
    if (compute == CUDNN_DATA_BFLOAT16) return REFUSE("sums in bfloat16");
    if (!known_type(call, compute)) return REFUSE("no data type %d", (int)compute);
    conv->pad[0] = pad_h;
    conv->pad[1] = pad_w;
    conv->stride[0] = stride_h;
    conv->stride[1] = stride_w;
    conv->dilation[0] = dilation_h;
    conv->dilation[1] = dilation_w;
    conv->mode = mode;
    conv->compute = compute;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t conv, cudnnMathType_t math)
{
    if (emu_fails("cudnnSetConvolutionMathType")) return CUDNN_STATUS_INTERNAL_ERROR;
    if (convolution_alive(conv, __func__)) return CUDNN_STATUS_BAD_PARAM;
    if ((unsigned)math > CUDNN_FMA_MATH) return REFUSE("no math type %d", (int)math);
    conv->math = math;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t conv, int groups)
{
    if (emu_fails("cudnnSetConvolutionGroupCount")) return CUDNN_STATUS_INTERNAL_ERROR;
    if (convolution_alive(conv, __func__)) return CUDNN_STATUS_BAD_PARAM;
    if (groups < 1) return REFUSE("%d groups", groups);
    conv->groups = groups;
    return CUDNN_STATUS_SUCCESS;
}
