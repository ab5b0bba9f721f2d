/* isa.c -- all kernels of one instruction set: compiled once for each, with PV_ISA its name and
 * PV_VECTOR the floats of its vectors; and once with PV_REFERENCE, for the plain layers. */
#include "simd.h"

#ifdef PV_REFERENCE
#include "reference.h"
#else
#include "dense.h"
#include "layers.h"
#endif

#include "../batch.h"
#include "../discriminator.h"
#include "../gaussian.h"
#include "../parameters.h"
#include "../reconstruction.h"
#include "../regularisers.h"
#include "../statistics.h"
#include "../total_correlation.h"

/* The drivers: a loop for each kind of kernel. Arguments are copied, so that the compiler knows
 * that the kernel does not change them. */
#define MAP(op)                                                                                    \
    static void op##_run(const void *args, const pv_cpu_space *space)                              \
    {                                                                                              \
        (void)space;                                                                               \
        const pv_##op##_args a = *(const pv_##op##_args *)args;                                    \
        const size_t n = a.rows * a.cols;                                                          \
        PV_LOOP                                                                                    \
        for (size_t i = 0; i < n; i++) pv_##op##_at(i, &a);                                        \
    }

#define ROWS_OF(op)                                                                                \
    static void op##_run(const void *args, const pv_cpu_space *space)                              \
    {                                                                                              \
        (void)space;                                                                               \
        const pv_##op##_args a = *(const pv_##op##_args *)args;                                    \
        const pv_team one = {0, 1, NULL};                                                          \
        for (size_t row = 0; row < a.rows; row++) pv_##op##_at(one, row, &a);                      \
    }

#define COLUMNS(op)                                                                                \
    static void op##_run(const void *args, const pv_cpu_space *space)                              \
    {                                                                                              \
        const pv_##op##_args a = *(const pv_##op##_args *)args;                                    \
        double *sums = space->sums;                                                                \
        if (space->first) memset(sums, 0, a.cols * sizeof *sums);                                  \
        for (size_t row = 0; row < a.rows; row++)                                                  \
            for (size_t col = 0; col < a.cols; col++) sums[col] += pv_##op##_at(row, col, &a);     \
    }                                                                                              \
    static void op##_needs(const void *args, pv_cpu_needs *needs)                                  \
    {                                                                                              \
        needs->sums = ((const pv_##op##_args *)args)->cols * sizeof(double);                       \
        needs->finish_units = 1;                                                                   \
    }                                                                                              \
    static void op##_finish(const void *args, const void *const *sums, int count, size_t from,     \
                            size_t to)                                                             \
    {                                                                                              \
        (void)from, (void)to;                                                                      \
        finish_columns(PV_OP_##op, args, sums, count);                                             \
    }

/* Every kernel by columns has one SUM field, of float or double. */
static void finish_columns(pv_op op, const void *args, const void *const *sums, int count)
{
    pv_field field[PV_MAX_FIELDS];
    int fields = pv_ops[op].fields(args, field), f = 0;
    while (f + 1 < fields && field[f].role != PV_ROLE_SUM) f++;
    void *to = pv_field_get(args, &field[f]);
    for (size_t col = 0; col < field[f].width; col++) {
        double sum = 0.0;
        for (int g = 0; g < count; g++) sum += ((const double *)sums[g])[col];
        if (field[f].size == sizeof(double))
            ((double *)to)[col] = sum;
        else
            ((float *)to)[col] = (float)sum;
    }
}

PV_OPS(MAP, MAP, ROWS_OF, COLUMNS)

/* Twice the accumulators that two multiply-add units of latency five need. */
static double peak(void)
{
    enum { CHAINS = 12, ROUNDS = 1 << 20 };
    vec sum[CHAINS], x = {0}, y = {0};
    x = x + 0.999f;
    y = y + 1e-4f;
    for (int i = 0; i < CHAINS; i++) sum[i] = y * (float)i;
    for (int round = 0; round < ROUNDS; round++) {
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * x + y;
    }
    float total = 0.0f;
    for (int i = 0; i < CHAINS; i++) total += sum[i][0];
    return 2.0 * V * CHAINS * ROUNDS + (total > 1e30f); /* keeps the sums alive */
}

#define ENTRY_RUN(op) [PV_OP_##op] = {.run = op##_run},
#define ENTRY_SUM(op) [PV_OP_##op] = {.needs = op##_needs, .run = op##_run, .finish = op##_finish},

#define NAME_TEXT(isa) #isa
#define NAME(isa) NAME_TEXT(isa)
#define TABLE_NAME(isa) pv_cpu_table_##isa
#define TABLE(isa) TABLE_NAME(isa)

const pv_cpu_table TABLE(PV_ISA) = {
    .isa = NAME(PV_ISA),
    .peak = peak,
    .op =
        {
            PV_OPS(ENTRY_RUN, ENTRY_RUN, ENTRY_RUN,
                   ENTRY_SUM)[PV_OP_dense] = {.needs = dense_needs,
                                              .prepare = dense_prepare,
                                              .run = dense_run,
                                              .whole = dense_whole},
            [PV_OP_dense_weight_grad] = {.needs = dense_weight_grad_needs,
                                         .prepare = dense_weight_grad_prepare,
                                         .whole = dense_weight_grad_whole},
            [PV_OP_conv] = {.needs = conv_needs, .prepare = conv_prepare, .run = conv_run},
            [PV_OP_conv_weight_grad] = {.needs = conv_weight_grad_needs,
                                        .run = conv_weight_grad_run,
                                        .finish = conv_weight_grad_finish},
        },
};
