/* plan.cu -- a program as one CUDA graph: places for its activations, work space, and the capture.
 *
 * Calls run one after the other, so that activations that are needed at different times share
 * memory, and all calls share their work space. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda.h"

enum { ALIGN = 256 };

typedef struct {
    size_t offset, bytes;
    size_t first, last; /* calls that use it */
    int used;
} place;

typedef struct {
    char *memory; /* of the device: work space, then activations */
    size_t workspace;
    void **args; /* of each call, with addresses for handles */
    convolution **conv;
    float **sums; /* of each call: see launch */
    char *summed;
    size_t calls;
    char *choices;
    cudaGraph_t graph;
    cudaGraphExec_t ready;
} plan;

static size_t round_up(size_t n) { return (n + ALIGN - 1) / ALIGN * ALIGN; }
static int is_conv(pv_op op) { return op == PV_OP_conv || op == PV_OP_conv_weight_grad; }

/* ---- recording ---- */

pv_status pv_cuda_record(pv_program *program, pv_op op, const void *args)
{
    (void)program, (void)op, (void)args;
    return PV_OK;
}

/* ---- places ---- */

static void find_uses(const pv_program *program, place *places)
{
    for (size_t i = 0; i < program->activation_count; i++)
        places[i].bytes = round_up(program->activations[i] * program->rows);
    for (size_t i = 0; i < program->call_count; i++) {
        pv_field field[PV_MAX_FIELDS];
        const pv_call *call = &program->calls[i];
        const int fields = pv_cuda_host->ops[call->op].fields(call->args, field);
        for (int j = 0; j < fields; j++) {
            const long id = pv_activation_id(pv_field_get(call->args, &field[j]));
            if (id < 0) continue;
            if (!places[id].used) places[id].first = i;
            places[id].used = 1;
            places[id].last = i;
        }
    }
}

/* Each takes the lowest place that no other one of its time overlaps. Returns the bytes of all. */
static size_t give_places(place *places, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        place *p = &places[i];
        if (!p->used) continue;
        for (int moved = 1; moved;) {
            moved = 0;
            for (size_t j = 0; j < i; j++) {
                const place *q = &places[j];
                if (!q->used || q->last < p->first || p->last < q->first) continue;
                if (p->offset < q->offset + q->bytes && q->offset < p->offset + p->bytes) {
                    p->offset = q->offset + q->bytes;
                    moved = 1;
                }
            }
        }
        if (p->offset + p->bytes > total) total = p->offset + p->bytes;
    }
    return total;
}

/* ---- making ---- */

static pv_status copy_args(plan *p, const pv_program *program)
{
    p->args = (void **)calloc(program->call_count + 1, sizeof *p->args);
    p->conv = (convolution **)calloc(program->call_count + 1, sizeof(convolution *));
    p->sums = (float **)calloc(program->call_count + 1, sizeof *p->sums);
    p->summed = (char *)calloc(program->call_count + 1, 1);
    if (!p->args || !p->conv || !p->sums || !p->summed)
        return FAIL(PV_ENOMEM, "out of memory for a plan");
    for (size_t i = 0; i < program->call_count; i++, p->calls++) {
        const size_t size = pv_cuda_host->ops[program->calls[i].op].args_size;
        p->args[i] = malloc(size);
        if (!p->args[i]) return FAIL(PV_ENOMEM, "out of memory for a plan");
        memcpy(p->args[i], program->calls[i].args, size);
    }
    return PV_OK;
}

static void set_addresses(plan *p, const pv_program *program, const place *places)
{
    for (size_t i = 0; i < program->call_count; i++) {
        pv_field field[PV_MAX_FIELDS];
        const int fields = pv_cuda_host->ops[program->calls[i].op].fields(p->args[i], field);
        for (int j = 0; j < fields; j++) {
            const long id = pv_activation_id(pv_field_get(p->args[i], &field[j]));
            if (id >= 0)
                pv_field_set(p->args[i], &field[j], p->memory + p->workspace + places[id].offset);
        }
    }
}

/* Opens convolutions; how much work space the calls want. */
static pv_status size_workspace(plan *p, const pv_program *program, cuda_stream *s)
{
    for (size_t i = 0; i < program->call_count; i++) {
        const pv_op op = program->calls[i].op;
        size_t bytes = 0;
        if (is_conv(op)) {
            PV_TRY(pv_cuda_conv_open(&p->conv[i], s, op, p->args[i]));
            bytes = pv_cuda_conv_workspace(p->conv[i]);
        } else {
            const cuda_kernel *kernel = pv_cuda_kernel(op);
            if (kernel->workspace) bytes = kernel->workspace(p->args[i]);
        }
        if (round_up(bytes) > p->workspace) p->workspace = round_up(bytes);
    }
    return PV_OK;
}

static pv_status take_memory(plan *p, const pv_program *program, cuda_stream *s)
{
    place *places = (place *)calloc(program->activation_count + 1, sizeof *places);
    if (!places) return FAIL(PV_ENOMEM, "out of memory for a plan");
    find_uses(program, places);
    const size_t bytes = p->workspace + give_places(places, program->activation_count);
    pv_status status = pv_cuda_alloc(s->base.device, bytes, (void **)&p->memory);
    if (status == PV_OK) status = pv_cuda_fill(&s->base, p->memory, 0, bytes);
    if (status == PV_OK) set_addresses(p, program, places);
    free(places);
    return status;
}

/* What a convolution reads is zeros yet, or parameters; what it writes, the program writes anew. */
static pv_status choose_algorithms(plan *p, const pv_program *program, const launch *l)
{
    for (size_t i = 0; i < program->call_count; i++)
        if (p->conv[i]) PV_TRY(pv_cuda_conv_choose(l, p->conv[i], p->args[i]));
    return pv_cuda_sync(&l->stream->base);
}

/* One line a convolution. */
static pv_status tell_choices(plan *p)
{
    size_t size = 1;
    for (size_t i = 0; i < p->calls; i++)
        if (p->conv[i]) size += strlen(pv_cuda_conv_choice(p->conv[i])) + 1;
    char *at = p->choices = (char *)malloc(size);
    if (!at) return FAIL(PV_ENOMEM, "out of memory for a plan");
    *at = 0;
    for (size_t i = 0; i < p->calls; i++)
        if (p->conv[i]) at += sprintf(at, "%s\n", pv_cuda_conv_choice(p->conv[i]));
    return PV_OK;
}

static pv_status queue_all(const plan *p, const pv_program *program, const launch *l)
{
    for (size_t i = 0; i < program->call_count; i++) {
        const launch of = {l->stream, l->workspace, p->sums[i], p->summed[i]};
        PV_TRY(p->conv[i] ? pv_cuda_conv_queue(&of, p->conv[i], p->args[i])
                          : pv_cuda_kernel(program->calls[i].op)->queue(&of, p->args[i]));
    }
    return PV_OK;
}

/* Nobody waits for this stream meanwhile: that would end the capture. */
static pv_status capture(plan *p, const pv_program *program, const launch *l)
{
    cuda_stream *s = l->stream;
    pv_device *d = s->base.device;
    pthread_mutex_lock(&device_of(s)->lock);
    cudaError_t error = cudaStreamBeginCapture(s->queue, cudaStreamCaptureModeThreadLocal);
    pv_status status = error == cudaSuccess ? PV_OK : pv_cuda_failed(d, "the capture", error);
    if (status == PV_OK) {
        status = queue_all(p, program, l);
        error = cudaStreamEndCapture(s->queue, &p->graph);
        if (status == PV_OK && error != cudaSuccess)
            status = pv_cuda_failed(d, "cudaStreamEndCapture", error);
        else if (error != cudaSuccess)
            (void)cudaGetLastError();
    }
    pthread_mutex_unlock(&device_of(s)->lock);
    return status;
}

static void free_plan(plan *p, cuda_stream *s)
{
    if (!p) return;
    if (p->ready) (void)cudaGraphExecDestroy(p->ready);
    if (p->graph) (void)cudaGraphDestroy(p->graph);
    for (size_t i = 0; i < p->calls; i++) {
        free(p->args[i]);
        pv_cuda_conv_close(p->conv[i]);
    }
    free(p->args);
    free(p->conv);
    free(p->sums);
    free(p->summed);
    free(p->choices);
    if (p->memory) pv_cuda_release(s->base.device, p->memory);
    free(p);
}

static pv_status make(plan *p, const pv_program *program, cuda_stream *s)
{
    CUDA_TRY(s->base.device, cudaSetDevice(device_of(s)->ordinal));
    PV_TRY(copy_args(p, program));
    PV_TRY(size_workspace(p, program, s));
    PV_TRY(take_memory(p, program, s));
    const launch l = {s, p->memory, NULL, 0};
    pv_cuda_pair_sums(program, p->sums, p->summed);
    PV_TRY(choose_algorithms(p, program, &l));
    PV_TRY(tell_choices(p));
    PV_TRY(capture(p, program, &l));
    CUDA_TRY(s->base.device, cudaGraphInstantiate(&p->ready, p->graph, 0));
    return PV_OK;
}

pv_status pv_cuda_seal(pv_program *program)
{
    cuda_stream *s = (cuda_stream *)program->stream;
    plan *p = (plan *)calloc(1, sizeof *p);
    if (!p) return FAIL(PV_ENOMEM, "out of memory for a plan");
    const pv_status status = make(p, program, s);
    if (status == PV_OK) {
        program->plan = p;
        program->choices = *p->choices ? p->choices : NULL;
    } else
        free_plan(p, s);
    return status;
}

/* ---- running ---- */

pv_status pv_cuda_run(pv_program *program)
{
    cuda_stream *s = (cuda_stream *)program->stream;
    CUDA_TRY(s->base.device, cudaGraphLaunch(((plan *)program->plan)->ready, s->queue));
    return PV_OK;
}

void pv_cuda_program_close(pv_program *program)
{
    cuda_stream *s = (cuda_stream *)program->stream;
    (void)cudaStreamSynchronize(s->queue);
    free_plan((plan *)program->plan, s);
}
