/* stream.cu -- a queue on the device with its own library handles, and copies through pinned
 * memory. */
#include <stdlib.h>
#include <string.h>

#include "cuda.h"

/* ---- opening and closing ---- */

/* The host thread that uses a stream may be another one than that which opened the device. */
static pv_status here(const cuda_stream *s)
{
    CUDA_TRY(s->base.device, cudaSetDevice(device_of(s)->ordinal));
    return PV_OK;
}

static pv_status enlist(cuda_device *d, cuda_stream *s)
{
    pthread_mutex_lock(&d->lock);
    const int room = d->streams < MOST_STREAMS;
    if (room) d->stream[d->streams++] = s;
    pthread_mutex_unlock(&d->lock);
    if (room) return PV_OK;
    return FAIL(PV_EDEVICE, "%s: takes %d streams at most", d->base.name, MOST_STREAMS);
}

static void strike(cuda_device *d, const cuda_stream *s)
{
    pthread_mutex_lock(&d->lock);
    for (int i = 0; i < d->streams; i++)
        if (d->stream[i] == s) d->stream[i--] = d->stream[--d->streams];
    pthread_mutex_unlock(&d->lock);
}

/* SetStream puts a handle's workspace back, so that comes first. */
static pv_status open_libraries(cuda_stream *s)
{
    pv_device *d = s->base.device;
    CUBLAS_TRY(d, cublasCreate(&s->blas));
    CUBLAS_TRY(d, cublasSetStream(s->blas, s->queue));
    CUBLAS_TRY(d, cublasSetWorkspace(s->blas, s->blas_workspace, BLAS_WORKSPACE));
    CUBLAS_TRY(d, cublasSetMathMode(s->blas, CUBLAS_PEDANTIC_MATH));
    CUBLAS_TRY(d, cublasSetAtomicsMode(s->blas, CUBLAS_ATOMICS_NOT_ALLOWED));
    CUDNN_TRY(d, cudnnCreate(&s->dnn));
    CUDNN_TRY(d, cudnnSetStream(s->dnn, s->queue));
    return PV_OK;
}

static pv_status open_parts(cuda_stream *s)
{
    pv_device *d = s->base.device;
    PV_TRY(here(s));
    CUDA_TRY(d, cudaStreamCreateWithFlags(&s->queue, cudaStreamNonBlocking));
    CUDA_TRY(d, cudaMallocHost((void **)&s->staging, STAGING));
    for (int i = 0; i < 2; i++)
        CUDA_TRY(d, cudaEventCreateWithFlags(&s->sent[i], cudaEventDisableTiming));
    PV_TRY(pv_cuda_alloc(d, BLAS_WORKSPACE, &s->blas_workspace));
    PV_TRY(open_libraries(s));
    return enlist(device_of(s), s);
}

void pv_cuda_stream_close(pv_stream *stream)
{
    cuda_stream *s = (cuda_stream *)stream;
    if (s->queue) (void)cudaStreamSynchronize(s->queue);
    strike(device_of(s), s);
    if (s->dnn) (void)cudnnDestroy(s->dnn);
    if (s->blas) (void)cublasDestroy(s->blas);
    if (s->blas_workspace) pv_cuda_release(s->base.device, s->blas_workspace);
    for (int i = 0; i < 2; i++)
        if (s->sent[i]) (void)cudaEventDestroy(s->sent[i]);
    if (s->staging) (void)cudaFreeHost(s->staging);
    if (s->queue) (void)cudaStreamDestroy(s->queue);
    free(s);
}

pv_status pv_cuda_stream_open(pv_device *d, int threads, pv_stream **out)
{
    (void)threads;
    *out = NULL;
    cuda_stream *s = (cuda_stream *)calloc(1, sizeof *s);
    if (!s) return FAIL(PV_ENOMEM, "out of memory for a stream");
    s->base.device = d;
    s->base.threads = 1;
    pv_status status = open_parts(s);
    if (status == PV_OK)
        *out = &s->base;
    else
        pv_cuda_stream_close(&s->base);
    return status;
}

pv_status pv_cuda_set_layers(pv_stream *stream, const pv_layer_rule *rule)
{
    const pv_layer_precision precision = rule->precision;
    cuda_stream *s = (cuda_stream *)stream;
    const int capability = device_of(s)->capability;
    PV_TRY(here(s));
    if (precision != PV_FP32 && capability < 80)
        return FAIL(PV_EUSAGE,
                    "precision=%s needs compute capability 8.0; %s has %d.%d: use precision=fp32",
                    precision == PV_TF32 ? "tf32" : "bf16", stream->device->name, capability / 10,
                    capability % 10);
    CUBLAS_TRY(stream->device,
               cublasSetMathMode(s->blas, precision == PV_TF32 ? CUBLAS_TF32_TENSOR_OP_MATH
                                                               : CUBLAS_PEDANTIC_MATH));
    return PV_OK;
}

/* ---- copies ---- */

/* While the device takes one half of the staging memory, the host fills the other. */
pv_status pv_cuda_upload(pv_stream *stream, void *to, const void *from, size_t bytes)
{
    cuda_stream *s = (cuda_stream *)stream;
    const size_t half = STAGING / 2;
    PV_TRY(here(s));
    for (size_t done = 0, turn = 0; done < bytes; done += half, turn++) {
        const size_t size = bytes - done < half ? bytes - done : half;
        char *at = s->staging + turn % 2 * half;
        CUDA_TRY(stream->device, cudaEventSynchronize(s->sent[turn % 2]));
        memcpy(at, (const char *)from + done, size);
        CUDA_TRY(stream->device,
                 cudaMemcpyAsync((char *)to + done, at, size, cudaMemcpyHostToDevice, s->queue));
        CUDA_TRY(stream->device, cudaEventRecord(s->sent[turn % 2], s->queue));
    }
    return PV_OK;
}

pv_status pv_cuda_download(pv_stream *stream, void *to, const void *from, size_t bytes)
{
    cuda_stream *s = (cuda_stream *)stream;
    const size_t half = STAGING / 2;
    PV_TRY(here(s));
    for (size_t done = 0; done < bytes; done += half) {
        const size_t size = bytes - done < half ? bytes - done : half;
        CUDA_TRY(stream->device, cudaMemcpyAsync(s->staging, (const char *)from + done, size,
                                                 cudaMemcpyDeviceToHost, s->queue));
        PV_TRY(pv_cuda_sync(stream));
        memcpy((char *)to + done, s->staging, size);
    }
    return PV_OK;
}

pv_status pv_cuda_fill(pv_stream *stream, void *to, int byte, size_t bytes)
{
    cuda_stream *s = (cuda_stream *)stream;
    PV_TRY(here(s));
    if (bytes > 0) CUDA_TRY(stream->device, cudaMemsetAsync(to, byte, bytes, s->queue));
    return PV_OK;
}

pv_status pv_cuda_sync(pv_stream *stream)
{
    CUDA_TRY(stream->device, cudaStreamSynchronize(((cuda_stream *)stream)->queue));
    return PV_OK;
}

/* ---- the peak ---- */

enum { CHAINS = 8, PEAK_THREADS = 256 };

/* Independent chains of multiply-adds; the sums are stored only if they are what they cannot be. */
static __global__ void multiply_add(int rounds, float *never)
{
    float sum[CHAINS], x = 0.999f, y = 1e-4f * (float)threadIdx.x;
    for (int i = 0; i < CHAINS; i++) sum[i] = (float)i;
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < CHAINS; i++) sum[i] = fmaf(sum[i], x, y);
    float total = 0.0f;
    for (int i = 0; i < CHAINS; i++) total += sum[i];
    if (total > 1e30f) *never = total;
}

static pv_status time_peak(cuda_stream *s, cudaEvent_t start, cudaEvent_t end, double *flops)
{
    pv_device *d = s->base.device;
    const int blocks = device_of(s)->processors * 8, rounds = 4096;
    float ms = 0.0f;
    for (int run = 0; run < 2; run++) { /* the first one wakes the device */
        CUDA_TRY(d, cudaEventRecord(start, s->queue));
        multiply_add<<<blocks, PEAK_THREADS, 0, s->queue>>>(rounds, (float *)s->blas_workspace);
        CUDA_TRY(d, cudaGetLastError());
        CUDA_TRY(d, cudaEventRecord(end, s->queue));
        CUDA_TRY(d, cudaEventSynchronize(end));
        CUDA_TRY(d, cudaEventElapsedTime(&ms, start, end));
    }
    *flops = 2.0 * CHAINS * PEAK_THREADS * (double)blocks * rounds / (1e-3 * (double)ms);
    return PV_OK;
}

pv_status pv_cuda_peak(pv_stream *stream, double *flops)
{
    cuda_stream *s = (cuda_stream *)stream;
    cudaEvent_t start = NULL, end = NULL;
    PV_TRY(here(s));
    pv_status status = PV_OK;
    cudaError_t error = cudaEventCreate(&start);
    if (error == cudaSuccess) error = cudaEventCreate(&end);
    if (error != cudaSuccess) status = pv_cuda_failed(stream->device, "cudaEventCreate", error);
    if (status == PV_OK) status = time_peak(s, start, end, flops);
    if (start) (void)cudaEventDestroy(start);
    if (end) (void)cudaEventDestroy(end);
    return status;
}
