/* cublas_handle.h -- the inside of a handle of the stand-in for cuBLAS. */
#ifndef EMULATOR_CUBLAS_HANDLE_H
#define EMULATOR_CUBLAS_HANDLE_H

#include <cublas_v2.h>

#include "libraries.h"

#pragma GCC visibility push(hidden)

/* workspace_lost: cublasSetStream dropped the workspace that cublasSetWorkspace had given.
 * used_stream: of the first product in the library's own workspace, if `used`. */
struct cublasContext {
    int alive, capability;
    cudaStream_t stream, used_stream;
    int used;
    cublasMath_t math;
    cublasPointerMode_t scalars;
    int has_workspace, workspace_lost;
    void *workspace, *own;
    size_t workspace_size;
};

int cublas_alive(cublasHandle_t handle, const char *call);

/* Reports why, and returns CUBLAS_STATUS_INVALID_VALUE. */
__attribute__((format(printf, 2, 3))) cublasStatus_t cublas_reject(const char *call,
                                                                   const char *format, ...);

#pragma GCC visibility pop

#endif
