/* program.c -- recording: the list of kernels of a program, and the declarations of ops.h as data.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "polarvae/backend.h"

/* ---- ops.h as data ---- */

#define FIELD(role_, type, name_, width_)                                                          \
    *out++ = (pv_field){.name = #name_,                                                            \
                        .offset = offsetof(args_type, name_),                                      \
                        .size = sizeof(type),                                                      \
                        .width = (size_t)(width_),                                                 \
                        .role = PV_ROLE_##role_};
#define VALUE(type, name)
#define FIELDS(op)                                                                                 \
    static int op##_fields(const void *args, pv_field out[PV_MAX_FIELDS])                          \
    {                                                                                              \
        typedef pv_##op##_args args_type;                                                          \
        const args_type *a = args;                                                                 \
        const pv_field *start = out;                                                               \
        PV_FIELDS_##op(FIELD, VALUE)(void) a;                                                      \
        return (int)(out - start);                                                                 \
    }
PV_ALL_OPS(FIELDS)

#define INFO(op, kind_) [PV_OP_##op] = {#op, kind_, sizeof(pv_##op##_args), op##_fields},
#define INFO_MAP(op) INFO(op, PV_MAP)
#define INFO_ROWS(op) INFO(op, PV_ROWS)
#define INFO_COLUMNS(op) INFO(op, PV_COLUMNS)
#define INFO_LAYER(op) INFO(op, PV_LAYER)
const pv_op_info pv_ops[PV_OP_COUNT] = {PV_LAYER_OPS(INFO_LAYER)
                                            PV_OPS(INFO_MAP, INFO_MAP, INFO_ROWS, INFO_COLUMNS)};

/* ---- activations ---- */

void *pv_program_rows_of(pv_program *p, size_t width, size_t size)
{
    size_t *grown = realloc(p->activations, (p->activation_count + 1) * sizeof *grown);
    if (!grown) {
        p->out_of_memory = 1;
        return NULL;
    }
    p->activations = grown;
    grown[p->activation_count] = width * size;
    return (void *)(PV_ACTIVATION_BASE + 64 * p->activation_count++);
}

/* ---- recording ---- */

pv_status pv_program_begin(pv_program **out, pv_stream *stream, size_t rows)
{
    *out = NULL;
    pv_program *p = calloc(1, sizeof *p);
    if (!p) return pv_fail(PV_ENOMEM, "out of memory for a program");
    p->stream = stream;
    p->rows = rows;
    *out = p;
    return PV_OK;
}

size_t pv_program_rows(const pv_program *p) { return p->rows; }

/* What a device may rely on: pointers are there, activations have the size they are used with. */
static void check(const pv_program *p, pv_op op, const void *args)
{
    pv_field field[PV_MAX_FIELDS];
    int fields = pv_ops[op].fields(args, field);
    for (int i = 0; i < fields; i++) {
        long id = pv_activation_id(pv_field_get(args, &field[i]));
        if (id < 0) continue;
        assert((size_t)id < p->activation_count);
        assert(pv_role_row_aligned(field[i].role));
        assert(p->activations[id] * p->rows ==
               field[i].width * field[i].size * ((const pv_head *)args)->rows);
    }
    (void)p;
}

pv_status pv_program_add(pv_program *p, pv_op op, const void *args)
{
    assert(!p->plan);
    PV_TRY(p->stream->device->calls->record(p, op, args));
    pv_call *grown = realloc(p->calls, (p->call_count + 1) * sizeof *grown);
    void *copy = malloc(pv_ops[op].args_size);
    if (grown) p->calls = grown;
    if (!grown || !copy || p->out_of_memory) {
        free(copy);
        return pv_fail(PV_ENOMEM, "out of memory for a program of %zu kernels", p->call_count + 1);
    }
    memcpy(copy, args, pv_ops[op].args_size);
    pv_head *head = copy;
    assert(head->first == 0);
    if (head->rows == 0) head->rows = p->rows;
    if (head->cols == 0) head->cols = 1;
    check(p, op, copy);
    p->calls[p->call_count++] = (pv_call){.op = op, .args = copy};
    return PV_OK;
}

pv_status pv_program_seal(pv_program *p) { return p->stream->device->calls->seal(p); }
pv_status pv_program_run(pv_program *p) { return p->stream->device->calls->run(p); }
const char *pv_program_choices(const pv_program *p) { return p->choices; }

void pv_program_close(pv_program *p)
{
    if (!p) return;
    p->stream->device->calls->program_close(p);
    for (size_t i = 0; i < p->call_count; i++) free(p->calls[i].args);
    free(p->calls);
    free(p->activations);
    free(p);
}
