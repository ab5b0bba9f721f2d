/* libraries_convolution.c -- the stand-in for cuDNN gives the convolutions that its documentation
 * defines, and offers the algorithms that it documents. */
#include <cudnn.h>
#include <math.h>

#include "device_arrays.h"

typedef enum { FORWARD, DATA, FILTER } conv_pass;

/* As in the descriptors; gap: unused elements behind each row of x and y (NCHW only); skew: how
 * much larger padding and stride are from left to right than from top to bottom. */
typedef struct {
    int n, c, h, w, k, r, s, pad, stride, dilation, groups, flipped, nchw, gap;
    float alpha, beta;
    int skew;
} shape;

static const shape shapes[] = {
    {2, 1, 64, 64, 32, 4, 4, 1, 2, 1, 1, 0, 0, 0, 1, 0, 0},
    {2, 3, 16, 16, 32, 4, 4, 1, 2, 1, 1, 0, 0, 0, 1, 0, 0},
    {3, 32, 8, 8, 64, 2, 2, 0, 2, 1, 1, 0, 0, 0, 1, 0, 0},
    {1, 64, 2, 2, 64, 4, 4, 1, 2, 1, 1, 0, 0, 0, 2, -1, 0},
    {2, 5, 7, 6, 3, 3, 2, 2, 1, 1, 1, 0, 0, 0, 0.5F, 2, 0},
    {2, 5, 7, 6, 3, 3, 2, 2, 1, 1, 1, 1, 0, 0, 1, 0, 0},
    {2, 4, 9, 8, 6, 3, 3, 1, 2, 2, 2, 0, 1, 0, 1, 0, 0},
    {2, 4, 9, 8, 6, 3, 3, 1, 2, 2, 2, 1, 1, 5, 1, 0.5F, 0},
    {1, 2, 5, 5, 2, 3, 3, 1, 3, 1, 1, 0, 1, 2, -1, 0, 0},
    {1, 2, 5, 9, 3, 2, 4, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1},
};

static cudnnHandle_t handle;
static cudnnTensorDescriptor_t x_desc, y_desc;
static cudnnFilterDescriptor_t w_desc;
static cudnnConvolutionDescriptor_t conv;

/* ---- where elements are ---- */

/* Of an array [n][c][h][w] in the layout of the shape. */
static size_t place(const shape *s, int n, int c, int h, int w, int channels, int height, int width)
{
    if (s->nchw) return (((size_t)n * channels + c) * height + h) * (size_t)(width + s->gap) + w;
    return (((size_t)n * height + h) * width + w) * channels + c;
}

static size_t filter_place(const shape *s, int k, int c, int r, int t)
{
    const shape packed = {.nchw = s->nchw};
    return place(&packed, k, c, r, t, s->c / s->groups, s->r, s->s);
}

static int outputs(int size, int filter, const shape *s, int skew)
{
    return (size + 2 * (s->pad + skew) - s->dilation * (filter - 1) - 1) / (s->stride + skew) + 1;
}

/* ---- the definition ---- */

/* Adds one product to the sum that `pass` is about. */
static void add_product(conv_pass pass, double *sum, const float *x, const float *w, const float *y,
                        size_t at_x, size_t at_w, size_t at_y)
{
    if (pass == FORWARD) sum[at_y] += (double)x[at_x] * w[at_w];
    if (pass == DATA) sum[at_x] += (double)y[at_y] * w[at_w];
    if (pass == FILTER) sum[at_w] += (double)x[at_x] * y[at_y];
}

static void define(const shape *s, conv_pass pass, double *sum, const float *x, const float *w,
                   const float *y)
{
    const int p = outputs(s->h, s->r, s, 0), q = outputs(s->w, s->s, s, s->skew);
    const int channels = s->c / s->groups, filters = s->k / s->groups;
    for (int n = 0; n < s->n; n++)
        for (int k = 0; k < s->k; k++)
            for (int i = 0; i < p; i++)
                for (int j = 0; j < q; j++)
                    for (int c = 0; c < channels; c++)
                        for (int r = 0; r < s->r; r++)
                            for (int t = 0; t < s->s; t++) {
                                const int h = i * s->stride + r * s->dilation - s->pad;
                                const int v = j * (s->stride + s->skew) + t * s->dilation -
                                              (s->pad + s->skew);
                                if (h < 0 || h >= s->h || v < 0 || v >= s->w) continue;
                                const int channel = k / filters * channels + c;
                                add_product(pass, sum, x, w, y,
                                            place(s, n, channel, h, v, s->c, s->h, s->w),
                                            filter_place(s, k, c, s->flipped ? s->r - 1 - r : r,
                                                         s->flipped ? s->s - 1 - t : t),
                                            place(s, n, k, i, j, s->k, p, q));
                            }
}

/* ---- the library ---- */

static void set_tensor(cudnnTensorDescriptor_t desc, const shape *s, int c, int h, int w)
{
    const int row = w + s->gap;
    if (s->gap)
        WORKS(cudnnSetTensor4dDescriptorEx(desc, CUDNN_DATA_FLOAT, s->n, c, h, w, c * h * row,
                                           h * row, row, 1));
    else
        WORKS(cudnnSetTensor4dDescriptor(desc, s->nchw ? CUDNN_TENSOR_NCHW : CUDNN_TENSOR_NHWC,
                                         CUDNN_DATA_FLOAT, s->n, c, h, w));
}

static void set_descriptors(const shape *s)
{
    set_tensor(x_desc, s, s->c, s->h, s->w);
    set_tensor(y_desc, s, s->k, outputs(s->h, s->r, s, 0), outputs(s->w, s->s, s, s->skew));
    WORKS(cudnnSetFilter4dDescriptor(w_desc, CUDNN_DATA_FLOAT,
                                     s->nchw ? CUDNN_TENSOR_NCHW : CUDNN_TENSOR_NHWC, s->k,
                                     s->c / s->groups, s->r, s->s));
    WORKS(cudnnSetConvolution2dDescriptor(
        conv, s->pad, s->pad + s->skew, s->stride, s->stride + s->skew, s->dilation, s->dilation,
        s->flipped ? CUDNN_CONVOLUTION : CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
    WORKS(cudnnSetConvolutionGroupCount(conv, s->groups));
}

static size_t workspace_size(conv_pass pass, int algorithm)
{
    size_t size = 0;
    const cudnnStatus_t status =
        pass == FORWARD
            ? cudnnGetConvolutionForwardWorkspaceSize(handle, x_desc, w_desc, conv, y_desc,
                                                      (cudnnConvolutionFwdAlgo_t)algorithm, &size)
        : pass == DATA
            ? cudnnGetConvolutionBackwardDataWorkspaceSize(handle, w_desc, y_desc, conv, x_desc,
                                                           (cudnnConvolutionBwdDataAlgo_t)algorithm,
                                                           &size)
            : cudnnGetConvolutionBackwardFilterWorkspaceSize(
                  handle, x_desc, y_desc, conv, w_desc, (cudnnConvolutionBwdFilterAlgo_t)algorithm,
                  &size);
    return status == CUDNN_STATUS_SUCCESS ? size : SIZE_MAX;
}

static cudnnStatus_t call(conv_pass pass, int algorithm, const float *alpha, const float *beta,
                          void *x, void *w, void *y, void *workspace, size_t size)
{
    if (pass == FORWARD)
        return cudnnConvolutionForward(handle, alpha, x_desc, x, w_desc, w, conv,
                                       (cudnnConvolutionFwdAlgo_t)algorithm, workspace, size, beta,
                                       y_desc, y);
    if (pass == DATA)
        return cudnnConvolutionBackwardData(handle, alpha, w_desc, w, y_desc, y, conv,
                                            (cudnnConvolutionBwdDataAlgo_t)algorithm, workspace,
                                            size, beta, x_desc, x);
    return cudnnConvolutionBackwardFilter(handle, alpha, x_desc, x, y_desc, y, conv,
                                          (cudnnConvolutionBwdFilterAlgo_t)algorithm, workspace,
                                          size, beta, w_desc, w);
}

/* x, w and y, as many floats as `size` says; the one that is computed comes back in `result`. */
static void run(conv_pass pass, int algorithm, const shape *s, float *const from[3],
                const size_t size[3], float *result)
{
    const int output = pass == FORWARD ? 2 : pass == DATA ? 0 : 1;
    const size_t bytes = workspace_size(pass, algorithm);
    check(bytes != SIZE_MAX, "pass %d, algorithm %d: not supported", pass, algorithm);
    if (bytes == SIZE_MAX) return;
    void *at[3], *workspace = bytes ? on_device(NULL, bytes) : NULL;
    for (int i = 0; i < 3; i++) {
        const int unwritten = i == output && s->beta == 0 && !s->gap;
        at[i] = on_device(unwritten ? NULL : from[i], size[i] * sizeof(float));
    }
    WORKS(call(pass, algorithm, &s->alpha, &s->beta, at[0], at[1], at[2], workspace, bytes));
    for (int i = 0; i < 3; i++)
        off_device(i == output ? result : NULL, at[i], size[i] * sizeof(float));
    if (workspace) off_device(NULL, workspace, 0);
}

static float *random_floats(size_t count, unsigned seed)
{
    float *x = malloc(count * sizeof *x);
    if (!x) exit(1);
    fill(x, count, seed);
    return x;
}

static void try_pass(conv_pass pass, int algorithm, double tolerance, const shape *s)
{
    const int p = outputs(s->h, s->r, s, 0), q = outputs(s->w, s->s, s, s->skew);
    const size_t size[3] = {(size_t)s->n * s->c * s->h * (s->w + s->gap),
                            (size_t)s->k * (s->c / s->groups) * s->r * s->s,
                            (size_t)s->n * s->k * p * (q + s->gap)};
    const int output = pass == FORWARD ? 2 : pass == DATA ? 0 : 1;
    float *from[3], *result = malloc(size[output] * sizeof *result);
    double *sum = calloc(size[output], sizeof *sum);
    if (!result || !sum) exit(1);
    for (int i = 0; i < 3; i++) from[i] = random_floats(size[i], (unsigned)i + 7);
    set_descriptors(s);
    define(s, pass, sum, from[0], from[1], from[2]);
    run(pass, algorithm, s, from, size, result);
    int wrong = 0;
    for (size_t i = 0; i < size[output]; i++) {
        const double kept = from[output][i];
        const size_t row = (size_t)((output == 0 ? s->w : q) + s->gap);
        const int unused = output != 1 && s->gap && i % row >= row - (size_t)s->gap;
        const double wanted = unused ? kept : s->alpha * sum[i] + s->beta * kept;
        const double scale = fabs(s->alpha * sum[i]) + fabs(s->beta * kept);
        wrong += fabs(result[i] - wanted) > tolerance * scale;
    }
    check(!wrong, "pass %d, algorithm %d, shape %d: %d of %zu elements are wrong", pass, algorithm,
          (int)(s - shapes), wrong, size[output]);
    for (int i = 0; i < 3; i++) free(from[i]);
    free(result);
    free(sum);
}

static void results(void)
{
    for (unsigned i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const shape *s = &shapes[i];
        const int packed = !s->gap;
        try_pass(FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, 0, s);
        if (s->dilation == 1)
            try_pass(FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, 0, s);
        if (packed) try_pass(DATA, CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, 1e-6, s);
        if (packed) try_pass(DATA, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, 0, s);
        if (packed) try_pass(FILTER, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, 1e-6, s);
        if (packed) try_pass(FILTER, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, 0, s);
    }
}

/* Whether two calls with the same operands give the same bits. */
static int repeatable(int algorithm)
{
    const shape *s = &shapes[1];
    const size_t size[3] = {2 * 3 * 16 * 16, 32 * 3 * 16, 2 * 32 * 8 * 8};
    static float first[2 * 3 * 16 * 16], second[2 * 3 * 16 * 16];
    float *from[3];
    for (int i = 0; i < 3; i++) from[i] = random_floats(size[i], 5);
    set_descriptors(s);
    run(DATA, algorithm, s, from, size, first);
    run(DATA, algorithm, s, from, size, second);
    for (int i = 0; i < 3; i++) free(from[i]);
    return !memcmp(first, second, sizeof first);
}

/* ---- precision ---- */

/* A single product, 1 x 1 everything, of two numbers with many bits. */
static float product(cudnnDataType_t type, cudnnMathType_t math, const void *x, const void *w,
                     size_t bytes)
{
    const float one = 1, zero = 0;
    float y = 0;
    WORKS(cudnnSetTensor4dDescriptor(x_desc, CUDNN_TENSOR_NHWC, type, 1, 1, 1, 1));
    WORKS(cudnnSetTensor4dDescriptor(y_desc, CUDNN_TENSOR_NHWC, type, 1, 1, 1, 1));
    WORKS(cudnnSetFilter4dDescriptor(w_desc, type, CUDNN_TENSOR_NHWC, 1, 1, 1, 1));
    WORKS(cudnnSetConvolution2dDescriptor(conv, 0, 0, 1, 1, 1, 1, CUDNN_CROSS_CORRELATION,
                                          CUDNN_DATA_FLOAT));
    WORKS(cudnnSetConvolutionGroupCount(conv, 1));
    WORKS(cudnnSetConvolutionMathType(conv, math));
    void *dx = on_device(x, bytes), *dw = on_device(w, bytes), *dy = on_device(NULL, bytes);
    WORKS(call(FORWARD, 0, &one, &zero, dx, dw, dy, NULL, 0));
    off_device(NULL, dx, 0);
    off_device(NULL, dw, 0);
    off_device((char *)&y + sizeof y - bytes, dy, bytes);
    WORKS(cudnnSetConvolutionMathType(conv, CUDNN_FMA_MATH));
    return y;
}

static void precision(void)
{
    const float x = 1 + ldexpf(1, -9) + ldexpf(1, -20), w = 3;
    const float tf32 = 3 * (1 + ldexpf(1, -9)), half = 0x1p-20F;
    check(product(CUDNN_DATA_FLOAT, CUDNN_FMA_MATH, &x, &w, 4) == x * w, "FMA_MATH");
    check(product(CUDNN_DATA_FLOAT, CUDNN_DEFAULT_MATH, &x, &w, 4) == tf32, "DEFAULT_MATH");
    check(product(CUDNN_DATA_FLOAT, CUDNN_TENSOR_OP_MATH, &x, &w, 4) == tf32, "TENSOR_OP_MATH");
    check(product(CUDNN_DATA_FLOAT, CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION, &x, &half, 4) ==
              (1 + ldexpf(1, -9)) * half,
          "ALLOW_CONVERSION");
    check(product(CUDNN_DATA_FLOAT, CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION, &x, &(float){1e6F}, 4) ==
              INFINITY,
          "ALLOW_CONVERSION of 1e6");
    const uint16_t bf16 = 0x3f81, three = 0x4040; /* 1 + 2^-7, 3: the product is a tie */
    check(product(CUDNN_DATA_BFLOAT16, CUDNN_FMA_MATH, &bf16, &three, 2) == 3.03125F, "bfloat16");
}

/* ---- what is offered ---- */

/* The list of a trial: complete, the best first, what is not possible last. */
static void check_list(const cudnnConvolutionBwdDataAlgoPerf_t *list, int count, int fits)
{
    int exact = 0, supported = 0;
    for (int i = 0; i < count; i++) {
        exact += list[i].mathType == CUDNN_FMA_MATH;
        supported += list[i].status == CUDNN_STATUS_SUCCESS;
        check((list[i].status == CUDNN_STATUS_SUCCESS) == (list[i].time >= 0), "time of %d", i);
        check((list[i].determinism == CUDNN_NON_DETERMINISTIC) ==
                  (list[i].algo == CUDNN_CONVOLUTION_BWD_DATA_ALGO_0),
              "determinism of %d", (int)list[i].algo);
        check(i == 0 || list[i].time < 0 ||
                  (list[i - 1].time >= 0 && list[i].time >= list[i - 1].time),
              "result %d of %d: not in order", i, count);
    }
    check(exact == 1 && supported == fits, "%d with FMA_MATH, %d possible", exact, supported);
}

static void lists(void)
{
    enum { ROOM = 64 << 10, MOST = 16 };
    static float x[2 * 64 * 64], w[32 * 16], y[2 * 32 * 32 * 32];
    cudnnConvolutionBwdDataAlgoPerf_t list[MOST];
    int count, most;
    set_descriptors(&shapes[0]);
    void *dx = on_device(x, sizeof x), *dw = on_device(w, sizeof w), *dy = on_device(y, sizeof y);
    void *workspace = on_device(NULL, ROOM);
    WORKS(cudnnGetConvolutionBackwardDataAlgorithmMaxCount(handle, &most));
    for (int room = 0; room < 2; room++) {
        WORKS(cudnnFindConvolutionBackwardDataAlgorithmEx(handle, w_desc, dw, y_desc, dy, conv,
                                                          x_desc, dx, MOST, &count, list, workspace,
                                                          room ? ROOM : 0));
        check(count <= most, "%d results, at most %d", count, most);
        check_list(list, count, room ? 3 : 1);
    }
    WORKS(cudnnGetConvolutionBackwardDataAlgorithm_v7(handle, w_desc, y_desc, conv, x_desc, 1,
                                                      &count, list));
    check(count == 1 && list[0].status == CUDNN_STATUS_SUCCESS, "the best of the list");
    off_device(x, dx, sizeof x);
    check(isnan(x[0]), "a trial leaves its output as it was");
    off_device(NULL, dw, 0);
    off_device(NULL, dy, 0);
    off_device(NULL, workspace, 0);
}

static void algorithms(void)
{
    const float one = 1, zero = 0;
    static float x[2 * 64 * 64], w[32 * 16], y[2 * 32 * 32 * 32];
    set_descriptors(&shapes[0]);
    check(workspace_size(FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_GEMM) == SIZE_MAX, "GEMM of NHWC");
    check(workspace_size(FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_FFT) == SIZE_MAX, "FFT of stride 2");
    check(workspace_size(FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD) == SIZE_MAX, "Winograd 4x4");
    check(workspace_size(DATA, CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED) == SIZE_MAX,
          "Winograd of stride 2");
    check(workspace_size(FILTER, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3) == SIZE_MAX, "3 of NHWC");
    void *dx = on_device(x, sizeof x), *dw = on_device(w, sizeof w), *dy = on_device(y, sizeof y);
    check(call(FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_GEMM, &one, &zero, dx, dw, dy, NULL, 0) ==
              CUDNN_STATUS_NOT_SUPPORTED,
          "GEMM of NHWC, called");
    set_descriptors(&(shape){1, 2, 9, 9, 2, 3, 3, 1, 2, 1, 1, 0, 1, 0, 1, 0, 0});
    check(workspace_size(FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD) == SIZE_MAX, "of stride 2");
    set_descriptors(&(shape){1, 2, 9, 9, 2, 3, 3, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0});
    check(workspace_size(FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD) != SIZE_MAX, "Winograd 3x3");
    check(workspace_size(FORWARD, CUDNN_CONVOLUTION_FWD_ALGO_DIRECT) == SIZE_MAX, "DIRECT");
    setenv("EMULATED_CUDNN_REFUSE", "0,1", 1);
    check(workspace_size(DATA, 0) == SIZE_MAX && workspace_size(FORWARD, 1) == SIZE_MAX, "refused");
    unsetenv("EMULATED_CUDNN_REFUSE");
    off_device(NULL, dx, 0);
    off_device(NULL, dw, 0);
    off_device(NULL, dy, 0);
}

/* On a device that has TF32 and bfloat16. */
int main(void)
{
    setenv("EMULATED_SM", "90", 1);
    WORKS(cudnnCreate(&handle));
    WORKS(cudnnCreateTensorDescriptor(&x_desc));
    WORKS(cudnnCreateTensorDescriptor(&y_desc));
    WORKS(cudnnCreateFilterDescriptor(&w_desc));
    WORKS(cudnnCreateConvolutionDescriptor(&conv));
    WORKS(cudnnSetConvolutionMathType(conv, CUDNN_FMA_MATH));
    results();
    check(repeatable(CUDNN_CONVOLUTION_BWD_DATA_ALGO_1), "algorithm 1 differs");
    check(!repeatable(CUDNN_CONVOLUTION_BWD_DATA_ALGO_0), "algorithm 0 looks deterministic");
    precision();
    algorithms();
    lists();
    WORKS(cudnnDestroyTensorDescriptor(x_desc));
    WORKS(cudnnDestroyTensorDescriptor(y_desc));
    WORKS(cudnnDestroyFilterDescriptor(w_desc));
    WORKS(cudnnDestroyConvolutionDescriptor(conv));
    WORKS(cudnnDestroy(handle));
    return check_end();
}
