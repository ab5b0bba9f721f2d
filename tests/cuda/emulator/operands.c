/* operands.c -- the bytes that a library call reads and writes, and what is wrong with them. */
#include <stdlib.h>
#include <string.h>

#include "libraries.h"

typedef struct {
    emu_range *range;
    int count, room;
} ranges;

static void ranges_add(ranges *r, emu_range range)
{
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 64;
        r->range = realloc(r->range, (size_t)r->room * sizeof *r->range);
        if (!r->range) abort();
    }
    r->range[r->count++] = range;
}

/* The dimensions of more than one element, the closest elements first. */
static int sorted_dims(const operand *o, int64_t *extent, int64_t *stride)
{
    int dims = 0;
    for (int i = 0; i < OPERAND_DIMS; i++) {
        if (o->extent[i] <= 1) continue;
        int to = dims++;
        for (; to > 0 && stride[to - 1] > o->stride[i]; to--) {
            stride[to] = stride[to - 1];
            extent[to] = extent[to - 1];
        }
        stride[to] = o->stride[i];
        extent[to] = o->extent[i];
    }
    return dims;
}

/* From the first to behind the last element, in elements. */
static int64_t span(const operand *o)
{
    int64_t last = 0;
    for (int i = 0; i < OPERAND_DIMS; i++)
        if (o->extent[i] > 1) last += (o->extent[i] - 1) * o->stride[i];
    return last + 1;
}

static int elements_fall_together(const operand *o)
{
    int64_t extent[OPERAND_DIMS], stride[OPERAND_DIMS], inner = 1;
    const int dims = sorted_dims(o, extent, stride);
    for (int i = 0; i < dims; i++) {
        if (stride[i] < inner) return 1;
        inner += (extent[i] - 1) * stride[i];
    }
    return 0;
}

/* One range for each run of elements that lie side by side; with `fold`, runs at even distances
 * become one range. */
static void ranges_of(ranges *r, const operand *o, int fold)
{
    int64_t extent[OPERAND_DIMS], stride[OPERAND_DIMS], at[OPERAND_DIMS] = {0}, run = 1;
    const int dims = sorted_dims(o, extent, stride);
    int first = 0;
    while (first < dims && stride[first] == run) run *= extent[first++];
    emu_range range = {.bytes = (size_t)run * o->size, .reads = o->reads, .writes = o->writes};
    if (fold && first < dims) {
        range.times = (size_t)extent[first];
        range.step = (size_t)stride[first++] * o->size;
    }
    for (;;) {
        int64_t offset = 0;
        for (int i = first; i < dims; i++) offset += at[i] * stride[i];
        range.at = (const char *)o->at + (size_t)offset * o->size;
        ranges_add(r, range);
        int i = first;
        while (i < dims && ++at[i] == extent[i]) at[i++] = 0;
        if (i == dims) return;
    }
}

static int ranges_meet(const ranges *r, int first, int middle, int end)
{
    for (int i = first; i < middle; i++)
        for (int j = middle; j < end; j++) {
            const emu_range *a = &r->range[i], *b = &r->range[j];
            if ((const char *)a->at < (const char *)b->at + b->bytes &&
                (const char *)b->at < (const char *)a->at + a->bytes)
                return 1;
        }
    return 0;
}

/* Whether two operands, one of them an output, share a byte. */
static int overlap(const operand *a, const operand *b)
{
    const char *at = a->at, *bt = b->at;
    if (!a->writes && !b->writes) return 0;
    if (at >= bt + (size_t)span(b) * b->size || bt >= at + (size_t)span(a) * a->size) return 0;
    ranges both = {0};
    ranges_of(&both, a, 0);
    const int middle = both.count;
    ranges_of(&both, b, 0);
    const int meet = ranges_meet(&both, 0, middle, both.count);
    free(both.range);
    return meet;
}

static cudaError_t touchable(const char *call, const operand *o)
{
    const size_t bytes = (size_t)span(o) * o->size;
    if ((uintptr_t)o->at % o->size) {
        emu_report("%s: %s = %p is not a multiple of its %zu-byte elements", call, o->name, o->at,
                   o->size);
        return cudaErrorMisalignedAddress;
    }
    if (!emu_is_device(o->at, bytes)) {
        emu_report("%s: %s = %p, %zu bytes, does not lie in one allocation of device memory", call,
                   o->name, o->at, bytes);
        return cudaErrorIllegalAddress;
    }
    if (o->writes && elements_fall_together(o))
        emu_report("%s: elements of the output %s fall together", call, o->name);
    return cudaSuccess;
}

cudaError_t operands_enqueue(cudaStream_t stream, const char *call, void (*work)(void *arguments),
                             const void *arguments, size_t size, const operand *operands, int count)
{
    ranges all = {0};
    cudaError_t error = cudaSuccess;
    for (int i = 0; i < count; i++) {
        const operand *o = &operands[i];
        if (!o->at) continue;
        const cudaError_t found = touchable(call, o);
        if (found != cudaSuccess) error = found;
        if (found != cudaSuccess) continue;
        for (int j = 0; j < i; j++)
            if (operands[j].at && overlap(&operands[j], o))
                emu_report("%s: %s and %s overlap", call, operands[j].name, o->name);
        ranges_of(&all, o, 1);
    }
    if (error == cudaSuccess)
        error = emu_enqueue(stream, call, work, arguments, size, all.range, all.count);
    free(all.range);
    return error;
}

int refused_in_capture(cudaStream_t stream, const char *call)
{
    enum cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    if (cudaStreamIsCapturing(stream, &status) == cudaSuccess &&
        status == cudaStreamCaptureStatusNone)
        return 0;
    emu_report("%s: waits for the device, which a stream under capture cannot", call);
    cudaStreamSynchronize(stream);
    return 1;
}
