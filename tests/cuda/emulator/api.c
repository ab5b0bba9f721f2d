/* api.c -- how calls begin and end; errors, versions, the device and its properties. */
#include <stdio.h>
#include <string.h>

#include "api.h"

#define ERRORS(E)                                                                                  \
    E(cudaSuccess, "no error")                                                                     \
    E(cudaErrorInvalidValue, "invalid argument")                                                   \
    E(cudaErrorMemoryAllocation, "out of memory")                                                  \
    E(cudaErrorInitializationError, "initialization error")                                        \
    E(cudaErrorInvalidConfiguration, "invalid configuration argument")                             \
    E(cudaErrorInvalidSymbol, "invalid device symbol")                                             \
    E(cudaErrorInvalidMemcpyDirection, "invalid copy direction for memcpy")                        \
    E(cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version") \
    E(cudaErrorInvalidDeviceFunction, "invalid device function")                                   \
    E(cudaErrorNoDevice, "no CUDA-capable device is detected")                                     \
    E(cudaErrorInvalidDevice, "invalid device ordinal")                                            \
    E(cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device") \
    E(cudaErrorInvalidResourceHandle, "invalid resource handle")                                   \
    E(cudaErrorIllegalState, "the operation cannot be performed in the present state")             \
    E(cudaErrorNotReady, "device not ready")                                                       \
    E(cudaErrorLaunchOutOfResources, "too many resources requested for launch")                    \
    E(cudaErrorLaunchFailure, "unspecified launch failure")                                        \
    E(cudaErrorNotPermitted, "operation not permitted")                                            \
    E(cudaErrorNotSupported, "operation not supported")                                            \
    E(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing")       \
    E(cudaErrorStreamCaptureInvalidated,                                                           \
      "operation failed due to a previous error during capture")                                   \
    E(cudaErrorStreamCaptureMerge, "operation would result in a merge of separate captures")       \
    E(cudaErrorStreamCaptureUnmatched, "capture was not ended in the same stream as it began")     \
    E(cudaErrorStreamCaptureUnjoined, "capturing stream has unjoined work")                        \
    E(cudaErrorStreamCaptureIsolation, "dependency created on uncaptured work in another stream")  \
    E(cudaErrorStreamCaptureImplicit,                                                              \
      "operation would make the legacy stream depend on a capturing blocking stream")              \
    E(cudaErrorCapturedEvent, "operation not permitted on an event last recorded in a capturing "  \
                              "stream")                                                            \
    E(cudaErrorUnknown, "unknown error")

static _Thread_local cudaError_t last_error;

static long device_count(void) { return emu_setting("EMULATED_DEVICES", 1); }

cudaError_t api_enter_free(const char *call)
{
    emu_lock();
    if (!work_in_host_function()) return cudaSuccess;
    emu_report("%s: called by a function of cudaLaunchHostFunc", call);
    return cudaErrorNotPermitted;
}

cudaError_t api_enter(const char *call, cudaError_t when_it_fails)
{
    cudaError_t error = api_enter_free(call);
    if (error) return error;
    if (emu_fails(call)) return when_it_fails;
    return device_count() ? cudaSuccess : cudaErrorNoDevice;
}

cudaError_t api_leave(cudaError_t error)
{
    if (error) last_error = error;
    emu_unlock();
    return error;
}

cudaError_t api_refuse_capture(const char *call, emu_stream *stream)
{
    if (stream ? !stream->capture : !stream_refuse_captures()) return cudaSuccess;
    if (stream) capture_invalidate(stream->capture);
    emu_report("%s: not allowed in a capture", call);
    return cudaErrorStreamCaptureUnsupported;
}

cudaError_t cudaGetLastError(void)
{
    cudaError_t error = last_error;
    last_error = cudaSuccess;
    return error;
}

cudaError_t cudaPeekAtLastError(void) { return last_error; }

const char *cudaGetErrorName(cudaError_t error)
{
#define E(name, text)                                                                              \
    if (error == name) return #name;
    ERRORS(E)
#undef E
    return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
#define E(name, text)                                                                              \
    if (error == name) return text;
    ERRORS(E)
#undef E
    return "unrecognized error code";
}

/* ---- versions and devices ---- */

cudaError_t cudaRuntimeGetVersion(int *version)
{
    emu_lock();
    *version = CUDART_VERSION;
    return api_leave(emu_fails(__func__) ? cudaErrorInvalidValue : cudaSuccess);
}

cudaError_t cudaDriverGetVersion(int *version)
{
    emu_lock();
    *version = device_count() ? CUDART_VERSION : 0;
    return api_leave(emu_fails(__func__) ? cudaErrorInvalidValue : cudaSuccess);
}

cudaError_t cudaGetDeviceCount(int *count)
{
    if (count) *count = 0;
    API_ENTER(cudaErrorInsufficientDriver);
    if (!count) return api_leave(cudaErrorInvalidValue);
    *count = (int)device_count();
    return api_leave(cudaSuccess);
}

static bool exists(int device) { return device >= 0 && device < device_count(); }

/* Several devices may be counted; only the first can be used. */
cudaError_t cudaSetDevice(int device)
{
    API_ENTER(cudaErrorInitializationError);
    if (!exists(device)) return api_leave(cudaErrorInvalidDevice);
    if (device > 0) emu_unknown("%s(%d): a second device", __func__, device);
    return api_leave(cudaSuccess);
}

cudaError_t cudaGetDevice(int *device)
{
    API_ENTER(cudaErrorInitializationError);
    *device = 0;
    return api_leave(cudaSuccess);
}

cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest)
{
    API_ENTER(cudaErrorInvalidValue);
    *least = 0;
    *greatest = -5;
    return api_leave(cudaSuccess);
}

/* What differs between chips in what the emulator checks; from the table of technical
 * specifications in the CUDA C++ Programming Guide. */
static const struct chip {
    int sm, threads, blocks, shared, shared_opt_in;
} chips[] = {{75, 1024, 16, 64, 64},  {80, 2048, 32, 164, 163}, {86, 1536, 16, 100, 99},
             {89, 1536, 24, 100, 99}, {90, 2048, 32, 228, 227}, {100, 2048, 32, 228, 227},
             {120, 1536, 24, 100, 99}};

static const struct chip *chip(void)
{
    const long sm = emu_setting("EMULATED_SM", chips[0].sm);
    for (size_t i = 0; i < sizeof chips / sizeof *chips; i++)
        if (chips[i].sm == sm) return &chips[i];
    emu_unknown("EMULATED_SM=%ld: not a chip that is known here", sm);
}

void device_properties(struct cudaDeviceProp *p)
{
    const struct chip *c = chip();
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "emulated sm_%d", c->sm);
    p->totalGlobalMem = memory_total_bytes();
    p->sharedMemPerBlock = 48 << 10;
    p->regsPerBlock = p->regsPerMultiprocessor = 65536;
    p->warpSize = 32;
    p->memPitch = INT32_MAX;
    p->maxThreadsPerBlock = p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
    p->maxThreadsDim[2] = 64;
    p->maxGridSize[0] = INT32_MAX;
    p->maxGridSize[1] = p->maxGridSize[2] = 65535;
    p->totalConstMem = 64 << 10;
    p->major = c->sm / 10;
    p->minor = c->sm % 10;
    p->multiProcessorCount = 4;
    p->canMapHostMemory = p->concurrentKernels = p->unifiedAddressing = 1;
    p->asyncEngineCount = 2;
    p->memoryBusWidth = 256;
    p->l2CacheSize = 4 << 20;
    p->maxThreadsPerMultiProcessor = c->threads;
    p->streamPrioritiesSupported = p->memoryPoolsSupported = 1;
    p->sharedMemPerMultiprocessor = (size_t)c->shared << 10;
    p->sharedMemPerBlockOptin = (size_t)c->shared_opt_in << 10;
    p->reservedSharedMemPerBlock = c->sm >= 80 ? 1 << 10 : 0;
    p->maxBlocksPerMultiProcessor = c->blocks;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device)
{
    API_ENTER(cudaErrorInitializationError);
    if (!exists(device)) return api_leave(cudaErrorInvalidDevice);
    device_properties(properties);
    return api_leave(cudaSuccess);
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device)
{
    API_ENTER(cudaErrorInitializationError);
    if (!exists(device)) return api_leave(cudaErrorInvalidDevice);
    struct cudaDeviceProp p;
    device_properties(&p);
    const struct {
        enum cudaDeviceAttr attribute;
        size_t value;
    } all[] = {{cudaDevAttrMaxThreadsPerBlock, (size_t)p.maxThreadsPerBlock},
               {cudaDevAttrMaxBlockDimX, (size_t)p.maxThreadsDim[0]},
               {cudaDevAttrMaxBlockDimY, (size_t)p.maxThreadsDim[1]},
               {cudaDevAttrMaxBlockDimZ, (size_t)p.maxThreadsDim[2]},
               {cudaDevAttrMaxGridDimX, (size_t)p.maxGridSize[0]},
               {cudaDevAttrMaxGridDimY, (size_t)p.maxGridSize[1]},
               {cudaDevAttrMaxGridDimZ, (size_t)p.maxGridSize[2]},
               {cudaDevAttrMaxSharedMemoryPerBlock, p.sharedMemPerBlock},
               {cudaDevAttrMaxSharedMemoryPerBlockOptin, p.sharedMemPerBlockOptin},
               {cudaDevAttrMaxSharedMemoryPerMultiprocessor, p.sharedMemPerMultiprocessor},
               {cudaDevAttrReservedSharedMemoryPerBlock, p.reservedSharedMemPerBlock},
               {cudaDevAttrTotalConstantMemory, p.totalConstMem},
               {cudaDevAttrWarpSize, (size_t)p.warpSize},
               {cudaDevAttrMaxRegistersPerBlock, (size_t)p.regsPerBlock},
               {cudaDevAttrMaxRegistersPerMultiprocessor, (size_t)p.regsPerMultiprocessor},
               {cudaDevAttrMultiProcessorCount, (size_t)p.multiProcessorCount},
               {cudaDevAttrMaxThreadsPerMultiProcessor, (size_t)p.maxThreadsPerMultiProcessor},
               {cudaDevAttrMaxBlocksPerMultiprocessor, (size_t)p.maxBlocksPerMultiProcessor},
               {cudaDevAttrComputeCapabilityMajor, (size_t)p.major},
               {cudaDevAttrComputeCapabilityMinor, (size_t)p.minor},
               {cudaDevAttrL2CacheSize, (size_t)p.l2CacheSize},
               {cudaDevAttrGlobalMemoryBusWidth, (size_t)p.memoryBusWidth},
               {cudaDevAttrClockRate, 1000000},
               {cudaDevAttrMemoryClockRate, 1000000},
               {cudaDevAttrAsyncEngineCount, (size_t)p.asyncEngineCount},
               {cudaDevAttrConcurrentKernels, 1},
               {cudaDevAttrUnifiedAddressing, 1},
               {cudaDevAttrCanMapHostMemory, 1},
               {cudaDevAttrMemoryPoolsSupported, 1},
               {cudaDevAttrStreamPrioritiesSupported, 1},
               {cudaDevAttrEccEnabled, 0},
               {cudaDevAttrIntegrated, 0},
               {cudaDevAttrManagedMemory, 0},
               {cudaDevAttrCooperativeLaunch, 0},
               {cudaDevAttrComputeMode, 0},
               {cudaDevAttrPciBusId, 0},
               {cudaDevAttrPciDeviceId, 0},
               {cudaDevAttrPciDomainId, 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].attribute == attribute) {
            *value = (int)all[i].value;
            return api_leave(cudaSuccess);
        }
    emu_unknown("%s: attribute %d", __func__, (int)attribute);
}
