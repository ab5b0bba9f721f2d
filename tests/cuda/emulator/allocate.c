/* allocate.c -- the calls that allocate and free memory, and memory pools. */
#include <stdlib.h>

#include "api.h"

enum { MARKED = 4096 };

/* A pool only names the memory that was taken from it; nothing is kept or reused. */
typedef struct CUmemPoolHandle_st {
    struct CUmemPoolHandle_st *next;
    uint64_t threshold;
    int reuse[cudaMemPoolAttrReleaseThreshold];
} pool;
static pool default_pool, *pools, *current_pool = &default_pool;

static pool *find_pool(cudaMemPool_t handle)
{
    if (handle == &default_pool) return &default_pool;
    for (pool *p = pools; p; p = p->next)
        if (p == handle) return p;
    return NULL;
}

static cudaError_t take(void **at, size_t bytes, memory_kind kind, const char *call)
{
    if (!at) return cudaErrorInvalidValue;
    *at = NULL;
    if (!bytes) return cudaSuccess;
    *at = memory_take(bytes, kind, call);
    return *at ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaMalloc(void **at, size_t bytes)
{
    API_ENTER(cudaErrorMemoryAllocation);
    cudaError_t error = api_refuse_capture(__func__, NULL);
    return api_leave(error ? error : take(at, bytes, MEMORY_DEVICE, __func__));
}

cudaError_t cudaMallocHost(void **at, size_t bytes)
{
    API_ENTER(cudaErrorMemoryAllocation);
    cudaError_t error = api_refuse_capture(__func__, NULL);
    return api_leave(error ? error : take(at, bytes, MEMORY_PINNED, __func__));
}

cudaError_t cudaHostAlloc(void **at, size_t bytes, unsigned flags)
{
    API_ENTER(cudaErrorMemoryAllocation);
    cudaError_t error = api_refuse_capture(__func__, NULL);
    if (!error && flags > 7) error = cudaErrorInvalidValue;
    return api_leave(error ? error : take(at, bytes, MEMORY_PINNED, __func__));
}

/* The block that begins at an address that is to be freed. */
static memory_block *to_free(const char *call, void *at, bool pinned)
{
    memory_block *b = memory_find(at, 0);
    uint64_t address = (uint64_t)(uintptr_t)at;
    if (b && (b->kind == MEMORY_PINNED) == pinned && b->kind != MEMORY_MODULE &&
        memory_offset(memory_base(), address) == b->offset)
        return b;
    emu_report("%s: no live allocation begins at %s", call, memory_place(address));
    return NULL;
}

/* Frees when all is done that was issued before, as cudaFree does; but pinned memory must not be in
 * use any more. */
static cudaError_t give_back(const char *call, void *at, bool pinned)
{
    if (!at) return cudaSuccess;
    cudaError_t error = api_refuse_capture(call, NULL);
    if (error) return error;
    memory_block *b = to_free(call, at, pinned);
    if (!b) return cudaErrorInvalidValue;
    if (pinned)
        work_check_host(call, &(emu_range){.at = at, .bytes = b->bytes, .writes = 3});
    else
        work_wait_all();
    memory_drop(b, call);
    return cudaSuccess;
}

cudaError_t cudaFree(void *at)
{
    API_ENTER_FREE();
    return api_leave(give_back(__func__, at, false));
}

cudaError_t cudaFreeHost(void *at)
{
    API_ENTER_FREE();
    return api_leave(give_back(__func__, at, true));
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    API_ENTER(cudaErrorInvalidValue);
    *free_bytes = memory_free_bytes();
    *total = memory_total_bytes();
    return api_leave(cudaSuccess);
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *at)
{
    API_ENTER(cudaErrorInvalidValue);
    const memory_block *b = memory_find(at, 0);
    void *address = (void *)(uintptr_t)at;
    *attributes =
        (struct cudaPointerAttributes){.type = cudaMemoryTypeUnregistered, .hostPointer = address};
    if (b && b->kind == MEMORY_PINNED) {
        attributes->type = cudaMemoryTypeHost;
        attributes->devicePointer = address;
    } else if (b) {
        attributes->type = cudaMemoryTypeDevice;
        attributes->devicePointer = address;
        attributes->hostPointer = NULL;
    }
    return api_leave(cudaSuccess);
}

/* ---- in the order of a stream ---- */

static void free_later(void *arguments)
{
    void *at = *(void **)arguments;
    memory_block *b = memory_find(at, 0);
    if (b)
        memory_drop(b, "cudaFreeAsync");
    else
        emu_report("cudaFreeAsync: freed already: %s", memory_place((uint64_t)(uintptr_t)at));
}

static void begin(void *arguments) { (void)arguments; }

static cudaError_t take_ordered(const char *call, void **at, size_t bytes, pool *from,
                                emu_stream *stream)
{
    if (!from) {
        emu_report("%s: not a pool", call);
        return cudaErrorInvalidValue;
    }
    if (stream->capture) emu_unknown("%s in a capture", call);
    cudaError_t error = take(at, bytes, MEMORY_DEVICE, call);
    if (error == cudaErrorMemoryAllocation && memory_free_bytes() < memory_total_bytes()) {
        work_finish(&stream->tail); /* what this stream frees may be used again */
        error = take(at, bytes, MEMORY_DEVICE, call);
    }
    if (error || !*at) return error;
    memory_find(*at, 0)->pool = from;
    /* work of other streams that does not wait for this races with it, at least on the first bytes
     */
    emu_range start = {.at = *at, .bytes = bytes < MARKED ? bytes : MARKED, .writes = 2};
    return stream_issue(stream,
                        &(work_body){.what = call, .run = begin, .ranges = &start, .count = 1});
}

cudaError_t cudaMallocAsync(void **at, size_t bytes, cudaStream_t handle)
{
    API_ENTER(cudaErrorMemoryAllocation);
    API_STREAM(stream, handle);
    return api_leave(take_ordered(__func__, at, bytes, current_pool, stream));
}

cudaError_t cudaMallocFromPoolAsync(void **at, size_t bytes, cudaMemPool_t from,
                                    cudaStream_t handle)
{
    API_ENTER(cudaErrorMemoryAllocation);
    API_STREAM(stream, handle);
    return api_leave(take_ordered(__func__, at, bytes, find_pool(from), stream));
}

cudaError_t cudaFreeAsync(void *at, cudaStream_t handle)
{
    API_ENTER_FREE();
    API_STREAM(stream, handle);
    if (!at) return api_leave(cudaSuccess);
    memory_block *b = to_free(__func__, at, false);
    if (!b) return api_leave(cudaErrorInvalidValue);
    if (stream->capture) emu_unknown("%s in a capture", __func__);
    emu_range all = {.at = at, .bytes = b->bytes, .writes = 3};
    return api_leave(stream_issue(stream, &(work_body){.what = __func__,
                                                       .run = free_later,
                                                       .arguments = &at,
                                                       .size = sizeof at,
                                                       .ranges = &all,
                                                       .count = 1}));
}

/* ---- pools ---- */

cudaError_t cudaMemPoolCreate(cudaMemPool_t *out, const struct cudaMemPoolProps *properties)
{
    API_ENTER(cudaErrorMemoryAllocation);
    if (!out || !properties || properties->allocType != cudaMemAllocationTypePinned ||
        properties->location.type != cudaMemLocationTypeDevice || properties->location.id != 0)
        return api_leave(cudaErrorInvalidValue);
    pool *p = calloc(1, sizeof *p);
    if (!p) return api_leave(cudaErrorMemoryAllocation);
    p->next = pools;
    *out = pools = p;
    return api_leave(cudaSuccess);
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t handle)
{
    API_ENTER_FREE();
    pool **p = &pools;
    while (*p && *p != handle) p = &(*p)->next;
    if (!*p) API_REJECT(cudaErrorInvalidValue, "%s: not a pool that was created", __func__);
    if (memory_pool_in_use(handle)) emu_report("%s: memory of the pool was not freed", __func__);
    *p = handle->next;
    if (current_pool == handle) current_pool = &default_pool;
    free(handle);
    return api_leave(cudaSuccess);
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t handle, enum cudaMemPoolAttr attribute,
                                    void *value)
{
    API_ENTER(cudaErrorInvalidValue);
    pool *p = find_pool(handle);
    if (!p || !value || attribute > cudaMemPoolAttrReleaseThreshold)
        return api_leave(cudaErrorInvalidValue);
    if (attribute == cudaMemPoolAttrReleaseThreshold)
        p->threshold = *(uint64_t *)value;
    else
        p->reuse[attribute] = *(int *)value;
    return api_leave(cudaSuccess);
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t handle, enum cudaMemPoolAttr attribute,
                                    void *value)
{
    API_ENTER(cudaErrorInvalidValue);
    pool *p = find_pool(handle);
    if (!p || !value) return api_leave(cudaErrorInvalidValue);
    if (attribute > cudaMemPoolAttrReleaseThreshold)
        emu_unknown("%s: attribute %d", __func__, (int)attribute);
    if (attribute == cudaMemPoolAttrReleaseThreshold)
        *(uint64_t *)value = p->threshold;
    else
        *(int *)value = p->reuse[attribute];
    return api_leave(cudaSuccess);
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t handle, size_t bytes)
{
    (void)bytes; /* nothing is kept */
    API_ENTER(cudaErrorInvalidValue);
    return api_leave(find_pool(handle) ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *out, int device)
{
    API_ENTER(cudaErrorInvalidValue);
    if (device != 0) return api_leave(cudaErrorInvalidDevice);
    *out = &default_pool;
    return api_leave(cudaSuccess);
}

cudaError_t cudaDeviceGetMemPool(cudaMemPool_t *out, int device)
{
    API_ENTER(cudaErrorInvalidValue);
    if (device != 0) return api_leave(cudaErrorInvalidDevice);
    *out = current_pool;
    return api_leave(cudaSuccess);
}

cudaError_t cudaDeviceSetMemPool(int device, cudaMemPool_t handle)
{
    API_ENTER(cudaErrorInvalidValue);
    pool *p = find_pool(handle);
    if (device != 0 || !p) return api_leave(cudaErrorInvalidValue);
    current_pool = p;
    return api_leave(cudaSuccess);
}
