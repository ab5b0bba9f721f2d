/* programs.h -- kernels and variables by what the host calls them. */
#ifndef EMULATOR_PROGRAMS_H
#define EMULATOR_PROGRAMS_H

#include "ptx.h"

typedef struct program program;

typedef struct emu_function {
    const void *host;
    const char *name;
    program *from;
    const ptx_kernel *kernel; /* after program_kernel */
    size_t dynamic_limit;
    struct emu_function *next;
} emu_function;

typedef struct emu_variable {
    const void *host;
    const char *name;
    program *from;
    struct emu_variable *next;
} emu_variable;

emu_function *program_function(const void *handle);
cudaError_t program_kernel(emu_function *f);
cudaError_t program_variable(const void *handle, void **at, size_t *bytes);

/* nvcc's own interface, which no header for C declares. */
void **__cudaRegisterFatBinary(void *wrapper);
void __cudaRegisterFatBinaryEnd(void **handle);
void __cudaUnregisterFatBinary(void **handle);
char __cudaInitModule(void **handle);
void __cudaRegisterFunction(void **handle, const char *host, char *device, const char *name,
                            int threads, uint3 *tid, uint3 *bid, dim3 *block, dim3 *grid,
                            int *warp);
void __cudaRegisterVar(void **handle, char *host, char *device, const char *name, int external,
                       size_t bytes, int constant, int global);
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, cudaStream_t stream);
cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream);
cudaError_t __cudaGetKernel(cudaKernel_t *kernel, const void *host);
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **arguments,
                               size_t shared, cudaStream_t stream);

#endif
