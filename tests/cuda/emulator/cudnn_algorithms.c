/* cudnn_algorithms.c -- which convolution fits its descriptors, and which algorithm supports it.
 *
 * The tables are those of the documentation of cudnnConvolutionForward, -BackwardData and
 * -BackwardFilter, for two dimensions and floats or bfloat16 with sums in floats. */
#include <stdlib.h>
#include <string.h>

#include "cudnn_structs.h"

static number_format stored_as(cudnnDataType_t type)
{
    return type == CUDNN_DATA_BFLOAT16 ? NUMBER_BF16 : NUMBER_FLOAT;
}

/* 0 if the filter does not fit into the image. */
static int output_size(int size, int filter, const struct cudnnConvolutionStruct *conv, int axis)
{
    const int free = size + 2 * conv->pad[axis] - ((filter - 1) * conv->dilation[axis] + 1);
    return free < 0 ? 0 : free / conv->stride[axis] + 1;
}

static cudnnStatus_t extents_fit(const char *call, const struct cudnnTensorStruct *x,
                                 const struct cudnnFilterStruct *w,
                                 const struct cudnnConvolutionStruct *conv, int groups, int out[4])
{
    const cudnnStatus_t bad = CUDNN_STATUS_BAD_PARAM;
    if (!x->extent[0] || !w->extent[0] || !conv->stride[0])
        return cudnn_refuse(bad, call, "a descriptor that was never set");
    if (x->type != w->type)
        return cudnn_refuse(bad, call, "images and filters of different data types");
    if (x->extent[1] != groups * w->extent[1])
        return cudnn_refuse(bad, call, "images of %d channels, filters of %d in %d groups",
                            x->extent[1], w->extent[1], groups);
    if (w->extent[0] % groups)
        return cudnn_refuse(bad, call, "%d filters in %d groups", w->extent[0], groups);
    out[0] = x->extent[0];
    out[1] = w->extent[0];
    out[2] = output_size(x->extent[2], w->extent[2], conv, 0);
    out[3] = output_size(x->extent[3], w->extent[3], conv, 1);
    if (!out[2] || !out[3])
        return cudnn_refuse(bad, call, "the filter is larger than the padded image");
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolution2dForwardOutputDim(const cudnnConvolutionDescriptor_t conv,
                                                    const cudnnTensorDescriptor_t x,
                                                    const cudnnFilterDescriptor_t w, int *n, int *c,
                                                    int *height, int *width)
{
    int out[4] = {0};
    if (emu_fails("cudnnGetConvolution2dForwardOutputDim")) return CUDNN_STATUS_INTERNAL_ERROR;
    if (cudnn_descriptors_alive(__func__, x, w, conv, x)) return CUDNN_STATUS_BAD_PARAM;
    if (extents_fit(__func__, x, w, conv, conv->groups ? conv->groups : 1, out))
        return CUDNN_STATUS_BAD_PARAM;
    *n = out[0];
    *c = out[1];
    *height = out[2];
    *width = out[3];
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t convolution_of(convolution *out, const char *call, conv_pass pass,
                             cudnnHandle_t handle, const cudnnTensorDescriptor_t x,
                             const cudnnFilterDescriptor_t w,
                             const cudnnConvolutionDescriptor_t conv,
                             const cudnnTensorDescriptor_t y)
{
    int fit[4];
    if (cudnn_alive(handle, call) || cudnn_descriptors_alive(call, x, w, conv, y))
        return CUDNN_STATUS_BAD_PARAM;
    const int groups = conv->groups ? conv->groups : 1;
    if (extents_fit(call, x, w, conv, groups, fit)) return CUDNN_STATUS_BAD_PARAM;
    if (memcmp(fit, y->extent, sizeof fit))
        return cudnn_refuse(
            CUDNN_STATUS_BAD_PARAM, call, "an output of %d, %d, %d, %d; %d, %d, %d, %d would fit",
            y->extent[0], y->extent[1], y->extent[2], y->extent[3], fit[0], fit[1], fit[2], fit[3]);
    if (x->type != y->type)
        return cudnn_refuse(CUDNN_STATUS_BAD_PARAM, call, "input and output of different types");
    *out = (convolution){.pass = pass,
                         .n = x->extent[0],
                         .c = x->extent[1],
                         .h = x->extent[2],
                         .w = x->extent[3],
                         .k = w->extent[0],
                         .r = w->extent[2],
                         .s = w->extent[3],
                         .p = fit[2],
                         .q = fit[3],
                         .groups = groups,
                         .flipped = conv->mode == CUDNN_CONVOLUTION,
                         .filter_nhwc = w->format == CUDNN_TENSOR_NHWC,
                         .capability = handle->capability,
                         .stored = stored_as(x->type),
                         .math = conv->math};
    memcpy(out->pad, conv->pad, sizeof out->pad);
    memcpy(out->step, conv->stride, sizeof out->step);
    memcpy(out->dilation, conv->dilation, sizeof out->dilation);
    for (int i = 0; i < 4; i++) {
        out->x_stride[i] = x->stride[i];
        out->y_stride[i] = y->stride[i];
    }
    const int64_t c = w->extent[1], area = (int64_t)out->r * out->s;
    out->w_stride[0] = c * area;
    out->w_stride[1] = out->filter_nhwc ? 1 : area;
    out->w_stride[2] = out->filter_nhwc ? out->s * c : out->s;
    out->w_stride[3] = out->filter_nhwc ? c : 1;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- layouts ---- */

/* Strides as of CUDNN_TENSOR_NHWC or CUDNN_TENSOR_NCHW; images may lie apart. */
static int nhwc_packed(const int64_t *stride, int64_t c, int64_t h, int64_t w)
{
    return stride[1] == 1 && stride[3] == c && stride[2] == w * c && stride[0] >= h * w * c;
}

static int nchw_packed(const int64_t *stride, int64_t c, int64_t h, int64_t w)
{
    return stride[3] == 1 && stride[2] == w && stride[1] == h * w && stride[0] >= c * h * w;
}

/* Filters of NHWC: images and outputs of NHWC, HWC-packed. Filters of NCHW: any strides, but the
 * gradients of outputs CHW-packed in the passes backward; what Fourier transforms takes, packed. */
static int layout_fits(const convolution *c, int packed)
{
    if (c->filter_nhwc)
        return nhwc_packed(c->x_stride, c->c, c->h, c->w) &&
               nhwc_packed(c->y_stride, c->k, c->p, c->q);
    const int x = nchw_packed(c->x_stride, c->c, c->h, c->w);
    const int y = nchw_packed(c->y_stride, c->k, c->p, c->q);
    if (packed) return x && y;
    return c->pass == PASS_FORWARD || y;
}

/* ---- algorithms ---- */

/* Filters: any size, 3x3, 3x3 or 5x5, larger than the padding (Fourier). */
typedef enum { ANY, THREE, THREE_OR_FIVE, FOURIER, MISSING } filter_shapes;

typedef struct {
    int random, nhwc, dilated;
    filter_shapes shapes;
} algorithm;

static const algorithm algorithms[PASSES][8] = {
    [PASS_FORWARD] =
        {
            [CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM] = {.nhwc = 1, .dilated = 1},
            [CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM] = {.nhwc = 1},
            [CUDNN_CONVOLUTION_FWD_ALGO_GEMM] = {.nhwc = 0},
            [CUDNN_CONVOLUTION_FWD_ALGO_DIRECT] = {.shapes = MISSING},
            [CUDNN_CONVOLUTION_FWD_ALGO_FFT] = {.shapes = FOURIER},
            [CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING] = {.shapes = FOURIER},
            [CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD] = {.shapes = THREE},
            [CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED] = {.shapes = THREE_OR_FIVE},
        },
    [PASS_DATA] =
        {
            [CUDNN_CONVOLUTION_BWD_DATA_ALGO_0] = {.random = 1, .nhwc = 1, .dilated = 1},
            [CUDNN_CONVOLUTION_BWD_DATA_ALGO_1] = {.nhwc = 1, .dilated = 1},
            [CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT] = {.shapes = FOURIER},
            [CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING] = {.shapes = FOURIER},
            [CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD] = {.shapes = THREE},
            [CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED] = {.shapes = THREE_OR_FIVE},
        },
    [PASS_FILTER] =
        {
            [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0] = {.random = 1, .nhwc = 1, .dilated = 1},
            [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1] = {.nhwc = 1, .dilated = 1},
            [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT] = {.shapes = FOURIER},
            [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3] = {.random = 1},
            [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD] = {.shapes = MISSING},
            [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED] = {.shapes = THREE_OR_FIVE},
            [CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT_TILING] = {.shapes = FOURIER},
        },
};

static const int algorithm_count[PASSES] = {CUDNN_CONVOLUTION_FWD_ALGO_COUNT,
                                            CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT,
                                            CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT};

/* EMULATED_CUDNN_REFUSE: "all", or numbers of algorithms (of all passes) with commas between. */
static int refused(int number)
{
    const char *list = getenv("EMULATED_CUDNN_REFUSE");
    if (!list) return 0;
    if (!strcmp(list, "all")) return 1;
    for (char *end; *list; list = *end ? end + 1 : end) {
        if (strtol(list, &end, 10) == number && end > list) return 1;
        if (end == list) emu_unknown("EMULATED_CUDNN_REFUSE: %s", list);
    }
    return 0;
}

static int shape_fits(const convolution *c, filter_shapes shapes)
{
    const int unit = c->step[0] == 1 && c->step[1] == 1;
    const int three = c->r == 3 && c->s == 3, five = c->r == 5 && c->s == 5;
    switch (shapes) {
    case ANY:
        return 1;
    case THREE:
        return unit && three;
    case THREE_OR_FIVE:
        return unit && (three || five);
    case FOURIER:
        return unit && c->r > c->pad[0] && c->s > c->pad[1] && c->h + 2 * c->pad[0] <= 256 &&
               c->w + 2 * c->pad[1] <= 256;
    case MISSING:
        break;
    }
    return 0;
}

cudnnStatus_t algorithm_supports(const convolution *c, int number)
{
    if (number < 0 || number >= algorithm_count[c->pass]) return CUDNN_STATUS_BAD_PARAM;
    const algorithm *a = &algorithms[c->pass][number];
    const int dilated = c->dilation[0] > 1 || c->dilation[1] > 1;
    const int fits = !refused(number) && shape_fits(c, a->shapes) && (a->nhwc || !c->filter_nhwc) &&
                     (a->dilated || !dilated) && layout_fits(c, a->shapes == FOURIER) &&
                     (c->stored == NUMBER_FLOAT || (c->capability >= 80 && a->shapes == ANY));
    return fits ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
}

int algorithm_deterministic(conv_pass pass, int number) { return !algorithms[pass][number].random; }

/* Plausible and seldom nothing, so that workspaces are put to use: index tables, transposed or
 * partial filters, the matrix of im2col, spectra. */
size_t algorithm_workspace(const convolution *c, int number)
{
    const size_t filters = (size_t)c->k * c->c / c->groups * c->r * c->s;
    const size_t taps = (size_t)c->c * c->r * c->s, pixels = (size_t)c->p * c->q;
    const algorithm *a = &algorithms[c->pass][number];
    size_t numbers;
    if (a->shapes != ANY)
        numbers = 8 * (filters + (size_t)c->n * (c->c + c->k) * (c->h + 8) * (c->w + 8));
    else if (c->pass == PASS_FORWARD)
        numbers = number == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM           ? 0
                  : number == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM ? taps + pixels
                                                                               : taps * pixels;
    else
        numbers = number == 0 ? 0 : number == 1 ? 2 * filters : taps + pixels;
    return (numbers * sizeof(float) + 255) / 256 * 256;
}
