/* run_kernel.h -- one kernel at a time on a device, from and to host memory.
 *
 * Arguments hold host pointers; the declarations of ops.h say what is uploaded and what comes back.
 * Each kernel runs with several numbers of threads, whose results must be equal to the bit. */
#ifndef PV_RUN_KERNEL_H
#define PV_RUN_KERNEL_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "polarvae/backend.h"

/* Threads are the CPU's: elsewhere a second run is enough to tell whether bits repeat. */
enum { STREAMS = 4, ARGS_BYTES = 256, GUARD = 64 };
static const int stream_threads[STREAMS] = {1, 2, 3, 8};
static pv_device *device;
static pv_stream *stream[STREAMS];
static int streams;       /* that are tried */
static char context[160]; /* what is being tested, for messages */
static const char *only;  /* argv[2]: the one case that runs */

/* ---- the devices: argv[1], or the CPU with every instruction set ---- */

/* Races do not depend on the instruction set, and ThreadSanitizer is slow. */
#ifdef __SANITIZE_THREAD__
enum { BEST_SET_ONLY = 1 };
#else
enum { BEST_SET_ONLY = 0 };
#endif

static void test_device(const char *name, void (*test)(void))
{
    NEED(pv_device_open(&device, name));
    streams = strcmp(pv_device_name(device), "cpu") == 0 ? STREAMS : 2;
    for (int i = 0; i < STREAMS; i++) NEED(pv_stream_open(&stream[i], device, stream_threads[i]));
    printf("%s\n", pv_device_description(device));
    test();
    for (int i = 0; i < STREAMS; i++) pv_stream_close(stream[i]);
    pv_device_close(device);
}

static void test_devices(int argc, char **argv, void (*test)(void))
{
    only = argc > 2 ? argv[2] : NULL;
    static const char *const sets[] = {"reference", "baseline", "avx2", "avx512", "amx"};
    if (argc > 1 || BEST_SET_ONLY || getenv("POLARVAE_ISA")) {
        test_device(argc > 1 ? argv[1] : "cpu", test);
        return;
    }
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        pv_device *probe;
        setenv("POLARVAE_ISA", sets[i], 1);
        if (pv_device_open(&probe, "cpu") == PV_EDEVICE) {
            printf("skipped: %s\n", pv_error());
            continue;
        }
        pv_device_close(probe);
        test_device("cpu", test);
    }
}

/* ---- one run ---- */

typedef union {
    char bytes[ARGS_BYTES];
    pv_head head;
} any_args;

static size_t field_bytes(const pv_field *f, size_t rows)
{
    return f->size * f->width * (pv_role_row_aligned(f->role) ? rows : 1);
}

/* A device copy of a field with a guard behind it; what is only written starts as NaN. */
static void *field_upload(pv_stream *s, const pv_field *f, const void *host, size_t bytes)
{
    void *block;
    NEED(pv_device_alloc(device, bytes + GUARD, &block));
    NEED(pv_fill(s, block, 0xff, bytes + GUARD));
    if (f->role != PV_ROLE_OUT && f->role != PV_ROLE_SUM) NEED(pv_upload(s, block, host, bytes));
    return block;
}

static void *field_download(pv_stream *s, const void *block, size_t bytes)
{
    unsigned char *host = malloc(bytes + GUARD);
    NEED(pv_download(s, host, block, bytes + GUARD));
    for (int i = 0; i < GUARD; i++)
        check(host[bytes + (size_t)i] == 0xff, "%s: writes behind its output", context);
    return host;
}

/* Runs `op` in a program of `batch` rows; result[i] is a copy of field i if it is written. */
static void run_once(pv_op op, const void *args, pv_stream *s, size_t batch,
                     void *result[PV_MAX_FIELDS])
{
    pv_field field[PV_MAX_FIELDS];
    const size_t rows = ((const pv_head *)args)->rows;
    const int fields = pv_ops[op].fields(args, field);
    any_args on_device;
    void *block[PV_MAX_FIELDS] = {0};
    memcpy(&on_device, args, pv_ops[op].args_size);
    for (int i = 0; i < fields; i++) {
        const void *host = pv_field_get(args, &field[i]);
        if (host) block[i] = field_upload(s, &field[i], host, field_bytes(&field[i], rows));
        pv_field_set(&on_device, &field[i], block[i]);
    }
    pv_program *program;
    NEED(pv_program_begin(&program, s, batch));
    NEED(pv_program_add(program, op, &on_device));
    NEED(pv_program_seal(program));
    NEED(pv_program_run(program));
    NEED(pv_stream_sync(s));
    pv_program_close(program);
    for (int i = 0; i < fields; i++) {
        result[i] = block[i] && pv_role_writes(field[i].role)
                        ? field_download(s, block[i], field_bytes(&field[i], rows))
                        : NULL;
        pv_device_release(device, block[i]);
    }
}

/* Runs `op` on host memory: the written fields of args hold the result. A kernel that sums over
 * the batch runs with the batch for its rows only; the others also beside it. */
HELPER void run_kernel(pv_op op, const void *args)
{
    pv_field field[PV_MAX_FIELDS];
    const size_t rows = ((const pv_head *)args)->rows;
    const int fields = pv_ops[op].fields(args, field);
    int sums = 0;
    void *first[PV_MAX_FIELDS];
    run_once(op, args, stream[0], rows, first);
    for (int i = 0; i < fields; i++) sums |= field[i].role == PV_ROLE_SUM;
    for (int run = 1; run < (sums ? streams : streams + streams / 2); run++) {
        void *again[PV_MAX_FIELDS];
        run_once(op, args, stream[run % streams], run < streams ? rows : rows + 1, again);
        for (int i = 0; i < fields; i++) {
            if (again[i] && run < streams)
                check(memcmp(again[i], first[i], field_bytes(&field[i], rows)) == 0,
                      "%s: other bits with %d threads", context, stream_threads[run % streams]);
            free(again[i]);
        }
    }
    for (int i = 0; i < fields; i++) {
        if (first[i]) memcpy(pv_field_get(args, &field[i]), first[i], field_bytes(&field[i], rows));
        free(first[i]);
    }
}

/* ---- comparing ---- */

/* The largest error so far, in units of what is allowed. */
typedef struct {
    double error, got, want;
    size_t at;
} worst;

static void compare(worst *w, size_t at, double got, double want, double allowed)
{
    if (got == want || got == (double)(float)want || (isnan(got) && isnan(want))) return;
    double error = fabs(got - want) / allowed;
    if (error <= w->error) return; /* also remembers NaN */
    *w = (worst){isnan(error) ? HUGE_VAL : error, got, want, at};
}

static void judge(const char *what, const worst *w)
{
    check(w->error <= 1.0, "%s: %s[%zu] is %.9g, not %.9g: %.3g times the allowed error", context,
          what, w->at, w->got, w->want, w->error);
}

/* ---- inputs ---- */

HELPER uint32_t hash(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    return x ^ x >> 16;
}

/* Uniform in [-1, 1), a function of (key, index). */
HELPER double hashed(uint32_t key, size_t index)
{
    return hash(hash(key) + (uint32_t)index) * 0x1p-31 - 1.0;
}

HELPER float *new_floats(size_t n)
{
    float *x = malloc((n + !n) * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = NAN;
    return x;
}

#endif
