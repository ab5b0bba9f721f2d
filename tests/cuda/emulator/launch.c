/* launch.c -- launches of kernels, and what a program may ask about a kernel. */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "programs.h"

enum { STATIC_LIMIT = 48 << 10, REGISTERS = 64 };

static void run_launch(void *arguments)
{
    ptx_launch *l = arguments;
    l->params = (const char *)(l + 1);
    ptx_run(l);
}

/* What the configuration breaks, or NULL. */
static const char *broken_limit(const ptx_kernel *k, const emu_function *f, const ptx_launch *l,
                                size_t dynamic)
{
    struct cudaDeviceProp p;
    device_properties(&p);
    const uint64_t threads = (uint64_t)l->block[0] * l->block[1] * l->block[2];
    for (int d = 0; d < 3; d++) {
        if (!l->grid[d] || !l->block[d]) return "a dimension is 0";
        if (l->grid[d] > (uint32_t)p.maxGridSize[d]) return "the grid is too large";
        if (l->block[d] > (uint32_t)p.maxThreadsDim[d]) return "the block is too large";
    }
    if (threads > (uint64_t)p.maxThreadsPerBlock) return "more than 1024 threads in a block";
    if (k->max_threads && threads > k->max_threads) return "more threads than __launch_bounds__";
    if (k->shared_used + dynamic > p.sharedMemPerBlockOptin) return "too much shared memory";
    if (k->shared_used + dynamic > STATIC_LIMIT && dynamic > f->dynamic_limit)
        return "more than 48 KiB of shared memory without cudaFuncSetAttribute";
    return NULL;
}

static cudaError_t launch(const void *handle, dim3 grid, dim3 block, void **arguments,
                          size_t dynamic, cudaStream_t stream_handle)
{
    emu_stream *stream = stream_of(stream_handle);
    emu_function *f = program_function(handle);
    if (!f) return cudaErrorInvalidDeviceFunction;
    if (!stream) {
        emu_report("%s: launched in what is no stream", f->name);
        return cudaErrorInvalidResourceHandle;
    }
    cudaError_t error = program_kernel(f);
    if (error) return error;
    const ptx_kernel *k = f->kernel;
    ptx_launch *l = malloc(sizeof *l + k->param_bytes);
    if (!l) emu_unknown("the host has no memory left");
    *l = (ptx_launch){.kernel = k,
                      .grid = {grid.x, grid.y, grid.z},
                      .block = {block.x, block.y, block.z},
                      .dynamic_bytes = (uint32_t)dynamic};
    const char *broken = broken_limit(k, f, l, dynamic);
    if (broken) {
        emu_report("%s: launch of (%u,%u,%u) blocks of (%u,%u,%u) threads with %zu bytes: %s",
                   k->name, grid.x, grid.y, grid.z, block.x, block.y, block.z, dynamic, broken);
        free(l);
        return cudaErrorInvalidConfiguration;
    }
    char *params = (char *)(l + 1);
    for (uint32_t p = 0; p < k->param_count; p++)
        memcpy(params + k->params[p].offset, arguments[p], k->params[p].bytes);
    error = stream_issue(stream, &(work_body){.what = k->name,
                                              .run = run_launch,
                                              .arguments = l,
                                              .size = sizeof *l + k->param_bytes});
    free(l);
    return error;
}

cudaError_t cudaLaunchKernel(const void *function, dim3 grid, dim3 block, void **arguments,
                             size_t dynamic, cudaStream_t stream)
{
    API_ENTER(cudaErrorLaunchOutOfResources);
    return api_leave(launch(function, grid, block, arguments, dynamic, stream));
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **arguments,
                               size_t dynamic, cudaStream_t stream)
{
    return cudaLaunchKernel(kernel, grid, block, arguments, dynamic, stream);
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *c, const void *function, void **arguments)
{
    API_ENTER(cudaErrorLaunchOutOfResources);
    for (unsigned k = 0; k < c->numAttrs; k++)
        if (c->attrs[k].id != cudaLaunchAttributeIgnore &&
            c->attrs[k].id != cudaLaunchAttributePriority)
            emu_unknown("%s: attribute %d", __func__, (int)c->attrs[k].id);
    return api_leave(
        launch(function, c->gridDim, c->blockDim, arguments, c->dynamicSmemBytes, c->stream));
}

/* kernel<<<grid, block, shared, stream>>> is a push, and a pop in the kernel's own function. */
static _Thread_local struct {
    dim3 grid, block;
    size_t shared;
    cudaStream_t stream;
} pushed[8];
static _Thread_local int depth;

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, cudaStream_t stream)
{
    if (depth == 8) emu_unknown("launches within launches");
    pushed[depth].grid = grid;
    pushed[depth].block = block;
    pushed[depth].shared = shared;
    pushed[depth++].stream = stream;
    return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream)
{
    if (!depth) return cudaErrorInvalidConfiguration;
    depth--;
    *grid = pushed[depth].grid;
    *block = pushed[depth].block;
    *shared = pushed[depth].shared;
    *(cudaStream_t *)stream = pushed[depth].stream;
    return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t *kernel, const void *host)
{
    emu_lock();
    *kernel = (cudaKernel_t)program_function(host);
    return api_leave(*kernel ? cudaSuccess : cudaErrorInvalidDeviceFunction);
}

/* ---- questions ---- */

static cudaError_t find(const void *handle, emu_function **f)
{
    *f = program_function(handle);
    return *f ? program_kernel(*f) : cudaErrorInvalidDeviceFunction;
}

cudaError_t cudaFuncSetAttribute(const void *function, enum cudaFuncAttribute attribute, int value)
{
    API_ENTER(cudaErrorInvalidValue);
    emu_function *f;
    cudaError_t error = find(function, &f);
    if (error) return api_leave(error);
    if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) return api_leave(cudaSuccess);
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize)
        emu_unknown("%s: attribute %d", __func__, (int)attribute);
    struct cudaDeviceProp p;
    device_properties(&p);
    if (value < 0 || (size_t)value + f->kernel->shared_used > p.sharedMemPerBlockOptin)
        API_REJECT(cudaErrorInvalidValue, "%s: %d bytes of shared memory for %s", __func__, value,
                   f->name);
    f->dynamic_limit = (size_t)value;
    return api_leave(cudaSuccess);
}

/* How many registers a kernel needs is not known here: REGISTERS are assumed. */
cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes, const void *function)
{
    API_ENTER(cudaErrorInvalidValue);
    emu_function *f;
    cudaError_t error = find(function, &f);
    if (error) return api_leave(error);
    memset(attributes, 0, sizeof *attributes);
    attributes->sharedSizeBytes = f->kernel->shared_used;
    attributes->localSizeBytes = f->kernel->local_bytes;
    attributes->maxThreadsPerBlock = f->kernel->max_threads ? (int)f->kernel->max_threads : 1024;
    attributes->numRegs = REGISTERS;
    attributes->ptxVersion = attributes->binaryVersion = 75;
    attributes->maxDynamicSharedSizeBytes =
        (int)(f->dynamic_limit ? f->dynamic_limit : STATIC_LIMIT - f->kernel->shared_used);
    return api_leave(cudaSuccess);
}

static int least(int a, int b) { return a < b ? a : b; }

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *function,
                                                          int threads, size_t dynamic)
{
    API_ENTER(cudaErrorInvalidValue);
    emu_function *f;
    cudaError_t error = find(function, &f);
    if (error) return api_leave(error);
    if (threads <= 0) return api_leave(cudaErrorInvalidValue);
    struct cudaDeviceProp p;
    device_properties(&p);
    const int rounded = (threads + 31) / 32 * 32;
    const size_t shared = f->kernel->shared_used + dynamic + p.reservedSharedMemPerBlock;
    *blocks = least(p.maxBlocksPerMultiProcessor, p.maxThreadsPerMultiProcessor / rounded);
    *blocks = least(*blocks, p.regsPerMultiprocessor / (REGISTERS * rounded));
    if (shared) *blocks = least(*blocks, (int)(p.sharedMemPerMultiprocessor / shared));
    if (threads > p.maxThreadsPerBlock) *blocks = 0;
    return api_leave(cudaSuccess);
}

/* ---- variables ---- */

cudaError_t cudaGetSymbolAddress(void **at, const void *symbol)
{
    API_ENTER(cudaErrorInvalidSymbol);
    size_t bytes;
    return api_leave(program_variable(symbol, at, &bytes));
}

cudaError_t cudaGetSymbolSize(size_t *bytes, const void *symbol)
{
    API_ENTER(cudaErrorInvalidSymbol);
    void *at;
    return api_leave(program_variable(symbol, &at, bytes));
}

cudaError_t cudaMemcpyToSymbol(const void *symbol, const void *from, size_t bytes, size_t offset,
                               enum cudaMemcpyKind kind)
{
    void *at;
    cudaError_t error = cudaGetSymbolAddress(&at, symbol);
    return error ? error : cudaMemcpy((char *)at + offset, from, bytes, kind);
}

cudaError_t cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes, size_t offset,
                                 enum cudaMemcpyKind kind)
{
    void *at;
    cudaError_t error = cudaGetSymbolAddress(&at, symbol);
    return error ? error : cudaMemcpy(to, (const char *)at + offset, bytes, kind);
}
