/* cuda.h -- what the parts of the CUDA device share: its structs, and how calls fail. */
#ifndef PV_CUDA_DEVICE_H
#define PV_CUDA_DEVICE_H

#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <cudnn.h>

#include <pthread.h>

#include "polarvae/backend.h"

/* What the program that opened the plugin lends it. */
extern const pv_host *pv_cuda_host;
#define FAIL(...) pv_cuda_host->fail(__VA_ARGS__)

/* ---- failures ---- */

/* PV_ENOMEM if the device's memory is short, otherwise PV_EDEVICE; what failed, and why. */
pv_status pv_cuda_failed(const pv_device *device, const char *what, cudaError_t error);
pv_status pv_cublas_failed(const pv_device *device, const char *what, cublasStatus_t status);
pv_status pv_cudnn_failed(const pv_device *device, const char *what, cudnnStatus_t status);

#define CUDA_TRY(device, call)                                                                     \
    do {                                                                                           \
        cudaError_t cuda_error = (call);                                                           \
        if (cuda_error != cudaSuccess) return pv_cuda_failed(device, #call, cuda_error);           \
    } while (0)
#define CUBLAS_TRY(device, call)                                                                   \
    do {                                                                                           \
        cublasStatus_t cublas_status = (call);                                                     \
        if (cublas_status != CUBLAS_STATUS_SUCCESS)                                                \
            return pv_cublas_failed(device, #call, cublas_status);                                 \
    } while (0)
#define CUDNN_TRY(device, call)                                                                    \
    do {                                                                                           \
        cudnnStatus_t cudnn_status = (call);                                                       \
        if (cudnn_status != CUDNN_STATUS_SUCCESS)                                                  \
            return pv_cudnn_failed(device, #call, cudnn_status);                                   \
    } while (0)

/* ---- the device and its streams ---- */

enum { MOST_STREAMS = 128 };

typedef struct {
    pv_device base;
    int ordinal;
    int processors;       /* streaming multiprocessors */
    int capability;       /* 75: compute capability 7.5 */
    cudaMemPool_t pool;   /* all memory comes from here */
    cudaStream_t keeper;  /* on which memory is taken and given back */
    pthread_mutex_t lock; /* of what follows; and nothing is waited for while a stream captures */
    struct cuda_stream *stream[MOST_STREAMS];
    int streams;
} cuda_device;

enum { STAGING = 4 << 20, BLAS_WORKSPACE = 4 << 20 };

typedef struct cuda_stream {
    pv_stream base;
    cudaStream_t queue;
    cublasHandle_t blas;
    cudnnHandle_t dnn;
    void *blas_workspace;
    char *staging; /* pinned, in two halves that take turns */
    cudaEvent_t sent[2];
} cuda_stream;

static inline cuda_device *device_of(const cuda_stream *s) { return (cuda_device *)s->base.device; }

pv_status pv_cuda_alloc(pv_device *device, size_t bytes, void **out);
void pv_cuda_release(pv_device *device, void *block);

/* stream.cu */
pv_status pv_cuda_stream_open(pv_device *device, int threads, pv_stream **out);
void pv_cuda_stream_close(pv_stream *stream);
pv_status pv_cuda_set_layers(pv_stream *stream, const pv_layer_rule *rule);
pv_status pv_cuda_upload(pv_stream *stream, void *to, const void *from, size_t bytes);
pv_status pv_cuda_download(pv_stream *stream, void *to, const void *from, size_t bytes);
pv_status pv_cuda_fill(pv_stream *stream, void *to, int byte, size_t bytes);
pv_status pv_cuda_sync(pv_stream *stream);
pv_status pv_cuda_peak(pv_stream *stream, double *flops);

/* plan.cu */
pv_status pv_cuda_record(pv_program *program, pv_op op, const void *args);
pv_status pv_cuda_seal(pv_program *program);
pv_status pv_cuda_run(pv_program *program);
void pv_cuda_program_close(pv_program *program);

/* pairs.cu: sums[i]: the bias gradient that call i makes of what it leaves, or NULL; summed[j]:
 * call j need not make its own. Arrays of zeros, an element a call. */
void pv_cuda_pair_sums(const pv_program *program, float **sums, char *summed);

/* ---- kernels ---- */

/* Of one call: queued on the stream, with work space of as many bytes as `workspace` asked for. */
typedef struct {
    cuda_stream *stream;
    void *workspace;
    float *sums; /* of the columns of what leaves a layer: the bias gradient of another call; or
                    NULL */
    int summed;  /* this call's bias gradient: another one has made it */
} launch;

typedef struct {
    size_t (*workspace)(const void *args); /* NULL: none */
    pv_status (*queue)(const launch *l, const void *args);
} cuda_kernel;

/* Of every kernel but the convolutions (ops.cu). */
const cuda_kernel *pv_cuda_kernel(pv_op op);
extern const cuda_kernel pv_cuda_dense, pv_cuda_dense_weight_grad; /* layers.cu */

/* ---- what layers share (layers.cu) ---- */

/* How sums [rows, cols] leave a layer, in place: `plus` is added, bias[cols] is added, then they go
 * through f, or with a mask are multiplied by f'(mask). Each of the three may be NULL. */
typedef struct {
    size_t rows, cols;
    int activation;
    const float *bias, *mask, *plus;
    float *to;
} leaving;
pv_status pv_cuda_leave(const launch *l, const leaving *e); /* and sums it, where l says so */

/* sum[cols] = sums over the rows of from. */
size_t pv_cuda_bias_workspace(size_t rows, size_t cols);
pv_status pv_cuda_bias(const launch *l, const float *from, size_t rows, size_t cols, float *sum);

/* c [m x n] = a b, column-major as cuBLAS has it; *_row: from column to column of what is there. */
typedef struct {
    int turn_a, turn_b;
    size_t m, n, k;
    const float *a;
    size_t a_row;
    const float *b;
    size_t b_row;
    float *c;
} product;
pv_status pv_cuda_product(const launch *l, const product *p);

/* y = x w^T, dx = dy w, dw = dy^T x for row-major x [rows, in], y [rows, out], w [out, in]. */
pv_status pv_cuda_forward(const launch *l, size_t rows, size_t in, size_t out, const float *x,
                          const float *w, float *y);
pv_status pv_cuda_data_grad(const launch *l, size_t rows, size_t in, size_t out, const float *dy,
                            const float *w, float *dx);
pv_status pv_cuda_weight_grad(const launch *l, size_t rows, size_t in, size_t out, const float *x,
                              const float *dy, float *dw);

/* ---- convolutions (conv.cu): what is chosen when a program is sealed, and kept with it ---- */

/* Descriptors, and which way is taken. */
typedef struct convolution convolution;
pv_status pv_cuda_conv_open(convolution **out, cuda_stream *stream, pv_op op, const void *args);
void pv_cuda_conv_close(convolution *c);             /* NULL is fine */
size_t pv_cuda_conv_workspace(const convolution *c); /* for any way that may be chosen */
/* Tries ways on the call's own memory. Not during a capture. */
pv_status pv_cuda_conv_choose(const launch *l, convolution *c, const void *args);
const char *
pv_cuda_conv_choice(const convolution *c); /* one line: the shape, and what was chosen */
pv_status pv_cuda_conv_queue(const launch *l, const convolution *c, const void *args);

#endif
