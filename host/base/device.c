/* device.c -- opening a device by name, and the calls that go straight through its table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polarvae/backend.h"

/* Devices by the start of their names, the one to prefer first: the only place that knows which
 * there are. Absent: why a device of the kind cannot be here, or NULL. */
typedef struct {
    const char *prefix;
    pv_status (*open)(pv_device **out, int ordinal);
    const char *(*absent)(void);
} family;
static const family families[] = {
#ifdef PV_CUDA
    {"cuda", pv_cuda_open, pv_cuda_absent},
#endif
    {"cpu", pv_cpu_open, NULL},
};
enum { FAMILIES = sizeof families / sizeof *families };

/* The first that opens; what kept the others from it becomes its notice. */
static pv_status open_best(pv_device **out)
{
    char notice[sizeof(*out)->notice] = "";
    pv_status status = PV_OK;
    for (const family *f = families; f < families + FAMILIES; f++) {
        const char *absent = f->absent ? f->absent() : NULL;
        status = absent ? PV_EDEVICE : f->open(out, 0);
        if (status == PV_OK) {
            snprintf((*out)->notice, sizeof(*out)->notice, "%s", notice);
            return PV_OK;
        }
        snprintf(notice, sizeof notice, "%s", absent ? absent : pv_error());
    }
    return status;
}

/* A number behind a colon, without zeros before it; of "cpu" it may be missing. */
static pv_status open_named(pv_device **out, const family *f, const char *name)
{
    char same[32];
    const char *number = name + strlen(f->prefix);
    const int ordinal = *number == ':' ? atoi(number + 1) : 0;
    if (strcmp(name, "cpu") == 0) return f->open(out, 0);
    snprintf(same, sizeof same, "%s:%d", f->prefix, ordinal);
    if (ordinal >= 0 && ordinal < 1024 && strcmp(name, same) == 0) return f->open(out, ordinal);
    return pv_fail(PV_EUSAGE, "device '%s' is not known; use auto, cpu or cuda:N", name);
}

pv_status pv_device_open(pv_device **out, const char *name)
{
    *out = NULL;
    if (strcmp(name, "auto") == 0) return open_best(out);
    for (const family *f = families; f < families + FAMILIES; f++)
        if (strncmp(name, f->prefix, strlen(f->prefix)) == 0) return open_named(out, f, name);
    if (strncmp(name, "cuda", 4) == 0)
        return pv_fail(PV_EDEVICE, "device '%s': this build has no CUDA device; use cpu", name);
    return pv_fail(PV_EUSAGE, "device '%s' is not known; use auto, cpu or cuda:N", name);
}

void pv_device_close(pv_device *d)
{
    if (d) d->calls->close(d);
}

const char *pv_device_name(const pv_device *d) { return d->name; }
const char *pv_device_description(const pv_device *d) { return d->description; }
const char *pv_device_notice(const pv_device *d) { return *d->notice ? d->notice : NULL; }

size_t pv_device_memory(const pv_device *d) { return d->memory; }

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

pv_status pv_stream_set_layers(pv_stream *s, const pv_layer_rule *rule)
{
    PV_TRY(s->device->calls->set_layers(s, rule));
    s->layers = *rule;
    return PV_OK;
}

const char *pv_stream_precision(const pv_stream *s)
{
    static const char *const names[] = {[PV_FP32] = "fp32", [PV_TF32] = "tf32", [PV_BF16] = "bf16"};
    return names[s->layers.precision];
}

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
