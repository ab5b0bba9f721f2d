/* choose.cu -- which way a convolution takes: the first that works, in the order of cuDNN's
 * estimates, or with pv_layer_rule.measured the fastest one. Only deterministic ways are asked for.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conv.h"

/* ---- which ways there are ---- */

/* Takes the algorithms that cuDNN lists as supported and deterministic. It may list one several
 * times, with other kinds of arithmetic: which one is used, the descriptor says. */
#define KEEP_WAYS(c, results, count)                                                               \
    for (int i = 0; i < (count) && (c)->ways < MOST_ALGORITHMS; i++)                               \
        if ((results)[i].status == CUDNN_STATUS_SUCCESS &&                                         \
            (results)[i].determinism == CUDNN_DETERMINISTIC && !known(c, (int)(results)[i].algo))  \
            (c)->way[(c)->ways++].algorithm = (int)(results)[i].algo;

static int known(const convolution *c, int algorithm)
{
    for (int i = 0; i < c->ways; i++)
        if (c->way[i].algorithm == algorithm) return 1;
    return 0;
}

enum { LISTED = 2 * MOST_ALGORITHMS };

static cudnnStatus_t ask(convolution *c, cudnnHandle_t dnn)
{
    int count = 0;
    cudnnStatus_t status;
    if (c->pass == PV_FORWARD) {
        cudnnConvolutionFwdAlgoPerf_t results[LISTED];
        status = cudnnGetConvolutionForwardAlgorithm_v7(dnn, c->big, c->filter, c->convolution,
                                                        c->small, LISTED, &count, results);
        if (status == CUDNN_STATUS_SUCCESS) KEEP_WAYS(c, results, count)
    } else if (c->pass == PV_DATA_GRAD) {
        cudnnConvolutionBwdDataAlgoPerf_t results[LISTED];
        status = cudnnGetConvolutionBackwardDataAlgorithm_v7(
            dnn, c->filter, c->small, c->convolution, c->big, LISTED, &count, results);
        if (status == CUDNN_STATUS_SUCCESS) KEEP_WAYS(c, results, count)
    } else {
        cudnnConvolutionBwdFilterAlgoPerf_t results[LISTED];
        status = cudnnGetConvolutionBackwardFilterAlgorithm_v7(
            dnn, c->big, c->small, c->convolution, c->filter, LISTED, &count, results);
        if (status == CUDNN_STATUS_SUCCESS) KEEP_WAYS(c, results, count)
    }
    return status;
}

static cudnnStatus_t size_way(const convolution *c, cudnnHandle_t dnn, conv_way *w)
{
    if (c->pass == PV_FORWARD)
        return cudnnGetConvolutionForwardWorkspaceSize(
            dnn, c->big, c->filter, c->convolution, c->small,
            (cudnnConvolutionFwdAlgo_t)w->algorithm, &w->bytes);
    if (c->pass == PV_DATA_GRAD)
        return cudnnGetConvolutionBackwardDataWorkspaceSize(
            dnn, c->filter, c->small, c->convolution, c->big,
            (cudnnConvolutionBwdDataAlgo_t)w->algorithm, &w->bytes);
    return cudnnGetConvolutionBackwardFilterWorkspaceSize(
        dnn, c->big, c->small, c->convolution, c->filter,
        (cudnnConvolutionBwdFilterAlgo_t)w->algorithm, &w->bytes);
}

static int not_supported(cudnnStatus_t status)
{
    return status / 1000 == CUDNN_STATUS_NOT_SUPPORTED / 1000;
}

pv_status pv_cuda_conv_ways(convolution *c, cudnnHandle_t dnn)
{
    cudnnStatus_t status = ask(c, dnn);
    if (status != CUDNN_STATUS_SUCCESS && !not_supported(status))
        return pv_cudnn_failed(c->device, "cudnnGetConvolutionAlgorithm", status);
    const int listed = c->ways;
    c->ways = 0;
    for (int i = 0; i < listed; i++) {
        conv_way way = c->way[i];
        status = size_way(c, dnn, &way);
        if (status == CUDNN_STATUS_SUCCESS)
            c->way[c->ways++] = way;
        else if (!not_supported(status))
            return pv_cudnn_failed(c->device, "cudnnGetConvolutionWorkspaceSize", status);
    }
    c->way[c->ways].algorithm = PATCHES;
    c->way[c->ways++].bytes = small_pixels(c) * patch(c) * sizeof(float);
    return PV_OK;
}

/* ---- the choice, in words ---- */

__attribute__((format(printf, 2, 3))) static void tell(convolution *c, const char *format, ...)
{
    const size_t told = strlen(c->choice);
    va_list values;
    va_start(values, format);
    vsnprintf(c->choice + told, sizeof c->choice - told, format, values);
    va_end(values);
}

static void tell_way(convolution *c, int algorithm)
{
    if (algorithm == PATCHES)
        tell(c, "patches");
    else
        tell(c, "cuDNN %d", algorithm);
}

static void tell_shape(convolution *c)
{
    static const char *const pass[] = {"forward", "data gradient", "weight gradient"};
    tell(c, "%zux%zux%zu to %zux%zux%zu, kernel %zu, %s:", c->height, c->width, c->channels,
         c->small_height, c->small_width, c->filters, c->kernel, pass[c->pass]);
}

/* ---- choosing ---- */

/* *works: whether the way takes the shape at all. */
static pv_status attempt(const launch *l, const convolution *c, conv_way way,
                         const conv_operands *o, int *works)
{
    *works = 1;
    if (way.algorithm == PATCHES) return pv_cuda_convolve_patches(l, c, o);
    const cudnnStatus_t status = pv_cuda_convolve(l, c, way, o);
    *works = status == CUDNN_STATUS_SUCCESS;
    if (*works || not_supported(status)) return PV_OK;
    return pv_cudnn_failed(c->device, "cudnnConvolution", status);
}

/* The shortest of a few times between two events, in milliseconds. */
static pv_status time_way(const launch *l, const convolution *c, conv_way way,
                          const conv_operands *o, cudaEvent_t start, cudaEvent_t end, float *best)
{
    enum { TIMES = 5 };
    cudaStream_t queue = l->stream->queue;
    for (int i = 0; i < TIMES; i++) {
        int works;
        float time;
        CUDA_TRY(c->device, cudaEventRecord(start, queue));
        PV_TRY(attempt(l, c, way, o, &works));
        CUDA_TRY(c->device, cudaEventRecord(end, queue));
        CUDA_TRY(c->device, cudaEventSynchronize(end));
        CUDA_TRY(c->device, cudaEventElapsedTime(&time, start, end));
        if (i == 0 || time < *best) *best = time;
    }
    return PV_OK;
}

static pv_status choose(const launch *l, convolution *c, const conv_operands *o, cudaEvent_t start,
                        cudaEvent_t end)
{
    float best = 0.0f, time = 0.0f;
    int found = 0;
    for (int i = 0; i < c->ways && (!found || c->rule.measured); i++) {
        int works;
        PV_TRY(attempt(l, c, c->way[i], o, &works));
        tell(c, " ");
        tell_way(c, c->way[i].algorithm);
        if (!works) {
            tell(c, " refused,");
            continue;
        }
        if (c->rule.measured) {
            PV_TRY(time_way(l, c, c->way[i], o, start, end, &time));
            tell(c, " %.1f us,", (double)time * 1e3);
        }
        if (found && time >= best) continue;
        found = 1;
        best = time;
        c->chosen = c->way[i];
    }
    if (c->rule.measured) {
        tell(c, " chosen ");
        tell_way(c, c->chosen.algorithm);
    }
    return PV_OK;
}

pv_status pv_cuda_conv_choose_way(const launch *l, convolution *c, const conv_operands *o)
{
    cudaEvent_t start = NULL, end = NULL;
    tell_shape(c);
    if (!c->rule.measured) return choose(l, c, o, start, end);
    CUDA_TRY(c->device, cudaEventCreate(&start));
    cudaError_t error = cudaEventCreate(&end);
    const pv_status status = error == cudaSuccess
                                 ? choose(l, c, o, start, end)
                                 : pv_cuda_failed(c->device, "cudaEventCreate", error);
    if (end) (void)cudaEventDestroy(end);
    (void)cudaEventDestroy(start);
    return status;
}
