/* plan.c -- from a program to stages, segments and places in memory; and the run through them. */
#include "plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK = 16,         /* rows that go through all segments of a stage together */
    GROUPS = 8,         /* most groups: each has sums of its own */
    CACHE = 384 * 1024, /* bytes of activations that a segment may touch */
    RANGE = 16384,      /* elements of a task of a kernel over something else than the batch */
    ARGS = 256,         /* room for any argument struct */
    ALIGN = 64,
};

/* One recorded kernel. */
typedef struct {
    pv_op op;
    const pv_cpu_kernel *kernel;
    const void *args;
    pv_field field[PV_MAX_FIELDS];
    int fields;
    pv_cpu_needs needs;
    int batch; /* sees one row of the batch at a time */
    size_t rows, cols;
    size_t prepare_stage, stage, finish_stage;
    size_t order;     /* among the batch kernels of its stage */
    size_t at_a_time; /* rows */
    char *packed, *sums;
} node;

typedef enum { SEGMENT, CHUNKED, GLOBAL } scope;

/* An activation: where it lives and how many rows of it there are. */
typedef struct {
    size_t row_bytes;
    size_t from, to; /* first and last order in which it is used */
    size_t stage;
    scope scope;
    int used;
    size_t offset; /* in a thread's block; for GLOBAL, in the plan's */
} place;

typedef enum { TASK_GROUP, TASK_PREPARE, TASK_FINISH, TASK_WHOLE, TASK_RANGE } task_kind;

typedef struct {
    task_kind kind;
    size_t index; /* of the node, or of the group */
    size_t from, to;
} task;

/* Batch kernels `from`..`to` of a stage's order, `rows` rows at a time. */
typedef struct {
    size_t from, to, rows;
} segment;

typedef struct {
    task *tasks;
    size_t task_count;
    size_t *nodes; /* batch kernels in order */
    size_t node_count;
    segment *segments;
    size_t segment_count;
} stage;

struct pv_plan {
    node *nodes;
    size_t node_count;
    place *places;
    size_t place_count;
    stage *stages;
    size_t stage_count;
    size_t rows, groups, group_rows;
    int threads;
    char *memory; /* global activations, packed weights, sums, then a block for each thread */
    size_t thread_base, thread_bytes, scratch_offset, sums_stride;
};

typedef struct {
    pv_plan *plan;
    const stage *stage;
} round_state;

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }
static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

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
    n->batch = n->rows == rows && n->kernel->run;
    for (int i = 0; i < n->fields; i++)
        if (n->field[i].role == PV_ROLE_WHOLE || n->field[i].role == PV_ROLE_STATE) n->batch = 0;
    if (n->kernel->needs) n->kernel->needs(n->args, &n->needs);
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
                larger(n->prepare_stage, earliest_after(n, &p->nodes[j], PV_ROLE_SHARED));
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
            size_t pieces = pv_ops[n->op].kind == PV_MAP ? n->rows * n->cols / RANGE + 1 : 64;
            ok &= add_tasks(&p->stages[n->stage], TASK_RANGE, i, n->rows, state ? 1 : pieces);
        }
        if (!ok) return 0;
    }
    return 1;
}

/* ---- segments ---- */

static size_t row_bytes(const node *n)
{
    size_t bytes = 0;
    for (int i = 0; i < n->fields; i++)
        if (n->field[i].role < PV_ROLE_WHOLE && pv_field_get(n->args, &n->field[i]))
            bytes += n->field[i].size * n->field[i].width;
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

static const segment *segment_of(const stage *s, size_t order)
{
    const segment *g = s->segments;
    while (order >= g->to) g++;
    return g;
}

/* ---- places ---- */

static void find_uses(pv_plan *p)
{
    for (size_t i = 0; i < p->node_count; i++) {
        const node *n = &p->nodes[i];
        for (int j = 0; j < n->fields; j++) {
            long id = pv_activation_id(pv_field_get(n->args, &n->field[j]));
            if (id < 0) continue;
            place *a = &p->places[id];
            if (!a->used) {
                a->from = a->to = n->order;
                a->stage = n->stage;
            }
            a->used = 1;
            if (!n->batch || n->stage != a->stage) a->scope = GLOBAL;
            a->from = smaller(a->from, n->order);
            a->to = larger(a->to, n->order);
        }
    }
    for (size_t i = 0; i < p->place_count; i++) {
        place *a = &p->places[i];
        if (!a->used || a->scope == GLOBAL) continue;
        const stage *s = &p->stages[a->stage];
        const segment *first = segment_of(s, a->from), *last = segment_of(s, a->to);
        if (first == last) continue;
        a->scope = CHUNKED;
        a->from = first->from;
        a->to = last->to - 1;
    }
}

static size_t place_bytes(const pv_plan *p, const place *a)
{
    size_t rows = a->scope == GLOBAL    ? p->rows
                  : a->scope == CHUNKED ? CHUNK
                                        : segment_of(&p->stages[a->stage], a->from)->rows;
    return pv_round_up(rows * a->row_bytes, ALIGN);
}

/* Puts activations of one stage that are needed at different times in the same place; returns the
 * bytes of a thread's block. */
static size_t place_in_thread(pv_plan *p)
{
    size_t bytes = 0;
    for (size_t i = 0; i < p->place_count; i++) {
        place *a = &p->places[i];
        if (!a->used || a->scope == GLOBAL) continue;
        size_t size = place_bytes(p, a);
        for (size_t moved = 1; moved;) {
            moved = 0;
            for (size_t j = 0; j < i; j++) {
                const place *b = &p->places[j];
                if (!b->used || b->scope == GLOBAL || b->stage != a->stage) continue;
                if (b->to < a->from || a->to < b->from) continue;
                size_t end = b->offset + place_bytes(p, b);
                if (a->offset < end && b->offset < a->offset + size) {
                    a->offset = end;
                    moved = 1;
                }
            }
        }
        bytes = larger(bytes, a->offset + size);
    }
    return bytes;
}

static size_t take(size_t *total, size_t bytes)
{
    size_t at = *total;
    *total += pv_round_up(bytes, ALIGN);
    return at;
}

static pv_status place_everything(pv_plan *p)
{
    size_t total = 0, scratch = 0, sums = 0;
    for (size_t i = 0; i < p->place_count; i++)
        if (p->places[i].used && p->places[i].scope == GLOBAL)
            p->places[i].offset = take(&total, place_bytes(p, &p->places[i]));
    for (size_t i = 0; i < p->node_count; i++) { /* offsets first, addresses below */
        node *n = &p->nodes[i];
        n->packed = (char *)take(&total, n->needs.packed);
        n->sums = (char *)take(&sums, n->needs.sums);
        union {
            char bytes[ARGS];
            pv_head head;
        } args;
        pv_cpu_needs needs = {0};
        memcpy(args.bytes, n->args, pv_ops[n->op].args_size);
        if (n->batch) args.head.rows = n->at_a_time;
        if (n->kernel->needs) n->kernel->needs(&args, &needs);
        scratch = larger(scratch, needs.scratch);
    }
    p->sums_stride = sums;
    size_t sums_at = take(&total, sums * p->groups);
    p->scratch_offset = place_in_thread(p);
    p->thread_bytes = pv_round_up(p->scratch_offset + scratch, 4096) + 128;
    p->thread_base = take(&total, 0);
    total += (size_t)p->threads * p->thread_bytes;
    p->memory = aligned_alloc(4096, larger(pv_round_up(total, 4096), 4096));
    if (!p->memory) return pv_fail(PV_ENOMEM, "out of memory: a program needs %zu MB", total >> 20);
    for (size_t i = 0; i < p->node_count; i++) {
        p->nodes[i].packed = p->memory + (size_t)p->nodes[i].packed;
        p->nodes[i].sums = p->memory + sums_at + (size_t)p->nodes[i].sums;
    }
    return PV_OK;
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
    pv_status status = PV_ENOMEM;
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
    find_uses(p);
    status = place_everything(p);
    if (status != PV_OK) goto out;
    *out = p;
    return PV_OK;
out:
    pv_plan_free(p);
    return status == PV_ENOMEM ? pv_fail(status, "out of memory for a plan") : status;
}

/* ---- running ---- */

typedef union {
    char bytes[ARGS];
    pv_head head;
} piece;

static char *thread_block(const pv_plan *p, int thread)
{
    return p->memory + p->thread_base + (size_t)thread * p->thread_bytes;
}

/* The arguments of `n` for `rows` rows from `row` on; chunk is the first row of the chunk. */
static void cut(const pv_plan *p, const node *n, int thread, size_t chunk, size_t row, size_t rows,
                piece *to)
{
    memcpy(to->bytes, n->args, pv_ops[n->op].args_size);
    to->head.rows = rows;
    to->head.first = row;
    for (int i = 0; i < n->fields; i++) {
        const pv_field *f = &n->field[i];
        char *at = pv_field_get(n->args, f);
        if (!at) continue;
        const size_t bytes = f->size * f->width;
        const long id = pv_activation_id(at);
        if (id >= 0) {
            const place *a = &p->places[id];
            if (a->scope == GLOBAL)
                at = p->memory + a->offset + (f->role == PV_ROLE_WHOLE ? 0 : row * bytes);
            else
                at = thread_block(p, thread) + a->offset +
                     (a->scope == CHUNKED ? (row - chunk) * bytes : 0);
        } else if (f->role < PV_ROLE_WHOLE)
            at += row * bytes;
        pv_field_set(to->bytes, f, at);
    }
}

static void run_group(const pv_plan *p, const stage *s, int thread, size_t group)
{
    const size_t first = group * p->group_rows, last = smaller(first + p->group_rows, p->rows);
    for (size_t chunk = first; chunk < last; chunk += CHUNK) {
        const size_t end = smaller(chunk + CHUNK, last);
        for (const segment *g = s->segments; g < s->segments + s->segment_count; g++)
            for (size_t row = chunk; row < end; row += g->rows)
                for (size_t i = g->from; i < g->to; i++) {
                    const node *n = &p->nodes[s->nodes[i]];
                    piece args;
                    cut(p, n, thread, chunk, row, smaller(g->rows, end - row), &args);
                    n->kernel->run(
                        args.bytes,
                        &(pv_cpu_space){.packed = n->packed,
                                        .sums = n->sums + group * p->sums_stride,
                                        .scratch = thread_block(p, thread) + p->scratch_offset,
                                        .first = row == first});
                }
    }
}

static void run_task(void *state, int thread, size_t index)
{
    const round_state *r = state;
    const pv_plan *p = r->plan;
    const task *t = &r->stage->tasks[index];
    if (t->kind == TASK_GROUP) {
        run_group(p, r->stage, thread, t->from);
        return;
    }
    const node *n = &p->nodes[t->index];
    const pv_cpu_space space = {.packed = n->packed,
                                .scratch = thread_block(p, thread) + p->scratch_offset};
    piece args;
    switch (t->kind) {
    case TASK_PREPARE:
        n->kernel->prepare(n->args, n->packed, t->from, t->to);
        break;
    case TASK_FINISH: {
        const void *sums[GROUPS];
        for (size_t g = 0; g < p->groups; g++) sums[g] = n->sums + g * p->sums_stride;
        n->kernel->finish(n->args, sums, (int)p->groups, t->from, t->to);
        break;
    }
    case TASK_WHOLE:
        cut(p, n, thread, 0, 0, n->rows, &args);
        n->kernel->whole(args.bytes, &space, t->from, t->to);
        break;
    default:
        cut(p, n, thread, t->from, t->from, t->to - t->from, &args);
        n->kernel->run(args.bytes, &space);
    }
}

void pv_plan_run(pv_plan *p, pv_pool *pool)
{
    for (size_t i = 0; i < p->stage_count; i++) {
        round_state state = {p, &p->stages[i]};
        pv_pool_run(pool, run_task, &state, p->stages[i].task_count);
    }
}
