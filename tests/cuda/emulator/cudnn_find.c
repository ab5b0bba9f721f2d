/* cudnn_find.c -- the sizes of workspaces, and the choice of algorithms by rule or by trial. */
#include <stdlib.h>
#include <string.h>

#include "cudnn_structs.h"

/* The three structs of the API differ in the type of their first member only. */
typedef cudnnConvolutionFwdAlgoPerf_t result;
_Static_assert(sizeof(result) == sizeof(cudnnConvolutionBwdDataAlgoPerf_t) &&
                   sizeof(result) == sizeof(cudnnConvolutionBwdFilterAlgoPerf_t),
               "one layout for all passes");

static const int algorithms[PASSES] = {CUDNN_CONVOLUTION_FWD_ALGO_COUNT,
                                       CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT,
                                       CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT};

/* Each algorithm once with CUDNN_DEFAULT_MATH and, where tensor cores serve it, once more with the
 * math type of the descriptor, if that is another one. */
static int on_tensor_cores(int algorithm) { return algorithm == 1; }

enum { MOST = 10 };

/* Order without a reason, but the same in every run: a hash of shape, algorithm and math type. */
static float pretended_time(const convolution *c, int algorithm, cudnnMathType_t math)
{
    const int numbers[] = {(int)c->pass, c->n,       c->c,      c->h,      c->w,
                           c->k,         c->r,       c->s,      c->p,      c->q,
                           c->pad[0],    c->step[0], c->stored, algorithm, (int)math};
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        hash = (hash ^ (uint32_t)numbers[i]) * 16777619u;
    return 0.01F + (float)(hash >> 8 & 0xffff) / 65536;
}

static int by_time(const void *a, const void *b)
{
    const result *one = a, *other = b;
    if ((one->time < 0) != (other->time < 0)) return one->time < 0 ? 1 : -1;
    if (one->time != other->time) return one->time < other->time ? -1 : 1;
    return (int)one->algo - (int)other->algo;
}

static result tried(const convolution *c, int algorithm, cudnnMathType_t math, size_t workspace)
{
    result r = {.algo = (cudnnConvolutionFwdAlgo_t)algorithm,
                .status = algorithm_supports(c, algorithm),
                .time = -1,
                .determinism = algorithm_deterministic(c->pass, algorithm)
                                   ? CUDNN_DETERMINISTIC
                                   : CUDNN_NON_DETERMINISTIC,
                .mathType = math};
    if (r.status != CUDNN_STATUS_SUCCESS) return r;
    r.memory = algorithm_workspace(c, algorithm);
    if (r.memory > workspace)
        r.status = CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
    else
        r.time = pretended_time(c, algorithm, math);
    return r;
}

/* The best first; those that failed last, with time -1. */
static void list(const convolution *c, size_t workspace, int wanted, int *returned, result *results)
{
    result all[2 * MOST];
    int count = 0;
    for (int i = 0; i < algorithms[c->pass]; i++) {
        all[count++] = tried(c, i, CUDNN_DEFAULT_MATH, workspace);
        if (c->math != CUDNN_DEFAULT_MATH && on_tensor_cores(i))
            all[count++] = tried(c, i, c->math, workspace);
    }
    qsort(all, (size_t)count, sizeof all[0], by_time);
    *returned = count < wanted ? count : wanted;
    memcpy(results, all, (size_t)*returned * sizeof all[0]);
}

/* Rules give an order, but no times. */
static cudnnStatus_t by_rule(const char *call, const convolution *c, int wanted, int *returned,
                             result *results)
{
    if (wanted <= 0 || !returned || !results)
        return cudnn_refuse(CUDNN_STATUS_BAD_PARAM, call, "room for %d results", wanted);
    list(c, SIZE_MAX, wanted, returned, results);
    for (int i = 0; i < *returned; i++) results[i].time = -1;
    return CUDNN_STATUS_SUCCESS;
}

typedef struct {
    void *output, *workspace;
    size_t bytes, workspace_bytes;
} overwritten;

static void overwrite(void *arguments)
{
    const overwritten *o = arguments;
    memset(emu_at(o->output), 0xff, o->bytes);
    if (o->workspace_bytes) memset(emu_at(o->workspace), 0xff, o->workspace_bytes);
}

/* The bytes from the first to behind the last element. */
static size_t tensor_bytes(const convolution *c, const int64_t *stride, int channels, int h, int w)
{
    return (size_t)((c->n - 1) * stride[0] + (channels - 1) * stride[1] + (h - 1) * stride[2] +
                    (w - 1) * stride[3] + 1) *
           number_size(c->stored);
}

/* Trials run on the operands, overwrite the output and the workspace, and wait for the device. */
static cudnnStatus_t by_trial(const char *call, cudnnHandle_t handle, const convolution *c,
                              const void *x, const void *w, const void *y, int wanted,
                              int *returned, result *results, void *workspace, size_t size)
{
    const size_t x_bytes = tensor_bytes(c, c->x_stride, c->c, c->h, c->w);
    const size_t y_bytes = tensor_bytes(c, c->y_stride, c->k, c->p, c->q);
    const size_t w_bytes = (size_t)c->k * (size_t)(c->c / c->groups) * (size_t)c->r * (size_t)c->s *
                           number_size(c->stored);
    const void *const output = c->pass == PASS_FORWARD ? y : c->pass == PASS_DATA ? x : w;
    const size_t bytes = c->pass == PASS_FORWARD ? y_bytes
                         : c->pass == PASS_DATA  ? x_bytes
                                                 : w_bytes;
    const overwritten o = {(void *)output, workspace, bytes, workspace ? size : 0};
    if (wanted <= 0 || !returned || !results)
        return cudnn_refuse(CUDNN_STATUS_BAD_PARAM, call, "room for %d results", wanted);
    if (!emu_is_device(x, x_bytes) || !emu_is_device(w, w_bytes) || !emu_is_device(y, y_bytes))
        return cudnn_refuse(CUDNN_STATUS_BAD_PARAM, call, "an operand is not device memory");
    if (refused_in_capture(handle->stream, call)) return CUDNN_STATUS_INTERNAL_ERROR;
    list(c, workspace ? size : 0, wanted, returned, results);
    const operand used[] = {
        {"output", output, 1, 0, 1, {(int64_t)bytes}, {1}},
        {"workspace", o.workspace_bytes ? workspace : NULL, 1, 0, 1, {(int64_t)size}, {1}},
    };
    if (operands_enqueue(handle->stream, call, overwrite, &o, sizeof o, used, 2) != cudaSuccess ||
        cudaStreamSynchronize(handle->stream) != cudaSuccess)
        return cudnn_refuse(CUDNN_STATUS_EXECUTION_FAILED, call, "the device could not run it");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t workspace_size(const char *call, const convolution *c, int algorithm,
                                    size_t *size)
{
    if (!size) return cudnn_refuse(CUDNN_STATUS_BAD_PARAM, call, "no place for the size");
    const cudnnStatus_t status = algorithm_supports(c, algorithm);
    if (status != CUDNN_STATUS_SUCCESS)
        return cudnn_refuse(status, call, "algorithm %d does not do this convolution", algorithm);
    *size = algorithm_workspace(c, algorithm);
    return CUDNN_STATUS_SUCCESS;
}

/* The calls of a pass: their names, types, and the order of their parameters. `x`, `w`, `conv` and
 * `y` are the descriptors of images, filters and outputs. */
#define CALLS(Name, PASS, Algo, Perf, ...)                                                         \
    cudnnStatus_t cudnnGetConvolution##Name##AlgorithmMaxCount(cudnnHandle_t handle, int *count)   \
    {                                                                                              \
        if (emu_fails(__func__)) return CUDNN_STATUS_INTERNAL_ERROR;                               \
        if (cudnn_alive(handle, __func__)) return CUDNN_STATUS_BAD_PARAM;                          \
        if (!count) return cudnn_refuse(CUDNN_STATUS_BAD_PARAM, __func__, "count = NULL");         \
        *count = algorithms[PASS] + 1;                                                             \
        return CUDNN_STATUS_SUCCESS;                                                               \
    }                                                                                              \
    cudnnStatus_t cudnnGetConvolution##Name##WorkspaceSize(cudnnHandle_t handle, __VA_ARGS__,      \
                                                           Algo algo, size_t *size)                \
    {                                                                                              \
        convolution c;                                                                             \
        if (emu_fails(__func__)) return CUDNN_STATUS_INTERNAL_ERROR;                               \
        if (convolution_of(&c, __func__, PASS, handle, x, w, conv, y))                             \
            return CUDNN_STATUS_BAD_PARAM;                                                         \
        return workspace_size(__func__, &c, (int)algo, size);                                      \
    }                                                                                              \
    cudnnStatus_t cudnnGetConvolution##Name##Algorithm_v7(                                         \
        cudnnHandle_t handle, __VA_ARGS__, const int wanted, int *returned, Perf *results)         \
    {                                                                                              \
        convolution c;                                                                             \
        if (emu_fails(__func__)) return CUDNN_STATUS_INTERNAL_ERROR;                               \
        if (convolution_of(&c, __func__, PASS, handle, x, w, conv, y))                             \
            return CUDNN_STATUS_BAD_PARAM;                                                         \
        return by_rule(__func__, &c, wanted, returned, (result *)results);                         \
    }

#define TRIAL(Name, PASS, Perf, ...)                                                               \
    cudnnStatus_t cudnnFindConvolution##Name##AlgorithmEx(                                         \
        cudnnHandle_t handle, __VA_ARGS__, const int wanted, int *returned, Perf *results,         \
        void *workspace, size_t size)                                                              \
    {                                                                                              \
        convolution c;                                                                             \
        if (emu_fails(__func__)) return CUDNN_STATUS_INTERNAL_ERROR;                               \
        if (convolution_of(&c, __func__, PASS, handle, x, w, conv, y))                             \
            return CUDNN_STATUS_BAD_PARAM;                                                         \
        return by_trial(__func__, handle, &c, xs, ws, ys, wanted, returned, (result *)results,     \
                        workspace, size);                                                          \
    }

/* clang-format off */
#define IMAGES const cudnnTensorDescriptor_t x
#define FILTERS const cudnnFilterDescriptor_t w
#define HOW const cudnnConvolutionDescriptor_t conv
#define OUTPUTS const cudnnTensorDescriptor_t y

CALLS(Forward, PASS_FORWARD, cudnnConvolutionFwdAlgo_t, cudnnConvolutionFwdAlgoPerf_t,
      IMAGES, FILTERS, HOW, OUTPUTS)
CALLS(BackwardData, PASS_DATA, cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdDataAlgoPerf_t,
      FILTERS, OUTPUTS, HOW, IMAGES)
CALLS(BackwardFilter, PASS_FILTER, cudnnConvolutionBwdFilterAlgo_t,
      cudnnConvolutionBwdFilterAlgoPerf_t, IMAGES, OUTPUTS, HOW, FILTERS)

TRIAL(Forward, PASS_FORWARD, cudnnConvolutionFwdAlgoPerf_t,
      IMAGES, const void *xs, FILTERS, const void *ws, HOW, OUTPUTS, void *ys)
TRIAL(BackwardData, PASS_DATA, cudnnConvolutionBwdDataAlgoPerf_t,
      FILTERS, const void *ws, OUTPUTS, const void *ys, HOW, IMAGES, void *xs)
TRIAL(BackwardFilter, PASS_FILTER, cudnnConvolutionBwdFilterAlgoPerf_t,
      IMAGES, const void *xs, OUTPUTS, const void *ys, HOW, FILTERS, void *ws)
/* clang-format on */
