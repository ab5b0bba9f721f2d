/* plan.c -- from a program to stages, tasks and segments. */
#include "inside.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *array, size_t count, size_t size)
{
    /* capacity is the next power of two */
    if (count & (count - 1)) return array;
    return realloc(array, (count ? 2 * count : 1) * size);
}

/* ---- stages ---- */

static size_t field_bytes(const node *n, const pv_field *f)
{
    return f->size * f->width * (pv_role_row_aligned(f->role) ? n->rows : 1);
}

static int overlap(const node *a, const pv_field *f, const node *b, const pv_field *g)
{
    const char *p = pv_field_get(a->args, f), *q = pv_field_get(b->args, g);
    if (!p || !q) return 0;
    if (pv_activation_id(p) >= 0 || pv_activation_id(q) >= 0) return p == q;
    return p < q + field_bytes(b, g) && q < p + field_bytes(a, f);
}

/* Do both see the same rows of the same thing, so that they may follow each other row by row? */
static int aligned(const node *a, const pv_field *f, const node *b, const pv_field *g)
{
    return a->batch && b->batch && pv_field_get(a->args, f) == pv_field_get(b->args, g) &&
           f->role < PV_ROLE_WHOLE && g->role < PV_ROLE_WHOLE &&
           f->size * f->width == g->size * g->width;
}

/* The earliest stage for `n` as far as the earlier kernel `e` is concerned; only the fields of
 * `n` in `role` count (-1: all). */
static size_t earliest_after(const node *n, const node *e, int role)
{
    size_t earliest = 0;
    for (int i = 0; i < n->fields; i++)
        for (int j = 0; j < e->fields; j++) {
            const pv_field *f = &n->field[i], *g = &e->field[j];
            if (role >= 0 && (int)f->role != role) continue;
            if (!pv_role_writes(f->role) && !pv_role_writes(g->role)) continue;
            if (!overlap(n, f, e, g)) continue;
            size_t done = g->role == PV_ROLE_SUM ? e->finish_stage : e->stage;
            earliest = larger(earliest, aligned(n, f, e, g) ? done : done + 1);
        }
    return earliest;
}

static void read_node(node *n, const pv_call *call, const pv_cpu_table *table, size_t rows)
{
    n->op = call->op;
    n->kernel = &table->op[call->op];
    n->args = call->args;
    n->fields = pv_ops[call->op].fields(call->args, n->field);
    n->rows = ((const pv_head *)call->args)->rows;
    n->cols = ((const pv_head *)call->args)->cols;
    if (n->kernel->needs) n->kernel->needs(n->args, &n->needs);
    n->batch = n->rows == rows && n->kernel->run && !n->needs.whole_units;
    for (int i = 0; i < n->fields; i++)
        if (n->field[i].role == PV_ROLE_WHOLE || n->field[i].role == PV_ROLE_STATE) n->batch = 0;
    assert(n->batch || !n->needs.finish_units);
    assert(pv_ops[call->op].args_size <= ARGS);
}

static void assign_stages(pv_plan *p)
{
    size_t first_batch = 0;
    for (size_t i = 0; i < p->node_count; i++)
        if (p->nodes[i].needs.prepare_units) first_batch = 1;
    for (size_t i = 0; i < p->node_count; i++) {
        node *n = &p->nodes[i];
        for (size_t j = 0; j < i; j++) {
            n->stage = larger(n->stage, earliest_after(n, &p->nodes[j], -1));
            n->prepare_stage =
                larger(n->prepare_stage,
                       earliest_after(n, &p->nodes[j], n->batch ? (int)PV_ROLE_SHARED : -1));
        }
        if (n->needs.prepare_units) n->stage = larger(n->stage, n->prepare_stage + 1);
        if (n->batch) n->stage = larger(n->stage, first_batch);
        n->finish_stage = n->stage + (n->needs.finish_units > 0);
        p->stage_count = larger(p->stage_count, n->finish_stage + 1);
    }
}

/* ---- tasks ---- */

static int add_task(stage *s, task t)
{
    task *grown = grow(s->tasks, s->task_count, sizeof t);
    if (!grown) return 0;
    s->tasks = grown;
    s->tasks[s->task_count++] = t;
    return 1;
}

/* `units` in at most `pieces` tasks. */
static int add_tasks(stage *s, task_kind kind, size_t index, size_t units, size_t pieces)
{
    size_t size = (units + pieces - 1) / pieces;
    for (size_t from = 0; from < units; from += size)
        if (!add_task(s, (task){kind, index, from, smaller(from + size, units)})) return 0;
    return 1;
}

static int list_tasks(pv_plan *p)
{
    for (size_t i = 0; i < p->node_count; i++) {
        node *n = &p->nodes[i];
        stage *s = &p->stages[n->stage];
        if (n->batch) {
            size_t *grown = grow(s->nodes, s->node_count, sizeof *grown);
            if (!grown) return 0;
            s->nodes = grown;
            n->order = s->node_count;
            s->nodes[s->node_count++] = i;
            if (s->node_count == 1 && !add_tasks(s, TASK_GROUP, 0, p->groups, p->groups)) return 0;
        }
    }
    for (size_t i = 0; i < p->node_count; i++) {
        const node *n = &p->nodes[i];
        int state = 0, ok = 1;
        for (int j = 0; j < n->fields; j++) state |= n->field[j].role == PV_ROLE_STATE;
        if (n->needs.prepare_units)
            ok &= add_tasks(&p->stages[n->prepare_stage], TASK_PREPARE, i, n->needs.prepare_units,
                            16);
        if (n->needs.finish_units)
            ok &= add_tasks(&p->stages[n->finish_stage], TASK_FINISH, i, n->needs.finish_units, 16);
        if (n->needs.whole_units)
            ok &= add_tasks(&p->stages[n->stage], TASK_WHOLE, i, n->needs.whole_units,
                            n->needs.whole_units);
        else if (!n->batch) {
            const pv_kind kind = pv_ops[n->op].kind;
            const size_t pieces = kind == PV_MAP     ? n->rows * n->cols / RANGE + 1
                                  : kind == PV_LAYER ? (n->rows + CHUNK - 1) / CHUNK
                                                     : 64;
            ok &= add_tasks(&p->stages[n->stage], TASK_RANGE, i, n->rows, state ? 1 : pieces);
        }
        if (!ok) return 0;
    }
    return 1;
}

/* ---- segments ---- */

/* Of the largest activation that a kernel touches. */
static size_t row_bytes(const node *n)
{
    size_t bytes = 0;
    for (int i = 0; i < n->fields; i++)
        if (n->field[i].role < PV_ROLE_WHOLE && pv_field_get(n->args, &n->field[i]))
            bytes = larger(bytes, n->field[i].size * n->field[i].width);
    return bytes;
}

/* Layers choose by the size of their activations; what stands between layers joins them. */
static int make_segments(pv_plan *p, stage *s)
{
    size_t rows = 0;
    for (size_t i = s->node_count; i-- > 0;) { /* from the back: leading kernels join the first */
        node *n = &p->nodes[s->nodes[i]];
        if (pv_ops[n->op].kind != PV_LAYER) continue;
        for (n->at_a_time = CHUNK; n->at_a_time > 1 && n->at_a_time * row_bytes(n) > CACHE;)
            n->at_a_time /= 2;
        rows = n->at_a_time;
    }
    if (rows == 0) rows = CHUNK;
    for (size_t i = 0; i < s->node_count; i++) {
        node *n = &p->nodes[s->nodes[i]];
        if (n->at_a_time == 0) n->at_a_time = rows;
        if (i == 0 || n->at_a_time != rows) {
            segment *grown = grow(s->segments, s->segment_count, sizeof *grown);
            if (!grown) return 0;
            s->segments = grown;
            s->segments[s->segment_count++] = (segment){i, i, n->at_a_time};
        }
        rows = n->at_a_time;
        s->segments[s->segment_count - 1].to = i + 1;
    }
    return 1;
}

/* ---- making and freeing ---- */

void pv_plan_free(pv_plan *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->stage_count && p->stages; i++) {
        free(p->stages[i].tasks);
        free(p->stages[i].nodes);
        free(p->stages[i].segments);
    }
    free(p->stages);
    free(p->nodes);
    free(p->places);
    free(p->memory);
    free(p);
}

pv_status pv_plan_make(pv_plan **out, const pv_program *program, const pv_cpu_table *table,
                       int threads)
{
    *out = NULL;
    pv_status status;
    pv_plan *p = calloc(1, sizeof *p);
    if (!p) return pv_fail(PV_ENOMEM, "out of memory for a plan");
    p->node_count = program->call_count;
    p->place_count = program->activation_count;
    p->nodes = calloc(larger(p->node_count, 1), sizeof *p->nodes);
    p->places = calloc(larger(p->place_count, 1), sizeof *p->places);
    p->rows = program->rows;
    p->threads = threads;
    p->groups = smaller(GROUPS, (p->rows + CHUNK - 1) / CHUNK);
    p->groups = larger(p->groups, 1);
    p->group_rows = (p->rows + p->groups - 1) / p->groups;
    if (!p->nodes || !p->places) goto out;
    for (size_t i = 0; i < p->node_count; i++)
        read_node(&p->nodes[i], &program->calls[i], table, p->rows);
    for (size_t i = 0; i < p->place_count; i++) {
        p->places[i].row_bytes = program->activations[i];
    }
    assign_stages(p);
    p->stages = calloc(larger(p->stage_count, 1), sizeof *p->stages);
    if (!p->stages || !list_tasks(p)) goto out;
    for (size_t i = 0; i < p->stage_count; i++)
        if (!make_segments(p, &p->stages[i])) goto out;
    status = pv_plan_place(p);
    if (status == PV_OK)
        *out = p;
    else
        pv_plan_free(p);
    return status;
out:
    pv_plan_free(p);
    return pv_fail(PV_ENOMEM, "out of memory for a plan");
}
