/* bench_kernels.c -- polarvae bench kernels: every kernel of a training step on its own.
 *
 * The captured step is taken apart: each recorded kernel becomes a program of its own, whose
 * activations are real memory. Alone it reads and writes memory that in a step would be in cache,
 * so the times add up to more than a step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/bench.h"
#include "polarvae/backend.h"

/* Each is of so many runs in a row as take a millisecond, that starting them counts little. */
enum { TIMES = 15, MOST_RUNS = 100 };

typedef struct {
    double flops, bytes;
    char shape[64];
} cost;

static cost layer_cost(const pv_call *call)
{
    cost c = {0};
    const double rows = (double)((const pv_head *)call->args)->rows;
    if (call->op == PV_OP_dense) {
        const pv_dense_args *a = call->args;
        c.flops = 2.0 * rows * (double)a->in * (double)a->out;
        snprintf(c.shape, sizeof c.shape, "%s %zux%zu", a->pass == PV_FORWARD ? "forward" : "data",
                 a->in, a->out);
    } else if (call->op == PV_OP_dense_weight_grad) {
        const pv_dense_weight_grad_args *a = call->args;
        c.flops = 2.0 * rows * (double)a->in * (double)a->out;
        snprintf(c.shape, sizeof c.shape, "%zux%zu", a->in, a->out);
    } else if (call->op == PV_OP_conv) {
        const pv_conv_args *a = call->args;
        c.flops =
            2.0 * rows * (double)(PV_CONV_WEIGHTS * PV_CONV_SIZE(height) * PV_CONV_SIZE(width));
        snprintf(c.shape, sizeof c.shape, "%s %dx%dx%d, %d of %dx%d",
                 a->pass == PV_FORWARD ? "down" : "up", a->height, a->width, a->channels,
                 a->filters, a->kernel, a->kernel);
    } else if (call->op == PV_OP_conv_weight_grad) {
        const pv_conv_weight_grad_args *a = call->args;
        c.flops =
            2.0 * rows * (double)(PV_CONV_WEIGHTS * PV_CONV_SIZE(height) * PV_CONV_SIZE(width));
        snprintf(c.shape, sizeof c.shape, "%dx%dx%d, %d of %dx%d", a->height, a->width, a->channels,
                 a->filters, a->kernel, a->kernel);
    }
    return c;
}

/* What a kernel must at least move: every field once. A gather reads only what it takes. */
static double traffic(const pv_call *call)
{
    pv_field field[PV_MAX_FIELDS];
    const int fields = pv_ops[call->op].fields(call->args, field);
    const size_t rows = ((const pv_head *)call->args)->rows;
    const int gather = call->op == PV_OP_gather_bits || call->op == PV_OP_gather_bytes;
    double bytes = 0.0;
    for (int i = 0; i < fields; i++) {
        if (!pv_field_get(call->args, &field[i])) continue;
        if (gather && field[i].role == PV_ROLE_SHARED) continue;
        bytes += (double)(field[i].size * field[i].width *
                          (pv_role_row_aligned(field[i].role) ? rows : 1));
    }
    return bytes;
}

/* The median time of one recorded kernel whose activations are at `memory`. */
static pv_status time_call(double *seconds, const pv_call *call, pv_stream *stream, size_t rows,
                           char *const *memory)
{
    pv_field field[PV_MAX_FIELDS];
    const int fields = pv_ops[call->op].fields(call->args, field);
    union {
        char bytes[512];
        pv_head head;
    } args;
    double times[TIMES];
    pv_program *program = NULL;
    memcpy(args.bytes, call->args, pv_ops[call->op].args_size);
    for (int i = 0; i < fields; i++) {
        const long id = pv_activation_id(pv_field_get(args.bytes, &field[i]));
        if (id >= 0) pv_field_set(args.bytes, &field[i], memory[id]);
    }
    PV_TRY(pv_program_begin(&program, stream, rows));
    pv_status status = pv_program_add(program, call->op, args.bytes);
    if (status == PV_OK) status = pv_program_seal(program);
    double last = 1.0; /* the first two warm up */
    for (int i = -2; i < TIMES && status == PV_OK; i++) {
        const int runs = last * MOST_RUNS < 1e-3 ? MOST_RUNS : (int)(1e-3 / last) + 1;
        const double start = pv_now();
        for (int run = 0; run < runs && status == PV_OK; run++) status = pv_program_run(program);
        if (status == PV_OK) status = pv_stream_sync(stream);
        last = (pv_now() - start) / runs;
        if (i >= 0) times[i] = last;
    }
    pv_program_close(program);
    if (status == PV_OK) *seconds = pv_bench_median(times, TIMES);
    return status;
}

/* Bytes a second of copying a block that no cache holds. */
static pv_status bandwidth(double *out, pv_stream *stream)
{
    const size_t count = (size_t)16 << 20;
    void *block;
    double seconds = 0.0;
    PV_TRY(pv_device_alloc(pv_stream_device(stream), 2 * count * sizeof(float), &block));
    pv_status status = pv_fill(stream, block, 0, 2 * count * sizeof(float));
    pv_copy_args args = {.rows = count, .cols = 1, .from = block, .to = (float *)block + count};
    if (status == PV_OK)
        status = time_call(&seconds, &(pv_call){PV_OP_copy, &args}, stream, 1, NULL);
    pv_device_release(pv_stream_device(stream), block);
    *out = 2.0 * (double)(count * sizeof(float)) / seconds;
    return status;
}

static pv_status time_all(const pv_trainer *trainer, pv_stream *stream, char *const *memory,
                          int json)
{
    const pv_program *step = pv_trainer_program(trainer);
    const pv_vae *vae = pv_trainer_vae(trainer);
    double peak, rate, total = 0.0, flops = 0.0;
    PV_TRY(pv_stream_peak(stream, &peak));
    PV_TRY(bandwidth(&rate, stream));
    pv_json *j = json ? pv_json_new() : NULL;
    if (json) {
        pv_json_object(j, NULL);
        pv_json_text(j, "precision", pv_stream_precision(stream));
        pv_json_real(j, "peak_gflops", peak * 1e-9);
        pv_json_real(j, "bandwidth_gb_s", rate * 1e-9);
        pv_json_array(j, "kernels");
    } else
        printf("%s; %s\npeak %.1f GFLOP/s, copy %.1f GB/s, %d thread(s), batch %zu\n\n"
               "%-22s %-30s %9s %9s %9s\n",
               pv_device_description(pv_stream_device(stream)), pv_stream_precision(stream),
               peak * 1e-9, rate * 1e-9, pv_stream_threads(stream), step->rows, "kernel", "shape",
               "ms", "of peak", "of copy");
    pv_status status = PV_OK;
    for (size_t i = 0; i < step->call_count && status == PV_OK; i++) {
        const pv_call *call = &step->calls[i];
        cost c = layer_cost(call);
        double seconds = 0.0;
        c.bytes = traffic(call);
        flops += c.flops;
        const double arithmetic = c.flops / peak, movement = c.bytes / rate;
        status = time_call(&seconds, call, stream, step->rows, memory);
        total += seconds;
        if (json) {
            pv_json_object(j, NULL);
            pv_json_text(j, "kernel", pv_ops[call->op].name);
            pv_json_text(j, "shape", c.shape);
            pv_json_real(j, "ms", seconds * 1e3);
            pv_json_real(j, "peak_share", arithmetic / seconds);
            pv_json_real(j, "bandwidth_share", movement / seconds);
            pv_json_end(j);
        } else
            printf("%-22s %-30s %9.4f %7.0f %% %7.0f %%\n", pv_ops[call->op].name, c.shape,
                   seconds * 1e3, 100.0 * arithmetic / seconds, 100.0 * movement / seconds);
    }
    if (json) {
        pv_json_end(j);
        pv_json_real(j, "gflop", flops * 1e-9);
        pv_json_real(j, "discriminator_gflop",
                     pv_bench_discriminator_flops(vae, step->rows) * 1e-9);
        pv_status told = pv_json_finish(j, status == PV_OK ? "-" : "/dev/null");
        return status == PV_OK ? told : status;
    }
    if (status != PV_OK) return status;
    printf("%-22s %-30s %9.4f\n\n%.2f GFLOP of layers", "sum", "", total * 1e3, flops * 1e-9);
    if (vae->discriminator.layers)
        printf(", of which %.2f are the discriminator's",
               pv_bench_discriminator_flops(vae, step->rows) * 1e-9);
    printf("\n");
    return PV_OK;
}

/* One block in which every activation of the step has a place of its own. */
static pv_status place_activations(void **block, char **memory, const pv_program *step,
                                   pv_stream *stream)
{
    size_t bytes = 0;
    for (size_t i = 0; i < step->activation_count; i++)
        bytes += (step->activations[i] * step->rows + 63) / 64 * 64;
    PV_TRY(pv_device_alloc(pv_stream_device(stream), bytes, block));
    char *at = *block;
    for (size_t i = 0; i < step->activation_count; i++) {
        memory[i] = at;
        at += (step->activations[i] * step->rows + 63) / 64 * 64;
    }
    return pv_fill(stream, *block, 0, bytes);
}

pv_status pv_bench_kernels(const pv_bench_options *o)
{
    pv_bench_setup setup;
    pv_stream *stream = NULL;
    pv_trainer *trainer = NULL;
    char **memory = NULL;
    void *block = NULL;
    PV_TRY(pv_bench_open(&setup, o));
    pv_status status = pv_stream_open(&stream, setup.device, (int)o->threads);
    if (status == PV_OK) status = pv_trainer_open(&trainer, &setup.config, &setup.images, stream);
    const pv_program *step = status == PV_OK ? pv_trainer_program(trainer) : NULL;
    if (step) status = pv_new(&memory, step->activation_count, sizeof *memory, "activations");
    if (step && status == PV_OK) status = place_activations(&block, memory, step, stream);
    if (step && status == PV_OK) status = time_all(trainer, stream, memory, o->json);
    pv_device_release(setup.device, block);
    free(memory);
    pv_trainer_close(trainer);
    pv_stream_close(stream);
    pv_bench_close(&setup);
    return status;
}
