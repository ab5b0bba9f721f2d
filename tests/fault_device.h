/* fault_device.h -- a device that fails when it is told to: the CPU device, with every call of
 * PV_DEVICE_CALLS counted, of which the n-th fails. It also knows what is still alive on it.
 *
 * The device's own table is replaced, so that its streams and programs come here too. */
#ifndef PV_FAULT_DEVICE_H
#define PV_FAULT_DEVICE_H

#include <string.h>

#include "check.h"
#include "polarvae/backend.h"

#define X(call, parameters, arguments) FAULT_##call,
enum { PV_DEVICE_CALLS(X) FAULT_CALLS };
#undef X

static struct {
    const pv_device_calls *real;
    long calls;              /* so far */
    long fatal;              /* the call that fails; 0: none */
    const char *failed;      /* its name, once it has */
    pv_status status;        /* with what */
    long alive[FAULT_CALLS]; /* successes that nothing has undone */
} fault;

static pv_status fault_due(const char *call, pv_status status)
{
    if (++fault.calls != fault.fatal) return PV_OK;
    fault.failed = call;
    fault.status = status;
    return pv_fail(status, "injected into %s", call);
}

/* Memory runs out where memory is asked for; elsewhere the device fails. */
#define X(call, parameters, arguments)                                                             \
    static pv_status fault_##call parameters                                                       \
    {                                                                                              \
        PV_TRY(fault_due(#call, FAULT_##call == FAULT_alloc ? PV_ENOMEM : PV_EDEVICE));            \
        PV_TRY(fault.real->call arguments);                                                        \
        fault.alive[FAULT_##call]++;                                                               \
        return PV_OK;                                                                              \
    }
PV_DEVICE_CALLS(X)
#undef X

static void fault_release(pv_device *d, void *block)
{
    fault.alive[FAULT_alloc]--;
    fault.real->release(d, block);
}

static void fault_unshare(pv_device *d, const void *shared)
{
    fault.alive[FAULT_share]--;
    fault.real->unshare(d, shared);
}

static void fault_stream_close(pv_stream *s)
{
    fault.alive[FAULT_stream_open]--;
    fault.real->stream_close(s);
}

static void fault_program_close(pv_program *p)
{
    fault.alive[FAULT_seal] -= p->plan != NULL;
    fault.real->program_close(p);
}

static void fault_close(pv_device *d) { fault.real->close(d); }

static const pv_device_calls fault_calls = {
#define X(call, parameters, arguments) .call = fault_##call,
    PV_DEVICE_CALLS(X)
#undef X
        .release = fault_release,
    .unshare = fault_unshare,
    .stream_close = fault_stream_close,
    .program_close = fault_program_close,
    .close = fault_close,
};

/* Closed with pv_device_close; one at a time. */
static void fault_open(pv_device **out, long fatal)
{
    NEED(pv_cpu_open(out, 0));
    memset(&fault, 0, sizeof fault);
    fault.real = (*out)->calls;
    fault.fatal = fatal;
    (*out)->calls = &fault_calls;
}

/* Runs `scenario` again and again, its first, second, third... call failing, until it succeeds.
 * Each time the failure must arrive as it was born, and nothing may be left behind. */
static void fault_walk(const char *name, pv_status (*scenario)(pv_device *))
{
    for (long n = 1;; n++) {
        pv_device *device;
        fault_open(&device, n);
        const pv_status status = scenario(device);
        const char *failed = fault.failed ? fault.failed : "nothing";
        check(status == fault.status, "%s, call %ld (%s): status %d, not %d", name, n, failed,
              (int)status, (int)fault.status);
        if (fault.failed)
            check(strstr(pv_error(), "injected into ") != NULL,
                  "%s, call %ld (%s): the text is '%s'", name, n, failed, pv_error());
        check(fault.alive[FAULT_alloc] == 0 && fault.alive[FAULT_share] == 0 &&
                  fault.alive[FAULT_stream_open] == 0 && fault.alive[FAULT_seal] == 0,
              "%s, call %ld (%s): %ld blocks, %ld shares, %ld streams, %ld plans are left", name, n,
              failed, fault.alive[FAULT_alloc], fault.alive[FAULT_share],
              fault.alive[FAULT_stream_open], fault.alive[FAULT_seal]);
        pv_device_close(device);
        if (fault.failed) continue;
        printf("%-10s %ld calls, each failed once\n", name, n - 1);
        check(n > 5, "%s: only %ld calls", name, n - 1);
        return;
    }
}

#endif
