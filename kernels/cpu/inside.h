/* inside.h -- what a plan consists of; shared by plan.c, places.c and replay.c. */
#ifndef PV_CPU_INSIDE_H
#define PV_CPU_INSIDE_H

#include "plan.h"

enum {
    CHUNK = 16,         /* rows that go through all segments of a stage together */
    GROUPS = 8,         /* most groups: each has sums of its own */
    CACHE = 256 * 1024, /* bytes of an activation that a segment takes up at a time */
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

static inline size_t larger(size_t a, size_t b) { return a > b ? a : b; }
static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* The segment in which the batch kernel number `order` of a stage is. */
static inline const segment *segment_of(const stage *s, size_t order)
{
    const segment *g = s->segments;
    while (order >= g->to) g++;
    return g;
}

/* Gives activations, packed weights, sums and work space their places, and takes the memory. */
pv_status pv_plan_place(pv_plan *plan);

#endif
