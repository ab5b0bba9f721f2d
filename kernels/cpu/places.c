/* places.c -- where everything of a plan lives: activations that are needed at different times
 * share a place. */
#include <stdlib.h>
#include <string.h>

#include "inside.h"

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

pv_status pv_plan_place(pv_plan *p)
{
    size_t total = 0, scratch = 0, sums = 0;
    find_uses(p);
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
