/* device.cu -- the CUDA device: opening it, its memory, its table of calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda.h"
#include "polarvae/version.h"

const pv_host *pv_cuda_host;

/* ---- failures ---- */

static const char *where(const pv_device *d) { return d ? d->name : "cuda"; }

/* "cudaMalloc(out, bytes)" -> "cudaMalloc" */
static int name_length(const char *call) { return (int)strcspn(call, "("); }

pv_status pv_cuda_failed(const pv_device *d, const char *what, cudaError_t error)
{
    (void)cudaGetLastError();
    if (error == cudaErrorMemoryAllocation) {
        size_t left = 0, all = 0;
        (void)cudaMemGetInfo(&left, &all);
        return FAIL(PV_ENOMEM, "%s: out of memory in %.*s: %zu of %zu MB are free", where(d),
                    name_length(what), what, left >> 20, all >> 20);
    }
    return FAIL(PV_EDEVICE, "%s: %.*s failed: %s", where(d), name_length(what), what,
                cudaGetErrorString(error));
}

pv_status pv_cublas_failed(const pv_device *d, const char *what, cublasStatus_t status)
{
    if (status == CUBLAS_STATUS_ALLOC_FAILED)
        return pv_cuda_failed(d, what, cudaErrorMemoryAllocation);
    return FAIL(PV_EDEVICE, "%s: %.*s failed: %s", where(d), name_length(what), what,
                cublasGetStatusString(status));
}

pv_status pv_cudnn_failed(const pv_device *d, const char *what, cudnnStatus_t status)
{
    if (status == CUDNN_STATUS_ALLOC_FAILED ||
        status == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)
        return pv_cuda_failed(d, what, cudaErrorMemoryAllocation);
    return FAIL(PV_EDEVICE, "%s: %.*s failed: %s", where(d), name_length(what), what,
                cudnnGetErrorString(status));
}

/* ---- memory ---- */

pv_status pv_cuda_alloc(pv_device *d, size_t bytes, void **out)
{
    cuda_device *c = (cuda_device *)d;
    *out = NULL;
    CUDA_TRY(d, cudaMallocFromPoolAsync(out, bytes + !bytes, c->pool, c->keeper));
    const cudaError_t error = cudaStreamSynchronize(c->keeper);
    if (error == cudaSuccess) return PV_OK;
    (void)cudaFreeAsync(*out, c->keeper);
    *out = NULL;
    return pv_cuda_failed(d, "cudaStreamSynchronize", error);
}

/* Work that was queued on any stream may still use the block. */
void pv_cuda_release(pv_device *d, void *block)
{
    cuda_device *c = (cuda_device *)d;
    pthread_mutex_lock(&c->lock);
    for (int i = 0; i < c->streams; i++) (void)cudaStreamSynchronize(c->stream[i]->queue);
    (void)cudaFreeAsync(block, c->keeper);
    (void)cudaStreamSynchronize(c->keeper);
    pthread_mutex_unlock(&c->lock);
}

/* A copy: the data set of all models that train on it. */
static pv_status share(pv_device *d, const void *from, size_t bytes, const void **out)
{
    cuda_device *c = (cuda_device *)d;
    void *block;
    *out = NULL;
    PV_TRY(pv_cuda_alloc(d, bytes, &block));
    cudaError_t error = cudaMemcpyAsync(block, from, bytes, cudaMemcpyHostToDevice, c->keeper);
    if (error == cudaSuccess) error = cudaStreamSynchronize(c->keeper);
    if (error != cudaSuccess) {
        pv_cuda_release(d, block);
        return pv_cuda_failed(d, "the data set's copy", error);
    }
    *out = block;
    return PV_OK;
}

static void unshare(pv_device *d, const void *shared) { pv_cuda_release(d, (void *)shared); }

/* ---- opening and closing ---- */

static void close_device(pv_device *d)
{
    cuda_device *c = (cuda_device *)d;
    if (c->keeper) (void)cudaStreamDestroy(c->keeper);
    if (c->pool) (void)cudaMemPoolDestroy(c->pool);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static const pv_device_calls calls = {
    .alloc = pv_cuda_alloc,
    .share = share,
    .stream_open = pv_cuda_stream_open,
    .set_layers = pv_cuda_set_layers,
    .upload = pv_cuda_upload,
    .download = pv_cuda_download,
    .fill = pv_cuda_fill,
    .sync = pv_cuda_sync,
    .record = pv_cuda_record,
    .peak = pv_cuda_peak,
    .seal = pv_cuda_seal,
    .run = pv_cuda_run,
    .release = pv_cuda_release,
    .unshare = unshare,
    .stream_close = pv_cuda_stream_close,
    .program_close = pv_cuda_program_close,
    .close = close_device,
};

/* "12.4" of 12040, "9.1" of 90100. */
static void version_text(char out[24], int version, int major)
{
    snprintf(out, 24, "%d.%d", version / major, version % major / (major / 100));
}

static pv_status describe(cuda_device *c)
{
    cudaDeviceProp p;
    int driver = 0, runtime = 0;
    char of_driver[24], of_runtime[24], of_dnn[24];
    CUDA_TRY(&c->base, cudaGetDeviceProperties(&p, c->ordinal));
    CUDA_TRY(&c->base, cudaDriverGetVersion(&driver));
    CUDA_TRY(&c->base, cudaRuntimeGetVersion(&runtime));
    version_text(of_driver, driver, 1000);
    version_text(of_runtime, runtime, 1000);
    version_text(of_dnn, (int)cudnnGetVersion(), 10000);
    c->processors = p.multiProcessorCount;
    c->capability = 10 * p.major + p.minor;
    c->base.memory = p.totalGlobalMem / 5 * 4;
    snprintf(c->base.description, sizeof c->base.description,
             "%.40s, compute capability %d.%d, %zu MB, driver for CUDA %.8s, CUDA %.8s, cuDNN %.8s",
             p.name, p.major, p.minor, p.totalGlobalMem >> 20, of_driver, of_runtime, of_dnn);
    return PV_OK;
}

static pv_status open_pool(cuda_device *c)
{
    cudaMemPoolProps props = {};
    uint64_t keep = UINT64_MAX;
    props.allocType = cudaMemAllocationTypePinned;
    props.location.type = cudaMemLocationTypeDevice;
    props.location.id = c->ordinal;
    CUDA_TRY(&c->base, cudaMemPoolCreate(&c->pool, &props));
    CUDA_TRY(&c->base, cudaMemPoolSetAttribute(c->pool, cudaMemPoolAttrReleaseThreshold, &keep));
    CUDA_TRY(&c->base, cudaStreamCreateWithFlags(&c->keeper, cudaStreamNonBlocking));
    return PV_OK;
}

static pv_status find_device(const pv_device *d, int ordinal)
{
    int count = 0;
    cudaError_t error = cudaGetDeviceCount(&count);
    if (error == cudaErrorNoDevice)
        count = 0;
    else if (error == cudaErrorInsufficientDriver)
        return FAIL(PV_EDEVICE, "%s: no NVIDIA driver, or one that is too old for CUDA %d.%d",
                    d->name, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10);
    else if (error != cudaSuccess)
        return pv_cuda_failed(d, "cudaGetDeviceCount", error);
    if (count == 0) return FAIL(PV_EDEVICE, "%s: this machine has no CUDA device", d->name);
    if (ordinal >= count && count == 1)
        return FAIL(PV_EDEVICE, "%s: there is only cuda:0", d->name);
    if (ordinal >= count)
        return FAIL(PV_EDEVICE, "%s: there are cuda:0 to cuda:%d", d->name, count - 1);
    CUDA_TRY(d, cudaSetDevice(ordinal));
    return PV_OK;
}

extern "C" __attribute__((visibility("default"))) pv_status
pv_cuda_plugin_open(const pv_host *host, pv_device **out, int ordinal)
{
    *out = NULL;
    if (strcmp(host->version, PV_VERSION) != 0)
        return host->fail(PV_EDEVICE, "cuda:%d: " PV_CUDA_PLUGIN " is of version %s, not %s",
                          ordinal, PV_VERSION, host->version);
    pv_cuda_host = host;
    cuda_device *c = (cuda_device *)calloc(1, sizeof *c);
    if (!c) return FAIL(PV_ENOMEM, "out of memory for a device");
    c->base.calls = &calls;
    c->ordinal = ordinal;
    pthread_mutex_init(&c->lock, NULL);
    snprintf(c->base.name, sizeof c->base.name, "cuda:%d", ordinal);
    pv_status status = find_device(&c->base, ordinal);
    if (status == PV_OK) status = describe(c);
    if (status == PV_OK) status = open_pool(c);
    if (status != PV_OK) {
        close_device(&c->base);
        return status;
    }
    *out = &c->base;
    return PV_OK;
}
