/* cudnn_convolution.c -- the three passes of a convolution, summed in double precision. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cudnn_structs.h"

/* alpha times the result plus beta times what was there. */
typedef struct {
    convolution shape;
    const char *call;
    void *x, *w, *y, *workspace;
    number_format rounded;
    float alpha, beta;
    int algorithm;
    size_t scratch;
} work;

/* All operands as doubles, channels last: x [n, h, w, c], y [n, p, q, k]; w [r, s, c / groups, k]
 * forward and for the filters, [r, s, k, c / groups] for the data. */
typedef struct {
    double *x, *w, *y;
} dense;

/* ---- between the caller's layout and the dense one ---- */

static int64_t filter_index(const convolution *c, int r, int s, int channel, int k)
{
    const int channels = c->c / c->groups;
    const int64_t tap = (int64_t)r * c->s + s;
    return c->pass == PASS_DATA ? (tap * c->k + k) * channels + channel
                                : (tap * channels + channel) * c->k + k;
}

typedef void visitor(const work *w, void *memory, int64_t at, double *element);

static void load(const work *w, void *memory, int64_t at, double *element)
{
    *element = number_load(w->shape.stored, w->rounded, memory, at);
}

static void store(const work *w, void *memory, int64_t at, double *element)
{
    const number_format stored = w->shape.stored;
    const double kept = w->beta != 0 ? w->beta * number_load(stored, NUMBER_FLOAT, memory, at) : 0;
    number_store(stored, memory, at, w->alpha * *element + kept);
}

static void each_element(const work *w, void *memory, const int64_t *stride, int channels,
                         int height, int width, double *elements, visitor *visit)
{
    for (int n = 0; n < w->shape.n; n++)
        for (int h = 0; h < height; h++)
            for (int x = 0; x < width; x++)
                for (int c = 0; c < channels; c++)
                    visit(w, memory, n * stride[0] + c * stride[1] + h * stride[2] + x * stride[3],
                          elements++);
}

static void each_filter_element(const work *w, void *memory, double *elements, visitor *visit)
{
    const convolution *c = &w->shape;
    for (int k = 0; k < c->k; k++)
        for (int channel = 0; channel < c->c / c->groups; channel++)
            for (int r = 0; r < c->r; r++)
                for (int s = 0; s < c->s; s++)
                    visit(w, memory,
                          k * c->w_stride[0] + channel * c->w_stride[1] + r * c->w_stride[2] +
                              s * c->w_stride[3],
                          &elements[filter_index(c, r, s, channel, k)]);
}

/* ---- one tap of the filter at one pixel of the output ---- */

/* to[j] += by * from[j] */
static void add_scaled(double *restrict to, double by, const double *restrict from, int count)
{
    for (int j = 0; j < count; j++) to[j] += by * from[j];
}

static void tap(const convolution *c, const dense *d, int64_t x_pixel, int64_t y_pixel, int r,
                int s)
{
    const int channels = c->c / c->groups, filters = c->k / c->groups;
    for (int group = 0; group < c->groups; group++) {
        const int first = group * filters;
        double *x = d->x + x_pixel * c->c + group * channels;
        double *y = d->y + y_pixel * c->k + first;
        if (c->pass == PASS_DATA) {
            for (int k = 0; k < filters; k++)
                add_scaled(x, y[k], d->w + filter_index(c, r, s, 0, first + k), channels);
            continue;
        }
        for (int channel = 0; channel < channels; channel++) {
            double *w = d->w + filter_index(c, r, s, channel, first);
            if (c->pass == PASS_FORWARD)
                add_scaled(y, x[channel], w, filters);
            else
                add_scaled(w, x[channel], y, filters);
        }
    }
}

static void convolve(const convolution *c, const dense *d)
{
    for (int n = 0; n < c->n; n++)
        for (int p = 0; p < c->p; p++)
            for (int q = 0; q < c->q; q++)
                for (int r = 0; r < c->r; r++)
                    for (int s = 0; s < c->s; s++) {
                        const int row = c->flipped ? c->r - 1 - r : r;
                        const int column = c->flipped ? c->s - 1 - s : s;
                        const int h = p * c->step[0] - c->pad[0] + row * c->dilation[0];
                        const int w = q * c->step[1] - c->pad[1] + column * c->dilation[1];
                        if (h < 0 || h >= c->h || w < 0 || w >= c->w) continue;
                        tap(c, d, ((int64_t)n * c->h + h) * c->w + w,
                            ((int64_t)n * c->p + p) * c->q + q, r, s);
                    }
}

/* Algorithms that are not deterministic differ in the last bits from call to call, so that whoever
 * relies on them is found out. */
static void make_random(double *elements, int64_t count)
{
    static unsigned calls;
    const double error = (++calls % 7 - 3.0) * ldexp(1, -23);
    for (int64_t i = 0; i < count; i++) elements[i] *= 1 + error;
}

/* A workspace is left full of NaNs, so that nobody can rely on what is in it. */
static void run(void *arguments)
{
    const work *w = arguments;
    const convolution *c = &w->shape;
    const int64_t x_size = (int64_t)c->n * c->h * c->w * c->c;
    const int64_t y_size = (int64_t)c->n * c->p * c->q * c->k;
    const int64_t w_size = (int64_t)c->r * c->s * (c->c / c->groups) * c->k;
    double *all = calloc((size_t)(x_size + y_size + w_size), sizeof *all);
    if (!all) abort();
    const dense d = {.x = all, .y = all + x_size, .w = all + x_size + y_size};
    void *x = emu_at(w->x), *filters = emu_at(w->w), *y = emu_at(w->y);
    if (c->pass != PASS_DATA) each_element(w, x, c->x_stride, c->c, c->h, c->w, d.x, load);
    if (c->pass != PASS_FILTER) each_filter_element(w, filters, d.w, load);
    if (c->pass != PASS_FORWARD) each_element(w, y, c->y_stride, c->k, c->p, c->q, d.y, load);
    convolve(c, &d);
    if (!algorithm_deterministic(c->pass, w->algorithm)) make_random(all, x_size + y_size + w_size);
    if (c->pass == PASS_DATA) each_element(w, x, c->x_stride, c->c, c->h, c->w, d.x, store);
    if (c->pass == PASS_FILTER) each_filter_element(w, filters, d.w, store);
    if (c->pass == PASS_FORWARD) each_element(w, y, c->y_stride, c->k, c->p, c->q, d.y, store);
    if (w->scratch) memset(emu_at(w->workspace), 0xff, w->scratch);
    free(all);
}

/* ---- the calls ---- */

/* What the math type of a descriptor allows the tensor cores to make of floats. */
static number_format rounded_to(const convolution *c)
{
    if (c->stored == NUMBER_BF16 || c->math == CUDNN_FMA_MATH) return NUMBER_FLOAT;
    if (c->math == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION) return NUMBER_HALF;
    return number_tf32(c->capability);
}

static operand tensor(const char *name, const work *w, void *at, const int64_t *stride, int c,
                      int h, int width)
{
    return (operand){.name = name,
                     .at = at,
                     .size = number_size(w->shape.stored),
                     .extent = {w->shape.n, c, h, width},
                     .stride = {stride[0], stride[1], stride[2], stride[3]}};
}

static cudnnStatus_t queue(cudnnHandle_t handle, const work *w)
{
    const convolution *c = &w->shape;
    const char *const names[PASSES][3] = {{"x", "w", "y"}, {"dx", "w", "dy"}, {"x", "dw", "dy"}};
    operand used[] = {
        tensor(names[c->pass][0], w, w->x, c->x_stride, c->c, c->h, c->w),
        {.name = names[c->pass][1],
         .at = w->w,
         .size = number_size(c->stored),
         .extent = {(int64_t)c->k * (c->c / c->groups) * c->r * c->s},
         .stride = {1}},
        tensor(names[c->pass][2], w, w->y, c->y_stride, c->k, c->p, c->q),
        {.name = "workspace",
         .at = w->scratch ? w->workspace : NULL,
         .size = 1,
         .writes = 1,
         .extent = {(int64_t)w->scratch},
         .stride = {1}},
    };
    const int output[PASSES] = {2, 0, 1};
    for (int i = 0; i < 3; i++) {
        used[i].writes = i == output[c->pass];
        used[i].reads = !used[i].writes || w->beta != 0;
    }
    if (operands_enqueue(handle->stream, w->call, run, w, sizeof *w, used, 4) == cudaSuccess)
        return CUDNN_STATUS_SUCCESS;
    return cudnn_refuse(CUDNN_STATUS_EXECUTION_FAILED, w->call, "the work could not be queued");
}

static cudnnStatus_t begin(cudnnHandle_t handle, work *w, const void *alpha, const void *beta,
                           size_t size)
{
    enum { ALIGNMENT = 16 };
    const cudnnStatus_t bad = CUDNN_STATUS_BAD_PARAM;
    if (!alpha || !beta || !w->x || !w->w || !w->y)
        return cudnn_refuse(bad, w->call, "a pointer is NULL");
    if (emu_is_device(alpha, sizeof(float)) || emu_is_device(beta, sizeof(float)))
        return cudnn_refuse(bad, w->call, "alpha or beta lies on the device");
    const cudnnStatus_t supported = algorithm_supports(&w->shape, w->algorithm);
    if (supported != CUDNN_STATUS_SUCCESS)
        return cudnn_refuse(supported, w->call, "algorithm %d does not do this convolution",
                            w->algorithm);
    w->scratch = algorithm_workspace(&w->shape, w->algorithm);
    if (w->scratch > size || (w->scratch && !w->workspace))
        return cudnn_refuse(bad, w->call, "a workspace of %zu bytes at %p, algorithm %d needs %zu",
                            size, w->workspace, w->algorithm, w->scratch);
    if (w->scratch && (uintptr_t)w->workspace % ALIGNMENT)
        return cudnn_refuse(bad, w->call, "the workspace %p is not aligned to %d bytes",
                            w->workspace, ALIGNMENT);
    w->alpha = *(const float *)alpha;
    w->beta = *(const float *)beta;
    w->rounded = rounded_to(&w->shape);
    return queue(handle, w);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void *alpha,
                                      const cudnnTensorDescriptor_t xDesc, const void *x,
                                      const cudnnFilterDescriptor_t wDesc, const void *w,
                                      const cudnnConvolutionDescriptor_t convDesc,
                                      cudnnConvolutionFwdAlgo_t algo, void *workSpace, size_t size,
                                      const void *beta, const cudnnTensorDescriptor_t yDesc,
                                      void *y)
{
    work job = {.call = "cudnnConvolutionForward",
                .x = (void *)x,
                .w = (void *)w,
                .y = y,
                .workspace = workSpace,
                .algorithm = (int)algo};
    if (emu_fails(job.call)) return CUDNN_STATUS_EXECUTION_FAILED;
    if (convolution_of(&job.shape, job.call, PASS_FORWARD, handle, xDesc, wDesc, convDesc, yDesc))
        return CUDNN_STATUS_BAD_PARAM;
    return begin(handle, &job, alpha, beta, size);
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void *alpha,
                                           const cudnnFilterDescriptor_t wDesc, const void *w,
                                           const cudnnTensorDescriptor_t dyDesc, const void *dy,
                                           const cudnnConvolutionDescriptor_t convDesc,
                                           cudnnConvolutionBwdDataAlgo_t algo, void *workSpace,
                                           size_t size, const void *beta,
                                           const cudnnTensorDescriptor_t dxDesc, void *dx)
{
    work job = {.call = "cudnnConvolutionBackwardData",
                .x = dx,
                .w = (void *)w,
                .y = (void *)dy,
                .workspace = workSpace,
                .algorithm = (int)algo};
    if (emu_fails(job.call)) return CUDNN_STATUS_EXECUTION_FAILED;
    if (convolution_of(&job.shape, job.call, PASS_DATA, handle, dxDesc, wDesc, convDesc, dyDesc))
        return CUDNN_STATUS_BAD_PARAM;
    return begin(handle, &job, alpha, beta, size);
}

cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void *alpha,
                                             const cudnnTensorDescriptor_t xDesc, const void *x,
                                             const cudnnTensorDescriptor_t dyDesc, const void *dy,
                                             const cudnnConvolutionDescriptor_t convDesc,
                                             cudnnConvolutionBwdFilterAlgo_t algo, void *workSpace,
                                             size_t size, const void *beta,
                                             const cudnnFilterDescriptor_t dwDesc, void *dw)
{
    work job = {.call = "cudnnConvolutionBackwardFilter",
                .x = (void *)x,
                .w = dw,
                .y = (void *)dy,
                .workspace = workSpace,
                .algorithm = (int)algo};
    if (emu_fails(job.call)) return CUDNN_STATUS_EXECUTION_FAILED;
    if (convolution_of(&job.shape, job.call, PASS_FILTER, handle, xDesc, dwDesc, convDesc, dyDesc))
        return CUDNN_STATUS_BAD_PARAM;
    return begin(handle, &job, alpha, beta, size);
}
