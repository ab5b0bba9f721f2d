/* lanes.c -- the devices of a sweep, and the lanes on them. */
#include "sweep/lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- devices ---- */

static pv_status open_device(pv_team *t, const char *name)
{
    if (t->devices == PV_SWEEP_DEVICES)
        return pv_fail(PV_EUSAGE, "--devices: more than %d", PV_SWEEP_DEVICES);
    PV_TRY(pv_device_open(&t->device[t->devices], name));
    for (int d = 0; d < t->devices; d++)
        if (strcmp(pv_device_name(t->device[d]), pv_device_name(t->device[t->devices])) == 0) {
            pv_device_close(t->device[t->devices]);
            return pv_fail(PV_EUSAGE, "--devices: %s is there twice", name);
        }
    t->devices++;
    return PV_OK;
}

/* Every GPU, or the CPU where there is none. */
static pv_status open_all(pv_team *t)
{
    char name[32];
    for (int n = 0; n < PV_SWEEP_DEVICES; n++) {
        snprintf(name, sizeof name, "cuda:%d", n);
        if (open_device(t, name) != PV_OK) break;
    }
    return t->devices > 0 ? PV_OK : open_device(t, "cpu");
}

static pv_status open_listed(pv_team *t, const char *list)
{
    char name[64];
    for (const char *at = list;;) {
        const size_t length = strcspn(at, ",");
        const int number = length > 0 && strspn(at, "0123456789") == length;
        snprintf(name, sizeof name, "%s%.*s", number ? "cuda:" : "", (int)length, at);
        PV_TRY(open_device(t, name));
        at += length;
        if (!*at++) return PV_OK;
    }
}

static pv_status open_devices(pv_team *t, const char *configured)
{
    const char *list = t->options->devices;
    if (!list) return open_device(t, configured);
    return strcmp(list, "all") == 0 ? open_all(t) : open_listed(t, list);
}

/* ---- lanes ---- */

static int is_cpu(const pv_team *t, int device)
{
    return strcmp(pv_device_name(t->device[device]), "cpu") == 0;
}

/* How many on a device: a GPU has one more, which evaluates while the others train. */
static int lanes_on(const pv_team *t, int device, long threads)
{
    const int evaluator = !is_cpu(t, device) && !t->options->train_only;
    const int lanes = t->options->lanes ? t->options->lanes : is_cpu(t, device) ? (int)threads : 1;
    return ((size_t)lanes < t->job_count ? lanes : (int)t->job_count) + evaluator;
}

static pv_status open_lane(pv_lane *l, pv_team *t, int device, int evaluates, long threads)
{
    *l = (pv_lane){.team = t,
                   .threads = threads > 0 ? (int)threads : 1,
                   .device = device,
                   .trains = !evaluates,
                   .hurries = evaluates || is_cpu(t, device)};
    return pv_stream_open(&l->stream, t->device[device], l->threads);
}

pv_status pv_lanes_open(pv_lane **out, int *count, pv_team *t)
{
    pv_sweep_model m;
    int lanes = 0;
    long threads = pv_cores();
    PV_TRY(pv_sweep_model_open(&m, t->sweep, t->jobs[0].index));
    if (m.config.threads > 0) threads = (long)m.config.threads;
    pv_status status = open_devices(t, m.config.device);
    pv_sweep_model_close(&m);
    if (status != PV_OK) return status;
    for (int d = 0; d < t->devices; d++) lanes += lanes_on(t, d, threads);
    PV_TRY(pv_new(out, (size_t)lanes, sizeof **out, "lanes"));
    for (int d = 0; d < t->devices; d++) {
        const int here = lanes_on(t, d, threads),
                  evaluator = !is_cpu(t, d) && !t->options->train_only;
        for (int i = 0; i < here; i++, ++*count) {
            const long share = threads / lanes + (*count < threads % lanes);
            PV_TRY(open_lane(&(*out)[*count], t, d, evaluator && i == here - 1, share));
        }
    }
    return PV_OK;
}

void pv_lanes_close(pv_lane *lanes, int count)
{
    for (int i = 0; i < count; i++) pv_stream_close(lanes[i].stream);
    free(lanes);
}
