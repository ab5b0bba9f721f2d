/* copy.c -- copies and fills. Ordinary host memory is copied when the call says so, pinned memory
 * when the work runs, so that a program that changes it too early is found out. */
#include <stdlib.h>
#include <string.h>

#include "api.h"

typedef enum { ORDINARY, PINNED, DEVICE } place;

static place place_of(const void *at)
{
    uint64_t from_base = (uint64_t)(uintptr_t)at - memory_base();
    if (from_base < MEMORY_SPACE) return DEVICE;
    return memory_find(at, 0) ? PINNED : ORDINARY;
}

/* `rows` pieces of `bytes` bytes. `staged`, if any, follows: the source as it was at the call. */
typedef struct {
    char *to;
    const char *from;
    size_t bytes, rows, to_pitch, from_pitch;
    bool staged, both; /* both: on the device, where memory that nobody wrote may be copied */
} copy;

static void run_copy(void *arguments)
{
    const copy *c = arguments;
    const char *staged = (const char *)(c + 1);
    emu_arena *arena = memory_arena();
    for (size_t row = 0; row < c->rows; row++) {
        char *to = c->to + row * c->to_pitch;
        const char *from = c->staged ? staged + row * c->bytes : c->from + row * c->from_pitch;
        memmove(emu_at(to), emu_at(from), c->bytes);
        if (c->both)
            memmove(arena->state + memory_offset(memory_base(), (uint64_t)(uintptr_t)to),
                    arena->state + memory_offset(memory_base(), (uint64_t)(uintptr_t)from),
                    c->bytes);
    }
}

static bool fits(const char *call, const void *at, size_t pitch, const copy *c)
{
    const size_t extent = (c->rows - 1) * pitch + c->bytes;
    if (place_of(at) == ORDINARY || memory_find(at, extent)) return true;
    emu_report("%s: %zu bytes do not fit at %s", call, extent,
               memory_place((uint64_t)(uintptr_t)at));
    return false;
}

static bool right_kind(place to, place from, enum cudaMemcpyKind kind)
{
    const bool to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    /* pinned memory is device memory, too */
    return kind == cudaMemcpyDefault || ((to == PINNED || (to == DEVICE) == to_device) &&
                                         (from == PINNED || (from == DEVICE) == from_device));
}

/* Issues the copy; returns with it done where CUDA promises that to the host. */
static cudaError_t issue(const char *call, copy c, enum cudaMemcpyKind kind, emu_stream *stream,
                         bool wait)
{
    if (!c.bytes || !c.rows) return cudaSuccess;
    if (!c.to || !c.from || kind < 0 || kind > cudaMemcpyDefault) return cudaErrorInvalidValue;
    const place to = place_of(c.to), from = place_of(c.from);
    if (!right_kind(to, from, kind)) {
        emu_report("%s: the pointers are not what the direction of the copy says", call);
        return cudaErrorInvalidValue;
    }
    if (!fits(call, c.to, c.to_pitch, &c) || !fits(call, c.from, c.from_pitch, &c))
        return cudaErrorInvalidValue;

    c.both = to == DEVICE && from == DEVICE;
    c.staged = from == ORDINARY && !stream->capture;
    const emu_range all[] = {{.at = c.from,
                              .bytes = c.bytes,
                              .reads = c.both ? 2 : 1,
                              .times = c.rows,
                              .step = c.from_pitch},
                             {.at = c.to,
                              .bytes = c.bytes,
                              .writes = c.both ? 2 : 1,
                              .times = c.rows,
                              .step = c.to_pitch}};
    emu_range ranges[2];
    int count = 0;
    if (from != ORDINARY) ranges[count++] = all[0];
    if (to != ORDINARY) ranges[count++] = all[1];

    const size_t size = sizeof c + (c.staged ? c.bytes * c.rows : 0);
    copy *arguments = malloc(size);
    if (!arguments) emu_unknown("the host has no memory left");
    *arguments = c;
    for (size_t row = 0; c.staged && row < c.rows; row++)
        memcpy((char *)(arguments + 1) + row * c.bytes, c.from + row * c.from_pitch, c.bytes);
    cudaError_t error = stream_issue(stream, &(work_body){.what = call,
                                                          .run = run_copy,
                                                          .arguments = arguments,
                                                          .size = size,
                                                          .ranges = ranges,
                                                          .count = count});
    free(arguments);
    const bool to_ordinary = to == ORDINARY || (wait && !c.both && !c.staged);
    if (!error && to_ordinary && !stream->capture) work_wait(&stream->tail);
    return error;
}

static copy flat(void *to, const void *from, size_t bytes)
{
    return (copy){.to = to, .from = from, .bytes = bytes, .rows = 1};
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind)
{
    API_ENTER(cudaErrorInvalidValue);
    cudaError_t error = api_refuse_capture(__func__, NULL);
    if (!error) error = issue(__func__, flat(to, from, bytes), kind, stream_of(0), true);
    return api_leave(error);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t handle)
{
    API_ENTER(cudaErrorInvalidValue);
    API_STREAM(stream, handle);
    return api_leave(issue(__func__, flat(to, from, bytes), kind, stream, false));
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch,
                              size_t width, size_t height, enum cudaMemcpyKind kind,
                              cudaStream_t handle)
{
    API_ENTER(cudaErrorInvalidValue);
    API_STREAM(stream, handle);
    if (width > to_pitch || width > from_pitch)
        API_REJECT(cudaErrorInvalidValue, "%s: rows are wider than their pitch", __func__);
    copy c = {.to = to,
              .from = from,
              .bytes = width,
              .rows = height,
              .to_pitch = to_pitch,
              .from_pitch = from_pitch};
    return api_leave(issue(__func__, c, kind, stream, false));
}

/* ---- fills ---- */

typedef struct {
    void *at;
    size_t bytes;
    int value;
} fill;

static void run_fill(void *arguments)
{
    const fill *f = arguments;
    memset(emu_at(f->at), f->value, f->bytes);
}

static cudaError_t issue_fill(const char *call, fill f, emu_stream *stream)
{
    if (!f.bytes) return cudaSuccess;
    if (!memory_find(f.at, f.bytes)) {
        emu_report("%s: %zu bytes do not fit at %s", call, f.bytes,
                   memory_place((uint64_t)(uintptr_t)f.at));
        return cudaErrorInvalidValue;
    }
    emu_range range = {.at = f.at, .bytes = f.bytes, .writes = 1};
    return stream_issue(stream, &(work_body){.what = call,
                                             .run = run_fill,
                                             .arguments = &f,
                                             .size = sizeof f,
                                             .ranges = &range,
                                             .count = 1});
}

cudaError_t cudaMemset(void *at, int value, size_t bytes)
{
    API_ENTER(cudaErrorInvalidValue);
    cudaError_t error = api_refuse_capture(__func__, NULL);
    return api_leave(error ? error : issue_fill(__func__, (fill){at, bytes, value}, stream_of(0)));
}

cudaError_t cudaMemsetAsync(void *at, int value, size_t bytes, cudaStream_t handle)
{
    API_ENTER(cudaErrorInvalidValue);
    API_STREAM(stream, handle);
    return api_leave(issue_fill(__func__, (fill){at, bytes, value}, stream));
}
