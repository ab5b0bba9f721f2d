/* cublas.c -- the handles and settings of a stand-in for cuBLAS. */
#include <cublas_v2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cublas_handle.h"

enum { HANDLES = 64, OWN_WORKSPACE = 4 << 20, WORKSPACE_ALIGNMENT = 256 };

static struct cublasContext handles[HANDLES];

static void report_leaks(void)
{
    int open = 0;
    for (int i = 0; i < HANDLES; i++) open += handles[i].alive;
    if (open) emu_report("leak: %d handle%s of cuBLAS", open, open == 1 ? "" : "s");
}

/* Registered after the runtime's own end, and so called before it. */
__attribute__((constructor)) static void start(void) { atexit(report_leaks); }

int cublas_alive(cublasHandle_t handle, const char *call)
{
    for (int i = 0; i < HANDLES; i++)
        if (handle == &handles[i] && handles[i].alive) return 1;
    emu_report("%s: the handle %p was never created, or is destroyed", call, (void *)handle);
    return 0;
}

cublasStatus_t cublas_reject(const char *call, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    emu_report("%s: CUBLAS_STATUS_INVALID_VALUE: %s", call, text);
    return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasCreate(cublasHandle_t *handle)
{
    if (emu_fails("cublasCreate")) return CUBLAS_STATUS_ALLOC_FAILED;
    if (!handle) return cublas_reject("cublasCreate", "handle = NULL");
    const int capability = device_capability();
    if (!capability) return CUBLAS_STATUS_NOT_INITIALIZED;
    void *own;
    if (cudaMalloc(&own, OWN_WORKSPACE) != cudaSuccess) return CUBLAS_STATUS_ALLOC_FAILED;
    int i = 0;
    emu_lock();
    while (i < HANDLES && handles[i].alive) i++;
    if (i == HANDLES) emu_unknown("cublasCreate: more than %d handles", HANDLES);
    handles[i] = (struct cublasContext){.alive = 1, .capability = capability, .own = own};
    emu_unlock();
    *handle = &handles[i];
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy(cublasHandle_t handle)
{
    if (!cublas_alive(handle, "cublasDestroy")) return CUBLAS_STATUS_NOT_INITIALIZED;
    handle->alive = 0;
    return cudaFree(handle->own) == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                                : CUBLAS_STATUS_INTERNAL_ERROR;
}

cublasStatus_t cublasGetVersion(cublasHandle_t handle, int *version)
{
    (void)handle;
    if (!version) return cublas_reject("cublasGetVersion", "version = NULL");
    *version = CUBLAS_VERSION;
    return CUBLAS_STATUS_SUCCESS;
}

/* Unconditionally back to the library's own workspace, as documented. */
cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream)
{
    if (!cublas_alive(handle, "cublasSetStream")) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (emu_fails("cublasSetStream")) return CUBLAS_STATUS_INTERNAL_ERROR;
    if (!emu_is_stream(stream)) return cublas_reject("cublasSetStream", "no such stream");
    handle->workspace_lost |= handle->has_workspace;
    handle->has_workspace = 0;
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace(cublasHandle_t handle, void *workspace, size_t size)
{
    if (!cublas_alive(handle, "cublasSetWorkspace")) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (emu_fails("cublasSetWorkspace")) return CUBLAS_STATUS_INTERNAL_ERROR;
    if ((uintptr_t)workspace % WORKSPACE_ALIGNMENT)
        return cublas_reject("cublasSetWorkspace", "%p is not aligned to %d bytes", workspace,
                             WORKSPACE_ALIGNMENT);
    if (size && !emu_is_device(workspace, size))
        return cublas_reject("cublasSetWorkspace", "%p, %zu bytes, is not device memory", workspace,
                             size);
    handle->has_workspace = 1;
    handle->workspace_lost = 0;
    handle->workspace = workspace;
    handle->workspace_size = size;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode)
{
    if (!cublas_alive(handle, "cublasSetMathMode")) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (emu_fails("cublasSetMathMode")) return CUBLAS_STATUS_INTERNAL_ERROR;
    const int kind = (int)mode & ~CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
    if (kind != CUBLAS_DEFAULT_MATH && kind != CUBLAS_PEDANTIC_MATH &&
        kind != CUBLAS_TF32_TENSOR_OP_MATH)
        emu_unknown("cublasSetMathMode: mode %d", (int)mode);
    handle->math = (cublasMath_t)kind;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetPointerMode(cublasHandle_t handle, cublasPointerMode_t mode)
{
    if (!cublas_alive(handle, "cublasSetPointerMode")) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (emu_fails("cublasSetPointerMode")) return CUBLAS_STATUS_INTERNAL_ERROR;
    if (mode != CUBLAS_POINTER_MODE_HOST && mode != CUBLAS_POINTER_MODE_DEVICE)
        return cublas_reject("cublasSetPointerMode", "no mode %d", (int)mode);
    handle->scalars = mode;
    return CUBLAS_STATUS_SUCCESS;
}

/* Products of matrices do not use atomics in either mode. */
cublasStatus_t cublasSetAtomicsMode(cublasHandle_t handle, cublasAtomicsMode_t mode)
{
    if (!cublas_alive(handle, "cublasSetAtomicsMode")) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (emu_fails("cublasSetAtomicsMode")) return CUBLAS_STATUS_INTERNAL_ERROR;
    if (mode != CUBLAS_ATOMICS_NOT_ALLOWED && mode != CUBLAS_ATOMICS_ALLOWED)
        return cublas_reject("cublasSetAtomicsMode", "no mode %d", (int)mode);
    return CUBLAS_STATUS_SUCCESS;
}

#define STATUSES(X)                                                                                \
    X(CUBLAS_STATUS_SUCCESS, "success")                                                            \
    X(CUBLAS_STATUS_NOT_INITIALIZED, "the library was not initialized")                            \
    X(CUBLAS_STATUS_ALLOC_FAILED, "the resource allocation failed")                                \
    X(CUBLAS_STATUS_INVALID_VALUE, "an unsupported value or parameter was passed to the function") \
    X(CUBLAS_STATUS_ARCH_MISMATCH,                                                                 \
      "the function requires an architectural feature absent from the device")                     \
    X(CUBLAS_STATUS_MAPPING_ERROR, "an access to GPU memory space failed")                         \
    X(CUBLAS_STATUS_EXECUTION_FAILED, "the function failed to launch on the GPU")                  \
    X(CUBLAS_STATUS_INTERNAL_ERROR, "an internal operation failed")                                \
    X(CUBLAS_STATUS_NOT_SUPPORTED, "the requested functionality is not supported")                 \
    X(CUBLAS_STATUS_LICENSE_ERROR, "the license check failed")

const char *cublasGetStatusName(cublasStatus_t status)
{
#define NAME(value, text)                                                                          \
    if (status == value) return #value;
    STATUSES(NAME)
#undef NAME
    return "unrecognized status";
}

const char *cublasGetStatusString(cublasStatus_t status)
{
#define TEXT(value, text)                                                                          \
    if (status == value) return text;
    STATUSES(TEXT)
#undef TEXT
    return "unrecognized status";
}
