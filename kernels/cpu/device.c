/* device.c -- the CPU as a device: memory, streams, and the instruction set that is there. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef PV_HAVE_AMX
#include <cpuid.h>
#include <sys/syscall.h>
#endif

#include "plan.h"

typedef struct {
    pv_device base;
    const pv_cpu_table *table;
} cpu_device;

typedef struct {
    pv_stream base;
    pv_pool *pool;
} cpu_stream;

enum { ALIGN = 64 };

/* ---- memory ---- */

static pv_status cpu_alloc(pv_device *d, size_t bytes, void **out)
{
    (void)d;
    *out =
        bytes <= SIZE_MAX - ALIGN ? aligned_alloc(ALIGN, pv_round_up(bytes + !bytes, ALIGN)) : NULL;
    if (!*out) return pv_fail(PV_ENOMEM, "cpu: out of memory for %zu bytes", bytes);
    return PV_OK;
}

static void cpu_release(pv_device *d, void *block)
{
    (void)d;
    free(block);
}

/* Host memory is device memory. */
static pv_status cpu_share(pv_device *d, const void *from, size_t bytes, const void **out)
{
    (void)d, (void)bytes;
    *out = from;
    return PV_OK;
}

static void cpu_unshare(pv_device *d, const void *shared) { (void)d, (void)shared; }

static pv_status cpu_copy(pv_stream *s, void *to, const void *from, size_t bytes)
{
    (void)s;
    if (bytes) memcpy(to, from, bytes);
    return PV_OK;
}

static pv_status cpu_fill(pv_stream *s, void *to, int byte, size_t bytes)
{
    (void)s;
    if (bytes) memset(to, byte, bytes);
    return PV_OK;
}

/* ---- streams: work is done when the call returns ---- */

static pv_status cpu_set_layers(pv_stream *s, const pv_layer_rule *rule)
{
    (void)s;
    if (rule->precision == PV_FP32) return PV_OK;
    return pv_fail(PV_EUSAGE, "precision=%s is for GPUs; the CPU multiplies in fp32",
                   rule->precision == PV_TF32 ? "tf32" : "bf16");
}

static pv_status cpu_sync(pv_stream *s)
{
    (void)s;
    return PV_OK;
}

/* A machine of more than 1024 cores does not fit the mask: then all that are online. */
int pv_cores(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

static pv_status cpu_stream_open(pv_device *d, int threads, pv_stream **out)
{
    *out = NULL;
    if (threads <= 0) threads = pv_cores();
    cpu_stream *s = calloc(1, sizeof *s);
    if (!s) return pv_fail(PV_ENOMEM, "out of memory for a stream");
    s->base = (pv_stream){.device = d, .threads = threads};
    pv_status status = pv_pool_open(&s->pool, threads);
    if (status != PV_OK)
        free(s);
    else
        *out = &s->base;
    return status;
}

static void cpu_stream_close(pv_stream *s)
{
    pv_pool_close(((cpu_stream *)s)->pool);
    free(s);
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct {
    const pv_cpu_table *table;
    double *done; /* operations of each task */
} peak_state;

static void peak_task(void *state, int thread, size_t task)
{
    const peak_state *p = state;
    (void)thread;
    p->done[task] = p->table->peak();
}

/* As many tasks as threads; the best of many short rounds: at first the threads may still share a
 * core. */
static pv_status cpu_peak(pv_stream *s, double *flops)
{
    const cpu_device *d = (const cpu_device *)s->device;
    const size_t tasks = (size_t)s->threads;
    peak_state state = {d->table, calloc(tasks, sizeof *state.done)};
    if (!state.done) return pv_fail(PV_ENOMEM, "out of memory");
    *flops = 0.0;
    const double until = seconds_now() + 0.08;
    while (seconds_now() < until) {
        const double start = seconds_now();
        pv_pool_run(((cpu_stream *)s)->pool, peak_task, &state, tasks);
        const double seconds = seconds_now() - start;
        double total = 0.0;
        for (size_t i = 0; i < tasks; i++) total += state.done[i];
        if (total / seconds > *flops) *flops = total / seconds;
    }
    free(state.done);
    return PV_OK;
}

/* ---- programs ---- */

static pv_status cpu_record(pv_program *p, pv_op op, const void *args)
{
    (void)p, (void)op, (void)args;
    return PV_OK;
}

static pv_status cpu_seal(pv_program *p)
{
    const cpu_device *d = (const cpu_device *)p->stream->device;
    pv_plan *plan;
    PV_TRY(pv_plan_make(&plan, p, d->table, p->stream->threads));
    p->plan = plan;
    return PV_OK;
}

static pv_status cpu_run(pv_program *p)
{
    pv_plan_run(p->plan, ((cpu_stream *)p->stream)->pool);
    return PV_OK;
}

static void cpu_program_close(pv_program *p) { pv_plan_free(p->plan); }

static void cpu_close(pv_device *d) { free(d); }

static const pv_device_calls calls = {
    .alloc = cpu_alloc,
    .release = cpu_release,
    .share = cpu_share,
    .unshare = cpu_unshare,
    .upload = cpu_copy,
    .download = cpu_copy,
    .fill = cpu_fill,
    .set_layers = cpu_set_layers,
    .sync = cpu_sync,
    .peak = cpu_peak,
    .stream_open = cpu_stream_open,
    .stream_close = cpu_stream_close,
    .record = cpu_record,
    .seal = cpu_seal,
    .run = cpu_run,
    .program_close = cpu_program_close,
    .close = cpu_close,
};

/* ---- the instruction set ---- */

static const pv_cpu_table *const tables[] = {
#ifdef PV_HAVE_AMX
    &pv_cpu_table_amx,
#endif
#ifdef PV_HAVE_AVX512
    &pv_cpu_table_avx512,
#endif
#ifdef PV_HAVE_AVX2
    &pv_cpu_table_avx2,
#endif
    &pv_cpu_table_baseline, &pv_cpu_table_reference,
};

#ifdef PV_HAVE_AMX
/* Linux hands the tile registers out on request, to a whole process. */
static int have_amx(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XTILEDATA = 18, BF16 = 1 << 22, TILE = 1 << 24 };
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && d & BF16 && d & TILE &&
           syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XTILEDATA) == 0;
}
#endif

static int runs_here(const pv_cpu_table *t)
{
#if defined __x86_64__ || defined __i386__
#ifdef PV_HAVE_AMX
    if (t == &pv_cpu_table_amx && !have_amx()) return 0;
#endif
    if (strcmp(t->isa, "avx512") == 0 || strcmp(t->isa, "amx") == 0)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (strcmp(t->isa, "avx2") == 0)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    (void)t;
    return 1;
}

/* The best, or the one that POLARVAE_ISA names. */
static pv_status choose(const pv_cpu_table **out)
{
    const char *wanted = getenv("POLARVAE_ISA");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (wanted && *wanted ? strcmp(wanted, tables[i]->isa) != 0 : !runs_here(tables[i]))
            continue;
        if (!runs_here(tables[i]))
            return pv_fail(PV_EDEVICE, "POLARVAE_ISA=%s: this processor cannot run it", wanted);
        *out = tables[i];
        return PV_OK;
    }
    return pv_fail(PV_EUSAGE, "POLARVAE_ISA=%s: use amx, avx512, avx2, baseline or reference",
                   wanted);
}

/* "model name : ..." of the first processor. */
static void processor_name(char *out, size_t size)
{
    snprintf(out, size, "processor");
    FILE *f = fopen("/proc/cpuinfo", "r");
    if (!f) return;
    char line[256];
    while (fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(out, size, "%s", colon + 2);
        break;
    }
    fclose(f);
}

pv_status pv_cpu_open(pv_device **out, int ordinal)
{
    *out = NULL;
    if (ordinal != 0) return pv_fail(PV_EDEVICE, "cpu:%d: there is one CPU device, cpu", ordinal);
    const pv_cpu_table *table = NULL;
    PV_TRY(choose(&table));
    cpu_device *d = calloc(1, sizeof *d);
    if (!d) return pv_fail(PV_ENOMEM, "out of memory for a device");
    d->table = table;
    d->base.calls = &calls;
    snprintf(d->base.name, sizeof d->base.name, "cpu");
    char model[128];
    processor_name(model, sizeof model);
    snprintf(d->base.description, sizeof d->base.description, "%s, %s, %ld cores", model,
             table->isa, sysconf(_SC_NPROCESSORS_ONLN));
    *out = &d->base;
    return PV_OK;
}
