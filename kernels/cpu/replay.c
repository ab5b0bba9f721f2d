/* replay.c -- the run through a plan: stage after stage, each a round of the thread pool. */
#include <string.h>

#include "inside.h"

typedef struct {
    pv_plan *plan;
    const stage *stage;
} round_state;

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
        if (n->batch)
            n->kernel->prepare(n->args, n->packed, t->from, t->to);
        else {
            cut(p, n, thread, 0, 0, n->rows, &args);
            n->kernel->prepare(args.bytes, n->packed, t->from, t->to);
        }
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
