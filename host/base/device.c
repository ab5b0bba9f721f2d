/* device.c -- opening a device by name, and the calls that go straight through its table. */
#include <stdlib.h>
#include <string.h>

#include "polarvae/backend.h"

/* Devices by the start of their names: the only place that knows which there are. */
static const struct {
    const char *prefix;
    pv_status (*open)(pv_device **out, int ordinal);
} families[] = {
    {"cpu", pv_cpu_open},
#ifdef PV_CUDA
    {"cuda", pv_cuda_open},
#endif
};

pv_status pv_device_open(pv_device **out, const char *name)
{
    *out = NULL;
    if (strcmp(name, "auto") == 0) name = "cpu";
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        size_t length = strlen(families[i].prefix);
        if (strncmp(name, families[i].prefix, length) != 0) continue;
        if (name[length] == '\0') return families[i].open(out, 0);
        char *end;
        long ordinal = name[length] == ':' ? strtol(name + length + 1, &end, 10) : -1;
        if (ordinal >= 0 && ordinal < 1024 && end > name + length + 1 && *end == '\0')
            return families[i].open(out, (int)ordinal);
    }
    if (strncmp(name, "cuda", 4) == 0)
        return pv_fail(PV_EDEVICE, "device '%s': this build has no CUDA device; use cpu", name);
    return pv_fail(PV_EUSAGE, "device '%s' is not known; use auto or cpu", name);
}

void pv_device_close(pv_device *d)
{
    if (d) d->calls->close(d);
}

const char *pv_device_name(const pv_device *d) { return d->name; }
const char *pv_device_description(const pv_device *d) { return d->description; }

pv_status pv_device_alloc(pv_device *d, size_t bytes, void **out)
{
    return d->calls->alloc(d, bytes, out);
}

void pv_device_release(pv_device *d, void *block)
{
    if (block) d->calls->release(d, block);
}

pv_status pv_device_share(pv_device *d, const void *from, size_t bytes, const void **out)
{
    return d->calls->share(d, from, bytes, out);
}

void pv_device_unshare(pv_device *d, const void *shared)
{
    if (shared) d->calls->unshare(d, shared);
}

pv_status pv_stream_open(pv_stream **out, pv_device *d, int threads)
{
    return d->calls->stream_open(d, threads, out);
}

void pv_stream_close(pv_stream *s)
{
    if (s) s->device->calls->stream_close(s);
}

pv_device *pv_stream_device(const pv_stream *s) { return s->device; }
int pv_stream_threads(const pv_stream *s) { return s->threads; }

pv_status pv_upload(pv_stream *s, void *to, const void *from, size_t bytes)
{
    return s->device->calls->upload(s, to, from, bytes);
}

pv_status pv_download(pv_stream *s, void *to, const void *from, size_t bytes)
{
    return s->device->calls->download(s, to, from, bytes);
}

pv_status pv_fill(pv_stream *s, void *to, int byte, size_t bytes)
{
    return s->device->calls->fill(s, to, byte, bytes);
}

pv_status pv_stream_peak(pv_stream *s, double *flops) { return s->device->calls->peak(s, flops); }
pv_status pv_stream_sync(pv_stream *s) { return s->device->calls->sync(s); }
