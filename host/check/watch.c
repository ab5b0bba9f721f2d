/* watch.c -- everything that the kernels of a captured step compute.
 *
 * The kernels are recorded once more, without those that change parameters; what each writes for a
 * row is copied, and so is what a layer computes before its rectifier. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "check/step.h"
#include "polarvae/backend.h"

typedef struct {
    char name[PV_CHECK_NAME];
    pv_check_kind kind;
    size_t size;
    int whole;   /* whole numbers */
    void *block; /* device: the copy */
} copy;

typedef struct {
    const pv_check_model *model;
    pv_program *program;
    copy *copies;
    size_t count;
} watch;

/* ---- names ---- */

typedef struct {
    const float *w;
    int pass, *activation;
    float **to;
    int before; /* whether `to` goes through a rectifier */
} layer_call;

/* What a call of a layer on rows has, or 0 if it is none. */
static int is_layer(layer_call *out, pv_op op, void *args)
{
    if (op == PV_OP_dense) {
        pv_dense_args *a = args;
        *out = (layer_call){a->w, a->pass, &a->activation, &a->to, a->pass == PV_FORWARD};
    } else if (op == PV_OP_conv) {
        pv_conv_args *a = args;
        *out = (layer_call){a->w, a->pass, &a->activation, &a->to, !a->mask};
    } else
        return 0;
    out->before &= *out->activation == PV_RELU || *out->activation == PV_LEAKY_RELU;
    return 1;
}

static const char *layer_name(const pv_check_model *m, const layer_call *call, int *forward)
{
    const float *value = pv_trainer_parameters(m->trainer)->value;
    const pv_layer *l;
    for (int i = 0; (l = pv_vae_layer(pv_trainer_vae(m->trainer), i)); i++)
        if (value + l->weight == call->w) {
            *forward = (call->pass == PV_FORWARD) != (l->kind == PV_LAYER_DECONV);
            return l->name;
        }
    return "?";
}

static pv_check_kind kind_of(pv_op op)
{
    switch (op) {
    case PV_OP_pick:
    case PV_OP_gather_bits:
    case PV_OP_gather_bytes:
    case PV_OP_keys:
    case PV_OP_ranks:
        return PV_CHECK_INPUT;
    case PV_OP_noise:
        return PV_CHECK_NOISE;
    default:
        return PV_CHECK_ACTIVATION;
    }
}

static int is_whole(pv_op op) { return op == PV_OP_pick || op == PV_OP_keys || op == PV_OP_ranks; }

/* ---- recording ---- */

static pv_status add_copy(watch *w, size_t rows, size_t width, const float *from)
{
    pv_device *device = pv_stream_device(w->model->stream);
    copy *grown = realloc(w->copies, (w->count + 1) * sizeof *grown);
    if (!grown) return pv_fail(PV_ENOMEM, "out of memory for %zu activations", w->count);
    w->copies = grown;
    copy *c = &grown[w->count++];
    *c = (copy){.size = rows * width};
    PV_TRY(pv_device_alloc(device, c->size * sizeof(float), &c->block));
    return pv_copy(w->program,
                   &(pv_copy_args){.rows = rows, .cols = width, .from = from, .to = c->block});
}

static pv_status add_before(watch *w, const pv_call *call, const pv_field *to)
{
    union {
        pv_head head;
        pv_dense_args dense;
        pv_conv_args conv;
    } args;
    layer_call layer = {0};
    int forward;
    memcpy(&args, call->args, pv_ops[call->op].args_size);
    is_layer(&layer, call->op, &args);
    const size_t width = to->width * args.head.rows / w->program->rows;
    float *before = pv_rows(w->program, float, width);
    *layer.activation = PV_LINEAR;
    *layer.to = before;
    PV_TRY(pv_program_add(w->program, call->op, &args));
    PV_TRY(add_copy(w, args.head.rows, to->width, before));
    copy *c = &w->copies[w->count - 1];
    c->kind = PV_CHECK_RECTIFIED;
    snprintf(c->name, sizeof c->name, "%s.before", layer_name(w->model, &layer, &forward));
    return PV_OK;
}

static pv_status add_call(watch *w, const pv_call *call)
{
    const size_t rows = ((const pv_head *)call->args)->rows;
    pv_field field[PV_MAX_FIELDS];
    layer_call layer;
    const int fields = pv_ops[call->op].fields(call->args, field);
    PV_TRY(pv_program_add(w->program, call->op, call->args));
    for (int i = 0; i < fields; i++) {
        const float *written = pv_field_get(call->args, &field[i]);
        if (!pv_role_writes(field[i].role) || pv_activation_id(written) < 0) continue;
        PV_TRY(add_copy(w, rows, field[i].width, written));
        copy *c = &w->copies[w->count - 1];
        c->kind = kind_of(call->op);
        c->whole = is_whole(call->op);
        snprintf(c->name, sizeof c->name, "%s.%s", pv_ops[call->op].name, field[i].name);
        if (!is_layer(&layer, call->op, call->args)) continue;
        int forward = 1;
        const char *name = layer_name(w->model, &layer, &forward);
        snprintf(c->name, sizeof c->name, "%s.%s", name, forward ? "y" : "dx");
        if (layer.before) PV_TRY(add_before(w, call, &field[i]));
    }
    return PV_OK;
}

static pv_status record(watch *w)
{
    const pv_program *step = pv_trainer_program(w->model->trainer);
    PV_TRY(pv_program_begin(&w->program, w->model->stream, step->rows));
    /* Names of activations are numbers, given in order: the calls find theirs. */
    for (size_t i = 0; i < step->activation_count; i++)
        pv_program_rows_of(w->program, step->activations[i], 1);
    for (size_t i = 0; i < step->call_count; i++) {
        const pv_op op = step->calls[i].op;
        if (op == PV_OP_adam || op == PV_OP_adam_rates || op == PV_OP_end_step) continue;
        PV_TRY(add_call(w, &step->calls[i]));
    }
    return pv_program_seal(w->program);
}

/* ---- the copies ---- */

/* As many bits of a whole number as a float holds. */
static float last_bits(float x)
{
    uint32_t whole;
    memcpy(&whole, &x, sizeof whole);
    return (float)(whole & 0xffffff);
}

static pv_status keep(pv_check_table *table, const watch *w, float *room)
{
    for (size_t i = 0; i < w->count; i++) {
        const copy *c = &w->copies[i];
        PV_TRY(pv_download(w->model->stream, room, c->block, c->size * sizeof *room));
        for (size_t j = 0; j < c->size && c->whole; j++) room[j] = last_bits(room[j]);
        PV_TRY(pv_check_table_add(table, c->name, c->kind, room, c->size));
    }
    return PV_OK;
}

pv_status pv_check_watch(pv_check_table *table, const pv_check_model *model)
{
    watch w = {.model = model};
    float *room = NULL;
    size_t largest = 0;
    pv_status status = record(&w);
    if (status == PV_OK) status = pv_program_run(w.program);
    for (size_t i = 0; i < w.count; i++)
        if (w.copies[i].size > largest) largest = w.copies[i].size;
    if (status == PV_OK) status = pv_new(&room, largest, sizeof *room, "an activation");
    if (status == PV_OK) status = keep(table, &w, room);
    pv_program_close(w.program);
    for (size_t i = 0; i < w.count; i++)
        pv_device_release(pv_stream_device(model->stream), w.copies[i].block);
    free(w.copies);
    free(room);
    return status;
}
